"""Which triangle of a mesh is seen at each pixel, by OpenCV's rasterizer."""

import numpy as np

DISTANCE = 50.0
"""Of the rasterizer's camera, in picture widths; what it foreshortens is undone beforehand."""


def seen_triangles(
    vertices: np.ndarray, triangles: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """Return int32 (height, width): the front-most triangle at each pixel's centre, -1 for none.

    Args:
        vertices: (V, 3) in pixels, x right, y down, z away from the viewer; parallel rays.
        triangles: int (T, 3), fewer than 16 million.
        size: width and height.
    """
    import cv2

    width, height = size
    unit = max(size)
    x, y, z = (np.asarray(vertices, np.float64).T - [[width / 2], [height / 2], [0]]) / unit
    depth = DISTANCE + z - z.min()
    # A camera divides by depth, parallel rays do not: what it will divide by is multiplied in.
    placed = np.stack([x * depth / DISTANCE, -y * depth / DISTANCE, -depth], axis=1)
    corners = placed.astype(np.float32)[triangles].reshape(-1, 3)
    # Numbers travel as colours: two channels of a flat colour, each exact in float32.
    numbers = np.arange(len(triangles))
    colours = np.stack([numbers % 4096 / 4096, numbers // 4096 / 4096, np.ones(len(numbers))], 1)
    settings = cv2.TriangleRasterizeSettings()
    settings.setShadingType(cv2.RASTERIZE_SHADING_FLAT)
    settings.setCullingMode(cv2.RASTERIZE_CULLING_NONE)
    farthest = float(depth.max() + 1)
    picture, _ = cv2.triangleRasterize(
        corners,
        np.arange(len(corners), dtype=np.int32).reshape(-1, 3),
        colours.astype(np.float32).repeat(3, axis=0),
        np.zeros((height, width, 3), np.float32),
        np.full((height, width), farthest, np.float32),
        np.eye(4, dtype=np.float32),
        2 * np.arctan(height / unit / 2 / DISTANCE),
        DISTANCE / 2,
        farthest,
        settings,
    )
    number = np.rint(picture[..., 0] * 4096) + 4096 * np.rint(picture[..., 1] * 4096)
    return np.where(picture[..., 2] > 0.5, number, -1).astype(np.int32)


def weights_in_triangles(corners: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return (N, 3) barycentric weights of places (N, 2) in flat triangles (N, 3, 2 or more)."""
    a, b, c = (corners[:, corner, :2] for corner in range(3))
    ab, ac, ap = b - a, c - a, places - a
    area = _cross(ab, ac)
    area = np.where(np.abs(area) < 1e-12, 1e-12, area)
    second, third = _cross(ap, ac) / area, _cross(ab, ap) / area
    return np.stack([1 - second - third, second, third], axis=1)


def _cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
