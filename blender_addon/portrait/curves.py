"""A driver as F-curves: an empty that moves as the head does and carries the 52 expressions.

The empty stands in a frame that turns picture space (x right, y up, z to the viewer) upright and
whose unit is the width of the face, so that the same curves drive a head of any size. Its custom
properties have ARKit's names; any mesh whose shape keys have those names can take them over.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import bpy
import numpy as np

from .. import sequencer
from ..animation import Channel, read_samples, write_samples
from ..scenes import PART_MARK, add_part, same_path
from .errors import PortraitError

HEAD_MARK = "zograscope_head"
"""On the empty: the key of the driver, or of the portrait whose rig it turns."""

EXPRESSIONS = "zograscope_expressions"
"""On the empty of a driver: the names of its expressions, in order."""

POSE: tuple[Channel, ...] = tuple(
    (path, axis) for path in ("location", "rotation_euler", "scale") for axis in range(3)
)
FIRST_FRAME = 1


def euler_angles(poses: np.ndarray) -> np.ndarray:
    """Return the XYZ angles (n, 3), in radians without jumps, of poses (n, 4, 4)."""
    turns = poses[:, :3, :3] / np.linalg.norm(poses[:, :3, :3], axis=1, keepdims=True)
    angles = [
        np.arctan2(turns[:, 2, 1], turns[:, 2, 2]),
        np.arcsin(np.clip(-turns[:, 2, 0], -1.0, 1.0)),
        np.arctan2(turns[:, 1, 0], turns[:, 0, 0]),
    ]
    return np.unwrap(np.stack(angles, axis=1), axis=0)


def find(scene: bpy.types.Scene, key: str | None = None) -> bpy.types.Object | None:
    """Return a driver's empty in a scene: that of a key, or the active or only or latest one."""
    heads = [item for item in scene.objects if EXPRESSIONS in item]
    if key is not None:
        return next((head for head in heads if same_path(head[HEAD_MARK], key)), None)
    active = bpy.context.view_layer.objects.active if bpy.context.view_layer else None
    return active if active in heads else heads[-1] if heads else None


def build(
    arrays: Mapping[str, np.ndarray],
    metadata: Mapping[str, Any],
    name: str,
    key: str,
    scene: bpy.types.Scene,
) -> bpy.types.Object:
    """Write a driver's curves onto its empty, in place of earlier ones; return the empty.

    Args:
        arrays, metadata: the result of `track_driver`, or that of `portrait`.
        name: of a new empty.
        key: of the driver.
        scene: where a new one is linked; its rate says which frame a time is.
    """
    expressions = list(metadata["expressions"])
    head = find(scene, key) or _add_head(name, key, scene)
    head[EXPRESSIONS] = expressions
    for expression in expressions:
        if expression not in head:
            head[expression] = 0.0
            head.id_properties_ui(expression).update(min=0.0, soft_max=1.0, max=2.0, default=0.0)
    frames = FIRST_FRAME + arrays["times"] * sequencer.rate_of(scene)
    write_samples(head, name, frames, _samples(arrays, expressions))
    return head


def _add_head(name: str, key: str, scene: bpy.types.Scene) -> bpy.types.Object:
    frame = add_part(f"{name} frame", None, "head frame", None, scene.collection)
    frame.rotation_euler = (math.radians(90), 0.0, 0.0)
    frame.empty_display_size = 0.2
    head = add_part(name, None, "head", frame, scene.collection)
    head.empty_display_type, head.empty_display_size = "ARROWS", 0.5
    head[HEAD_MARK] = key
    return head


def _samples(
    arrays: Mapping[str, np.ndarray], expressions: Sequence[str]
) -> dict[Channel, np.ndarray]:
    poses = np.asarray(arrays["poses"], np.float64)
    sizes = np.linalg.norm(poses[:, :3, :3], axis=1)
    moves = np.concatenate([poses[:, :3, 3], euler_angles(poses), sizes], axis=1)
    samples = dict(zip(POSE, moves.T, strict=True))
    for expression, values in zip(expressions, arrays["curves"].T, strict=True):
        samples[f'["{expression}"]', 0] = values
    return samples


def bake_onto(mesh: bpy.types.Object, head: bpy.types.Object) -> int:
    """Key a mesh's shape keys as a driver's curves go; return how many there are.

    Takes those shape keys whose names are the expressions', in upper or lower case.

    Raises PortraitError `no-curves` where the empty has none.
    """
    keys = mesh.data.shape_keys
    if keys is None:
        return 0
    blocks = {block.name.lower(): block for block in keys.key_blocks}
    wanted = {
        (f'["{name}"]', 0): blocks[name.lower()]
        for name in head[EXPRESSIONS]
        if name.lower() in blocks
    }
    frames, samples = read_samples(head, wanted)
    if not len(frames):
        raise PortraitError("no-curves")
    for channel, values in samples.items():
        block = wanted[channel]
        block.slider_max = max(block.slider_max, min(10.0, float(values.max())))
        block.slider_min = min(block.slider_min, max(-10.0, float(values.min())))
    write_samples(
        keys,
        f"{mesh.name} expressions",
        frames,
        {(wanted[channel].path_from_id("value"), 0): values for channel, values in samples.items()},
    )
    return len(samples)


def turn(target: bpy.types.Object, head: bpy.types.Object) -> None:
    """Let another empty that stands in a frame of face widths move as a driver's head does."""
    frames, samples = read_samples(head, POSE)
    if len(frames):
        write_samples(target, f"{target.name} pose", frames, samples)


def is_head(item: bpy.types.Object | None) -> bool:
    """Whether an object is an empty that a head follows."""
    return item is not None and item.get(PART_MARK) == "head"
