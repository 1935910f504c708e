"""The card with Install Server, and what the preferences show of the installation."""

import bpy

from .. import preferences
from ..server_link import link
from ..server_panel import Sidebar, draw_what_to_do, wrapped
from . import backends
from .watching import chosen_backend, setup, version

BUTTON_SCALE = 1.5
PREFERENCES_WIDTH = 560  # pixels at scale 1


class ZOGRASCOPE_PT_server_setup(Sidebar):
    """Installs the server on the first day, and shows how far a set-up is."""

    bl_label = "Set Up"
    topic = "server"
    bl_order = 0

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only while there is something to set up or to tell, which no first step shows."""
        is_first_step = preferences.get().tour_step == 0 and not link.connected
        return is_wanted() and not is_first_step

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the card."""
        draw_setup(self.layout, context, None)


def is_wanted() -> bool:
    """Whether there is something to set up or to tell."""
    chosen = preferences.get()
    if chosen.use_remote:
        return False
    if setup.running or setup.error or setup.notes or is_outdated():
        return True
    if link.connected or (setup.installed is not None and not chosen.server_command):
        return False  # as is known, without a look at the disk for each drawing
    return preferences.find_command(chosen) is None


def is_outdated() -> bool:
    """Whether the server in use is older than the extension, or has lost its Python."""
    return setup.state in ("older", "broken") and not preferences.get().server_command


def draw_setup(layout: bpy.types.UILayout, context: bpy.types.Context, width: float | None) -> None:
    """Draw how far a set-up is, or the button that begins one.

    Args:
        layout: where.
        context: of the region.
        width: in pixels at scale 1; None for the sidebar's.
    """
    if setup.running:
        _draw_progress(layout)
        return
    if setup.error is not None:
        _draw_sentences(layout, context, [setup.error.sentence], width, alert=True)
        draw_what_to_do(layout, setup.error.code)
    _draw_sentences(layout, context, setup.notes, width)
    if setup.state in ("ready", "newer"):
        return
    if setup.state == "missing":
        text = "The server does the work: depth, mosaics, portraits, dreams. It is installed once."
        _draw_lines(layout, wrapped(text, context, width))
    _draw_choices(layout, context, width)
    _draw_button(layout, context, width)


def _draw_progress(layout: bpy.types.UILayout) -> None:
    told = setup.progress
    box = layout.box()
    row = box.row(align=True)
    row.progress(factor=told.get("fraction", 0.0), text=told.get("stage", ""))
    row.operator("zograscope.cancel_setup", text="", icon="X")
    if come := told.get("bytes"):
        box.label(text=f"{come / 1e9:.1f} GB are here")
    box.label(text="You can go on working, or close Blender.")


def _draw_sentences(
    layout: bpy.types.UILayout,
    context: bpy.types.Context,
    sentences: list[str],
    width: float | None,
    *,
    alert: bool = False,
) -> None:
    for sentence in sentences:
        box = layout.box()
        box.alert = alert
        first, *rest = wrapped(sentence, context, width)
        row = box.row()
        row.label(text=first, icon="ERROR" if alert else "INFO")
        row.operator("zograscope.dismiss_setup", text="", icon="X", emboss=False)
        _draw_lines(box, rest)


def _draw_lines(layout: bpy.types.UILayout, lines: list[str]) -> None:
    column = layout.column(align=True)
    for line in lines:
        column.label(text=line)


def _draw_choices(
    layout: bpy.types.UILayout, context: bpy.types.Context, width: float | None
) -> None:
    """Draw what it computes on, its size and its place."""
    system = backends.system()
    if not backends.backends_of(system):
        return
    backend = backends.named(system, chosen_backend())
    column = layout.column(align=True)
    column.prop(preferences.get(), "server_backend", text="")
    column.label(
        text=f"{backend.download / 1000:.1f} GB to download, {backend.disk / 1000:.1f} GB on disk"
    )
    row = layout.row(align=True)
    row.label(text=str(setup.folder), icon="FOLDER_REDIRECT")
    row.operator("zograscope.place_server", text="", icon="FILE_FOLDER")


def _draw_button(
    layout: bpy.types.UILayout, context: bpy.types.Context, width: float | None
) -> None:
    broken = setup.state == "broken"  # which is mended of what was fetched
    if not (bpy.app.online_access or preferences.get().wheelhouse or broken):
        text = "Blender is set to stay offline. The server has to be downloaded once."
        _draw_lines(layout, wrapped(text, context, width))
        layout.operator(
            "extensions.userpref_allow_online", text="Allow Online Access", icon="CHECKMARK"
        )
        return
    row = layout.row()
    row.scale_y = BUTTON_SCALE
    if broken:
        row.operator("zograscope.repair_server", text="Repair Server", icon="FILE_REFRESH")
    elif setup.state == "older":
        row.operator("zograscope.install_server", text=f"Update to {version()}", icon="IMPORT")
    else:
        row.operator("zograscope.install_server", icon="IMPORT")


def draw_in_preferences(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw what is installed, and what can be done with it."""
    box = layout.box()
    if setup.installed is not None:
        server = setup.installed
        title = backends.title_of(server.backend)
        size = f", {server.disk / 1e9:.1f} GB" if server.disk else ""
        box.label(text=f"Server {server.version}, {title}, on {server.device}{size}")
        if setup.state == "newer":
            box.label(text="Another Blender has a newer extension. Its server is used.")
        row = box.row(align=True)
        row.label(text=str(setup.folder), icon="FOLDER_REDIRECT")
        row.operator("zograscope.place_server", text="Move")
    draw_setup(box, context, PREFERENCES_WIDTH)
    if setup.installed is not None:
        row = box.row()
        row.prop(preferences.get(), "server_backend", text="")
        row.operator("zograscope.install_server", text="Install Anew")
        row.operator("zograscope.repair_server")
        row.operator("zograscope.remove_server")
    column = box.column()
    for name in ("package_index", "proxy", "wheelhouse"):
        column.prop(preferences.get(), name)


_register, _unregister = bpy.utils.register_classes_factory((ZOGRASCOPE_PT_server_setup,))


def register() -> None:
    """Add the card, and a section to the preferences."""
    _register()
    preferences.sections.append(draw_in_preferences)


def unregister() -> None:
    """Take them away again."""
    preferences.sections.remove(draw_in_preferences)
    _unregister()
