"""Zograscope in Blender: operators start jobs, builders make scenes, panels draw.

What estimates, compares and paints runs in a helper server; `server_link` speaks to it without ever
blocking. What an artist can make of it are the capabilities, each a folder: see `capabilities`.
"""

from types import ModuleType

from . import (
    capabilities,
    command_line,
    job_operators,
    key_map,
    lighting,
    menus,
    model_menu,
    preferences,
    presets,
    scene_jobs,
    server_link,
    server_panel,
    tour,
    viewport_looks,
)
from .server_setup import operators as setup_operators
from .server_setup import panels as setup_panels
from .server_setup import watching


def _modules() -> list[ModuleType]:
    """Return what has something to register, in order."""
    own = [module for capability in capabilities.records() for module in capability.modules]
    shared = (preferences, viewport_looks, server_link, job_operators, server_panel, lighting)
    server_setup = (watching, setup_operators, setup_panels, tour)
    return [
        *shared,
        *server_setup,
        model_menu,
        presets,
        *own,
        menus,
        key_map,
        scene_jobs,
        command_line,
    ]


def register() -> None:
    """Add everything to Blender."""
    for module in _modules():
        module.register()


def unregister() -> None:
    """Take everything away again, in reverse order."""
    for module in reversed(_modules()):
        module.unregister()
