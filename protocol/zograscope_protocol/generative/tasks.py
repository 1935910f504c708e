"""What the tasks of dreaming can be asked; TASKS.md describes their inputs and results."""

from dataclasses import dataclass
from typing import Any

from zograscope_protocol.errors import quoted
from zograscope_protocol.generative import results
from zograscope_protocol.options import (
    Options,
    choice,
    flag,
    number,
    option,
    refusal,
    text,
    texts,
    whole,
)

# Training

COLOURS = ("colour", "grey")
CROPS = ("whole", "tiles", "faces")
LOSSES = ("hinge", "relativistic")
LEAST_SIDE, MOST_SIDE = 64, 1024
"""Pixels of an image's shorter and longer side."""

LEAST_BASE, MOST_BASE = 4, 7
"""Cells of the shorter side of the base grid, which is doubled until it is the image."""

# Walks

PATHS = ("smooth", "linear", "spherical", "noise", "map")
MOST_FRAMES = 100_000
MOST_SEED = 2**31 - 1
MOST_KEYFRAMES = 1000
MOST_SAMPLES = 4096
STRONGEST = 10.0
"""Of a direction, in spreads of the styles along it."""

Direction = tuple[int, float]


def is_seed(text: str) -> bool:
    """Whether a text is the number of a sample, 0 to MOST_SEED."""
    return text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= MOST_SEED


def base_grid(width: int, height: int) -> tuple[int, int, int] | None:
    """Return columns and rows of the grid that becomes an image, and how often it is doubled.

    None for sizes that no such grid gives: the shorter side of the grid has 4 to 7 cells.
    """
    short, doublings = min(width, height), 0
    while short > MOST_BASE:
        short, doublings = short // 2, doublings + 1
    whole_grid = width % 2**doublings == 0 and height % 2**doublings == 0
    return (width >> doublings, height >> doublings, doublings) if whole_grid else None


def _read_directions(name: str, value: Any) -> tuple[Direction, ...]:
    if not isinstance(value, list | tuple):
        raise refusal(f"the {name} are {quoted(value)}, but must be a list of [number, strength]")
    return tuple(_read_direction(entry) for entry in value)


def _read_direction(entry: Any) -> Direction:
    shaped = isinstance(entry, list | tuple) and len(entry) == 2
    if not shaped or not all(type(part) in (int, float) for part in entry):
        wanted = "it must be its number, from 0, and a strength"
        raise refusal(f"{quoted(entry)} is no direction: {wanted}")
    index, strength = entry
    if not (0 <= index < 512 and index == int(index) and abs(strength) <= STRONGEST):
        wanted = f"from 0 to 511 with a strength up to {STRONGEST}"
        raise refusal(f"{quoted(entry)} is no direction {wanted}")
    return int(index), float(strength)


@dataclass(frozen=True)
class TrainOptions(Options):
    """How a generator is trained on a collection. One of `minutes` and `images` ends it.

    Attributes:
        collection: a folder, a table or a IIIF manifest, as for a mosaic.
        name: of the model that comes of it, in the server's catalogue.
        rights: of the collection, for the model's card; free words.
        online: whether images may be fetched.
        width, height: of the images that it makes, in pixels.
        colours: whether it makes colour or grey.
        crop: how pictures are cut: their whole, random tiles, or around faces.
        duplicates: whether near duplicates are kept.
        minutes: of computing; None with `images`.
        images: that the discriminator is shown, in thousands; None with `minutes`.
        seed: of all chance.
        batch: images of one step.
        rate: of learning; None takes what suits size and batch.
        channels: of the widest layers, over 16; None takes what suits size and device.
        loss: of the game of both networks.
        guess_augmentation: whether the discriminator also learns how its images were changed.
        normalise: whether the discriminator's layers are kept from growing.
        sample_every: sample grids at most this far apart, in minutes.
    """

    task = "train"
    result = results.TRAINING
    part = results.LOOK
    collection: str = text("")
    name: str = text("")
    rights: str = text("")
    online: bool = flag(default=True)
    width: int = whole(LEAST_SIDE, MOST_SIDE, default=64)
    height: int = whole(LEAST_SIDE, MOST_SIDE, default=64)
    colours: str = choice(COLOURS)
    crop: str = choice(CROPS)
    duplicates: bool = flag(default=False)
    minutes: float | None = number(0.01, 100_000.0, default=None)
    images: float | None = number(0.001, 1e6, default=None)
    seed: int = whole(0, MOST_SEED, default=0)
    batch: int = whole(2, 256, default=8)
    rate: float | None = number(1e-6, 0.1, default=None)
    channels: int | None = whole(4, 128, default=None)
    loss: str = choice(LOSSES)
    guess_augmentation: bool = flag(default=False)
    normalise: bool = flag(default=False)
    sample_every: float = number(0.01, 1000.0, default=1.0)

    def check(self) -> None:
        """Refuse sizes that no grid gives, and a training without an end."""
        if base_grid(self.width, self.height) is None:
            raise refusal(
                f"an image of {self.width} x {self.height} pixels cannot be made by doubling a "
                f"small grid; 64 x 64, 96 x 64, 128 x 192 and 256 x 320 can"
            )


