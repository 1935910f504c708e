"""Zograscope in Blender: operators start jobs, builders make scenes, panels draw.

What estimates and paints runs in a helper server; `server_link` speaks to it without ever blocking.
"""

from . import command_line, preferences, server_link, server_panel
from .depth import operators, panels, properties

_MODULES = (preferences, server_link, server_panel, properties, operators, panels, command_line)


def register() -> None:
    """Add everything to Blender."""
    for module in _MODULES:
        module.register()


def unregister() -> None:
    """Take everything away again, in reverse order."""
    for module in reversed(_MODULES):
        module.unregister()
