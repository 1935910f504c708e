"""How well does a portrait move as its driver moves? Judged by models that no method here uses.

Each driver moves a picture of itself (its own neutral frame at 256 x 256), where every frame is
known, and each portrait, where only the driver's movement is. Faces are judged at 256 x 256:

- AKD: mean distance in pixels of dlib's 68 points, made and driver, also for parts of the face; by
  a single box, as it is usually told, and steady, by the mean over some boxes. Beside it that of
  the still picture, and of the driver shifted by half a pixel and back and stored as JPEG: the
  judge's own noise.
- L1 of the whole picture, values from 0 to 1, over that of the still picture.
- mouth, eyes: correlation with the driver's opening, and gain, by dlib and by MediaPipe. Where the
  driver hardly moves, they say nothing, which `~` marks; noise of the driver's points lowers gains,
  and the figures tell by how much at most.
- identity: mean cosine of dlib's vector of 128 numbers to the source's. The driver's own tells how
  little strangers have.
- jitter: third difference of the points, over the driver's.
- tears: share of the face, in per cent, with edges that the source has nowhere near (`new_edges`),
  on the mean and in the worst frame, beside that of the same frames torn on purpose and, of a
  driver that moves itself, of its own frames, which are whole.
- rest: levels by which the neutral frame differs from the source at most. outside: how many pixels
  any frame changed where the method's mask (an attribute `mask` of its frames) says that none does.
- seconds of the processor a frame, with all that comes once (the driver is followed before there is
  a first frame), and without it: of the frames after the first.

    python benchmarks/portrait_quality.py [--output OUT.json] [--method mesh|affine|still]
        [--only d18 --only d11:s9] [--every 5] [--pictures FOLDER] [--strict]

`affine` moves the whole picture by the head's turn, scale and shift; `still` does nothing. Wants
`dlib-bin`, `face-recognition-models` (--no-deps) and the face landmarker's file. Without clips, or
with --toy, a drawn face takes their place, which says little of real ones.
"""

import argparse
import hashlib
import itertools
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from benchmark import argument_parser, write_figures
from drawn_face import draw_clip, draw_face, write_clip
from portrait_judge import (
    IBUG_68,
    MEDIAPIPE_478,
    SIDE,
    cosine,
    follow,
    jitter,
    keypoint_distance,
    l1,
    new_edges,
    reencoded,
    share_of_new,
    similarity,
    torn,
)
from portrait_trackers import Tracker, Tracks, dlib_problem, resized
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.portrait.tasks import PortraitOptions
from zograscope_server.faces.loading import FACES, load_face_model
from zograscope_server.models.catalogue import default_model
from zograscope_server.portrait.animation import Animation, Tools

SHARED = Path(__file__).resolve().parents[2] / "shared"
PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff")
AROUND = 2.2  # side of the square that is judged of a portrait, over the face's height
NOISE_EVERY = 5  # frames of the driver that tell the judge's noise
SELDOM = 10  # frames between those that are torn, told apart, and shown
SHOWN = 224  # pixels a side, of the frames in contact sheets
SHEET_COLUMNS = 4
TOY_FRAMES = 12
JITTERS = {"dlib": "steady", "dlib, single": "single", "MediaPipe": "mesh"}
CACHED = "1"  # changes when trackers do

LIMITS: dict[str, tuple[float, float]] = {
    "identity": (0.97, math.inf),
    "jitter": (0.0, 1.2),
    "mouth correlation": (0.95, math.inf),
    "mouth gain": (0.8, 1.2),
    "eyes correlation": (0.85, math.inf),
    "eyes gain": (0.8, 1.2),
    "rest": (0, 1),
    "seconds": (0, 0.1),
}
"""What issue 10 asks for, onto another's portrait."""
MOST_AKD, MOST_AKD_TURNING, MOST_L1 = 0.9, 1.4, 0.6
TURNING = "d11"

Method = Callable[[np.ndarray, "Driver", int], Iterator[np.ndarray]]
"""Takes a source, a driver and its neutral frame; yields a frame of the source's size for each."""


@dataclass(frozen=True)
class Driver:
    """A clip, at its own size and at SIDE, with what the judges found in it.

    Attributes:
        name, path: of the file.
        frames: (n, SIDE, SIDE, 3) uint8.
        tracks: in all frames; of MediaPipe and dlib. None where there is no dlib.
        noisy: the same, in every NOISE_EVERYth frame, shifted and stored.
    """

    name: str
    path: Path
    frames: np.ndarray
    tracks: Tracks | None
    noisy: Tracks | None


