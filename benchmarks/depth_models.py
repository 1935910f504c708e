"""How good is the depth that comes with Zograscope, beside other small networks?

Models look at real pictures whose depth was measured (Middlebury, NYU, KITTI, TUM, ...; these stay
under the licences of their data sets and outside of the project). Each answer is brought to the
size of the measured depth and judged where that is known:

- AbsRel and delta1 (share of depths less than 1.25 times off) after the scale and shift of
  disparity that fit best (Ranftl et al., "Towards Robust Monocular Depth Estimation", TPAMI 2020);
- Spearman's rank correlation of disparity, exact, which needs no alignment;
- boundary F1 (Bochkovskii et al., "Depth Pro", 2024), see `boundary_f1`;
- ripple: what an estimate makes of surfaces that are smooth, see `ripple`;
- processor seconds for a picture on one thread, from its pixels to disparity at the model's own
  size; processor time, since other programs on a shared computer hardly change it.

With --refined, each model is also judged as the diorama gets it: enlarged along the photograph's
edges, its sky sent away and its edges settled; `NAME, refined` stands beside NAME.

The table has the means over each group of pictures, and the mean rank of each model over all pairs
and the four measures of quality (1 is best).

    python benchmarks/depth_models.py [--output OUT.json] [--weights OWN.safetensors]
        [--refined] [--pictures FOLDER [--photos FOLDER]]

Wants the dependency group `benchmarks`, the pairs and the weights of the other networks. Where
there are no pairs, two drawn pictures take their place, which say little of real ones; where there
are no weights, our own models are compared with a ramp alone.
"""

import importlib.util
import math
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import torch
from benchmark import argument_parser, write_figures
from drawn_picture import draw_picture
from scipy.stats import rankdata, spearmanr
from small_depth_networks import KITTI, NYU, Meter, MobilePydnet
from zograscope_server.depth.classical import ClassicalDepth
from zograscope_server.depth.depth_map import DepthMap
from zograscope_server.depth.diorama import send_sky_away
from zograscope_server.depth.embedded import EmbeddedDepth
from zograscope_server.depth.estimate import DepthModel
from zograscope_server.depth.refinement import enlarge, refine, settle_edges
from zograscope_server.depth.sky import sky_mask
from zograscope_server.images import read_photograph

SHARED = Path(__file__).resolve().parents[2] / "shared"
REFINED = ", refined"
MEASURES = {"AbsRel": -1, "delta1": 1, "Spearman": 1, "F1": 1}  # 1 where more is better
BOUNDARY_RATIOS = np.linspace(1.05, 1.25, 10)
CLOSE_RATIO = 1.25
EDGE_GRID = 160
RIPPLE_SCALE = 0.008  # of the long side: what is finer than this is ripple
SMOOTH = 0.04  # of the range of disparity, that it may change within four scales
LEAST_SMOOTH = 0.02  # share of a picture
LONG_SIDE = 1024  # samples of a diorama of standard quality
DENSE = 0.5  # share of known depths below which boundaries cannot be told
REPEATS = 3
ROW_HEIGHT = 240  # pixels, of the pictures for looking
CAPTION_HEIGHT = 22
DRAWN_SIZES = ((240, 160), (160, 240))

# Of a pair: `id`; `split`, its group; `rgb`, (height, width, 3) uint8; `depth`, (height, width)
# float32 in metres or in any unit; `valid`, (height, width) bool, where the depth is known.
Sample = dict[str, Any]


class Ramp:
    """What any model should beat: disparity grows evenly from the top edge to the bottom edge."""

    def estimate(self, pixels: np.ndarray) -> DepthMap:
        """Return the same for all (height, width, 3) pixels of one size."""
        height, width = pixels.shape[:2]
        rows = (np.arange(height, dtype=np.float32) + 0.5) / height
        return DepthMap(np.repeat(rows[:, None], width, axis=1), model="ramp")


def all_models(weights: Path | None, folder: Path | None) -> dict[str, DepthModel]:
    """Return the models to compare; `weights` are of our own network, `folder` has the others'."""
    models: dict[str, DepthModel] = {"ramp": Ramp(), "classical": ClassicalDepth()}
    models["own network"] = EmbeddedDepth(weights) if weights else EmbeddedDepth()
    if folder is None:
        print("There are no weights of other networks: comparing our own models.")
        return models
    for training in (NYU, KITTI):
        models[training.name] = Meter(folder, training)
    models[MobilePydnet.name] = MobilePydnet(folder)
    return models


def measured_pairs(folder: Path) -> list[Sample]:
    """Return the pictures of a folder whose loader knows them."""
    return list(load_module(folder / "load_pairs.py").samples())


