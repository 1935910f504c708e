"""The options of `zograscope walk`, `samples` and `project`, the same for both command lines.

The server's `zograscope walk` makes frames and films by itself; a scene is Blender's work.
"""

import argparse
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zograscope_protocol.command_options import (
    FramesCommand,
    check_file,
    check_folder,
    check_frames_output,
    check_suffixes,
    words,
)
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.generative.tasks import (
    PATHS,
    Direction,
    ProjectOptions,
    SamplesOptions,
    WalkOptions,
)
from zograscope_protocol.options import refusal
from zograscope_protocol.submission import Submission, file_input

LATENT_SUFFIX = ".npz"
PICTURE_SUFFIXES = (".png",)
SHOWS = ("plane", "sequencer", "world", "relief")
HEIGHTS = ("brightness", "depth")
LATENT = "latent"
"""What the array in a latent's file is called."""


@dataclass(frozen=True)
class WalkCommand(FramesCommand):
    """What `zograscope walk` was asked for.

    Attributes:
        output: a folder of frames, a film, or a scene.
        options: of the task.
        latents: files by the names that `options.keyframes` has.
        audio: a sound file, or a video with sound, or none.
        show: how a scene shows the walk.
        height: where a relief takes its heights from.
        connection: of another server.
        json: whether what was made is printed as JSON.
    """

    output: Path
    options: WalkOptions
    latents: dict[str, Path]
    audio: Path | None
    show: str
    height: str
    connection: Path | None
    json: bool

    def submission(self) -> Submission:
        """Return the job that makes the walk.

        Raises ZograscopeError `file-not-found`, `file-unreadable`, or `bad-parameters` for a file
        that holds no latent.
        """
        inputs = {name: read_latent(path) for name, path in self.latents.items()}
        if self.audio is not None:
            inputs["audio"] = file_input(self.audio)
        return self.options.submission(inputs)


@dataclass(frozen=True)
class SamplesCommand:
    """What `zograscope samples` was asked for.

    Attributes:
        output: a picture of all, or a folder of numbered pictures and a table.
        options: of the task.
        connection: of another server.
        json: whether what was made is printed as JSON.
    """

    output: Path
    options: SamplesOptions
    connection: Path | None
    json: bool

    @property
    def is_folder(self) -> bool:
        """Whether single pictures are wanted."""
        return not self.output.suffix

    def submission(self) -> Submission:
        """Return the job that makes the samples."""
        return self.options.submission()


@dataclass(frozen=True)
class ProjectCommand:
    """What `zograscope project` was asked for.

    Attributes:
        source: the picture.
        output: the latent's file.
        picture: a file for what was found, or none.
        options: of the task.
        connection: of another server.
        json: whether what was made is printed as JSON.
    """

    source: Path
    output: Path
    picture: Path | None
    options: ProjectOptions
    connection: Path | None
    json: bool

    def submission(self) -> Submission:
        """Return the job that seeks the picture.

        Raises ZograscopeError `file-not-found` or `file-unreadable`.
        """
        return self.options.submission({"image": file_input(self.source)})


def add_walk_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of a walk to a parser; `parse_walk` reads its answer."""
    add = parser.add_argument
    add("model", nargs="?", default="default", metavar="MODEL", help="as `zograscope models`")
    add("--output", type=Path, required=True, metavar="FOLDER|FILM.mp4|SCENE.blend")
    way = parser.add_argument_group("where it goes")
    way.add_argument("--path", choices=PATHS[:-1], default=PATHS[0], help="from stop to stop")
    way.add_argument(
        "--keyframes",
        type=words,
        default=(),
        metavar="3,17,latent.npz",
        help="seeds, and latents that `zograscope project` wrote, in order",
    )
    way.add_argument("--stops", type=int, default=4, metavar="N", help="drawn where none are named")
    way.add_argument("--seed", type=int, default=0, help="of the stops and the grain")
    way.add_argument(
        "--loop",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="return to the first frame",
    )
    time = parser.add_argument_group("how fast")
    time.add_argument("--frames", type=int, metavar="N", help="120, or as many as the sound has")
    time.add_argument("--rate", type=float, default=24.0, metavar="FRAMES", help="each second")
    time.add_argument("--range", type=_range, metavar="A-B", help="make these only, from 0")
    time.add_argument(
        "--uneven", action="store_true", help="do not hold the picture's change constant"
    )
    time.add_argument("--audio", type=Path, metavar="FILE", help="a sound that drives the walk")
    time.add_argument("--audio-strength", type=float, default=1.0, metavar="F")
    _add_style_arguments(parser)
    add("--show", choices=SHOWS, default=SHOWS[0], help="in a scene")
    add("--height", choices=HEIGHTS, default=HEIGHTS[0], help="of a relief")
    _add_common_arguments(parser)


def parse_walk(arguments: argparse.Namespace) -> WalkCommand:
    """Check the parsed options.

    Raises ZograscopeError `file-not-found`, `is-a-folder` or `bad-parameters`.
    """
    latents = _latents(arguments.keyframes)
    first, last = arguments.range or (0, None)
    check_frames_output(arguments.output)
    if arguments.audio is not None:
        check_file(arguments.audio)
    return WalkCommand(
        output=arguments.output,
        options=WalkOptions(
            path=arguments.path,
            keyframes=tuple(arguments.keyframes),
            stops=arguments.stops,
            loop=arguments.loop,
            even=not arguments.uneven,
            frames=arguments.frames,
            first=first,
            last=last,
            rate=arguments.rate,
            audio_name=arguments.audio.name if arguments.audio else "sound",
            audio_strength=arguments.audio_strength,
            **_style_options(arguments),
        ),
        latents=latents,
        audio=arguments.audio,
        show=arguments.show,
        height=arguments.height,
        connection=arguments.connection,
        json=arguments.json,
    )


def add_samples_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of samples to a parser; `parse_samples` reads its answer."""
    add = parser.add_argument
    add("model", nargs="?", default="default", metavar="MODEL", help="as `zograscope models`")
    add("--output", type=Path, required=True, metavar="GRID.png|FOLDER")
    add("--seed", type=int, default=0, help="of the first sample, and of the grain")
    add("--seeds", type=words, default=(), metavar="3,17", help="these instead")
    add("--count", type=int, default=64, metavar="N")
    add("--columns", type=int, metavar="N", help="of the grid")
    add(
        "--originals",
        action="store_true",
        help="look up the nearest images of the model's collection",
    )
    _add_style_arguments(parser)
    _add_common_arguments(parser)


