"""Animation that an artist can take apart: few keys, with handles that carry the speed."""

from collections.abc import Iterable, Mapping

import bpy
import numpy as np
from bpy_extras import anim_utils

UNCHANGED = 1e-9

Channel = tuple[str, int]
"""A data path, and the index in it; 0 for a property that is one number."""


def write_curves(
    owner: bpy.types.ID, channel: str, frames: np.ndarray, values: np.ndarray, slopes: np.ndarray
) -> None:
    """Write an F-curve for each column of values (n,) or (n, 3) that changes.

    The handles carry the slopes (for each frame), so a few keys follow a smooth move closely.
    """
    for index, (column, column_slopes) in enumerate(
        zip(np.atleast_2d(values.T), np.atleast_2d(slopes.T), strict=True)
    ):
        if np.ptp(column) < UNCHANGED:
            continue
        owner.keyframe_insert(channel, index=index if values.ndim > 1 else -1, frame=frames[0])
        curve = curves_of(owner).find(channel, index=index)
        curve.keyframe_points.add(len(frames) - 1)
        gaps = np.diff(frames)
        before, after = np.append(gaps[:1], gaps) / 3, np.append(gaps, gaps[-1:]) / 3
        for key, frame, value, slope, left, right in zip(
            curve.keyframe_points, frames, column, column_slopes, before, after, strict=True
        ):
            key.interpolation = "BEZIER"
            key.handle_left_type = key.handle_right_type = "ALIGNED"
            key.co = frame, value
            key.handle_left = frame - left, value - slope * left
            key.handle_right = frame + right, value + slope * right
        curve.update()


def curves_of(owner: bpy.types.ID) -> bpy.types.ActionChannelbagFCurves | tuple[()]:
    """Return the F-curves of a data-block; they live in the part of the action for its slot."""
    animation = owner.animation_data
    if animation is None or animation.action is None:
        return ()
    bag = anim_utils.action_get_channelbag_for_slot(animation.action, animation.action_slot)
    return () if bag is None else bag.fcurves


def write_samples(
    owner: bpy.types.ID, name: str, frames: np.ndarray, samples: Mapping[Channel, np.ndarray]
) -> None:
    """Write an F-curve with a key at each frame for each channel, in place of those it had.

    The owner's action is kept, with its other curves; one is made where there is none.

    Args:
        owner: of the channels.
        name: of a new action.
        frames: (n,), of the scene; they increase.
        samples: (n,) values of each channel, by its data path and index.
    """
    bag = _channelbag(owner, name)
    keys = np.empty((len(frames), 2), np.float32)
    keys[:, 0] = frames
    for (path, index), values in samples.items():
        curve = bag.fcurves.find(path, index=index)
        if curve is not None:
            bag.fcurves.remove(curve)
        curve = bag.fcurves.new(path, index=index)
        curve.keyframe_points.add(len(frames))
        keys[:, 1] = values
        curve.keyframe_points.foreach_set("co", keys.ravel())
        linear = np.ones(len(frames), np.int32)  # a key at each frame leaves nothing between
        curve.keyframe_points.foreach_set("interpolation", linear)
        curve.update()


def read_samples(
    owner: bpy.types.ID, channels: Iterable[Channel]
) -> tuple[np.ndarray, dict[Channel, np.ndarray]]:
    """Return frames (n,), and at each the values (n,) of those channels that have F-curves."""
    curves = {(curve.data_path, curve.array_index): curve for curve in curves_of(owner)}
    frames, samples = np.empty(0, np.float32), dict[Channel, np.ndarray]()
    for channel in channels:
        if channel in curves:
            points = curves[channel].keyframe_points
            keys = np.empty((len(points), 2), np.float32)
            points.foreach_get("co", keys.ravel())
            if not samples:
                frames = keys[:, 0]
            if np.array_equal(keys[:, 0], frames):
                samples[channel] = keys[:, 1]
            else:  # the artist has changed it: what it shows at the others' frames
                curve = curves[channel]
                samples[channel] = np.array(
                    [curve.evaluate(float(frame)) for frame in frames], np.float32
                )
    return frames, samples


def _channelbag(owner: bpy.types.ID, name: str) -> bpy.types.ActionChannelbag:
    """Return where an owner's F-curves are kept, making what is missing."""
    animation = owner.animation_data or owner.animation_data_create()
    if animation.action is None:
        animation.action = bpy.data.actions.new(name)
    action = animation.action
    if animation.action_slot is None:
        animation.action_slot = action.slots.new(owner.id_type, owner.name)
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    return strip.channelbag(animation.action_slot, ensure=True)
