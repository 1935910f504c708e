"""Procedural scenes: a kind of place, its things, its light and a camera, all by chance.

scene, camera = make_scene(rng, picture_size(rng))
light, depth = render(scene, camera)
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from training.depth import patterns, people, props
from training.depth.chance import pick
from training.depth.rendering import Camera, Light, Mesh, Scene, join
from training.depth.shapes import box, cylinder, ellipsoid, heightfield, lathe, limb, quad
from training.depth.surfaces import surface

PIXELS = 140_000  # of a rendered picture, whatever its proportions
ASPECTS = {0.67: 0.08, 0.75: 0.12, 1.0: 0.1, 1.33: 0.3, 1.5: 0.2, 1.78: 0.12, 2.6: 0.08}  # shares
Place = tuple[float, float, float]


def make_scene(rng: Generator, size: tuple[int, int]) -> tuple[Scene, Camera]:
    """Make a scene of any kind, with a camera in it for pictures of (height, width)."""
    total = sum(KINDS.values())
    scene, camera = pick(rng, list(KINDS), [chance / total for chance in KINDS.values()])(rng)
    return scene, replace(camera, size=size)


def picture_size(rng: Generator) -> tuple[int, int]:
    """Height and width: upright to panoramic, landscape most often."""
    aspects, chances = zip(*ASPECTS.items(), strict=True)
    aspect = pick(rng, aspects, chances)
    height = np.sqrt(PIXELS / aspect)
    return round(height / 8) * 8, round(height * aspect / 8) * 8


def camera_at(
    rng: Generator, position: Place, yaw: float, pitch: float,
    view: tuple[float, float] = (35, 80),
) -> Camera:  # fmt: skip
    """A camera with a field of view between these degrees, held nearly upright."""
    roll = rng.normal(0, 0.02) if rng.random() < 0.85 else rng.normal(0, 0.15)
    return Camera(position, yaw, pitch, roll, np.radians(rng.uniform(*view)))


def looking_at(
    rng: Generator, position: Place, target: Place, view: tuple[float, float] = (35, 80)
) -> Camera:
    """A camera that looks at a place, more or less in the middle."""
    x, y, z = np.subtract(target, position)
    yaw, pitch = np.arctan2(-x, y), np.arctan2(z, np.hypot(x, y))
    loose = rng.normal(0, 0.06, 2)
    return camera_at(rng, position, float(yaw + loose[0]), float(pitch + loose[1]), view)


def daylight(scene: Scene) -> None:
    """Sun or overcast, any hour and colour, with or without haze."""
    rng = scene.rng
    height, turn = rng.uniform(0.08, 1.4), rng.uniform(0, 2 * np.pi)
    sun = np.array([np.cos(turn) * np.cos(height), np.sin(turn) * np.cos(height), np.sin(height)])
    strength = pick(rng, [0.0, rng.uniform(0.5, 3.0)], [0.25, 0.75])
    warm = np.array([1.0, rng.uniform(0.75, 1), rng.uniform(0.45, 1)])
    scene.lights = [Light(sun.astype(np.float32), strength * warm)] if strength else []
    bright = rng.uniform(0.35, 1.1)
    scene.horizon = bright * (np.array([0.85, 0.9, 0.95]) + rng.normal(0, 0.1, 3)).clip(0.2, 1)
    blue = np.array([0.3, 0.5, 0.9]) + rng.normal(0, 0.08, 3)
    grey = np.full(3, rng.uniform(0.3, 1))
    scene.zenith = bright * (blue if rng.random() < 0.6 else grey).clip(0.05, 1)
    scene.clouds = pick(rng, [0.0, rng.uniform(0.2, 0.9)], [0.4, 0.6])
    scene.haze = float(pick(rng, [0.0, 10 ** rng.uniform(-4, -1.7)], [0.3, 0.7]))


def lamplight(scene: Scene, low: Place, high: Place) -> None:
    """One to three lamps or bright windows between two corners of a room."""
    rng = scene.rng
    size = float(np.linalg.norm(np.subtract(high, low)))
    ambient = rng.uniform(0.1, 0.6)
    tint = np.array([1.0, rng.uniform(0.8, 1.0), rng.uniform(0.55, 1.1)])
    scene.horizon, scene.zenith = ambient * tint, ambient * tint * rng.uniform(0.6, 1.2)
    count = int(rng.integers(1, 4))
    for _ in range(count):
        warm = np.array([1.0, rng.uniform(0.75, 1.0), rng.uniform(0.5, 1.0)])
        strength = rng.uniform(0.1, 0.5) * size**2 / count
        scene.lights.append(Light(rng.uniform(low, high).astype(np.float32), strength * warm, True))


def ground(scene: Scene, *pattern_kinds: str, kind: str = "soil", reach: float = 400.0) -> int:
    """A level ground; returns its material."""
    material = surface(scene, kind, *pattern_kinds, scale=0.5)
    corners = reach * np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    scene.add(quad(corners, material))
    return material


def backdrop_hills(scene: Scene, distance: float) -> None:
    """Hills, woods or mountains round about, from `distance` on."""
    rng = scene.rng
    angles = np.linspace(-np.pi, np.pi, 90)
    noise = patterns.noise(rng, 1.3)
    for ring in range(int(rng.integers(1, 4))):
        far = distance * (1 + 1.2 * ring)
        height = far * rng.uniform(0.03, 0.25)
        ridge = height * noise[10 * ring, np.arange(90) * 2]
        scale = np.linspace(0, 1, 8)[:, None] ** 1.5
        heights = scale * ridge[None] - 0.5 * (scale == 0)
        hills = heightfield(heights, angles, np.linspace(0.8, 1.2, 8) * far,
                            surface(scene, pick(rng, ["leaf", "soil", "stone", "snow"]),
                                    "foliage", "clouds", "veins", scale=0.02))  # fmt: skip
        turn, radius = hills.vertices[:, 0].copy(), hills.vertices[:, 1].copy()
        hills.vertices[:, 0], hills.vertices[:, 1] = radius * np.sin(turn), radius * np.cos(turn)
        scene.add(hills)


def scatter(
    scene: Scene, make: Callable[[Scene], Mesh], kinds: int, places: np.ndarray,
    scale: tuple[float, float] = (0.7, 1.3),
) -> None:  # fmt: skip
    """Put things at (n, 3) places: a few kinds of them, turned and scaled."""
    rng = scene.rng
    models = [make(scene) for _ in range(kinds)]
    for place in places:
        model = models[rng.integers(kinds)]
        scene.add(model.placed(tuple(place), turn=rng.uniform(0, 6.3), scale=rng.uniform(*scale)))


def ahead(
    rng: Generator, count: int, near: float, far: float, spread: float = 0.7, height: float = 0.0
) -> np.ndarray:
    """(count, 3) places in front of the origin, dense near and sparse far."""
    y = np.exp(rng.uniform(np.log(near), np.log(far), count))
    return np.stack([y * rng.uniform(-spread, spread, count), y, np.full(count, height)], 1)


def street(rng: Generator) -> tuple[Scene, Camera]:
    """Houses along a road, or round a square, with people, vehicles, posts and trees."""
    scene = Scene(rng)
    daylight(scene)
    road = rng.uniform(3, 16)
    ground(scene, "cells", "clouds", "speckle", "plain", kind=pick(rng, ["stone", "soil"]))
    walk = surface(scene, "stone", "masonry", "plain", "speckle")
    offset = rng.uniform(-0.3, 0.3) * road
    for side in (-1, 1):
        kerb = road / 2 * rng.uniform(0.55, 0.9)
        scene.add(box((road / 2 - kerb + 8, 300, 0.14), walk).placed(
            (offset + side * (kerb + (road / 2 - kerb + 8) / 2), 130, 0)))  # fmt: skip
        if rng.random() < 0.12:
            trees = np.stack([np.full(12, offset + side * road), np.arange(12) * 9.0 + 3,
                              np.zeros(12)], 1)  # fmt: skip
            scatter(scene, props.tree, 2, trees)
            continue
        y = rng.uniform(-14, 2)
        models: list[Mesh] = []
        storeys = rng.uniform(3, 18)
        while y < pick(rng, [40, 90, 160]):
            width, high = rng.uniform(5, 18), storeys * rng.uniform(0.7, 1.4)
            if y < 50 or not models:
                models.append(props.facade(scene, width, high).placed())
            model = models[-1] if y < 50 else models[rng.integers(len(models))]
            width = float(np.ptp(model.vertices[:, 0])) if y >= 50 else width
            back = max(0.0, rng.normal(0, 0.8))
            scene.add(model.placed((offset + side * (road / 2 + back), y + width / 2, 0),
                                   turn=-side * np.pi / 2))  # fmt: skip
            y += width + pick(rng, [0.0, rng.uniform(0, 8)], [0.75, 0.25])
    if rng.random() < 0.5:
        end = props.facade(scene, rng.uniform(10, 40), rng.uniform(6, 25))
        scene.add(end.placed((offset, rng.uniform(15, 100), 0)))
    elif rng.random() < 0.5:
        backdrop_hills(scene, 180)
    count = int(pick(rng, [0, 3, 10, 30]))
    scatter(scene, lambda s: people.person(s, detail=count < 10), min(count, 6),
            ahead(rng, count, 2.5, 60) * [road / 12, 1, 1], (0.95, 1.05))  # fmt: skip
    for place in ahead(rng, int(rng.integers(0, 8)), 5, 60):
        x = offset + pick(rng, [-0.36, 0.36, rng.uniform(-0.3, 0.3)]) * road
        turn = np.pi / 2 + rng.normal(0, 0.1)
        scene.add(props.vehicle(scene).placed((x, place[1], 0), turn=turn))
    for make in (props.post, props.tree):
        if rng.random() < 0.5:
            beside = offset + pick(rng, [-0.45, 0.45]) * road
            row = np.arange(rng.uniform(3, 9), 70, rng.uniform(6, 20))
            places = np.stack([np.full(len(row), beside), row, np.zeros(len(row))], 1)
            scatter(scene, make, 1, places, (0.9, 1.1))
    high = pick(rng, [rng.uniform(1.2, 2.0), rng.uniform(2, 12)], [0.75, 0.25])
    yaw = rng.normal(0, 0.35) if rng.random() < 0.8 else rng.uniform(-1.4, 1.4)
    pitch = rng.normal(0.03, 0.08) - 0.05 * (high - 1.6)
    x = offset + rng.uniform(-0.35, 0.35) * road
    return scene, camera_at(rng, (x, 0, high), yaw, max(pitch, -0.5), (35, 85))


def landscape(rng: Generator) -> tuple[Scene, Camera]:
    """Hills or plains with trees, rocks, houses, water, paths, people, and a wide sky."""
    scene = Scene(rng)
    daylight(scene)
    slope, relief = rng.uniform(1.3, 2.0), pick(rng, [0.5, 3, 10, 40, 120]) * rng.uniform(0.5, 1.5)
    noise = patterns.noise(rng, slope)
    axis = np.linspace(-1, 1, 120)
    x = np.sign(axis) * np.abs(axis) ** 1.8 * 500
    row, column = (((x / rng.uniform(500, 1500) + shift) * patterns.SIZE).astype(int)
                   % patterns.SIZE for shift in rng.random(2))  # fmt: skip
    heights = noise[np.ix_(row, column)]
    away = np.hypot(*np.meshgrid(x, x))
    heights = heights * relief * np.clip(away / rng.uniform(20, 250), 0.02, 1.5)
    here = float(heights[60, 60])
    cover = pick(rng, ["leaf", "soil", "stone", "snow", "soil"])
    scene.add(heightfield(heights - here, x, x,
                          surface(scene, cover, "clouds", "foliage", scale=0.1)))  # fmt: skip

    def on_ground(places: np.ndarray) -> np.ndarray:
        index = [np.clip(np.searchsorted(x, places[:, i]), 0, 119) for i in (0, 1)]
        return np.stack([*places[:, :2].T, heights[index[1], index[0]] - here - 0.1], 1)

    if rng.random() < 0.4:
        level = np.percentile(heights[60:, 30:90], rng.uniform(5, 45)) - here
        water = surface(scene, "water", "clouds", scale=0.3, mirror=0.35, bump=rng.uniform(0, 0.25))
        scene.add(quad(np.array([[-900, -900, level], [900, -900, level], [900, 900, level],
                                 [-900, 900, level]]), water))  # fmt: skip
    if rng.random() < 0.6:
        backdrop_hills(scene, 350)
    if rng.random() < 0.8:
        count = int(pick(rng, [3, 10, 30, 60]))
        scatter(scene, props.tree, 3, on_ground(ahead(rng, count, 9, 250, 0.9)))
    if rng.random() < 0.5:
        scatter(scene, lambda s: props.rock(s, 1.0), 3,
                on_ground(ahead(rng, int(rng.integers(3, 30)), 2, 60)), (0.2, 2.5))  # fmt: skip
    if rng.random() < 0.5:
        places = on_ground(ahead(rng, int(rng.integers(4, 25)), 2, 40))
        scatter(scene, lambda s: props.bush(s, 1.0), 3, places, (0.4, 1.5))
    if rng.random() < 0.4:
        houses = on_ground(ahead(rng, int(rng.integers(1, 12)), 15, 200, 0.6))
        scatter(scene, lambda s: props.facade(s, rng.uniform(5, 12), rng.uniform(3, 7)), 3, houses)
    if rng.random() < 0.4:
        feet = on_ground(ahead(rng, int(rng.integers(1, 9)), 2.5, 40, 0.5))
        scatter(scene, people.person, 3, feet + [0, 0, 0.05], (0.95, 1.05))
    if rng.random() < 0.35:
        near = on_ground(ahead(rng, 1, 3, 15))[0]
        scene.add(props.fence(scene, 30).placed(tuple(near), turn=rng.normal(0, 0.5)))
    if rng.random() < 0.5:
        for place in on_ground(ahead(rng, int(rng.integers(2, 10)), 1.2, 8, 0.6)):
            scene.add(props.grass(scene, place, 0.7, rng.uniform(0.2, 0.8), 250))
    high = pick(rng, [rng.uniform(1, 2.5), rng.uniform(3, 30)], [0.65, 0.35])
    pitch = rng.normal(-0.02, 0.08) - min(0.006 * high, 0.2)
    return scene, camera_at(rng, (0, 0, high), rng.normal(0, 0.2), pitch, (25, 80))


def waterside(rng: Generator) -> tuple[Scene, Camera]:
    """Sea, lake or canal, calm or in waves, with boats, banks, piers and bridges."""
    scene = Scene(rng)
    daylight(scene)
    rough = pick(rng, [0.0, 0.1, 0.5, 1.5])
    material = surface(scene, "water", "clouds", "grain", scale=0.3, mirror=0.35,
                       bump=rng.uniform(0, 0.3))  # fmt: skip
    axis = np.linspace(-1, 1, 140)
    x = np.sign(axis) * np.abs(axis) ** 2 * 600
    waves = patterns.noise(rng, 1.6)
    index = (x * rng.uniform(1, 6)).astype(int) % patterns.SIZE
    scene.add(heightfield(rough * (waves[np.ix_(index, index)] - 0.5), x, x, material))
    if rng.random() < 0.7:
        backdrop_hills(scene, rng.uniform(100, 500))
    for place in ahead(rng, int(rng.integers(0, 7)), 6, 120, 0.5):
        scene.add(props.boat(scene).placed(tuple(place), turn=rng.uniform(0, 6.3),
                                           tilt=rng.normal(0, 0.1 * rough)))  # fmt: skip
    bank = rng.random()
    stone = surface(scene, pick(rng, ["stone", "soil", "leaf"]), "masonry", "clouds", "veins")
    if bank < 0.35:  # a shore with houses across the water
        y = rng.uniform(15, 80)
        scene.add(box((400, 100, 1.2), stone).placed((0, y + 50, -0.2)))
        for x0 in np.arange(-60, 60, rng.uniform(8, 25)):
            if rng.random() < 0.7:
                house = props.facade(scene, rng.uniform(6, 14), rng.uniform(4, 14))
                scene.add(house.placed((x0, y + rng.uniform(1, 10), 1)))
        trees = np.stack([rng.uniform(-70, 70, 10), y + rng.uniform(0, 20, 10), np.ones(10)], 1)
        scatter(scene, props.tree, 2, trees)
    elif bank < 0.7:  # a bank or pier along one side
        side = pick(rng, [-1, 1])
        edge = side * rng.uniform(2, 12)
        scene.add(box((60, 300, rng.uniform(0.6, 2)), stone).placed((edge + 30 * side, 120, -0.2)))
        scatter(scene, people.person, 3,
                np.stack([edge + side * rng.uniform(0.5, 4, 5), rng.uniform(4, 40, 5),
                          np.full(5, 1.0)], 1), (0.95, 1.05))  # fmt: skip
        for y in range(5, 80, 15):
            if rng.random() < 0.6:
                house = props.facade(scene, 12, rng.uniform(4, 15))
                scene.add(house.placed((edge + side * rng.uniform(5, 9), y, 0.5),
                                       turn=-side * np.pi / 2))  # fmt: skip
    for place in ahead(rng, int(rng.integers(0, 8)), 2, 20, 0.6):
        scene.add(props.rock(scene, rng.uniform(0.3, 2)).placed(tuple(place)))
    high = rng.uniform(1.2, 8)
    return scene, camera_at(
        rng, (0, 0, high), rng.normal(0, 0.2), rng.normal(-0.05, 0.07), (30, 80)
    )


def room(rng: Generator) -> tuple[Scene, Camera]:
    """A room, hall or corridor with windows, doors, pictures and furniture, people at times."""
    scene = Scene(rng)
    w, d, h = rng.uniform(2, 7), rng.uniform(2.5, 9), rng.uniform(2.2, 4)
    if rng.random() < 0.15:  # a hall or a corridor
        w, d, h = pick(rng, [w, 2.5 * w]), rng.uniform(10, 35), h * rng.uniform(1, 2)
    daylight(scene)
    lamplight(scene, (-w / 2 + 0.3, 0.5, h * 0.5), (w / 2 - 0.3, d - 0.3, h - 0.15))
    wall_kinds = ("plain", "plain", "clouds", "stripes", "dots", "masonry", "planks", "checks")
    wall = surface(scene, "wall", *wall_kinds, contrast=rng.uniform(0, 0.4))
    other = wall if rng.random() < 0.7 else surface(scene, "wall", *wall_kinds)
    floor = surface(scene, pick(rng, ["wood", "stone", "cloth"]), "planks", "checks", "masonry",
                    "grain", "clouds", scale=0.7, mirror=pick(rng, [0, 0, 0.07]))  # fmt: skip
    ceiling = surface(scene, "white", "plain", "plain", "planks", contrast=0.1)
    low, left, right, back = -1.5, -w / 2, w / 2, d
    corners = {
        "floor": ([[left, low, 0], [right, low, 0], [right, back, 0], [left, back, 0]], floor),
        "ceiling": ([[left, low, h], [right, low, h], [right, back, h], [left, back, h]], ceiling),
        "left": ([[left, low, 0], [left, back, 0], [left, back, h], [left, low, h]], wall),
        "right": ([[right, low, 0], [right, back, 0], [right, back, h], [right, low, h]], wall),
        "back": ([[left, back, 0], [right, back, 0], [right, back, h], [left, back, h]], other),
        "front": ([[left, low, 0], [right, low, 0], [right, low, h], [left, low, h]], wall),
    }
    scene.add(*(quad(np.array(points), material) for points, material in corners.values()))
    trim = surface(scene, pick(rng, ["wood", "white"]), "plain", "grain")
    scene.add(box((w, 0.03, 0.12), trim).placed((0, back - 0.01, 0)))
    scene.add(*(box((0.03, d, 0.12), trim).placed((x, d / 2, 0)) for x in (left, right)))
    walls = [
        ((0, back, 0), 0.0, w),
        ((left, d / 2, 0), np.pi / 2, d),
        ((right, d / 2, 0), -np.pi / 2, d),
    ]
    for place, turn, length in walls:
        things = [_on_wall(scene, pick(rng, ["window", "door", "picture", "picture", "none"]), h)
                  for _ in range(int(rng.integers(0, 5)))]  # fmt: skip
        for thing in things:
            along = rng.uniform(-0.45, 0.45) * length
            scene.add(thing.placed((along, -0.01, 0)).placed(place, turn=turn))
        furniture: list[Callable[[Scene], Mesh]] = [props.shelf, props.bed, props.chair, _desk]
        for _ in range(int(rng.integers(0, 4 if length < 10 else 9))):
            make = furniture[rng.integers(len(furniture))]
            piece = make(scene)
            along = rng.uniform(-0.42, 0.42) * length
            out = -float(piece.vertices[:, 1].max()) - rng.uniform(0, 0.2)
            scene.add(piece.placed((along, out, 0)).placed(place, turn=turn))
    if rng.random() < 0.6:
        size = (rng.uniform(0.6, 2), rng.uniform(0.5, 1.1), rng.uniform(0.4, 0.8))
        x, y = rng.uniform(-0.3, 0.3) * w, rng.uniform(0.35, 0.7) * d
        scene.add(props.table(scene, size, int(rng.integers(0, 9))).placed((x, y, 0)))
        for _ in range(int(rng.integers(0, 5))):
            turn = rng.uniform(0, 6.3)
            spot = (x + size[0] * 0.7 * np.sin(turn), y - size[1] * 0.9 * np.cos(turn), 0)
            sitter = props.chair(scene) if rng.random() < 0.5 \
                else people.figure(scene, "at table").mesh  # fmt: skip
            scene.add(sitter.placed(spot, turn=turn + np.pi + rng.normal(0, 0.3)))
    for _ in range(int(pick(rng, [0, 0, 1, 2, 5]))):
        kind = pick(rng, ["standing", "standing", "seated", "working", "carrying", "walking"])
        spot = (rng.uniform(-0.4, 0.4) * w, rng.uniform(0.2, 0.9) * d, 0)
        scene.add(people.figure(scene, kind).mesh.placed(spot, turn=rng.normal(0, 0.9)))
    if rng.random() < 0.4:
        rug = surface(scene, "cloth", scale=0.6)
        scene.add(box((rng.uniform(1, 3), rng.uniform(1, 3), 0.015), rug).placed((0, 0.55 * d, 0)))
    for _ in range(int(rng.integers(0, 6))):
        spot = (rng.uniform(-0.45, 0.45) * w, rng.uniform(0.2, 0.95) * d, 0)
        scene.add(props.clutter(scene, rng.uniform(0.15, 0.8)).placed(spot))
    if rng.random() < 0.4:
        lamp = cylinder(0.2, 0.2, surface(scene, "white", "plain", glow=1.5), top=0.6)
        scene.add(lamp.placed((rng.uniform(-0.2, 0.2) * w, 0.6 * d, h - rng.uniform(0.3, 1.2))))
    eye = (
        rng.uniform(-0.42, 0.42) * w,
        rng.uniform(-1.2, 0.25 * d),
        rng.uniform(0.7, min(1.9, h - 0.3)),
    )
    target = (rng.uniform(-0.5, 0.5) * w, rng.uniform(0.5, 1) * d, rng.uniform(0.2, 1.6))
    return scene, looking_at(rng, eye, target, (40, 90))


def _desk(scene: Scene) -> Mesh:
    rng = scene.rng
    size = (rng.uniform(0.8, 2.2), rng.uniform(0.5, 0.8), rng.uniform(0.7, 0.95))
    return props.table(scene, size, int(rng.integers(1, 12)))


def _on_wall(scene: Scene, what: str, height: float) -> Mesh:
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


def table_top(rng: Generator) -> tuple[Scene, Camera]:
    """A still life, a desk, a workbench: things close by on a surface, before a wall or a room."""
    scene = Scene(rng)
    if rng.random() < 0.25:
        daylight(scene)
    lamplight(scene, (-2, -2, 0.6), (2, 0.6, 2.5))
    scale = pick(rng, [0.5, 1.0, 2.0])
    wide, deep = scale * rng.uniform(1, 2.4), scale * rng.uniform(0.6, 1.4)
    table = props.table(scene, (wide, deep, 0.75), 0)
    scene.add(table.placed((0, deep / 2, -0.75)))
    distance = deep + pick(rng, [0.02, rng.uniform(0, 0.6), rng.uniform(1, 4)])
    wall = surface(scene, pick(rng, ["wall", "cloth", "anything"]), scale=rng.uniform(0.5, 2))
    floor = surface(scene, pick(rng, ["wood", "stone", "cloth"]), scale=0.7)
    scene.add(quad(np.array([[-9, distance, -0.75], [9, distance, -0.75], [9, distance, 4],
                             [-9, distance, 4]]), wall))  # fmt: skip
    scene.add(quad(np.array([[-9, -5, -0.75], [9, -5, -0.75], [9, distance, -0.75],
                             [-9, distance, -0.75]]), floor))  # fmt: skip
    if distance > deep + 0.8:
        for _ in range(int(rng.integers(0, 5))):
            piece = (props.shelf, props.chair, people.person)[rng.integers(3)](scene)
            y = distance - float(piece.vertices[:, 1].max()) - rng.uniform(0, 0.4)
            scene.add(piece.placed((rng.uniform(-2, 2), y, -0.75)))
    elif rng.random() < 0.4:
        for _ in range(int(rng.integers(1, 4))):
            thing = _on_wall(scene, "picture", 2.5).placed((rng.uniform(-1, 1), 0, -1.0))
            scene.add(thing.placed((0, distance - 0.01, 0)))
    for _ in range(int(pick(rng, [1, 4, 9, 18]))):
        size = scale * np.exp(rng.uniform(np.log(0.05), np.log(0.6)))
        spot = (rng.uniform(-0.45, 0.45) * wide, rng.uniform(0.05, 0.95) * deep, 0)
        thing = props.clutter(scene, size)
        if rng.random() < 0.15:
            thing = thing.placed((0, 0, 0.5 * size), tilt=rng.normal(0, 1))
        scene.add(thing.placed(spot))
    if rng.random() < 0.25:
        scene.add(props.screen(scene).placed((rng.uniform(-0.3, 0.3) * wide, 0.7 * deep, 0)))
    if rng.random() < 0.25:  # machines, tools, toys: a lattice of bars and wheels
        scene.add(_contraption(scene, 0.6 * scale).placed((0, 0.5 * deep, 0)))
    away = rng.uniform(0.2, 1.4) * scale
    eye = (rng.uniform(-0.5, 0.5) * wide, -away, rng.uniform(0.08, 1.0) * scale)
    target = (
        rng.uniform(-0.2, 0.2) * wide,
        rng.uniform(0.3, 0.8) * deep,
        rng.uniform(0, 0.3) * scale,
    )
    return scene, looking_at(rng, eye, target, (30, 70))


def _contraption(scene: Scene, size: float) -> Mesh:
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


def behind_people(scene: Scene, distance: float, *, low: float = 0.0) -> None:
    """What stands behind people: a wall, a house, a hung cloth, trees, or the open country.

    Args:
        scene: gets the things.
        distance: metres from the origin.
        low: height of the ground.
    """
    rng = scene.rng
    which = rng.random()
    if which < 0.4:
        kinds = ("plain", "clouds", "stripes", "dots", "masonry", "planks", "foliage")
        wall = surface(scene, pick(rng, ["wall", "dark cloth", "cloth", "wood"]), *kinds,
                       scale=rng.uniform(0.3, 1.5), contrast=rng.uniform(0, 0.5))  # fmt: skip
        slant = rng.normal(0, 0.25)
        corners = [[-12, distance - 12 * slant, low], [12, distance + 12 * slant, low],
                   [12, distance + 12 * slant, low + 6],
                   [-12, distance - 12 * slant, low + 6]]  # fmt: skip
        scene.add(quad(np.array(corners), wall))
        for _ in range(int(pick(rng, [0, 0, 1, 3]))):
            thing = _on_wall(scene, pick(rng, ["picture", "window", "door"]), 2.6)
            x = rng.uniform(-2, 2)
            turn = float(np.arctan(slant))
            scene.add(thing.placed((x, distance + x * slant - 0.02, low), turn=turn))
    elif which < 0.65:
        house = props.facade(scene, rng.uniform(8, 25), rng.uniform(4, 14))
        scene.add(house.placed((rng.uniform(-4, 4), distance, low), turn=rng.normal(0, 0.2)))
    else:
        far = max(distance, 2.5)
        places = np.stack([rng.uniform(-2.5, 2.5, 14) * far, far * rng.uniform(1, 2.5, 14),
                           np.full(14, low)], 1)  # fmt: skip
        scatter(scene, props.tree if rng.random() < 0.5 else props.bush, 3, places)
        if rng.random() < 0.7:
            backdrop_hills(scene, 120)
        if rng.random() < 0.3:
            house = props.facade(scene, rng.uniform(8, 20), rng.uniform(4, 9))
            scene.add(house.placed((rng.uniform(-9, 9), far * rng.uniform(1.2, 3), low)))


def crowd(rng: Generator) -> tuple[Scene, Camera]:
    """People about a street, a field or a hall, adults and children, near ones cut by the frame."""
    scene = Scene(rng)
    daylight(scene)
    if rng.random() < 0.3:
        lamplight(scene, (-3, -2, 2), (3, 3, 3.5))
    ground(scene, kind=pick(rng, ["soil", "stone", "wood", "leaf"]), reach=150)
    far = rng.uniform(3, 30)
    behind_people(scene, far)
    count = int(pick(rng, [2, 4, 8, 16, 40]))
    near = pick(rng, [rng.uniform(0.9, 2), rng.uniform(2, 6)])
    kinds = [*people.STANDING, "carrying", "working", "seated", "on ground"]
    models = [people.figure(scene, pick(rng, kinds), detail=count <= 8 or number < 2).mesh
              for number in range(min(count, 10))]  # fmt: skip
    facing = rng.uniform(0, 6.3) if rng.random() < 0.3 else 0.0
    loose = pick(rng, [0.4, 1.2, 3.0])
    for place in ahead(rng, count, near, max(far - 0.5, near + 1), 0.6):
        model = models[rng.integers(len(models))]
        turn = facing + rng.normal(0, loose)
        scene.add(model.placed(tuple(place), turn=turn, scale=rng.uniform(0.94, 1.06)))
    for _ in range(int(rng.integers(0, 5))):
        spot = tuple(ahead(rng, 1, 1.5, 12)[0])
        make = (props.chair, props.fence_piece, props.barrel, props.vehicle, props.post)[
            rng.integers(5)
        ]
        scene.add(make(scene).placed(spot, turn=rng.uniform(0, 6)))
    eye = (rng.normal(0, 0.3), 0, pick(rng, [rng.uniform(0.9, 1.8), rng.uniform(1.5, 4)]))
    target = (rng.normal(0, 0.4), near + 1.5, rng.uniform(0.9, 1.55))
    return scene, looking_at(rng, eye, target, (30, 75))


def group(rng: Generator) -> tuple[Scene, Camera]:
    """People posed for a photograph in one to four rows, whole or from the waist up."""
    scene = Scene(rng)
    daylight(scene)
    if rng.random() < 0.35:
        lamplight(scene, (-2.5, -3, 1.8), (2.5, -1, 3))
    ground(scene, kind=pick(rng, ["soil", "stone", "wood", "leaf", "cloth"]), reach=150)
    rows, across = int(pick(rng, [1, 1, 2, 2, 3, 4])), int(rng.integers(1, 8))
    behind_people(scene, rows * 0.8 + pick(rng, [0.3, rng.uniform(0.3, 2), rng.uniform(2, 15)]))
    gap = rng.uniform(0.4, 0.7)
    detail = rows * across <= 10
    front = pick(rng, ["seated", "seated", "on ground", "standing"])
    for row in range(rows):
        kind = front if row == 0 else "standing"
        lift = max(0, row - 1) * rng.uniform(0.2, 0.45)
        step = surface(scene, pick(rng, ["wood", "stone"]), "planks", "plain")
        if lift > 0:
            scene.add(box((across * gap + 1, 0.8, lift), step).placed((0, row * 0.75, 0)))
        for number in range(across - (row % 2 if across > 1 else 0)):
            if rng.random() < 0.07:
                continue
            someone = people.figure(scene, kind, detail=detail, child=rng.random() < (
                0.35 if row == 0 else 0.12)).mesh  # fmt: skip
            x = (number - (across - 1 - row % 2) / 2) * gap * (1.15 if kind == "seated" else 1)
            spot = (x + rng.normal(0, 0.05), row * 0.75 + rng.normal(0, 0.06), lift)
            scene.add(someone.placed(spot, turn=rng.normal(0, 0.3) + 0.12 * x))
    for _ in range(int(pick(rng, [0, 0, 1, 2]))):
        make = (props.barrel, props.chair, props.vehicle)[
            int(pick(rng, [0, 1, 2], [0.5, 0.4, 0.1]))
        ]
        side = pick(rng, [-1, 1]) * (across * gap / 2 + rng.uniform(0.7, 1.6))
        scene.add(make(scene).placed((side, rng.uniform(-0.3, 1.5), 0), turn=rng.uniform(0, 6)))
    half = max(across * gap / 2 * rng.uniform(0.5, 1.2), 0.35)  # of what is seen
    away = half * rng.uniform(1.4, 2.8) + 0.5
    view = np.degrees(2 * np.arctan(half / (away + 0.3)))
    close = half < 0.9
    high = rng.uniform(0.9, 1.5) if close else rng.uniform(0.8, 1.9)
    target = (rng.normal(0, 0.1), 0.3, rng.uniform(0.95, 1.35) if close else rng.uniform(0.7, 1.1))
    eye = (rng.normal(0, 0.3), -away, high)
    return scene, looking_at(rng, eye, target, (view * 0.95, view * 1.3))


def _stall(scene: Scene, width: float) -> Mesh:
    """A stall, counter or cart along x, its goods on it; those who sell stand at +y."""
    rng = scene.rng
    size = (width, rng.uniform(0.5, 1.0), rng.uniform(0.65, 1.05))
    parts = [props.table(scene, size, int(rng.integers(4, 16)))]
    wood = surface(scene, "wood", "grain", "planks")
    if rng.random() < 0.5:  # a front of boards or cloth
        cloth = surface(scene, pick(rng, ["wood", "cloth"]), "planks", "stripes", "plain")
        parts.append(box((width, 0.03, size[2]), cloth).placed((0, -size[1] / 2, 0)))
    if rng.random() < 0.35:  # wheels of a cart
        for x in (-0.3 * width, 0.3 * width):
            wheel = cylinder(rng.uniform(0.3, 0.6), 0.06, wood).placed(tilt=np.pi / 2)
            parts.append(wheel.placed((x, -size[1] / 2 - 0.03, 0.4)))
    if rng.random() < 0.5:  # a roof on posts
        high = rng.uniform(2.0, 2.5)
        for x in (-width / 2, width / 2):
            parts += [box((0.05, 0.05, high), wood).placed((x, y, 0)) for y in (-0.6, 0.9)]
        roof = surface(scene, "cloth", "stripes", "plain")
        corners = [[-width / 2, -0.9, high - 0.25], [width / 2, -0.9, high - 0.25],
                   [width / 2, 1.0, high + 0.2], [-width / 2, 1.0, high + 0.2]]  # fmt: skip
        parts.append(quad(np.array(corners), roof))
    return join(parts)


def market(rng: Generator) -> tuple[Scene, Camera]:
    """Stalls, counters and carts with sellers behind and buyers and children before them."""
    scene = Scene(rng)
    daylight(scene)
    if rng.random() < 0.25:
        lamplight(scene, (-3, -2, 2), (3, 3, 3))
    ground(scene, kind=pick(rng, ["soil", "stone", "stone", "wood"]), reach=150)
    behind_people(scene, rng.uniform(1.6, 14))
    x = rng.uniform(-4, -1)
    slant = rng.normal(0, 0.25)
    while x < 3:
        width = rng.uniform(1.2, 3)
        middle = (x + width / 2, slant * x, 0.0)
        scene.add(_stall(scene, width).placed(middle, turn=slant))
        for _ in range(int(pick(rng, [0, 1, 1, 2]))):
            kind = pick(rng, ["standing", "standing", "leaning", "carrying"])
            spot = (middle[0] + rng.uniform(-0.35, 0.35) * width,
                    middle[1] + rng.uniform(0.65, 1.1), 0)  # fmt: skip
            seller = people.figure(scene, kind, child=rng.random() < 0.05).mesh
            scene.add(seller.placed(spot, turn=rng.normal(0, 0.35)))
        x += width + pick(rng, [0.1, rng.uniform(0.3, 1.5)])
    eye = (rng.uniform(-1.5, 1.5), -rng.uniform(1.4, 5), rng.uniform(1.1, 2.0))
    for _ in range(int(pick(rng, [1, 2, 4, 7]))):
        kind = pick(rng, ["standing", "standing", "walking", "carrying", "leaning"])
        spot = (rng.uniform(-3, 3), rng.uniform(-2.2, -0.75), 0)
        if np.hypot(spot[0] - eye[0], spot[1] - eye[1]) < 0.8:
            continue
        turn = pick(rng, [np.pi, rng.uniform(0, 6.3), 0.0]) + rng.normal(0, 0.4)
        scene.add(people.figure(scene, kind).mesh.placed(spot, turn=turn))
    for _ in range(int(rng.integers(0, 6))):
        spot = (rng.uniform(-3, 3), rng.uniform(-2, 1.2), 0)
        thing = props.barrel(scene) if rng.random() < 0.5 else props.clutter(scene, 0.5)
        scene.add(thing.placed(spot, turn=rng.uniform(0, 6)))
    target = (rng.uniform(-1, 1), 0.3, rng.uniform(0.85, 1.4))
    return scene, looking_at(rng, eye, target, (32, 75))


def studio(rng: Generator) -> tuple[Scene, Camera]:
    """One to three people, whole or to the knee, in a studio: a backdrop, a chair, a pedestal."""
    scene = Scene(rng)
    lamplight(scene, (-2.5, -3, 1.0), (2.5, -1, 3))
    deep = rng.uniform(0.6, 3)
    floor = surface(scene, pick(rng, ["wood", "cloth", "stone"]), scale=rng.uniform(0.5, 2))
    scene.add(quad(np.array([[-9, -9, 0], [9, -9, 0], [9, deep, 0], [-9, deep, 0]]), floor))
    cloth = surface(scene, pick(rng, ["wall", "dark cloth", "cloth", "stone"]), "plain", "clouds",
                    "clouds", "foliage", "windows", scale=0.3,
                    contrast=rng.uniform(0, 0.6))  # fmt: skip
    scene.add(quad(np.array([[-9, deep, 0], [9, deep, 0], [9, deep, 5], [-9, deep, 5]]), cloth))
    count = int(pick(rng, [1, 2, 3], [0.6, 0.3, 0.1]))
    for number in range(count):
        kind = pick(rng, ["standing", "standing", "seated"])
        spot = ((number - (count - 1) / 2) * 0.62, rng.normal(0, 0.12), 0)
        someone = people.figure(scene, kind, child=rng.random() < 0.3).mesh
        scene.add(someone.placed(spot, turn=rng.normal(0, 0.45)))
    stone = surface(scene, pick(rng, ["stone", "wood", "white"]), "plain", "veins")
    aside = pick(rng, [-1, 1]) * (0.35 * count + rng.uniform(0.15, 0.5))
    which = rng.random()
    if which < 0.3:  # a pedestal, perhaps with a vase on it
        high = rng.uniform(0.7, 1.2)
        scene.add(box((0.35, 0.35, high), stone).placed((aside, rng.uniform(-0.1, 0.3), 0)))
        if rng.random() < 0.6:
            scene.add(props.vessel(scene, 0.4).placed((aside, 0.1, high)))
    elif which < 0.5:
        scene.add(props.table(scene, (0.6, 0.5, 0.75), 4).placed((aside, 0.2, 0)))
    elif which < 0.7:
        scene.add(props.chair(scene).placed((aside, 0.1, 0), turn=rng.normal(0, 0.5)))
    elif which < 0.8:
        scene.add(cylinder(0.14, 3, stone).placed((aside, 0.4, 0)))
    half = rng.uniform(0.6, 1.6) + 0.25 * (count - 1)
    away = half * rng.uniform(1.8, 3.2)
    view = np.degrees(2 * np.arctan(half / away))
    eye = (rng.normal(0, 0.2), -away, rng.uniform(0.8, 1.5))
    target = (rng.normal(0, 0.08), 0, 1.45 - 0.38 * half + rng.normal(0, 0.12))
    return scene, looking_at(rng, eye, target, (view, view * 1.35))


def monument(rng: Generator) -> tuple[Scene, Camera]:
    """Something tall and upright against the sky: a statue, column, rocket, mast, tower or pole."""
    scene = Scene(rng)
    daylight(scene)
    ground(scene, kind=pick(rng, ["soil", "stone", "leaf", "snow"]), reach=300)
    near = rng.uniform(4, 25)
    if rng.random() < 0.6:
        backdrop_hills(scene, rng.uniform(80, 300))
    if rng.random() < 0.5:
        house = props.facade(scene, rng.uniform(8, 30), rng.uniform(4, 14))
        scene.add(house.placed((rng.uniform(-12, 12), near + rng.uniform(4, 40), 0)))
    if rng.random() < 0.6:
        scatter(scene, props.tree, 2, ahead(rng, 8, near * 0.8, near * 6))
    tall = 0.0
    for number in range(int(pick(rng, [1, 1, 2, 4]))):
        thing = _upright(scene)
        tall = max(tall, float(thing.vertices[:, 2].max()))
        x = rng.normal(0, 0.12 * near) if number == 0 else rng.uniform(-0.6, 0.6) * near
        y = near * (1 if number == 0 else rng.uniform(0.7, 2.5))
        scene.add(thing.placed((x, y, 0), turn=rng.normal(0, 0.6)))
    count = int(pick(rng, [0, 2, 6]))
    scatter(scene, people.person, min(count, 3), ahead(rng, count, 2.5, near * 1.5, 0.4),
            (0.95, 1.05))  # fmt: skip
    if rng.random() < 0.3:
        scene.add(props.fence(scene, 12).placed((rng.uniform(-3, 3), near * 0.7, 0)))
    eye = (0, 0, rng.uniform(1.2, 2.2))
    target = (rng.normal(0, 0.05 * near), near, min(tall, near) * rng.uniform(0.25, 0.6))
    return scene, looking_at(rng, eye, target, (35, 80))


def _upright(scene: Scene) -> Mesh:
    """One thing of 3 to 40 m that is a single upright surface."""
    rng = scene.rng
    stone = surface(scene, pick(rng, ["stone", "metal", "wood", "white", "roof"]), "plain",
                    "clouds", "veins", "masonry", scale=0.6)  # fmt: skip
    other = surface(scene, pick(rng, ["stone", "metal", "anything"]), "plain", "stripes", scale=0.4)
    high = float(np.exp(rng.uniform(np.log(3), np.log(30))))
    makers = [_statue, _column, _obelisk, _rocket, _mast, _tower, _chimney]
    return makers[rng.integers(len(makers))](scene, high, stone, other)


def _statue(scene: Scene, high: float, stone: int, other: int) -> Mesh:
    """Somebody of stone on a block; not higher than some metres, whatever is asked for."""
    rng = scene.rng
    someone = people.figure(scene, pick(rng, people.STANDING), child=False).mesh
    grown = someone.placed(scale=rng.uniform(0.9, 2.2))
    cast = replace(grown, materials=np.full_like(grown.materials, stone))
    foot = min(rng.uniform(0.4, 4), high)
    wide = float(np.ptp(grown.vertices[:, 0])) * rng.uniform(0.9, 1.5)
    return join([cast.placed((0, 0, foot)), box((wide, wide, foot), other)])


def _column(scene: Scene, high: float, stone: int, other: int) -> Mesh:
    wide = high * scene.rng.uniform(0.03, 0.08)
    profile = [[1.6 * wide, 0], [1.6 * wide, 0.05 * high], [wide, 0.08 * high],
               [0.8 * wide, 0.9 * high], [1.3 * wide, 0.94 * high], [1.3 * wide, high],
               [1e-3, high]]  # fmt: skip
    return lathe(np.array(profile), stone, sides=18)


def _chimney(scene: Scene, high: float, stone: int, other: int) -> Mesh:
    wide = high * scene.rng.uniform(0.03, 0.08)
    profile = [[wide, 0], [0.6 * wide, high], [0.66 * wide, high], [1e-3, high]]
    return lathe(np.array(profile), stone, sides=18)


def _obelisk(scene: Scene, high: float, stone: int, other: int) -> Mesh:
    side = high * scene.rng.uniform(0.06, 0.14)
    shaft = box((side, side, high), stone)
    shaft.vertices[shaft.vertices[:, 2] > 0, :2] *= 0.6
    return join([shaft, box((1.5 * side, 1.5 * side, 0.08 * high), other)])


def _rocket(scene: Scene, high: float, stone: int, other: int) -> Mesh:
    wide = high * scene.rng.uniform(0.03, 0.09)
    profile = [[wide, 0], [wide, 0.75 * high], [0.7 * wide, 0.88 * high],
               [0.25 * wide, 0.97 * high], [1e-3, high]]  # fmt: skip
    parts = [lathe(np.array(profile), stone, sides=18)]
    for turn in np.arange(0, 2 * np.pi, np.pi / 2).tolist():
        fin = box((3 * wide, 0.06 * wide + 0.02, 0.14 * high), other)
        parts.append(fin.placed((1.2 * wide, 0, 0)).placed(turn=turn))
    return join(parts)


def _mast(scene: Scene, high: float, stone: int, other: int) -> Mesh:
    """A mast, flagpole, cross or telegraph pole."""
    rng = scene.rng
    parts = [cylinder(0.008 * high + 0.02, high, stone, top=0.4)]
    for z in rng.uniform(0.5, 0.95, int(rng.integers(0, 4))) * high:
        bar = box((rng.uniform(0.08, 0.3) * high, 0.08, 0.08), stone)
        parts.append(bar.placed((0, 0, float(z))))
    if rng.random() < 0.4:
        flag = box((0.18 * high, 0.02, 0.1 * high), other)
        parts.append(flag.placed((0.1 * high, 0, 0.88 * high)))
    return join(parts)


def _tower(scene: Scene, high: float, stone: int, other: int) -> Mesh:
    rng = scene.rng
    wide = high * rng.uniform(0.12, 0.3)
    body = props.facade(scene, wide, high, thickness=wide)
    spire = lathe(np.array([[0.75 * wide, 0], [1e-3, rng.uniform(0.8, 2.5) * wide]]), other,
                  sides=int(pick(rng, [4, 8, 16])), smooth=False)  # fmt: skip
    return join([body, spire.placed((0, wide / 2, high), turn=np.pi / 4)])


def portrait(rng: Generator) -> tuple[Scene, Camera]:
    """Head and shoulders of one or two before a backdrop, a room's wall or a view."""
    scene = Scene(rng)
    daylight(scene)
    lamplight(scene, (-1.5, -2, 0.2), (1.5, -0.4, 1.8))
    low = -1.3
    if rng.random() < 0.45:  # plain, as in a studio
        y = rng.uniform(0.35, 3)
        wall = surface(scene, pick(rng, ["wall", "dark cloth", "cloth", "anything"]), "plain",
                       "clouds", "stripes", "dots", contrast=rng.uniform(0, 0.5))  # fmt: skip
        scene.add(quad(np.array([[-9, y, -4], [9, y, -4], [9, y, 5], [-9, y, 5]]), wall))
        if rng.random() < 0.3:
            scene.add(_on_wall(scene, "picture", 2.5).placed((rng.uniform(-1, 1), y - 0.01, -0.9)))
        if y > 1.2 and rng.random() < 0.4:
            scene.add(props.shelf(scene).placed((rng.uniform(-1.5, 1.5), y - 0.35, -1.3)))
    else:
        material = surface(scene, pick(rng, ["leaf", "soil", "stone", "wood"]), "clouds", "foliage")
        corners = 300 * np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) + [0, 0, low]
        scene.add(quad(corners, material))
        behind_people(scene, rng.uniform(0.8, 12), low=low)
        if rng.random() < 0.25:  # others behind
            for place in ahead(rng, int(rng.integers(1, 5)), 1.0, 6, 0.5, low):
                scene.add(people.person(scene).placed(tuple(place), turn=rng.normal(0, 0.8)))
    scene.add(people.bust(scene).placed((0, 0, 0), turn=rng.normal(0, 0.4)))
    for side in pick(rng, [(), (), (), (1,), (-1,), (-1, 1)]):
        spot = (side * rng.uniform(0.4, 0.6), rng.uniform(-0.1, 0.6), rng.normal(0, 0.08))
        scene.add(people.bust(scene).placed(spot, turn=rng.normal(0, 0.5)))
    if rng.random() < 0.15:
        rail = surface(scene, "wood", "plain", "grain")
        scene.add(box((2, 0.2, 0.06), rail).placed((0, -0.42, rng.uniform(-0.35, -0.15))))
    away, high = rng.uniform(0.7, 2.2), rng.normal(0.35, 0.12)
    half = rng.uniform(0.22, 0.7)
    view = np.degrees(2 * np.arctan(half / away))
    eye = (rng.normal(0, 0.15), -away, high)
    target = (rng.normal(0, 0.05), 0, rng.uniform(0.1, 0.38))
    return scene, looking_at(rng, eye, target, (view * 0.9, view * 1.2))


