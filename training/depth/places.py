"""Kinds of places, with or without people: streets, landscapes, tables, heaps."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from training.depth import patterns, people, props
from training.depth.chance import pick
from training.depth.furniture import contraption, on_wall, small
from training.depth.rendering import Camera, Mesh, Scene
from training.depth.shapes import box, cylinder, ellipsoid, heightfield, quad
from training.depth.surfaces import surface
from training.depth.views import (
    ahead,
    backdrop_hills,
    camera_at,
    daylight,
    ground,
    lamplight,
    looking_at,
    scatter,
)


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
            thing = on_wall(scene, "picture", 2.5).placed((rng.uniform(-1, 1), 0, -1.0))
            scene.add(thing.placed((0, distance - 0.01, 0)))
    for _ in range(int(pick(rng, [1, 4, 9, 18]))):
        size = scale * np.exp(rng.uniform(np.log(0.05), np.log(0.6)))
        spot = (rng.uniform(-0.45, 0.45) * wide, rng.uniform(0.05, 0.95) * deep, 0)
        thing = props.clutter(scene, size) if rng.random() < 0.6 else small(scene)
        if rng.random() < 0.15:
            thing = thing.placed((0, 0, 0.5 * size), tilt=rng.normal(0, 1))
        scene.add(thing.placed(spot))
    if rng.random() < 0.25:
        scene.add(props.screen(scene).placed((rng.uniform(-0.3, 0.3) * wide, 0.7 * deep, 0)))
    if rng.random() < 0.25:  # machines, tools, toys: a lattice of bars and wheels
        scene.add(contraption(scene, 0.6 * scale).placed((0, 0.5 * deep, 0)))
    away = rng.uniform(0.2, 1.4) * scale
    eye = (rng.uniform(-0.5, 0.5) * wide, -away, rng.uniform(0.08, 1.0) * scale)
    target = (
        rng.uniform(-0.2, 0.2) * wide,
        rng.uniform(0.3, 0.8) * deep,
        rng.uniform(0, 0.3) * scale,
    )
    return scene, looking_at(rng, eye, target, (30, 70))


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
        lambda: contraption(scene, rng.uniform(0.5, 2)),
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


def leaned(rng: Generator) -> tuple[Scene, Camera]:
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
