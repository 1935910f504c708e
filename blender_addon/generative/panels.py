"""The sidebar's panels for models that dream: they draw, and nothing else."""

from typing import Any

import bpy

from ..frame_sequences import FRAMES_MARK
from ..lighting import draw_lit
from ..model_menu import draw_model
from ..node_wiring import draw_input
from ..selection import is_another_s
from ..server_panel import NEW, SELECTED, Sidebar, draw_warnings
from . import boards, building, depths, latent_map, relief, samples, training, walks


class ZOGRASCOPE_UL_keyframes(bpy.types.UIList):
    """The keyframes of a walk, in order."""

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        data: Any,
        item: Any,
        icon: int,
        active_data: Any,
        active_property: str,
        index: int = 0,
        flt_flag: int = 0,
    ) -> None:
        """Draw one of them."""
        row = layout.row()
        row.label(text=f"{index + 1}", icon="IMAGE_DATA" if item.latent else "KEYFRAME")
        if item.latent:
            row.label(text=item.title)
        else:
            row.prop(item, "seed", text="", emboss=False)


class ZOGRASCOPE_PT_dreams(Sidebar):
    """What the next walk goes through."""

    bl_label = "Dreams"
    topic = "dreams"
    presets = "generative"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = NEW

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, settings = self.layout, context.scene.zograscope_generative
        layout.use_property_split = True
        layout.use_property_decorate = False
        draw_model(layout, building.NAME, settings.model)
        layout.prop(settings, "path")
        column = layout.column(align=True)
        column.prop(settings, "seed")
        row = column.row()
        sounds = bool(settings.sound or settings.sound_strip)
        row.enabled = not (sounds and settings.sound_length)
        row.prop(settings, "frames")
        row = column.row()
        row.enabled = settings.own_scene
        row.prop(settings, "rate")
        column = layout.column(heading="Options")
        column.prop(settings, "loop")
        column.prop(settings, "even")
        row = layout.row()
        row.scale_y = 1.5
        row.operator("zograscope.dream_walk", icon="RENDER_ANIMATION")
        warnings = context.scene.zograscope_generative.warnings.split("\n")
        draw_warnings(layout, context, warnings)


def _draw_keyframes(
    layout: bpy.types.UILayout, context: bpy.types.Context, settings: bpy.types.PropertyGroup
) -> None:
    """Draw what the walk goes through, and the samples to choose from."""
    row = layout.row(align=True)
    row.operator("zograscope.show_samples", icon="IMAGE_REFERENCE")
    if boards.find(context.scene, samples.KIND) is not None:
        row.operator("zograscope.pick_samples", icon="EYEDROPPER")
    row = layout.row(align=True)
    row.prop(settings, "sample_count")
    row.prop(settings, "sample_seed", text="From")
    row = layout.row()
    shown = ("zograscope_generative_keyframes", settings, "keyframes", settings, "keyframe_index")
    row.template_list("ZOGRASCOPE_UL_keyframes", *shown, rows=3)
    column = row.column(align=True)
    edit = "zograscope.edit_keyframes"
    column.operator(edit, text="", icon="ADD").action = "ADD"
    column.operator(edit, text="", icon="REMOVE").action = "REMOVE"
    column.operator(edit, text="", icon="TRIA_UP").action = "UP"
    column.operator(edit, text="", icon="TRIA_DOWN").action = "DOWN"
    column.operator(edit, text="", icon="X").action = "CLEAR"
    if not settings.keyframes:
        layout.prop(settings, "stops")