@dataclass(frozen=True)
class Source:
    """A portrait, and the square of it that is judged: left, top, side."""

    name: str
    pixels: np.ndarray
    square: tuple[int, int, int]

    def cut(self, frame: np.ndarray) -> np.ndarray:
        left, top, side = self.square
        return frame[top : top + side, left : left + side]


def clip_frames(path: Path) -> Iterator[np.ndarray]:
    """Yield the (height, width, 3) uint8 frames of a film."""
    import av

    with av.open(str(path)) as film:
        for frame in film.decode(video=0):
            yield frame.to_ndarray(format="rgb24")


def read_driver(path: Path, tracker: Tracker | None, cache: Path) -> Driver:
    """Read a clip, and look at it, or remember what was seen."""
    squares = [_middle_square(frame) for frame in clip_frames(path)]
    frames = np.stack([resized(square, SIDE) for square in squares])
    if tracker is None:
        return Driver(path.stem, path, frames, None, None)
    digest = hashlib.sha256(path.read_bytes() + CACHED.encode()).hexdigest()[:16]
    kept = cache / f"{path.stem}-{digest}{'' if tracker.has_mesh else '-dlib'}.npz"
    if not kept.is_file():
        tracker.begin()
        seen = [tracker.find(square, person=True) for square in squares[:1]]
        seen += [tracker.find(square) for square in squares[1:]]
        tracker.begin()
        again = [tracker.find(reencoded(square)) for square in squares[::NOISE_EVERY]]
        cache.mkdir(parents=True, exist_ok=True)
        both = {"tracks": Tracks.of(seen), "noisy": Tracks.of(again)}
        arrays = {
            f"{name}.{key}": array
            for name, tracks in both.items()
            for key, array in tracks.arrays().items()
        }
        np.savez_compressed(kept, **arrays)
    with np.load(kept) as held:
        tracks, noisy = (
            Tracks(**{key.split(".")[1]: held[key] for key in held if key.startswith(name)})
            for name in ("tracks.", "noisy.")
        )
    return Driver(path.stem, path, frames, tracks, noisy)


def read_portrait(path: Path, landmarker: Path | None) -> Source:
    """Read a portrait and find the square about its largest face; its middle without one."""
    from zograscope_server.images import read_photograph

    pixels = read_photograph(path.read_bytes(), path.name).pixels
    height, width = pixels.shape[:2]
    side, centre = min(height, width), np.array([width, height]) / 2
    if landmarker:
        from zograscope_server.faces.landmarks import Landmarker

        with Landmarker(landmarker) as finder:
            boxes = [face.box for face in finder.find(pixels)]
        if boxes:
            left, top, across, down = max(boxes, key=lambda box: box[3])
            centre = np.array([left + across / 2, top + down / 2])
            side = min(side, round(AROUND * max(across, down)))
    corner = np.clip(np.rint(centre - side / 2), 0, [width - side, height - side])
    return Source(path.stem, pixels, (int(corner[0]), int(corner[1]), side))


def whole(name: str, pixels: np.ndarray) -> Source:
    return Source(name, pixels, (0, 0, pixels.shape[0]))


def _middle_square(frame: np.ndarray) -> np.ndarray:
    height, width = frame.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return frame[top : top + side, left : left + side]


def still(source: np.ndarray, driver: Driver, neutral: int) -> Iterator[np.ndarray]:
    """Do nothing."""
    return itertools.repeat(source, len(driver.frames))


def affine_by(landmarker: Path) -> Method:
    """Return the method that moves the whole picture by the head's turn, scale and shift."""
    from zograscope_server.faces.landmarks import Landmarker

    def points_in(frames: Iterator[np.ndarray]) -> list[np.ndarray]:
        points = []
        with Landmarker(landmarker, clip=True) as finder:
            for number, frame in enumerate(frames):
                found = finder.find(frame, 40 * number)
                points.append(found[0].points[:, :2] if found else points[-1])
        return points

    def move(source: np.ndarray, driver: Driver, neutral: int) -> Iterator[np.ndarray]:
        points = points_in(clip_frames(driver.path))
        (own,) = points_in(iter([source]))
        to_source = similarity(points[neutral], own)
        height, width = source.shape[:2]
        for frame in points:
            turned = similarity(points[neutral], frame)
            matrix = (to_source @ turned @ np.linalg.inv(to_source))[:2]
            yield cv2.warpAffine(
                source, matrix, (width, height), flags=cv2.INTER_CUBIC,
                borderMode=cv2.BORDER_REPLICATE,
            )  # fmt: skip

    return move


