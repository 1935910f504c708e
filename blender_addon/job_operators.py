"""What an artist does with jobs: start them, stop them, let them pause, read what went wrong."""

import time
from typing import Any

import bpy
from bpy.app.handlers import persistent
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.job import Job
from zograscope_protocol.readable import readable

from .pending_jobs import NOBODY, Owner
from .server_link import link

STOP_LATEST = "zograscope.stop_latest"
MOST_TITLE = 60
SAME_KEY = 0.3
"""Seconds after the end of playback in which Esc is the one that ended it: Blender passes it on."""


def owner_in(context: bpy.types.Context, capability: str) -> Owner:
    """Return the owner of what the artist starts here."""
    return Owner(context.scene.session_uid, capability)


def refuse(operator: bpy.types.Operator, error: ZograscopeError, owner: Owner = NOBODY) -> set[str]:
    """Show an error in the panel and where Blender reports, and end the operator."""
    link.forget_errors(owner)
    link.tell(owner, error)
    operator.report({"WARNING"}, error.sentence)
    return {"CANCELLED"}


class JobOperator(bpy.types.Operator):
    """An operator whose work is a job, which Esc stops while it runs, when the artist says so.

    Attributes:
        capability: whose job it is; "" for what belongs to no scene.
        watched: whether Esc stops it; not what runs for long beside the artist's work.
    """

    capability = ""
    watched = True

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job. Raises ZograscopeError where it cannot be."""
        raise NotImplementedError

    def owner(self, context: bpy.types.Context) -> Owner:
        """Return whose the job is."""
        return owner_in(context, self.capability) if self.capability else NOBODY

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start the job."""
        try:
            job = self.start(context)
        except ZograscopeError as error:
            return refuse(self, error, self.owner(context))
        if self.watched:
            link.watch(job)
        return {"FINISHED"}


class BuildOperator(JobOperator):
    """An operator that builds in a scene, which waits for one build of a capability at a time."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where no build is waited for."""
        return not link.pending.is_building(owner_in(context, cls.capability))


class ZOGRASCOPE_OT_stop_latest(bpy.types.Operator):
    """Stop what was started last, if that is meant: Blender asks first"""

    bl_idname = STOP_LATEST
    bl_label = "Stop the Latest Job"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where there is one, and where Esc is not to end something else."""
        screen = context.screen
        if screen is None or screen.is_animation_playing or screen.show_fullscreen:
            return False
        if time.monotonic() - _playback["ended"] < SAME_KEY:
            return False
        return link.pending.latest_watched() is not None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Ask."""
        pending = link.pending.latest_watched()
        if pending is None:
            return {"CANCELLED"}
        return context.window_manager.invoke_confirm(
            self,
            event,
            title=f"Stop: {readable(pending.waiting.title, MOST_TITLE)}?",
            message="What has been computed until now is lost, unless the job can pause.",
            confirm_text="Stop",
            icon="QUESTION",
        )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Stop it."""
        pending = link.pending.latest_watched()
        if pending is None:
            return {"CANCELLED"}
        link.cancel(pending.job)
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
                link.cancel(job)
        return {"FINISHED"}


class ZOGRASCOPE_OT_pause_job(bpy.types.Operator):
    """Let this job rest; it keeps what it has done"""

    bl_idname = "zograscope.pause_job"
    bl_label = "Pause"

    job_id: bpy.props.StringProperty(options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask the server."""
        pending = link.pending.get(self.job_id)
        if pending is None or not pending.job.pausable:
            return {"CANCELLED"}
        pending.job.pause()
        return {"FINISHED"}


class ZOGRASCOPE_OT_resume_job(bpy.types.Operator):
    """Let this job go on"""

    bl_idname = "zograscope.resume_job"
    bl_label = "Resume"

    job_id: bpy.props.StringProperty(options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask the server."""
        pending = link.pending.get(self.job_id)
        if pending is None:
            return {"CANCELLED"}
        pending.job.resume()
        return {"FINISHED"}


class ZOGRASCOPE_OT_dismiss_error(bpy.types.Operator):
    """Hide this message"""

    bl_idname = "zograscope.dismiss_error"
    bl_label = "Dismiss"

    index: bpy.props.IntProperty(default=-1, options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Forget the error of that place, or all of them."""
        errors = link.errors
        for error in errors if self.index < 0 else errors[self.index : self.index + 1]:
            link.dismiss(error)
        return {"FINISHED"}


_CLASSES = (
    ZOGRASCOPE_OT_stop_latest,
    ZOGRASCOPE_OT_cancel_job,
    ZOGRASCOPE_OT_pause_job,
    ZOGRASCOPE_OT_resume_job,
    ZOGRASCOPE_OT_dismiss_error,
)
_register_classes, _unregister_classes = bpy.utils.register_classes_factory(_CLASSES)
_playback = {"ended": float("-inf")}


@persistent
def _note_end_of_playback(*_: object) -> None:
    _playback["ended"] = time.monotonic()


def register() -> None:
    """Add the operators, and note when playback ends."""
    _register_classes()
    bpy.app.handlers.animation_playback_post.append(_note_end_of_playback)


def unregister() -> None:
    """Take them away again."""
    bpy.app.handlers.animation_playback_post.remove(_note_end_of_playback)
    _unregister_classes()
