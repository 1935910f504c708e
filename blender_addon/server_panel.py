"""The sidebar's first panel: the server, each job, and what went wrong."""

import textwrap
from collections.abc import Iterable
from typing import Any

import bpy
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.job import Job
from zograscope_protocol.readable import readable

from . import diagnostics, documentation
from .job_operators import refuse
from .pending_jobs import PendingJob
from .presets import draw_presets
from .server_link import link

CATEGORY = "Zograscope"
MOST_WRAPPED = 1200  # characters
CHARACTER_WIDTH = 7  # pixels of the interface's font at scale 1
BESIDE_ERROR = 8  # characters that icon and button take of an error's first line
DETAILS_WIDTH = 560
MOST_DETAIL_LINES = 30
PREVIEW_SCALE = 8.0  # of an icon's usual size

SELECTED, NEW = 1, 2
"""Order of panels behind those of the server: what is selected, and what is made next."""


class Sidebar(bpy.types.Panel):
    """Where all panels of Zograscope are."""

    bl_category = CATEGORY
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"

    topic = ""
    """Of `documentation`: what the Help button in its header leads to."""

    presets = ""
    """Name of the presets that its header has."""

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Draw the buttons at the right of the header."""
        row = self.layout.row(align=True)
        row.emboss = "NONE"
        if self.presets:
            draw_presets(row, self.presets)
        if page := documentation.page_of(self.topic):
            row.operator("wm.url_open", text="", icon="HELP").url = page


def fold(layout: bpy.types.UILayout, name: str, title: str) -> bpy.types.UILayout | None:
    """Draw the header of a part of a panel that is folded at first; return its inside if open."""
    header, body = layout.panel(name, default_closed=True)
    header.label(text=title)
    return body


class ZOGRASCOPE_PT_server(Sidebar):
    """The server's state, running jobs and errors."""

    bl_label = "Zograscope"
    topic = "server"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout = self.layout
        row = layout.row()
        row.label(text=link.state, icon="LINKED" if link.connected else "UNLINKED")
        if link.connected or link.process.running:
            row.operator("zograscope.stop_server", text="", icon="PAUSE")
        else:
            row.operator("zograscope.start_server", text="", icon="PLAY")
        for pending in link.pending:
            draw_job(layout, pending)
        for index, error in enumerate(link.errors):
            draw_error(layout, context, error, index)


def draw_job(layout: bpy.types.UILayout, pending: PendingJob) -> None:
    """Draw a job's title, progress and latest preview, and what can be done with it."""
    job = pending.job
    box = layout.box()
    box.label(text=readable(pending.waiting.title))
    row = box.row(align=True)
    row.progress(factor=share(job.fraction), text=words_of(job))
    if job.state == "paused":
        row.operator("zograscope.resume_job", text="", icon="PLAY").job_id = job.id
    elif job.pausable:
        row.operator("zograscope.pause_job", text="", icon="PAUSE").job_id = job.id
    row.operator("zograscope.cancel_job", text="", icon="X").job_id = job.id
    if job.detail:
        box.label(text=readable(job.detail))
    icon = link.previews.icon(job.id)
    if icon:
        box.template_icon(icon, scale=PREVIEW_SCALE)


def words_of(job: Job) -> str:
    """Say what a job is doing."""
    if job.state == "paused":
        return "Paused"
    return readable(job.stage) or readable(job.state).capitalize()


def share(fraction: object) -> float:
    """Return how far a job is, 0 to 1, whatever it is told to be."""
    if type(fraction) not in (int, float) or not 0 <= fraction <= 1:  # type: ignore[operator]
        return 0.0
    return float(fraction)  # type: ignore[arg-type]


def wrapped(
    text: str, context: bpy.types.Context, width: float | None = None, beside: int = 0
) -> list[str]:
    """Break a sentence into lines that fit the sidebar, or so many pixels at scale 1.

    The first line leaves room for so many characters beside it.
    """
    if width is None:
        width = context.region.width / context.preferences.system.ui_scale
    most = max(20, int(width / CHARACTER_WIDTH) - 10)
    words = readable(text, MOST_WRAPPED)
    lines = textwrap.wrap(words, most, initial_indent=" " * min(beside, most - 10))
    return [line.strip() for line in lines] or [""]