def mesh_from(models: Path | None) -> Method:
    """Return the method of the server."""
    tools = Tools.installed(models or Path())

    def move(source: np.ndarray, driver: Driver, neutral: int) -> Iterator[np.ndarray]:
        stored = cv2.imencode(".png", source[..., ::-1])[1].tobytes()
        options = PortraitOptions(
            file_name="portrait.png", driver_name=driver.path.name, neutral_frame=neutral
        )
        return Animation(stored, driver.path, options, tools)

    return move


@dataclass
class Watched:
    """What was seen of one clip while it was made."""

    tracks: Tracks | None
    kept: np.ndarray  # (n, SIDE, SIDE, 3) uint8, of the frames that are judged
    shown: list[np.ndarray]  # every tenth, for contact sheets
    seconds: float
    seconds_later: float
    rest: float
    changed: float
    outside: int | None
    count: int


def watch(
    frames: Iterator[np.ndarray],
    source: Source,
    tracker: Tracker | None,
    neutral: int,
    every: int,
) -> Watched:
    """Take the frames as they are made; only small ones are kept."""
    if tracker:
        tracker.begin()
    seconds: list[float] = []
    tracks: list[Tracks] = []
    kept, shown = [], []
    rest = math.nan
    changed = np.zeros(source.pixels.shape[:2], bool)
    coming = iter(frames)
    while True:
        begun = time.process_time()
        frame = next(coming, None)
        if frame is None:
            break
        number = len(seconds)
        seconds.append(time.process_time() - begun)
        if frame.shape != source.pixels.shape:
            raise SystemExit(f"{source.name}: frame {number} has another shape, {frame.shape}")
        difference = cv2.absdiff(frame, source.pixels).max(axis=2)
        changed |= difference > 0
        if number == neutral:
            rest = float(difference.max())
        square = source.cut(frame)
        if number % every == 0:
            kept.append(resized(square, SIDE))
            if tracker:
                tracks.append(tracker.find(square, person=len(kept) % SELDOM == 1))
        if number % SELDOM == 0:
            shown.append(resized(square, SHOWN))
    mask = getattr(frames, "mask", None)  # is known when all frames are
    return Watched(
        tracks=Tracks.of(tracks) if tracks else None,
        kept=np.stack(kept),
        shown=shown,
        seconds=statistics.fmean(seconds),
        seconds_later=statistics.fmean(seconds[1:] or seconds),
        rest=rest,
        changed=float(changed.mean()),
        outside=None if mask is None else int(np.count_nonzero(changed & (mask == 0))),
        count=len(seconds),
    )


