"""The portrait tasks as the protocol offers them.

Here inputs are checked and handed to plain functions; nothing is computed. The broker imports this
module, so whatever is heavy is imported inside the tasks.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from zograscope_protocol.options import refusal
from zograscope_protocol.portrait.tasks import (
    ExaminePortraitOptions,
    PortraitOptions,
    PortraitRigOptions,
    TrackDriverOptions,
)

from zograscope_server.faces.loading import FACES, MATTING
from zograscope_server.models.catalogue import DEFAULT, find_model, revision_of
from zograscope_server.portrait.errors import PortraitError
from zograscope_server.portrait.loading import PURPOSE
from zograscope_server.tasks import TaskContext, TaskResult, required, task

if TYPE_CHECKING:
    from zograscope_server.faces.landmarks import Face
    from zograscope_server.faces.loading import FaceModel
    from zograscope_server.portrait.animation import Driver, Tools
    from zograscope_server.portrait.mover import Mover
    from zograscope_server.portrait.source import Source
    from zograscope_server.portrait.track import DriverTrack

TRACK = "track.npz"
"""In a checkpoint: what was found in the driver."""

CHECKPOINTS, APART = 20, 50
"""At most so many in a job, and at least so many frames apart: a death costs no more."""

WILDEST = 10.0
"""The strongest expression, and how far a head may grow, shrink, or move in face widths."""

TRACKING = 0.3  # of the work, as progress shows it
RELIEF_SIDE, RELIEF_MIDDLE, RELIEF_UNIT = 512, 32768, 16384


def _model_revision(options: PortraitOptions, models_folder: Path) -> str:
    return revision_of(options.model, models_folder, PURPOSE)


@task(PortraitOptions, version=1, cacheable=True, pausable=True, revision=_model_revision)
def portrait(
    inputs: Mapping[str, np.ndarray], options: PortraitOptions, context: TaskContext
) -> TaskResult:
    """Move a source as a driver, or as curves, have it; each frame is a part."""
    from zograscope_server.faces.regions import face_width
    from zograscope_server.media.sound import read_sound
    from zograscope_server.portrait import animation, examination
    from zograscope_server.portrait.transfer import relative_curves, relative_poses

    context.progress(0.0, "Looking at the portrait")
    tools = _tools(context)
    source, faces = _read_portrait(inputs, options, tools.faces)
    face = faces[options.face]
    warnings = examination.examine_size(source)
    warnings += examination.examine_source(source.seen, face, options.file_name, tools.faces)
    sound: bytes | None = None
    if "driver" in inputs:
        driver = _open_driver(inputs, options)
        track = _track(driver, options, context, tools)
        warnings += examination.examine_driver(track, options.driver_name)
        model = context.load_model(options.model, PURPOSE)
        context.progress(TRACKING, "Taking the portrait apart")
        mover = animation.make_mover(model, source.pixels, face, driver, track, options, tools)
        curves, poses = relative_curves(track), relative_poses(track)
        times, rate, neutral = track.times, driver.rate, track.neutral
        _make_frames(mover, driver.frames(), len(track), source, options, context, track)
        sound = read_sound(driver.clip, options.start, len(track) / rate)
    else:
        curves, poses = _read_curves(inputs)
        if not find_model(options.model, context.settings.models_folder, PURPOSE).embedded:
            raise PortraitError("model-needs-driver", name=options.model)
        rate, neutral = options.rate or animation.USUAL_RATE, 0
        times = np.arange(len(curves)) / rate
        context.progress(TRACKING, "Taking the portrait apart")
        mover = animation.make_curve_mover(source.pixels, face, curves, poses, options, tools)
        still = ((float(time), None) for time in times)
        _make_frames(mover, still, len(curves), source, options, context, None)
    result = _movement(times, curves, poses, rate, neutral, sound, warnings)
    result.arrays["mask"] = _png(_changed(mover.mask, source, options.credit))
    result.metadata |= {
        "size": list(source.size),
        "box": list(face.box),
        "face_width": face_width(face.points),
        "model": options.model,
    }
    return result


@task(ExaminePortraitOptions, version=1, cacheable=True)
def examine_portrait(
    inputs: Mapping[str, np.ndarray], options: ExaminePortraitOptions, context: TaskContext
) -> TaskResult:
    """Find the faces of a source, and say what will go badly."""
    from zograscope_server.faces.handles import HANDLES, handle_places
    from zograscope_server.portrait import examination

    context.progress(0.0, "Looking at the portrait")
    model: FaceModel = context.load_model(DEFAULT, FACES)
    source, faces = _read_portrait(inputs, options, model)
    face = faces[options.face]
    warnings = examination.examine_size(source)
    warnings += examination.examine_source(source.seen, face, options.file_name, model)
    arrays = {
        "points": np.stack([face.points for face in faces]),
        "boxes": np.array([face.box for face in faces], np.float32),
        "handles": np.stack([handle_places(face.points) for face in faces]),
        "picture": _png(examination.draw_points(source.seen, faces, options.face)),
    }
    neutral: int | None = None
    if "driver" in inputs:
        driver = _open_driver(inputs, TrackDriverOptions(driver_name=options.driver_name))
        track = _follow(driver, options.driver_face, None, context, _tools(context), 1.0)
        neutral = track.neutral
        warnings += examination.examine_driver(track, options.driver_name)
        arrays["driver_picture"] = _neutral_picture(driver, track)
    metadata = {
        "faces": len(faces),
        "handles": list(HANDLES),
        "size": list(source.size),
        "neutral_frame": neutral,
        "warnings": warnings,
    }
    return TaskResult(arrays, metadata)


@task(TrackDriverOptions, version=1, cacheable=True)
def track_driver(
    inputs: Mapping[str, np.ndarray], options: TrackDriverOptions, context: TaskContext
) -> TaskResult:
    """Read a driver's expressions and head movement as curves."""
    from zograscope_server.media.sound import read_sound
    from zograscope_server.portrait import examination
    from zograscope_server.portrait.transfer import relative_curves, relative_poses

    driver = _open_driver(inputs, options)
    track = _follow(
        driver, options.driver_face, options.neutral_frame, context, _tools(context), 1.0
    )
    sound = read_sound(driver.clip, options.start, len(track) / driver.rate)
    warnings = examination.examine_driver(track, options.driver_name)
    curves, poses = relative_curves(track), relative_poses(track)
    result = _movement(track.times, curves, poses, driver.rate, track.neutral, sound, warnings)
    result.arrays["picture"] = _neutral_picture(driver, track)
    return result


