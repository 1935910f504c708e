"""Which of the 478 points are what, and how the points on the face are joined by triangles.

Right and left are those of the person. MediaPipe's lists of connections are the source; here are
only the orders that they do not tell.
"""

from functools import cache

import numpy as np

RIGHT_UPPER_LID = (33, 246, 161, 160, 159, 158, 157, 173, 133)
RIGHT_LOWER_LID = (33, 7, 163, 144, 145, 153, 154, 155, 133)
LEFT_UPPER_LID = (362, 398, 384, 385, 386, 387, 388, 466, 263)
LEFT_LOWER_LID = (362, 382, 381, 380, 374, 373, 390, 249, 263)
"""Each from left to right in a picture of the face, corners included."""

INNER_UPPER_LIP = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
INNER_LOWER_LIP = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
OUTER_LIPS = (
    61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146,
)  # fmt: skip
MOUTH_CORNERS = (61, 291)

LIDS = RIGHT_UPPER_LID + RIGHT_LOWER_LID + LEFT_UPPER_LID + LEFT_LOWER_LID
INNER_LIPS = INNER_UPPER_LIP + INNER_LOWER_LIP
TEMPLES = (234, 454)

RIGHT_IRIS = (468, 469, 470, 471, 472)
LEFT_IRIS = (473, 474, 475, 476, 477)
"""The middle first, then its rim."""

OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""The rim of the face, from the top of the forehead clockwise in a picture."""

TOP, CHIN = 10, 152
RIGHT_BROW = (70, 63, 105, 66, 107, 46, 53, 52, 65, 55)
LEFT_BROW = (300, 293, 334, 296, 336, 276, 283, 282, 295, 285)

RIGID = (
    33, 133, 362, 263, 168, 6, 197, 195, 122, 351, 10, 109, 338, 67, 297, 151, 9, 8, 127, 356, 162,
    389, 234, 454, 21, 251,
)  # fmt: skip
"""What no expression moves: corners of the eyes, bridge of the nose, forehead, temples."""


def face_width(points: np.ndarray) -> float:
    """Return the size of a face (478, 3) in pixels: across its temples, whatever its turn."""
    return float(np.linalg.norm(points[TEMPLES[0]] - points[TEMPLES[1]]))


@cache
def triangles() -> np.ndarray:
    """Return the triangles of the face, int32 (852, 3), with holes for the eyes and the mouth."""
    from mediapipe.tasks.python.vision import FaceLandmarksConnections

    edges = FaceLandmarksConnections.FACE_LANDMARKS_TESSELATION
    return np.array([edge.start for edge in edges], np.int32).reshape(-1, 3)
