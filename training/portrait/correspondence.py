"""Where on the head each of MediaPipe's 478 points lies: found in pictures of the head itself."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from zograscope_server.faces import regions
from zograscope_server.faces.landmarks import EXPRESSIONS, POINTS, Landmarker
from zograscope_server.portrait.head.visibility import weights_in_triangles

from training.portrait.rendering import View, draw, view

# From the corner on the sitter's left, as the rims of the mesh are walked.
RIMS = {
    "lid_upper": regions.LEFT_UPPER_LID[::-1],
    "lid_lower": regions.LEFT_LOWER_LID[::-1],
    "lip_upper": regions.INNER_UPPER_LIP[::-1],
    "lip_lower": regions.INNER_LOWER_LIP[::-1],
}
VIEWS = [(yaw, pitch) for yaw in (-32, -16, 0, 16, 32) for pitch in (-12, 0, 12)]
BROW = np.array([[0.012, 0.7435], [0.022, 0.7485], [0.034, 0.7505], [0.049, 0.7425]])
"""The left brow in the template, x and z in metres."""
BEHIND = 0.13
"""How far from MediaPipe's depth the skin may lie, in face widths."""
IRIS_ANGLE, PUPIL_ANGLE = 21.0, 8.0


@dataclass(frozen=True)
class Painted:
    """A head that can be drawn: mesh, masks, and what is an eye.

    Attributes:
        template: float64 (v, 3), metres, z up.
        triangles: int (t, 3).
        uv: float64 (t, 3, 2).
        labels: str (t,).
        lips: float64 (n, n), mask by the UV map, 0 to 1.
    """

    template: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    labels: np.ndarray
    lips: np.ndarray

    def picture(self, seen: View) -> np.ndarray:
        """Return uint8 (size, size, 3): skin, lips, brows, eyes."""
        return draw(seen, self.triangles, self._albedo)

    def _albedo(self, chosen: np.ndarray, weights: np.ndarray) -> np.ndarray:
        place = np.einsum("nk,nkc->nc", weights, self.template[self.triangles[chosen]])
        uv = np.einsum("nk,nkc->nc", weights, self.uv[chosen])
        labels = self.labels[chosen]
        colour = np.tile([0.78, 0.58, 0.47], (len(chosen), 1))
        side = len(self.lips)
        row = np.clip((1 - uv[:, 1]) * side, 0, side - 1).astype(int)
        lips = self.lips[row, np.clip(uv[:, 0] * side, 0, side - 1).astype(int)]
        lips *= labels == "head"
        colour += lips[:, None] * (np.array([0.62, 0.24, 0.24]) - colour)
        flat = np.stack([np.abs(place[:, 0]), place[:, 2]], axis=1)
        brow = np.min([_from_line(flat, a, b) for a, b in pairwise(BROW)], axis=0)
        brow = np.clip((0.0036 - brow) / 0.0015, 0, 1) * (place[:, 1] < -0.1) * (labels == "head")
        colour += 0.85 * brow[:, None] * (np.array([0.16, 0.10, 0.07]) - colour)
        for side_of in "LR":
            eye = labels == f"eye_front.{side_of}"
            ball = self.template[np.unique(self.triangles[self.labels == f"eye_front.{side_of}"])]
            towards = place[eye] - eye_centre(ball)
            angle = np.degrees(np.arccos(-towards[:, 1] / np.linalg.norm(towards, axis=1)))
            colour[eye] = [0.85, 0.83, 0.8]
            colour[np.flatnonzero(eye)[angle < IRIS_ANGLE]] = [0.22, 0.13, 0.08]
            colour[np.flatnonzero(eye)[angle < PUPIL_ANGLE]] = [0.02, 0.02, 0.02]
        colour[labels == "mouth_cavity"] *= [0.35, 0.2, 0.2]
        colour[np.char.startswith(labels, "eye_cavity")] *= [0.7, 0.5, 0.5]
        colour[labels == "tongue"] = [0.55, 0.25, 0.25]
        return colour


def eye_centre(ball: np.ndarray) -> np.ndarray:
    """Return the centre of the sphere that fits vertices (n, 3) best."""
    system = np.column_stack([2 * ball, np.ones(len(ball))])
    return np.linalg.lstsq(system, (ball**2).sum(axis=1), rcond=None)[0][:3]


