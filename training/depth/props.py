"""The things that scenes are furnished with: trees, houses, furniture, vessels.

Each takes the scene (for its materials) and its random generator, and returns a mesh that stands
on z = 0 at the origin and faces -y.
"""

import numpy as np

from training.depth import stock
from training.depth.chance import pick
from training.depth.people import figure
from training.depth.rendering import Mesh, Scene, join
from training.depth.shapes import (
    blades,
    box,
    cylinder,
    ellipsoid,
    heightfield,
    lathe,
    limb,
    prism,
    quad,
    scattered_leaves,
)  # fmt: skip
from training.depth.surfaces import surface


def leaf_material(scene: Scene) -> int:
    """Foliage, now and then blossoming, autumnal or snowed in."""
    kind = pick(scene.rng, ["leaf", "leaf", "leaf", "leaf", "wood", "anything", "snow"])
    return surface(scene, kind, "foliage", "clouds", scale=1.0)


def tree(scene: Scene, detail: int = 1000) -> Mesh:
    """A tree 3 to 14 m high: round, pointed, weeping or bare."""
    rng = scene.rng
    height, bark = rng.uniform(3, 14), surface(scene, "wood", "grain", "veins", scale=1.5)
    trunk = height * rng.uniform(0.15, 0.5)
    thick = height * rng.uniform(0.012, 0.035)
    parts = [cylinder(thick, trunk + 0.4 * height, bark, top=0.4)]
    for _ in range(int(rng.integers(3, 9))):
        start = np.array([0, 0, rng.uniform(0.7 * trunk, trunk + 0.3 * height)])
        out = rng.normal(size=3) * [1, 1, 0.3] + [0, 0, 0.8]
        end = start + out * height * rng.uniform(0.08, 0.22)
        parts.append(limb(start, end, (0.5 * thick, 0.15 * thick), bark))
    form = pick(rng, ["round", "pointed", "bare", "weeping"], [0.55, 0.25, 0.1, 0.1])
    crown = height - trunk
    if form == "bare":
        for _ in range(60):
            start = np.array([0, 0, rng.uniform(trunk, height * 0.8)])
            start[:2] = rng.normal(0, 0.1 * crown, 2)
            parts.append(
                limb(start, start + rng.normal(0, 0.12 * crown, 3) + [0, 0, 0.1 * crown],
                     (0.15 * thick, 0.05 * thick), bark)
            )  # fmt: skip
        return join(parts)
    leaf, size = leaf_material(scene), height * rng.uniform(0.012, 0.035)
    if form == "pointed":
        up = rng.beta(1, 1.6, detail)
        reach = (1 - up) * crown * rng.uniform(0.15, 0.3) * np.sqrt(rng.random(detail))
        turn = rng.uniform(0, 2 * np.pi, detail)
        centres = np.stack(
            [reach * np.cos(turn), reach * np.sin(turn), trunk * 0.6 + up * crown * 1.1], 1
        )
    else:
        clumps = rng.normal(size=(int(rng.integers(6, 16)), 3))
        clumps *= (rng.random((len(clumps), 1)) ** 0.3) / np.linalg.norm(clumps, axis=1)[:, None]
        clumps *= np.array([rng.uniform(0.25, 0.5), rng.uniform(0.25, 0.5), 0.35]) * crown
        which = rng.integers(len(clumps), size=detail)
        centres = clumps[which] + rng.normal(0, 0.1 * crown, (detail, 3))
        if form == "weeping":
            centres[:, 2] -= 0.5 * np.hypot(centres[:, 0], centres[:, 1])
        centres[:, 2] += trunk + 0.5 * crown
    parts.append(scattered_leaves(centres, size, leaf, rng))
    return join(parts)


def bush(scene: Scene, size: float = 1.0, detail: int = 400) -> Mesh:
    """A bush, hedge or bunch, `size` metres high."""
    rng = scene.rng
    centres = rng.normal(size=(detail, 3))
    centres *= (
        0.5 * size * rng.random((detail, 1)) ** 0.33 / np.linalg.norm(centres, axis=1)[:, None]
    )
    centres = centres * [rng.uniform(0.7, 2), rng.uniform(0.7, 1.5), 0.9] + [0, 0, 0.5 * size]
    return scattered_leaves(centres, size * rng.uniform(0.03, 0.09), leaf_material(scene), rng)


