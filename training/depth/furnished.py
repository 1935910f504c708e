"""Kinds of places with things of the stock: furnished rooms, and one thing seen from close by."""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from training.depth import furniture, people, props, stock
from training.depth.chance import pick
from training.depth.furniture import Maker, any_of
from training.depth.interiors import (
    against,
    enclose,
    furnish,
    hang,
    line,
    on_floor,
    taken,
    within,
)
from training.depth.rendering import Camera, Mesh, Scene, join
from training.depth.shapes import box
from training.depth.surfaces import surface
from training.depth.views import ahead, backdrop_hills, daylight, ground, scatter

LARGE: Sequence[Maker] = (
    any_of("furniture"), any_of("furniture"), any_of("furniture"), any_of("seat"), any_of("plant"),
    any_of("lamp"), any_of("table"), props.shelf,
)  # fmt: skip
SMALL: Sequence[Maker] = (furniture.small,)
# What is shown close by, and how often.
SHOWN = {"cycle": 0.3, "vehicle": 0.15, "furniture": 0.18, "seat": 0.12, "table": 0.1,
         "plant": 0.06, "animal": 0.05, "lamp": 0.04}  # fmt: skip


def furnished(rng: Generator) -> tuple[Scene, Camera]:
    """A room with furniture along its walls, tables and seats in its middle, things on them."""
    scene = Scene(rng)
    w, d, h = rng.uniform(2.2, 7), rng.uniform(2.5, 7), rng.uniform(2.3, 3.6)
    walls = enclose(scene, w, d, h)
    for wall in walls:
        hang(scene, wall, h, int(rng.integers(0, 4)))
        furnish(scene, wall, LARGE, int(rng.integers(0, 2 + int(wall[2] / 1.2))))
        for _ in range(int(rng.integers(0, 4))):
            thing = any_of("hung", "small")(scene)
            out = float(thing.vertices[:, 1].max())
            along = rng.uniform(-0.45, 0.45) * wall[2]
            scene.add(against(wall, thing, along, out, rng.uniform(0.8, 1.9)))
    for _ in range(int(pick(rng, [0, 1, 1, 2, 3]))):
        spot = (rng.uniform(-0.35, 0.35) * w, rng.uniform(0.1, 0.8) * d, 0)
        scene.add(_table_with_seats(scene).placed(spot, turn=rng.normal(0, 0.3)))
    for _ in range(int(rng.integers(0, 5))):
        thing = any_of("seat", "furniture", "plant", "lamp", "cycle", "animal")(scene)
        spot = (rng.uniform(-0.45, 0.45) * w, rng.uniform(0, 0.9) * d, 0)
        scene.add(thing.placed(spot, turn=rng.uniform(0, 6.3)))
    for _ in range(int(pick(rng, [0, 0, 0, 1, 2]))):
        kind = pick(rng, ["standing", "walking", "working", "seated"])
        spot = (rng.uniform(-0.4, 0.4) * w, rng.uniform(0.3, 0.9) * d, 0)
        scene.add(people.figure(scene, kind).mesh.placed(spot, turn=rng.normal(0, 1.2)))
    on_floor(scene, w, d)
    eye = np.array([rng.uniform(-0.45, 0.45) * w, rng.uniform(-1.2, 0.45) * d,
                    pick(rng, [rng.uniform(0.5, 1.2), rng.uniform(1.2, 1.8)])])  # fmt: skip
    focus = np.array(
        [rng.uniform(-0.5, 0.5) * w, rng.uniform(0.6, 1) * d, rng.uniform(0.1, min(1.4, eye[2]))]
    )
    return taken(scene, within(eye, w, d), focus, near=0.3)


def _table_with_seats(scene: Scene) -> Mesh:
    """A table, desk or worktop with things on it, and seats or somebody at it."""
    rng = scene.rng
    held = stock.bank()
    number = held.pick(rng, "table")
    table = held.made(scene, number)
    wide, deep, high = np.ptp(table.vertices, 0)
    top = float(held.tops[number]) or float(high)
    makers = pick(rng, [SMALL, furniture.DESK_THINGS, furniture.KITCHEN_THINGS])
    things = furniture.laid(scene, makers, 0.9 * wide, 0.9 * deep, int(pick(rng, [0, 3, 7, 14])))
    parts = [table, *(thing.placed((0, 0.45 * deep, top)) for thing in things)]
    for _ in range(int(rng.integers(0, 5))):
        side, along = pick(rng, [-1, 1]), rng.uniform(-0.4, 0.4) * wide
        taken_by_one = rng.random() < 0.15
        seat = people.figure(scene, "at table").mesh if taken_by_one else any_of("seat")(scene)
        turn = (np.pi if side < 0 else 0.0) + rng.normal(0, 0.3)
        parts.append(seat.placed((along, side * (deep / 2 + rng.uniform(0, 0.5)), 0), turn=turn))
    return join(parts)


