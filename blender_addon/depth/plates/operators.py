"""What an artist can do with plates: click them out, put them back, edit them elsewhere."""

from pathlib import Path
from typing import Any

import bpy
from bpy_extras.io_utils import ExportHelper, ImportHelper
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.job import Job
from zograscope_protocol.saving import write_file

from ...job_files import read_file
from ...job_operators import JobOperator, owner_in, refuse
from ...pending_jobs import Waiting
from ...scenes import VIEWPORT_TYPE, push_undo
from ...server_link import link
from ...viewports import ray_under_mouse, viewport_at
from .. import building
from ..diorama import Diorama, find_diorama
from ..selection import selected_diorama
from . import background, exchange
from .chooser import Chooser
from .plate import is_plate, put_back

PROMPT = (
    "Click an object  |  Shift-click: add  |  Ctrl-click: take away  |  Enter: make the plate  |  "
    "Esc: done"
)
OUTLINE_COLOUR = (1.0, 0.75, 0.2, 1.0)
OUTLINE_WIDTH = 2.0


class ZOGRASCOPE_OT_click_object(bpy.types.Operator):
    """Click an object in the photograph; it becomes a layer of its own"""

    bl_idname = "zograscope.click_object"
    bl_label = "Click an Object"

    is_choosing = False  # one at a time

    _chooser: Chooser
    _lines: Any

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a diorama that is live, and a viewport."""
        diorama = selected_diorama(context)
        ready = diorama is not None and diorama.is_live and context.area is not None
        return ready and not cls.is_choosing

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Take the mouse over a viewport until Enter or Esc."""
        owner = owner_in(context, building.NAME)
        try:
            self._chooser = Chooser(selected_diorama(context), context.scene, owner)
        except ZograscopeError as error:
            return refuse(self, error, owner)
        self._lines = bpy.types.SpaceView3D.draw_handler_add(
            draw_outline, (self._chooser,), "WINDOW", "POST_VIEW"
        )
        context.window.cursor_modal_set("EYEDROPPER")
        context.workspace.status_text_set(PROMPT)
        context.window_manager.modal_handler_add(self)
        ZOGRASCOPE_OT_click_object.is_choosing = True
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Choose with the left button; leave what turns the view to Blender."""
        try:
            answer = handle(self._chooser, context, event)
        except ZograscopeError as error:
            self._end(context)
            return refuse(self, error, owner_in(context, building.NAME))
        if "FINISHED" in answer:
            self._end(context)
        return answer

    def cancel(self, context: bpy.types.Context) -> None:
        """Leave nothing behind when Blender ends the operator itself."""
        self._end(context)

    def _end(self, context: bpy.types.Context) -> None:
        ZOGRASCOPE_OT_click_object.is_choosing = False
        bpy.types.SpaceView3D.draw_handler_remove(self._lines, "WINDOW")
        context.window.cursor_modal_restore()
        context.workspace.status_text_set(None)
        _redraw(context)


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
    _redraw(context)
    return {"RUNNING_MODAL"}


def _redraw(context: bpy.types.Context) -> None:
    for area in context.screen.areas:
        if area.type == VIEWPORT_TYPE:
            area.tag_redraw()


def draw_outline(chooser: Chooser) -> None:
    """Draw the outline of what was found where it lies on the relief."""
    import gpu
    from gpu_extras.batch import batch_for_shader

    lines = chooser.outline()
    if lines is None or not len(lines):
        return
    shader = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
    shader.bind()
    shader.uniform_float("viewportSize", gpu.state.viewport_get()[2:])
    shader.uniform_float("lineWidth", OUTLINE_WIDTH)
    shader.uniform_float("color", OUTLINE_COLOUR)
    batch_for_shader(shader, "LINES", {"pos": lines.tolist()}).draw(shader)


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
        owner = owner_in(context, building.NAME)
        try:
            diorama = put_back(context.object)
            context.view_layer.objects.active = diorama.root
            background.paint(diorama, owner)
        except ZograscopeError as error:
            link.tell(owner, error)
        return {"FINISHED"}


class ZOGRASCOPE_OT_paint_background(JobOperator):
    """Paint what lies behind the plates anew, as after painting depth or editing elsewhere"""

    bl_idname = "zograscope.paint_background"
    bl_label = "Paint Background"
    capability = building.NAME

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a diorama."""
        return selected_diorama(context) is not None

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job."""
        return background.paint(selected_diorama(context), self.owner(context))


class ZOGRASCOPE_OT_export_plates(ExportHelper, JobOperator):  # type: ignore[misc]
    """Save photograph, plates and background as layers of a PSD, for GIMP, Krita or Photoshop"""

    bl_idname = "zograscope.export_plates"
    bl_label = "Export Plates"
    capability = building.NAME

    filename_ext = ".psd"
    filter_glob: bpy.props.StringProperty(default="*.psd", options={"HIDDEN"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a diorama."""
        return selected_diorama(context) is not None

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job; the file is written when its result is here."""
        path = Path(self.filepath).with_suffix(".psd")
        waiting = Waiting(
            title=f"Export of {path.name}",
            on_done=lambda job: write_file(path, job.result.arrays["file"]),
            owner=self.owner(context),
        )
        return link.submit(exchange.export_submission(selected_diorama(context)), waiting)


class ZOGRASCOPE_OT_import_plates(ImportHelper, JobOperator):  # type: ignore[misc]
    """Show the layers of an edited PSD on the selected diorama, each on what it is named after"""

    bl_idname = "zograscope.import_plates"
    bl_label = "Import Plates"
    capability = building.NAME

    filename_ext = ".psd"
    filter_glob: bpy.props.StringProperty(default="*.psd", options={"HIDDEN"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a diorama."""
        return selected_diorama(context) is not None

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job; the layers are shown when its result is here."""
        diorama, path = selected_diorama(context), Path(self.filepath)
        names = exchange.layer_names(diorama)
        root = diorama.root.name

        def show(job: Job) -> None:
            found: Diorama | None = find_diorama(bpy.data.objects.get(root))
            if found is not None:
                exchange.show_layers(found, names, job.result.arrays)
                push_undo("Import Plates")

        submission = exchange.import_submission(diorama, read_file(path), path.name)
        waiting = Waiting(f"Import of {path.name}", show, owner=self.owner(context))
        return link.submit(submission, waiting)


register, unregister = bpy.utils.register_classes_factory(
    (
        ZOGRASCOPE_OT_click_object,
        ZOGRASCOPE_OT_put_back_plate,
        ZOGRASCOPE_OT_paint_background,
        ZOGRASCOPE_OT_export_plates,
        ZOGRASCOPE_OT_import_plates,
    )
)
