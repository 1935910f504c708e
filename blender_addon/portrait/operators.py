"""What an artist can do with portraits: gather input, start a job, bake what came of it."""

from typing import Any

import bpy
from zograscope_protocol.job import Job

from ..depth.selection import selected_diorama
from ..job_operators import BuildOperator, owner_in, refuse
from ..server_panel import wrapped
from ..viewports import ClickOperator, Viewport, ray_under_mouse
from . import building, curves, examination, likeness, moving_diorama, rig
from .errors import PortraitError

POPUP_WIDTH = 420


class ZOGRASCOPE_OT_examine_portrait(BuildOperator):
    """See which faces there are, and what will go badly, before anything is moved"""

    bl_idname = "zograscope.examine_portrait"
    bl_label = "Examine"
    capability = building.NAME

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job; picture and handles are shown when its result is here."""
        return building.start_examination(context.scene)


class ZOGRASCOPE_OT_move_portrait(BuildOperator):
    """Move the portrait as the driver moves. Where it moves already, only its files change"""

    bl_idname = "zograscope.move_portrait"
    bl_label = "Move the Portrait"
    capability = building.NAME

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job; frames are shown as they come."""
        return building.start_moving(context.scene)


class ZOGRASCOPE_OT_track_driver(BuildOperator):
    """Read the driver's expressions and head movement into F-curves"""

    bl_idname = "zograscope.track_driver"
    bl_label = "Track Driver"
    capability = building.NAME

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job; an empty with the curves is there when its result is."""
        return building.start_tracking(context.scene)


class ZOGRASCOPE_OT_make_portrait_rig(BuildOperator):
    """Make the portrait's head a mesh with shape keys, to pose, light and render by hand"""

    bl_idname = "zograscope.make_portrait_rig"
    bl_label = "Make Rig"
    capability = building.NAME

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job."""
        return building.start_rig(context.scene)


class ZOGRASCOPE_OT_choose_face(ClickOperator):
    """Click on a face of the examined portrait: it is the one that moves; Esc ends"""

    bl_idname = "zograscope.choose_face"
    bl_label = "Choose Face by Click"
    bl_options = {"UNDO"}
    prompt = "Click on the face that is to move; Esc ends"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs an examined portrait, and a viewport to click in."""
        return building.examined(context.scene) is not None and super().poll(context)

    def clicked(self, context: bpy.types.Context, viewport: Viewport, x: int, y: int) -> None:
        """Choose what is under the mouse."""
        found = building.examined(context.scene)
        face = found.face_along(*ray_under_mouse(viewport, x, y))
        if face is not None:
            context.scene.zograscope_portrait.face = face
            found.choose_face(face)


class _OfExamined(bpy.types.Operator):
    """What needs an examined portrait."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs an examined portrait."""
        return building.examined(context.scene) is not None


class ZOGRASCOPE_OT_reset_handles(_OfExamined):
    """Put the handles back to where the face's points were found"""

    bl_idname = "zograscope.reset_handles"
    bl_label = "Reset Handles"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Put them back."""
        found = building.examined(context.scene)
        found.choose_face(found.root[examination.FACE])
        return {"FINISHED"}


class _OfCurves(bpy.types.Operator):
    """What needs a driver's curves."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs curves in the file."""
        return tracked_head(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Take the curves over, or say why not."""
        try:
            self.take(context, tracked_head(context))
        except PortraitError as error:
            return refuse(self, error, owner_in(context, building.NAME))
        return {"FINISHED"}

    def take(self, context: bpy.types.Context, head: bpy.types.Object) -> None:
        """Take the curves over."""
        raise NotImplementedError


def tracked_head(context: bpy.types.Context) -> bpy.types.Object | None:
    """Return the driver's empty that the artist means: here, or else in any scene."""
    scenes = (context.scene, *bpy.data.scenes)
    return next((head for scene in scenes if (head := curves.find(scene)) is not None), None)


class ZOGRASCOPE_OT_bake_curves(_OfCurves):
    """Key the shape keys of the selected meshes that have ARKit's names as the driver moves"""

    bl_idname = "zograscope.bake_curves"
    bl_label = "Bake onto Mesh"

    def take(self, context: bpy.types.Context, head: bpy.types.Object) -> None:
        """Write the key frames."""
        meshes = [item for item in context.selected_objects if item.type == "MESH"]
        if not sum(curves.bake_onto(mesh, head) for mesh in meshes):
            raise PortraitError("no-expressions")


class ZOGRASCOPE_OT_drive_rig(_OfCurves):
    """Let the portrait's rig move as the driver does: expressions and head"""

    bl_idname = "zograscope.drive_rig"
    bl_label = "Drive Rig"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a rig too."""
        return rig.selected_rig(context) is not None and super().poll(context)

    def take(self, context: bpy.types.Context, head: bpy.types.Object) -> None:
        """Write the key frames."""
        chosen = rig.selected_rig(context)
        curves.bake_onto(chosen.mesh, head)
        curves.turn(chosen.head, head)


class ZOGRASCOPE_OT_still_diorama(bpy.types.Operator):
    """Let the diorama show its still picture again"""

    bl_idname = "zograscope.still_diorama"
    bl_label = "Back to the Still Picture"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a diorama that moves."""
        diorama = selected_diorama(context)
        return diorama is not None and moving_diorama.moves(diorama)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Put the picture back."""
        moving_diorama.show_still(selected_diorama(context))
        return {"FINISHED"}


class ZOGRASCOPE_OT_likeness(bpy.types.Operator):
    """Read what to think of before a likeness moves"""

    bl_idname = "zograscope.likeness"
    bl_label = likeness.TITLE

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Show the words at once."""
        return context.window_manager.invoke_popup(self, width=POPUP_WIDTH)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the words, and the way to the whole page."""
        for words in likeness.WORDS:
            column = self.layout.column(align=True)
            column.scale_y = 0.8
            for line in wrapped(words, context, POPUP_WIDTH):
                column.label(text=line)
        self.layout.operator_context = "EXEC_DEFAULT"
        self.layout.operator(self.bl_idname, text="Read the Whole Page", icon="TEXT")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Open the page, which is a text of the file from then on."""
        page = likeness.text()
        if not bpy.app.background:
            likeness.show(page)
        return {"FINISHED"}


_CLASSES = (
    ZOGRASCOPE_OT_examine_portrait,
    ZOGRASCOPE_OT_move_portrait,
    ZOGRASCOPE_OT_track_driver,
    ZOGRASCOPE_OT_make_portrait_rig,
    ZOGRASCOPE_OT_choose_face,
    ZOGRASCOPE_OT_reset_handles,
    ZOGRASCOPE_OT_bake_curves,
    ZOGRASCOPE_OT_drive_rig,
    ZOGRASCOPE_OT_still_diorama,
    ZOGRASCOPE_OT_likeness,
)
register, unregister = bpy.utils.register_classes_factory(_CLASSES)
