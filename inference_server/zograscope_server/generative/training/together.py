"""A training on several graphics cards, by `torchrun`: one process for each, no server.

The first process prepares the collection, looks at the model, and writes; the others follow.
"""

import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from torch import distributed
from zograscope_protocol.frame_files import FrameFiles
from zograscope_protocol.generative.tasks import TrainOptions
from zograscope_protocol.options import refusal
from zograscope_protocol.saving import whole_file, write_file

from zograscope_server.command_line.progress import progress_shown
from zograscope_server.generative.training.look import Looking
from zograscope_server.generative.training.run import TrainingRun
from zograscope_server.generative.training.task import marked_file, prepare
from zograscope_server.generative.training.trainer import STATE, Recipe, Trainer
from zograscope_server.models.cache import ModelCache
from zograscope_server.models.loading import load_model
from zograscope_server.progress import no_progress
from zograscope_server.settings import ServerSettings
from zograscope_server.tasks import TaskContext

PATIENCE = timedelta(days=1)  # that the others have while the first prepares, looks or writes


def train_together(
    options: TrainOptions, output: Path, grids: Path | None, state_folder: Path
) -> dict[str, Any] | None:
    """Train in all processes that `torchrun` started; return the card in the first of them.

    What it takes to go on is kept in a folder beside the output at each look, and taken up by the
    same command.

    Raises ZograscopeError for a collection that cannot be learnt from, and for a batch that cannot
    be shared.
    """
    on_card = torch.cuda.is_available()
    distributed.init_process_group("nccl" if on_card else "gloo", timeout=PATIENCE)
    try:
        if options.batch % distributed.get_world_size():
            raise refusal(f"a batch of {options.batch} cannot be shared by all processes")
        device = f"cuda:{os.environ['LOCAL_RANK']}" if on_card else "cpu"
        if on_card:
            torch.cuda.set_device(device)
        card = _train(options, output, grids, state_folder, device)
        # None leaves while another still works: its own threads may be in the middle of something.
        distributed.barrier()
        return card
    finally:
        distributed.destroy_process_group()


def _train(
    options: TrainOptions, output: Path, grids: Path | None, state_folder: Path, device: str
) -> dict[str, Any] | None:
    settings = ServerSettings(state_folder, state_folder / "models")
    models = ModelCache(lambda name: load_model(name, settings.models_folder, device))
    context = TaskContext(settings, models, lambda: device)
    first = distributed.get_rank() == 0
    if first:  # the others find what it has prepared
        prepare(options, context, no_progress)
    distributed.barrier()
    data, embedder = prepare(options, context, no_progress)
    run = TrainingRun(Trainer(Recipe.of(options, device), device), data, options)
    kept = output.with_name(f".{output.name}.training")
    if (kept / STATE).is_file():
        run.load(kept)
    looking = Looking(data, embedder, options) if first else None
    with progress_shown(options.name, quiet=not first) as on_progress:
        while not run.finished:
            run.step()
            on_progress(run.fraction, "Learning", run.in_words)
            if looking is not None and run.wants_to_look:
                look = looking.look(run)
                if grids is not None:
                    FrameFiles(grids).write(look.number, marked_file(look.grid, look, context))
                _keep(run, kept)
    if looking is None:
        return None
    look = looking.look(run, last=True)
    with whole_file(output) as part:
        look.generator.save(part, look.card.to_json())
    if grids is not None:
        FrameFiles(grids).write(look.number, marked_file(look.grid, look, context))
        write_file(grids / "memorised.png", marked_file(looking.memorised(look), look, context))
    return look.card.to_json()


def _keep(run: TrainingRun, folder: Path) -> None:
    """Write what it takes to go on beside its place; there is always one that is whole."""
    begun = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(begun, ignore_errors=True)
    begun.mkdir(parents=True)
    run.save(begun)
    shutil.rmtree(folder, ignore_errors=True)
    begun.replace(folder)
