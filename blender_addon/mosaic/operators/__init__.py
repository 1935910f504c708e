"""What an artist can do with mosaics, by deed."""

from . import build, export, find, journey, tiles, view

_MODULES = (build, view, journey, tiles, find, export)


def register() -> None:
    """Add the operators."""
    for module in _MODULES:
        module.register()


def unregister() -> None:
    """Take them away again."""
    for module in reversed(_MODULES):
        module.unregister()
