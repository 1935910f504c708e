"""How well does a model dream after some minutes, beside the package lightweight-gan?

All learn the same pictures from scratch for the same time, each in a process of its own: of a
processor, with one thread (`--minutes`; 20 are ten minutes of two cores), or on a graphics card,
one after the other. The package trains as its trainer does by default, but for what only helps it
here: it sees pictures that are in memory already; its average of weights follows from the start;
the best of three ways to sample it is taken; and on a processor its networks have a quarter of its
width (ours have an eighth of the paper's). Its discriminator looks at itself by an attention that
takes nine tenths of all time on a processor and lets it make few steps, so that it is also trained
without: a distance that is told as "theirs" is that of the better of both.

The package asks for a graphics card when it is imported, and runs without.

Samples are then measured by features that neither has seen: those of SqueezeNet (ImageNet), where
its weights are, and the embedded descriptor; see `generative/training/metrics.py`. All figures are
means over random halves of the collection, each against as many samples (few make the Fréchet
distance larger); the other half, also blurred and drowned in noise, gives the scale.

    python benchmarks/dream_quality.py [--minutes 20] [--collection FOLDER] [--side 64]
        [--device cuda] [--output OUT.json] [--grids FOLDER] [--ablation]

`--ablation` compares our default with each of the options of training that it does without.

Wants the dependency group `benchmarks` for the package. Where there is no collection, drawn
pictures take its place, which say little of real ones.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import importlib.util
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np
import torch
from benchmark import argument_parser, write_figures
from drawn_picture import draw_picture
from PIL import Image
from squeezenet import SHARED, SQUEEZENET, as_it_learnt, squeezenet_layers
from zograscope_protocol.generative.tasks import TrainOptions
from zograscope_server.collection.fetching import Fetcher
from zograscope_server.collection.open import open_collection
from zograscope_server.embedding.descriptor import ColourAndTexture
from zograscope_server.embedding.embedder import Embedder
from zograscope_server.embedding.image_index import ImageIndex
from zograscope_server.generative.training.dataset import (
    TrainingSet,
    open_training_set,
    prepare_training_set,
)
from zograscope_server.generative.training.metrics import (
    Ruler,
    Space,
    diversity,
    features,
    frechet_distance,
    nearest_ratio,
)
from zograscope_server.generative.training.run import samples_of
from zograscope_server.generative.training.sheets import memorisation_sheet, sample_grid
from zograscope_server.generative.training.trainer import Recipe, Trainer
from zograscope_server.progress import no_progress

PATCHES = SHARED / "collection" / "map_patches"
MINUTES = 20.0
SAMPLES, FEW = 256, 16  # and at toy size
SPLITS = 10  # of the collection into halves
SHOWN = 48  # pictures of a grid
PACKAGE, OURS = "lightweight_gan", "Zograscope"
LATENT = 256
PENALTY = 10.0  # of the package's gradients
NARROW = {"fmap_max": 128, "fmap_inverse_coef": 10}  # on a processor; a quarter of its default
BATCH = 8
CAPTION = 22  # pixels


# Training


@dataclass(frozen=True)
class Lesson:
    """What both are given."""

    folder: Path  # with the training set
    seconds: float
    side: int
    device: str
    batch: int
    samples: int

    @property
    def on_processor(self) -> bool:
        return self.device == "cpu"

    def data(self) -> TrainingSet:
        data = open_training_set(self.folder)
        assert data is not None  # `prepare` made it
        return data

    def learn(self, step: Callable[[int], Any]) -> dict[str, Any]:
        """Make steps for the given time; return what was made."""
        clock = time.process_time if self.on_processor else time.perf_counter
        begin, steps = clock(), 0
        while not steps or clock() - begin < self.seconds:
            step(steps)
            steps += 1
        return {"steps": steps, "images": steps * self.batch, "seconds": clock() - begin}


def train_ours(lesson: Lesson, **choices: Any) -> dict[str, Any]:
    """Train our networks by the given options; return what was learnt, and samples."""
    torch.set_num_threads(1)
    data = lesson.data()
    options = TrainOptions(width=lesson.side, height=lesson.side, batch=lesson.batch, **choices)
    trainer = Trainer(Recipe.of(options, lesson.device), lesson.device)
    told = lesson.learn(lambda _: trainer.step(data))
    return {**told, "samples": [samples_of(trainer.snapshot(), lesson.samples)]}


def train_theirs(lesson: Lesson, *, attentive: bool = True) -> dict[str, Any]:
    """Train the package's networks by its own losses; return samples, made in three ways."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    data, package = lesson.data(), load_package()
    if not attentive:
        package.LinearAttention = Nothing

    class Gan(package.LightweightGAN):  # type: ignore[name-defined, misc]
        def cuda(self, *_: Any) -> Any:
            return self.to(lesson.device)

    width = NARROW if lesson.on_processor else {}
    gan = Gan(latent_dim=LATENT, image_size=lesson.side, **width)
    gan.train()
    chance = min(0.5, (1e5 - len(data)) * 3e-6)  # as the package's trainer sets it
    changes = {"prob": chance, "types": ["translation", "cutout"]}
    game = package.gen_hinge_loss

    def step(number: int) -> None:
        bytes_ = torch.from_numpy(data.batch(number, lesson.batch, 0)).to(lesson.device)
        shown = bytes_.permute(0, 3, 1, 2) / 255
        latents = torch.randn(2, lesson.batch, LATENT, device=lesson.device)
        teach_their_discriminator(gan, package, shown, latents[0], changes, number % 4 == 0)
        gan.G_opt.zero_grad()
        judged, judged_small, _ = gan.D_aug(gan.G(latents[1]), **changes)
        (game(judged, None) + game(judged_small, None)).backward()
        gan.G_opt.step()
        gan.EMA()

    told = lesson.learn(step)
    # After few steps its norms' averages lag behind; those of the batch itself may look better.
    ways = (gan.GE.eval(), gan.G.eval(), gan.G)
    samples = [sample_theirs(way.train(number == 2), lesson) for number, way in enumerate(ways)]
    return {**told, "samples": samples}


