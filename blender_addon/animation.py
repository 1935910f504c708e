"""Animation that an artist can take apart: few keys, with handles that carry the speed."""

import bpy
import numpy as np
from bpy_extras import anim_utils

UNCHANGED = 1e-9


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
