"""The tasks of dreaming as the protocol offers them.

Here inputs are checked and handed to plain functions; nothing is computed. The broker imports this
module, so whatever is heavy is imported inside the tasks.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np
from zograscope_protocol.errors import quoted
from zograscope_protocol.generative.tasks import (
    MOST_FRAMES,
    MOST_SEED,
    LatentMapOptions,
    ProjectOptions,
    SamplesOptions,
    WalkOptions,
    is_seed,
)
from zograscope_protocol.options import refusal

from zograscope_server.embedding.loading import PURPOSE as EMBEDDING
from zograscope_server.generative.about import read_card, text_of
from zograscope_server.generative.errors import GenerativeError
from zograscope_server.generative.loading import PURPOSE
from zograscope_server.generative.pictures import side_by_side, small
from zograscope_server.generative.training.task import train
from zograscope_server.models.catalogue import DEFAULT, find_model, revision_of
from zograscope_server.models.errors import ModelError
from zograscope_server.progress import part_of
from zograscope_server.tasks import TaskContext, TaskResult, required, task

if TYPE_CHECKING:
    from zograscope_server.generative.generator import Generator
    from zograscope_server.generative.walks.audio import Drive
    from zograscope_server.generative.walks.directions import Directions
    from zograscope_server.generative.walks.latent_map import LatentMap
    from zograscope_server.generative.walks.paths import Path as WalkPath
    from zograscope_server.generative.walks.speed import Pace
    from zograscope_server.generative.walks.styling import Styling
    from zograscope_server.generative.walks.walk import Walk
    from zograscope_server.progress import OnProgress

__all__ = ["latent_map", "project", "samples", "train", "walk"]


USUAL_FRAMES = 120
MEASURING = 0.2  # of a walk's work, as progress shows it
CHECKPOINTS, APART = 20, 100
"""At most so many in a job, and at least so many frames apart: a death costs no more."""

KEPT = "walk.npz"
"""In a checkpoint: the pace, and how much the picture changed until then."""

StyledOptions = WalkOptions | SamplesOptions | LatentMapOptions


def _model_revision(options: StyledOptions | ProjectOptions, models_folder: Path) -> str:
    try:
        return revision_of(options.model, models_folder, PURPOSE)
    except ModelError as error:
        if error.code != "unknown-model":
            raise
        raise GenerativeError("model-unknown", name=options.model) from error


@task(WalkOptions, version=1, cacheable=True, pausable=True, revision=_model_revision)
def walk(
    inputs: Mapping[str, np.ndarray], options: WalkOptions, context: TaskContext
) -> TaskResult:
    """Walk through a model's latent space; each frame is a part."""
    from zograscope_server.media.sound import SUFFIX, cut_sound

    context.progress(0.0, "Loading the model")
    generator: Generator = context.load_model(options.model, PURPOSE)
    walked, warnings = _plan(inputs, options, generator, context)
    last = walked.frames - 1 if options.last is None else min(options.last, walked.frames - 1)
    if options.first > last:
        raise GenerativeError(
            "walk-range-empty",
            frames=walked.frames,
            first=options.first,
            last=options.last if options.last is not None else last,
        )
    steps = _make_frames(walked, options, last, context)
    arrays = {"times": np.arange(options.first, last + 1) / options.rate, "steps": steps}
    if "audio" in inputs:
        sound = cut_sound(_file(inputs["audio"]), options.audio_name, walked.frames / options.rate)
        arrays["sound"] = np.frombuffer(sound, np.uint8)
    metadata = {
        "rate": options.rate,
        "size": list(generator.size),
        "frames": walked.frames,
        "first": options.first,
        "model": options.model,
        "sound_suffix": SUFFIX if "audio" in inputs else None,
        "warnings": warnings,
    }
    return TaskResult(arrays, metadata)