def shown(rng: Generator) -> tuple[Scene, Camera]:
    """A cycle, a car, a piece of furniture, taken for its own sake, with what stands behind it."""
    scene = Scene(rng)
    thing = _subject(scene)
    size = np.ptp(thing.vertices, 0)
    length = float(max(size))
    indoors = length < 3.5 and rng.random() < 0.6
    behind = 0.6 * length + pick(rng, [rng.uniform(0, 0.4), rng.uniform(0.3, 3)])
    if indoors:
        w, d, h = length + rng.uniform(2.5, 6), 2.5 + behind, rng.uniform(2.2, 3.5)
        for number, wall in enumerate(enclose(scene, w, d, h)):
            hang(scene, wall, h, int(rng.integers(0, 3)))
            if rng.random() < (0.5 if number == 0 else 0.25):
                line(scene, wall, pick(rng, ["boxes", "things", "books"]), h)
            else:
                furnish(scene, wall, LARGE, int(rng.integers(0, 5)))
        on_floor(scene, w, d)
        middle = np.array([rng.uniform(-0.3, 0.3), d - behind, 0])
    else:
        daylight(scene)
        middle = np.array([0, rng.uniform(4, 7), 0])
        _outdoors(scene, middle[1] + behind)
    scene.add(thing.placed((middle[0], middle[1], 0)))
    for _ in range(int(rng.integers(0, 4))):
        kinds = ("seat", "furniture", "plant") if indoors else ("cycle", "vehicle", "seat")
        other = any_of(*kinds)(scene)
        reach = (length + float(np.ptp(other.vertices, 0).max())) / 2
        spot = middle + [pick(rng, [-1, 1]) * reach * rng.uniform(0.8, 1.6), rng.normal(0, 0.6), 0]
        scene.add(other.placed(tuple(spot), turn=rng.uniform(0, 6.3)))
    if rng.random() < 0.2:
        someone = people.figure(scene, pick(rng, people.STANDING)).mesh
        side = pick(rng, [-1, 1]) * (0.5 * size[0] + 0.3)
        scene.add(someone.placed(tuple(middle + [side, rng.normal(0, 0.4), 0])))
    # So far away that it fills a third to all of the view.
    away = length * rng.uniform(0.7, 2.0) + 0.3
    high = max(0.25, pick(rng, [rng.uniform(0.2, 0.9) * size[2], rng.uniform(1.2, 1.8)]))
    bearing = float(np.clip(rng.normal(0, 0.35), -1, 1))
    focus = middle + [rng.normal(0, 0.1) * size[0], 0, rng.uniform(0.3, 0.6) * size[2]]
    eye = focus + [away * np.sin(bearing), -away * np.cos(bearing), high - focus[2]]
    if indoors:
        eye = within(eye, w, d)
    return taken(scene, eye, focus, near=0.15)


def _subject(scene: Scene) -> Mesh:
    """What is taken, turned in any way."""
    rng = scene.rng
    kind = pick(rng, list(SHOWN), list(SHOWN.values()))
    thing = _table_with_seats(scene) if kind == "table" else any_of(kind)(scene)
    return thing.placed(turn=rng.uniform(0, 6.3))


def _outdoors(scene: Scene, back: float) -> None:
    """Ground, and houses, hedges, trees or fences from so many metres on."""
    rng = scene.rng
    kind = pick(rng, ["stone", "soil", "leaf"])
    ground(scene, "cells", "clouds", "speckle", "masonry", "plain", kind=kind)
    if rng.random() < 0.55:
        house = props.facade(scene, rng.uniform(12, 40), rng.uniform(4, 14))
        scene.add(house.placed((rng.uniform(-4, 4), back + 6, 0)))
    elif rng.random() < 0.5:
        for x in np.arange(-9, 9, 0.9):
            scene.add(props.bush(scene, rng.uniform(0.8, 2)).placed((x, back, 0)))
    else:
        scene.add(props.fence(scene, 16).placed((0, back, 0)))
        scatter(scene, props.tree, 2, ahead(rng, 8, back + 2, back + 40))
    if rng.random() < 0.4:
        backdrop_hills(scene, 120)
    if rng.random() < 0.3:
        walk = surface(scene, "stone", "masonry", "plain")
        scene.add(box((60, 2, 0.12), walk).placed((0, back + rng.uniform(-1.5, 0), 0)))