def judge(
    watched: Watched, source: Source, driver: Driver, tracker: Tracker | None, *,
    neutral: int, every: int, itself: bool,
) -> dict[str, Any]:  # fmt: skip
    """Return all figures of one source that one driver moved."""
    figures: dict[str, Any] = {
        "frames": watched.count,
        "frames of the driver": len(driver.frames),
        "seconds": watched.seconds,
        "seconds after the first": watched.seconds_later,
        "rest": watched.rest,
        "changed": watched.changed,
        "outside": watched.outside,
    }
    wanted = driver.frames[::every][: len(watched.kept)]
    if itself:
        made = statistics.fmean(map(l1, watched.kept, wanted))
        first = driver.frames[neutral]
        unmoved = statistics.fmean(l1(first, frame) for frame in wanted)
        figures["L1"] = {"made": made, "still": unmoved, "ratio": made / unmoved}
    if tracker is None or watched.tracks is None or driver.tracks is None:
        return figures

    made, drives = watched.tracks, driver.tracks[::every][: len(watched.kept)]
    noisy = driver.noisy
    clean = driver.tracks[::NOISE_EVERY]
    if itself:
        at_rest = driver.tracks[neutral : neutral + 1]
        for kind in ("single", "steady"):
            points, theirs = getattr(made, kind), getattr(drives, kind)
            figures[f"AKD {kind}"] = {
                "made": keypoint_distance(points, theirs),
                "still": keypoint_distance(getattr(at_rest, kind), theirs),
                "noise": keypoint_distance(getattr(noisy, kind), getattr(clean, kind)),
            }
    figures["lost"] = {
        "dlib": int(made.lost.sum()),
        "dlib, of the driver": int(drives.lost.sum()),
        "MediaPipe": int(made.lost_mesh.sum()) if tracker.has_mesh else None,
    }
    schemes = {"dlib": ("steady", IBUG_68)}
    if tracker.has_mesh:
        schemes["MediaPipe"] = ("mesh", MEDIAPIPE_478)
    for name, (kind, scheme) in schemes.items():
        ours, theirs, theirs_clean, theirs_noisy = (
            scheme.openings(getattr(tracks, kind)) for tracks in (made, drives, clean, noisy)
        )
        for part in ("mouth", "eyes"):
            noise = float(np.std(theirs_noisy[part] - theirs_clean[part]))
            figures[f"{part}, {name}"] = follow(ours[part], theirs[part], noise)
    if every == 1:
        figures["jitter"] = {
            name: jitter(getattr(made, kind)) / jitter(getattr(drives, kind))
            for name, kind in (
                ("dlib", "steady"),
                ("dlib, single", "single"),
                ("MediaPipe", "mesh"),
            )
            if tracker.has_mesh or kind != "mesh"
        }
    tracker.begin()
    small = resized(source.cut(source.pixels), SIDE)
    seen = tracker.find(source.cut(source.pixels), person=True)
    people = made.people[np.isfinite(made.people).all(axis=1)]
    figures["identity"] = {
        "made": float(cosine(seen.people[0], people).mean()),
        "least": float(cosine(seen.people[0], people).min()),
        "driver": float(cosine(seen.people[0], driver.tracks.people[:1])[0]),
    }
    looked = (small, seen.steady[0])
    shares = tears(watched.kept, made.steady, *looked)
    few = zip(watched.kept[::SELDOM], made.steady[::SELDOM], strict=True)
    cut = np.stack([torn(frame, points) for frame, points in few])
    figures["tears"] = {
        "mean": float(shares.mean()),
        "worst": float(shares.max()),
        "worst frame": int(shares.argmax()) * every,
        "torn on purpose": float(tears(cut, made.steady[::SELDOM], *looked).mean()),
    }
    if itself:
        whole_ones = tears(wanted, drives.steady, *looked)
        figures["tears"] |= {
            "driver": float(whole_ones.mean()),
            "driver, worst": float(whole_ones.max()),
        }
    return figures


def tears(
    frames: np.ndarray, points: np.ndarray, source: np.ndarray, source_points: np.ndarray
) -> np.ndarray:
    """Return the share of new edges in each of n frames, in per cent."""
    return np.array(
        [
            share_of_new(new_edges(frame, source, found, source_points))
            for frame, found in zip(frames, points, strict=True)
        ]
    )


def missed(figures: dict[str, Any], driver: str, *, itself: bool) -> list[str]:
    """Return what issue 10 asks for and these figures do not reach."""
    values: dict[str, tuple[float, float, float]] = {}
    if figures["frames"] != figures["frames of the driver"]:
        values["frames"] = (figures["frames"], *2 * (figures["frames of the driver"],))
    for name in ("rest", "seconds"):
        values[name] = (figures[name], *LIMITS[name])
    if itself:
        most = MOST_AKD_TURNING if driver.endswith(TURNING) else MOST_AKD
        values["L1"] = (figures["L1"]["ratio"], 0, MOST_L1)
        if "AKD single" in figures:
            values["AKD"] = (figures["AKD single"]["made"]["all"], 0, most)
    elif "identity" in figures:
        values["identity"] = (figures["identity"]["made"], *LIMITS["identity"])
        for judge_name, ratio in figures.get("jitter", {}).items():
            values[f"jitter, {judge_name}"] = (ratio, *LIMITS["jitter"])
        for part, by in itertools.product(("mouth", "eyes"), ("dlib", "MediaPipe")):
            row = figures.get(f"{part}, {by}", {"meaningful": False})
            for measure in ("correlation", "gain") if row["meaningful"] else ():
                limits = LIMITS[f"{part} {measure}"]
                values[f"{part} {measure}, {by}"] = (row[measure], *limits)
    if figures["outside"] is not None:
        values["outside"] = (figures["outside"], 0, 0)
    if "lost" in figures:
        values["lost"] = (figures["lost"]["dlib"], 0, figures["lost"]["dlib, of the driver"])
    return [
        f"{name} {value:.3f}"
        for name, (value, least, most) in values.items()
        if not least <= value <= most
    ]


