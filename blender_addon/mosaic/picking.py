"""Which tile lies under the mouse: the first that a ray meets."""

from collections.abc import Sequence

import numpy as np
from mathutils import Vector

from ..viewports import Viewport, ray_under_mouse
from .builders import Mosaic


def tile_under_mouse(mosaic: Mosaic, viewport: Viewport, x: int, y: int) -> int | None:
    """Return the number of the tile under a place in the window, or None."""
    return tile_along(mosaic, *ray_under_mouse(viewport, x, y))


def tile_along(
    mosaic: Mosaic, origin: Vector | Sequence[float], direction: Vector | Sequence[float]
) -> int | None:
    """Return the number of the first tile that a ray in world space meets, or None.

    Args:
        mosaic: whose tiles they are, where they lie now.
        origin, direction: three numbers each; the direction's length does not matter.
    """
    inverse = np.array(mosaic.tiles.matrix_world.inverted())
    start = inverse[:3, :3] @ np.array(origin) + inverse[:3, 3]
    along = inverse[:3, :3] @ np.array(direction)
    places = mosaic.places()
    normals, ups = places.normals, places.ups
    towards = normals @ along
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = ((places.positions - start) * normals).sum(axis=1) / towards
    offsets = start + reach[:, None] * along - places.positions
    x = np.abs((offsets * np.cross(ups, normals)).sum(axis=1))
    y = np.abs((offsets * ups).sum(axis=1))
    width, height = places.sizes.T / 2
    hit = (reach > 0) & (x <= width) & (y <= height)
    if not hit.any():
        return None
    nearest = int(np.where(hit, reach, np.inf).argmin())
    return int(mosaic.numbers()[nearest])