def train_theirs_without_attention(lesson: Lesson) -> dict[str, Any]:
    return train_theirs(lesson, attentive=False)


class Nothing(torch.nn.Module):
    """In place of an attention, which is added to what it looks at."""

    def __init__(self, *_: Any) -> None:
        super().__init__()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(x)


def teach_their_discriminator(
    gan: Any,
    package: Any,
    shown: torch.Tensor,
    latents: torch.Tensor,
    changes: dict[str, Any],
    penalised: bool,
) -> None:
    gan.D_opt.zero_grad()
    with torch.no_grad():
        made = gan.G(latents)
    shown.requires_grad_(penalised)
    made, (of_made, of_made_small, _) = gan.D_aug(
        made, detach=True, input_requires_grad=penalised, return_discr_input=True, **changes
    )
    of_real, of_real_small, restoring = gan.D_aug(shown, calc_aux_loss=True, **changes)
    loss = package.hinge_loss(of_real, of_made) + restoring
    loss = loss + package.hinge_loss(of_real_small, of_made_small)
    if penalised:
        judged = ((shown, of_real, of_real_small), (made, of_made, of_made_small))
        gradients = [
            torch.autograd.grad([large.sum(), small.sum()], images, create_graph=True)[0]
            for images, large, small in judged
        ]
        loss = loss + PENALTY * torch.cat(gradients).square().sum((1, 2, 3)).mean()
    loss.backward()
    gan.D_opt.step()


def sample_theirs(network: Any, lesson: Lesson) -> np.ndarray:
    torch.manual_seed(1)
    batches = lesson.samples // FEW
    with torch.no_grad():
        latents = torch.randn(batches, FEW, LATENT, device=lesson.device)
        made = torch.cat([network(few) for few in latents])
    bytes_ = made.clamp(0, 1).mul(255).round().to(torch.uint8)
    return bytes_.permute(0, 2, 3, 1).cpu().numpy()


def load_package() -> Any:
    """Import the package where there is no graphics card either."""
    importlib.import_module("kornia")  # which may ask for one in earnest
    with mock.patch("torch.cuda.is_available", return_value=True):
        package = importlib.import_module(f"{PACKAGE}.{PACKAGE}")
    package.Blur = torch.nn.Identity  # as its trainer has it, unless antialiasing is wanted
    return package


SIDES: dict[str, Callable[[Lesson], dict[str, Any]]] = {
    OURS: train_ours,
    "lightweight-gan": train_theirs,
    "without attention": train_theirs_without_attention,
}
ABLATION: dict[str, Callable[[Lesson], dict[str, Any]]] = {
    OURS: train_ours,
    "relativistic": partial(train_ours, loss="relativistic"),
    "guesses the changes": partial(train_ours, guess_augmentation=True),
    "normalised": partial(train_ours, normalise=True),
}