def print_figures(figures: dict[str, Any], *, itself: bool) -> None:
    """Print one pair in a few lines."""
    print(
        f"  {figures['frames']} frames, {figures['seconds']:.3f} s a frame, after the first "
        f"{figures['seconds after the first']:.3f} s; rest {figures['rest']:.0f} levels, "
        f"{100 * figures['changed']:.1f} % of the picture changed, outside of the mask "
        f"{'unknown' if figures['outside'] is None else figures['outside']}"
    )
    if itself:
        row = figures["L1"]
        print(f"  L1 {row['made']:.4f}, still {row['still']:.4f}, ratio {row['ratio']:.3f}")
        for kind in ("single", "steady"):
            for name, parts in figures.get(f"AKD {kind}", {}).items():
                told = "  ".join(f"{part} {value:6.2f}" for part, value in parts.items())
                print(f"  AKD {kind} {name:6}{told}")
    if "identity" not in figures:
        return
    for part, by in itertools.product(("mouth", "eyes"), ("dlib", "MediaPipe")):
        if row := figures.get(f"{part}, {by}"):
            print(
                f"  {part:6}{by:10}correlation {row['correlation']:6.3f}  gain {row['gain']:6.3f}  "
                f"range of the driver {row['range']:.3f}{'' if row['meaningful'] else ' ~'}"
            )
    people = figures["identity"]
    print(
        f"  identity {people['made']:.3f} (least {people['least']:.3f}, "
        f"driver {people['driver']:.3f})"
    )
    for title, unit in (("jitter", ""), ("tears", " %"), ("lost", "")):
        row = figures.get(title, {})
        told = "  ".join(
            f"{name} {number:.4g}" for name, number in row.items() if number is not None
        )
        print(f"  {title}{unit}: {told}" if row else f"  {title}: judged of all frames only")
    print(end="", flush=True)


def write_sheet(path: Path, watched: Watched, driver: Driver) -> None:
    """Write every tenth frame, the driver beside what was made."""
    tiles = []
    for number, made in enumerate(watched.shown):
        wanted = resized(driver.frames[min(number * SELDOM, len(driver.frames) - 1)], SHOWN)
        tile = np.concatenate([wanted, made], axis=1)
        place = (6, SHOWN - 8)
        for width, shade in ((3, (0, 0, 0)), (1, (255, 255, 255))):
            cv2.putText(tile, str(number * SELDOM), place, 0, 0.6, shade, width, cv2.LINE_AA)
        tiles.append(tile)
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % SHEET_COLUMNS)
    rows = [
        np.concatenate(tiles[begin : begin + SHEET_COLUMNS], axis=1)
        for begin in range(0, len(tiles), SHEET_COLUMNS)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.concatenate(rows)[..., ::-1])


def finite(value: Any) -> Any:
    """Put None for nan, which JSON does not know."""
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, float):
        return round(value, 5) if math.isfinite(value) else None
    return value


def wanted(only: list[str] | None, driver: str, source: str) -> bool:
    """Whether a pair was asked for: DRIVER, or DRIVER:SOURCE, by the ends of their names."""
    for pair in only or [""]:
        one, _, other = pair.partition(":")
        if driver.endswith(one) and source.endswith(other):
            return True
    return False


def find_landmarker(arguments: argparse.Namespace) -> Path | None:
    """Return the landmarker's file: the one that is named, or the server's."""
    if arguments.landmarker:
        return arguments.landmarker
    try:
        folder = arguments.models or Path()
        return load_face_model(default_model(FACES, folder), folder, "cpu").path
    except ZograscopeError as error:
        print(f"Nothing is judged by MediaPipe. {error}")
        return None


def find_methods(arguments: argparse.Namespace, landmarker: Path | None) -> dict[str, Method]:
    """Return the methods that were asked for and that can work here."""
    chosen = arguments.method or (["still", "affine"] if arguments.toy else ["mesh"])
    methods: dict[str, Method] = {}
    for name in chosen:
        if name == "still":
            methods[name] = still
        elif name == "mesh":
            methods[name] = mesh_from(arguments.models)
        elif landmarker:
            methods[name] = affine_by(landmarker)
    return methods


