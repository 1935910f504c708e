"""`zograscope embed`: turn the images of a collection into vectors, here or on a Ray cluster.

What it has done is kept in the index of images that the server's mosaics use, so that a mosaic of
the same collection is there at once.
"""

import argparse
import json
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from zograscope_protocol.connection import state_folder

from zograscope_server.command_line.progress import progress_shown
from zograscope_server.command_line.server_options import add_state_option
from zograscope_server.models.catalogue import DEFAULT


def add_parser(subparsers: Any) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser("embed", help="compare the images of a collection")
    parser.add_argument(
        "collection", help="a folder, a CSV or TSV file, a IIIF manifest or its address"
    )
    parser.add_argument("--model", default=DEFAULT, metavar="NAME", help="as `zograscope models`")
    parser.add_argument(
        "--ray", metavar="auto|ADDRESS", help="compute on this Ray cluster, which shares the files"
    )
    parser.add_argument("--device", default="auto", metavar="auto|cpu|cuda:0|mps")
    parser.add_argument("--offline", action="store_true", help="fetch nothing from the network")
    parser.add_argument(
        "--refresh", action="store_true", help="ask again for images that were fetched before"
    )
    parser.add_argument("--models", type=Path, metavar="FOLDER", help="the models folder")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    add_state_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Embed the collection and print what came of it."""
    from zograscope_server.collection.fetching import Fetcher
    from zograscope_server.collection.open import open_collection
    from zograscope_server.embedding.embed import decoder_threads, embed_collection
    from zograscope_server.embedding.image_index import index_in
    from zograscope_server.embedding.loading import PURPOSE
    from zograscope_server.embedding.ray_cluster import RayCluster
    from zograscope_server.models.catalogue import find_model
    from zograscope_server.models.loading import best_device, load_model
    from zograscope_server.mosaic.atlas import plan_atlas

    began = time.monotonic()
    models_folder = arguments.models or state_folder() / "models"
    model = find_model(arguments.model, models_folder, PURPOSE)
    device = arguments.device
    if device == "auto":
        device = "cpu" if model.embedded or arguments.ray else best_device()
    embedder = load_model(model.name, models_folder, device)
    downloads = arguments.state / "cache" / "downloads"
    cluster = (
        RayCluster(arguments.ray, model.name, models_folder) if arguments.ray else nullcontext()
    )
    with cluster as embed_items, progress_shown("embed", quiet=arguments.json) as on_progress:
        online = not arguments.offline
        collection = open_collection(
            arguments.collection, downloads, on_progress, online, refresh=arguments.refresh
        )
        with index_in(arguments.state / "cache") as index:
            embedded = embed_collection(
                collection,
                embedder,
                index,
                Fetcher(downloads, online, refresh=arguments.refresh),
                thumbnail_size=plan_atlas(len(collection.items)).cell,  # as a mosaic will want
                decoders=decoder_threads(),
                on_progress=on_progress,
                embed_items=embed_items,
            )
    answer = {
        "collection": collection.name,
        "model": embedder.name,
        "images": len(embedded.items),
        "new_images": embedded.new_images,
        "dimensions": embedded.vectors.shape[1],
        "problems": [vars(problem) for problem in embedded.problems],
        "seconds": round(time.monotonic() - began, 2),
    }
    print(json.dumps(answer, indent=2) if arguments.json else _in_words(answer))
    return 0


def _in_words(answer: dict[str, Any]) -> str:
    lines = [f"{problem['name']}: {problem['sentence']}" for problem in answer["problems"]]
    lines.append(
        f"{answer['collection']}: {answer['images']} images, {answer['new_images']} of them new,"
        f" compared by {answer['model']} in {answer['seconds']:.1f} s"
    )
    if answer["problems"]:
        lines.append(f"{len(answer['problems'])} were left out; the reasons stand above.")
    return "\n".join(lines)