def heap(rng: Generator) -> tuple[Scene, Camera]:
    """Shapes in no sensible order, floating or piled: what no habit can foresee."""
    scene = Scene(rng)
    daylight(scene)
    if rng.random() < 0.7:
        ground(scene, kind="anything", reach=100)
    if rng.random() < 0.6:
        y = rng.uniform(4, 15)
        wall = surface(scene, "anything")
        scene.add(quad(np.array([[-40, y, -9], [40, y * rng.uniform(1, 2), -9],
                                 [40, y * rng.uniform(1, 2), 30], [-40, y, 30]]),
                       wall))  # fmt: skip
    makers: list[Callable[[], Mesh]] = [
        lambda: box(tuple(rng.uniform(0.1, 1.5, 3)), surface(scene, "anything")),
        lambda: ellipsoid(tuple(rng.uniform(0.2, 1.5, 3)), surface(scene, "anything")),
        lambda: cylinder(rng.uniform(0.05, 0.5), rng.uniform(0.2, 3), surface(scene, "anything")),
        lambda: props.vessel(scene, rng.uniform(0.3, 1.5)),
        lambda: props.rock(scene, rng.uniform(0.3, 1.5)),
        lambda: props.bush(scene, rng.uniform(0.4, 1.5)),
        lambda: _contraption(scene, rng.uniform(0.5, 2)),
    ]
    for place in ahead(rng, int(rng.integers(5, 50)), 1.5, 14, 0.6):
        thing = makers[rng.integers(len(makers))]()
        lifted = place + [0, 0, pick(rng, [0, rng.uniform(0, 4)])]
        scene.add(
            thing.placed(tuple(lifted), turn=rng.uniform(0, 6), tilt=pick(rng, [0, rng.normal()]))
        )
    eye = (0, 0, rng.uniform(0.4, 3.5))
    target = (rng.normal(0, 0.5), 5, rng.uniform(0, 2))
    return scene, looking_at(rng, eye, target, (30, 85))


