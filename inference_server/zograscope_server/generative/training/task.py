"""The task `train` as the protocol offers it: a run, driven until it ends or is to make way.

Whatever a look shows is kept at once: the grid as a part, the model in the catalogue. A training
that is cancelled or dies leaves the model of its last look.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from zograscope_protocol.generative.tasks import TrainOptions
from zograscope_protocol.options import refusal
from zograscope_protocol.saving import whole_file, write_file

from zograscope_server.embedding.loading import PURPOSE as EMBEDDING
from zograscope_server.faces.loading import FACES
from zograscope_server.generative.about import card_in
from zograscope_server.generative.errors import GenerativeError
from zograscope_server.generative.loading import STYLED, WEIGHTS
from zograscope_server.models.catalogue import CONFIG, DEFAULT, is_taken
from zograscope_server.progress import OnProgress, part_of
from zograscope_server.tasks import TaskContext, TaskResult, task

if TYPE_CHECKING:
    from zograscope_server.embedding.embedder import Embedder
    from zograscope_server.generative.training.dataset import TrainingSet
    from zograscope_server.generative.training.look import Look
    from zograscope_server.generative.training.run import TrainingRun

GRID, ABOUT = "grid.png", "README.md"
"""In a model's folder, beside weights and config.json: samples, and its card for people."""

PREPARING = 0.05  # of the work, as progress shows it
CHECKPOINTS_APART = 120.0  # seconds of computing that a death costs at most
TOLD_APART = 0.5  # seconds


@task(TrainOptions, version=1, cacheable=False, pausable=True)
def train(
    inputs: Mapping[str, np.ndarray], options: TrainOptions, context: TaskContext
) -> TaskResult:
    """Train a generator on a collection, and add it to the models; each sample grid is a part."""
    from zograscope_server.generative.training.look import Looking
    from zograscope_server.generative.training.run import TrainingRun
    from zograscope_server.generative.training.trainer import Recipe, Trainer

    folder = _model_folder(options, context)
    context.progress(None, "Opening the collection")
    data, embedder = prepare(options, context, part_of(context.progress, 0.0, PREPARING))
    trainer = Trainer(Recipe.of(options, context.device), context.device)
    run = TrainingRun(trainer, data, options)
    if context.latest_checkpoint is not None:
        run.load(context.latest_checkpoint)
    measuring = part_of(context.progress, PREPARING, PREPARING)
    looking = Looking(data, embedder, options, measuring)
    kept = told = run.record.seconds
    while not run.finished:
        run.step()
        seconds = run.record.seconds
        if seconds - told > TOLD_APART:
            told = seconds
            share = PREPARING + (1 - PREPARING) * run.fraction
            context.progress(share, "Learning", run.in_words)
        if run.wants_to_look and not run.finished:
            _show(looking.look(run), run, folder, context)
        if context.pause_asked.is_set() or seconds - kept > CHECKPOINTS_APART:
            kept = seconds
            _keep(run, context)
    look = looking.look(run, last=True)
    grid = _show(look, run, folder, context)
    memorised = marked_file(looking.memorised(look), look, context)
    return TaskResult(
        {
            "model": np.frombuffer((folder / WEIGHTS).read_bytes(), np.uint8),
            "grid": grid,
            "memorised": memorised,
        },
        {"name": options.name, "card": look.card.to_json(), "warnings": list(look.warnings)},
    )


def prepare(
    options: TrainOptions, context: TaskContext, on_progress: OnProgress
) -> "tuple[TrainingSet, Embedder]":
    """Open the collection and cut its pictures; what was cut for the same options is taken again.

    Raises ZograscopeError for a collection that cannot be opened, or learnt from.
    """
    from zograscope_server.collection.for_tasks import open_for_task
    from zograscope_server.embedding.image_index import index_in
    from zograscope_server.generative.training.dataset import prepare_training_set

    collection, fetcher = open_for_task(
        options.collection, context, on_progress, online=options.online
    )
    embedder = context.load_model(DEFAULT, EMBEDDING)
    faces = context.load_model(DEFAULT, FACES) if options.crop == "faces" else None
    cache = context.settings.cache_folder
    how = [options.collection, options.width, options.height, options.colours, options.crop]
    folder = cache / "training_sets" / _digest([*how, options.duplicates])
    with index_in(cache) as index:
        data = prepare_training_set(
            collection, options, embedder, index, fetcher, faces, folder, on_progress
        )
    return data, embedder


def _model_folder(options: TrainOptions, context: TaskContext) -> Path:
    """Return where the model will be; refuse a name that another model has.

    A training that was broken off may be begun again under its name.
    """
    name, models = options.name, context.settings.models_folder
    if not name or Path(name).name != name or name.startswith("."):
        raise refusal(f"the model's name is {name!r}, but must be a file name")
    if is_taken(name):
        raise GenerativeError("model-name-taken", name=name)
    folder = models / name
    if context.latest_checkpoint is None and folder.exists() and not _is_unfinished(folder):
        raise GenerativeError("model-exists", name=name)
    return folder


def _is_unfinished(folder: Path) -> bool:
    return card_in(folder).get("finished") is False


def _digest(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _show(look: "Look", run: "TrainingRun", folder: Path, context: TaskContext) -> np.ndarray:
    """Keep the model, and emit the grid; return its file."""
    grid = marked_file(look.grid, look, context)
    keep_model(look, grid, folder)
    metadata = {
        "images": run.trainer.images,
        "minutes": run.record.seconds / 60,
        "frechet": look.metrics.frechet,
        "diversity": look.metrics.diversity,
        "nearest": look.metrics.nearest,
        "remaining": run.remaining,
    }
    context.preview(look.preview)
    context.emit(look.number, {"grid": grid}, metadata)
    return grid


def marked_file(file: np.ndarray, look: "Look", context: TaskContext) -> np.ndarray:
    """Return the file of a picture of dreams as one that says that it was made."""
    from zograscope_server.provenance.certificates import own_certificate
    from zograscope_server.provenance.marks import Dreamt, Marker

    marker = Marker(own_certificate(context.settings.state_folder))
    made = Dreamt(look.card.name, look.card.collection)
    return np.frombuffer(marker.mark(file.tobytes(), ".png", made), np.uint8)


def keep_model(look: "Look", grid: np.ndarray, folder: Path) -> None:
    """Write the model of a look into its folder, each file whole.

    Raises ZograscopeError `output-exists`.
    """
    card = look.card.to_json()
    with whole_file(folder / WEIGHTS) as part:
        look.generator.save(part, card)
    write_file(folder / GRID, grid)
    write_file(folder / ABOUT, look.card.in_words().encode())
    write_file(folder / CONFIG, json.dumps({"generator": STYLED, "card": card}, indent=2).encode())


def _keep(run: "TrainingRun", context: TaskContext) -> None:
    """Make a checkpoint, and pause there if asked to."""
    if context.files is None:
        return
    with context.checkpoint() as folder:
        run.save(folder)
    context.pause_if_asked()
