"""The options of `zograscope diorama`, the same for the server's command line and Blender's.

The server's `zograscope diorama` checks them early and passes them on; Blender does the work.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zograscope_protocol.errors import ZograscopeError

CAMERA_PRESETS = (
    "push_in",
    "pull_out",
    "orbit",
    "truck",
    "crane",
    "dolly_zoom",
    "hand_held",
    "fly_through",
)
NO_CAMERA = "none"
ENGINES = ("workbench", "eevee", "cycles")
QUALITIES = ("draft", "standard", "high", "full")
MESH_SUFFIXES = (".glb", ".ply", ".obj")
DEPTH_SUFFIXES = (".png", ".exr")
FILM_SUFFIX = ".mp4"
NAME_FIELD = "{name}"

Size = tuple[int, int]
Crop = str | list[int]


@dataclass(frozen=True)
class DioramaCommand:
    """What `zograscope diorama` was asked for; the attributes are the options' names."""

    photographs: tuple[Path, ...]
    output: Path
    camera: str
    frames: int
    fps: int
    render: Path | None
    engine: str
    samples: int | None
    size: Size | None
    model: str
    depth_map: Path | None
    depth_map_near: str
    quality: str
    crop: Crop
    field_of_view: float | None
    near: float | None
    far: float | None
    bake: bool
    lit: bool
    export: tuple[Path, ...]
    depth_output: Path | None
    contact_sheet: Path | None
    connection: Path | None
    json: bool

    def for_photograph(self, path: Path | None, photograph: Path) -> Path | None:
        """Return an output path with {name} replaced by the photograph's name."""
        if path is None:
            return None
        return Path(str(path).replace(NAME_FIELD, photograph.stem))

    def job_parameters(self, photograph: Path) -> dict[str, Any]:
        """Return the parameters of the task `diorama`."""
        parameters: dict[str, Any] = {
            "file_name": photograph.name,
            "model": self.model,
            "quality": self.quality,
            "crop": self.crop,
            "field_of_view": self.field_of_view,
        }
        if self.depth_map is not None:
            parameters["depth_map_name"] = self.depth_map.name
            parameters["depth_map_near"] = self.depth_map_near
        return parameters


def add_diorama_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser; `parse_diorama` reads its answer."""
    add = parser.add_argument
    add("photographs", nargs="+", type=Path, metavar="PHOTO", help="pictures to bring to life")
    add("--output", type=Path, required=True, metavar="SCENE.blend|FOLDER")
    add("--camera", choices=(*CAMERA_PRESETS, NO_CAMERA), default="push_in", help="camera move")
    add("--frames", type=int, default=96, help="length of the move")
    add("--fps", type=int, default=24)
    add("--render", type=Path, metavar="FILM.mp4|FOLDER", help="render a film, or frames")
    add("--engine", choices=ENGINES, default="workbench")
    add("--samples", type=int, help="for each pixel, with EEVEE and Cycles")
    add("--size", type=_size, metavar="WxH", help="of the film; the picture's own by default")
    add("--model", default="default", help="as `zograscope models` lists them")
    add("--depth-map", type=Path, metavar="FILE", help="your own: PNG, TIFF, EXR or npy")
    add("--depth-map-near", choices=("white", "black"), default="white")
    add("--quality", choices=QUALITIES, default="standard")
    add("--crop", type=_crop, default="auto", metavar="auto|none|L,T,R,B", help="paper borders")
    add("--field-of-view", type=float, metavar="DEGREES", help="horizontal")
    add("--near", type=float, metavar="METRES", help="distance of what is nearest")
    add("--far", type=float, metavar="METRES", help="distance of what is farthest")
    add("--bake", action="store_true", help="plain meshes in place of live modifiers")
    add("--lit", action="store_true", help="let lights of the scene fall on the photograph")
    add("--export", type=Path, action="append", default=[], metavar="FILE.glb|ply|obj")
    add("--depth-output", type=Path, metavar="FILE.png|exr", help="16-bit PNG or float EXR")
    add("--contact-sheet", type=Path, metavar="FILE.png", help="the film at a glance")
    add("--connection", type=Path, metavar="FILE", help="connection file of another server")
    add("--json", action="store_true", help="print what was made as JSON")


def parse_diorama(arguments: argparse.Namespace) -> DioramaCommand:
    """Check the parsed options.

    Raises:
        ZograscopeError: `file-not-found`, `is-a-folder` or `bad-parameters`.
    """
    values = {name: getattr(arguments, name) for name in DioramaCommand.__dataclass_fields__}
    values["photographs"] = tuple(arguments.photographs)
    values["export"] = tuple(arguments.export)
    if not arguments.output.suffix:
        values["output"] = arguments.output / f"{NAME_FIELD}.blend"
    command = DioramaCommand(**values)
    for path in (*command.photographs, *([command.depth_map] if command.depth_map else [])):
        _check_file(path)
    _check(command)
    return command


def _check(command: DioramaCommand) -> None:
    for name in ("frames", "fps", "samples"):
        value = getattr(command, name)
        if value is not None and value < 1:
            raise _refusal(f"--{name} is {value}, and must be at least 1")
    if command.near is not None and command.far is not None and command.near >= command.far:
        raise _refusal("--near must be smaller than --far")
    for name in ("near", "far"):
        value = getattr(command, name)
        if value is not None and value <= 0:
            raise _refusal(f"--{name} must be greater than 0")
    _check_suffixes("--output", [command.output], (".blend",))
    _check_suffixes("--export", command.export, MESH_SUFFIXES)
    _check_suffixes("--depth-output", [command.depth_output], DEPTH_SUFFIXES)
    _check_suffixes("--contact-sheet", [command.contact_sheet], (".png",))
    if command.render is not None and command.render.suffix not in ("", FILM_SUFFIX):
        raise _refusal(f"--render {command.render} is neither a film ({FILM_SUFFIX}) nor a folder")
    outputs = [command.output, command.render, command.depth_output, command.contact_sheet]
    unnamed = [path for path in (*outputs, *command.export) if path and NAME_FIELD not in str(path)]
    if len(command.photographs) > 1 and unnamed:
        raise _refusal(
            f"{len(command.photographs)} photographs cannot all become {unnamed[0]}; "
            f"write {NAME_FIELD} where the photograph's name belongs"
        )


def _check_suffixes(option: str, paths: Sequence[Path | None], suffixes: tuple[str, ...]) -> None:
    for path in paths:
        if path is not None and path.suffix.lower() not in suffixes:
            raise _refusal(f"{option} {path} does not end with {' or '.join(suffixes)}")


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise ZograscopeError("is-a-folder", path=str(path))
    if not path.is_file():
        raise ZograscopeError("file-not-found", path=str(path))


def _size(text: str) -> Size:
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) > 0 and int(height) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 960x540")
    return int(width), int(height)


def _crop(text: str) -> Crop:
    if text in ("auto", "none"):
        return text
    edges = text.split(",")
    if len(edges) != 4 or not all(edge.strip().isdigit() for edge in edges):
        raise argparse.ArgumentTypeError(f"{text!r} is neither auto, none nor L,T,R,B in pixels")
    return [int(edge) for edge in edges]


def _refusal(problem: str) -> ZograscopeError:
    return ZograscopeError("bad-parameters", problem=problem)