def _leaned(rng: Generator) -> tuple[Scene, Camera]:
    """A wall seen aslant, with or without things before it: facades, shelves, reliefs."""
    scene = Scene(rng)
    daylight(scene)
    ground(scene, kind=pick(rng, ["stone", "soil", "wood"]), reach=100)
    wide, high = rng.uniform(6, 25), rng.uniform(3, 14)
    scene.add(props.facade(scene, wide, high))
    for place in np.stack(
        [rng.uniform(-wide, wide, 6) / 2, -rng.uniform(0.3, 5, 6), np.zeros(6)], 1
    ):
        make = (people.person, props.post, props.bush, props.chair, props.barrel)[rng.integers(5)]
        if rng.random() < 0.6:
            scene.add(make(scene).placed(tuple(place), turn=rng.normal(0, 0.6)))
    eye = (rng.uniform(-0.6, 0.6) * wide, -rng.uniform(2, 14), rng.uniform(0.8, 3))
    target = (rng.uniform(-0.3, 0.3) * wide, 0, rng.uniform(0.3, 0.7) * high)
    return scene, looking_at(rng, eye, target, (35, 85))


# Kinds of places and how often each is made, people first.
KINDS: dict[Callable[[Generator], tuple[Scene, Camera]], float] = {
    crowd: 0.11,
    portrait: 0.1,
    group: 0.1,
    market: 0.08,
    studio: 0.05,
    room: 0.14,
    street: 0.13,
    table_top: 0.1,
    landscape: 0.09,
    monument: 0.05,
    waterside: 0.04,
    _leaned: 0.03,
    heap: 0.03,
}