@task(PortraitRigOptions, version=1, cacheable=True)
def portrait_rig(
    inputs: Mapping[str, np.ndarray], options: PortraitRigOptions, context: TaskContext
) -> TaskResult:
    """Make the portrait's own head as a mesh with 52 shape keys."""
    from zograscope_server.faces.landmarks import EXPRESSIONS
    from zograscope_server.faces.regions import face_width
    from zograscope_server.portrait.rig import make_rig

    context.progress(0.0, "Looking at the portrait")
    source, faces = _read_portrait(inputs, options, context.load_model(DEFAULT, FACES))
    face = faces[options.face]
    context.progress(0.3, "Making the head")
    rig = make_rig(source, face, context.load_model(DEFAULT, MATTING).matte)
    arrays = {
        "vertices": rig.vertices,
        "triangles": rig.triangles,
        "uv": rig.uv,
        "materials": rig.materials,
        "shape_keys": rig.shape_keys,
        "head": rig.head,
        "pivot": rig.pivot,
        **{f"texture.{name}": _png(picture) for name, picture in rig.textures.items()},
    }
    metadata = {
        "expressions": list(EXPRESSIONS),
        "textures": list(rig.textures),
        "size": list(source.size),
        "box": list(face.box),
        "face_width": face_width(face.points),
    }
    return TaskResult(arrays, metadata)


def _tools(context: TaskContext) -> "Tools":
    from zograscope_server.portrait.animation import Tools

    return Tools(context.load_model(DEFAULT, FACES), context.load_model(DEFAULT, MATTING).matte)