@dataclass(frozen=True)
class _LookOptions(Options):
    """What all images that a model makes can be asked.

    Attributes:
        model: of the catalogue, or `default`.
        seed: of what is drawn by chance, and of the noise, which stays the same along a walk.
        truncation: how far from the average image: 1 as learnt, 0 only the average.
        directions: semantic directions of the model, as [number, strength].
        mix_seed: of another image that gives the styles of finer resolutions; None mixes nothing.
        mix_from: pixels of the shorter side from which `mix_seed` gives the styles.
        credit: words that are written into the lower corner; none without.
    """

    model: str = text("default")
    seed: int = whole(0, MOST_SEED, default=0)
    truncation: float = number(0.0, 2.0, default=1.0)
    directions: tuple[Direction, ...] = option(_read_directions, default=())
    mix_seed: int | None = whole(0, MOST_SEED, default=None)
    mix_from: int = whole(1, MOST_SIDE, default=32)
    credit: str = text("")


@dataclass(frozen=True)
class WalkOptions(_LookOptions):
    """How a model is walked through.

    Attributes:
        path: how the walk goes from keyframe to keyframe: along a smooth curve, straight, along a
            great circle, on smooth noise without keyframes, or through the latent map (`map_seed`)
            along the input `places`.
        keyframes: in order: a seed such as `17`, or the name of an input with a latent. None
            takes `stops` seeds that are drawn from `seed`.
        stops: how many keyframes are drawn where none are named.
        loop: whether the walk returns to its beginning.
        even: whether the picture changes at constant speed along the whole walk.
        frames: of the whole walk; None takes as many as the input `audio` has, or else 120.
        first, last: the frames that are made, of the whole walk; `last` is one of them, None the
            last there is.
        rate: frames for each second.
        audio_name: of the input `audio`, for sentences.
        audio_strength: how far sound drives speed and directions; 0 not at all.
        map_seed: of the latent map through which `places` leads.
    """

    task = "walk"
    result = results.WALK
    part = results.FRAME
    path: str = choice(PATHS)
    keyframes: tuple[str, ...] = texts(())
    stops: int = whole(2, MOST_KEYFRAMES, default=4)
    loop: bool = flag(default=True)
    even: bool = flag(default=True)
    frames: int | None = whole(1, MOST_FRAMES, default=None)
    first: int = whole(0, MOST_FRAMES, default=0)
    last: int | None = whole(0, MOST_FRAMES, default=None)
    rate: float = number(1.0, 240.0, default=24.0)
    audio_name: str = text("sound")
    audio_strength: float = number(0.0, STRONGEST, default=1.0)
    map_seed: int = whole(0, MOST_SEED, default=0)

    def check(self) -> None:
        """Refuse too many keyframes, or only one, and frames in the wrong order."""
        if len(self.keyframes) == 1 or len(self.keyframes) > MOST_KEYFRAMES:
            raise refusal(f"a walk goes through 2 to {MOST_KEYFRAMES} keyframes")
        if self.last is not None and self.last < self.first:
            raise refusal(f"the last frame ({self.last}) comes before the first ({self.first})")


@dataclass(frozen=True)
class SamplesOptions(_LookOptions):
    """Which samples of a model are made.

    Attributes:
        seeds: of the samples, as texts; none takes `count` from `seed` on.
        count: of samples.
        columns: of the grid; None makes it about square.
        originals: whether the nearest images of the model's collection are looked up.
    """

    task = "samples"
    result = results.SAMPLES
    part = results.SAMPLE
    seeds: tuple[str, ...] = texts(())
    count: int = whole(1, MOST_SAMPLES, default=64)
    columns: int | None = whole(1, MOST_SAMPLES, default=None)
    originals: bool = flag(default=False)

    def check(self) -> None:
        """Refuse seeds that are none."""
        for seed in self.seeds:
            if not is_seed(seed):
                raise refusal(f"{quoted(seed)} is no seed, a whole number from 0 to {MOST_SEED}")


@dataclass(frozen=True)
class LatentMapOptions(_LookOptions):
    """Which latent map is drawn: samples at the nodes of a grid, alike ones side by side.

    Attributes:
        side: samples of a side. Places go from 0 to 1, x to the right, y up.
    """

    task = "latent_map"
    result = results.LATENT_MAP
    side: int = whole(2, 32, default=8)


@dataclass(frozen=True)
class ProjectOptions(Options):
    """How a picture is sought in a model's latent space.

    Attributes:
        model: of the catalogue, or `default`.
        file_name: of the picture, for sentences.
        steps: of the search.
        seed: of its beginning, and of the noise.
    """

    task = "project"
    result = results.PROJECTION
    model: str = text("default")
    file_name: str = text("picture")
    steps: int = whole(1, 10_000, default=200)
    seed: int = whole(0, MOST_SEED, default=0)
