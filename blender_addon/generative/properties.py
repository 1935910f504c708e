"""What the artist chooses for the next walk, samples, map and training, kept in the scene."""

from typing import Any

import bpy
from zograscope_protocol.generative.tasks import (
    COLOURS,
    CROPS,
    LOSSES,
    MOST_FRAMES,
    MOST_KEYFRAMES,
    MOST_SAMPLES,
    MOST_SEED,
    MOST_SIDE,
    STRONGEST,
)

from ..scene_settings import BESIDE_THE_FILE, scene_settings
from . import samples

DEFAULT_MODEL = "default"
DIRECTIONS = 6
"""Semantic directions that have a slider: the first of the model, which change most."""

PATHS = {
    "smooth": ("Smooth", "A smooth curve through the keyframes"),
    "linear": ("Straight", "Straight from keyframe to keyframe"),
    "spherical": ("Great Circle", "Along great circles from keyframe to keyframe"),
    "noise": ("Drift", "Smooth chance, without keyframes"),
}
SHOWS = {
    "PLANE": ("On a Plane", "Before a camera that sees exactly the picture"),
    "SEQUENCER": ("In the Sequencer", "As a strip, beside its sound"),
    "WORLD": ("As a World", "All around, in mirrored tiles without a seam"),
    "RELIEF": ("As a Landscape", "A surface with relief, coloured by the picture"),
}
HEIGHTS = {
    "BRIGHTNESS": ("Brightness", "What is light is high"),
    "DEPTH": ("Depth", "Each frame goes through the depth model too; what is near is high"),
}
CROP_HELP = {
    "whole": "Each picture as a whole",
    "tiles": "Squares from anywhere: for large maps, prints and textures",
    "faces": "Around the faces that are found",
}
COLOUR_HELP = {
    "colour": "As the collection is",
    "grey": "From black to white: learns sooner",
}
LOSS_HELP = {
    "hinge": "As in the paper of FastGAN",
    "relativistic": "Real against made in pairs, as in R3GAN",
}