def find_material(arguments: argparse.Namespace, folder: Path) -> tuple[list[Path], list[Path]]:
    """Return files of drivers and of portraits; what is drawn is written into the folder."""
    if not arguments.toy and arguments.drivers.is_dir():
        drivers = sorted(arguments.drivers.glob("*.mp4"))
        held = arguments.portraits
        portraits = sorted(held.iterdir()) if held.is_dir() else []
        return drivers, [path for path in portraits if path.suffix.lower() in PICTURES]
    print("This face is drawn, and says little of real ones.")
    count = TOY_FRAMES if arguments.toy else 10 * TOY_FRAMES
    driver = write_clip(folder / "drawn.mp4", draw_clip(SIDE, count))
    portrait = folder / "drawn_portrait.png"
    cv2.imwrite(str(portrait), draw_face(384)[..., ::-1])
    return [driver], [portrait]


def parse() -> argparse.Namespace:
    parser = argument_parser(__doc__)
    parser.add_argument("--method", action="append", choices=("mesh", "affine", "still"))
    parser.add_argument("--drivers", type=Path, default=SHARED / "driving", help="folder of films")
    parser.add_argument("--portraits", type=Path, default=SHARED / "portraits")
    parser.add_argument("--only", action="append", metavar="DRIVER[:SOURCE]", help="ends of names")
    parser.add_argument("--every", type=int, default=1, help="judge each such frame only")
    parser.add_argument("--neutral", type=int, default=0, help="frame of the driver at rest")
    parser.add_argument("--models", type=Path, help="the server's folder of models")
    parser.add_argument("--landmarker", type=Path, help="face_landmarker.task")
    parser.add_argument("--pictures", type=Path, help="folder for every tenth frame of each pair")
    parser.add_argument("--cache", type=Path, help="folder for what was seen of drivers")
    parser.add_argument("--strict", action="store_true", help="fail where a limit is missed")
    return parser.parse_args()


def run(
    arguments: argparse.Namespace,
    landmarker: Path | None,
    tracker: Tracker | None,
    drawn: Path,
) -> None:
    methods = find_methods(arguments, landmarker)
    drivers, portraits = find_material(arguments, drawn)
    output = arguments.output.parent if arguments.output else Path("out/benchmarks")
    cache = arguments.cache or (drawn if arguments.toy else output / "portrait_drivers")
    results: dict[str, Any] = {}
    short = 0
    for path in drivers:
        names = [path.stem, *(portrait.stem for portrait in portraits)]
        if not any(wanted(arguments.only, path.stem, name) for name in names):
            continue
        driver = read_driver(path, tracker, cache)
        itself = whole(path.stem, driver.frames[arguments.neutral])
        sources = [itself, *(read_portrait(one, landmarker) for one in portraits)]
        for source, (name, method) in itertools.product(sources, methods.items()):
            if not wanted(arguments.only, driver.name, source.name):
                continue
            title = f"{driver.name} onto {source.name}, {name}"
            print(title, flush=True)
            made = method(source.pixels, driver, arguments.neutral)
            watched = watch(made, source, tracker, arguments.neutral, arguments.every)
            figures = judge(
                watched, source, driver, tracker, neutral=arguments.neutral,
                every=arguments.every, itself=source is itself,
            )  # fmt: skip
            figures["missed"] = missed(figures, driver.name, itself=source is itself)
            results[title] = finite(figures)
            print_figures(figures, itself=source is itself)
            if figures["missed"]:
                print(f"  missed: {'; '.join(figures['missed'])}", flush=True)
                short += name == "mesh"
            write_figures(results, arguments.output)
            if arguments.pictures:
                sheet = f"{driver.name}-{source.name}-{name}.png"
                write_sheet(arguments.pictures / sheet, watched, driver)
    if short and not arguments.toy:
        told = f"Short of what issue 10 asks for: {short} of {len(results)} pairs"
        if arguments.strict:
            raise SystemExit(told)
        print(told)


def main() -> None:
    arguments = parse()
    cv2.setNumThreads(1)
    landmarker = find_landmarker(arguments)
    if problem := dlib_problem():
        print(f"Faces are not judged: {problem}.")
    looking = nullcontext() if problem else Tracker(landmarker)
    with tempfile.TemporaryDirectory() as drawn, looking as tracker:
        run(arguments, landmarker, tracker, Path(drawn))


if __name__ == "__main__":
    main()
