"""Which triangle of a mesh is seen at each pixel, and where in it."""

import numpy as np


def seen_triangles(
    vertices: np.ndarray, triangles: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """Return int32 (height, width): the front-most triangle at each pixel's centre, -1 for none.

    Args:
        vertices: (V, 3) in pixels, x right, y down, z away from the viewer; parallel rays.
        triangles: int (T, 3), fewer than a million.
        size: width and height.
    """
    from zograscope_server.portrait.mesh.rasterizer import FAR, Window, draw_places

    corners = vertices[triangles].reshape(-1, 3)
    numbers = np.arange(len(triangles), dtype=np.float64).repeat(3)
    unshared = np.arange(len(corners), dtype=np.int32).reshape(-1, 3)
    seen, depth = draw_places(corners, unshared, numbers[:, None], Window(0, 0, *size))
    return np.where(depth < FAR, np.rint(seen[..., 0]), -1).astype(np.int32)


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
