"""What rooms hold close by: things on desks and walls, cupboards, worktops, shelves.

As in `props`, each stands on z = 0 and faces -y; what is fitted to a wall has its back at y = 0.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from training.depth import props, stock
from training.depth.chance import pick
from training.depth.people import bust
from training.depth.rendering import Mesh, Scene, join
from training.depth.shapes import box, cylinder, ellipsoid, lathe, limb
from training.depth.surfaces import surface

Maker = Callable[[Scene], Mesh]


def any_of(*kinds: str) -> Maker:
    """Makes anything of these kinds of the stock, scaled a little."""

    def make(scene: Scene) -> Mesh:
        thing = stock.bank().one_of(scene, *kinds)
        return thing.placed(scale=tuple(scene.rng.uniform(0.85, 1.15, 3).tolist()))

    return make


small = any_of("small")


def on_wall(scene: Scene, what: str, height: float) -> Mesh:
    """A window, door or picture on the wall y = 0, seen from -y."""
    rng = scene.rng
    frame = surface(scene, pick(rng, ["wood", "white", "metal"]), "plain", "grain")
    if what == "door":
        parts = [box((0.95, 0.1, 2.05), frame)]
        parts.append(box((0.82, 0.12, 1.96), surface(scene, "wood", "plain", "grain", "planks")))
        return join(parts)
    if what == "window":
        wide, high = rng.uniform(0.6, 2), rng.uniform(0.8, max(1.0, height - 1.2))
        pane = surface(scene, "snow", "clouds", "foliage", "plain", glow=rng.uniform(0.3, 3))
        parts = [box((wide, 0.02, high), pane).placed((0, 0, 0.8))]
        for x in np.linspace(-wide / 2, wide / 2, int(rng.integers(2, 5))).tolist():
            parts.append(box((0.05, 0.08, high), frame).placed((x, 0, 0.8)))
        for z in np.linspace(0, high, int(rng.integers(2, 4))).tolist():
            parts.append(box((wide, 0.08, 0.05), frame).placed((0, 0, 0.8 + z)))
        if rng.random() < 0.4:
            curtain = surface(scene, "cloth", "stripes", "plain", "dots")
            for x in (-wide / 2, wide / 2):
                parts.append(box((0.35, 0.12, high + 0.4), curtain).placed((x, -0.03, 0.6)))
        return join(parts)
    wide, high = rng.uniform(0.2, 1.2), rng.uniform(0.2, 0.9)
    z = rng.uniform(0.9, max(1.0, height - 1.1))
    art = surface(scene, "anything", scale=rng.uniform(0.5, 3))
    parts = [box((wide * 0.88, 0.045, high * 0.88), art).placed((0, 0, z + 0.06 * high))]
    if what == "picture":
        parts.append(box((wide, 0.04, high), frame).placed((0, 0, z)))
    return join(parts)


def contraption(scene: Scene, size: float) -> Mesh:
    """Bars, wheels, tubes and plates fixed to one another."""
    rng, parts = scene.rng, []
    materials = [surface(scene, pick(rng, ["metal", "anything", "dark cloth"]), "plain", "grain",
                         mirror=pick(rng, [0, 0.2])) for _ in range(4)]  # fmt: skip
    joint = np.array([0, 0, 0.3 * size])
    for _ in range(int(rng.integers(6, 30))):
        material = int(pick(rng, materials))
        step = rng.normal(0, 0.35 * size, 3)
        end = joint + step
        end[2] = np.clip(end[2], 0.05 * size, size)
        which = rng.random()
        if which < 0.5:
            thick = size * rng.uniform(0.008, 0.05)
            parts.append(limb(joint, end, (thick, thick), material))
        elif which < 0.75:
            wheel = cylinder(size * rng.uniform(0.08, 0.35), size * 0.05, material)
            parts.append(wheel.placed(tuple(end), turn=rng.uniform(0, 6), tilt=np.pi / 2))
        else:
            parts.append(box(tuple(size * rng.uniform(0.05, 0.4, 3)), material).placed(
                tuple(end - [0, 0, 0.1 * size]), turn=rng.uniform(0, 6)))  # fmt: skip
        joint = end
    return join(parts)


def cup(scene: Scene) -> Mesh:
    """A mug, cup or beaker, open above, with or without a handle."""
    rng = scene.rng
    clay = surface(scene, pick(rng, ["white", "anything", "metal"]), "plain", "stripes", scale=8,
                   mirror=pick(rng, [0, 0.08]))  # fmt: skip
    r, h = rng.uniform(0.03, 0.05), rng.uniform(0.06, 0.14)
    profile = [
        [1e-3, 0],
        [0.8 * r, 0],
        [r, h],
        [0.9 * r, h],
        [0.75 * r, 0.15 * h],
        [1e-3, 0.15 * h],
    ]
    parts = [lathe(np.array(profile), clay, sides=18)]
    if rng.random() < 0.7:
        bend = np.array([[0.9 * r, 0.8 * h], [1.7 * r, 0.7 * h], [1.7 * r, 0.35 * h],
                         [0.85 * r, 0.2 * h]])  # fmt: skip
        points = np.stack([bend[:, 0], np.zeros(4), bend[:, 1]], 1)
        parts += [limb(a, b, (0.005, 0.005), clay)
                  for a, b in pairwise(points)]  # fmt: skip
    return join(parts).placed(turn=rng.uniform(0, 6.3))


def bottle(scene: Scene) -> Mesh:
    """A bottle, jug or flask with a neck."""
    rng = scene.rng
    glass = surface(scene, pick(rng, ["leaf", "wood", "water", "white", "anything"]), "plain",
                    scale=4, mirror=pick(rng, [0, 0.1, 0.25]))  # fmt: skip
    r, h, neck = rng.uniform(0.03, 0.08), rng.uniform(0.15, 0.38), rng.uniform(0.2, 0.5)
    shoulder, top = rng.uniform(0.45, 0.75), neck * r
    profile = [[1e-3, 0], [r, 0], [r, shoulder * h], [top, (shoulder + 0.15) * h], [top, 0.95 * h],
               [1.2 * top, 0.95 * h], [1.2 * top, h], [1e-3, h]]  # fmt: skip
    parts = [lathe(np.array(profile), glass, sides=16, smooth=False)]
    if rng.random() < 0.5:
        label = surface(scene, pick(rng, ["white", "cloth"]), "writing", "plain", scale=8)
        parts.append(cylinder(1.02 * r, 0.5 * shoulder * h, label).placed((0, 0, 0.2 * h)))
    return join(parts)


def pot(scene: Scene) -> Mesh:
    """A pot, pan, kettle or bowl."""
    rng = scene.rng
    iron = surface(scene, pick(rng, ["metal", "metal", "dark cloth", "white", "anything"]),
                   "plain", "clouds", "grain", scale=3,
                   mirror=pick(rng, [0, 0.15, 0.3]))  # fmt: skip
    r, h = rng.uniform(0.08, 0.18), rng.uniform(0.05, 0.24)
    foot = rng.uniform(0.6, 1)
    profile = [[1e-3, 0], [foot * r, 0], [r, h], [0.95 * r, h], [0.9 * foot * r, 0.08 * h],
               [1e-3, 0.08 * h]]  # fmt: skip
    parts = [lathe(np.array(profile), iron, sides=22)]
    if rng.random() < 0.5:
        lid = lathe(np.array([[r, 0], [0.5 * r, 0.12 * r], [1e-3, 0.15 * r]]), iron, sides=22)
        knob = ellipsoid((0.04, 0.04, 0.03), iron, rings=6)
        parts += [lid.placed((0, 0, h)), knob.placed((0, 0, h + 0.15 * r + 0.01))]
    style = rng.random()
    if style < 0.4:  # a pan's long handle
        end = np.array([r + rng.uniform(0.12, 0.25), 0, h + rng.uniform(-0.02, 0.05)])
        parts.append(limb(np.array([0.95 * r, 0, 0.9 * h]), end, (0.009, 0.012), iron))
    elif style < 0.7:
        parts += [box((0.05, 0.08, 0.015), iron).placed((side * (r + 0.01), 0, 0.8 * h))
                  for side in (-1, 1)]  # fmt: skip
    else:  # a spout and a bow
        parts.append(limb(np.array([0.9 * r, 0, 0.3 * h]), np.array([1.7 * r, 0, h]),
                          (0.022, 0.012), iron))  # fmt: skip
        bow = [np.array([x * r, 0, h + z * r]) for x, z in ((-0.9, 0), (-0.5, 0.8), (0.5, 0.8),
                                                            (0.9, 0))]  # fmt: skip
        parts += [limb(a, b, (0.007, 0.007), iron) for a, b in pairwise(bow)]
    return join(parts).placed(turn=rng.uniform(0, 6.3))


def desk_lamp(scene: Scene) -> Mesh:
    """A lamp with a shade on a jointed arm or a straight foot."""
    rng = scene.rng
    metal = surface(scene, pick(rng, ["metal", "dark cloth", "anything"]), "plain",
                    mirror=pick(rng, [0, 0.2]))  # fmt: skip
    shade = surface(scene, pick(rng, ["white", "metal", "anything"]), "plain",
                    glow=pick(rng, [0, 0, 0.8]))  # fmt: skip
    parts = [cylinder(rng.uniform(0.06, 0.12), 0.025, metal)]
    joints = [np.zeros(3), np.array([0, rng.normal(0, 0.08), rng.uniform(0.2, 0.4)])]
    if rng.random() < 0.6:
        joints.append(joints[1] + [0, -rng.uniform(0.1, 0.35), rng.uniform(0, 0.25)])
    thick = rng.uniform(0.005, 0.012)
    parts += [limb(a, b, (thick, thick), metal)
              for a, b in pairwise(joints)]  # fmt: skip
    wide, high = rng.uniform(0.06, 0.16), rng.uniform(0.08, 0.2)
    cone = lathe(np.array([[wide, 0], [rng.uniform(0.2, 0.8) * wide, high], [1e-3, high]]), shade,
                 sides=18)  # fmt: skip
    tilt = rng.normal(0, 0.2) if len(joints) < 3 else rng.uniform(-0.9, 0)
    parts.append(cone.placed(tuple(joints[-1] - [0, 0, 0.6 * high]), tilt=tilt))
    return join(parts).placed(turn=rng.normal(0, 1.2))


def standing_lamp(scene: Scene) -> Mesh:
    """A lamp, spotlight or camera on a stand 1.2 to 2 m high, with a foot or three legs."""
    rng = scene.rng
    metal = surface(scene, pick(rng, ["metal", "wood", "dark cloth"]), "plain", "grain")
    shade = surface(scene, pick(rng, ["white", "cloth", "metal"]), "plain", "stripes", scale=4,
                    glow=pick(rng, [0, 0.7]))  # fmt: skip
    high, thick = rng.uniform(1.2, 2), rng.uniform(0.01, 0.022)
    parts = [limb(np.array([0, 0, 0.3]), np.array([0, 0, high]), (thick, thick), metal)]
    if rng.random() < 0.5:
        parts += [cylinder(0.16, 0.03, metal), cylinder(thick, 0.3, metal)]
    else:
        out = rng.uniform(0.25, 0.5)
        parts += [limb(np.array([out * np.sin(turn), out * np.cos(turn), 0]),
                       np.array([0, 0, rng.uniform(0.5, 0.9)]), (thick, thick), metal)
                  for turn in (0.3, 2.4, 4.5)]  # fmt: skip
    if rng.random() < 0.6:
        wide = rng.uniform(0.15, 0.28)
        profile = [[wide, -0.25], [rng.uniform(0.3, 0.9) * wide, 0.05], [1e-3, 0.05]]
        parts.append(lathe(np.array(profile), shade, sides=20).placed((0, 0, high)))
    else:
        head = lathe(np.array([[0.13, 0], [0.12, 0.14], [0.05, 0.24], [1e-3, 0.24]]), shade,
                     sides=20)  # fmt: skip
        parts.append(head.placed((0, -0.1, high), tilt=-np.pi / 2 + rng.normal(0, 0.4)))
    return join(parts).placed(turn=rng.uniform(0, 6.3))


def machine(scene: Scene) -> Mesh:
    """A typewriter, terminal, till, radio or kitchen machine."""
    rng = scene.rng
    case = surface(scene, pick(rng, ["metal", "dark cloth", "white", "anything", "wood"]), "plain",
                   "grain", contrast=0.15, mirror=pick(rng, [0, 0, 0.1]))  # fmt: skip
    dark = surface(scene, "dark cloth", "plain")
    keys = surface(scene, pick(rng, ["white", "dark cloth"]), "checks", "dots", scale=12)
    w, d, h = rng.uniform(0.22, 0.5), rng.uniform(0.2, 0.42), rng.uniform(0.1, 0.38)
    front = rng.uniform(0.2, 0.8) * h
    body = box((w, d, h), case)
    before = (body.vertices[:, 1] < 0) & (body.vertices[:, 2] > 0)
    body.vertices[before, 2] = front
    parts = [body]
    slope = np.arctan2(h - front, d)
    style = rng.random()
    if style < 0.4:  # keys in rows on the slope, and a roller
        for row in range(4):
            y, z = -d * (0.42 - 0.15 * row), front + (h - front) * (0.08 + 0.15 * row)
            for x in np.linspace(-0.42, 0.42, 10) * w:
                parts.append(box((0.05 * w, 0.09 * d, 0.012), keys).placed((x, y, z), tilt=slope))
        roller = cylinder(0.025, 1.15 * w, dark).placed(tilt=np.pi / 2)
        parts.append(roller.placed((-0.575 * w, 0.3 * d, h + 0.02), turn=np.pi / 2))
        sheet = surface(scene, "white", "writing", "plain", scale=4)
        if rng.random() < 0.5:
            parts.append(box((0.7 * w, 0.004, 0.2), sheet).placed((0, 0.32 * d, h), tilt=-0.2))
    elif style < 0.75:  # a dial or pane in front, knobs
        face = surface(scene, pick(rng, ["white", "dark cloth", "anything"]), "plain", "writing",
                       "stripes", scale=8, glow=pick(rng, [0, 0.4]))  # fmt: skip
        parts.append(
            box((0.7 * w, 0.02, 0.7 * front), face).placed((-0.08 * w, -d / 2, 0.2 * front))
        )
        for z in (0.3, 0.65):
            knob = cylinder(0.02, 0.03, dark).placed(tilt=np.pi / 2)
            parts.append(knob.placed((0.38 * w, -d / 2, z * front)))
    else:  # a hopper or bowl above
        parts.append(props.vessel(scene, rng.uniform(0.12, 0.25)).placed((0, 0.1 * d, 0.9 * h)))
    return join(parts)


def telephone(scene: Scene) -> Mesh:
    """A telephone with its receiver across, or upright with a mouthpiece."""
    rng = scene.rng
    shell = surface(scene, pick(rng, ["dark cloth", "dark cloth", "anything", "white"]), "plain",
                    mirror=pick(rng, [0, 0.08]))  # fmt: skip
    base = box((0.2, 0.2, 0.11), shell)
    base.vertices[base.vertices[:, 2] > 0, :2] *= 0.6
    parts = [base]
    ends = [np.array([x, 0.0, 0.14]) for x in (-0.11, 0.11)]
    parts.append(limb(ends[0], ends[1], (0.016, 0.016), shell))
    parts += [cylinder(0.03, 0.05, shell).placed((x, 0, 0.09)) for x in (-0.11, 0.11)]
    dial = cylinder(0.055, 0.012, surface(scene, "white", "dots", scale=12))
    parts.append(dial.placed((0, -0.075, 0.05), tilt=0.9))
    return join(parts)


def papers(scene: Scene) -> Mesh:
    """Sheets, folders and a tray of them, lying about."""
    rng, parts, z = scene.rng, [], 0.0
    for _ in range(int(rng.integers(1, 7))):
        page = surface(scene, pick(rng, ["white", "white", "wall", "cloth"]), "writing", "plain",
                       scale=rng.uniform(2, 6), contrast=rng.uniform(0.1, 0.7))  # fmt: skip
        thick = float(pick(rng, [0.001, 0.003, 0.02]))
        size = (0.21 * rng.uniform(0.6, 1.6), 0.3 * rng.uniform(0.6, 1.4), thick)
        spot = (rng.normal(0, 0.07), rng.normal(0, 0.05), z)
        parts.append(box(size, page).placed(spot, turn=rng.normal(0, 0.5)))
        z += thick
    return join(parts)


def pile(scene: Scene) -> Mesh:
    """Books or boxes lying on one another, with or without something on top."""
    rng, parts, z = scene.rng, [], 0.0
    wide = rng.uniform(0.14, 0.35)
    for _ in range(int(rng.integers(1, 9))):
        cover = surface(scene, pick(rng, ["cloth", "wood", "anything"]), "plain", "clouds",
                        "writing", scale=4)  # fmt: skip
        size = (wide * rng.uniform(0.7, 1), 1.35 * wide * rng.uniform(0.7, 1),
                rng.uniform(0.012, 0.06))  # fmt: skip
        spot = (rng.normal(0, 0.012), rng.normal(0, 0.012), z)
        parts.append(box(size, cover).placed(spot, turn=rng.normal(0, 0.15)))
        z += size[2]
    if rng.random() < 0.25:
        parts.append(cup(scene).placed((0, 0, z)))
    return join(parts).placed(turn=rng.normal(0, 0.8))


def standing_books(scene: Scene) -> Mesh:
    """A short row of books."""
    rng = scene.rng
    row = props.books(scene, rng.uniform(0.1, 0.5), rng.uniform(0.2, 0.34), rng.uniform(0.14, 0.24))
    return row.placed(turn=rng.normal(0, 0.4))


def jars(scene: Scene, width: float, height: float, depth: float) -> Mesh:
    """Jars, tins and boxes side by side, in one row or two."""
    rng, parts = scene.rng, []
    makes = [surface(scene, pick(rng, ["white", "metal", "wood", "anything", "water"]), "plain",
                     "writing", "stripes", scale=6, mirror=pick(rng, [0, 0, 0.12]))
             for _ in range(4)]  # fmt: skip
    for y in (0.0,) if depth < 0.25 else (0.22 * depth, -0.22 * depth):
        x = -width / 2
        while x < width / 2 - 0.05:
            r, high = rng.uniform(0.03, min(0.09, 0.4 * depth)), height * rng.uniform(0.35, 0.9)
            material = int(pick(rng, makes))
            if rng.random() < 0.7:
                profile = [[1e-3, 0], [r, 0], [r, 0.8 * high], [0.75 * r, 0.88 * high],
                           [0.8 * r, high], [1e-3, high]]  # fmt: skip
                parts.append(lathe(np.array(profile), material, sides=12).placed((x + r, y, 0)))
            else:
                parts.append(box((1.9 * r, 1.7 * r, high), material).placed((x + r, y, 0)))
            x += 2 * r + pick(rng, [0.005, 0.03, 0.15])
    return join(parts)


def plaster_head(scene: Scene) -> Mesh:
    """A bust of plaster, bronze or stone on a small foot, cut off below the chest."""
    rng = scene.rng
    cast = surface(scene, pick(rng, ["white", "stone", "metal", "wood"]), "plain", "plain",
                   "clouds", contrast=0.1, mirror=pick(rng, [0, 0, 0.1]))  # fmt: skip
    whole = bust(scene)
    foot, low = rng.uniform(0.06, 0.2), rng.uniform(-0.12, 0.12)
    kept = (whole.vertices[whole.triangles][:, :, 2] > low).all(1)
    materials = np.full(int(kept.sum()), cast, np.int32)
    half = replace(whole, triangles=whole.triangles[kept], materials=materials,
                   smooth=whole.smooth[kept])  # fmt: skip
    scale = rng.uniform(0.6, 1.2)
    base = box((0.22, 0.2, foot + 0.1), cast)
    return join([half.placed((0, 0, foot - low * scale), scale=scale), base])


def cupboard(
    scene: Scene, size: tuple[float, float, float], front: int, handle: int, *, foot: float = 0.0
) -> Mesh:
    """A fitted cupboard, width, depth and height, with doors or drawers; its back is at y = 0."""
    rng = scene.rng
    w, d, h = size
    parts = [box((w, d, h - foot), front).placed((0, -d / 2, foot))]
    if foot:
        parts.append(box((w, d - 0.06, foot), handle).placed((0, 0.03 - d / 2, 0)))
    across = max(1, round(w / rng.uniform(0.38, 0.62)))
    rows = pick(rng, [[1.0], [1.0], [0.78, 1.0], [0.35, 0.7, 1.0]])
    gap, style = rng.uniform(0.004, 0.012), rng.integers(4)
    panelled, ajar = rng.random() < 0.4, rng.random() < 0.1
    for column in range(across):
        wide = w / across - gap
        x = (column + 0.5) * w / across - w / 2
        below = 0.0
        for above in rows:
            high = (above - below) * (h - foot) - gap
            z = foot + below * (h - foot) + gap / 2
            door = [box((wide, 0.02, high), front).placed((0, -0.01, 0))]
            if panelled and high > 0.15:
                inner = (wide - 0.1, 0.012, high - 0.1)
                door.append(box(inner, front).placed((0, -0.024, 0.05)))
            if style == 0:  # a bar
                bar = (0.012, 0.02, 0.14) if high > wide else (0.14, 0.02, 0.012)
                at = (0.4 * wide if high > wide else 0.0, -0.035, 0.6 * high)
                door.append(box(bar, handle).placed(at))
            elif style < 3:  # a knob
                knob = ellipsoid((0.03, 0.035, 0.03), handle, rings=5)
                door.append(knob.placed((0.4 * wide if high > wide else 0, -0.03, 0.6 * high)))
            leaf = join(door)
            if ajar and high > wide and column == 0:
                leaf = leaf.placed((-wide / 2, 0, 0)).placed(turn=rng.uniform(0.3, 1.6))
                leaf = leaf.placed((wide / 2, 0, 0))
            parts.append(leaf.placed((x, -d, z)))
            below = above
    return join(parts)


@dataclass(frozen=True)
class Fittings:
    """What a run of worktops is made of: materials, and depth and height of the worktop."""

    front: int
    top: int
    metal: int
    depth: float
    height: float
    workshop: bool


def fittings(scene: Scene, *, workshop: bool) -> Fittings:
    """Materials and measures that all worktops of a room share."""
    rng = scene.rng
    kinds = ["wood"] if workshop else ["white", "wood", "wall", "anything"]
    return Fittings(
        surface(scene, pick(rng, kinds), "plain", "plain", "grain", "planks", contrast=0.2,
                mirror=pick(rng, [0, 0, 0.05])),
        surface(scene, pick(rng, ["wood", "stone", "white", "metal"]), "plain", "grain", "speckle",
                "veins", "planks", mirror=pick(rng, [0, 0, 0.08])),
        surface(scene, pick(rng, ["metal", "metal", "dark cloth", "wood"]), "plain",
                mirror=pick(rng, [0, 0.2])),
        rng.uniform(0.5, 0.75), rng.uniform(0.75, 0.98), workshop,
    )  # fmt: skip


def worktop(scene: Scene, made: Fittings, width: float) -> Mesh:
    """A piece of a worktop with what is below it: cupboards, a sink, a stove, or a bench's legs."""
    rng = scene.rng
    d, h, thick = made.depth, made.height, rng.uniform(0.03, 0.05)
    slab = box((width, d + 0.03, thick), made.top).placed((0, -d / 2 - 0.015, h - thick))
    style = rng.random()
    if (
        made.workshop and style < 0.6
    ) or style < 0.08:  # open below, with a board and what lies on it
        parts = [slab, box((width, 0.8 * d, 0.03), made.front).placed((0, -d / 2, 0.2))]
        parts += [box((0.07, 0.07, h - thick), made.front).placed((x, y, 0))
                  for x in (0.04 - width / 2, width / 2 - 0.04)
                  for y in (-0.06, 0.06 - d)]  # fmt: skip
        for _ in range(int(rng.integers(0, 4))):
            x = rng.uniform(-0.4, 0.4) * width
            parts.append(props.clutter(scene, rng.uniform(0.15, 0.45)).placed((x, -d / 2, 0.23)))
        return join(parts)
    if made.workshop or style > 0.35:
        base = cupboard(scene, (width, d, h - thick), made.front, made.metal, foot=0.1)
        return join([base, slab])
    return (_sink if style < 0.22 else _stove)(scene, made, width)


