"""What an artist can do with models that dream: gather input, start a job, order keyframes."""

import bpy
from zograscope_protocol.job import Job

from ..job_operators import BuildOperator, JobOperator
from ..viewports import ClickOperator, Viewport, ray_under_mouse
from . import (
    boards,
    building,
    depths,
    keyframes,
    latent_map,
    mosaic_of_dreams,
    samples,
    training,
    walks,
)

EDITS = {
    "ADD": "Another keyframe",
    "REMOVE": "Take this keyframe away",
    "UP": "Go to this keyframe earlier",
    "DOWN": "Go to this keyframe later",
    "CLEAR": "Take all keyframes away",
}


class ZOGRASCOPE_OT_dream_walk(BuildOperator):
    """Walk through what the model dreams; where the scene has a walk, only its files change"""

    bl_idname = "zograscope.dream_walk"
    bl_label = "Dream a Walk"
    capability = building.NAME

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job; frames are shown as they come."""
        return building.start_walk(context.scene)


class ZOGRASCOPE_OT_walk_keyed_path(BuildOperator):
    """Walk where the latent map's point goes, from its first key to its last"""

    bl_idname = "zograscope.walk_keyed_path"
    bl_label = "Walk the Keyed Path"
    capability = building.NAME

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a latent map."""
        return latent_map.find(context.scene) is not None and super().poll(context)

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job; frames are shown as they come."""
        return building.start_keyed_walk(context.scene)


class ZOGRASCOPE_OT_show_samples(JobOperator):
    """Show what the model dreams, to choose keyframes from"""

    bl_idname = "zograscope.show_samples"
    bl_label = "Show Samples"
    capability = building.NAME

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job; the samples are shown when its result is here."""
        return building.start_samples(context.scene)


class ZOGRASCOPE_OT_show_latent_map(JobOperator):
    """Show samples where they lie, with a point to move between them"""

    bl_idname = "zograscope.show_latent_map"
    bl_label = "Show Latent Map"
    capability = building.NAME

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job; the map is shown when its result is here."""
        return building.start_map(context.scene)


class ZOGRASCOPE_OT_project_picture(JobOperator):
    """Seek the picture among what the model can dream; what is found becomes a keyframe"""

    bl_idname = "zograscope.project_picture"
    bl_label = "Find Picture"
    capability = building.NAME

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job; the keyframe is there when its result is."""
        return building.start_projection(context.scene)


class ZOGRASCOPE_OT_mosaic_of_dreams(JobOperator):
    """Lay many dreams out beside the originals that are nearest to them, as a mosaic"""

    bl_idname = "zograscope.mosaic_of_dreams"
    bl_label = "Mosaic of Dreams"
    capability = building.NAME

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job; the mosaic's own begins when its result is here."""
        return mosaic_of_dreams.start(context.scene)


class ZOGRASCOPE_OT_train_model(JobOperator):
    """Train a model of the collection; it goes on beside your work, and can rest"""

    bl_idname = "zograscope.train_model"
    bl_label = "Train"
    capability = building.NAME
    watched = False

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only one at a time in a scene."""
        return not training.is_running(context.scene.zograscope_generative)

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job; its samples are shown as they come."""
        return training.start(context.scene)


class ZOGRASCOPE_OT_pick_samples(ClickOperator):
    """Click on samples, in the order of the walk; click again to take one back; Esc ends"""

    bl_idname = "zograscope.pick_samples"
    bl_label = "Pick Keyframes"
    bl_options = {"UNDO"}
    prompt = "Click on samples in the order of the walk, again to take one back; Esc ends"
    many = True

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs samples, and a viewport to click in."""
        return boards.find(context.scene, samples.KIND) is not None and super().poll(context)

    def clicked(self, context: bpy.types.Context, viewport: Viewport, x: int, y: int) -> None:
        """Take the sample under the mouse, or take it back."""
        board = boards.find(context.scene, samples.KIND)
        if board is None:
            return
        settings = context.scene.zograscope_generative
        seed = samples.seed_along(board, *ray_under_mouse(viewport, x, y))
        if seed is not None:
            keyframes.toggle_seed(settings, seed)
            samples.show_badges(context.scene, settings)


class ZOGRASCOPE_OT_edit_keyframes(bpy.types.Operator):
    """Add a keyframe, take one away, or move it"""

    bl_idname = "zograscope.edit_keyframes"
    bl_label = "Keyframes"
    bl_options = {"UNDO"}

    action: bpy.props.EnumProperty(
        name="Action",
        description="What is done to the list",
        items=[(name, name.capitalize(), text) for name, text in EDITS.items()],
    )

    @classmethod
    def description(
        cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties
    ) -> str:
        """Say what the action does."""
        return EDITS[properties.action]

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Change the list."""
        settings = context.scene.zograscope_generative
        index, count = settings.keyframe_index, len(settings.keyframes)
        if self.action == "ADD":
            last = settings.keyframes[-1].seed + 1 if count else settings.sample_seed
            keyframes.add_seed(settings, last)
        elif self.action == "CLEAR":
            settings.keyframes.clear()
            settings.keyframe_index = 0
        elif not 0 <= index < count:
            return {"CANCELLED"}
        elif self.action == "REMOVE":
            keyframes.remove(settings, index)
        else:
            target = index + (-1 if self.action == "UP" else 1)
            if not 0 <= target < count:
                return {"CANCELLED"}
            settings.keyframes.move(index, target)
            settings.keyframe_index = target
        samples.show_badges(context.scene, settings)
        return {"FINISHED"}


class ZOGRASCOPE_OT_go_on_with_depth(bpy.types.Operator):
    """Let the depth model see the frames that it has not seen yet"""

    bl_idname = "zograscope.go_on_with_depth"
    bl_label = "Go On with Depth"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a landscape by depth, some frames of which lack it."""
        image = walks.find(context.scene)
        return image is not None and depths.is_lacking(image) and not depths.is_running(image)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask for the first of them."""
        depths.resume(walks.find(context.scene))
        return {"FINISHED"}


_CLASSES = (
    ZOGRASCOPE_OT_dream_walk,
    ZOGRASCOPE_OT_walk_keyed_path,
    ZOGRASCOPE_OT_show_samples,
    ZOGRASCOPE_OT_show_latent_map,
    ZOGRASCOPE_OT_project_picture,
    ZOGRASCOPE_OT_mosaic_of_dreams,
    ZOGRASCOPE_OT_train_model,
    ZOGRASCOPE_OT_pick_samples,
    ZOGRASCOPE_OT_edit_keyframes,
    ZOGRASCOPE_OT_go_on_with_depth,
)
register, unregister = bpy.utils.register_classes_factory(_CLASSES)