@task(SamplesOptions, version=1, cacheable=False, revision=_model_revision)
def samples(
    inputs: Mapping[str, np.ndarray], options: SamplesOptions, context: TaskContext
) -> TaskResult:
    """Make single images, each a part, and a grid of them."""
    from zograscope_server.generative.walks.space import batch_size, make_pictures, styles_of, wide

    context.progress(0.0, "Loading the model")
    generator: Generator = context.load_model(options.model, PURPOSE)
    directions, styling = _styling(options, generator)
    seeds = _seeds(options)
    styles = styles_of(generator, seeds)
    making = part_of(context.progress, 0.0, 0.5 if options.originals else 1.0)
    marks = _Marks(options.model, options.credit, context)
    pictures, files = [], []
    for number, seed in enumerate(seeds):
        making(number / len(seeds), "Making samples", f"{number + 1} of {len(seeds)}")
        if number % (size := batch_size(generator)) == 0:
            batch = styling.apply(styles[number : number + size])
            made = iter(make_pictures(generator, batch, options.seed))
        pictures.append(marks.shown(next(made)))
        files.append(marks.mark(pictures[-1]))
        context.emit(number, {"file": files[-1]}, {"seed": seed})
    columns = min(options.columns or int(np.ceil(np.sqrt(len(seeds)))), len(seeds))
    grid = side_by_side(pictures, columns)
    context.preview(small(grid))
    metadata = {
        "seeds": seeds,
        "columns": columns,
        "size": list(generator.size),
        "model": options.model,
        "directions": len(directions),
        "originals": _nearest_originals(files, options, context) if options.originals else None,
    }
    return TaskResult({"grid": marks.mark(grid), "latents": wide(generator, styles)}, metadata)


@task(LatentMapOptions, version=1, cacheable=True, revision=_model_revision)
def latent_map(
    inputs: Mapping[str, np.ndarray], options: LatentMapOptions, context: TaskContext
) -> TaskResult:
    """Draw samples as they lie on the latent map."""
    from zograscope_server.generative.walks.space import make_pictures

    context.progress(0.0, "Loading the model")
    generator: Generator = context.load_model(options.model, PURPOSE)
    _, styling = _styling(options, generator)
    side = options.side
    found = _latent_map(generator, options.seed, side, part_of(context.progress, 0.0, 0.6))
    pictures: list[np.ndarray] = []
    for row in range(side):
        context.progress(0.6 + 0.4 * row / side, "Making samples", f"row {row + 1} of {side}")
        styles = styling.apply(found.styles[row][:, None])
        pictures += list(make_pictures(generator, styles, options.seed))
    marks = _Marks(options.model, options.credit, context)
    drawn = side_by_side(pictures, side)
    context.preview(small(drawn))
    metadata = {"side": side, "size": list(generator.size), "model": options.model}
    return TaskResult({"map": marks.png(drawn), "seeds": found.seeds}, metadata)


@task(ProjectOptions, version=1, cacheable=True, revision=_model_revision)
def project(
    inputs: Mapping[str, np.ndarray], options: ProjectOptions, context: TaskContext
) -> TaskResult:
    """Seek a picture in a model's latent space."""
    from zograscope_server.generative.walks.projection import project as seek
    from zograscope_server.images import ENOUGH_PIXELS, read_photograph

    data = required(inputs, "image").tobytes()
    picture = read_photograph(data, options.file_name, ENOUGH_PIXELS).pixels
    context.progress(0.0, "Loading the model")
    generator: Generator = context.load_model(options.model, PURPOSE)
    found = seek(
        generator, picture, steps=options.steps, seed=options.seed, on_progress=context.progress
    )
    context.preview(small(found.picture))
    marks = _Marks(options.model, "", context, sought=(data, options.file_name))
    arrays = {
        "latent": found.latent,
        "picture": marks.png(found.picture),
        "wanted": np.frombuffer(_encode(found.wanted), np.uint8),
    }
    metadata = {
        "size": list(generator.size),
        "model": options.model,
        "difference": found.difference,
    }
    return TaskResult(arrays, metadata)


# What a walk is made of


