"""What an artist can do with plates: click them out, put them back, edit them elsewhere."""

from collections.abc import Callable
from pathlib import Path

import bpy
from bpy_extras.io_utils import ImportHelper
from zograscope_protocol.job import Job
from zograscope_protocol.submission import Submission

from ...job_files import read_file
from ...job_operators import JobOperator, owner_in
from ...pending_jobs import Waiting
from ...scenes import find_object, push_undo
from ...server_link import link
from ...viewports import ray_under_mouse, viewport_at
from .. import building
from ..diorama import Diorama, find_diorama
from ..exporting import ExportOperator
from ..pointing import PointingOperator, draw_lines, redraw
from ..selection import NeedsDiorama, selected_diorama, warn_of
from . import background, exchange
from .chooser import Chooser
from .plate import is_plate, put_back

PROMPT = (
    "Click an object  |  Shift-click: add  |  Ctrl-click: take away  |  Enter: make the plate  |  "
    "Esc: done"
)


class ZOGRASCOPE_OT_click_object(PointingOperator):
    """Click an object in the photograph; it becomes a layer of its own"""

    bl_idname = "zograscope.click_object"
    bl_label = "Click an Object"
    prompt = PROMPT
    cursor = "EYEDROPPER"

    def start(self, context: bpy.types.Context) -> Chooser:
        """Return what chooses. Raises PlateError `picture-moves`."""
        owner = owner_in(context, building.NAME)
        return Chooser(selected_diorama(context), context.scene, owner)

    def handle(
        self, pointer: Chooser, context: bpy.types.Context, event: bpy.types.Event
    ) -> set[str]:
        """Choose with the left button. Raises ZograscopeError where there is no server."""
        return handle(pointer, context, event)

    def drawing(self) -> Callable[[Chooser], None]:
        """Return what draws the outline."""
        return draw_outline


def handle(chooser: Chooser, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
    """Do what an event asks of the chooser; return what an operator's `modal` does.

    Raises ZograscopeError where there is no server.
    """
    if chooser.diorama is None or (event.type == "ESC" and event.value == "PRESS"):
        return {"FINISHED"}
    if event.value != "PRESS":
        return {"PASS_THROUGH"}
    if event.type in ("RET", "NUMPAD_ENTER"):
        made = chooser.confirm(context.scene.zograscope_plates.plate_name)
        return {"RUNNING_MODAL"} if made is None else {"FINISHED"}
    if event.type != "LEFTMOUSE" or event.alt:
        return {"PASS_THROUGH"}
    viewport = viewport_at(context.screen, event.mouse_x, event.mouse_y)
    if viewport is None:
        return {"PASS_THROUGH"}
    chooser.hover(*ray_under_mouse(viewport, event.mouse_x, event.mouse_y))
    chooser.click(adds=event.shift, takes_away=event.ctrl)
    redraw(context)
    return {"RUNNING_MODAL"}


def draw_outline(chooser: Chooser) -> None:
    """Draw the outline of what was found where it lies on the relief."""
    lines = chooser.outline()
    if lines is not None and len(lines):
        draw_lines(lines.tolist(), "LINES")


class ZOGRASCOPE_OT_put_back_plate(bpy.types.Operator):
    """Give the selected plate back to the photograph"""

    bl_idname = "zograscope.put_back_plate"
    bl_label = "Put Back"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a plate."""
        return is_plate(context.object)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Put it back, and have the background painted without it where there is a server."""
        diorama = put_back(context.object)
        context.view_layer.objects.active = diorama.root
        background.paint_if_possible(diorama, owner_in(context, building.NAME))
        return {"FINISHED"}


class ZOGRASCOPE_OT_paint_background(NeedsDiorama, JobOperator):
    """Paint what lies behind and around anew, as after painting depth or editing elsewhere"""

    bl_idname = "zograscope.paint_background"
    bl_label = "Paint Background"
    capability = building.NAME

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job."""
        diorama, owner = selected_diorama(context), self.owner(context)
        return background.paint(diorama, owner, surroundings=True)


class ZOGRASCOPE_OT_export_plates(ExportOperator):
    """Save photograph, plates and background as layers of a PSD, for GIMP, Krita or Photoshop"""

    bl_idname = "zograscope.export_plates"
    bl_label = "Export Plates"

    filename_ext = suffix = ".psd"
    check_extension = True
    filter_glob: bpy.props.StringProperty(default="*.psd", options={"HIDDEN"})

    def submission(self, diorama: Diorama) -> Submission:
        """Return the job to start."""
        return exchange.export_submission(diorama)


class ZOGRASCOPE_OT_import_plates(NeedsDiorama, ImportHelper, JobOperator):  # type: ignore[misc]
    """Show the layers of an edited PSD on the selected diorama, each on what it is named after"""

    bl_idname = "zograscope.import_plates"
    bl_label = "Import Plates"
    capability = building.NAME

    filename_ext = ".psd"
    filter_glob: bpy.props.StringProperty(default="*.psd", options={"HIDDEN"})

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job; the layers are shown when its result is here."""
        diorama, path = selected_diorama(context), Path(self.filepath)
        names = exchange.layer_names(diorama)
        root = diorama.root.session_uid

        def show(job: Job) -> None:
            found: Diorama | None = find_diorama(find_object(root))
            if found is not None:
                exchange.show_layers(found, names, job.result.arrays)
                missing = job.result.metadata.get("missing") or ()
                warn_of(found, (missing_layer(path.name, name) for name in missing))
                push_undo("Import Plates")

        submission = exchange.import_submission(diorama, read_file(path), path.name)
        waiting = Waiting(f"Import of {path.name}", show, owner=self.owner(context))
        return link.submit(submission, waiting)


def missing_layer(file: str, name: str) -> str:
    """Return what is told of a layer that a file lacks."""
    return f"{file} has no layer {name!r}, which stays as it is. Was it renamed, or merged?"


register, unregister = bpy.utils.register_classes_factory(
    (
        ZOGRASCOPE_OT_click_object,
        ZOGRASCOPE_OT_put_back_plate,
        ZOGRASCOPE_OT_paint_background,
        ZOGRASCOPE_OT_export_plates,
        ZOGRASCOPE_OT_import_plates,
    )
)
