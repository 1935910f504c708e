"""A mypy plugin: what the stubs of Blender cannot know, or have wrong.

The stubs have Blender hand out a node, a modifier or a space as its base class, though it is always
one of its kinds; extensions attach settings to scenes as they are registered; some values depend on
what is installed. What is named here is taken for Any, instead of an error.
"""

import re
from collections.abc import Callable

from mypy.nodes import ARG_POS, Argument, Var
from mypy.plugin import AttributeContext, ClassDefContext, MethodSigContext, Plugin
from mypy.plugins.common import add_method
from mypy.types import AnyType, FunctionLike, NoneType, Type, TypeOfAny

ANYTHING = AnyType(TypeOfAny.special_form)


def _of_bpy(*names: str) -> set[str]:
    return {f"bpy.types.{name}" for name in names}


# Classes whose kinds, or whose extensions, have attributes that the stubs do not list.
OPEN_CLASSES = _of_bpy(
    *("Attribute", "ID", "ImageFormatSettings", "Modifier", "Node", "NodeSocket"),
    *("NodeTreeInterfaceItem", "PropertyGroup", "Space", "Strip"),
) | {"bpy_extras.io_utils.ExportHelper", "bpy_extras.io_utils.ImportHelper"}
# Attributes of one of several kinds, or with values that depend on what is installed, or arrays
# that the stubs do not let anybody read.
OPEN_ATTRIBUTES = _of_bpy(
    *("ColorManagedDisplaySettings.display_device", "ColorManagedInputColorspaceSettings.name"),
    *("ColorManagedViewSettings.look", "ColorManagedViewSettings.view_transform"),
    *("Image.pixels", "Image.size", "ImageFormatSettings.file_format"),
    *("ImagePreview.image_pixels_float", "ImagePreview.image_size"),
    *("Material.cycles", "Material.diffuse_color", "Object.data", "Object.dimensions"),
    *("RenderSettings.engine", "RenderSettings.image_settings", "Scene.cycles"),
)
# Methods whose arguments or answers the stubs have wrong.
OPEN_METHODS = re.compile(
    r"bpy\.types\.(\w+\.(id_properties_ui|new_socket|temp_override)|AttributeGroup\w+\.new)"
)
# Whose custom properties can be looked for: `"key" in block`.
CONTAINER = "bpy.types.bpy_struct"


class BlenderPlugin(Plugin):
    """Lets the classes above have any attribute."""

    def get_customize_class_mro_hook(
        self, fullname: str
    ) -> Callable[[ClassDefContext], None] | None:
        """Return what completes a class, where it is one of these."""
        if fullname in OPEN_CLASSES:
            return _allow_any_attribute
        return _allow_in if fullname == CONTAINER else None

    def get_attribute_hook(self, fullname: str) -> Callable[[AttributeContext], Type] | None:
        """Return what tells the type of an attribute, where it is one of these."""
        return (lambda context: ANYTHING) if fullname in OPEN_ATTRIBUTES else None

    def get_method_signature_hook(
        self, fullname: str
    ) -> Callable[[MethodSigContext], FunctionLike] | None:
        """Return what tells how a method is called, where it is one of these."""
        return _allow_any_arguments if OPEN_METHODS.fullmatch(fullname) else None


def _argument(context: ClassDefContext, name: str, kind: str) -> Argument:
    named = context.api.named_type(f"builtins.{kind}")
    return Argument(Var(name, named), named, None, ARG_POS)


def _allow_any_attribute(context: ClassDefContext) -> None:
    name = _argument(context, "name", "str")
    value = Argument(Var("value", ANYTHING), ANYTHING, None, ARG_POS)
    add_method(context, "__getattr__", [name], ANYTHING)
    add_method(context, "__setattr__", [name, value], NoneType())


def _allow_in(context: ClassDefContext) -> None:
    key = _argument(context, "key", "str")
    add_method(context, "__contains__", [key], context.api.named_type("builtins.bool"))


def _allow_any_arguments(context: MethodSigContext) -> FunctionLike:
    signature = context.default_signature
    kinds = [ANYTHING for _ in signature.arg_types]
    return signature.copy_modified(arg_types=kinds, ret_type=ANYTHING)


def plugin(version: str) -> type[Plugin]:
    """Return the plugin, as mypy asks for it."""
    return BlenderPlugin
