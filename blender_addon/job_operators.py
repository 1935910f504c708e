"""What an artist does with jobs: start them, stop them, let them pause, read what went wrong."""

import bpy
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.job import Job

from .pending_jobs import NOBODY, Owner
from .server_link import link


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
    """An operator whose work is a job; in a window, Esc stops the job while it runs.

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
        """Start the job, and watch for Esc."""
        try:
            job = self.start(context)
        except ZograscopeError as error:
            return refuse(self, error, self.owner(context))
        if self.watched and context.window is not None and not bpy.app.background:
            operators = bpy.ops.zograscope  # type: ignore[attr-defined]
            operators.watch_jobs("INVOKE_DEFAULT", job_id=job.id)
        return {"FINISHED"}


class BuildOperator(JobOperator):
    """An operator that builds in a scene, which waits for one build of a capability at a time."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where no build is waited for."""
        return not link.pending.is_building(owner_in(context, cls.capability))


class ZOGRASCOPE_OT_watch_jobs(bpy.types.Operator):
    """Cancel the job that was started last when Esc is pressed"""

    bl_idname = "zograscope.watch_jobs"
    bl_label = "Watch Jobs"
    bl_options = {"INTERNAL"}

    job_id: bpy.props.StringProperty(options={"SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Begin to watch, until the job has ended.

        Blender asks who came last first, so that Esc stops the latest of several.
        """
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Leave every event but Esc to Blender."""
        pending = link.pending.get(self.job_id)
        if pending is None:
            return {"FINISHED", "PASS_THROUGH"}
        if event.type == "ESC" and event.value == "PRESS":
            link.cancel(pending.job)
            return {"CANCELLED"}
        return {"PASS_THROUGH"}


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
    ZOGRASCOPE_OT_watch_jobs,
    ZOGRASCOPE_OT_cancel_job,
    ZOGRASCOPE_OT_pause_job,
    ZOGRASCOPE_OT_resume_job,
    ZOGRASCOPE_OT_dismiss_error,
)
register, unregister = bpy.utils.register_classes_factory(_CLASSES)
