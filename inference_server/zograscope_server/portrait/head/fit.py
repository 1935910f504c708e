"""Fits the free head to MediaPipe's points of one portrait.

Identity, resting expression and a scaled orthographic camera by damped least squares with bounds
(Gauss-Newton, as in Blanz and Vetter, A Morphable Model for the Synthesis of 3D Faces, 1999); what
is left is taken up by a smooth displacement of the whole head.
"""

from dataclasses import dataclass

import numpy as np

from zograscope_server.faces import regions
from zograscope_server.faces.landmarks import EXPRESSIONS
from zograscope_server.portrait.head.model import HeadModel
from zograscope_server.portrait.similarity import fit_similarity

SPREAD, SPREAD_DEPTH = 0.012, 0.06
"""Standard deviations of MediaPipe's points across and in depth, in face widths."""
SPREAD_EXPRESSION = 0.2
"""Of a resting expression about what MediaPipe reads."""
UNSEEN = ("cheekPuff", "tongueOut", "jawForward", "mouthClose")
"""Expressions that no point tells from others: they rest at 0."""
FARTHEST = 3.0
"""Bound of the identity, in standard deviations."""
STEPS = 10
LIDS_AND_LIPS = regions.LIDS + regions.INNER_LIPS + regions.OUTER_LIPS
"""These land on the head all but exactly."""
EXACT, LOOSE, LOOSE_OVAL = 1e-4, 0.02, 0.1
"""How little of its own a point may keep, as a variance beside 1 of the displacement."""
REACH = 0.35
"""How far the displacement of a point is felt, in face widths."""


@dataclass(frozen=True, eq=False)
class FittedHead:
    """A portrait's head, in pixels of the picture: x right, y down, z away from the viewer.

    Attributes:
        vertices: float32 (V, 3), as in the portrait, its resting expression included.
        triangles: int32 (T, 3).
        parts: uint8 (T,), from `model.SKIN` to `model.SOCKET_RIGHT`.
        colours: uint8 (V, 3), red first, for what the portrait does not show.
        actions: float32 (52, V, 3), what each of `EXPRESSIONS` adds at strength 1 to the rest;
            `eyeBlink` closes the lids exactly, however far open they rest.
        rest: float32 (52,), the expression that the portrait has, 0 to 1.
        landmark_triangles: int32 (478,), on which MediaPipe's points lie.
        landmark_weights: float32 (478, 3), where in these.
        rotation: float64 (3, 3), from the model's axes to the picture's.
        scale: pixels a metre of the model.
        centre: float64 (3,), about which the head turns, where it sits on the neck.
        width: of the face, in pixels.
        misfit: root mean square distance of points from the head before it was displaced, across,
            as a share of the face's width.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    parts: np.ndarray
    colours: np.ndarray
    actions: np.ndarray
    rest: np.ndarray
    landmark_triangles: np.ndarray
    landmark_weights: np.ndarray
    rotation: np.ndarray
    scale: float
    centre: np.ndarray
    width: float
    misfit: float

    def moved(self, strengths: np.ndarray) -> np.ndarray:
        """Return float32 (V, 3): the vertices with expressions (52,) added to the rest."""
        return self.vertices + np.tensordot(strengths.astype(np.float32), self.actions, axes=1)

    def landmarks(self, vertices: np.ndarray) -> np.ndarray:
        """Return MediaPipe's points (478, 3) on vertices (V, 3)."""
        corners = vertices[self.triangles[self.landmark_triangles]]
        return np.einsum("pkc,pk->pc", corners, self.landmark_weights)


@dataclass
class _Guess:
    rotation: np.ndarray
    scale: float
    shift: np.ndarray
    identity: np.ndarray
    rest: np.ndarray


