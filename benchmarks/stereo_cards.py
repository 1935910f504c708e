"""How much better is depth that is measured between the halves of a stereograph?

Pairs of pictures whose depth is known become cards (see `drawn_card.py`): mounted, arched, faded,
dusty, grainy, with captions, the right half turned and shifted, as a JPEG. Each goes the whole way
of `zograscope diorama`: the card is noticed, taken apart, rectified, matched and filled. The same
left half goes the way of any photograph, with the network alone. Both are judged by AbsRel after
the scale and shift of disparity that fit best, where the true depth is known: as estimated and
measured, and "settled", with sky and edges as a diorama gets them.

    python benchmarks/stereo_cards.py [--output OUT.json] [--seeds 4] [--pictures FOLDER]

The motorcycle (scikit-image's, from Middlebury 2014) has both views. The other pairs, where they
are, have one view and its depth: their second view is drawn from those, with a grain of its own,
and what the first view hides is background mirrored. They stay under their licences, outside of
the project.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage.data
from benchmark import argument_parser, write_figures
from depth_models import SHARED, align_disparity, measured_pairs, resized, write_row
from drawn_card import Card, draw_card, second_view
from scipy import ndimage
from zograscope_protocol.depth.tasks import DioramaOptions
from zograscope_server.depth.diorama import DioramaParts, make_diorama
from zograscope_server.depth.embedded import EmbeddedDepth
from zograscope_server.depth.estimate import estimate_depth
from zograscope_server.images import Photograph

LIMIT = 0.5  # of the network's AbsRel
PARALLAX = 0.055  # of the width, between near and far, in views that are drawn
DENSE = 0.4  # share of known depths, without which no second view can be drawn
TOY_WIDTH = 320

# Of a pair: name, left and right view (height, width, 3) uint8, nearness (height, width) float32 in
# any unit, and (height, width) bool, where it is known.
Pair = tuple[str, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def motorcycle() -> Pair:
    """The pair that has both views."""
    left, right, disparity = skimage.data.stereo_motorcycle()
    known = np.isfinite(disparity) & (disparity > 0)
    # The views were cropped apart: infinity lies at -31.1 pixels (its `doffs`, at this size).
    nearness = np.where(known, disparity + 31.086, 1.0).astype(np.float32)
    return "motorcycle", left[..., :3], right[..., :3], nearness, known


def pairs(folder: Path) -> Iterator[Pair]:
    """Yield the motorcycle, and each picture of a folder whose depth is dense enough."""
    yield motorcycle()
    for sample in measured_pairs(folder) if folder.is_dir() else []:
        known = sample["valid"]
        if sample["id"] == "mb14_motorcycle" or known.mean() < DENSE:
            continue
        nearness = (1 / np.where(known, sample["depth"], 1)).astype(np.float32)
        pixels = resized(sample["rgb"], _working_size(known.shape, sample["rgb"].shape[:2]))
        nearness, known = _enlarged(nearness, known, pixels.shape[:2])
        low, high = np.percentile(nearness[known], (1, 99))
        parallax = (nearness - low) / (high - low) * PARALLAX * pixels.shape[1]
        # Not all cards are mounted so that infinity fuses at zero.
        view = second_view(pixels, parallax - 4, np.random.default_rng(5))
        yield sample["id"], pixels, view, nearness, known


def judge(card: Card, pair: Pair, model: EmbeddedDepth) -> dict[str, Any] | None:
    """Measure one card beside the estimate of its left half; None where no card was noticed."""
    _, _, _, nearness, known = pair
    estimate = partial(estimate_depth, model=model)
    measured = _diorama(card.pixels, estimate, "auto")
    if measured.stereo is None:
        return None
    alone = _diorama(measured.photograph.pixels, estimate, "no")
    left, top, right, bottom = measured.stereo.rectangles[0]
    x, y = np.subtract(card.window[:2], card.print_place)
    part = np.s_[top + y : bottom + y, left + x : right + x]
    true, valid = 1 / nearness[part], known[part]
    exact = np.array_equal(measured.photograph.pixels, card.pixels[top:bottom, left:right])
    network, settled_network, stereo, settled_stereo = (
        _absolute_relative_error(resized(disparity, valid.shape), true, valid)
        for parts in (alone, measured)
        for disparity in (parts.depth.disparity, parts.disparity)
    )
    return {
        "network": network,
        "stereo": stereo,
        "ratio": stereo / network,
        "settled ratio": settled_stereo / settled_network,
        "matched": measured.stereo.matched_share,
        "turn off by": abs(measured.stereo.turn + card.turn),  # OpenCV turns the other way
        "exact": float(exact),
        "disparities": (alone.disparity, measured.disparity),
        "photograph": measured.photograph.pixels,
        "true": np.where(valid, nearness[part], np.nan),
    }


def main() -> None:
    """Compare, print and write."""
    parser = argument_parser(__doc__)
    parser.add_argument("--pairs", type=Path, default=SHARED / "depth_pairs")
    parser.add_argument("--seeds", type=int, default=4, help="cards for each pair")
    parser.add_argument("--first-seed", type=int, default=0, help="of the cards' chance")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="rows for looking")
    arguments = parser.parse_args()
    model = EmbeddedDepth()
    chosen = [_toy(motorcycle())] if arguments.toy else list(pairs(arguments.pairs))
    figures: dict[str, Any] = {}
    missed = 0
    print(
        f"{'card':24}{'network':>9}{'stereo':>9}{'ratio':>7}{'settled':>9}{'matched':>9}"
        f"{'turn off':>10}  exact"
    )
    for number, pair in enumerate(chosen):
        for seed in range(1 if arguments.toy else arguments.seeds):
            name = f"{pair[0]} {seed}"
            card = draw_card(pair[1], pair[2], arguments.first_seed + number + seed)
            row = judge(card, pair, model)
            if row is None:
                missed += 1
                print(f"{name:24}is not taken for a card")
                continue
            if arguments.pictures:
                _write_pictures(arguments.pictures, name, card, row)
            figures[name] = {key: value for key, value in row.items() if isinstance(value, float)}
            print(
                f"{name:24}{row['network']:9.3f}{row['stereo']:9.3f}{row['ratio']:7.2f}"
                f"{row['settled ratio']:9.2f}{row['matched']:9.2f}{row['turn off by']:10.2f}"
                f"  {bool(row['exact'])}",
                flush=True,
            )
    worst = max((row["ratio"] for row in figures.values()), default=0.0)
    print(f"\nworst ratio {worst:.2f}, wanted at most {LIMIT}; cards not noticed: {missed}")
    write_figures({"cards": figures, "worst ratio": worst, "not noticed": missed}, arguments.output)


def _diorama(pixels: np.ndarray, estimate: Any, stereo: str) -> DioramaParts:
    options = DioramaOptions(crop="none", kind="photograph", background=False, stereo=stereo)
    photograph = Photograph(pixels, alpha=None, focal_length=None, source="card")
    return make_diorama(photograph, estimate, options)


def _absolute_relative_error(disparity: np.ndarray, true: np.ndarray, valid: np.ndarray) -> float:
    ratio = align_disparity(disparity, true, valid)[valid] / true[valid]
    return float(np.abs(ratio - 1).mean())


def _working_size(known: tuple[int, int], picture: tuple[int, int]) -> tuple[int, int]:
    """The size to work at: that of the depth, or some times it where that is much smaller."""
    times = max(1, min(3, picture[0] // known[0]))
    return known[0] * times, known[1] * times


def _enlarged(
    nearness: np.ndarray, known: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Bring nearness to a size, with gaps filled by what is next to them; and where it is known."""
    nearest = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    filled = cv2.medianBlur(nearness[tuple(nearest)], 5)
    return resized(filled, size), resized(known.astype(np.float32), size) > 0.99


def _toy(pair: Pair) -> Pair:
    name, left, right, nearness, known = pair
    size = (round(left.shape[0] * TOY_WIDTH / left.shape[1]), TOY_WIDTH)
    nearness, known = _enlarged(nearness, known, size)
    return name, resized(left, size), resized(right, size), nearness, known


def _write_pictures(folder: Path, name: str, card: Card, row: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = name.replace(" ", "_")
    cv2.imwrite(str(folder / f"{name}_card.jpg"), card.pixels[..., ::-1])
    low, high = np.nanpercentile(row["true"], (0.5, 99.5))
    true = np.nan_to_num((row["true"] - low) / (high - low)).astype(np.float32)
    titles = ("network", "stereo")
    shown = {"measured": true, **dict(zip(titles, row["disparities"], strict=True))}
    write_row(folder / f"{name}.jpg", row["photograph"], shown)


if __name__ == "__main__":
    main()