def _sink(scene: Scene, made: Fittings, width: float) -> Mesh:
    """A cupboard with a basin let into its top, and a tap."""
    rng = scene.rng
    d, h, deep = made.depth, made.height, rng.uniform(0.14, 0.22)
    bowl = surface(scene, pick(rng, ["white", "metal"]), "plain", contrast=0.1,
                   mirror=pick(rng, [0, 0.15]))  # fmt: skip
    rim = made.top if rng.random() < 0.6 else bowl
    w, inner = width - 0.12, d - 0.13
    low = h - deep
    parts = [cupboard(scene, (width, d, low), made.front, made.metal, foot=0.1)]
    parts.append(box((w, inner, 0.01), bowl).placed((0, -d / 2, low)))
    for x in (-1, 1):
        side = (x * (width - 0.06) / 2, -d / 2, low)
        parts.append(box((0.06, d + 0.03, deep), rim).placed(side))
        parts.append(box((0.006, inner, deep - 0.005), bowl).placed((x * w / 2, -d / 2, low)))
    for y, wide in ((-0.04, 0.08), (-d + 0.01, 0.08)):
        parts.append(box((width, wide, deep), rim).placed((0, y, low)))
        lining = (0, y + (-0.042 if y > -d / 2 else 0.042), low)
        parts.append(box((w, 0.006, deep - 0.005), bowl).placed(lining))
    rise = rng.uniform(0.12, 0.35)
    points = [np.array([0, y, h + z]) for y, z in
              ((-0.05, 0), (-0.05, rise), (-0.16, rise + 0.04), (-0.24, rise - 0.03))]  # fmt: skip
    parts += [limb(a, b, (0.011, 0.011), made.metal)
              for a, b in pairwise(points)]  # fmt: skip
    return join(parts)