def fit_head(
    model: HeadModel, points: np.ndarray, expressions: np.ndarray | None = None
) -> FittedHead:
    """Return the head that the points (478, 3) are seen on.

    Args:
        model: the free head.
        points: MediaPipe's, in pixels, x right, y down, z away in the same unit.
        expressions: (52,), as MediaPipe reads them; without, a face at rest is looked for.
    """
    points = np.asarray(points, np.float64)
    width = regions.face_width(points)
    guess = _solve(model, points, width, expressions)
    shape = (
        model.template
        + np.tensordot(guess.identity, model.identities, axes=1)
        + np.tensordot(guess.rest, model.actions, axes=1)
    )
    turn = guess.scale * guess.rotation
    placed = shape @ turn.T + guess.shift
    missed = points - model.landmarks(placed)
    missed[:, 2] = 0.0
    vertices = placed + _displacement(model, shape, missed, REACH * width / guess.scale)
    actions = model.actions @ turn.T.astype(np.float32)
    _close_lids(model, vertices, actions)
    return FittedHead(
        vertices=vertices.astype(np.float32),
        triangles=model.triangles,
        parts=model.parts,
        colours=model.colours,
        actions=actions.astype(np.float32),
        rest=guess.rest.astype(np.float32),
        landmark_triangles=model.landmark_triangles,
        landmark_weights=model.landmark_weights,
        rotation=guess.rotation,
        scale=guess.scale,
        centre=guess.shift,
        width=width,
        misfit=float(np.sqrt((missed[:468, :2] ** 2).sum(axis=1).mean())) / width,
    )


def _solve(
    model: HeadModel, points: np.ndarray, width: float, expressions: np.ndarray | None
) -> _Guess:
    """Gauss-Newton in rotation, scale, shift, identity and rest, with bounds on the latter two."""
    from scipy.optimize import lsq_linear
    from scipy.spatial.transform import Rotation

    template = model.landmarks(model.template)
    identities = model.landmarks(model.identities)
    actions = model.landmarks(model.actions)
    weights = _point_weights()[:, None] / (width * np.array([SPREAD, SPREAD, SPREAD_DEPTH]))
    expected, spread = _expected(expressions)
    count = len(identities)
    guess = _placed(template, points, count, expected)
    low = np.concatenate([np.full(7, -np.inf), np.full(count, -FARTHEST), np.zeros(52)])
    high = np.concatenate([np.full(7, np.inf), np.full(count, FARTHEST), np.ones(52)])
    for _ in range(STEPS):
        shape = (
            template
            + np.tensordot(guess.identity, identities, axes=1)
            + np.tensordot(guess.rest, actions, axes=1)
        )
        turn = guess.scale * guess.rotation
        turned = shape @ turn.T
        columns = [np.cross(axis, turned) for axis in np.eye(3)]
        columns += [turned, *np.broadcast_to(np.eye(3)[:, None], (3, len(points), 3))]
        columns += [*(identities @ turn.T), *(actions @ turn.T)]
        system = (np.stack(columns) * weights).reshape(len(columns), -1).T
        # What is asked of identity and rest are their new values, so that bounds are simple.
        current = np.concatenate([np.zeros(7), guess.identity, guess.rest])
        wanted = ((points - turned - guess.shift) * weights).ravel() + system @ current
        prior = np.concatenate([np.full(7, 1e-6), np.ones(count), 1 / spread])
        goal = np.concatenate([np.zeros(7 + count), expected / spread])
        system = np.vstack([system, np.diag(prior)])
        orthogonal, triangular = np.linalg.qr(system)
        found = lsq_linear(
            triangular, orthogonal.T @ np.concatenate([wanted, goal]), bounds=(low, high)
        ).x
        guess = _Guess(
            Rotation.from_rotvec(found[:3]).as_matrix() @ guess.rotation,
            guess.scale * float(np.exp(np.clip(found[3], -0.5, 0.5))),
            guess.shift + found[4:7],
            found[7 : 7 + count],
            found[7 + count :].clip(0, 1),
        )
        if np.abs(found[:4]).max() < 1e-4:
            break
    return guess


