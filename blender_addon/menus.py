"""What artists find where they look: in File > Import, in the Add menu, and by F3."""

import bpy

ENTRIES = (
    ("zograscope.import_photograph", "Photograph to Diorama (Zograscope)", "IMAGE_DATA"),
    ("zograscope.import_collection", "Collection to Mosaic (Zograscope)", "IMGDISPLAY"),
)


class ZOGRASCOPE_MT_add(bpy.types.Menu):
    """What Zograscope makes of photographs and collections"""

    bl_idname = "ZOGRASCOPE_MT_add"
    bl_label = "Zograscope"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the entries."""
        draw_entries(self, context)


def draw_entries(menu: bpy.types.Menu, _context: bpy.types.Context) -> None:
    """Draw what can be made; F3 finds what stands in menus."""
    menu.layout.operator_context = "INVOKE_DEFAULT"
    for operator, text, icon in ENTRIES:
        menu.layout.operator(operator, text=text, icon=icon)


def _draw_submenu(menu: bpy.types.Menu, _context: bpy.types.Context) -> None:
    menu.layout.separator()
    menu.layout.menu(ZOGRASCOPE_MT_add.bl_idname, icon="IMAGE_DATA")


def register() -> None:
    """Add the entries to Blender's menus."""
    bpy.utils.register_class(ZOGRASCOPE_MT_add)
    bpy.types.TOPBAR_MT_file_import.append(draw_entries)
    bpy.types.VIEW3D_MT_add.append(_draw_submenu)


def unregister() -> None:
    """Take them away again."""
    bpy.types.VIEW3D_MT_add.remove(_draw_submenu)
    bpy.types.TOPBAR_MT_file_import.remove(draw_entries)
    bpy.utils.unregister_class(ZOGRASCOPE_MT_add)
