"""The options of `zograscope mosaic`, the same for the server's command line and Blender's."""

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
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.mosaic.tasks import (
    COLUMN,
    LAYOUTS,
    NEIGHBOURHOODS,
    POSTER_SUFFIXES,
    MosaicOptions,
    PageOptions,
    PosterOptions,
    is_layout,
)
from zograscope_protocol.options import refusal
from zograscope_protocol.submission import Submission

FORMS = ("grid", "cloud")
SURFACES = ("wall", "floor", "cylinder", "dome")
JOURNEYS = ("overview", "dive", "clusters", "visit")
NO_JOURNEY = "none"
STILL_SUFFIXES = (".png",)
URL_STARTS = ("http://", "https://")


@dataclass(frozen=True)
class MosaicCommand:
    """What `zograscope mosaic` was asked for; the attributes are the options' names."""

    collection: str
    output: Path | None
    image: Path | None
    html: Path | None
    render: Path | None
    still: Path | None
    layout: tuple[str, ...]
    form: str
    sort: str
    shape: str
    aspect: float
    mask: Path | None
    surface: str
    model: str
    stack: bool
    fill: bool
    tile_size: float
    tile_pixels: int | None
    labels: bool
    journey: str
    visit: tuple[str, ...]
    close_ups: bool
    morph: bool
    frames: int
    fps: int
    engine: str
    samples: int | None
    size: Size | None
    image_width: int
    seed: int
    keep_map: bool
    offline: bool
    refresh: bool
    connection: Path | None
    job: str | None
    json: bool

    @property
    def needs_blender(self) -> bool:
        """Whether a scene is wanted, or what is rendered from it."""
        return any((self.output, self.render, self.still))

    @property
    def name(self) -> str:
        """What the mosaic is called."""
        return Path(self.collection.rstrip("/\\")).stem or "collection"

    def options(self) -> MosaicOptions:
        """Return what the task `mosaic` is asked. Raises ZograscopeError `bad-parameters`."""
        remote = self.collection.startswith(URL_STARTS)
        return MosaicOptions(
            collection=self.collection if remote else str(Path(self.collection).absolute()),
            model=self.model,
            layouts=self.layout,
            shape="mask" if self.mask else self.shape,
            aspect=self.aspect,
            mask_name=self.mask.name if self.mask else "mask",
            neighbourhood=self.sort,
            stack=self.stack,
            tile_pixels=self.tile_pixels,
            atlas=self.needs_blender,
            online=not self.offline,
            refresh=self.refresh,
            seed=self.seed,
            keep_map=self.keep_map,
        )

    def submission(self) -> Submission:
        """Return the job that lays the collection out. Raises OSError for a mask that is gone."""
        return self.options().submission({"mask": self.mask.read_bytes()} if self.mask else {})

    @property
    def pictured_layout(self) -> int:
        """Number of the layout that flat pictures show: the first, in the chosen form."""
        return FORMS[::-1].index(self.form)

    def poster(self, suffix: str) -> PosterOptions:
        """Return how the poster is drawn. Raises ZograscopeError `bad-parameters`."""
        return PosterOptions(
            suffix=suffix,
            width_pixels=self.image_width,
            tile_size=self.tile_size,
            crop=self.fill,
        )

    def page(self, clusters: tuple[str, ...]) -> PageOptions:
        """Return how the web page is drawn. Raises ZograscopeError `bad-parameters`."""
        return PageOptions(
            title=self.name,
            clusters=clusters,
            width_pixels=self.image_width,
            tile_size=self.tile_size,
            crop=self.fill,
        )