class ZOGRASCOPE_PT_landscape(Sidebar):
    """How the scene's landscape rises, and how far its depth is."""

    bl_label = "Landscape"
    topic = "dreams"
    bl_order = SELECTED

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where there is one, and nothing else is meant."""
        image = walks.find(context.scene)
        if image is None or is_another_s(context.object, building.NAME):
            return False
        return any(relief.landscapes(image)) or depths.is_lacking(image)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, image = self.layout, walks.find(context.scene)
        layout.use_property_split = True
        for item, modifier in relief.landscapes(image):
            column = layout.column(align=True)
            for name in ("Strength", "Detail", "Smoothing"):
                draw_input(column, modifier, name)
            draw_lit(layout, item)
        if depths.is_lacking(image):
            row = layout.row()
            row.label(text=f"Depth of {depths.done(image)} of {image[FRAMES_MARK]} frames")
            row.operator("zograscope.go_on_with_depth", text="Go On", icon="PLAY")


class _Part(Sidebar):
    """A part of the panel, closed at first."""

    bl_parent_id = "ZOGRASCOPE_PT_dreams"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, settings = self.layout, context.scene.zograscope_generative
        layout.use_property_split = True
        layout.use_property_decorate = False
        self.draw_part(layout, context, settings)

    @staticmethod
    def draw_part(
        layout: bpy.types.UILayout, context: bpy.types.Context, settings: bpy.types.PropertyGroup
    ) -> None:
        """Draw what is in it."""
        raise NotImplementedError


class ZOGRASCOPE_PT_dreams_keyframes(_Part, bpy.types.Panel):
    """What the walk goes through."""

    bl_label = "Keyframes"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where a walk goes from one to the next."""
        return context.scene.zograscope_generative.path != "noise"

    @staticmethod
    def draw_part(
        layout: bpy.types.UILayout, context: bpy.types.Context, settings: bpy.types.PropertyGroup
    ) -> None:
        """Draw what is in it."""
        _draw_keyframes(layout, context, settings)


class ZOGRASCOPE_PT_dreams_place(_Part, bpy.types.Panel):
    """Where the walk is shown, and as what."""

    bl_label = "Where"

    @staticmethod
    def draw_part(
        layout: bpy.types.UILayout, context: bpy.types.Context, settings: bpy.types.PropertyGroup
    ) -> None:
        """Draw what is in it."""
        layout.prop(settings, "show")
        if settings.show == "RELIEF":
            layout.prop(settings, "height")
        column = layout.column()
        column.prop(settings, "own_scene")
        column.prop(settings, "in_place")


class ZOGRASCOPE_PT_dreams_look(_Part, bpy.types.Panel):
    """How all images look."""

    bl_label = "Look"

    @staticmethod
    def draw_part(
        layout: bpy.types.UILayout, context: bpy.types.Context, settings: bpy.types.PropertyGroup
    ) -> None:
        """Draw what is in it."""
        layout.prop(settings, "truncation", slider=True)
        column = layout.column(align=True)
        for index in range(len(settings.directions)):
            text = f"Direction {index + 1}"
            column.prop(settings, "directions", index=index, text=text, slider=True)
        column = layout.column(align=True)
        column.prop(settings, "mix")
        if settings.mix:
            column.prop(settings, "mix_seed")
            column.prop(settings, "mix_from")
        layout.prop(settings, "credit")


class ZOGRASCOPE_PT_dreams_sound(_Part, bpy.types.Panel):
    """What sound drives the walk."""

    bl_label = "Sound"

    @staticmethod
    def draw_part(
        layout: bpy.types.UILayout, context: bpy.types.Context, settings: bpy.types.PropertyGroup
    ) -> None:
        """Draw what is in it."""
        row = layout.row()
        row.enabled = not settings.sound_strip
        row.prop(settings, "sound")
        editor = context.scene.sequence_editor
        if editor is not None:
            layout.prop_search(settings, "sound_strip", editor, "strips_all")
        layout.prop(settings, "sound_strength", slider=True)
        layout.prop(settings, "sound_length")


