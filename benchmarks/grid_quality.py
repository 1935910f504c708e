"""How well does a grid keep what a cloud, or the images themselves, say is near?

Snapping (our split and exchange) and sorting by features, against a plain linear assignment and a
sort like RasterFairy's, in one run. DPQ is the distance preservation quality of Barthel et al. 2023
(1 is perfect, 0 is chance) of the features and of the cloud; displacement is in cells:

    .venv/bin/python benchmarks/grid_quality.py [--output OUT.json] [--counts 1000 10000 100000]
"""

import time
from collections.abc import Callable

import numpy as np
from benchmark import argument_parser, write_figures
from scipy.optimize import linear_sum_assignment
from zograscope_server.mosaic.grid.assignment import fit_to_cells, snap_to_grid
from zograscope_server.mosaic.grid.quality import distance_preservation_quality, mean_displacement
from zograscope_server.mosaic.grid.shapes import rectangle_cells
from zograscope_server.mosaic.grid.sorting import sort_by_features

COUNTS, TOY_COUNTS = (1000, 10_000, 100_000), (200,)
MOST_EXACT = 4096  # beyond, a plain assignment takes minutes; at 100,000 its matrix has 80 GB
CLUSTERS = 40
DIMENSIONS = 24
INTRINSIC = 3
ASPECT = 1.5


def synthetic(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a cloud (n, 2) and features (n, DIMENSIONS).

    Clusters of a three-dimensional space, of unequal size and spread, folded into more dimensions
    with noise; the cloud is the plane of most variance, so that it loses one dimension of three.
    """
    random = np.random.default_rng(0)
    centres = random.normal(0, 3, (CLUSTERS, INTRINSIC))
    spreads = random.uniform(0.2, 1.2, (CLUSTERS, 1))
    member = random.choice(CLUSTERS, count, p=random.dirichlet(np.full(CLUSTERS, 2.0)))
    inner = centres[member] + random.normal(size=(count, INTRINSIC)) * spreads[member]
    waves = random.normal(0, 0.25, (INTRINSIC, DIMENSIONS))
    features = np.sin(inner @ waves + random.uniform(0, 2 * np.pi, DIMENSIONS))
    features += random.normal(0, 0.05, features.shape)
    centred = features - features.mean(axis=0)
    directions = np.linalg.eigh(centred.T @ centred)[1][:, ::-1]
    return (centred @ directions[:, :2]).astype(np.float32), features.astype(np.float32)


def plain_assignment(cloud: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Let SciPy find the assignment of least squared distances."""
    targets = fit_to_cells(cloud, cells)
    cost = ((targets[:, None] - cells[None]) ** 2).sum(axis=2)
    return cells[linear_sum_assignment(cost)[1]]


def like_rasterfairy(cloud: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Sort by rows, then within each row by columns."""
    chosen = np.empty_like(cells)
    downwards = np.argsort(-cloud[:, 1], kind="stable")
    in_row = np.bincount(cells[:, 1])
    for row, tiles in enumerate(np.split(downwards, np.cumsum(in_row)[:-1])):
        chosen[tiles[np.argsort(cloud[tiles, 0], kind="stable")]] = cells[cells[:, 1] == row]
    return chosen


def measure(count: int, most_exact: int) -> dict[str, dict[str, float]]:
    """Return quality and seconds of each way at one size."""
    cloud, features = synthetic(count)
    cells = rectangle_cells(count, ASPECT)
    ways: dict[str, Callable[[], np.ndarray]] = {
        "like RasterFairy": lambda: like_rasterfairy(cloud, cells),
        "snapped (ours)": lambda: snap_to_grid(cloud, cells),
        "sorted by features (ours)": lambda: sort_by_features(features, cells),
    }
    if count <= most_exact:
        ways["plain linear assignment"] = lambda: plain_assignment(cloud, cells)
    rows = {}
    for name, way in ways.items():
        started = time.perf_counter()
        chosen = way()
        rows[name] = {
            "seconds": time.perf_counter() - started,
            "DPQ of features": distance_preservation_quality(features, chosen),
            "DPQ of cloud": distance_preservation_quality(cloud, chosen),
            "displacement": mean_displacement(cloud, chosen),
        }
    return rows


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--counts", type=int, nargs="+", help="numbers of tiles")
    parser.add_argument("--most-exact", type=int, default=MOST_EXACT)
    arguments = parser.parse_args()
    results = {}
    for count in arguments.counts or (TOY_COUNTS if arguments.toy else COUNTS):
        results[count] = measure(count, arguments.most_exact)
        print(f"{count} tiles")
        for name, row in results[count].items():
            figures = "  ".join(f"{key} {value:9.4f}" for key, value in row.items())
            print(f"  {name:28}{figures}")
        if count > arguments.most_exact:
            print(
                "  plain linear assignment     left out: it takes minutes, or more memory than is"
            )
    write_figures(results, arguments.output)


if __name__ == "__main__":
    main()
