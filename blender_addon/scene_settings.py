"""Settings that every scene has: what the artist chooses, saved in the file."""

from collections.abc import Callable

import bpy

BESIDE_THE_FILE = {"PATH_SUPPORTS_BLEND_RELATIVE"}
"""Options of a path that may be told from where the .blend is, which Blender else shows in red."""


def scene_settings(
    name: str, settings: type[bpy.types.PropertyGroup], *parts: type[bpy.types.PropertyGroup]
) -> tuple[Callable[[], None], Callable[[], None]]:
    """Return `register` and `unregister` for settings that are found at `scene.NAME`.

    Args:
        name: of the property.
        settings: the group.
        parts: groups that it holds, and that are registered before it.
    """
    add_classes, remove_classes = bpy.utils.register_classes_factory((*parts, settings))

    def register() -> None:
        add_classes()
        setattr(bpy.types.Scene, name, bpy.props.PointerProperty(type=settings))

    def unregister() -> None:
        delattr(bpy.types.Scene, name)
        remove_classes()

    return register, unregister
