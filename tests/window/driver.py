"""Runs inside the Blender of tests/window: does what a test asks, and answers what it sees.

Questions come as files, since Blender's main thread may wait for nobody: a timer looks for them.
Each names a function below. What an artist does by a key is a simulated event, which takes the way
of a real one through the window manager, whatever has the focus.
"""

import importlib
import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

EXTENSION = "bl_ext.user_default.zograscope"
CATEGORY = "Zograscope"
LOOK_INTERVAL = 0.05  # seconds

bpy.context.preferences.view.show_splash = False  # before it is shown
questions: list[str] = []  # whether to stop a job
folder = Path(sys.argv[sys.argv.index("--") + 1])


def module(name: str) -> Any:
    """Return a module of the installed extension."""
    return importlib.import_module(f"{EXTENSION}.{name}")


def viewport() -> tuple[bpy.types.Window, bpy.types.Area, bpy.types.Region]:
    """Return the first window, its viewport, and the region of it that shows the scene."""
    window = bpy.context.window_manager.windows[0]
    area = next(area for area in window.screen.areas if area.type == "VIEW_3D")
    return window, area, next(region for region in area.regions if region.type == "WINDOW")


def in_viewport() -> Any:
    """Return the context that operators have when the mouse is over the viewport."""
    window, area, region = viewport()
    return bpy.context.temp_override(window=window, area=area, region=region)


# What a test can ask


def install(path: str, server: str) -> str:
    """Install the zip as Blender does with one that is dropped; name the server's program."""
    bpy.ops.extensions.package_install_files(
        filepath=path, repo="user_default", enable_on_install=True
    )
    preferences = bpy.context.preferences.addons[EXTENSION].preferences
    preferences.server_command = server
    _count_questions()
    return ".".join(map(str, bpy.app.version))


def _count_questions() -> None:
    """Note when the extension asks whether to stop a job: Blender tells nobody of its popups."""
    operator = module("job_operators").ZOGRASCOPE_OT_stop_latest
    invoke = operator.invoke

    def counted(self: Any, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        questions.append(event.type)
        return invoke(self, context, event)

    operator.invoke = counted


def begin() -> None:
    """Show an empty scene and nothing else, with the sidebar.

    No file is opened: a Blender whose timer does so with a window may crash.
    """
    window, area, _ = viewport()
    window.scene = bpy.data.scenes.new("Start")
    for scene in [scene for scene in bpy.data.scenes if scene != window.scene]:
        bpy.data.scenes.remove(scene)
    bpy.data.batch_remove(bpy.data.objects)
    link = module("server_link").link
    for error in link.errors:
        link.dismiss(error)
    area.spaces.active.show_region_ui = True
    with in_viewport():
        bpy.ops.ed.undo_push(message="Begin")


def show_tab() -> str:
    """Bring the extension's tab to the front, once the sidebar was drawn; return which one is."""
    sidebar = next(region for region in viewport()[1].regions if region.type == "UI")
    sidebar.active_panel_category = CATEGORY
    return sidebar.active_panel_category


def build(photograph: str) -> None:
    """Choose a photograph and press Build Diorama."""
    bpy.context.window_manager.windows[0].scene.zograscope_depth.photograph = photograph
    with in_viewport():
        bpy.ops.zograscope.build_diorama()


def add_empty(name: str) -> None:
    """Do something that Undo takes back."""
    with in_viewport():
        bpy.ops.object.empty_add()
        bpy.context.object.name = name
        bpy.ops.ed.undo_push(message="Add Empty")


def rename_scene(name: str) -> None:
    """Give the scene that is shown another name."""
    viewport()[0].scene.name = name


def key(kind: str, ctrl: bool = False) -> None:
    """Press a key with the mouse in the middle of the viewport."""
    window, _, region = viewport()
    place = {"x": region.x + region.width // 2, "y": region.y + region.height // 2}
    window.event_simulate(type="MOUSEMOVE", value="NOTHING", **place)
    for value in ("PRESS", "RELEASE"):
        window.event_simulate(type=kind, value=value, ctrl=ctrl, **place)


def is_playing() -> bool:
    """Whether the animation plays."""
    return bool(viewport()[0].screen.is_animation_playing)


def show_scene(name: str) -> None:
    """Go to a scene."""
    viewport()[0].scene = bpy.data.scenes[name]


def delete_diorama() -> None:
    """Press Delete Diorama."""
    (root,) = _roots()
    window, _, _ = viewport()
    window.view_layer.objects.active = root
    with in_viewport():
        bpy.ops.zograscope.delete_diorama()


def state() -> dict[str, Any]:
    """Return what is here: objects, scenes, jobs, errors, and how the viewport looks.

    `changed` says whether the viewport was changed to show what was built.
    """
    link = module("server_link").link
    window, area, _ = viewport()
    return {
        "server": link.state,
        "jobs": [job.state for job in link.jobs],
        "errors": [error.sentence for error in link.errors],
        "dioramas": [root.name for root in _roots()],
        "objects": sorted(item.name for item in bpy.data.objects),
        "questions": len(questions),
        "scene": window.scene.name,
        "scenes": sorted(scene.name for scene in bpy.data.scenes),
        "look": module("viewport_looks").look_of(area.spaces.active),
        "changed": bool(module("viewport_looks")._changed),
    }


def frame_in_view() -> dict[str, list[float]]:
    """Return the camera's frame and the region: left, bottom, right and top, in pixels."""
    from bpy_extras.view3d_utils import location_3d_to_region_2d as to_region

    window, area, region = viewport()
    camera = window.scene.camera
    corners = [
        camera.matrix_world @ corner for corner in camera.data.view_frame(scene=window.scene)
    ]
    points = [to_region(region, area.spaces.active.region_3d, corner) for corner in corners]
    return {
        "frame": [
            *(min(point.x for point in points), min(point.y for point in points)),
            *(max(point.x for point in points), max(point.y for point in points)),
        ],
        "region": [0.0, 0.0, float(region.width), float(region.height)],
    }


def _roots() -> list[bpy.types.Object]:
    return [item for item in bpy.data.objects if "zograscope_diorama" in item]


# How questions come and answers go

_ASKED: tuple[Callable[..., Any], ...] = (
    install,
    begin,
    show_tab,
    build,
    add_empty,
    rename_scene,
    key,
    is_playing,
    show_scene,
    delete_diorama,
    state,
    frame_in_view,
)


def look() -> float:
    """Answer a question, if there is one; return when to look again."""
    question = folder / "question.json"
    if question.is_file():
        asked = json.loads(question.read_text("utf-8"))
        question.unlink()
        try:
            asks = {function.__name__: function for function in _ASKED}
            answer = {"value": asks[asked["name"]](**asked["arguments"])}
        except Exception:
            answer = {"error": traceback.format_exc()}
        written = folder / "answer.tmp"
        written.write_text(json.dumps(answer, default=list), "utf-8")
        written.replace(folder / "answer.json")
    return LOOK_INTERVAL


bpy.app.timers.register(look, persistent=True)
