"""The sidebar's first panel: the server, its jobs, and what went wrong."""

import textwrap

import bpy
from zograscope_protocol.errors import ZograscopeError

from .server_link import link

CATEGORY = "Zograscope"
CHARACTER_WIDTH = 7  # pixels of the interface's font at scale 1


class Sidebar:
    """Where all panels of Zograscope are."""

    bl_category = CATEGORY
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"


class ZOGRASCOPE_PT_server(Sidebar, bpy.types.Panel):
    """The server's state, running jobs and errors."""

    bl_label = "Zograscope"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout = self.layout
        row = layout.row()
        row.label(text=link.state, icon="LINKED" if link.connected else "UNLINKED")
        if link.connected or link.process.running:
            row.operator("zograscope.stop_server", text="", icon="PAUSE")
        else:
            row.operator("zograscope.start_server", text="", icon="PLAY")
        for job in link.jobs:
            box = layout.box()
            progress = box.row()
            text = job.stage or job.state.capitalize()
            progress.progress(factor=job.fraction or 0.0, text=text)
            progress.operator("zograscope.cancel_job", text="", icon="X").job_id = job.id
        if link.error is not None:
            draw_error(layout, context, link.error)


def wrapped(text: str, context: bpy.types.Context) -> list[str]:
    """Break a sentence into lines that fit the sidebar."""
    scale = context.preferences.system.ui_scale
    return textwrap.wrap(text, max(20, int(context.region.width / (CHARACTER_WIDTH * scale)) - 10))


def draw_error(
    layout: bpy.types.UILayout, context: bpy.types.Context, error: ZograscopeError
) -> None:
    """Draw an error's sentence, wrapped to the width of the sidebar."""
    box = layout.box()
    box.alert = True
    first, *rest = wrapped(error.sentence, context)
    row = box.row()
    row.label(text=first, icon="ERROR")
    row.operator("zograscope.dismiss_error", text="", icon="X", emboss=False)
    for line in rest:
        box.label(text=line)


class ZOGRASCOPE_OT_start_server(bpy.types.Operator):
    """Start the helper server on this computer, or connect to the one in the preferences"""

    bl_idname = "zograscope.start_server"
    bl_label = "Start Server"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start or connect; the panel tells how it goes."""
        try:
            link.connect_or_start()
        except ZograscopeError as error:
            return refuse(self, error)
        return {"FINISHED"}


class ZOGRASCOPE_OT_stop_server(bpy.types.Operator):
    """Stop the helper server; unfinished jobs go on when it starts again"""

    bl_idname = "zograscope.stop_server"
    bl_label = "Stop Server"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask it to end."""
        link.stop_server()
        return {"FINISHED"}


class ZOGRASCOPE_OT_cancel_job(bpy.types.Operator):
    """Stop this job"""

    bl_idname = "zograscope.cancel_job"
    bl_label = "Cancel"

    job_id: bpy.props.StringProperty(options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask the server to cancel the job, or all of them."""
        for job in link.jobs:
            if self.job_id in ("", job.id):
                job.cancel()
        return {"FINISHED"}


class ZOGRASCOPE_OT_watch_jobs(bpy.types.Operator):
    """Cancel what is running when Esc is pressed"""

    bl_idname = "zograscope.watch_jobs"
    bl_label = "Watch Jobs"
    bl_options = {"INTERNAL"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Begin to watch, until nothing runs any more."""
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Leave every event but Esc to Blender."""
        if not link.jobs:
            return {"FINISHED", "PASS_THROUGH"}
        if event.type == "ESC" and event.value == "PRESS":
            for job in link.jobs:
                job.cancel()
            return {"CANCELLED"}
        return {"PASS_THROUGH"}


class ZOGRASCOPE_OT_dismiss_error(bpy.types.Operator):
    """Hide this message"""

    bl_idname = "zograscope.dismiss_error"
    bl_label = "Dismiss"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Forget the error."""
        link.error = None
        return {"FINISHED"}


class Watched:
    """In a window, Esc cancels the job that the operator starts."""

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Start the job and watch for Esc."""
        result = self.execute(context)
        if "FINISHED" in result:
            bpy.ops.zograscope.watch_jobs("INVOKE_DEFAULT")
        return result


def refuse(operator: bpy.types.Operator, error: ZograscopeError) -> set[str]:
    """Show an error in the panel and where Blender reports, and end the operator."""
    link.error = error
    operator.report({"WARNING"}, error.sentence)
    return {"CANCELLED"}


_CLASSES = (
    ZOGRASCOPE_PT_server,
    ZOGRASCOPE_OT_start_server,
    ZOGRASCOPE_OT_stop_server,
    ZOGRASCOPE_OT_cancel_job,
    ZOGRASCOPE_OT_watch_jobs,
    ZOGRASCOPE_OT_dismiss_error,
)
register, unregister = bpy.utils.register_classes_factory(_CLASSES)
