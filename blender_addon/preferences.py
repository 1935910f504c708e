"""The extension's preferences: which server, how it is started, and where models are kept."""

import shutil
from collections.abc import Callable
from typing import cast

import bpy
from zograscope_protocol.connection import Connection, client_keys, state_folder
from zograscope_protocol.errors import ZograscopeError

from .server_setup import backends, installation

COMMAND = "zograscope"
KEY_CHARACTERS = 40
PROPOSED = "PROPOSED"

Section = Callable[[bpy.types.UILayout, bpy.types.Context], None]

sections: list[Section] = []
"""What else is drawn into the preferences of a server on this computer."""

sections_for_all: list[Section] = []
"""What else is drawn, wherever the server is."""

_backend_items: list[tuple[str, str, str]] = []  # which Blender needs kept

listeners: list[Callable[[], None]] = []
"""Who is told when the preferences mean another server."""


def _tell_listeners(_self: bpy.types.AddonPreferences, _context: bpy.types.Context) -> None:
    for listener in listeners:
        listener()


def _list_backends(
    _self: bpy.types.AddonPreferences, _context: bpy.types.Context | None
) -> list[tuple[str, str, str]]:
    """Return what a server can compute on here, the proposal first."""
    if not _backend_items:
        title = backends.title_of(backends.proposed_here()) or "nothing"
        _backend_items.append((PROPOSED, f"Proposed: {title}", "What most likely works here"))
        known = backends.backends_of(backends.system())
        _backend_items.extend((one.name, one.title, f"Compute on: {one.title}") for one in known)
    return _backend_items


class ZograscopePreferences(bpy.types.AddonPreferences):
    """Which server to use."""

    bl_idname = __package__

    server_command: bpy.props.StringProperty(
        name="Server Command",
        description="A zograscope program of your own, in place of the installed server",
        subtype="FILE_PATH",
    )
    server_backend: bpy.props.EnumProperty(
        name="Compute On",
        description="What the server computes on. It is tried when the server is installed",
        items=_list_backends,
    )
    package_index: bpy.props.StringProperty(
        name="Package Index",
        description="Address of a package index in place of the public registry, as studios have",
    )
    proxy: bpy.props.StringProperty(
        name="Proxy",
        description="Through which the server is downloaded, such as http://proxy:3128. "
        "Left empty, what the system says",
    )
    wheelhouse: bpy.props.StringProperty(
        name="Folder of Wheels",
        description="Install the server from these files alone, without internet",
        subtype="DIR_PATH",
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
    tour_step: bpy.props.IntProperty(
        name="First Steps",
        description="How many of the first steps were taken; none is shown again",
        min=0,
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
        else:
            for draw_section in sections:
                draw_section(layout, context)
            layout.prop(self, "server_command")
            layout.prop(self, "start_automatically")
            layout.prop(self, "models_folder")
        for draw_section in sections_for_all:
            draw_section(layout, context)


class ZOGRASCOPE_OT_copy_public_key(bpy.types.Operator):
    """Copy this computer's public key; `zograscope allow NAME` lets it in elsewhere"""

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
        keep()


def keep() -> None:
    """Have Blender save the preferences as it ends, as it does where a person changed them."""
    bpy.context.preferences.is_dirty = True


def find_command(preferences: ZograscopePreferences) -> list[str] | None:
    """Return the command line that serves, or None where there is none.

    A program that the preferences name goes before the server that was installed here, and that
    before one on the search path.
    """
    named = preferences.server_command
    if not named:
        folder = installation.folder_of(state_folder())
        server = installation.installed(folder)
        if server is not None:
            return installation.command_of(folder, server)
    program = shutil.which(bpy.path.abspath(named) if named else COMMAND)
    return None if program is None else [program, "serve"]


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
