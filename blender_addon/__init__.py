"""Zograscope in Blender: operators start jobs, builders make scenes, panels draw.

What estimates, compares and paints runs in a helper server; `server_link` speaks to it without ever
blocking.
"""

from . import command_line, model_menu, preferences, server_link, server_panel
from .depth import operators as depth_operators
from .depth import panels as depth_panels
from .depth import properties as depth_properties
from .mosaic import highlight as mosaic_highlight
from .mosaic import operators as mosaic_operators
from .mosaic import panels as mosaic_panels
from .mosaic import properties as mosaic_properties

_MODULES = (
    preferences,
    server_link,
    server_panel,
    model_menu,
    depth_properties,
    depth_operators,
    depth_panels,
    mosaic_properties,
    mosaic_operators,
    mosaic_panels,
    mosaic_highlight,
    command_line,
)


def register() -> None:
    """Add everything to Blender."""
    for module in _MODULES:
        module.register()


def unregister() -> None:
    """Take everything away again, in reverse order."""
    for module in reversed(_MODULES):
        module.unregister()