def _read_portrait(
    inputs: Mapping[str, np.ndarray],
    options: PortraitOptions | ExaminePortraitOptions | PortraitRigOptions,
    model: "FaceModel",
) -> "tuple[Source, list[Face]]":
    """The source and its faces; the one that was chosen has its points where handles moved them."""
    from zograscope_server.faces.search import find_faces
    from zograscope_server.portrait.source import choose_face, read_source

    source = read_source(required(inputs, "image").tobytes(), options.file_name)
    faces = find_faces(source.seen, model)
    chosen = choose_face(faces, options.face, options.file_name, options.handles)
    faces[options.face] = chosen
    return source, faces


def _movement(
    times: np.ndarray,
    curves: np.ndarray,
    poses: np.ndarray,
    rate: float,
    neutral: int,
    sound: bytes | None,
    warnings: list[str],
) -> TaskResult:
    """What is told of a driver or of curves, whether or not a portrait was moved by them."""
    from zograscope_server.faces.landmarks import EXPRESSIONS
    from zograscope_server.media.sound import SUFFIX

    arrays = {"times": times, "curves": curves, "poses": poses}
    if sound is not None:
        arrays["sound"] = np.frombuffer(sound, np.uint8)
    metadata = {
        "rate": rate,
        "expressions": list(EXPRESSIONS),
        "neutral_frame": neutral,
        "sound_suffix": SUFFIX if sound is not None else None,
        "warnings": warnings,
    }
    return TaskResult(arrays, metadata)


def _open_driver(
    inputs: Mapping[str, np.ndarray], options: PortraitOptions | TrackDriverOptions
) -> "Driver":
    from zograscope_server.media.clips import Clip
    from zograscope_server.portrait.animation import Driver

    file = np.ascontiguousarray(required(inputs, "driver")).reshape(-1).view(np.uint8)
    clip = Clip(file, options.driver_name)
    return Driver(clip, options.start, options.end, options.rate or clip.rate)


def _track(
    driver: "Driver", options: PortraitOptions, context: TaskContext, tools: "Tools"
) -> "DriverTrack":
    """What is in the checkpoint, or what is found in the driver; it is kept for another attempt."""
    from zograscope_server.portrait.track import DriverTrack

    kept = context.latest_checkpoint
    if kept is not None and (kept / TRACK).is_file():
        return DriverTrack.load(kept / TRACK)
    track = _follow(driver, options.driver_face, options.neutral_frame, context, tools, TRACKING)
    _keep(track, context)
    return track


def _keep(track: "DriverTrack | None", context: TaskContext) -> None:
    """Make a checkpoint, and pause there if asked to; curves have no track to keep."""
    if context.files is None:
        return
    with context.checkpoint() as folder:
        if track is not None:
            track.save(folder / TRACK)
    context.pause_if_asked()


def _follow(
    driver: "Driver",
    face: int,
    neutral: int | None,
    context: TaskContext,
    tools: "Tools",
    share: float,
) -> "DriverTrack":
    from zograscope_server.portrait.animation import track_driver as follow

    def on_progress(fraction: float | None, stage: str, detail: str = "") -> None:
        context.progress(None if fraction is None else share * fraction, stage, detail)

    return follow(driver, tools, face, neutral, on_progress)