def _show_badges(keyframe: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    scene: Any = keyframe.id_data
    samples.show_badges(scene, scene.zograscope_generative)


class Keyframe(bpy.types.PropertyGroup):
    """A place that a walk goes through: a sample's seed, or the latent of a picture."""

    seed: bpy.props.IntProperty(
        name="Seed", description="Of a sample", min=0, max=MOST_SEED, update=_show_badges
    )
    title: bpy.props.StringProperty(description="Of the picture that was found")
    shape: bpy.props.IntVectorProperty(size=2, description="Of the latent")
    latent: bpy.props.StringProperty(description="float32 numbers in base 64; empty for a seed")


class GenerativeSettings(bpy.types.PropertyGroup):
    """The choices for what a model dreams next, and for the next model."""

    # Text, since the server's catalogue is not known while a file is read or no server runs.
    model: bpy.props.StringProperty(name="Model", description="What dreams", default=DEFAULT_MODEL)
    path: bpy.props.EnumProperty(
        name="Path",
        description="How the walk goes from keyframe to keyframe",
        items=[(name, title, text) for name, (title, text) in PATHS.items()],
    )
    keyframes: bpy.props.CollectionProperty(
        name="Keyframes", description="What the walk goes through", type=Keyframe
    )
    keyframe_index: bpy.props.IntProperty(name="Keyframe", description="Which one is selected")
    stops: bpy.props.IntProperty(
        name="Stops",
        description="How many keyframes are drawn by chance where none are listed",
        default=4,
        min=2,
        max=MOST_KEYFRAMES,
        soft_max=16,
    )
    seed: bpy.props.IntProperty(
        name="Seed", description="Of all chance in the walk", min=0, max=MOST_SEED
    )
    frames: bpy.props.IntProperty(
        name="Frames",
        description="Of the whole walk",
        default=120,
        min=1,
        max=MOST_FRAMES,
        soft_max=2000,
    )
    rate: bpy.props.FloatProperty(
        name="Rate",
        description="Frames a second, in a scene of its own; elsewhere the scene's",
        default=24.0,
        min=1.0,
        max=240.0,
    )
    loop: bpy.props.BoolProperty(
        name="Loop", description="Return to the beginning, and repeat without end", default=True
    )
    even: bpy.props.BoolProperty(
        name="Even Speed",
        description="Let the picture change equally much from each frame to the next",
        default=True,
    )
    truncation: bpy.props.FloatProperty(
        name="Truncation",
        description="How far from the average image: 1 as learnt, 0 only the average",
        default=1.0,
        min=0.0,
        max=2.0,
        soft_max=1.0,
    )
    directions: bpy.props.FloatVectorProperty(
        name="Directions",
        description="How far all images are moved along what the model varies most",
        size=DIRECTIONS,
        min=-STRONGEST,
        max=STRONGEST,
        soft_min=-3.0,
        soft_max=3.0,
    )
    mix: bpy.props.BoolProperty(name="Mix", description="Let another image give the finer details")
    mix_seed: bpy.props.IntProperty(
        name="Details Of", description="Seed of the other image", min=0, max=MOST_SEED
    )
    mix_from: bpy.props.IntProperty(
        name="From",
        description="Details from this size on: pixels of the image's shorter side",
        default=32,
        min=1,
        max=MOST_SIDE,
    )
    sound: bpy.props.StringProperty(
        name="Sound",
        description="A sound file that drives the walk",
        subtype="FILE_PATH",
        options=BESIDE_THE_FILE,
    )
    sound_strip: bpy.props.StringProperty(
        name="Or Strip",
        description="A sound strip of this scene's sequencer in its place, as it is trimmed",
    )
    sound_strength: bpy.props.FloatProperty(
        name="Strength",
        description="How far sound drives speed and directions; 0 not at all",
        default=1.0,
        min=0.0,
        max=STRONGEST,
        soft_max=3.0,
    )
    sound_length: bpy.props.BoolProperty(
        name="As Long as the Sound", description="Rather than so many frames", default=True
    )
    credit: bpy.props.StringProperty(
        name="Credit", description="Words written into the frames' lower corner"
    )
    show: bpy.props.EnumProperty(
        name="Show",
        description="Where the walk appears",
        items=[(name, title, text) for name, (title, text) in SHOWS.items()],
    )
    height: bpy.props.EnumProperty(
        name="Height",
        description="What makes a landscape high",
        items=[(name, title, text) for name, (title, text) in HEIGHTS.items()],
    )
    in_place: bpy.props.BoolProperty(
        name="In Its Place",
        description="Put the frames in the place of the walk that this scene shows, whose "
        "objects, materials, strips and keys stay as they are",
        default=True,
    )
    own_scene: bpy.props.BoolProperty(
        name="Own Scene",
        description="Build in a new scene, its colours untouched, and leave the present one as it "
        "is",
        default=True,
    )
    warnings: bpy.props.StringProperty(description="What the last result warns of; a line each")
    job_id: bpy.props.StringProperty(description="The job that this scene waits for")

    sample_count: bpy.props.IntProperty(
        name="Samples",
        description="How many are shown",
        default=64,
        min=1,
        max=MOST_SAMPLES,
        soft_max=256,
    )
    sample_seed: bpy.props.IntProperty(
        name="From Seed", description="Of the first sample", min=0, max=MOST_SEED
    )
    map_seed: bpy.props.IntProperty(
        name="Map", description="Another seed, another map", min=0, max=MOST_SEED
    )
    picture: bpy.props.StringProperty(
        name="Picture",
        description="What is sought among the model's images",
        subtype="FILE_PATH",
        options=BESIDE_THE_FILE,
    )
    project_steps: bpy.props.IntProperty(
        name="Steps", description="Of the search", default=200, min=1, max=10_000, soft_max=1000
    )
    mosaic_count: bpy.props.IntProperty(
        name="Dreams", description="How many are laid out", default=200, min=2, max=MOST_SAMPLES
    )

    train_collection: bpy.props.StringProperty(
        name="Collection",
        description="A folder of images, a CSV or TSV table, or a IIIF manifest (file or address)",
        subtype="FILE_PATH",
        options=BESIDE_THE_FILE,
    )
    train_name: bpy.props.StringProperty(name="Name", description="Of the model")
    train_rights: bpy.props.StringProperty(
        name="Rights", description="Of the collection, in your words, for the model's card"
    )
    train_size: bpy.props.IntVectorProperty(
        name="Size",
        description="Width and height in pixels: 64 x 64, 96 x 64, 128 x 192, 256 x 256 and so on",
        size=2,
        default=(64, 64),
        min=64,
        max=MOST_SIDE,
    )
    train_colours: bpy.props.EnumProperty(
        name="Colours",
        description="Whether the model dreams in colour",
        items=[(name, name.capitalize(), COLOUR_HELP[name]) for name in COLOURS],
    )
    train_crop: bpy.props.EnumProperty(
        name="Crop",
        description="What of each picture is learnt",
        items=[(name, name.capitalize(), CROP_HELP[name]) for name in CROPS],
    )
    train_duplicates: bpy.props.BoolProperty(
        name="Keep Duplicates", description="Learn from near duplicates too"
    )
    train_minutes: bpy.props.FloatProperty(
        name="Minutes", description="Of computing", default=10.0, min=0.01, max=100_000.0
    )
    train_seed: bpy.props.IntProperty(
        name="Seed", description="Of all chance", min=0, max=MOST_SEED
    )
    train_batch: bpy.props.IntProperty(
        name="Batch", description="Images of one step", default=8, min=2, max=256
    )
    train_loss: bpy.props.EnumProperty(
        name="Loss",
        description="How the two networks are judged",
        items=[(name, name.capitalize(), LOSS_HELP[name]) for name in LOSSES],
    )
    train_guess_augmentation: bpy.props.BoolProperty(
        name="Guess Augmentation",
        description="Let the discriminator guess how its images were changed",
    )
    train_normalise: bpy.props.BoolProperty(
        name="Normalise", description="Keep the discriminator's layers from growing"
    )
    train_metrics: bpy.props.StringProperty(description="Of the latest samples, as JSON")
    train_job: bpy.props.StringProperty(description="The training that this scene waits for")


register, unregister = scene_settings("zograscope_generative", GenerativeSettings, Keyframe)
