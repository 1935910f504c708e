"""What viewports are made to see, in windows that have none of their own here."""

import importlib
import math
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from mathutils import Euler

WHOLE = SimpleNamespace(width=1000, height=700)
FREE = (600, 500, -150.0, -40.0)  # width, height, and how far its middle is right of and above


@pytest.fixture
def scenes(zograscope, scene, monkeypatch):
    """The module, for which each viewport has one size and one part that is free."""
    module = importlib.import_module(f"{zograscope.__name__}.scenes")
    monkeypatch.setattr(module, "_free_of", lambda area: module._Free(WHOLE, *FREE))
    return module


def viewports() -> list[bpy.types.Area]:
    areas = bpy.context.window_manager.windows[0].screen.areas
    return [area for area in areas if area.type == "VIEW_3D"]


@pytest.mark.parametrize("rectangle", [(-0.2, 0.1, 0.4, 0.3), (0.0, -2.0, 0.5, 3.0)])
def test_a_part_of_a_plane_fills_what_is_free_of_a_viewport(scenes, rectangle):
    item = bpy.data.objects.new("picture", None)
    bpy.context.scene.collection.objects.link(item)
    item.location, item.rotation_euler = (3, -1, 2), Euler((math.pi / 2, 0.2, 0.5))
    scenes.look_at(bpy.context.scene, item, rectangle)
    left, bottom, right, top = rectangle
    assert viewports()
    for area in viewports():
        view, lens = area.spaces.active.region_3d, area.spaces.active.lens
        assert view.view_perspective == "ORTHO"
        pixel = view.view_distance * 72.0 / lens / WHOLE.width  # as Blender draws it
        turned = view.view_rotation.to_matrix().transposed()
        corners = [
            np.array(turned @ (item.matrix_world @ item.location.__class__((x, y, 0))
                               - view.view_location)) / pixel
            for x, y in ((left, bottom), (right, top))
        ]  # fmt: skip
        width, height, across, up = FREE
        (x0, y0, _), (x1, y1, _) = corners
        assert ((x0 + x1) / 2, (y0 + y1) / 2) == pytest.approx((across, up), abs=1e-2)
        assert max((x1 - x0) / width, (y1 - y0) / height) == pytest.approx(0.94, abs=1e-3)


@pytest.mark.parametrize("fit", ["HORIZONTAL", "VERTICAL", "AUTO"])
@pytest.mark.parametrize("size", [(720, 1280), (1280, 720)])
def test_the_camera_s_picture_fits_what_is_free(scenes, fit, size):
    scene = bpy.context.scene
    data = bpy.data.cameras.new("camera")
    data.sensor_fit = fit
    scene.camera = bpy.data.objects.new("camera", data)
    scene.render.resolution_x, scene.render.resolution_y = size
    (area, *_) = viewports()
    scenes.fit_camera(area, scene)
    zoom = (math.sqrt(2) + area.spaces.active.region_3d.view_camera_zoom / 50) ** 2 / 4
    # By which side Blender measures picture and viewport at a zoom of 1.
    longer = {"HORIZONTAL": 0, "VERTICAL": 1, "AUTO": None}[fit]
    sides = WHOLE.width, WHOLE.height
    scale = max(sides) / max(size) if longer is None else sides[longer] / size[longer]
    width, height = (zoom * scale * side for side in size)
    assert max(width / FREE[0], height / FREE[1]) == pytest.approx(0.94, abs=1e-3)