def find(
    painted: Painted, heads: np.ndarray, actions: np.ndarray, landmarker: Path
) -> tuple[np.ndarray, np.ndarray]:
    """Return triangles int32 (478,) and weights float32 (478, 3) of MediaPipe's points.

    Args:
        painted: the head, at rest.
        heads: (h, v, 3), identities to look at; the more, the less one head's looks count.
        actions: (52, v, 3), offsets.
        landmarker: MediaPipe's model file.
    """
    act = dict(zip(EXPRESSIONS, actions, strict=True))
    apart = 0.12 * act["jawOpen"]
    wide = 0.4 * (act["eyeWideLeft"] + act["eyeWideRight"])
    gathered, counted = np.zeros((POINTS, 3)), np.zeros(POINTS)
    rims: dict[int, list[np.ndarray]] = {}
    inner, rim = _rings(painted)
    with Landmarker(landmarker, most_faces=1) as finder:
        for head in heads:
            for change in (np.zeros_like(apart), apart + wide):
                for yaw, pitch in VIEWS:
                    seen = view(head + change, painted.triangles, yaw=yaw, pitch=pitch)
                    faces = finder.find(painted.picture(seen))
                    if faces:
                        _gather(painted, seen, faces[0].points, gathered, counted)
                        _gather_rims(seen, faces[0].points, inner, rim, rims)
    if (counted[:468] == 0).any():
        raise RuntimeError(f"points {np.flatnonzero(counted[:468] == 0)} were never seen")
    found = gathered / np.maximum(counted, 1e-9)[:, None]
    return _settle(painted, found, rims, inner, rim)


def _gather(
    painted: Painted, seen: View, points: np.ndarray, gathered: np.ndarray, counted: np.ndarray
) -> None:
    """Cast each point's ray; what is seen from the front counts, what is grazed hardly."""
    size = len(seen.seen)
    column, row = np.floor(points[:, :2].T).astype(int).clip(0, size - 1)
    chosen = seen.seen[row, column]
    corners = seen.vertices[painted.triangles[chosen]]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    facing = np.abs(normals[:, 2]) / (np.linalg.norm(normals, axis=1) + 1e-12)
    weights = weights_in_triangles(corners, points[:, :2].astype(np.float64))
    weights = np.clip(weights, 0, 1)
    weights /= weights.sum(axis=1, keepdims=True)
    place = np.einsum("nk,nkc->nc", weights, painted.template[painted.triangles[chosen]])
    # Where a ray of the outline misses the cheek it meets neck or ear, far behind the point.
    behind = np.einsum("nk,nk->n", weights, corners[..., 2]) - points[:, 2]
    behind = np.abs(behind - np.median(behind[chosen >= 0])) / np.ptp(points[:468, 0])
    hit = (chosen >= 0) & (painted.labels[chosen] == "head") & (behind < BEHIND)
    good = np.where(hit, facing**2 + 1e-4, 0.0)
    gathered += good[:, None] * place
    counted += good


def _rings(painted: Painted) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The rims of the left lids and of the lips as polylines, from the outer corner inwards."""
    lines: dict[str, np.ndarray] = {}
    numbers: dict[str, np.ndarray] = {}
    for name, inside in (("lid", "eye_cavity.L"), ("lip", "mouth_cavity")):
        ring = border(painted.triangles, painted.labels, "head", inside)
        x = painted.template[ring, 0]
        ring = np.roll(ring, -int(np.argmax(x)))
        turn = int(np.argmin(painted.template[ring, 0]))
        one, other = ring[: turn + 1], np.append(ring[turn:], ring[0])[::-1]
        first_above = painted.template[one, 2].mean() > painted.template[other, 2].mean()
        upper, lower = (one, other) if first_above else (other, one)
        numbers |= {f"{name}_upper": upper, f"{name}_lower": lower}
        lines |= {key: painted.template[numbers[key]] for key in (f"{name}_upper", f"{name}_lower")}
    return lines, numbers


def lid_rims(painted: Painted) -> dict[str, np.ndarray]:
    """Return the vertices along both eyes' lids, from the outer corners to the inner ones."""
    _, numbers = _rings(painted)
    mirrored = painted.template * [-1, 1, 1]
    rims = {}
    for name in ("lid_upper", "lid_lower"):
        left = numbers[name]
        distances = np.linalg.norm(painted.template[:, None] - mirrored[left], axis=2)
        rims[name] = np.stack([left, distances.argmin(axis=0)])
    return rims


def border(triangles: np.ndarray, labels: np.ndarray, one: str, other: str) -> np.ndarray:
    """Return the vertices between two parts, in the order of their ring."""

    def edges(name: str) -> set[tuple[int, int]]:
        chosen = triangles[labels == name]
        pairs = np.sort(np.concatenate([chosen[:, [0, 1]], chosen[:, [1, 2]], chosen[:, [2, 0]]]))
        return {(int(a), int(b)) for a, b in pairs}

    beside: dict[int, list[int]] = {}
    for a, b in edges(one) & edges(other):
        beside.setdefault(a, []).append(b)
        beside.setdefault(b, []).append(a)
    if any(len(neighbours) != 2 for neighbours in beside.values()):
        raise ValueError(f"{one} and {other} do not meet in one ring")
    ring = [next(iter(beside))]
    before = -1
    while len(ring) < len(beside):
        following = next(n for n in beside[ring[-1]] if n != before)
        before = ring[-1]
        ring.append(following)
    return np.array(ring)