# Measuring


class SqueezeNet:
    """Features of a network that learnt ImageNet: the mean over all places of its last map."""

    name = "squeezenet1_1"
    revision = "1"

    def __init__(self, weights: Path) -> None:
        self._network = squeezenet_layers(weights)

    def prepare(self, picture: Image.Image) -> np.ndarray:
        return np.asarray(picture.resize((128, 128), Image.Resampling.BICUBIC))

    def embed(self, pictures: np.ndarray) -> np.ndarray:
        images = torch.from_numpy(pictures).permute(0, 3, 1, 2) / 255
        return self._network(as_it_learnt(images)).mean((2, 3)).numpy()

    def finish(self, vectors: np.ndarray) -> np.ndarray:
        return vectors


def embedders() -> list[Embedder]:
    known: list[Embedder] = [ColourAndTexture()]
    return [SqueezeNet(SQUEEZENET), *known] if SQUEEZENET.is_file() else known


def measure(
    embedder: Embedder, originals: np.ndarray, made: dict[str, np.ndarray]
) -> dict[str, dict[str, float]]:
    """Return the measures of all samples, and of what makes the scale."""
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, originals.shape).astype(np.uint8)
    sets = {
        "the other half": originals,
        "blurred, sigma 1": blurred(originals, 1.0),
        "blurred, sigma 2": blurred(originals, 2.0),
        "noise": noise,
        **made,
    }
    found = {name: features(pictures, embedder) for name, pictures in sets.items()}
    space = Space(found["the other half"])
    placed = {name: space.place(vectors) for name, vectors in found.items()}
    rows: dict[str, list[list[float]]] = {name: [] for name in sets}
    half = len(originals) // 2
    for _ in range(SPLITS):
        order = random.permutation(len(originals))
        known = space.originals[order[:half]]
        for name, all_places in placed.items():
            drawn = order[half:] if name not in made else random.permutation(len(all_places))
            samples = all_places[drawn[:half]]
            row = (frechet_distance, diversity, nearest_ratio)
            rows[name].append([measured(samples, known) for measured in row])
    names = ("frechet", "diversity", "nearest")
    return {
        name: dict(zip(names, np.mean(figures, axis=0).tolist(), strict=True))
        for name, figures in rows.items()
    }


def blurred(pictures: np.ndarray, sigma: float) -> np.ndarray:
    return np.stack([cv2.GaussianBlur(picture, (0, 0), sigma) for picture in pictures])


def best_of(candidates: list[np.ndarray], originals: np.ndarray, embedder: Embedder) -> np.ndarray:
    """Return the samples that are nearest to the collection."""
    space = Space(features(originals, embedder))
    distances = [
        frechet_distance(space.place(features(samples, embedder)), space.originals)
        for samples in candidates
    ]
    return candidates[int(np.argmin(distances))]


# Pictures


def prepare(collection: Path | None, folder: Path, side: int) -> TrainingSet:
    """Cut the collection's pictures, or drawn ones, into a folder."""
    if collection is None:
        collection = folder / "drawn"
        collection.mkdir()
        for number in range(24):
            pixels = np.roll(draw_picture(160, 120)[0], 13 * number, axis=1)
            tinted = (pixels * np.random.default_rng(number).uniform(0.5, 1, 3)).astype(np.uint8)
            Image.fromarray(tinted).save(collection / f"{number}.png")
    opened = open_collection(str(collection), folder / "cache", no_progress, False)
    options = TrainOptions(width=side, height=side)
    with ImageIndex(folder / "index.sqlite") as index:
        fetcher = Fetcher(folder / "cache", online=False)
        return prepare_training_set(
            opened, options, ColourAndTexture(), index, fetcher, None, folder
        )


def write_grids(folder: Path, rows: dict[str, np.ndarray], ruler: Ruler, data: TrainingSet) -> None:
    """Write grids of all side by side, and the nearest of the collection to samples of each."""
    folder.mkdir(parents=True, exist_ok=True)
    grids = [captioned(grid_of(pictures), name) for name, pictures in rows.items()]
    height = max(len(grid) for grid in grids)
    framed = [
        np.pad(grid, ((0, height - len(grid)), (0, 8), (0, 0)), constant_values=255)
        for grid in grids
    ]
    cv2.imwrite(str(folder / "grids.png"), np.concatenate(framed, axis=1))
    for name, samples in list(rows.items())[1:]:
        views, distances = ruler.nearest(samples, 3)
        closest = np.argsort(distances[:, 0], kind="stable")[:12]
        nearest = np.stack([data.pictures(of_sample) for of_sample in views[closest]])
        sheet = memorisation_sheet(samples[closest], nearest)
        (folder / f"nearest {name}.png").write_bytes(sheet.tobytes())


