"""What operators do to the artist's file and scenes beside building."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import bpy
from mathutils import Vector

from . import capabilities, viewport_looks
from .windows import viewports_of, windows

Built = TypeVar("Built")

ORIGIN_MARK = "zograscope_origin"
"""On a scene that was made for something: the scene in which the artist asked for it."""

VIEWPORT_TYPE = "VIEW_3D"
VIEW_AIR = 0.94  # of what is free of a viewport, for a picture
VIEW_SENSOR = 72.0  # millimetres of the longer side of a viewport, at its distance and lens

PART_MARK = "zograscope_part"
"""On an object: which part of a diorama or mosaic it is, whatever the artist calls it."""


def add_part(
    name: str,
    data: bpy.types.ID | None,
    part: str,
    parent: bpy.types.Object | None,
    collection: bpy.types.Collection,
) -> bpy.types.Object:
    """Add an object that is found by its mark, below its parent."""
    item = bpy.data.objects.new(name, data)
    item[PART_MARK] = part
    item.parent = parent
    collection.objects.link(item)
    return item


def storable(path: str) -> str:
    """Return a path as a .blend should hold it: relative to itself where it has been saved."""
    if not path or not bpy.data.filepath:
        return path
    try:
        return bpy.path.relpath(bpy.path.abspath(path))
    except ValueError:
        return path  # on another drive


def same_path(one: str, other: str) -> bool:
    """Whether two paths, as a .blend holds them, lead to one place."""
    return os.path.normpath(bpy.path.abspath(one)) == os.path.normpath(bpy.path.abspath(other))


def find_scene(uid: int) -> bpy.types.Scene | None:
    """Return a scene by its `session_uid`, whatever the artist calls it by now; None if it is gone.

    The number outlives renaming and Undo, but no other file.
    """
    return next((scene for scene in bpy.data.scenes if scene.session_uid == uid), None)


def find_object(uid: int) -> bpy.types.Object | None:
    """Return an object by its `session_uid`, as `find_scene`."""
    return next((item for item in bpy.data.objects if item.session_uid == uid), None)


def push_undo(message: str) -> None:
    """Make one step for Undo; a timer has no window of its own, and Blender wants one."""
    windows = bpy.context.window_manager.windows
    with bpy.context.temp_override(window=windows[0] if windows else None):
        if bpy.ops.ed.undo_push.poll():  # type: ignore[call-arg]
            bpy.ops.ed.undo_push(message=message)


def select_only(root: bpy.types.Object, scene: bpy.types.Scene) -> None:
    """Make an object the scene's active and only selected one."""
    layer = scene.view_layers[0]
    layer.update()  # else it may list what has been deleted
    for item in layer.objects.selected:
        item.select_set(False, view_layer=layer)
    layer.objects.active = root
    root.select_set(True, view_layer=layer)


def build_in(
    scene: bpy.types.Scene,
    capability: str,
    name: str,
    build: Callable[[bpy.types.Scene], Built],
    prepare: Callable[[bpy.types.Scene, Built], None],
) -> tuple[bpy.types.Scene, Built]:
    """Build in a scene, or in one of its own where the artist wants that; return which, and what.

    Args:
        scene: where the artist asked for it.
        capability: whose settings say where to build.
        name: of a new scene.
        build: makes it in the scene that it is given.
        prepare: sets up a scene of its own for what was built.
    """
    if not capabilities.named(capability).settings_of(scene).own_scene:
        return scene, build(scene)
    own = _scene_of_its_own(scene, name)
    if own != scene:
        own[ORIGIN_MARK] = scene
    built = build(own)
    prepare(own, built)
    return own, built


def _scene_of_its_own(scene: bpy.types.Scene, name: str) -> bpy.types.Scene:
    """Return an empty scene, shown where the present one was, which is left as it is."""
    if not scene.objects:
        return scene
    own = bpy.data.scenes.new(name)
    for record in capabilities.records():
        _copy_settings(record.settings_of(scene), record.settings_of(own))
    for window in windows():
        if window.scene == scene:
            window.scene = own
            # From Blender 5 on, the sequencer shows a scene of its own choice.
            if getattr(window.workspace, "sequencer_scene", own) in (None, scene):
                window.workspace.sequencer_scene = own
    return own


def _copy_settings(source: bpy.types.PropertyGroup, target: bpy.types.PropertyGroup) -> None:
    """Copy what the artist chose, but not the job that the scene waits for."""
    for choice in source.bl_rna.properties:
        if not choice.is_readonly and choice.identifier != "job_id":
            setattr(target, choice.identifier, getattr(source, choice.identifier))


def show_untouched(
    scene: bpy.types.Scene, camera: bpy.types.Object, size: tuple[int, int] | None = None
) -> None:
    """Set a scene up to show pictures' colours untouched, through a camera.

    Takes over the camera, colour management, Workbench's shading and, where a size is given, the
    resolution: for a new scene, or where the artist asks for it.
    """
    scene.camera = camera
    render = scene.render
    if size is not None:
        render.resolution_x, render.resolution_y = size
        render.resolution_percentage = 100
        render.pixel_aspect_x = render.pixel_aspect_y = 1.0
    show_colours_untouched(scene)
    shading = scene.display.shading
    shading.light, shading.color_type = "FLAT", "TEXTURE"
    shading.show_shadows = shading.show_cavity = shading.show_object_outline = False


