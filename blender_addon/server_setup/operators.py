"""What an artist does with the server's installation: install, repair, move, remove, stop."""

from pathlib import Path

import bpy
from zograscope_protocol.connection import state_folder
from zograscope_protocol.errors import ZograscopeError

from .. import preferences
from ..server_link import link
from . import installation, orders
from .errors import SetupError
from .watching import setup


class _SetupOperator(bpy.types.Operator):
    """An operator that begins a set-up, unless one runs; the set-up's own panel tells how it goes.

    Attributes:
        action: of `orders`.
    """

    action = ""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only while none runs."""
        return not setup.running

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Begin it."""
        try:
            self.begin()
        except SetupError as error:
            setup.error = error
            self.report({"WARNING"}, error.sentence)
            return {"CANCELLED"}
        return {"FINISHED"}

    def begin(self) -> None:
        """Do what the operator is for. Raises SetupError."""
        setup.begin(self.action)


class ZOGRASCOPE_OT_install_server(_SetupOperator):
    """Download the helper server and set it up; a former one works until the new one does"""

    bl_idname = "zograscope.install_server"
    bl_label = "Install Server"
    action = orders.INSTALL


class ZOGRASCOPE_OT_repair_server(_SetupOperator):
    """Make the server anew from what was downloaded, and download again what is damaged"""

    bl_idname = "zograscope.repair_server"
    bl_label = "Repair"
    action = orders.REPAIR


class ZOGRASCOPE_OT_remove_server(_SetupOperator):
    """Delete the server and all that was downloaded for it; models, jobs and scenes stay"""

    bl_idname = "zograscope.remove_server"
    bl_label = "Remove Server"
    action = orders.REMOVE

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask first."""
        result: set[str] = context.window_manager.invoke_confirm(self, event)  # type: ignore[assignment]
        return result

    def execute(self, context: bpy.types.Context) -> set[str]:
        """End the server, then delete it."""
        if not preferences.get().use_remote:
            link.stop_server()
        return super().execute(context)


class ZOGRASCOPE_OT_place_server(_SetupOperator):
    """Choose another place for the server; one that is there moves"""

    bl_idname = "zograscope.place_server"
    bl_label = "Choose Place"
    action = orders.MOVE

    directory: bpy.props.StringProperty(
        name="Folder", description="A folder for the server alone", subtype="DIR_PATH"
    )
    filter_folder: bpy.props.BoolProperty(
        name="Folders", description="Show folders", default=True, options={"HIDDEN"}
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Open the file browser."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def begin(self) -> None:
        """Take note of the place, or move there."""
        chosen = Path(bpy.path.abspath(self.directory))
        # Where there are other files, a folder of our own among them.
        taken = chosen.is_dir() and any(chosen.iterdir())
        folder = chosen / "zograscope-server" if taken else chosen
        if setup.installed is None:
            installation.choose_folder(state_folder(), folder)
            setup.look()
        else:
            setup.begin(self.action, folder)


class ZOGRASCOPE_OT_cancel_setup(bpy.types.Operator):
    """End the set-up; what was downloaded is kept for the next"""

    bl_idname = "zograscope.cancel_setup"
    bl_label = "Stop Installing"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only while one runs."""
        return setup.running

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask it to end."""
        setup.cancel()
        return {"FINISHED"}


class ZOGRASCOPE_OT_dismiss_setup(bpy.types.Operator):
    """Hide what the set-up said"""

    bl_idname = "zograscope.dismiss_setup"
    bl_label = "Dismiss"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Forget it."""
        setup.error, setup.notes = None, []
        return {"FINISHED"}


def use_another_server() -> None:
    """Let go of a server of before, and start the one that is in use now."""
    chosen = preferences.get()
    if chosen.use_remote or chosen.server_command:
        return
    if link.connected or link.process.running:
        link.stop_server()  # the next job starts the new one
    elif setup.installed is not None:
        _start()


def _start() -> None:
    try:
        link.connect_or_start()
    except ZograscopeError as error:
        link.connection_error = error


_CLASSES = (
    ZOGRASCOPE_OT_install_server,
    ZOGRASCOPE_OT_repair_server,
    ZOGRASCOPE_OT_remove_server,
    ZOGRASCOPE_OT_place_server,
    ZOGRASCOPE_OT_cancel_setup,
    ZOGRASCOPE_OT_dismiss_setup,
)
_register, _unregister = bpy.utils.register_classes_factory(_CLASSES)


def register() -> None:
    """Add the operators, and follow what the set-up makes."""
    _register()
    setup.listeners.append(use_another_server)
    link.on_start.append(setup.tidy)


def unregister() -> None:
    """Take them away again."""
    link.on_start.remove(setup.tidy)
    setup.listeners.remove(use_another_server)
    _unregister()
