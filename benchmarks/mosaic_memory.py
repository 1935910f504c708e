"""How much memory does the server need for a large collection, and how long do its steps take?

Makes synthetic JPEGs, in families that differ, and runs the whole task on them in a process of its
own: reading, embedding, t-SNE, grid, clusters, atlas. A second run tells what a known collection
costs, a third what a hundred new images do:

    .venv/bin/python benchmarks/mosaic_memory.py [--output OUT.json] [--count 100000]
"""

import multiprocessing
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from benchmark import argument_parser, write_figures

COUNT, TOY_COUNT = 100_000, 60
SIZE = (160, 120)
IN_A_FOLDER = 1000
FAMILIES = 24
NEW, TOY_NEW = 100, 10


def make_images(folder: Path, first: int, count: int) -> None:
    """Write small JPEGs: smooth noise in a family's colours, with its kind of lines."""
    random = np.random.default_rng(first)
    for number in range(first, first + count):
        family = np.random.default_rng(number % FAMILIES)
        colours = family.integers(0, 255, (2, 3))
        coarse = random.random((4 + number % FAMILIES, 6)).astype(np.float32)
        mix = cv2.resize(coarse, SIZE, interpolation=cv2.INTER_CUBIC)[..., None]
        picture = np.clip(colours[0] + (colours[1] - colours[0]) * mix, 0, 255).astype(np.uint8)
        for _ in range(number % FAMILIES // 3):
            ends = random.integers(0, SIZE, (2, 2)).tolist()
            cv2.line(picture, ends[0], ends[1], family.integers(0, 255, 3).tolist(), 2)
        path = folder / f"{number // IN_A_FOLDER:03d}" / f"{number:06d}.jpg"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), picture)


def run_task(folder: Path, cache: Path, answer: Any) -> None:
    """Run the task `mosaic` as a worker would; answer seconds for each stage and the peak."""
    from zograscope_protocol.mosaic.tasks import MosaicOptions
    from zograscope_server.models.cache import ModelCache
    from zograscope_server.models.loading import load_model
    from zograscope_server.settings import ServerSettings
    from zograscope_server.tasks import TaskContext, load_tasks

    stages: dict[str, float] = {}
    last = ("Starting", time.perf_counter())

    def on_progress(fraction: float | None, stage: str, detail: str = "") -> None:
        nonlocal last
        now = time.perf_counter()
        stages[last[0]] = stages.get(last[0], 0.0) + now - last[1]
        last = (stage, now)

    context = TaskContext(
        models=ModelCache(lambda name: load_model(name, cache, "cpu")),
        settings=ServerSettings(state_folder=cache, models_folder=cache),
        on_progress=on_progress,
    )
    started = time.perf_counter()
    options = MosaicOptions(collection=str(folder), layouts=("tsne",))
    result = load_tasks()[options.task].function({}, options, context)
    on_progress(None, "")
    answer.send(
        {
            "seconds": time.perf_counter() - started,
            "peak_MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "tiles": result.metadata["count"],
            "atlas_pages": result.metadata["atlas"]["pages"],
            "stages_s": {name: round(spent, 1) for name, spent in stages.items() if spent > 1},
        }
    )


def run_apart(folder: Path, cache: Path) -> dict[str, Any]:
    """Run the task in a fresh process."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(
        target=run_task, args=(folder, cache, sender)
    )
    process.start()
    sender.close()
    answer = receiver.recv()
    process.join()
    return answer


def measure(folder: Path, count: int, new: int) -> dict[str, Any]:
    """Make images, and lay them out three times."""
    images, cache = folder / "images", folder / "cache"
    images.mkdir(parents=True, exist_ok=True)
    cache.mkdir(exist_ok=True)
    make_images(images, 0, count)
    rows = {"new": run_apart(images, cache), "again": run_apart(images, cache)}
    make_images(images, count, new)
    rows[f"{new} more"] = run_apart(images, cache)
    return rows


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--count", type=int, help=f"of images, {COUNT} if not said")
    parser.add_argument("--keep", type=Path, help="work there, and leave it all")
    arguments = parser.parse_args()
    count = arguments.count or (TOY_COUNT if arguments.toy else COUNT)
    new = TOY_NEW if arguments.toy else NEW
    if arguments.keep:
        rows = measure(arguments.keep, count, new)
    else:
        with tempfile.TemporaryDirectory() as folder:
            rows = measure(Path(folder), count, new)
    for name, row in rows.items():
        print(f"{name:>10}: {row['seconds']:8.1f} s, {row['peak_MiB']:7.0f} MiB at most")
        for stage, seconds in row["stages_s"].items():
            print(f"{'':12}{seconds:8.1f} s  {stage}")
    write_figures(rows, arguments.output)


if __name__ == "__main__":
    main()