def _stove(scene: Scene, made: Fittings, width: float) -> Mesh:
    """A stove with rings or plates, knobs and an oven door, at times with pots on it."""
    rng = scene.rng
    d, h = made.depth, made.height
    enamel = surface(scene, pick(rng, ["white", "dark cloth", "metal"]), "plain", contrast=0.1,
                     mirror=pick(rng, [0, 0.08]))  # fmt: skip
    iron = surface(scene, "dark cloth", "plain")
    parts = [box((width - 0.01, d, h), enamel).placed((0, -d / 2, 0))]
    door = box((0.85 * width, 0.03, 0.45 * h), iron if rng.random() < 0.5 else enamel)
    parts.append(door.placed((0, -d - 0.01, 0.25 * h)))
    parts.append(box((0.7 * width, 0.03, 0.02), made.metal).placed((0, -d - 0.04, 0.72 * h)))
    for x in (-0.25 * width, 0.25 * width):
        knob = cylinder(0.02, 0.03, made.metal).placed(tilt=np.pi / 2)
        parts += [knob.placed((1.3 * x, -d, 0.85 * h)), knob.placed((0.5 * x, -d, 0.85 * h))]
        for y in (-0.27 * d, -0.72 * d):
            parts.append(cylinder(0.09, 0.02, iron).placed((x, y, h)))
            if rng.random() < 0.3:
                parts.append(pot(scene).placed((x, y, h + 0.02)))
    return join(parts)