def grass(scene: Scene, around: np.ndarray, spread: float, height: float, count: int) -> Mesh:
    """Grass, reed or flowers about (x, y, z)."""
    rng = scene.rng
    feet = np.concatenate([rng.normal(0, spread, (count, 2)), np.zeros((count, 1))], 1) + around
    return blades(feet, height, height * rng.uniform(0.04, 0.2), leaf_material(scene), rng)


def rock(scene: Scene, size: float, material: int | None = None) -> Mesh:
    """A boulder, half in the ground."""
    rng = scene.rng
    material = surface(scene, "stone", "veins", "clouds", "speckle", scale=1 / size) \
        if material is None else material  # fmt: skip
    shape = ellipsoid((1, 1, 1), material, rings=8)
    bumps = 1 + 0.25 * rng.normal(size=(len(shape.vertices), 1)).astype(np.float32)
    rough = Mesh(shape.vertices * bumps, shape.normals, shape.triangles, shape.materials,
                 np.full(len(shape.triangles), rng.random() < 0.4))  # fmt: skip
    scales = size * rng.uniform(0.6, 1.4, 3)
    return rough.placed((0, 0, 0.2 * size), turn=rng.uniform(0, 6), scale=tuple(scales))


def facade(scene: Scene, width: float, height: float, thickness: float = 6.0) -> Mesh:
    """A house front at y = 0 with windows set into it, a door, cornices and a roof."""
    rng = scene.rng
    wall = surface(scene, pick(rng, ["wall", "stone", "roof"]), "masonry", "clouds", "planks",
                   "plain", "stripes", scale=0.5)  # fmt: skip
    trim = surface(scene, pick(rng, ["wall", "stone", "wood"]), "plain", "clouds", "planks")
    pane = surface(scene, "water", "plain", "clouds", mirror=pick(rng, [0.0, 0.15]))
    parts = [box((width, thickness, height), wall).placed((0, thickness / 2, 0))]
    storey = rng.uniform(2.6, 4.2)
    floors, across = max(1, int(height / storey)), max(1, int(width / rng.uniform(1.6, 3.4)))
    w, h = rng.uniform(0.3, 0.55) * width / across, rng.uniform(0.4, 0.65) * storey
    relief, shop = rng.uniform(0.03, 0.25), rng.random() < 0.4
    for floor in range(floors):
        for column in range(across):
            x = (column + 0.5) / across * width - width / 2
            z = floor * storey + 0.5 * (storey - h)
            if floor == 0 and shop:
                opening = box((0.8 * width / across, 0.04, 0.75 * storey), pane)
                parts.append(opening.placed((x, -0.01, 0.1)))
                continue
            if floor == 0 and column == across // 2:
                door = box((1.1, 0.1, 2.1), trim)
                parts.append(door.placed((x, -0.02, 0)))
                continue
            parts.append(box((w, 0.04, h), pane).placed((x, -0.01, z)))
            parts.append(
                box((w + 0.3, relief + 0.05, 0.12), trim).placed((x, -relief / 2, z - 0.12))
            )
            parts.append(box((w + 0.2, relief, 0.15), trim).placed((x, -relief / 2, z + h)))
            parts.append(box((0.06, 0.06, h), trim).placed((x, -0.03, z)))
            if relief > 0.18 and rng.random() < 0.15:  # a balcony
                parts.append(box((w + 0.8, 0.9, 0.9), trim).placed((x, -0.45, z - 0.2)))
        if rng.random() < 0.5:
            band = box((width, 0.25, 0.2), trim).placed((0, -0.08, (floor + 1) * storey - 0.2))
            parts.append(band)
    if shop and rng.random() < 0.6:
        awning = surface(scene, "cloth", "stripes", "plain", scale=0.7)
        out, z = rng.uniform(0.8, 2), storey * 0.85
        corners = [[-width / 2, 0, z], [width / 2, 0, z],
                   [width / 2, -out, z - 0.6], [-width / 2, -out, z - 0.6]]  # fmt: skip
        parts.append(quad(np.array(corners), awning))
    if rng.random() < 0.55:
        tiles = surface(scene, "roof", "masonry", "stripes", "clouds", scale=0.8)
        gable = rng.random() < 0.4
        size = (thickness, width) if gable else (width, thickness)
        roof = prism(size[0] * 1.05, size[1] * 1.08, rng.uniform(0.2, 0.6) * size[1], tiles)
        parts.append(roof.placed((0, thickness / 2, height), turn=np.pi / 2 if gable else 0))
        if rng.random() < 0.5:
            chimney = box((0.8, 0.8, 2.5), wall)
            parts.append(chimney.placed((rng.uniform(-0.4, 0.4) * width, thickness / 2, height)))
    return join(parts)