def _plan(
    inputs: Mapping[str, np.ndarray],
    options: WalkOptions,
    generator: "Generator",
    context: TaskContext,
) -> "tuple[Walk, list[str]]":
    """Return the walk that is asked for, at its pace, and sentences about it."""
    from zograscope_server.generative.walks.walk import Walk

    places = _read_places(inputs) if options.path == "map" else None
    heard, frames = _listen(inputs, options, places)
    directions, styling = _styling(options, generator)
    driven: dict[str, Any] = {}
    if heard is not None:
        driven = {"shares": heard.shares, "amounts": heard.amounts, "directions": directions}
    path = _path(inputs, options, generator, places, context)
    plain = Walk(generator, path, styling, options.seed, frames, options.loop)
    pace = _pace(plain, options, context)
    walked = Walk(generator, path, styling, options.seed, frames, options.loop, pace=pace, **driven)
    warnings = []
    if options.keyframes and options.path in ("noise", "map"):
        warnings.append(f"A walk of the path {options.path} goes through no keyframes.")
    if places is not None and (places.min() < 0 or places.max() > 1):
        warnings.append("Some places lie beyond the latent map and were taken for its rim.")
    return walked, warnings


def _path(
    inputs: Mapping[str, np.ndarray],
    options: WalkOptions,
    generator: "Generator",
    places: np.ndarray | None,
    context: TaskContext,
) -> "WalkPath":
    from zograscope_server.generative.walks import paths
    from zograscope_server.generative.walks.latent_map import WALKED_SIDE
    from zograscope_server.generative.walks.space import centre_of

    loop = options.loop
    if places is not None:
        drawing = part_of(context.progress, 0.0, MEASURING / 2)
        plane = _latent_map(generator, options.map_seed, WALKED_SIDE, drawing)
        return paths.through(places, plane.at, loop=loop)
    if options.path == "noise":
        return paths.noise(generator, options.seed, max(1, options.stops // 2), loop=loop)
    keyframes = _keyframes(inputs, options, generator)
    if options.path == "linear":
        return paths.linear(keyframes, loop=loop)
    if options.path == "spherical":
        return paths.spherical(keyframes, centre_of(generator), loop=loop)
    return paths.smooth(keyframes, centre_of(generator), loop=loop)


_drawn: "list[tuple[ref[Generator], int, int, LatentMap]]" = []
"""The latent map that was drawn last: its generator, seed and side."""


def _latent_map(
    generator: "Generator", seed: int, side: int, on_progress: "OnProgress"
) -> "LatentMap":
    """Draw a latent map; the latest is kept, for whoever moves about on it asks image by image."""
    from zograscope_server.generative.walks.latent_map import make_latent_map

    for known, *of_what, drawn in _drawn:
        if known() is generator and of_what == [seed, side]:
            return drawn
    drawn = make_latent_map(generator, seed, side, on_progress)
    _drawn[:] = [(ref(generator), seed, side, drawn)]
    return drawn


def _keyframes(
    inputs: Mapping[str, np.ndarray], options: WalkOptions, generator: "Generator"
) -> np.ndarray:
    """Return (k, resolutions, style_size) styles that the walk goes through."""
    from zograscope_server.generative.walks.space import styles_of, wide

    names: Sequence[str] = options.keyframes
    if not names:
        drawn = np.random.default_rng(options.seed).integers(0, MOST_SEED + 1, options.stops)
        names = [str(seed) for seed in drawn]
    found = []
    for name in names:
        if name in inputs:
            found.append(_read_latent(inputs[name], name, options.model, generator))
        else:
            found.append(styles_of(generator, [_read_seed(name)]))
    return np.concatenate([wide(generator, styles) for styles in found])


def _read_seed(text: str) -> int:
    if not is_seed(text):
        raise GenerativeError("keyframe-unknown", name=quoted(text))
    return int(text)


def _read_latent(array: np.ndarray, name: str, model: str, generator: "Generator") -> np.ndarray:
    rows, numbers = len(generator.resolutions), generator.style_size
    if array.dtype.kind not in "fiu" or array.shape not in ((rows, numbers), (1, numbers)):
        wanted = f"({rows}, {numbers})"
        raise GenerativeError(
            "latent-unfitting", name=name, shape=str(array.shape), model=model, wanted=wanted
        )
    latent = array.astype(np.float32)
    if not np.isfinite(latent).all():
        raise refusal(f"the latent {name!r} must be numbers")
    return latent[None]


def _read_places(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    places = required(inputs, "places")
    if places.dtype.kind not in "fiu" or places.ndim != 2 or places.shape[1] != 2:
        raise refusal(f"the places have the shape {places.shape} and not (frames, 2)")
    if not 1 <= len(places) <= MOST_FRAMES or not np.isfinite(places).all():
        raise refusal(f"the places must be 1 to {MOST_FRAMES} pairs of numbers")
    return places.astype(np.float64)


def _listen(
    inputs: Mapping[str, np.ndarray], options: WalkOptions, places: np.ndarray | None
) -> "tuple[Drive | None, int]":
    """Return how the input `audio` drives the walk, if it does, and the walk's frames."""
    if "audio" not in inputs:
        usual = USUAL_FRAMES if places is None else len(places)
        return None, options.frames or usual
    from zograscope_server.generative.walks.audio import SAMPLE_RATE, drive, listen
    from zograscope_server.media.sound import read_samples

    heard = read_samples(_file(inputs["audio"]), options.audio_name, SAMPLE_RATE)
    frames = options.frames or max(1, round(len(heard) / SAMPLE_RATE * options.rate))
    if frames > MOST_FRAMES:
        raise refusal(
            f"{options.audio_name} has {frames} frames at this rate, and a walk has at most "
            f"{MOST_FRAMES}; name fewer frames"
        )
    if options.audio_strength == 0:
        return None, frames
    felt = listen(heard, options.rate, frames)
    return drive(felt, options.rate, options.audio_strength, loop=options.loop), frames


def _styling(options: StyledOptions, generator: "Generator") -> "tuple[Directions, Styling]":
    from zograscope_server.generative.walks.directions import find_directions
    from zograscope_server.generative.walks.styling import make_styling

    directions = find_directions(generator)
    for number, _ in options.directions:
        if number >= len(directions):
            raise GenerativeError(
                "direction-missing", number=number, model=options.model, count=len(directions)
            )
    styling = make_styling(
        generator,
        directions,
        truncation=options.truncation,
        moved=options.directions,
        mix_seed=options.mix_seed,
        mix_from=options.mix_from,
    )
    return directions, styling


def _pace(plain: "Walk", options: WalkOptions, context: TaskContext) -> "Pace":
    """What is in the checkpoint, or what is measured."""
    from zograscope_server.generative.walks.speed import UNEVEN, Pace
    from zograscope_server.generative.walks.walk import find_pace

    if not options.even:
        return UNEVEN
    kept = _read_checkpoint(context)
    if kept is not None:
        return Pace(kept["places"])
    begin = MEASURING / 2 if options.path == "map" else 0.0
    return find_pace(plain, part_of(context.progress, begin, MEASURING))


def _make_frames(
    walked: "Walk", options: WalkOptions, last: int, context: TaskContext
) -> np.ndarray:
    """Emit each frame that is not there yet; return (n - 1,) how much the picture changes.

    What was made since the latest checkpoint is made once more, to see how much it changes; what is
    emitted already is not marked again.
    """
    from zograscope_server.generative.walks.sight import seen
    from zograscope_server.generative.walks.space import in_colour

    first, count = options.first, last - options.first + 1
    marks = _Marks(options.model, options.credit, context)
    kept = _read_checkpoint(context)
    steps = [] if kept is None else kept["steps"].tolist()
    apart = max(APART, count // CHECKPOINTS)
    before: np.ndarray | None = None
    for number, picture in walked.pictures(first + len(steps), last):
        place = number - first
        share = MEASURING + (1 - MEASURING) * place / count
        context.progress(share, "Dreaming", f"frame {place + 1} of {count}")
        look = seen(in_colour(picture[None]))[0]
        if before is not None:
            steps.append(float(np.linalg.norm(look - before)))
        before = look
        if place >= context.parts:
            context.preview(small(marks.shown(picture)))
            time = {"frame": number, "time": number / options.rate}
            context.emit(place, {"file": marks.png(picture)}, time)
        if context.pause_asked.is_set() or (place and place % apart == 0):
            _keep(walked.pace, steps, context)
    return np.array(steps, np.float32)


def _keep(pace: "Pace", steps: list[float], context: TaskContext) -> None:
    """Make a checkpoint, and pause there if asked to."""
    if context.files is None:
        return
    with context.checkpoint() as folder:
        np.savez(folder / KEPT, places=pace.places, steps=np.array(steps))
    context.pause_if_asked()


def _read_checkpoint(context: TaskContext) -> Mapping[str, np.ndarray] | None:
    folder = context.latest_checkpoint
    if folder is None or not (folder / KEPT).is_file():
        return None
    with np.load(folder / KEPT, allow_pickle=False) as kept:
        return dict(kept)


# Originals


def _seeds(options: SamplesOptions) -> list[int]:
    if options.seeds:
        return [int(text) for text in options.seeds]
    return [min(options.seed + number, MOST_SEED) for number in range(options.count)]


def _nearest_originals(
    files: Sequence[np.ndarray], options: SamplesOptions, context: TaskContext
) -> "list[tuple[str, float] | None]":
    """Return for each sample where its nearest image of the collection is, and how far.

    None where the collection is not here, or clients may not name its files.
    """
    from zograscope_protocol.errors import ZograscopeError

    from zograscope_server.generative.originals import find_originals

    model = find_model(options.model, context.settings.models_folder, PURPOSE)
    collection = text_of(read_card(model, context.settings.models_folder), "location")
    looking = part_of(context.progress, 0.5, 1.0)
    nothing: list[tuple[str, float] | None] = [None] * len(files)
    if not collection or not Path(collection).exists():
        return nothing
    try:
        context.check_may_read(Path(collection))
        found = find_originals(
            [file.tobytes() for file in files],
            collection,
            context.load_model(DEFAULT, EMBEDDING),
            context.settings.cache_folder,
            context.check_may_read,
            context.settings.public_web_only,
            looking,
        )
    except ZograscopeError as error:
        if error.code in ("spool-full", "image-index-damaged"):
            raise
        return nothing
    return list(found)


# Pictures on their way out


class _Marks:
    """Makes marked files of pictures, all of one job."""

    def __init__(
        self,
        model_name: str,
        credit: str,
        context: TaskContext,
        sought: tuple[bytes, str] = (b"", ""),
    ) -> None:
        from zograscope_server.provenance.certificates import own_certificate
        from zograscope_server.provenance.marks import Dreamt, Marker

        models = context.settings.models_folder
        model = find_model(model_name, models, PURPOSE)
        collection = text_of(read_card(model, models), "collection")
        self._made: Dreamt = Dreamt(model.title, collection, *sought)
        self._marker: Marker = Marker(own_certificate(context.settings.state_folder))
        self._credit = credit

    def shown(self, picture: np.ndarray) -> np.ndarray:
        """Return the picture with its visible credit, if it has one."""
        from zograscope_server.provenance.credit import draw_credit

        return draw_credit(picture, self._credit) if self._credit else picture

    def png(self, picture: np.ndarray) -> np.ndarray:
        """Return the marked file of a picture with its visible credit."""
        return self.mark(self.shown(picture))

    def mark(self, picture: np.ndarray) -> np.ndarray:
        """Return the marked file of a picture as it is."""
        return np.frombuffer(self._marker.mark(_encode(picture), ".png", self._made), np.uint8)


def _encode(picture: np.ndarray) -> bytes:
    """Return a PNG of a picture, red first, or of a grey one."""
    import cv2

    stored = np.ascontiguousarray(picture[..., ::-1])
    _, data = cv2.imencode(".png", stored, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    return data.tobytes()


def _file(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)