def grid_of(pictures: np.ndarray) -> np.ndarray:
    times = max(1, 96 // pictures.shape[1])
    large = pictures[:SHOWN].repeat(times, axis=1).repeat(times, axis=2)
    return cv2.imdecode(sample_grid(large, 6), cv2.IMREAD_COLOR)


def captioned(grid: np.ndarray, caption: str) -> np.ndarray:
    board = np.full((CAPTION, grid.shape[1], 3), 255, np.uint8)
    place = (3, CAPTION - 6)
    cv2.putText(board, caption, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return np.concatenate([board, grid])


def print_table(title: str, rows: dict[str, dict[str, float]]) -> None:
    columns = list(next(iter(rows.values())))
    print(f"\n{title:24}" + "".join(f"{column:>11}" for column in columns))
    for name, row in rows.items():
        print(f"  {name:22}" + "".join(f"{row[column]:11.3f}" for column in columns), flush=True)


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of learning, for each")
    parser.add_argument("--collection", type=Path, help="folder of images; the maps by default")
    parser.add_argument("--side", type=int, default=64, help="pixels, a power of two")
    parser.add_argument("--device", default="cpu", help="of torch")
    parser.add_argument("--ablation", action="store_true", help="compare our options instead")
    parser.add_argument("--grids", type=Path, metavar="FOLDER", help="where to write pictures")
    arguments = parser.parse_args()
    collection = arguments.collection or (PATCHES if PATCHES.is_dir() else None)
    sides = dict(ABLATION if arguments.ablation else SIDES)
    if not arguments.ablation and importlib.util.find_spec(PACKAGE) is None:
        print("The package lightweight-gan is not installed: there is nothing to compare with.")
        sides = {OURS: train_ours}
    if arguments.toy:  # the same code without what takes most of its time
        sides.pop("lightweight-gan", None)
    seconds = 0.0 if arguments.toy else 60 * arguments.minutes
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        data = prepare(None if arguments.toy else collection, folder, arguments.side)
        how_many = (2, FEW) if arguments.toy else (BATCH, SAMPLES)
        lesson = Lesson(folder, seconds, arguments.side, arguments.device, *how_many)
        spawn = multiprocessing.get_context("spawn")
        at_once = min(len(sides), os.cpu_count() or 1) if lesson.on_processor else 1
        with ProcessPoolExecutor(at_once, spawn, max_tasks_per_child=1) as pool:
            pending = {name: pool.submit(train, lesson) for name, train in sides.items()}
            trained = {name: future.result() for name, future in pending.items()}
        originals = data.spread(SAMPLES)
        judges = embedders()
        made = {
            name: best_of(result.pop("samples"), originals, judges[0])
            for name, result in trained.items()
        }
        ruler = Ruler(data, ColourAndTexture())
        figures: dict[str, Any] = {"images": len(data), "minutes": seconds / 60, "trained": trained}
        print(f"{len(data)} images, {seconds / 60:.1f} minutes for each on {lesson.device}")
        for name, result in trained.items():
            print(f"  {name}: {result['steps']} steps, {result['images']} images shown")
        for judge in judges:
            rows = measure(judge, originals, made)
            print_table(judge.name, rows)
            figures[judge.name] = rows
            if len(made) > 1 and not arguments.ablation:
                theirs = min(rows[name]["frechet"] for name in made if name != OURS)
                ratio = theirs / rows[OURS]["frechet"]
                figures[judge.name]["ratio"] = {"theirs over ours": ratio}
                print(f"  Theirs is {ratio:.2f} times as far as ours.")
        product = {name: asdict(ruler.measure(samples)) for name, samples in made.items()}
        print_table("as the product tells", product)
        figures["product"] = product
        if arguments.grids:
            write_grids(arguments.grids, {"collection": originals, **made}, ruler, data)
    write_figures(figures, arguments.output)


if __name__ == "__main__":
    main()