def vessel(scene: Scene, size: float) -> Mesh:
    """A vase, bottle, mug, bowl, lamp foot or bust-like turned thing, `size` metres high."""
    rng = scene.rng
    heights = np.linspace(0, 1, int(rng.integers(3, 9)))
    radii = np.abs(rng.normal(0.28, 0.13, len(heights))) + 0.05
    profile = np.stack([np.r_[1e-3, radii, 1e-3], np.r_[0, heights, 1]], 1)
    material = surface(scene, pick(rng, ["anything", "white", "metal", "wood"]),
                       scale=1 / size, mirror=pick(rng, [0, 0, 0.08, 0.3]))  # fmt: skip
    return lathe(profile, material, sides=20, smooth=rng.random() < 0.7).placed(scale=size)


def books(scene: Scene, width: float, height: float, depth: float) -> Mesh:
    """A row of upright books."""
    rng, parts, x = scene.rng, [], -width / 2
    inks = [surface(scene, "cloth", "plain", "writing", "clouds", scale=6) for _ in range(6)]
    while x < width / 2 - 0.015:
        thick = rng.uniform(0.015, 0.06)
        size = (thick * 0.95, depth * rng.uniform(0.6, 0.95), height * rng.uniform(0.6, 0.95))
        tilt = pick(rng, [0.0, rng.normal(0, 0.1)])
        parts.append(box(size, int(pick(rng, inks))).placed((x + thick / 2, 0, 0), tilt=tilt))
        x += thick
    return join(parts)


def shelf(scene: Scene) -> Mesh:
    """A bookcase, cupboard or dresser."""
    rng = scene.rng
    w, d, h = rng.uniform(0.6, 2), rng.uniform(0.25, 0.5), rng.uniform(0.8, 2.3)
    wood = surface(scene, pick(rng, ["wood", "wall", "white"]), "grain", "plain", "planks")
    if rng.random() < 0.35:  # closed
        parts = [box((w, d, h), wood)]
        knob = surface(scene, "metal", "plain", mirror=0.3)
        for x in np.arange(-w / 2 + 0.25, w / 2, 0.5):
            parts.append(box((0.44, 0.03, h * 0.85), wood).placed((x, -d / 2 - 0.01, 0.08 * h)))
            parts.append(
                ellipsoid((0.03, 0.03, 0.03), knob, rings=5).placed(
                    (x + 0.18, -d / 2 - 0.03, h / 2)
                )
            )
        for _ in range(int(rng.integers(0, 4))):
            parts.append(clutter(scene, 0.3).placed((rng.uniform(-0.4, 0.4) * w, 0, h)))
        return join(parts)
    boards = int(rng.integers(2, 7))
    parts = [box((w, 0.02, h), wood).placed((0, d / 2, 0))]
    parts += [box((0.03, d, h), wood).placed((side * w / 2, 0, 0)) for side in (-1, 1)]
    for level in range(boards + 1):
        z = level * h / boards
        parts.append(box((w, d, 0.025), wood).placed((0, 0, z)))
        if level == boards:
            continue
        if rng.random() < 0.6:
            parts.append(
                books(scene, w * rng.uniform(0.4, 0.95), 0.9 * h / boards, d).placed(
                    (0, 0, z + 0.025)
                )
            )
        else:
            for x in rng.uniform(-0.4 * w, 0.4 * w, int(rng.integers(0, 5))):
                parts.append(clutter(scene, 0.7 * h / boards).placed((x, 0, z + 0.025)))
    return join(parts)


