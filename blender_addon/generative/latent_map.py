"""The latent map on a board: samples where they lie, and a point that stands for the place between.

The point is an empty below the board's root, kept on the plane. Its place goes from 0 at the middle
of the first sample to 1 at that of the last, x to the right and y up. Beside the map is a small
plane with the image of the point's place. Keyed, the point is the path of a walk.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from ..animation import curves_of
from ..pictures import image_from_bytes
from ..scenes import PART_MARK, add_part, look_at
from . import boards
from .boards import Board
from .errors import GenerativeError

KIND = "map"
ASKED = "zograscope_map"
"""On the root: `side` of the map, and what the task was asked, as JSON."""

POINT, PREVIEW = "latent point", "preview"
POINT_SIZE = 0.03
PREVIEW_SIZE, PREVIEW_GAP = 0.5, 0.08
LIMIT = "On the map"


@dataclass(frozen=True)
class LatentMap:
    """The objects of a latent map."""

    board: Board
    point: bpy.types.Object
    preview: bpy.types.Object

    @property
    def asked(self) -> dict[str, Any]:
        """The parameters of the task `latent_map` that it is the result of, and its true `side`."""
        return json.loads(self.board.root[ASKED])

    def place(self) -> tuple[float, float]:
        """Return where the point is: 0 to 1, right and up."""
        location = np.array(self.point.location[:2])
        x, y = self._places(location[None])[0].tolist()
        return x, y

    def keyed_frames(self) -> tuple[int, int]:
        """Return the first and the last frame of the point's keys.

        Raises GenerativeError `point-not-keyed`.
        """
        frames = [
            key.co[0]
            for curve in curves_of(self.point)
            if curve.data_path == "location" and curve.array_index < 2
            for key in curve.keyframe_points
        ]
        if not frames or min(frames) == max(frames):
            raise GenerativeError("point-not-keyed")
        return round(min(frames)), round(max(frames))

    def keyed_places(self) -> np.ndarray:
        """Return where the keyed point is at each frame, first to last key, float32 (n, 2).

        Raises GenerativeError `point-not-keyed`.
        """
        first, last = self.keyed_frames()
        frames = range(first, last + 1)
        path = np.tile(np.array(self.point.location[:2], np.float64), (len(frames), 1))
        for axis in (0, 1):
            curve = curves_of(self.point).find("location", index=axis)
            if curve is not None:
                path[:, axis] = [curve.evaluate(frame) for frame in frames]
        return self._places(path)

    def _places(self, locations: np.ndarray) -> np.ndarray:
        """Turn the root's space (n, 2) into places, float32 (n, 2)."""
        return np.clip(locations / (2 * _reach(self.board, self.asked["side"])) + 0.5, 0, 1).astype(
            np.float32
        )


def _reach(board: Board, side: int) -> np.ndarray:
    """Return how far the middle of the last sample lies from the map's, right and up."""
    inner = (side - 1) / side / 2
    return np.array([board.aspect * inner, inner])


def find(scene: bpy.types.Scene) -> LatentMap | None:
    """Return a scene's latent map."""
    board = boards.find(scene, KIND)
    if board is None:
        return None
    parts = {child.get(PART_MARK): child for child in board.root.children}
    if POINT not in parts or PREVIEW not in parts:
        return None
    return LatentMap(board, parts[POINT], parts[PREVIEW])


def show(
    arrays: Mapping[str, np.ndarray],
    metadata: Mapping[str, Any],
    asked: Mapping[str, Any],
    scene: bpy.types.Scene,
) -> LatentMap:
    """Show the result of the task `latent_map`, in place of the scene's earlier map.

    Of an earlier one the objects, the point's keys and its place stay.

    Args:
        arrays, metadata: the result.
        asked: the parameters of the task.
        scene: where a new one is linked.
    """
    board = boards.show(scene, KIND, f"Latent map of {metadata['model']}", arrays["map"].tobytes())
    side = int(metadata["side"])
    board.root[ASKED] = json.dumps({**asked, "side": side})
    found, aspect = find(scene), board.aspect
    beside = PREVIEW_GAP + PREVIEW_SIZE * aspect
    if found is None:
        found = _add_parts(board)
        look_at(scene, board.root, (-aspect / 2, -0.5, aspect / 2 + beside, 0.5))
    across, up = _reach(board, side).tolist()
    limit: Any = found.point.constraints.get(LIMIT)
    if limit is not None:
        limit.min_x, limit.max_x, limit.min_y, limit.max_y = -across, across, -up, up
    found.preview.scale = (PREVIEW_SIZE * aspect, PREVIEW_SIZE, 1.0)
    found.preview.location = (aspect / 2 + beside - PREVIEW_SIZE * aspect / 2, 0.25, 0.0)
    return found


def _add_parts(board: Board) -> LatentMap:
    collection = board.root.users_collection[0]
    point = add_part("Latent point", None, POINT, board.root, collection)
    point.empty_display_type, point.empty_display_size = "SPHERE", POINT_SIZE
    point.show_in_front = True
    limit: Any = point.constraints.new("LIMIT_LOCATION")
    limit.name, limit.owner_space, limit.use_transform_limit = LIMIT, "LOCAL", True
    for axis in "xyz":
        for end in ("min", "max"):
            setattr(limit, f"use_{end}_{axis}", True)
    return LatentMap(board, point, boards.add_plane("Latent point's image", PREVIEW, board.root))


def show_preview(found: LatentMap, file: bytes) -> None:
    """Show the image of the point's place."""
    boards.set_picture(found.preview, image_from_bytes("Latent point's image", file))
