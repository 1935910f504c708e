"""Which tile lies under the mouse: the first that a ray meets."""

from collections.abc import Sequence

import bpy
import numpy as np
from bpy_extras import view3d_utils
from mathutils import Vector

from .builders import Mosaic

COVERING = {"UI", "TOOLS", "HEADER", "TOOL_HEADER"}  # regions that lie over a viewport's


Viewport = tuple[bpy.types.Region, bpy.types.RegionView3D]
"""The region of a viewport, and its view."""


def tile_under_mouse(mosaic: Mosaic, viewport: Viewport, x: int, y: int) -> int | None:
    """Return the number of the tile under a place in the window, or None."""
    region, view = viewport
    mouse = (x - region.x, y - region.y)
    return tile_along(
        mosaic,
        view3d_utils.region_2d_to_origin_3d(region, view, mouse),
        view3d_utils.region_2d_to_vector_3d(region, view, mouse),
    )


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


def viewport_at(screen: bpy.types.Screen, x: int, y: int) -> Viewport | None:
    """Return the viewport's region under a place in the window, and its view."""
    for area in screen.areas:
        if area.type != "VIEW_3D":
            continue
        under = {
            region.type: region
            for region in area.regions
            if 0 <= x - region.x < region.width and 0 <= y - region.y < region.height
        }
        if "WINDOW" in under and not under.keys() & COVERING:
            return under["WINDOW"], area.spaces.active.region_3d
    return None