def bay(
    scene: Scene, size: tuple[float, float, float], contents: str, wood: int, *, posts: bool = False
) -> Mesh:
    """Shelves of a width, depth and height with books, boxes, jars or anything; back at y = 0.

    Args:
        scene: gets the materials.
        size: width, depth and height in metres.
        contents: "books", "boxes", "jars" or "things".
        wood: material of boards and sides.
        posts: open at the back and the sides, as in storerooms.
    """
    rng = scene.rng
    w, d, h = size
    boards = max(2, round(h / rng.uniform(0.28, 0.5)))
    step = h / boards
    if posts:
        parts = [box((0.04, 0.04, h), wood).placed((x, y, 0))
                 for x in (-w / 2, w / 2) for y in (-0.02, 0.02 - d)]  # fmt: skip
    else:
        parts = [box((w, 0.015, h), wood).placed((0, -0.01, 0))]
        parts += [box((0.025, d, h), wood).placed((x, -d / 2, 0)) for x in (-w / 2, w / 2)]
    for level in range(boards + 1):
        z = min(level * step + (0.05 if level == 0 else 0), h - 0.02)
        parts.append(box((w, d, 0.022), wood).placed((0, -d / 2, z)))
        if level == boards and rng.random() < 0.5:
            continue
        kind = contents if rng.random() < 0.8 else pick(rng, ["books", "boxes", "jars", "things"])
        for thing in _row(scene, kind, w - 0.06, 0.85 * step, d):
            parts.append(thing.placed((0, -d / 2, z + 0.022)))
    return join(parts)


