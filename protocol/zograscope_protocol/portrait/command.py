"""The options of `zograscope portrait`, the same for the server's command line and Blender's.

The server's `zograscope portrait` makes frames and films by itself; a scene is Blender's work.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

from zograscope_protocol.command_options import (
    SCENE_SUFFIX,
    FramesCommand,
    check_file,
    check_frames_output,
    check_suffixes,
    words,
)
from zograscope_protocol.options import refusal
from zograscope_protocol.portrait.tasks import (
    HANDLES,
    MOTIONS,
    MOUTHS,
    REGIONS,
    Handle,
    PortraitOptions,
)
from zograscope_protocol.submission import Submission, file_input

CURVE_SUFFIXES = (".json", ".csv")
SHEET_SUFFIXES = (".png",)


@dataclass(frozen=True)
class PortraitCommand(FramesCommand):
    """What `zograscope portrait` was asked for.

    Attributes:
        source, driver: files; a driver may be a video, or curves as `curves` are written.
        output: a folder of frames, a film, or a scene.
        options: of the task.
        onto_diorama: whether the scene is the picture's diorama.
        curves: a file for what the driver's face does.
        contact_sheet: a picture for stills of the frames.
        connection: of another server.
        json: whether what was made is printed as JSON.
    """

    source: Path
    driver: Path
    output: Path
    options: PortraitOptions
    onto_diorama: bool
    curves: Path | None
    contact_sheet: Path | None
    connection: Path | None
    json: bool

    @property
    def driven_by_curves(self) -> bool:
        """Whether the driver is a file of curves."""
        return self.driver.suffix.lower() in CURVE_SUFFIXES

    def submission(self) -> Submission:
        """Return the job that moves the portrait as a video has it.

        Raises ZograscopeError `file-not-found` or `file-unreadable`.
        """
        inputs = {"image": file_input(self.source), "driver": file_input(self.driver)}
        return self.options.submission(inputs)


def add_portrait_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser; `parse_portrait` reads its answer."""
    add = parser.add_argument
    add("source", type=Path, metavar="SOURCE", help="the portrait that is moved")
    add("driver", type=Path, metavar="DRIVER", help="a video, or curves (.json, .csv)")
    add("--output", type=Path, required=True, metavar="FOLDER|FILM.mp4|SCENE.blend")
    add("--model", default="default", help="as `zograscope models` lists them")
    add("--credit", default="", metavar="WORDS", help="written into the lower corner")
    add("--onto-diorama", action="store_true", help="move the person in the picture's diorama")
    add("--curves", type=Path, metavar="FILE.json|csv", help="write what the driver's face does")
    add("--contact-sheet", type=Path, metavar="FILE.png", help="stills side by side")
    motion = parser.add_argument_group("how much of the driver is taken")
    motion.add_argument("--strength", type=float, default=1.0, help="1 moves as the driver does")
    for region in REGIONS:
        motion.add_argument(
            f"--strength-{region}", type=float, metavar="F", help=f"of the {region}"
        )
    motion.add_argument(
        "--regions", type=words, default=REGIONS, metavar=",".join(REGIONS), help="what moves"
    )
    motion.add_argument("--mouth", choices=MOUTHS, default=MOUTHS[0], help="whose interior is seen")
    motion.add_argument("--motion", choices=MOTIONS, default=MOTIONS[0], help="of networks")
    motion.add_argument("--no-stitching", action="store_true", help="of networks that can")
    motion.add_argument("--neutral-frame", type=int, metavar="N", help="of the driver, at rest")
    part = parser.add_argument_group("which part, and which face")
    part.add_argument("--start", type=float, default=0.0, metavar="SECONDS")
    part.add_argument("--end", type=float, metavar="SECONDS")
    part.add_argument("--rate", type=float, metavar="FRAMES", help="each second")
    part.add_argument("--face", type=int, default=0, metavar="N", help="from left to right, from 0")
    part.add_argument("--driver-face", type=int, default=0, metavar="N")
    part.add_argument(
        "--handle",
        type=_handle,
        action="append",
        default=[],
        metavar="NAME,X,Y",
        help=f"move a point of the portrait: {', '.join(HANDLES)}, in pixels",
    )
    add("--connection", type=Path, metavar="FILE", help="connection file of another server")
    add("--json", action="store_true", help="print what was made as JSON")


def parse_portrait(arguments: argparse.Namespace) -> PortraitCommand:
    """Check the parsed options.

    Raises:
        ZograscopeError: `file-not-found`, `is-a-folder` or `bad-parameters`.
    """
    check_file(arguments.source)
    check_file(arguments.driver)
    command = PortraitCommand(
        source=arguments.source,
        driver=arguments.driver,
        output=arguments.output,
        options=_options(arguments),
        onto_diorama=arguments.onto_diorama,
        curves=arguments.curves,
        contact_sheet=arguments.contact_sheet,
        connection=arguments.connection,
        json=arguments.json,
    )
    _check(command)
    return command


def _options(arguments: argparse.Namespace) -> PortraitOptions:
    strengths = {}
    for region in REGIONS:
        strength = getattr(arguments, f"strength_{region}")
        strengths[f"strength_{region}"] = arguments.strength if strength is None else strength
    return PortraitOptions(
        file_name=arguments.source.name,
        driver_name=arguments.driver.name,
        model=arguments.model,
        face=arguments.face,
        driver_face=arguments.driver_face,
        handles=tuple(arguments.handle),
        regions=arguments.regions,
        neutral_frame=arguments.neutral_frame,
        start=arguments.start,
        end=arguments.end,
        rate=arguments.rate,
        mouth=arguments.mouth,
        motion=arguments.motion,
        stitching=not arguments.no_stitching,
        relief=arguments.onto_diorama,
        credit=arguments.credit,
        **strengths,
    )


def _check(command: PortraitCommand) -> None:
    check_frames_output(command.output)
    if command.onto_diorama and not command.needs_blender:
        raise refusal(f"--onto-diorama makes a scene, so --output must end with {SCENE_SUFFIX}")
    check_suffixes("--curves", [command.curves], CURVE_SUFFIXES)
    check_suffixes("--contact-sheet", [command.contact_sheet], SHEET_SUFFIXES)
    if not command.driven_by_curves:
        return
    options = command.options
    if command.needs_blender:
        raise refusal("a scene wants a video as its driver; curves make frames or a film")
    if options.rate is not None or options.end is not None or options.start:
        raise refusal("curves have times of their own: leave --start, --end and --rate out")


def _handle(text: str) -> Handle:
    name, *places = text.split(",")
    try:
        x, y = map(float, places)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a point such as chin,120,340") from error
    return name, x, y