def parse_samples(arguments: argparse.Namespace) -> SamplesCommand:
    """Check the parsed options. Raises ZograscopeError `bad-parameters`."""
    if arguments.output.suffix:
        check_suffixes("--output", [arguments.output], PICTURE_SUFFIXES)
    check_folder(arguments.output)
    return SamplesCommand(
        output=arguments.output,
        options=SamplesOptions(
            seeds=tuple(arguments.seeds),
            count=arguments.count,
            columns=arguments.columns,
            originals=arguments.originals,
            **_style_options(arguments),
        ),
        connection=arguments.connection,
        json=arguments.json,
    )


def add_project_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of a projection to a parser; `parse_project` reads its answer."""
    add = parser.add_argument
    add("model", metavar="MODEL", help="as `zograscope models`, or default")
    add("source", type=Path, metavar="PICTURE", help="the picture that is sought")
    add("--output", type=Path, required=True, metavar="LATENT.npz", help="a keyframe of a walk")
    add("--picture", type=Path, metavar="FILE.png", help="write what was found")
    add("--steps", type=int, default=200, metavar="N", help="of the search")
    add("--seed", type=int, default=0, help="of its beginning, and of the grain")
    _add_common_arguments(parser)


def parse_project(arguments: argparse.Namespace) -> ProjectCommand:
    """Check the parsed options.

    Raises ZograscopeError `file-not-found`, `is-a-folder` or `bad-parameters`.
    """
    check_file(arguments.source)
    check_suffixes("--output", [arguments.output], (LATENT_SUFFIX,))
    check_suffixes("--picture", [arguments.picture], PICTURE_SUFFIXES)
    return ProjectCommand(
        source=arguments.source,
        output=arguments.output,
        picture=arguments.picture,
        options=ProjectOptions(
            model=arguments.model,
            file_name=arguments.source.name,
            steps=arguments.steps,
            seed=arguments.seed,
        ),
        connection=arguments.connection,
        json=arguments.json,
    )


def read_latent(path: Path) -> np.ndarray:
    """Return the latent in a file that `zograscope project` wrote, float32 (styles, numbers).

    Raises ZograscopeError `file-not-found`, `file-unreadable`, `bad-parameters`.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return np.asarray(file[LATENT], np.float32)
    except FileNotFoundError as error:
        raise ZograscopeError("file-not-found", path=str(path)) from error
    except OSError as error:
        raise ZograscopeError("file-unreadable", str(error), path=str(path)) from error
    except (ValueError, KeyError, IndexError, TypeError, EOFError, zipfile.BadZipFile) as error:
        problem = f"{path} holds no latent; `zograscope project` writes such files"
        raise refusal(problem) from error


def _add_style_arguments(parser: argparse.ArgumentParser) -> None:
    style = parser.add_argument_group("how it looks")
    style.add_argument(
        "--truncation", type=float, default=1.0, metavar="F", help="0 is the average image"
    )
    style.add_argument(
        "--direction",
        type=_direction,
        action="append",
        default=[],
        metavar="N:STRENGTH",
        help="move along a direction of the model, from 0; again for more",
    )
    style.add_argument("--mix", type=int, metavar="SEED", help="finer styles of another image")
    style.add_argument(
        "--mix-from", type=int, default=32, metavar="PIXELS", help="where these begin"
    )
    style.add_argument("--credit", default="", metavar="WORDS", help="written into the corner")


def _style_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what was said by `_add_style_arguments`, and of which model and seed."""
    return {
        "model": arguments.model,
        "seed": arguments.seed,
        "truncation": arguments.truncation,
        "directions": tuple(arguments.direction),
        "mix_seed": arguments.mix,
        "mix_from": arguments.mix_from,
        "credit": arguments.credit,
    }


def _add_common_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--connection", type=Path, metavar="FILE", help="connection file of another server")
    add("--json", action="store_true", help="print what was made as JSON")


def _latents(keyframes: tuple[str, ...]) -> dict[str, Path]:
    """Return the files among keyframes. Raises ZograscopeError for what is neither."""
    files = {}
    for name in keyframes:
        if name.isascii() and name.isdigit():
            continue
        if Path(name).suffix.lower() != LATENT_SUFFIX:
            raise refusal(
                f"the keyframe {name!r} is neither a seed, which is a whole number, nor a latent "
                f"({LATENT_SUFFIX}) that `zograscope project` wrote"
            )
        check_file(Path(name))
        files[name] = Path(name)
    return files


def _direction(text: str) -> Direction:
    number, _, strength = text.partition(":")
    try:
        return int(number), float(strength)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a direction such as 2:1.5") from error


def _range(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    if not (first.isdigit() and (last or first).isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a range of frames such as 0-99")
    return int(first), int(last or first)