def draw_warnings(
    layout: bpy.types.UILayout, context: bpy.types.Context, warnings: Iterable[str]
) -> None:
    """Draw what a result warns of, each sentence in a box."""
    for warning in filter(None, warnings):
        column = layout.box().column(align=True)
        column.scale_y = 0.8
        for number, line in enumerate(wrapped(warning, context)):
            column.label(text=line, icon="BLANK1" if number else "ERROR")


def draw_error(
    layout: bpy.types.UILayout, context: bpy.types.Context, error: ZograscopeError, index: int
) -> None:
    """Draw an error's sentence, wrapped to the width of the sidebar, and what can be done."""
    box = layout.box()
    box.alert = True
    first, *rest = wrapped(error.sentence, context, beside=BESIDE_ERROR)
    row = box.row()
    row.label(text=first, icon="ERROR")
    row.operator("zograscope.dismiss_error", text="", icon="X", emboss=False).index = index
    for line in rest:
        box.label(text=line)
    row = box.row(align=True)
    draw_what_to_do(row, error.code)
    if error.details:
        row.operator("zograscope.error_details", icon="INFO").index = index
    row.operator("zograscope.open_log", text="", icon="TEXT")
    row.operator("zograscope.copy_diagnostics", text="", icon="COPYDOWN")


def draw_what_to_do(layout: bpy.types.UILayout, code: str) -> None:
    """Draw the button that opens the page about an error, where there is one."""
    if page := documentation.page_of_error(code):
        layout.operator("wm.url_open", text="What to Do", icon="HELP").url = page


class ZOGRASCOPE_OT_error_details(bpy.types.Operator):
    """Read more of what went wrong, as a developer does"""

    bl_idname = "zograscope.error_details"
    bl_label = "Details"

    index: bpy.props.IntProperty(default=-1, options={"SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Show the words at once."""
        return context.window_manager.invoke_popup(self, width=DETAILS_WIDTH)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the error's details, of long ones the end."""
        column = self.layout.column(align=True)
        for line in details_of(self.index, context):
            column.label(text=line)
        column.operator("zograscope.copy_diagnostics", icon="COPYDOWN")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Have nothing else to do."""
        return {"FINISHED"}


def details_of(index: int, context: bpy.types.Context) -> list[str]:
    """Return an error's details, line by line."""
    errors = link.errors
    if not 0 <= index < len(errors):
        return ["There is nothing more to say"]
    lines = [
        line
        for text in errors[index].details.splitlines()
        for line in wrapped(text, context, DETAILS_WIDTH)
    ]
    return lines[-MOST_DETAIL_LINES:]


class ZOGRASCOPE_OT_open_log(bpy.types.Operator):
    """Open the log of the server that was started here"""

    bl_idname = "zograscope.open_log"
    bl_label = "Open Log"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where there is one."""
        return link.log.is_file()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Let the system show it."""
        bpy.ops.wm.path_open(filepath=str(link.log))
        return {"FINISHED"}


class ZOGRASCOPE_OT_copy_diagnostics(bpy.types.Operator):
    """Copy what helps to find a fault: versions, states and errors, without paths and keys"""

    bl_idname = "zograscope.copy_diagnostics"
    bl_label = "Copy Diagnostics"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Put it on the clipboard."""
        context.window_manager.clipboard = diagnostics.describe(link)
        self.report({"INFO"}, "On the clipboard, to be pasted into a report")
        return {"FINISHED"}


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


_CLASSES = (
    ZOGRASCOPE_PT_server,
    ZOGRASCOPE_OT_start_server,
    ZOGRASCOPE_OT_stop_server,
    ZOGRASCOPE_OT_error_details,
    ZOGRASCOPE_OT_open_log,
    ZOGRASCOPE_OT_copy_diagnostics,
)
register, unregister = bpy.utils.register_classes_factory(_CLASSES)