def _make_frames(
    mover: "Mover",
    frames: Iterator[tuple[float, np.ndarray | None]],
    count: int,
    source: "Source",
    options: PortraitOptions,
    context: TaskContext,
    track: "DriverTrack | None",
) -> None:
    """Emit each frame that is not there yet, marked as made."""
    from zograscope_server.provenance.certificates import own_certificate
    from zograscope_server.provenance.credit import draw_credit
    from zograscope_server.provenance.marks import Made, Marker

    model = find_model(options.model, context.settings.models_folder, PURPOSE)
    made = Made(
        source=source.data,
        source_name=options.file_name,
        model=model.title,
        networks=not model.embedded,
        driver_name=options.driver_name if track is not None else "",
    )
    marker = Marker(own_certificate(context.settings.state_folder))
    apart = max(APART, count // CHECKPOINTS)
    for number, (time, picture) in enumerate(frames):
        if number >= count:
            return
        if number < context.parts:
            continue
        if context.pause_asked.is_set() or (number and number % apart == 0):
            _keep(track, context)
        share = TRACKING + (1.0 - TRACKING) * number / count
        context.progress(share, "Moving the portrait", f"frame {number + 1} of {count}")
        frame = mover.frame(number, picture)
        if options.credit:
            frame = draw_credit(frame, options.credit)
        file = marker.mark(source.encode(frame), ".png", made)
        arrays = {"file": np.frombuffer(file, np.uint8)}
        if options.relief:
            arrays["relief"] = _relief(mover)
        context.preview(_small(frame))
        context.emit(number, arrays, {"frame": number, "time": float(time)})


def _changed(mask: np.ndarray, source: "Source", credit: str) -> np.ndarray:
    """The mover's mask and, with a credit, what that changes of the picture."""
    from zograscope_server.provenance.credit import draw_credit

    if not credit:
        return mask
    written = (draw_credit(source.pixels, credit) != source.pixels).any(axis=2)
    return np.where(written, np.uint8(255), mask)


def _relief(mover: "Mover") -> np.ndarray:
    """How far the head came nearer in the latest frame, as a 16-bit PNG."""
    import cv2

    nearer = mover.nearer()
    scale = min(1.0, RELIEF_SIDE / max(nearer.shape))
    size = (max(1, round(nearer.shape[1] * scale)), max(1, round(nearer.shape[0] * scale)))
    small = cv2.resize(nearer, size, interpolation=cv2.INTER_AREA)
    return _png(np.clip(small * RELIEF_UNIT + RELIEF_MIDDLE + 0.5, 0, 65535).astype(np.uint16))


def _neutral_picture(driver: "Driver", track: "DriverTrack") -> np.ndarray:
    from zograscope_server.faces.landmarks import Face
    from zograscope_server.portrait.examination import draw_points

    number = track.neutral
    face = Face(track.points[number], track.expressions[number], track.poses[number])
    return _png(draw_points(driver.picture(number), [face], 0))


def _read_curves(inputs: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    if "curves" not in inputs:
        raise refusal("neither the input 'driver' nor the input 'curves' is there")
    curves = _numbers(inputs["curves"], "curves")
    if curves.ndim != 2 or curves.shape[1] != 52 or len(curves) == 0:
        raise refusal(f"the curves have the shape {curves.shape} and not (frames, 52)")
    still = np.tile(np.eye(4, dtype=np.float32), (len(curves), 1, 1))
    poses = _numbers(inputs.get("poses", still), "poses")
    if poses.shape != still.shape:
        raise refusal(f"the poses have the shape {poses.shape} and not {still.shape}")
    if np.abs(curves).max() > WILDEST:
        raise refusal(f"the curves go beyond {WILDEST:g}, where 1 is the whole expression")
    sizes = np.linalg.det(poses[:, :3, :3].astype(np.float64))
    if not ((sizes >= WILDEST**-3) & (sizes <= WILDEST**3)).all():
        raise refusal("the poses must turn and move a head, and not flatten, mirror or burst it")
    if np.abs(poses[:, :3]).max() > WILDEST:
        raise refusal(f"the poses move the head by more than {WILDEST:g} face widths")
    return curves, poses


def _numbers(values: np.ndarray, name: str) -> np.ndarray:
    numbers = values.astype(np.float32) if values.dtype.kind in "fiu" else np.array(np.nan)
    if not np.isfinite(numbers).all():
        raise refusal(f"the {name} must be numbers")
    return numbers


def _png(picture: np.ndarray) -> np.ndarray:
    """A picture, red first, or a grey one, as the bytes of a PNG."""
    import cv2

    stored = picture[..., ::-1] if picture.ndim == 3 and picture.shape[2] == 3 else picture
    if picture.ndim == 3 and picture.shape[2] == 4:
        stored = picture[..., [2, 1, 0, 3]]
    _, data = cv2.imencode(".png", np.ascontiguousarray(stored), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return data.ravel()


def _small(frame: np.ndarray) -> np.ndarray:
    """A preview of a frame: uint8, at most 384 pixels a side."""
    step = max(1, -(-max(frame.shape[:2]) // 384))
    small: Any = frame[::step, ::step]
    return small if small.dtype == np.uint8 else (small >> 8).astype(np.uint8)