def clutter(scene: Scene, size: float) -> Mesh:
    """Anything about `size` metres high that stands about."""
    rng = scene.rng
    which = rng.random()
    turn = rng.uniform(0, 2 * np.pi)
    if which < 0.3:
        return vessel(scene, size * rng.uniform(0.4, 1)).placed(turn=turn)
    if which < 0.6:
        dims = tuple(size * rng.uniform(0.2, 1, 3))
        material = surface(scene, pick(rng, ["anything", "wood", "white"]), scale=1.2 / size)
        return box(dims, material).placed(turn=turn)
    if which < 0.7:  # a pile of books or papers
        parts, z = [], 0.0
        for _ in range(int(rng.integers(1, 7))):
            thick = size * rng.uniform(0.03, 0.15)
            cover = surface(scene, "cloth", "plain", "writing", scale=1 / size)
            page = box((size * rng.uniform(0.5, 0.9), size * rng.uniform(0.6, 1), thick), cover)
            parts.append(page.placed((0, 0, z), turn=rng.normal(0, 0.3)))
            z += thick
        return join(parts).placed(turn=turn)
    if which < 0.8:
        ball = ellipsoid(
            tuple(size * rng.uniform(0.3, 0.8, 3)), surface(scene, "anything", scale=1 / size)
        )
        return ball.placed((0, 0, 0.25 * size))
    if which < 0.9:  # a plant in its pot
        pot = cylinder(0.2 * size, 0.3 * size, surface(scene, "roof", "plain"), top=1.2)
        return join([pot, bush(scene, size * 0.7, 120).placed((0, 0, 0.25 * size))])
    return rock(scene, size * 0.6).placed((0, 0, 0.1 * size))


def table(scene: Scene, size: tuple[float, float, float], laid: int) -> Mesh:
    """A table of this width, depth and height with `laid` things on it."""
    rng = scene.rng
    w, d, h = size
    wood = surface(scene, pick(rng, ["wood", "white", "anything"]), "grain", "planks", "plain",
                   scale=0.8, mirror=pick(rng, [0, 0, 0.06]))  # fmt: skip
    parts = [box((w, d, 0.04), wood).placed((0, 0, h - 0.04))]
    if rng.random() < 0.7:
        leg = rng.uniform(0.03, 0.08)
        for x in (-w / 2 + leg, w / 2 - leg):
            for y in (-d / 2 + leg, d / 2 - leg):
                parts.append(box((leg, leg, h - 0.04), wood).placed((x, y, 0)))
    else:
        parts.append(box((w * 0.95, d * 0.9, h - 0.04), wood))
    for _ in range(laid):
        place = (rng.uniform(-0.45, 0.45) * w, rng.uniform(-0.4, 0.4) * d, h)
        parts.append(clutter(scene, rng.uniform(0.08, 0.4)).placed(place))
    if rng.random() < 0.3:
        parts.append(screen(scene).placed((rng.uniform(-0.3, 0.3) * w, 0.2 * d, h)))
    return join(parts)


def screen(scene: Scene) -> Mesh:
    """A monitor or framed picture on a foot."""
    rng = scene.rng
    w, h = rng.uniform(0.35, 0.7), rng.uniform(0.25, 0.45)
    case = surface(scene, "metal", "plain")
    face = surface(scene, "anything", mirror=pick(rng, [0, 0.1]), scale=3, glow=pick(rng, [0, 0.6]))
    return join([
        box((w, 0.05, h), case).placed((0, 0, 0.12)),
        box((w * 0.92, 0.01, h * 0.88), face).placed((0, -0.026, 0.12 + 0.06 * h)),
        box((0.06, 0.05, 0.12), case), box((0.25, 0.18, 0.015), case),
    ])  # fmt: skip


