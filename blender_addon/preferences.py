"""The extension's preferences: which server, how it is started, and where models are kept."""

import shutil
from collections.abc import Callable
from typing import cast

import bpy
from zograscope_protocol.connection import Connection, client_keys, state_folder
from zograscope_protocol.errors import ZograscopeError

COMMAND = "zograscope"
KEY_CHARACTERS = 40


listeners: list[Callable[[], None]] = []
"""Who is told when the preferences mean another server."""


def _tell_listeners(_self: bpy.types.AddonPreferences, _context: bpy.types.Context) -> None:
    for listener in listeners:
        listener()


class ZograscopePreferences(bpy.types.AddonPreferences):
    """Which server to use."""

    bl_idname = __package__

    server_command: bpy.props.StringProperty(
        name="Server Command",
        description="The zograscope program. Left empty, it is looked for on the search path",
        subtype="FILE_PATH",
    )
    start_automatically: bpy.props.BoolProperty(
        name="Start When Needed",
        description="Start a server on this computer when a job needs one and none runs",
        default=True,
    )
    models_folder: bpy.props.StringProperty(
        name="Models Folder",
        description="Where models are kept. Left empty, the server's own folder",
        subtype="DIR_PATH",
    )
    declined_models: bpy.props.StringProperty(
        name="Declined Models",
        description="Recommended models that were declined, which are not recommended again",
        options={"HIDDEN"},
    )
    use_remote: bpy.props.BoolProperty(
        name="Server on Another Computer",
        description="Let another computer do the work",
        update=_tell_listeners,
    )
    remote_endpoint: bpy.props.StringProperty(
        name="Endpoint",
        description="Its address, such as tcp://render-1:7345",
        update=_tell_listeners,
    )
    remote_key: bpy.props.StringProperty(
        name="Its Public Key",
        description="The 40 characters of public_key in its connection.json",
        update=_tell_listeners,
    )

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the preferences."""
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "use_remote")
        if self.use_remote:
            layout.prop(self, "remote_endpoint")
            layout.prop(self, "remote_key")
            row = layout.row()
            row.label(text="This computer's key, for its owner:")
            row.operator("zograscope.copy_public_key", icon="COPYDOWN")
            return
        layout.prop(self, "server_command")
        if find_command(self) is None:
            layout.label(text="No zograscope program was found. See the README.", icon="ERROR")
        layout.prop(self, "start_automatically")
        layout.prop(self, "models_folder")


class ZOGRASCOPE_OT_copy_public_key(bpy.types.Operator):
    """Copy this computer's public key; `zograscope allow NAME KEY` lets it in elsewhere"""

    bl_idname = "zograscope.copy_public_key"
    bl_label = "Copy Public Key"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Put the key on the clipboard."""
        public_key, _ = client_keys(state_folder())
        context.window_manager.clipboard = public_key
        self.report({"INFO"}, f"On the clipboard: {public_key}")
        return {"FINISHED"}


def get() -> ZograscopePreferences:
    """Return the extension's preferences."""
    return cast(ZograscopePreferences, bpy.context.preferences.addons[__package__].preferences)


def is_declined(model: str) -> bool:
    """Whether the artist was recommended a model and went on without it."""
    return model in get().declined_models.split()


def decline(model: str) -> None:
    """Never recommend a model again."""
    if not is_declined(model):
        get().declined_models = f"{get().declined_models} {model}".strip()


def find_command(preferences: ZograscopePreferences) -> str | None:
    """Return the program that serves, or None where there is none."""
    if preferences.server_command:
        return shutil.which(bpy.path.abspath(preferences.server_command))
    return shutil.which(COMMAND)


def remote_connection(preferences: ZograscopePreferences) -> Connection | None:
    """Return the connection to another computer's server, or None for this computer's own.

    Raises ZograscopeError `online-access-off` where Blender is set to stay offline, and `bad-key`
    where the other server's key is none: nothing travels over a network in the clear.
    """
    if not preferences.use_remote:
        return None
    if not bpy.app.online_access:
        raise ZograscopeError("online-access-off")
    key = preferences.remote_key.strip()
    if len(key) != KEY_CHARACTERS:
        raise ZograscopeError("bad-key", key=key)
    return Connection(preferences.remote_endpoint.strip(), key)


def register() -> None:
    """Add the preferences to Blender."""
    bpy.utils.register_class(ZOGRASCOPE_OT_copy_public_key)
    bpy.utils.register_class(ZograscopePreferences)


def unregister() -> None:
    """Take them away again."""
    bpy.utils.unregister_class(ZograscopePreferences)
    bpy.utils.unregister_class(ZOGRASCOPE_OT_copy_public_key)
