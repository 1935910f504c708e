"""How people stand, walk, sit and work: rotations of bones from a few directions of limbs.

Directions are of the left side, in a body's own axes: x to its left, y backwards, z up; the right
side mirrors x.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from training.depth.bodies import Bodies, Pose, aligned, turned
from training.depth.chance import pick

Direction = tuple[float, float, float]


@dataclass(frozen=True)
class Arm:
    """Where upper arm and forearm point, before the torso bends, and how much that varies."""

    upper: Direction
    fore: Direction
    loose: float = 0.08


HANGING = Arm((0.2, 0.03, -1), (0.06, -0.22, -1), 0.1)
ON_HIP = Arm((0.85, 0.3, -0.8), (-0.8, -0.45, -0.5), 0.06)
CROSSED = Arm((0.22, -0.3, -1), (-1, -0.42, 0.12), 0.04)
CLASPED = Arm((0.25, -0.05, -1), (-0.6, -0.6, -0.55), 0.06)
BEHIND = Arm((0.25, 0.3, -1), (-0.45, 0.35, -0.8), 0.06)
CARRYING = Arm((0.22, -0.05, -1), (-0.05, -1, -0.05), 0.08)
ON_STICK = Arm((0.3, -0.3, -1), (0.15, -0.85, -0.4), 0.08)
RAISED = Arm((0.7, -0.3, 0.5), (0.1, -0.3, 1), 0.2)
POINTING = Arm((0.5, -0.8, -0.1), (0.4, -0.9, 0), 0.2)
TO_FACE = Arm((0.25, -0.5, -0.9), (-0.3, -0.35, 1), 0.05)
ON_LAP = Arm((0.2, -0.3, -1), (-0.25, -1, -0.3), 0.08)
ON_TABLE = Arm((0.25, -0.5, -1), (-0.35, -1, -0.05), 0.1)
REACHING = Arm((0.25, -0.75, -0.6), (0, -1, -0.35), 0.15)

STANDING_ARMS = ((HANGING, 8), (ON_HIP, 2), (CROSSED, 1.5), (CLASPED, 2), (BEHIND, 1),
                 (ON_STICK, 1), (RAISED, 0.5), (POINTING, 0.5), (TO_FACE, 0.5))  # fmt: skip
ALIKE = (CROSSED, CLASPED, BEHIND, CARRYING)  # what one arm does not do alone
KINDS = ("standing", "walking", "carrying", "working", "leaning", "seated", "at table", "on ground")


def pose_of(rng: Generator, bodies: Bodies, body: int, kind: str) -> Pose:
    """A pose of one of `KINDS` for a body of the bank."""
    lean, arms = _arms(rng, kind)
    torso, pose = _torso(rng, lean)
    if kind == "working":  # arms hang however far the back is bent
        arms = tuple(_unbent(arm, torso, 0.7) for arm in arms)
    for side, arm in zip((1, -1), arms, strict=True):
        _set_arm(rng, bodies, body, pose, side, arm)
    for side, (thigh, shin) in zip((1, -1), _legs(rng, kind), strict=True):
        _set_leg(rng, bodies, body, pose, side, thigh, shin)
    return pose


def _arms(rng: Generator, kind: str) -> tuple[float, tuple[Arm, ...]]:
    """Degrees of leaning forward, and what both arms do."""
    both: dict[str, tuple[float, Arm]] = {
        "carrying": (rng.normal(-2, 3), CARRYING),
        "working": (rng.uniform(20, 75), REACHING),
        "leaning": (rng.uniform(8, 30), ON_TABLE),
        "at table": (rng.uniform(0, 18), ON_TABLE),
        "on ground": (rng.uniform(-5, 20), ON_LAP),
        "seated": (rng.uniform(-6, 12), ON_LAP),
        "walking": (rng.uniform(0, 8), HANGING),
    }
    if kind in both and rng.random() < 0.85:
        lean, arm = both[kind]
        return lean, (arm, arm)
    chances = np.array([chance for _, chance in STANDING_ARMS])
    one, other = (pick(rng, [arm for arm, _ in STANDING_ARMS], chances / chances.sum())
                  for _ in range(2))  # fmt: skip
    if one in ALIKE:
        other = one
    elif other in ALIKE or rng.random() < 0.35:
        other = HANGING
    return rng.normal(1, 4), (one, other)


def _torso(rng: Generator, lean: float) -> tuple[np.ndarray, Pose]:
    """The torso's whole rotation and the pose of spine, neck and head."""
    pose: Pose = {}
    whole = np.eye(3, dtype=np.float32)
    aside, twist = rng.normal(0, 3), rng.normal(0, 6)
    for name, share in (("spine05", 0.3), ("spine03", 0.35), ("spine02", 0.35)):
        pose[name] = (
            turned(lean * share, "x") @ turned(aside * share, "y") @ turned(twist * share, "z")
        )
        whole = whole @ pose[name]
    yaw, nod, tilt = rng.normal(0, 18), rng.normal(0, 7) - 0.55 * lean, rng.normal(0, 4)
    for name, share in (("neck01", 0.4), ("head", 0.6)):
        pose[name] = turned(yaw * share, "z") @ turned(nod * share, "x") @ turned(tilt * share, "y")
    return whole, pose