def chair(scene: Scene) -> Mesh:
    """A chair, armchair, stool or bench."""
    rng = scene.rng
    if rng.random() < 0.5:
        return stock.bank().one_of(scene, "seat")
    wood = surface(scene, pick(rng, ["wood", "dark cloth", "cloth"]), "grain", "plain", "checks")
    w, d, h = rng.uniform(0.4, 0.55), rng.uniform(0.4, 0.55), rng.uniform(0.4, 0.5)
    if rng.random() < 0.3:  # upholstered, up to a sofa
        w *= pick(rng, [1.5, 4])
        parts = [box((w, 0.85, h), wood), box((w, 0.22, 0.9), wood).placed((0, 0.38, 0))]
        parts += [box((0.2, 0.85, 0.6), wood).placed((side * w / 2, 0, 0)) for side in (-1, 1)]
        cushion = surface(scene, "cloth", scale=3)
        for x in rng.uniform(-0.4 * w, 0.4 * w, int(rng.integers(0, 4))):
            parts.append(
                ellipsoid((0.42, 0.16, 0.42), cushion).placed((x, 0.2, h + 0.2), tilt=-0.3)
            )
        return join(parts)
    leg = rng.uniform(0.025, 0.05)
    parts = [box((w, d, 0.04), wood).placed((0, 0, h - 0.04))]
    back = rng.uniform(0.35, 0.6) if rng.random() < 0.85 else 0.0
    for x in (-w / 2 + leg / 2, w / 2 - leg / 2):
        parts.append(box((leg, leg, h), wood).placed((x, -d / 2 + leg, 0)))
        parts.append(box((leg, leg, h + back), wood).placed((x, d / 2 - leg, 0)))
    if back and rng.random() < 0.5:
        for x in np.linspace(-w / 2, w / 2, int(rng.integers(3, 7))):
            parts.append(box((0.02, 0.02, back), wood).placed((x, d / 2 - leg, h)))
        parts.append(box((w, 0.03, 0.08), wood).placed((0, d / 2 - leg, h + back - 0.08)))
    elif back:
        parts.append(box((w, 0.03, back * 0.6), wood).placed((0, d / 2 - leg, h + back * 0.4)))
    return join(parts)


def bed(scene: Scene) -> Mesh:
    """A bed with blanket and pillows, its head at +y."""
    rng = scene.rng
    w, h = rng.uniform(0.9, 1.8), rng.uniform(0.35, 0.6)
    wood = surface(scene, "wood", "grain", "plain")
    sheet = surface(scene, pick(rng, ["white", "cloth"]), scale=2)
    parts = [box((w, 2, h * 0.6), wood), box((w * 0.98, 1.95, h), sheet)]
    parts.append(box((w, 0.06, h + rng.uniform(0.2, 0.7)), wood).placed((0, 1, 0)))
    for x in (-w / 4, w / 4):
        parts.append(ellipsoid((w * 0.4, 0.4, 0.2), sheet).placed((x, 0.75, h + 0.05)))
    return join(parts)


def vehicle(scene: Scene) -> Mesh:
    """A car, van, cart or carriage, its length along x."""
    rng = scene.rng
    if rng.random() < 0.6:
        return stock.bank().one_of(scene, "vehicle").placed(turn=np.pi / 2)
    paint = surface(scene, "anything", "plain", contrast=0.1, mirror=pick(rng, [0, 0.12]))
    glass = surface(scene, "water", "plain", mirror=0.2)
    tyre = surface(scene, "dark cloth", "plain")
    length, width = rng.uniform(3, 5.5), rng.uniform(1.5, 2)
    radius = rng.uniform(0.28, 0.7) if rng.random() < 0.3 else rng.uniform(0.28, 0.36)
    low, high = radius * 0.7, rng.uniform(0.5, 0.9)
    parts = [box((length, width, high), paint).placed((0, 0, low))]
    cabin = rng.uniform(0.35, 0.95) * length
    top = rng.uniform(0.45, 0.8)
    shape = box((cabin, width * 0.92, top), glass)
    taper = np.where(shape.vertices[:, 2:] > 0, rng.uniform(0.6, 1), 1).astype(np.float32)
    shape.vertices[:, :1] *= taper
    x = rng.uniform(-0.5, 0.5) * (length - cabin)
    parts += [shape.placed((x, 0, low + high)),
              box((cabin * 0.6, width * 0.93, 0.05), paint).placed(
                  (x, 0, low + high + top))]  # fmt: skip
    for wheel_x in (-0.32 * length, 0.32 * length):
        for side in (-1, 1):
            wheel = cylinder(radius, 0.2, tyre).placed(tilt=np.pi / 2)
            parts.append(wheel.placed((wheel_x, side * width / 2 + 0.1, radius)))
    return join(parts)


