"""The options of `zograscope diorama`, the same for the server's command line and Blender's.

The server's `zograscope diorama` checks them early and passes them on; Blender does the work.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

from zograscope_protocol.command_options import (
    ENGINES,
    FILM_SUFFIX,
    Size,
    check_file,
    check_suffixes,
    size,
)
from zograscope_protocol.depth.tasks import NEAR_TONES, QUALITIES, STEREO, Crop, DioramaOptions
from zograscope_protocol.options import refusal

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
MESH_SUFFIXES = (".glb", ".ply", ".obj")
DEPTH_SUFFIXES = (".png", ".exr")
EYES = ("side-by-side", "anaglyph", "card", "vr180")
REST_EYES = ("left", "centre")
NAME_FIELD = "{name}"


@dataclass(frozen=True)
class DioramaCommand:
    """What `zograscope diorama` was asked for; the attributes are the options' names."""

    photographs: tuple[Path, ...]
    output: Path
    camera: str
    frames: int
    fps: int
    render: Path | None
    eyes: str | None
    rest_eye: str
    engine: str
    samples: int | None
    size: Size | None
    model: str
    depth_map: Path | None
    depth_map_near: str
    quality: str
    crop: Crop
    stereo: str
    field_of_view: float | None
    near: float | None
    far: float | None
    bake: bool
    lit: bool
    export: tuple[Path, ...]
    depth_output: Path | None
    plates: Path | None
    contact_sheet: Path | None
    connection: Path | None
    json: bool

    def for_photograph(self, path: Path | None, photograph: Path) -> Path | None:
        """Return an output path with {name} replaced by the photograph's name."""
        if path is None:
            return None
        return Path(str(path).replace(NAME_FIELD, photograph.stem))

    def options(self, photograph: Path) -> DioramaOptions:
        """Return what the task `diorama` is asked for a photograph.

        Raises ZograscopeError `bad-parameters`.
        """
        return DioramaOptions(
            file_name=photograph.name,
            model=self.model,
            quality=self.quality,
            crop=self.crop,
            stereo=self.stereo,
            depth_map_name=self.depth_map.name if self.depth_map else "depth map",
            depth_map_near=self.depth_map_near,
            field_of_view=self.field_of_view,
        )


def add_diorama_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser; `parse_diorama` reads its answer."""
    add = parser.add_argument
    add("photographs", nargs="+", type=Path, metavar="PHOTO", help="pictures to bring to life")
    add("--output", type=Path, required=True, metavar="SCENE.blend|FOLDER")
    add("--camera", choices=(*CAMERA_PRESETS, NO_CAMERA), default="push_in", help="camera move")
    add("--frames", type=int, default=96, help="length of the move")
    add("--fps", type=int, default=24)
    add("--render", type=Path, metavar="FILM.mp4|FOLDER", help="render a film, or frames")
    add("--eyes", choices=EYES, help="render for two eyes")
    add(
        "--rest-eye",
        choices=REST_EYES,
        default=REST_EYES[0],
        help="which of two eyes sees exactly the photograph",
    )
    add("--engine", choices=ENGINES, default="workbench")
    add("--samples", type=int, help="for each pixel; 1 is fast and jagged")
    add("--size", type=size, metavar="WxH", help="of the film; the picture's own by default")
    add("--model", default="default", help="as `zograscope models` lists them")
    add("--depth-map", type=Path, metavar="FILE", help="your own: PNG, TIFF, EXR or npy")
    add("--depth-map-near", choices=NEAR_TONES, default=NEAR_TONES[0])
    add("--quality", choices=QUALITIES, default="standard")
    add("--crop", type=_crop, default="auto", metavar="auto|none|L,T,R,B", help="paper borders")
    add("--stereo", choices=STEREO, default=STEREO[0], help="is it a stereograph card?")
    add("--field-of-view", type=float, metavar="DEGREES", help="horizontal")
    add("--near", type=float, metavar="METRES", help="distance of what is nearest")
    add("--far", type=float, metavar="METRES", help="distance of what is farthest")
    add("--bake", action="store_true", help="plain meshes in place of live modifiers")
    add(
        "--lit",
        action="store_true",
        help="let a sun fall on the photograph, as the button Lit does",
    )
    add("--export", type=Path, action="append", default=[], metavar="FILE.glb|ply|obj")
    add("--depth-output", type=Path, metavar="FILE.png|exr", help="16-bit PNG or float EXR")
    add("--plates", type=Path, metavar="FILE.psd", help="photograph and background as layers")
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
        check_file(path)
    _check(command)
    return command


def _check(command: DioramaCommand) -> None:
    command.options(command.photographs[0])
    for name in ("frames", "fps", "samples"):
        value = getattr(command, name)
        if value is not None and value < 1:
            raise refusal(f"--{name} is {value}, and must be at least 1")
    if command.near is not None and command.far is not None and command.near >= command.far:
        raise refusal("--near must be smaller than --far")
    for name in ("near", "far"):
        value = getattr(command, name)
        if value is not None and value <= 0:
            raise refusal(f"--{name} must be greater than 0")
    if command.eyes == "vr180" and command.engine != "cycles":
        raise refusal("--eyes vr180 looks all around, which needs --engine cycles")
    rendered = command.render is not None or command.contact_sheet is not None
    if command.lit and rendered and command.engine == "workbench":
        raise refusal("--lit is not seen in Workbench, and needs --engine eevee or cycles")
    check_suffixes("--output", [command.output], (".blend",))
    check_suffixes("--export", command.export, MESH_SUFFIXES)
    check_suffixes("--depth-output", [command.depth_output], DEPTH_SUFFIXES)
    check_suffixes("--plates", [command.plates], (".psd",))
    check_suffixes("--contact-sheet", [command.contact_sheet], (".png",))
    if command.render is not None and command.render.suffix not in ("", FILM_SUFFIX):
        raise refusal(f"--render {command.render} is neither a film ({FILM_SUFFIX}) nor a folder")
    files = [command.render, command.depth_output, command.plates, command.contact_sheet]
    outputs = [command.output, *files, *command.export]
    unnamed = [path for path in outputs if path and NAME_FIELD not in str(path)]
    if len(command.photographs) > 1 and unnamed:
        raise refusal(
            f"{len(command.photographs)} photographs cannot all become {unnamed[0]}; "
            f"write {NAME_FIELD} where the photograph's name belongs"
        )


def _crop(text: str) -> Crop:
    if text == "auto":
        return "auto"
    if text == "none":
        return "none"
    edges = text.split(",")
    if len(edges) != 4 or not all(edge.strip().isdigit() for edge in edges):
        raise argparse.ArgumentTypeError(f"{text!r} is neither auto, none nor L,T,R,B in pixels")
    left, top, right, bottom = map(int, edges)
    return left, top, right, bottom