def _expected(expressions: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the rest that is expected, and how far it may be from that, each (52,)."""
    expected = np.zeros(52) if expressions is None else np.clip(expressions, 0, 1).astype(float)
    spread = np.full(52, SPREAD_EXPRESSION)
    for name in UNSEEN:
        expected[EXPRESSIONS.index(name)] = 0.0
        spread[EXPRESSIONS.index(name)] = 0.01
    return expected, spread


def _point_weights() -> np.ndarray:
    weights = np.ones(478)
    weights[list(regions.OVAL)] = 0.3  # the outline slides along the skin as the head turns
    weights[[*regions.RIGHT_IRIS[1:], *regions.LEFT_IRIS[1:]]] = 0.3
    return weights


def _placed(template: np.ndarray, points: np.ndarray, count: int, rest: np.ndarray) -> _Guess:
    """Where a fit begins: the mean head, laid onto the points."""
    placed = fit_similarity(template, points)
    return _Guess(placed.rotation, placed.scale, placed.shift, np.zeros(count), rest)


def _displacement(
    model: HeadModel, shape: np.ndarray, missed: np.ndarray, reach: float
) -> np.ndarray:
    """Return (V, 3): what moves each point by what it missed (478, 3), and fades over the reach.

    The kernel exp(-r / reach) is, near by, the biharmonic spline of three dimensions; neighbours
    that are moved apart do not make it overshoot. Distances are taken with the jaw down and the
    eyes wide, so that lips and lids do not pull on each other.
    """
    from scipy.linalg import solve
    from scipy.spatial.distance import cdist

    act = dict(zip(EXPRESSIONS, model.actions, strict=True))
    opened = shape + 0.5 * act["jawOpen"] + act["eyeWideLeft"] + act["eyeWideRight"]
    corners = model.triangles[model.landmark_triangles]
    used, numbers = np.unique(corners, return_inverse=True)
    # Points lie in triangles, so it is sums of vertices that must be moved by what was missed.
    sums = np.zeros((len(corners), len(used)))
    rows = np.arange(len(corners))[:, None]
    np.add.at(sums, (rows, numbers.reshape(-1, 3)), model.landmark_weights)
    felt = np.exp(-cdist(opened, opened[used]) / reach) @ sums.T
    kernel = sums @ felt[used]
    return felt @ solve(kernel + np.diag(_looseness()), missed, assume_a="pos")


def _looseness() -> np.ndarray:
    loose = np.full(478, LOOSE)
    loose[list(regions.OVAL)] = LOOSE_OVAL
    loose[[*LIDS_AND_LIPS, *regions.RIGHT_IRIS, *regions.LEFT_IRIS]] = EXACT
    return loose


def _close_lids(model: HeadModel, vertices: np.ndarray, actions: np.ndarray) -> None:
    """Make eyeBlink at 1 bring the upper rim of each eye's lids onto the lower, whatever the rest.

    What the rim lacks is shared by the lid in proportion to how far each vertex moves.
    """
    from scipy.spatial import cKDTree

    for side, name in enumerate(("eyeBlinkLeft", "eyeBlinkRight")):
        blink = actions[EXPRESSIONS.index(name)]
        upper, lower = model.lid_upper[side], model.lid_lower[side]
        goal = _along(vertices[lower] + blink[lower], _shares(vertices[upper]))
        lacking = goal - vertices[upper] - blink[upper]
        travel = np.linalg.norm(blink, axis=1)
        far = travel[upper]
        rims = np.concatenate([upper, lower])
        _, nearest = cKDTree(model.template[rims]).query(model.template)
        lid = np.flatnonzero((travel > 0) & (nearest < len(upper)))
        share = np.minimum(travel[lid] / np.maximum(far[nearest[lid]], 1e-6), 1.0)
        blink[lid] += share[:, None] * lacking[nearest[lid]]
        blink[upper] = goal - vertices[upper]


def _shares(line: np.ndarray) -> np.ndarray:
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    return length / length[-1]


def _along(line: np.ndarray, shares: np.ndarray) -> np.ndarray:
    own = _shares(line)
    return np.stack([np.interp(shares, own, line[:, axis]) for axis in range(3)], axis=1)