def fence(scene: Scene, length: float) -> Mesh:
    """A fence, railing or low wall along x."""
    rng = scene.rng
    wood = surface(scene, pick(rng, ["wood", "white", "stone", "metal"]), "grain", "clouds")
    high = rng.uniform(0.6, 1.6)
    if rng.random() < 0.3:
        return box((length, 0.3, high), surface(scene, "stone", "masonry", "cells", scale=1))
    gap, thick = pick(rng, [0.15, 0.3, 1.2, 2.5]), rng.uniform(0.03, 0.12)
    parts = [box((thick, thick, high), wood).placed((x, 0, 0))
             for x in np.arange(-length / 2, length / 2, gap)]  # fmt: skip
    for z in np.linspace(0.2, 0.92, int(rng.integers(2, 4))) * high:
        parts.append(box((length, thick / 2, thick), wood).placed((0, 0, z)))
    return join(parts)


def post(scene: Scene) -> Mesh:
    """A lamp post, mast, column, sign or pole."""
    rng = scene.rng
    metal = surface(scene, pick(rng, ["metal", "wood", "stone"]), "plain", "clouds", "grain")
    high = rng.uniform(2, 9)
    parts = [cylinder(rng.uniform(0.04, 0.2), high, metal, top=rng.uniform(0.5, 1))]
    style = rng.random()
    if style < 0.4:
        parts.append(vessel(scene, 0.6).placed((0, 0, high)))
    elif style < 0.7:
        sign = surface(scene, "anything", "writing", "plain", "checks", scale=1.5)
        size = (rng.uniform(0.4, 1.5), 0.05, rng.uniform(0.3, 1))
        parts.append(box(size, sign).placed((0, -0.1, high - 1.1)))
    elif style < 0.85:
        parts.append(box((rng.uniform(1, 2.5), 0.1, 0.12), metal).placed((0, 0, high * 0.9)))
    return join(parts)


def boat(scene: Scene) -> Mesh:
    """A rowing or sailing boat, its length along x."""
    rng = scene.rng
    hull = surface(scene, pick(rng, ["wood", "white", "anything"]), "planks", "plain")
    length = rng.uniform(3, 14)
    x = np.linspace(-1, 1, 11)
    y = np.linspace(-1, 1, 7)
    beam = (1 - np.abs(x) ** 2.5)[None, :]
    depth = 0.16 * length * (np.abs(y)[:, None] ** 2 - 0.35) + 0.03 * length * x[None, :] ** 2
    shell = heightfield(depth, x * length / 2, y, hull)
    shell.vertices[:, 1] *= (np.repeat(beam, 7, 0) * 0.16 * length + 0.01).ravel()
    parts = [shell]
    if rng.random() < 0.6:
        high, sail = length * rng.uniform(0.7, 1.3), surface(scene, "wall", "plain", "stripes")
        parts.append(cylinder(0.01 * length, high, hull))
        corners = [[0.05, 0, 0.2 * high], [0.45 * length, 0, 0.2 * high], [0.04, 0, high],
                   [0, 0, high]]  # fmt: skip
        parts.append(quad(np.array(corners), sail).placed(turn=rng.normal(0, 0.4)))
    if rng.random() < 0.5:
        rower = figure(scene, "seated", seat=False, detail=False).mesh
        parts.append(rower.placed((-0.2 * length, 0, 0.05), turn=rng.uniform(0, 6.3)))
    return join(parts)


def fence_piece(scene: Scene) -> Mesh:
    """A short fence."""
    return fence(scene, scene.rng.uniform(2, 6))


def barrel(scene: Scene) -> Mesh:
    """A barrel, crate or basket, or a pile of them."""
    rng, parts = scene.rng, []
    wood = surface(scene, "wood", "planks", "masonry", "grain", scale=1.5)
    for _ in range(int(rng.integers(1, 6))):
        spot = (rng.normal(0, 0.4), rng.normal(0, 0.4), 0)
        if rng.random() < 0.5:
            profile = [[1e-3, 0], [0.25, 0], [0.32, 0.4], [0.25, 0.8], [1e-3, 0.8]]
            parts.append(lathe(np.array(profile), wood).placed(spot))
        else:
            parts.append(
                box(tuple(rng.uniform(0.3, 0.8, 3)), wood).placed(spot, turn=rng.uniform(0, 6))
            )
    return join(parts)