class ZOGRASCOPE_PT_dreams_map(_Part, bpy.types.Panel):
    """Samples where they lie, and a path over them."""

    bl_label = "Latent Map"

    @staticmethod
    def draw_part(
        layout: bpy.types.UILayout, context: bpy.types.Context, settings: bpy.types.PropertyGroup
    ) -> None:
        """Draw what is in it."""
        layout.prop(settings, "map_seed")
        layout.operator("zograscope.show_latent_map", icon="LIGHTPROBE_VOLUME")
        found = latent_map.find(context.scene)
        if found is not None:
            layout.label(text="Place {:.2f}, {:.2f}".format(*found.place()), icon="EMPTY_AXIS")
            layout.operator("zograscope.walk_keyed_path", icon="ANIM")


class ZOGRASCOPE_PT_dreams_pictures(_Part, bpy.types.Panel):
    """Real pictures: found among the dreams, or beside them."""

    bl_label = "Beside Real Pictures"

    @staticmethod
    def draw_part(
        layout: bpy.types.UILayout, context: bpy.types.Context, settings: bpy.types.PropertyGroup
    ) -> None:
        """Draw what is in it."""
        layout.prop(settings, "picture")
        layout.prop(settings, "project_steps")
        layout.operator("zograscope.project_picture", icon="VIEWZOOM")
        layout.separator()
        layout.prop(settings, "mosaic_count")
        layout.operator("zograscope.mosaic_of_dreams", icon="MESH_GRID")


class ZOGRASCOPE_PT_dreams_training(_Part, bpy.types.Panel):
    """A new model, of a collection."""

    bl_label = "Train a Model"

    @staticmethod
    def draw_part(
        layout: bpy.types.UILayout, context: bpy.types.Context, settings: bpy.types.PropertyGroup
    ) -> None:
        """Draw what is in it."""
        for name in ("collection", "name", "rights", "size", "colours", "crop", "minutes"):
            layout.prop(settings, f"train_{name}")
        row = layout.row()
        row.scale_y = 1.5
        row.operator("zograscope.train_model", icon="OUTLINER_OB_LIGHTPROBE")
        _draw_metrics(layout, settings)


def _draw_metrics(layout: bpy.types.UILayout, settings: bpy.types.PropertyGroup) -> None:
    """Draw how a training goes."""
    known = training.metrics(settings)
    column = layout.column(align=True)
    for words in words_of(known):
        column.label(text=words)


def words_of(known: dict[str, Any]) -> list[str]:
    """Say what was measured of the latest samples."""
    said = {
        "images": lambda value: f"Images shown: {value:,.0f}",
        "frechet": lambda value: f"Fréchet distance to the collection: {value:.1f}",
        "diversity": lambda value: f"Diversity: {value:.0%} of the collection's",
        "nearest": lambda value: f"Nearest original: {value:.2f} of neighbours' distance",
        "remaining": lambda value: f"About {max(1, round(value / 60))} minutes to go",
    }
    return [words(known[name]) for name, words in said.items() if name in known]


class ZOGRASCOPE_PT_dreams_training_more(_Part, bpy.types.Panel):
    """What is rarely changed of a training."""

    bl_label = "Advanced"
    bl_parent_id = "ZOGRASCOPE_PT_dreams_training"

    @staticmethod
    def draw_part(
        layout: bpy.types.UILayout, context: bpy.types.Context, settings: bpy.types.PropertyGroup
    ) -> None:
        """Draw what is in it."""
        names = ("seed", "batch", "loss", "guess_augmentation", "normalise", "duplicates")
        for name in names:
            layout.prop(settings, f"train_{name}")


register, unregister = bpy.utils.register_classes_factory(
    (
        ZOGRASCOPE_UL_keyframes,
        ZOGRASCOPE_PT_landscape,
        ZOGRASCOPE_PT_dreams,
        ZOGRASCOPE_PT_dreams_keyframes,
        ZOGRASCOPE_PT_dreams_place,
        ZOGRASCOPE_PT_dreams_look,
        ZOGRASCOPE_PT_dreams_sound,
        ZOGRASCOPE_PT_dreams_map,
        ZOGRASCOPE_PT_dreams_pictures,
        ZOGRASCOPE_PT_dreams_training,
        ZOGRASCOPE_PT_dreams_training_more,
    )
)
