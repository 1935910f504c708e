"""What of a fitted head is seen at places of the picture: its depth, and how it moves there."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from zograscope_server.portrait.head import model
from zograscope_server.portrait.head.fit import FittedHead
from zograscope_server.portrait.head.visibility import seen_triangles, weights_in_triangles

SIDE = 512
"""Pixels of the longer side of the map in which triangles are looked up."""
MARGIN = 0.5
"""What the map has around the head, in head widths."""
FADE = 0.12
"""How far beyond the head's outline its movement is felt, in face widths."""
INTERIOR = (model.MOUTH, model.TONGUE, model.TEETH, model.GUMS)


@dataclass(frozen=True)
class _Map:
    """The head seen from the front, at a resolution of its own.

    Attributes:
        corner: place of the map's corner in the picture.
        scale: pixels of the map for each of the picture.
        seen: int32 (h, w), triangles, -1 beside the head.
        skin: bool (h, w), where what is seen is no mouth's interior.
        nearest: int32 (2, h, w), row and column of the nearest skin.
        depth: float32 (h, w), continued beyond the skin.
        beyond: float32 (h, w), distance to the head, in pixels of the picture.
    """

    corner: np.ndarray
    scale: float
    seen: np.ndarray
    skin: np.ndarray
    nearest: np.ndarray
    depth: np.ndarray
    beyond: np.ndarray

    def at(self, places: np.ndarray) -> np.ndarray:
        return ((np.asarray(places, np.float64) - self.corner) * self.scale).astype(np.float32)


def depth_at(head: FittedHead, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the depth z (N,) of the front of the head, and whether it is there, bool (N,).

    Outside its outline the depth is continued smoothly, and over an open mouth from lip to lip.

    Args:
        head: of the portrait.
        places: (N, 2) in pixels of the picture.
    """
    look = _map(head)
    at = look.at(places)
    depth = _sampled(look.depth, at)
    seen, skin = _looked_up(look.seen, at), _looked_up(look.skin, at)
    on = np.flatnonzero(skin)
    corners = head.vertices[head.triangles[seen[on]]]
    weights = _inner(weights_in_triangles(corners, np.asarray(places, np.float64)[on]))
    depth[on] = np.einsum("nk,nk->n", weights, corners[..., 2])
    return depth, seen >= 0


def actions_at(head: FittedHead, places: np.ndarray) -> np.ndarray:
    """Return float32 (52, N, 3): how each expression moves what is seen at places (N, 2).

    In pixels at strength 1; beyond the outline it fades to 0 within FADE face widths. Over an open
    mouth, what is between the lips moves as they do.
    """
    look = _map(head)
    places = np.asarray(places, np.float64)
    at = look.at(places)
    row, column = (_looked_up(line, at) for line in look.nearest)
    on = _looked_up(look.skin, at)
    chosen = np.where(on, _looked_up(look.seen, at), look.seen[row, column])
    beside = np.stack([column + 0.5, row + 0.5], axis=1) / look.scale + look.corner
    corners = head.vertices[head.triangles[chosen]]
    weights = _inner(weights_in_triangles(corners, np.where(on[:, None], places, beside)))
    fade = _smooth(1 - _sampled(look.beyond, at) / (FADE * head.width))
    weights = (weights * fade[:, None]).astype(np.float32)
    three = head.triangles[chosen]
    moved = np.zeros((len(head.actions), len(places), 3), np.float32)
    for corner in range(3):
        moved += head.actions[:, three[:, corner]] * weights[:, corner, None]
    return moved


@lru_cache(maxsize=2)
def _map(head: FittedHead) -> _Map:
    from scipy.ndimage import distance_transform_edt

    least, most = head.vertices[:, :2].min(axis=0), head.vertices[:, :2].max(axis=0)
    margin = MARGIN * (most[0] - least[0])
    corner = (least - margin).astype(np.float64)
    extent = most - least + 2 * margin
    scale = SIDE / float(extent.max())
    width, height = (int(np.ceil(length * scale)) for length in extent)
    placed = (head.vertices - [*corner, 0]) * scale
    seen = seen_triangles(placed, head.triangles, (width, height))
    skin = (seen >= 0) & ~np.isin(head.parts, INTERIOR)[seen]
    rows, columns = np.nonzero(skin)
    corners = placed[head.triangles[seen[rows, columns]]]
    weights = _inner(weights_in_triangles(corners, np.stack([columns + 0.5, rows + 0.5], axis=1)))
    depth = np.zeros(seen.shape, np.float32)
    depth[rows, columns] = np.einsum("nk,nk->n", weights, corners[..., 2]) / scale
    nearest = distance_transform_edt(~skin, return_distances=False, return_indices=True)
    beyond = (distance_transform_edt(seen < 0) / scale).astype(np.float32)
    return _Map(corner, scale, seen, skin, nearest, _filled(depth, skin), beyond)


def _filled(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Continue values (h, w) smoothly where they are not known (pull-push, Gortler et al. 1996)."""
    import cv2

    if min(values.shape) < 2:
        total = max(float(known.sum()), 1e-9)
        return np.where(known > 0, values, (values * known).sum() / total).astype(np.float32)
    weight = known.astype(np.float32)
    small = cv2.pyrDown(weight)
    coarse = cv2.pyrDown((values * weight).astype(np.float32)) / np.maximum(small, 1e-6)
    below = _filled(coarse, np.minimum(small * 4, 1.0))
    above = cv2.resize(below, values.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return (values * weight + above * (1 - weight)).astype(np.float32)


def _looked_up(picture: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return the pixels at places (N, 2) of the map; beyond its margin is what is at its border."""
    column, row = np.floor(at).astype(int).T
    height, width = picture.shape
    return picture[row.clip(0, height - 1), column.clip(0, width - 1)]


def _sampled(picture: np.ndarray, at: np.ndarray) -> np.ndarray:
    from scipy.ndimage import map_coordinates

    return map_coordinates(picture, (at.T - 0.5)[::-1], order=1, mode="nearest")


def _inner(weights: np.ndarray) -> np.ndarray:
    """Keep weights within the triangle: a pixel at its edge may have been seen in its neighbour."""
    weights = weights.clip(0, 1)
    return weights / weights.sum(axis=1, keepdims=True)


def _smooth(share: np.ndarray) -> np.ndarray:
    share = share.clip(0, 1)
    return share * share * (3 - 2 * share)