def _unbent(arm: Arm, torso: np.ndarray, share: float) -> Arm:
    """The same arm in the axes of a bent torso, its upper part hanging from it."""
    upper = share * (torso.T @ np.array([0.15, -0.15, -1])) + (1 - share) * np.array(arm.upper)
    fore = share * (torso.T @ np.array([-0.05, -0.3, -1])) + (1 - share) * np.array(arm.fore)
    return Arm(tuple(upper.tolist()), tuple(fore.tolist()), arm.loose)


def _legs(rng: Generator, kind: str) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Directions of thigh and shin, of both legs."""
    if kind in ("seated", "at table"):
        apart, tuck = rng.uniform(0.02, 0.3), rng.normal(0.0, 0.2)
        level = rng.normal(0.0, 0.05)
        return tuple(
            (np.array([apart, -1, level]), np.array([0.3 * apart, tuck + rng.normal(0, 0.06), -1]))
            for _ in range(2)
        )
    if kind == "on ground":
        lift = rng.uniform(0.1, 0.8)
        apart = rng.uniform(0.1, 0.6)
        return tuple((np.array([apart, -1, lift]), np.array([-0.2 * apart, -0.6, -lift - 0.25]))
                     for _ in range(2))  # fmt: skip
    if kind == "walking":
        stride = rng.uniform(0.15, 0.45) * pick(rng, [-1, 1])
        return tuple(
            (np.array([0.06, -side * stride - 0.05, -1]),
             np.array([0.03, -side * stride * 0.4 + 0.2, -1])) for side in (1, -1)
        )  # fmt: skip
    if kind == "working":
        bend = rng.uniform(0, 0.6)
        return tuple((np.array([rng.uniform(0.1, 0.25), -bend + rng.normal(0, 0.1), -1]),
                      np.array([0.05, bend, -1])) for _ in range(2))  # fmt: skip
    bent = pick(rng, [-1, 0, 1])
    legs = []
    for side in (1, -1):
        bend = rng.uniform(0.1, 0.35) if side == bent else 0.0
        legs.append((np.array([rng.uniform(0.02, 0.13), -bend, -1]), np.array([0.03, bend, -1])))
    return tuple(legs)


def _set_arm(
    rng: Generator, bodies: Bodies, body: int, pose: Pose, side: int, arm: Arm
) -> None:  # fmt: skip
    end = "L" if side > 0 else "R"
    shoulder, elbow, wrist = (
        bodies.joints[body, bodies.number[f"{name}.{end}"]]
        for name in ("upperarm01", "lowerarm01", "wrist")
    )
    mirror = np.array([side, 1, 1])
    upper = (np.array(arm.upper) + rng.normal(0, arm.loose, 3)) * mirror
    fore = (np.array(arm.fore) + rng.normal(0, arm.loose, 3)) * mirror
    pose[f"upperarm01.{end}"] = aligned(elbow - shoulder, upper)
    pose[f"lowerarm01.{end}"] = aligned(wrist - elbow, pose[f"upperarm01.{end}"].T @ fore)
    curl = rng.uniform(0, 35)
    across = np.array([-(wrist - elbow)[1], (wrist - elbow)[0], 0])  # about which fingers curl
    axis = aligned(np.array([1.0, 0, 0]), across * side)
    for finger in range(2, 6):
        pose[f"finger{finger}-1.{end}"] = axis @ turned(-side * curl, "x") @ axis.T


def _set_leg(
    rng: Generator, bodies: Bodies, body: int, pose: Pose, side: int, thigh: np.ndarray,
    shin: np.ndarray,
) -> None:  # fmt: skip
    end = "L" if side > 0 else "R"
    hip, knee, ankle = (
        bodies.joints[body, bodies.number[f"{name}.{end}"]]
        for name in ("upperleg01", "lowerleg01", "foot")
    )
    mirror = np.array([side, 1, 1])
    first = aligned(knee - hip, thigh * mirror)
    second = aligned(ankle - knee, first.T @ (shin * mirror))
    pose[f"upperleg01.{end}"], pose[f"lowerleg01.{end}"] = first, second
    pose[f"foot.{end}"] = (first @ second).T @ turned(side * rng.uniform(0, 22), "z")
