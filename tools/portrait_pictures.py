"""Moves a portrait by a few curves into a strip of stills: the pictures of README and docs.

    python tools/portrait_pictures.py "La Velata.jpg" docs/pictures/portrait-velata.jpg

Only for pictures that may be shown: no clip drives them. The strip is marked as made.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from zograscope_protocol.connection import state_folder
from zograscope_protocol.portrait.tasks import PortraitOptions
from zograscope_server.faces.landmarks import EXPRESSIONS
from zograscope_server.faces.search import find_faces
from zograscope_server.portrait.animation import Tools, make_curve_mover
from zograscope_server.portrait.source import choose_face, read_source
from zograscope_server.provenance.certificates import own_certificate
from zograscope_server.provenance.marks import Made, Marker

STILLS: tuple[dict[str, float], ...] = (
    {},
    {"yaw": -12.0},
    {"jawOpen": 0.2, "mouthPucker": 0.4},
    {"eyeBlink": 0.92, "eyeSquint": 0.4},
    {"mouthSmile": 0.5, "browInnerUp": 0.7, "browOuterUp": 0.7, "cheekSquint": 0.5},
)
"""Expressions, of both sides where there are two, and degrees about the upright axis."""

AROUND = (0.45, 0.50, 0.45, 0.35)  # of the face's box: left of it, above, right of it, below
WIDTH, GAP = 1600, 8  # pixels
QUALITY = 85


def main() -> None:
    """Draw one strip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("portrait", type=Path)
    parser.add_argument("strip", type=Path, help="a JPEG")
    arguments = parser.parse_args()
    data = arguments.portrait.read_bytes()
    strip = cv2.imencode(".jpg", draw_strip(data)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[
        1
    ]
    made = Made(source=data, source_name=arguments.portrait.name, model="Mesh", networks=False)
    marker = Marker(own_certificate(state_folder()))
    arguments.strip.write_bytes(marker.mark(strip.tobytes(), ".jpg", made))


def draw_strip(data: bytes) -> np.ndarray:
    """Return the stills of a picture file side by side, uint8 (h, WIDTH, 3), red first."""
    tools, source = Tools.installed(), read_source(data, "portrait")
    face = choose_face(find_faces(source.seen, tools.faces), 0, source.name)
    curves, poses = _curves()
    mover = make_curve_mover(source.pixels, face, curves, poses, PortraitOptions(), tools)

    left, top, width, height = face.box
    before, above, after, below = AROUND
    first = np.maximum(np.array([left - before * width, top - above * height]).round(), 0)
    last = np.array([left + (1 + after) * width, top + (1 + below) * height]).round()
    (x, y), (right, bottom) = first.astype(int), np.minimum(last, source.size).astype(int)
    wide = (WIDTH - GAP * (len(STILLS) - 1)) // len(STILLS)
    size = (wide, round(wide * (bottom - y) / (right - x)))
    strip = np.full((size[1], WIDTH, 3), 255, np.uint8)
    for number in range(len(STILLS)):
        part = np.ascontiguousarray(mover.frame(number, None)[y:bottom, x:right])
        method = cv2.INTER_AREA if wide < right - x else cv2.INTER_CUBIC
        start = number * (wide + GAP)
        strip[:, start : start + wide] = cv2.resize(part, size, interpolation=method)
    return strip


def _curves() -> tuple[np.ndarray, np.ndarray]:
    """Return the expressions (n, 52) and poses (n, 4, 4) of the stills."""
    from scipy.spatial.transform import Rotation

    curves = np.zeros((len(STILLS), len(EXPRESSIONS)), np.float32)
    poses = np.tile(np.eye(4, dtype=np.float32), (len(STILLS), 1, 1))
    for number, still in enumerate(STILLS):
        turn = Rotation.from_euler("y", still.get("yaw", 0.0), degrees=True)
        poses[number, :3, :3] = turn.as_matrix()
        for name, value in still.items():
            for place, expression in enumerate(EXPRESSIONS):
                if expression in (name, f"{name}Left", f"{name}Right"):
                    curves[number, place] = value
    return curves, poses


if __name__ == "__main__":
    main()