def drawn_pairs() -> list[Sample]:
    """Return two pictures of a tower, in an upright and a lying shape."""
    pairs = []
    for width, height in DRAWN_SIZES:
        pixels, depth = draw_picture(width, height)
        valid = np.isfinite(depth)
        depth = np.where(valid, depth, 0).astype(np.float32)
        name = f"tower {width} x {height}"
        pairs.append({"id": name, "rgb": pixels, "depth": depth, "valid": valid, "split": "drawn"})
    return pairs


def group_of(sample: Sample) -> str:
    """Middlebury's scenes stand on a table; the others are as their list says."""
    return "table-top" if sample["id"].startswith("mb") else str(sample["split"])


def align_disparity(disparity: np.ndarray, true: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Return the (height, width) depth of disparity, scaled and shifted to fit best.

    The fit is of disparity, by least squares; depth is at most twice the largest that is known.
    """
    nearness, claimed = 1 / true[valid], disparity[valid]
    columns = np.stack([claimed, np.ones_like(claimed)], axis=1)
    (scale, shift), *_ = np.linalg.lstsq(columns, nearness, rcond=None)
    return 1 / np.maximum(scale * disparity + shift, nearness.min() / 2)


def boundary_f1(predicted: np.ndarray, true: np.ndarray, valid: np.ndarray) -> float:
    """How well depth edges are found.

    The scale-invariant boundary F1 of Depth Pro (Bochkovskii et al., 2024): two
    neighbours are an edge where the depth of one is more than t times that of the other; an edge
    counts as found where the model has it between the same neighbours in the same direction; the
    mean is over t from 1.05 to 1.25, with weights that grow with t. Ratios t that no two true
    neighbours reach are left out.

    These models know disparity up to scale and shift, so this must come after alignment. They also
    answer small, so that at the size of the measured depth hardly any neighbours differ by 5 %:
    the neighbours are therefore those of a grid, with about EDGE_GRID places along the longer side.

    Args:
        predicted: (height, width) depth, aligned.
        true: (height, width) depth.
        valid: (height, width) bool, where `true` is known.

    Returns:
        F1 in [0, 1]; nan where the true depth has no edge, or is too sparse to show any.
    """
    if valid.mean() < DENSE:
        return math.nan
    stride = max(1, round(max(true.shape) / EDGE_GRID))
    real = _steps(np.log(np.where(valid, true, np.nan)[::stride, ::stride]))
    claimed = _steps(np.log(predicted[::stride, ::stride]))
    known = np.isfinite(real)
    real, claimed = real[known], claimed[known]
    scores, weights = [], []
    for ratio in BOUNDARY_RATIOS:
        edges, found = np.abs(real) > np.log(ratio), np.abs(claimed) > np.log(ratio)
        if edges.any():
            hits = np.count_nonzero(edges & found & (np.sign(real) == np.sign(claimed)))
            scores.append(2 * hits / (np.count_nonzero(edges) + np.count_nonzero(found)))
            weights.append(ratio)
    return float(np.average(scores, weights=weights)) if scores else math.nan


def ripple(disparity: np.ndarray, true: np.ndarray, valid: np.ndarray) -> float:
    """High-pass energy of an estimate where the true surface is smooth.

    Args:
        disparity: (height, width), in any scale.
        true: (height, width) depth.
        valid: (height, width) bool, where `true` is known.

    Returns:
        Root of the mean square of what a Gaussian blur takes away, in per cent of the estimate's
        range; nan where hardly any surface is known to be smooth.
    """
    if valid.mean() < DENSE:
        return math.nan
    nearness = np.where(valid, 1 / np.where(valid, true, 1), 0).astype(np.float32)
    low, high = np.percentile(nearness[valid], (1, 99))
    nearness = np.clip((nearness - low) / (high - low), 0, 1)
    scale = max(1.0, RIPPLE_SCALE * max(true.shape))
    around = np.ones((4 * math.ceil(scale) + 1,) * 2, np.uint8)
    change = cv2.dilate(nearness * valid, around) - cv2.erode(np.where(valid, nearness, 1), around)
    known = cv2.erode(valid.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    smooth = known & (change < SMOOTH)
    if smooth.mean() < LEAST_SMOOTH:
        return math.nan
    fine = disparity - cv2.GaussianBlur(disparity, (0, 0), scale)
    low, high = np.percentile(disparity[valid], (1, 99))
    return float(100 * np.sqrt(np.square(fine[smooth]).mean()) / max(high - low, 1e-6))


def _steps(values: np.ndarray) -> np.ndarray:
    """All differences between neighbours in (height, width), down and across, as one row."""
    return np.concatenate([np.diff(values, axis=axis).ravel() for axis in (0, 1)])


def processor_seconds(model: DepthModel, pixels: np.ndarray) -> float:
    """Return the median of some runs, after one that warms up."""
    model.estimate(pixels)
    seconds = []
    for _ in range(REPEATS):
        begin = time.process_time()
        model.estimate(pixels)
        seconds.append(time.process_time() - begin)
    return statistics.median(seconds)


def resized(picture: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Bring (rows, columns) or (rows, columns, 3) to another (height, width)."""
    interpolation = cv2.INTER_AREA if shape[0] < picture.shape[0] else cv2.INTER_LINEAR
    return cv2.resize(picture, shape[::-1], interpolation=interpolation)


def judge(model: DepthModel, sample: Sample, *, refined: bool) -> dict[str, dict[str, float]]:
    """Return all measures of one model on one pair, by "" and, as the diorama has it, ", refined".

    A measure is nan where it does not apply.
    """
    pixels = sample["rgb"]
    disparity = model.estimate(pixels).disparity
    scale = min(1.0, LONG_SIDE / max(pixels.shape[:2]))
    size = (round(scale * pixels.shape[0]), round(scale * pixels.shape[1]))
    answers = {"": enlarge(disparity, size)}
    if refined:
        fine = refine(disparity, pixels, size)
        answers[REFINED] = settle_edges(send_sky_away(fine, sky_mask(pixels, fine)))
    seconds = processor_seconds(model, pixels)
    return {
        name: measures(answer, sample) | {"seconds": seconds} for name, answer in answers.items()
    }


def measures(disparity: np.ndarray, sample: Sample) -> dict[str, float]:
    """Return all measures of the quality of a disparity map of any size."""
    true, valid = sample["depth"], sample["valid"]
    disparity = resized(disparity, true.shape)
    aligned = align_disparity(disparity, true, valid)
    ratio = aligned[valid] / true[valid]
    return {
        "AbsRel": float(np.abs(ratio - 1).mean()),
        "delta1": float((np.maximum(ratio, 1 / ratio) < CLOSE_RATIO).mean()),
        "Spearman": float(spearmanr(disparity[valid], -true[valid]).statistic),
        "F1": boundary_f1(aligned, true, valid),
        "ripple": ripple(disparity, true, valid),
    }


Figures = dict[str, dict[str, float]]  # by model, then by measure


def means(figures: list[Figures]) -> Figures:
    """Average each measure of each model over pairs; what does not apply to a pair is left out."""
    return {
        model: {measure: _mean([pair[model][measure] for pair in figures]) for measure in row}
        for model, row in figures[0].items()
    }


def mean_ranks(figures: list[Figures]) -> dict[str, float]:
    """Rank models by each measure on each pair, 1 is best, ties share, and average.

    What is refined is ranked among its like.
    """
    refined = {name: name.endswith(REFINED) for name in figures[0]}
    ranks = {}
    for kind in set(refined.values()):
        ranks |= _mean_ranks(figures, [name for name in refined if refined[name] == kind])
    return ranks


def _mean_ranks(figures: list[Figures], models: list[str]) -> dict[str, float]:
    ranks = []
    for pair in figures:
        for measure, sign in MEASURES.items():
            values = np.array([sign * pair[model][measure] for model in models])
            if np.isfinite(values).all():
                ranks.append(rankdata(-values))
    return dict(zip(models, np.mean(ranks, axis=0).tolist(), strict=True))


def _mean(values: list[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return statistics.fmean(known) if known else math.nan


def print_table(title: str, figures: Figures) -> None:
    """Print a line for each model."""
    columns = list(next(iter(figures.values())))
    print(f"\n{title:28}" + "".join(f"{column:>10}" for column in columns))
    for model, row in figures.items():
        print(f"  {model:26}" + "".join(f"{row[column]:10.3f}" for column in columns), flush=True)


def captioned(picture: np.ndarray, caption: str) -> np.ndarray:
    """Put a caption above a (ROW_HEIGHT, width, 3) uint8 picture."""
    board = np.full((CAPTION_HEIGHT, picture.shape[1], 3), 255, np.uint8)
    place = (3, CAPTION_HEIGHT - 6)
    cv2.putText(board, caption, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return np.concatenate([board, picture])


def write_row(path: Path, pixels: np.ndarray, disparities: dict[str, np.ndarray]) -> None:
    """Write a photograph and, beside it, disparities in [0, 1] in colours: near is bright."""
    shape = (ROW_HEIGHT, round(pixels.shape[1] * ROW_HEIGHT / pixels.shape[0]))
    tiles = [captioned(resized(pixels[..., ::-1], shape), path.stem)]
    for name, disparity in disparities.items():
        shades = np.rint(255 * np.clip(resized(disparity, shape), 0, 1)).astype(np.uint8)
        tiles.append(captioned(cv2.applyColorMap(shades, cv2.COLORMAP_INFERNO), name))
    cv2.imwrite(str(path), np.concatenate(tiles, axis=1), [cv2.IMWRITE_JPEG_QUALITY, 90])


def true_disparity(sample: Sample) -> np.ndarray:
    """(height, width) in [0, 1], 0 where the depth is not known."""
    nearness = np.where(sample["valid"], 1 / np.where(sample["valid"], sample["depth"], 1), np.nan)
    low, high = np.nanmin(nearness), np.nanmax(nearness)
    return np.nan_to_num((nearness - low) / (high - low))


def photographs(folder: Path | None) -> Iterator[tuple[str, np.ndarray]]:
    """Yield name and (height, width, 3) uint8 pixels of each picture in a folder."""
    for path in sorted(folder.iterdir()) if folder else []:
        if path.suffix.lower() in {".jpg", ".jpeg", ".png", ".tif", ".tiff"}:
            yield path.stem, read_photograph(path.read_bytes(), path.name).pixels


def load_module(path: Path) -> ModuleType:
    """Import a file that is no part of any package, and leave nothing beside it."""
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compare(models: dict[str, DepthModel], pairs: list[Sample], *, refined: bool) -> dict[str, Any]:
    """Judge all models on all pairs, print, and return everything for the JSON file."""
    by_pair: dict[str, Figures] = {}
    groups: dict[str, list[Figures]] = {}
    for sample in pairs:
        figures = {
            name + answer: row
            for name, model in models.items()
            for answer, row in judge(model, sample, refined=refined).items()
        }
        by_pair[sample["id"]] = figures
        groups.setdefault(group_of(sample), []).append(figures)
        print_table(f"{sample['id']} ({group_of(sample)})", figures)
    averages = {f"{name} ({len(group)})": means(group) for name, group in groups.items()}
    overall, ranks = means(list(by_pair.values())), mean_ranks(list(by_pair.values()))
    for name, row in overall.items():
        row["mean rank"] = ranks[name]
    averages[f"all ({len(by_pair)})"] = overall
    print("\nMeans")
    for title, figures in averages.items():
        print_table(title, figures)
    return {"pairs": by_pair, "means": averages}


def write_pictures(
    models: dict[str, DepthModel], pairs: list[Sample], photos: Path | None, folder: Path
) -> None:
    """Write a row for each pair and each photograph."""
    folder.mkdir(parents=True, exist_ok=True)
    subjects: list[tuple[str, np.ndarray, np.ndarray | None]]
    subjects = [(sample["id"], sample["rgb"], true_disparity(sample)) for sample in pairs]
    subjects += [(name, pixels, None) for name, pixels in photographs(photos)]
    for name, pixels, true in subjects:
        rows = {} if true is None else {"measured": true}
        rows |= {title: model.estimate(pixels).disparity for title, model in models.items()}
        write_row(folder / f"{name}.jpg", pixels, rows)


def without_nan(value: Any) -> Any:
    """Put None for nan, which JSON does not know."""
    if isinstance(value, dict):
        return {key: without_nan(inner) for key, inner in value.items()}
    return None if math.isnan(value) else round(value, 4)


def main() -> None:
    """Compare, print and write."""
    parser = argument_parser(__doc__)
    parser.add_argument("--pairs", type=Path, default=SHARED / "depth_pairs")
    parser.add_argument("--weights-folder", type=Path, default=SHARED / "weights" / "depth")
    parser.add_argument("--weights", type=Path, help="other weights of our own network")
    parser.add_argument("--refined", action="store_true", help="judge also what the diorama gets")
    parser.add_argument("--pictures", type=Path, help="folder for pictures of all depths")
    parser.add_argument("--photos", type=Path, help="folder of photographs to add to these")
    options = parser.parse_args()
    if options.photos and not options.pictures:
        parser.error("--photos are for --pictures")
    torch.set_num_threads(1)
    cv2.setNumThreads(1)

    if options.pairs.is_dir() and not options.toy:
        pairs = measured_pairs(options.pairs)
    else:
        print("These pictures are drawn, and say little of real ones.")
        pairs = drawn_pairs()
    others = None if options.toy or not options.weights_folder.is_dir() else options.weights_folder
    models = all_models(options.weights, others)
    results = compare(models, pairs, refined=options.refined)
    write_figures(without_nan(results), options.output)
    if options.pictures:
        write_pictures(models, pairs, options.photos, options.pictures)


if __name__ == "__main__":
    main()
