"""The options of `zograscope train`."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from zograscope_protocol.command_options import check_suffixes
from zograscope_protocol.generative.tasks import COLOURS, CROPS, LOSSES, TrainOptions
from zograscope_protocol.options import refusal

MODEL_SUFFIXES = (".safetensors",)


@dataclass(frozen=True)
class TrainCommand:
    """What `zograscope train` was asked for.

    Attributes:
        options: of the task.
        output: a file for the model, or None: it is in the server's catalogue anyway.
        grids: a folder for the sample grids, as they come.
        connection: of another server.
        json: whether the model's card is printed as JSON.
    """

    options: TrainOptions
    output: Path | None
    grids: Path | None
    connection: Path | None
    json: bool


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser; `parse_train` reads its answer."""
    add = parser.add_argument
    add("collection", help="a folder, a CSV or TSV file, a IIIF manifest or its address")
    add("--output", type=Path, metavar="MODEL.safetensors", help="also write the model there")
    add("--name", default="", help="of the model; that of --output or of the collection")
    add("--rights", default="", metavar="WORDS", help="of the collection, for the model's card")
    add("--grids", type=Path, metavar="FOLDER", help="write sample grids there, as they come")
    ends = parser.add_argument_group("how long (10 minutes, where nothing is said)")
    ends.add_argument("--minutes", type=float, metavar="N", help="of computing")
    ends.add_argument("--images", type=float, metavar="N", help="thousands of images shown")
    images = parser.add_argument_group("what it makes")
    images.add_argument(
        "--size", type=_size, default=(64, 64), metavar="N|WxH", help="of its images in pixels"
    )
    images.add_argument("--grey", action="store_true", help="makes grey images")
    images.add_argument("--crop", choices=CROPS, default=CROPS[0], help="of the pictures")
    images.add_argument("--duplicates", action="store_true", help="also learn from near duplicates")
    images.add_argument("--offline", action="store_true", help="fetch nothing from the network")
    how = parser.add_argument_group("how it learns")
    how.add_argument("--seed", type=int, default=0, metavar="N", help="of all chance")
    how.add_argument("--batch", type=int, default=8, metavar="N", help="images of one step")
    how.add_argument("--rate", type=float, metavar="F", help="of learning")
    how.add_argument("--channels", type=int, metavar="N", help="of the widest layers, over 16")
    how.add_argument("--loss", choices=LOSSES, default=TrainOptions.loss)
    how.add_argument("--guess-augmentation", action="store_true")
    how.add_argument("--normalise", action="store_true")
    how.add_argument("--sample-every", type=float, default=1.0, metavar="MINUTES")
    add("--connection", type=Path, metavar="FILE", help="connection file of another server")
    add("--json", action="store_true", help="print the model's card as JSON")


def parse_train(arguments: argparse.Namespace) -> TrainCommand:
    """Check the parsed options. Raises ZograscopeError `bad-parameters`."""
    check_suffixes("--output", [arguments.output], MODEL_SUFFIXES)
    collection = arguments.collection
    if "://" not in collection:
        collection = str(Path(collection).resolve())
    of_collection = Path(collection.rstrip("/")).stem
    width, height = arguments.size
    options = TrainOptions(
        collection=collection,
        name=arguments.name or (arguments.output.stem if arguments.output else of_collection),
        rights=arguments.rights,
        online=not arguments.offline,
        width=width,
        height=height,
        colours=COLOURS[arguments.grey],
        crop=arguments.crop,
        duplicates=arguments.duplicates,
        minutes=arguments.minutes,
        images=arguments.images,
        seed=arguments.seed,
        batch=arguments.batch,
        rate=arguments.rate,
        channels=arguments.channels,
        loss=arguments.loss,
        guess_augmentation=arguments.guess_augmentation,
        normalise=arguments.normalise,
        sample_every=arguments.sample_every,
    )
    if arguments.grids is not None and arguments.grids.is_file():
        raise refusal(f"--grids {arguments.grids} is a file, and must be a folder")
    return TrainCommand(
        options, arguments.output, arguments.grids, arguments.connection, arguments.json
    )


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    try:
        return int(width), int(height or width)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 64 or 96x64") from error
