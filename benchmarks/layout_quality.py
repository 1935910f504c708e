"""Does the t-SNE keep more neighbours than openTSNE's own defaults do, at no more time?

The vectors are synthetic, of 512 dimensions, and made to be as hard as embeddings of archives are:
36 kinds of unequal size, which overlap, each a Gaussian cloud of 32 factors of falling variance;
a random layer bends the factors (tanh) and spreads them over the 512 dimensions; noise is added,
and vectors are scaled to length 1. Both maps are made from the same vectors in the same process,
with as many threads, and are judged by the exact ten nearest neighbours. Time is compared as
processor time too, which other programs on a shared computer hardly change.

    python benchmarks/layout_quality.py [--output OUT.json] [--counts 10000 70000] [--seed 0]
"""

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from benchmark import argument_parser, write_figures
from openTSNE import TSNE
from zograscope_server.embedding.neighbours import nearest_neighbours
from zograscope_server.mosaic.layout.quality import shared_neighbours
from zograscope_server.mosaic.layout.tsne import tsne

COUNTS, TOY_COUNTS = (10_000, 70_000), (300,)
DIMENSIONS = 512
KINDS = 36
FACTORS = 32
HIDDEN = 256
NOISE = 0.25
NEIGHBOURS = 10


def make_vectors(count: int, seed: int) -> np.ndarray:
    """Return (count, DIMENSIONS) float32 vectors of length 1; see above."""
    random = np.random.default_rng(seed)
    kind = random.choice(KINDS, count, p=random.dirichlet(np.full(KINDS, 2.0)))
    spread = np.arange(1, FACTORS + 1) ** -0.5
    factors = random.normal(size=(KINDS, FACTORS))[kind] + random.normal(size=(count, FACTORS))
    hidden = np.tanh(factors * spread @ random.normal(size=(FACTORS, HIDDEN)) / 2)
    vectors = hidden @ random.normal(size=(HIDDEN, DIMENSIONS)) / np.sqrt(HIDDEN)
    vectors += NOISE * random.normal(size=vectors.shape)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


LayOut = Callable[[np.ndarray, int], np.ndarray]


def opentsne_defaults(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Lay out as openTSNE does when asked for nothing in particular, but for seed and threads."""
    map_of_vectors = TSNE(n_jobs=torch.get_num_threads(), random_state=seed).fit(vectors)
    return np.asarray(map_of_vectors, dtype=np.float32)


def ours(vectors: np.ndarray, seed: int) -> np.ndarray:
    return tsne(vectors, seed=seed)


def measure(lay_out: LayOut, vectors: np.ndarray, seed: int, nearest: np.ndarray) -> dict[str, Any]:
    begin, begin_busy = time.perf_counter(), time.process_time()
    points = lay_out(vectors, seed)
    seconds, busy = time.perf_counter() - begin, time.process_time() - begin_busy
    kept = shared_neighbours(nearest, nearest_neighbours(points, NEIGHBOURS)[0])
    return {
        "preservation": round(kept, 4),
        "seconds": round(seconds, 1),
        "processor_seconds": round(busy, 1),
    }


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--counts", type=int, nargs="+", help="numbers of images")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    threads = int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
    torch.set_num_threads(threads)

    results = []
    print(f"{threads} threads; {NEIGHBOURS}-neighbour preservation and seconds")
    for count in options.counts or (TOY_COUNTS if options.toy else COUNTS):
        vectors = make_vectors(count, options.seed)
        nearest, _ = nearest_neighbours(vectors, NEIGHBOURS)
        theirs = measure(opentsne_defaults, vectors, options.seed, nearest)
        own = measure(ours, vectors, options.seed, nearest)
        result = {
            "count": count,
            "dimensions": DIMENSIONS,
            "threads": threads,
            "ours": own,
            "opentsne": theirs,
            "preservation_ratio": round(own["preservation"] / theirs["preservation"], 4),
            "seconds_ratio": round(own["seconds"] / theirs["seconds"], 3),
            "processor_seconds_ratio": round(
                own["processor_seconds"] / theirs["processor_seconds"], 3
            ),
        }
        results.append(result)
        for name, measured in (("ours", own), ("openTSNE", theirs)):
            print(
                f"{count:>7} {name:9} {measured['preservation']:.4f} in {measured['seconds']:.1f} s"
                f" ({measured['processor_seconds']:.1f} s of processor time)"
            )
        print(
            f"{count:>7} ratios    {result['preservation_ratio']:.3f}"
            f" in {result['seconds_ratio']:.2f} ({result['processor_seconds_ratio']:.2f})",
            flush=True,
        )
        write_figures(results, options.output)
    worse = [
        result["count"]
        for result in results
        if result["preservation_ratio"] <= 1.0 or result["processor_seconds_ratio"] > 1.0
    ]
    if worse and not options.toy:
        raise SystemExit(f"no better than openTSNE's defaults at {worse}")


if __name__ == "__main__":
    main()