def _row(scene: Scene, kind: str, width: float, height: float, depth: float) -> list[Mesh]:
    """What stands on one board."""
    rng = scene.rng
    if kind == "books":
        part = width * pick(rng, [1.0, 1.0, rng.uniform(0.3, 1)])
        aside = pick(rng, [-1, 1]) * (width - part) / 2
        return [props.books(scene, part, height, 0.9 * depth).placed((aside, 0, 0))]
    if kind == "jars":
        return [jars(scene, width * rng.uniform(0.5, 1), height, 0.9 * depth)]
    if kind == "things":
        return [props.clutter(scene, 0.8 * min(height, depth)).placed((x, 0, 0))
                for x in rng.uniform(-0.42, 0.42, int(rng.integers(1, 5))) * width]  # fmt: skip
    rows, x = [], -width / 2
    board = [surface(scene, pick(rng, ["wood", "wall", "cloth", "metal"]), "plain", "writing",
                     "clouds", scale=2) for _ in range(3)]  # fmt: skip
    while x < width / 2 - 0.12:
        w = min(rng.uniform(0.1, 0.5), width / 2 - x)
        if rng.random() < 0.85:
            size = (0.94 * w, depth * rng.uniform(0.6, 1), height * rng.uniform(0.4, 1))
            spot = (x + w / 2, rng.normal(0, 0.02), 0)
            rows.append(box(size, int(pick(rng, board))).placed(spot, turn=rng.normal(0, 0.05)))
        x += w
    return rows


