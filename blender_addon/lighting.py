"""Light for what was made of pictures: its setting "lit", a sun, and a view that shows both."""

import math

import bpy

from . import viewport_looks
from .scenes import add_part, find_object
from .windows import viewports_of

SUN_STRENGTH = 4.0  # watts per square metre: a little over what shows a picture as bright as it is
SUN_TURN = (math.radians(-30), math.radians(-25), 0.0)  # from above, over the left shoulder
LIT = 0.6  # so that shadows keep some of the photograph's own light
UNLIT_VIEWS = ("WIREFRAME", "SOLID")


class ZOGRASCOPE_OT_light(bpy.types.Operator):
    """Let lamps light the picture, with a sun where the scene has none, in a view that shows it"""

    bl_idname = "zograscope.light"
    bl_label = "Lit"
    bl_options = {"REGISTER", "UNDO"}

    uid: bpy.props.IntProperty(
        name="Object", description="The session's number of what is lit", options={"SKIP_SAVE"}
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Light it, or show the picture as it is again."""
        root = find_object(self.uid)
        if root is None:
            return {"CANCELLED"}
        if root["lit"]:
            root["lit"] = 0.0
            root.update_tag()
        else:
            light(root, context.scene)
        return {"FINISHED"}


def light(root: bpy.types.Object, scene: bpy.types.Scene) -> None:
    """Let lamps light what hangs below a root: a sun where there are none; viewports show them."""
    root["lit"] = LIT
    root.update_tag()
    if not any(item.type == "LIGHT" for item in scene.objects):
        light = bpy.data.lights.new(f"{root.name} sun", "SUN")
        light.energy = SUN_STRENGTH
        sun = add_part(light.name, light, "sun", root, root.users_collection[0])
        sun.rotation_euler = SUN_TURN
    for _, space in viewports_of(scene):
        viewport_looks.note(space, scene)
        if space.shading.type in UNLIT_VIEWS:
            space.shading.type = "MATERIAL"
        space.shading.use_scene_lights = space.shading.use_scene_world = True


def draw_lit(layout: bpy.types.UILayout, root: bpy.types.Object) -> None:
    """Draw the button that lights what hangs below a root, and how far it is lit."""
    row = layout.row(align=True)
    lit = root["lit"] > 0
    if lit:
        row.prop(root, '["lit"]', text="Lit", slider=True)
    text = "" if lit else "Lit"
    row.operator(
        "zograscope.light", text=text, icon="LIGHT_SUN", depress=lit
    ).uid = root.session_uid


register, unregister = bpy.utils.register_classes_factory((ZOGRASCOPE_OT_light,))
