"""What artists find where they look: in File > Import, in the Add menu, and by F3."""

import bpy


class ZOGRASCOPE_MT_add(bpy.types.Menu):
    """What Zograscope makes of photographs and collections"""

    bl_idname = "ZOGRASCOPE_MT_add"
    bl_label = "Zograscope"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the entries."""
        draw_entries(self, context)


def draw_entries(menu: bpy.types.Menu, _context: bpy.types.Context) -> None:
    """Draw what can be made; F3 finds what stands in menus."""
    layout = menu.layout
    layout.operator_context = "INVOKE_DEFAULT"
    photograph, collection = (
        "Photograph to Diorama (Zograscope)",
        "Collection to Mosaic (Zograscope)",
    )
    layout.operator("zograscope.import_photograph", text=photograph, icon="IMAGE_DATA")
    layout.operator("zograscope.import_collection", text=collection, icon="IMGDISPLAY")


def _draw_submenu(menu: bpy.types.Menu, _context: bpy.types.Context) -> None:
    menu.layout.separator()
    menu.layout.menu(ZOGRASCOPE_MT_add.bl_idname, icon="IMAGE_DATA")


def register() -> None:
    """Add the entries to Blender's menus."""
    bpy.utils.register_class(ZOGRASCOPE_MT_add)
    bpy.types.TOPBAR_MT_file_import.append(draw_entries)  # type: ignore[arg-type]
    bpy.types.VIEW3D_MT_add.append(_draw_submenu)  # type: ignore[arg-type]


def unregister() -> None:
    """Take them away again."""
    bpy.types.VIEW3D_MT_add.remove(_draw_submenu)  # type: ignore[arg-type]
    bpy.types.TOPBAR_MT_file_import.remove(draw_entries)  # type: ignore[arg-type]
    bpy.utils.unregister_class(ZOGRASCOPE_MT_add)