def show_colours_untouched(scene: bpy.types.Scene) -> None:
    """Let a scene's colour management leave pictures' colours as they are."""
    scene.render.dither_intensity = 0.0
    scene.display_settings.display_device = "sRGB"
    view = scene.view_settings
    view.view_transform, view.look = "Standard", "None"
    view.exposure, view.gamma, view.use_curve_mapping = 0.0, 1.0, False


def look_through_camera(scene: bpy.types.Scene, shading: str = "SOLID") -> None:
    """Show pictures, and nothing over them, in the viewports of windows that show the scene."""
    for area, space in viewports_of(scene):
        viewport_looks.note(space, scene)
        space.region_3d.view_perspective = "CAMERA"
        space.shading.type = shading  # type: ignore[assignment]
        space.shading.use_scene_world = True
        overlay = space.overlay
        overlay.show_relationship_lines = overlay.show_object_origins = False
        overlay.show_cursor = overlay.show_floor = False
        overlay.show_axis_x = overlay.show_axis_y = False
        space.shading.light, space.shading.color_type = "FLAT", "TEXTURE"
        space.shading.show_object_outline = False  # contours round every tear
        fit_camera(area, scene)


def look_at(
    scene: bpy.types.Scene, item: bpy.types.Object, rectangle: tuple[float, float, float, float]
) -> None:
    """Let viewports of windows that show the scene see a part of an item's plane from its front.

    Args:
        scene: of the item, whose plane is that of its own x and y.
        rectangle: left, bottom, right and top of the part, in the item's space.
    """
    left, bottom, right, top = rectangle
    bpy.context.view_layer.update()
    middle = item.matrix_world @ Vector(((left + right) / 2, (bottom + top) / 2, 0.0))
    for area, space in viewports_of(scene):
        free, view = _free_of(area), space.region_3d
        if free is None:
            continue
        view.view_perspective, view.view_rotation = "ORTHO", item.matrix_world.to_quaternion()
        pixel = max((right - left) / free.width, (top - bottom) / free.height) / VIEW_AIR
        away = Vector((-pixel * free.right, -pixel * free.up, 0.0))
        view.view_location = middle + view.view_rotation @ away
        long_side = max(free.whole.width, free.whole.height)
        view.view_distance = pixel * long_side * space.lens / VIEW_SENSOR
        space.overlay.show_relationship_lines = False


@dataclass(frozen=True)
class _Free:
    """What toolbar, header and sidebar leave free of a viewport, in pixels.

    Attributes:
        whole: the viewport's region.
        width, height: of what is free.
        right, up: from the middle of the whole to that of what is free.
    """

    whole: bpy.types.Region
    width: int
    height: int
    right: float
    up: float


def _free_of(area: bpy.types.Area) -> _Free | None:
    """Return what is free of a viewport, or None where it has no size."""
    covered = dict.fromkeys(("LEFT", "RIGHT", "TOP", "BOTTOM"), 0)
    whole = None
    for region in area.regions:
        if region.type == "WINDOW":
            whole = region
        elif region.alignment in covered:
            across = region.alignment in ("LEFT", "RIGHT")
            covered[region.alignment] += region.width if across else region.height
    if whole is None or min(whole.width, whole.height) <= 1:
        return None
    if not bpy.context.preferences.system.use_region_overlap:
        covered = dict.fromkeys(covered, 0)
    return _Free(
        whole,
        max(1, whole.width - covered["LEFT"] - covered["RIGHT"]),
        max(1, whole.height - covered["TOP"] - covered["BOTTOM"]),
        (covered["LEFT"] - covered["RIGHT"]) / 2,
        (covered["BOTTOM"] - covered["TOP"]) / 2,
    )


def fit_camera(area: bpy.types.Area, scene: bpy.types.Scene) -> None:
    """Let the camera's picture fill what toolbar, header and sidebar leave free of a viewport."""
    free = _free_of(area)
    if free is None:
        return
    whole = free.whole
    render, view = scene.render, area.spaces.active.region_3d
    # At a zoom of 1 the picture is as wide, or as high, as the viewport: by its longer side, unless
    # the camera says by which.
    across = {"HORIZONTAL": (render.resolution_x, whole.width)}
    across["VERTICAL"] = render.resolution_y, whole.height
    longer = max(render.resolution_x, render.resolution_y), max(whole.width, whole.height)
    side, there = across.get(scene.camera.data.sensor_fit, longer)
    zoom = VIEW_AIR * side / there
    zoom *= min(free.width / render.resolution_x, free.height / render.resolution_y)
    zoom = max(zoom, 0.05)
    view.view_camera_zoom = min(max(50 * (2 * zoom**0.5 - 2**0.5), -30), 600)  # Blender's scale
    view.view_camera_offset = (
        -free.right / (2 * zoom * whole.width),
        -free.up / (2 * zoom * whole.height),
    )