def add_mosaic_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser; `parse_mosaic` reads its answer."""
    add = parser.add_argument
    add("collection", help="a folder, a CSV or TSV table, or a IIIF manifest (file or address)")
    made = parser.add_argument_group("what is made")
    made.add_argument("--output", type=Path, metavar="MOSAIC.blend", help="a scene for Blender")
    made.add_argument("--image", type=Path, metavar="POSTER.png|jpg|tif|webp", help="a poster")
    made.add_argument("--html", type=Path, metavar="FOLDER", help="a web page to zoom into")
    made.add_argument("--render", type=Path, metavar="FILM.mp4|FOLDER", help="a film, or frames")
    made.add_argument("--still", type=Path, metavar="PICTURE.png", help="the first frame")
    order = parser.add_argument_group("how tiles are laid out")
    order.add_argument(
        "--layout",
        action="append",
        default=None,
        metavar="tsne|umap|date|colour|column:NAME",
        help="the first is shown; give it again for more to morph to (default: tsne)",
    )
    form = order.add_mutually_exclusive_group()
    form.add_argument("--grid", dest="form", action="store_const", const="grid", default="grid")
    form.add_argument("--cloud", dest="form", action="store_const", const="cloud")
    order.add_argument(
        "--sort",
        choices=NEIGHBOURHOODS,
        default=NEIGHBOURHOODS[0],
        help="a grid that keeps the map's shape, or the best neighbours",
    )
    order.add_argument("--shape", choices=("rectangle", "circle"), default="rectangle")
    order.add_argument("--aspect", type=float, default=1.5, help="of the rectangle, width/height")
    order.add_argument("--mask", type=Path, metavar="FILE", help="fill this picture's outline")
    order.add_argument("--stack", action="store_true", help="put near duplicates on one pile")
    order.add_argument("--seed", type=int, default=0, help="another map of the same images")
    order.add_argument(
        "--keep-map", action="store_true", help="new images find their places in the former map"
    )
    add("--model", default="default", help="as `zograscope models` lists them")
    add("--offline", action="store_true", help="use what is here of a IIIF collection")
    add("--refresh", action="store_true", help="ask again for what was fetched before")
    look = parser.add_argument_group("how it looks")
    look.add_argument("--surface", choices=SURFACES, default="wall")
    look.add_argument("--fill", action="store_true", help="crop pictures to squares")
    look.add_argument("--tile-size", type=float, default=0.94, help="of a cell; 1 touches")
    look.add_argument("--tile-pixels", type=int, help="of a tile in the scene; by count by default")
    look.add_argument("--labels", action="store_true", help="name the clusters")
    look.add_argument("--image-width", type=int, default=4096, metavar="PIXELS")
    move = parser.add_argument_group("how the camera travels")
    move.add_argument("--journey", choices=(*JOURNEYS, NO_JOURNEY), default="overview")
    move.add_argument("--visit", action="append", default=[], metavar="TILE", help="name or title")
    move.add_argument("--close-ups", action="store_true", help="full resolution where it stops")
    move.add_argument("--morph", action="store_true", help="from the cloud to the grid, meanwhile")
    move.add_argument("--frames", type=int, default=240)
    move.add_argument("--fps", type=int, default=24)
    move.add_argument("--engine", choices=ENGINES, default="cycles")
    move.add_argument("--samples", type=int, help="for each pixel; 1 is fast and jagged")
    move.add_argument("--size", type=size, metavar="WxH", help="1920x1080 by default")
    add("--connection", type=Path, metavar="FILE", help="connection file of another server")
    add("--job", help=argparse.SUPPRESS)  # laid out already; earlier servers say so
    add("--json", action="store_true", help="print what was made as JSON")


def parse_mosaic(arguments: argparse.Namespace) -> MosaicCommand:
    """Check the parsed options.

    Raises:
        ZograscopeError: `file-not-found`, `is-a-folder` or `bad-parameters`.
    """
    values = {name: getattr(arguments, name) for name in MosaicCommand.__dataclass_fields__}
    values["layout"] = tuple(arguments.layout or ["tsne"])
    values["visit"] = tuple(arguments.visit)
    if arguments.visit:
        values["journey"] = "visit"
    command = MosaicCommand(**values)
    _check(command)
    return command


def _check(command: MosaicCommand) -> None:
    if not command.collection.startswith(URL_STARTS) and not Path(command.collection).exists():
        raise ZograscopeError("file-not-found", path=command.collection)
    for layout in command.layout:
        if not is_layout(layout):
            raise refusal(f"--layout {layout} is none of {', '.join(LAYOUTS)} or {COLUMN}NAME")
    if not (command.needs_blender or command.image or command.html):
        raise refusal("nothing is to be made; name --output, --image, --html, --still or --render")
    for name in ("frames", "fps", "samples", "image_width"):
        value = getattr(command, name)
        if value is not None and value < 1:
            raise refusal(f"--{name.replace('_', '-')} is {value}, and must be at least 1")
    if command.journey == "visit" and not command.visit:
        raise refusal("--journey visit needs tiles to visit: name each with --visit TILE")
    if command.mask is not None:
        check_file(command.mask)
    command.options()
    command.page(())
    check_suffixes("--output", [command.output], (".blend",))
    check_suffixes("--image", [command.image], POSTER_SUFFIXES)
    check_suffixes("--still", [command.still], STILL_SUFFIXES)
    if command.render is not None and command.render.suffix not in ("", FILM_SUFFIX):
        raise refusal(f"--render {command.render} is neither a film ({FILM_SUFFIX}) nor a folder")
    if command.html is not None and command.html.is_file():
        raise refusal(f"--html {command.html} is a file, and must be a folder")