def tools_on_wall(scene: Scene, width: float) -> Mesh:
    """Tools, ladles and pans that hang on a rail or board, from 1.2 to 1.9 m high."""
    rng = scene.rng
    board = surface(scene, pick(rng, ["wood", "white", "metal"]), "plain", "dots", "planks")
    parts = [box((width, 0.02, float(pick(rng, [0.04, 0.6]))), board).placed((0, -0.01, 1.3))]
    metals = [surface(scene, pick(rng, ["metal", "wood", "dark cloth"]), "plain", "grain",
                      mirror=pick(rng, [0, 0.2])) for _ in range(3)]  # fmt: skip
    for x in np.arange(-width / 2 + 0.05, width / 2, rng.uniform(0.08, 0.25)):
        material, top = int(pick(rng, metals)), rng.uniform(1.3, 1.75)
        long = rng.uniform(0.12, 0.4)
        parts.append(limb(np.array([x, -0.04, top - long]), np.array([x, -0.03, top]),
                          (0.012, 0.008), material))  # fmt: skip
        if rng.random() < 0.6:
            head = ellipsoid(tuple(rng.uniform(0.03, 0.14, 3) * [1, 0.3, 1]), material)
            parts.append(head.placed((x, -0.04, top - long)))
    return join(parts)


DESK_THINGS: Sequence[Maker] = (
    papers, papers, papers, pile, pile, standing_books, standing_books, cup, cup, bottle, desk_lamp,
    machine, machine, telephone, props.screen, props.screen, small, small, small, small,
)  # fmt: skip
KITCHEN_THINGS: Sequence[Maker] = (
    cup, cup, bottle, bottle, pot, pot, pot, machine, papers, small, small, small,
    lambda scene: jars(scene, scene.rng.uniform(0.1, 0.5), scene.rng.uniform(0.12, 0.3), 0.15),
)  # fmt: skip
WORKSHOP_THINGS: Sequence[Maker] = (
    pile, cup, bottle, desk_lamp, machine, papers, pot, small, small,
    lambda scene: contraption(scene, scene.rng.uniform(0.15, 0.5)),
    lambda scene: contraption(scene, scene.rng.uniform(0.15, 0.5)),
)  # fmt: skip


def laid(
    scene: Scene, makers: Sequence[Maker], width: float, depth: float, count: int
) -> list[Mesh]:
    """Things strewn over a surface at z = 0 from y = -depth to 0, high ones mostly behind."""
    rng, things = scene.rng, []
    for _ in range(count):
        thing = pick(rng, makers)(scene) if rng.random() < 0.8 \
            else props.clutter(scene, rng.uniform(0.06, 0.35))  # fmt: skip
        high = float(thing.vertices[:, 2].max())
        behind = rng.uniform(0.3, 0.95) if high > 0.2 and rng.random() < 0.8 else rng.random()
        spot = (rng.uniform(-0.46, 0.46) * width, -depth * (1 - 0.1 - 0.8 * behind), 0)
        things.append(thing.placed(spot))
    return things