def _gather_rims(
    seen: View,
    points: np.ndarray,
    lines: dict[str, np.ndarray],
    numbers: dict[str, np.ndarray],
    rims: dict[int, list[np.ndarray]],
) -> None:
    """How far along its rim each rim's point lies, as a share of the rim, in this view."""
    for name, chain in RIMS.items():
        shown = seen.vertices[numbers[name], :2]
        share = _shares(lines[name])
        for number in chain[1:-1]:
            place = points[number, :2]
            along = [
                (_from_line(place[None], a, b)[0], first + (last - first) * _along(place, a, b))
                for a, b, first, last in zip(shown, shown[1:], share, share[1:], strict=False)
            ]
            rims.setdefault(number, []).append(np.array(min(along)))


def _shares(line: np.ndarray) -> np.ndarray:
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    return length / length[-1]


def _along(place: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return float(np.clip((place - a) @ (b - a) / max((b - a) @ (b - a), 1e-12), 0, 1))


def _from_line(places: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    along = np.clip((places - a) @ (b - a) / max((b - a) @ (b - a), 1e-12), 0, 1)
    return np.linalg.norm(places - a - along[:, None] * (b - a), axis=1)


def _settle(
    painted: Painted,
    found: np.ndarray,
    rims: dict[int, list[np.ndarray]],
    lines: dict[str, np.ndarray],
    numbers: dict[str, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Make the points symmetric and bring each onto the skin, its rim, or its iris."""
    place = found.copy()
    mirrored = mirror_of(found[:468])
    flip = np.array([-1.0, 1.0, 1.0])
    place[:468] = (found[:468] + flip * found[mirrored]) / 2
    skin = np.flatnonzero(painted.labels == "head")
    triangles = np.zeros(478, np.int32)
    weights = np.zeros((478, 3), np.float32)
    triangles[:468], weights[:468] = _onto(painted, skin, place[:468])
    for name, chain in RIMS.items():
        line, share = lines[name], _shares(lines[name])
        for order, number in enumerate(chain):
            ends = 0 < order < len(chain) - 1
            at = float(np.median([pair[1] for pair in rims[number]])) if ends else float(order > 0)
            if name.startswith("lip") and ends:  # both halves of the mouth say it
                other = chain[len(chain) - 1 - order]
                at = (at + 1 - float(np.median([pair[1] for pair in rims[other]]))) / 2
            spot = np.array([np.interp(at, share, line[:, axis]) for axis in range(3)])
            targets = [(number, spot)]
            if name.startswith("lid"):
                targets.append((int(mirrored[number]), flip * spot))
            for target, goal in targets:
                where, shares = _onto(painted, skin, goal[None])
                triangles[target], weights[target] = where[0], shares[0]
    for side, iris in (("R", list(regions.RIGHT_IRIS)), ("L", list(regions.LEFT_IRIS))):
        chosen = np.flatnonzero(painted.labels == f"eye_front.{side}")
        ball = painted.template[np.unique(painted.triangles[chosen])]
        centre = eye_centre(ball)
        radius = np.linalg.norm(ball - centre, axis=1).mean()
        wide = radius * np.sin(np.radians(IRIS_ANGLE))
        front = radius * np.cos(np.radians(IRIS_ANGLE))
        # As MediaPipe counts them: centre, then from the sitter's left over the top to the right.
        around = np.array([[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1]]) * wide
        spots = centre + np.column_stack([around[:, 0], np.full(5, -front), around[:, 1]])
        spots[0, 1] = centre[1] - radius
        triangles[iris], weights[iris] = _onto(painted, chosen, spots)
    return triangles, weights


def mirror_of(points: np.ndarray) -> np.ndarray:
    """Return for each point (n, 3) the number of its partner on the other side."""
    from scipy.optimize import linear_sum_assignment

    distances = np.linalg.norm(points[:, None] - points[None] * [-1, 1, 1], axis=2)
    partner = linear_sum_assignment(np.minimum(distances, 0.02) ** 2)[1]
    if (partner[partner] != np.arange(len(points))).any():
        raise RuntimeError("the points of the two sides do not pair up")
    return partner


def _onto(
    painted: Painted, chosen: np.ndarray, places: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the chosen triangles (n,) that are nearest to places (n, 3), and weights (n, 3)."""
    from trimesh.triangles import closest_point, points_to_barycentric

    corners = painted.template[painted.triangles[chosen]]
    nearest, weights = [], []
    for place in places:
        onto = closest_point(corners, np.tile(place, (len(corners), 1)))
        near = int(np.argmin(np.linalg.norm(onto - place, axis=1)))
        share = points_to_barycentric(corners[[near]], onto[[near]])[0].clip(0, 1)
        nearest.append(chosen[near])
        weights.append(share / share.sum())
    return np.array(nearest), np.array(weights)
