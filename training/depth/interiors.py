"""Kinds of places that are indoors: rooms, workplaces, kitchens, workshops, storerooms."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from training.depth import furniture, people, props
from training.depth.chance import pick
from training.depth.furniture import on_wall
from training.depth.rendering import Camera, Light, Mesh, Scene, join
from training.depth.shapes import box, cylinder, quad
from training.depth.surfaces import surface
from training.depth.views import Place, daylight, lamplight, looking_at

Wall = tuple[Place, float, float]  # its middle on the floor, its turn and its length

LOW = -1.5  # y of the wall behind the camera; the back wall is at the room's depth
LENS = 0.15  # metres about a lens that are kept free


def room(rng: Generator) -> tuple[Scene, Camera]:
    """A room, hall or corridor with windows, doors, pictures and furniture, people at times."""
    scene = Scene(rng)
    w, d, h = rng.uniform(2, 7), rng.uniform(2.5, 9), rng.uniform(2.2, 4)
    if rng.random() < 0.15:  # a hall or a corridor
        w, d, h = pick(rng, [w, 2.5 * w]), rng.uniform(10, 35), h * rng.uniform(1, 2)
    daylight(scene)
    walls = enclose(scene, w, d, h)
    for wall in walls:
        hang(scene, wall, h, int(rng.integers(0, 5)))
        makers = (props.shelf, props.bed, props.chair, _desk)
        furnish(scene, wall, makers, int(rng.integers(0, 4 if wall[2] < 10 else 9)))
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


def enclose(scene: Scene, w: float, d: float, h: float) -> list[Wall]:
    """Put lamps, floor, ceiling and walls about a room; back, left and right wall are returned."""
    rng = scene.rng
    lamplight(scene, (-w / 2 + 0.3, 0.5, h * 0.5), (w / 2 - 0.3, d - 0.3, h - 0.15))
    wall_kinds = ("plain", "plain", "clouds", "stripes", "dots", "masonry", "planks", "checks")
    wall = surface(scene, "wall", *wall_kinds, contrast=rng.uniform(0, 0.4))
    other = wall if rng.random() < 0.7 else surface(scene, "wall", *wall_kinds)
    floor = surface(scene, pick(rng, ["wood", "stone", "cloth"]), "planks", "checks", "masonry",
                    "grain", "clouds", scale=0.7, mirror=pick(rng, [0, 0, 0.07]))  # fmt: skip
    ceiling = surface(scene, "white", "plain", "plain", "planks", contrast=0.1)
    low, left, right, back = LOW, -w / 2, w / 2, d
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
    return [
        ((0, back, 0), 0.0, w),
        ((left, d / 2, 0), np.pi / 2, d),
        ((right, d / 2, 0), -np.pi / 2, d),
    ]


def against(wall: Wall, thing: Mesh, along: float, out: float = 0.0, up: float = 0.0) -> Mesh:
    """The thing before a wall: metres along it from its middle, out of it, and up."""
    place, turn, _ = wall
    return thing.placed((along, -out, up)).placed(place, turn=turn)


def hang(scene: Scene, wall: Wall, height: float, count: int) -> None:
    """Windows, doors and pictures on a wall of a room so high."""
    rng = scene.rng
    for _ in range(count):
        what = pick(rng, ["window", "door", "picture", "picture", "none"])
        thing = on_wall(scene, what, height)
        scene.add(against(wall, thing, rng.uniform(-0.45, 0.45) * wall[2], 0.01))


def furnish(
    scene: Scene, wall: Wall, makers: Sequence[Callable[[Scene], Mesh]], count: int
) -> None:
    """Furniture with its back to a wall."""
    rng = scene.rng
    for _ in range(count):
        piece = pick(rng, makers)(scene)
        along = rng.uniform(-0.42, 0.42) * wall[2]
        out = float(piece.vertices[:, 1].max()) + rng.uniform(0, 0.2)
        scene.add(against(wall, piece, along, out))


def _desk(scene: Scene) -> Mesh:
    rng = scene.rng
    size = (rng.uniform(0.8, 2.2), rng.uniform(0.5, 0.8), rng.uniform(0.7, 0.95))
    return props.table(scene, size, int(rng.integers(1, 12)))


def workplace(rng: Generator) -> tuple[Scene, Camera]:
    """A cluttered desk or bench, or busts and lamps, by somebody who sits or stands before it."""
    scene = Scene(rng)
    w, d, h = rng.uniform(2.4, 6), rng.uniform(2, 5), rng.uniform(2.3, 3.5)
    walls = enclose(scene, w, d, h)
    wide, deep, high = rng.uniform(0.9, 2.4), rng.uniform(0.5, 0.95), rng.uniform(0.66, 0.95)
    behind = min(pick(rng, [0.02, rng.uniform(0.2, 1.5), rng.uniform(1, 3)]), d - deep - 0.5)
    middle = (rng.uniform(-0.2, 0.2) * w, d - behind - deep / 2, 0.0)
    turn = rng.normal(0, 0.06) if rng.random() < 0.7 else rng.normal(0, 0.5)
    heads = rng.random() < 0.2

    def by_desk(thing: Mesh, place: Place, turned: float = 0.0) -> Mesh:
        return thing.placed(place, turn=turned).placed(middle, turn=turn)

    scene.add(by_desk(_workbench(scene, wide, deep, high), (0, 0, 0)))
    makers = furniture.DESK_THINGS if rng.random() < 0.8 else furniture.WORKSHOP_THINGS
    count = int(pick(rng, [4, 9, 14, 22]))
    for thing in furniture.laid(scene, makers, wide, deep, count):
        scene.add(by_desk(thing, (0, deep / 2, high)))
    if heads:
        for x in rng.uniform(-0.45, 0.45, int(rng.integers(1, 3))) * wide:
            head = furniture.plaster_head(scene)
            scene.add(by_desk(head, (x, rng.uniform(-0.3, 0.2) * deep, high), rng.normal(0, 0.7)))
    for _ in range(int(rng.integers(0, 3)) + heads):
        spot = (pick(rng, [-1, 1]) * (wide / 2 + rng.uniform(0.1, 0.5)), rng.normal(0, 0.4), 0)
        scene.add(by_desk(furniture.standing_lamp(scene), spot))
    _seats(scene, by_desk, wide, deep)
    for wall in walls:
        hang(scene, wall, h, int(rng.integers(0, 4)))
        if (heads and wall is walls[0]) or rng.random() < 0.35:
            line(scene, wall, pick(rng, ["books", "books", "boxes", "things"]), h)
        elif wall is not walls[0] or behind > 0.5:
            makers = (props.shelf, props.shelf, props.chair, _desk, _busy_desk)
            furnish(scene, wall, makers, int(rng.integers(0, 4)))
    if behind < 0.4 and rng.random() < 0.5:
        board = furniture.bay(scene, (rng.uniform(0.5, 1) * wide, 0.25, rng.uniform(0.3, 0.8)),
                              "books", surface(scene, "wood", "grain", "plain"))  # fmt: skip
        scene.add(against(walls[0], board, middle[0], 0, high + rng.uniform(0.45, 0.7)))
    on_floor(scene, w, d)
    above = rng.uniform(1.4, 1.85) if rng.random() < 0.5 else high + rng.uniform(0.25, 0.55)
    spot = (rng.uniform(-0.45, 0.45) * wide, rng.uniform(-0.5, 0.7) * deep, 0)
    focus = by_desk(box((0, 0, 0), 0), spot).vertices[0] + [0, 0, high + rng.uniform(0, 0.2)]
    tilt = np.radians(rng.uniform(10, 50))
    away = np.clip((above - focus[2]) / np.tan(tilt), 0.55, 2.8)
    bearing = turn + np.clip(rng.normal(0, 0.5), -1, 1)
    eye = focus + [away * np.sin(bearing), -away * np.cos(bearing), above - focus[2]]
    return taken(scene, within(eye, w, d), focus, near=0.75)


def _workbench(scene: Scene, wide: float, deep: float, high: float) -> Mesh:
    """A table, or a top on drawers."""
    rng = scene.rng
    if rng.random() < 0.5:
        return props.table(scene, (wide, deep, high), 0)
    wood = surface(scene, pick(rng, ["wood", "wood", "white", "metal", "anything"]), "grain",
                   "planks", "plain", mirror=pick(rng, [0, 0, 0.06]))  # fmt: skip
    metal = surface(scene, "metal", "plain", mirror=0.2)
    parts = [box((wide, deep, 0.04), wood).placed((0, 0, high - 0.04))]
    for side in (-1, 1):
        if rng.random() < 0.7:
            chest = furniture.cupboard(scene, (0.4, 0.9 * deep, high - 0.04), wood, metal)
            parts.append(chest.placed((side * (wide / 2 - 0.22), 0.45 * deep, 0)))
        else:
            leg = box((0.05, 0.9 * deep, high - 0.04), wood)
            parts.append(leg.placed((side * (wide / 2 - 0.05), 0, 0)))
    if rng.random() < 0.4:
        back = box((wide, 0.02, rng.uniform(0.3, high)), wood)
        parts.append(back.placed((0, deep / 2 - 0.03, 0.2)))
    return join(parts)


def _busy_desk(scene: Scene) -> Mesh:
    """Another desk with its things, and a chair or somebody at it."""
    rng = scene.rng
    wide, deep, high = rng.uniform(0.9, 1.8), rng.uniform(0.5, 0.8), rng.uniform(0.68, 0.85)
    things = furniture.laid(scene, furniture.DESK_THINGS, wide, deep, int(rng.integers(2, 9)))
    parts = [thing.placed((0, deep / 2, high)) for thing in things]
    sitter = people.figure(scene, "at table").mesh if rng.random() < 0.25 else props.chair(scene)
    parts.append(sitter.placed((rng.normal(0, 0.1), -deep / 2 - 0.25, 0), turn=np.pi))
    return join([_workbench(scene, wide, deep, high), *parts])


def _seats(scene: Scene, by_desk: Callable[..., Mesh], wide: float, deep: float) -> None:
    """A chair or somebody before the desk, and at times somebody behind or beside it."""
    rng = scene.rng
    if rng.random() < 0.6:
        out = -deep / 2 - rng.uniform(0, 0.5)
        taken = rng.random() < 0.25
        seat = people.figure(scene, "at table").mesh if taken else props.chair(scene)
        turned = np.pi + rng.normal(0, 0.2 if taken else 0.7)
        scene.add(by_desk(seat, (rng.uniform(-0.3, 0.3) * wide, out, 0), turned))
    if rng.random() < 0.25:
        kind = pick(rng, ["at table", "standing", "working", "leaning"])
        someone = people.figure(scene, kind).mesh
        spot = (rng.uniform(-0.4, 0.4) * wide, deep / 2 + rng.uniform(0.2, 0.4), 0)
        if rng.random() < 0.4:
            spot = (pick(rng, [-1, 1]) * (wide / 2 + 0.3), rng.normal(0, 0.3), 0)
        scene.add(by_desk(someone, spot, rng.normal(0, 0.5)))


def kitchen(rng: Generator) -> tuple[Scene, Camera]:
    """A corner of a kitchen or workshop: worktops, cupboards, sink, stove, pots or tools."""
    scene = Scene(rng)
    w, d, h = rng.uniform(1.9, 4.5), rng.uniform(1.8, 4.5), rng.uniform(2.2, 3.2)
    walls = enclose(scene, w, d, h)
    made = furniture.fittings(scene, workshop=rng.random() < 0.3)
    sides = [wall for wall in walls[1:] if rng.random() < 0.5]
    for wall in (walls[0], *sides):
        _fit(scene, wall, made, h)
    for wall in walls[1:]:
        if wall not in sides:
            hang(scene, wall, h, int(rng.integers(0, 3)))
            makers = (props.shelf, _cold_store, props.chair, _desk)
            furnish(scene, wall, makers, int(rng.integers(0, 3)))
    on_floor(scene, w, d - made.depth)
    if rng.random() < 0.35:
        size = (rng.uniform(0.7, 1.5), rng.uniform(0.6, 1), rng.uniform(0.7, 0.9))
        spot = (rng.uniform(-0.25, 0.25) * w, rng.uniform(0, 0.5) * (d - made.depth), 0)
        scene.add(props.table(scene, size, int(rng.integers(0, 8))).placed(spot))
    if rng.random() < 0.25:
        someone = people.figure(scene, pick(rng, ["standing", "working", "carrying"])).mesh
        spot = (rng.uniform(-0.35, 0.35) * w, d - made.depth - rng.uniform(0.3, 0.9), 0)
        scene.add(someone.placed(spot, turn=np.pi + rng.normal(0, 1.2)))

    x, front = rng.uniform(-0.42, 0.42) * w, d - made.depth
    aim = pick(rng, ["along", "at", "floor", "across"], [0.3, 0.3, 0.15, 0.25])
    if aim == "along":  # close above the edge
        reach = -np.sign(x) * rng.uniform(0.5, 0.9 * w)
        eye = np.array([x, front - rng.uniform(-0.15, 0.4), made.height + rng.uniform(0.3, 0.9)])
        focus = _below(eye, x + reach, d - rng.uniform(0.1, made.depth), rng.uniform(10, 40))
    elif aim == "at":
        eye = np.array([x, front - rng.uniform(0.2, 1.5), rng.uniform(1.2, 1.85)])
        focus = np.array([x + rng.normal(0, 0.5), d - made.depth * rng.random(), made.height])
    elif aim == "floor":
        eye = np.array([x, front - rng.uniform(0.5, 1.4), rng.uniform(1.2, 1.8)])
        corner = pick(rng, [np.sign(x) * (w / 2 - made.depth), rng.uniform(-0.4, 0.4) * w])
        focus = np.array([corner, front - rng.uniform(0, 0.4), rng.uniform(0, 0.5)])
    else:
        eye = np.array([x, rng.uniform(-1.2, 0.5 * d), rng.uniform(1.0, 1.85)])
        focus = _below(eye, -x * rng.uniform(0, 1.1), d, rng.uniform(0, 30))
    return taken(scene, within(eye, w, d), focus, near=0.7)


def _fit(scene: Scene, wall: Wall, made: furniture.Fittings, high: float) -> None:
    """Worktops along a wall, what stands on them, and cupboards, shelves or tools above."""
    rng = scene.rng
    things = furniture.WORKSHOP_THINGS if made.workshop else furniture.KITCHEN_THINGS
    above, up = rng.uniform(0.28, 0.4), made.height + rng.uniform(0.4, 0.65)
    tall = min(rng.uniform(0.45, 0.95), high - up - 0.05)
    clutter = pick(rng, [1.0, 3.0, 6.0])
    if rng.random() < 0.4:  # tiles
        tiles = surface(scene, pick(rng, ["white", "anything", "wall"]), "checks", "masonry",
                        "plain", scale=2, contrast=0.3)  # fmt: skip
        splash = box((wall[2], 0.012, up - made.height), tiles)
        scene.add(against(wall, splash, 0, 0, made.height))
    x = -wall[2] / 2
    while x < wall[2] / 2 - 0.25:
        width = min(rng.uniform(0.45, 1.3), wall[2] / 2 - x)
        along = x + width / 2
        x += width
        if rng.random() < 0.08:
            scene.add(against(wall, _cold_store(scene), along, made.depth / 2))
            continue
        scene.add(against(wall, furniture.worktop(scene, made, width), along))
        for thing in furniture.laid(scene, things, width, made.depth, int(rng.poisson(clutter))):
            scene.add(against(wall, thing, along, 0, made.height))
        over = rng.random()
        if over < (0.1 if made.workshop else 0.5):
            closed = furniture.cupboard(scene, (width, above, tall), made.front, made.metal)
            scene.add(against(wall, closed, along, 0, up))
        elif over < 0.7:
            size, wood = (width, above * 0.8, tall), made.front
            contents = "boxes" if made.workshop else pick(rng, ["jars", "jars", "things"])
            open_ = furniture.bay(scene, size, contents, wood, posts=rng.random() < 0.3)
            scene.add(against(wall, open_, along, 0, up))
        elif over < 0.85:
            scene.add(against(wall, furniture.tools_on_wall(scene, 0.9 * width), along))
        else:
            scene.add(against(wall, on_wall(scene, "window", high), along))


def _cold_store(scene: Scene) -> Mesh:
    """A refrigerator, larder, oven or locker."""
    rng = scene.rng
    front = surface(scene, pick(rng, ["white", "white", "metal", "wood", "anything"]), "plain",
                    contrast=0.1, mirror=pick(rng, [0, 0.06]))  # fmt: skip
    metal = surface(scene, "metal", "plain", mirror=0.2)
    size = (rng.uniform(0.5, 0.8), rng.uniform(0.5, 0.7), rng.uniform(1.1, 2.1))
    chest = furniture.cupboard(scene, size, front, metal, foot=0.06).placed((0, size[1] / 2, 0))
    things = [props.clutter(scene, 0.3).placed((x, 0, size[2]))
              for x in rng.uniform(-0.2, 0.2, int(rng.integers(0, 3)))]  # fmt: skip
    return join([chest, *things])


def storeroom(rng: Generator) -> tuple[Scene, Camera]:
    """A library, archive, shop or storeroom: rows of shelves seen aslant, aisles, tables."""
    scene = Scene(rng)
    rows = rng.random() < 0.55
    aisle = rng.uniform(0.7, 1.8)
    w = 2 * aisle + rng.uniform(1, 4) if rows else rng.uniform(2.4, 6)
    d, h = (rng.uniform(3, 14) if rows else rng.uniform(2.5, 7)), rng.uniform(2.3, 4)
    walls = enclose(scene, w, d, h)
    contents = pick(rng, ["books", "books", "books", "boxes", "boxes", "jars", "things"])
    lined = [wall for wall in walls if rng.random() < (0.5 if rows else 0.9)]
    for wall in walls:
        if wall in lined:
            line(scene, wall, contents, h)
        else:
            hang(scene, wall, h, int(rng.integers(1, 4)))
    half = w / 2
    if rows:
        models, long = _bays(scene, contents, h, posts=rng.random() < 0.4)
        first = rng.uniform(-0.5, d / 4)
        deep = float(np.ptp(models[0].vertices[:, 1]))
        for side in (-1, 1):
            x = side * aisle / 2
            while abs(x) + deep < w / 2:
                for y in np.arange(first, d - rng.uniform(0.3, 2), long):
                    model = models[rng.integers(len(models))]
                    spot = (x + side * deep, y + long / 2, 0)
                    scene.add(model.placed(spot, turn=-side * np.pi / 2))
                x += side * (deep + (aisle if rng.random() < 0.5 else 0.02))
        half = aisle / 2
    elif rng.random() < 0.7:
        _reading_table(scene, (rng.uniform(-0.15, 0.15) * w, rng.uniform(0.3, 0.6) * d, 0))
    on_floor(scene, 2 * half, d)
    for _ in range(int(pick(rng, [0, 0, 0, 1, 2]))):
        kind = pick(rng, ["standing", "working", "carrying", "walking"])
        spot = (rng.uniform(-0.6, 0.6) * half, rng.uniform(0.3, 0.9) * d, 0)
        scene.add(people.figure(scene, kind).mesh.placed(spot, turn=rng.uniform(0, 6.3)))
    high = rng.uniform(1.2, 1.85) if rng.random() < 0.75 else rng.uniform(0.5, 1.2)
    eye = np.array([rng.uniform(-0.8, 0.8) * half, rng.uniform(-1.2, 0.3 * d), high])
    ahead = np.exp(rng.uniform(np.log(0.5), np.log(d)))
    aside = pick(rng, [-1, 1]) * half * rng.uniform(0.2, 1.2)
    tilt = rng.uniform(0, 40) if rng.random() < 0.7 else rng.normal(0, 10)
    focus = _below(eye, aside, eye[1] + ahead, tilt)
    return taken(scene, within(eye, w, d), focus, near=0.45)


def _bays(
    scene: Scene, contents: str, high: float, *, posts: bool = False
) -> tuple[list[Mesh], float]:
    """A few shelves of one size that rows are made of, and their width."""
    rng = scene.rng
    wide = rng.uniform(0.7, 1.3)
    size = (wide, rng.uniform(0.25, 0.55), min(rng.uniform(1.2, 2.6), high - 0.1))
    wood = surface(scene, pick(rng, ["wood", "wood", "white", "metal", "wall"]), "grain", "plain",
                   "planks")  # fmt: skip
    models = [furniture.bay(scene, size, contents, wood, posts=posts) for _ in range(3)]
    return models, wide


def line(scene: Scene, wall: Wall, contents: str, high: float) -> None:
    """Shelves from end to end of a wall, or over a part of it."""
    rng = scene.rng
    models, wide = _bays(scene, contents, high)
    ends = np.sort(rng.uniform(-0.5, 0.5, 2)) if rng.random() < 0.4 else np.array([-0.5, 0.5])
    first, last = (float(end) * wall[2] for end in ends)
    for along in np.arange(first + wide / 2, last, wide):
        scene.add(against(wall, models[rng.integers(len(models))], along, 0.01))


def _reading_table(scene: Scene, middle: Place) -> None:
    """A long table with things on it, chairs and people about it."""
    rng = scene.rng
    wide, deep, high = rng.uniform(1, 2.6), rng.uniform(0.7, 1.2), rng.uniform(0.7, 0.8)
    turn = pick(rng, [0, np.pi / 2]) + rng.normal(0, 0.05)
    parts = [props.table(scene, (wide, deep, high), 0)]
    things = furniture.laid(scene, furniture.DESK_THINGS, wide, deep, int(rng.integers(0, 12)))
    parts += [thing.placed((0, deep / 2, high)) for thing in things]
    for side in (-1, 1):
        for x in np.arange(-wide / 2 + 0.35, wide / 2, rng.uniform(0.6, 0.9)):
            if rng.random() < 0.6:
                seat = people.figure(scene, "at table").mesh if rng.random() < 0.2 \
                    else props.chair(scene)  # fmt: skip
                spot = (x, side * (deep / 2 + rng.uniform(0, 0.35)), 0)
                facing = (np.pi if side < 0 else 0.0) + rng.normal(0, 0.25)
                parts.append(seat.placed(spot, turn=facing))
    scene.add(*(part.placed(middle, turn=turn) for part in parts))


def on_floor(scene: Scene, w: float, d: float) -> None:
    """A rug, and boxes, baskets, piles and bags that stand about."""
    rng = scene.rng
    if rng.random() < 0.3:
        rug = box((rng.uniform(0.5, 0.9) * w, rng.uniform(0.8, 2), 0.012), surface(scene, "cloth"))
        scene.add(rug.placed((0, rng.uniform(0.2, 0.7) * d, 0)))
    for _ in range(int(rng.integers(0, 5))):
        spot = (rng.uniform(-0.46, 0.46) * w, rng.uniform(0, 0.95) * d, 0)
        which = rng.random()
        if which < 0.2:
            thing = furniture.pile(scene)
        elif which < 0.35:
            thing = cylinder(rng.uniform(0.12, 0.18), rng.uniform(0.25, 0.4),
                             surface(scene, "anything", "plain", "masonry"), top=1.2)  # fmt: skip
        elif which < 0.45:
            thing = props.barrel(scene)
        else:
            thing = props.clutter(scene, rng.uniform(0.15, 0.6))
        scene.add(thing.placed(spot, turn=rng.uniform(0, 6.3)))


def _below(eye: np.ndarray, x: float, y: float, tilt: float) -> np.ndarray:
    """The place at x and y that is seen so many degrees below the eye's height."""
    away = np.hypot(x - eye[0], y - eye[1])
    return np.array([x, y, eye[2] - away * np.tan(np.radians(tilt))])


def within(eye: np.ndarray, w: float, d: float) -> np.ndarray:
    """The place, moved into a room if it is outside."""
    return np.clip(eye, [0.4 - w / 2, LOW + 0.3, 0.3], [w / 2 - 0.4, d - 0.4, np.inf])


def taken(scene: Scene, eye: np.ndarray, focus: np.ndarray, *, near: float) -> tuple[Scene, Camera]:
    """The scene and a camera held by hand, at times with flash, or something close before it.

    Args:
        scene: loses what the lens would stand in.
        eye: (3,) place of the lens.
        focus: (3,) what it looks at.
        near: how often something is put close before it.
    """
    rng = scene.rng
    place: Place = (float(eye[0]), float(eye[1]), float(eye[2]))
    camera = looking_at(rng, place, (focus[0], focus[1], focus[2]), (35, 75))
    camera = replace(camera, roll=rng.normal(0, 0.045))
    if rng.random() < 0.15:
        lamp = eye + rng.normal(0, 0.1, 3)
        scene.lights.append(Light(lamp.astype(np.float32), np.full(3, rng.uniform(2, 8)), True))
    scene.meshes[:] = [mesh for mesh in scene.meshes if not _about(mesh, eye, LENS)]
    if rng.random() < near:
        away = np.clip(rng.uniform(0.08, 0.22) * np.linalg.norm(focus - eye), 0.16, 0.6)
        close = _close_by(scene, camera, float(away))
        scene.add(*(mesh for mesh in close if not _about(mesh, eye, 0.02)))
    return scene, camera


def _about(mesh: Mesh, eye: np.ndarray, margin: float) -> bool:
    low, high = mesh.vertices.min(0) - margin, mesh.vertices.max(0) + margin
    return bool(((low < eye) & (eye < high)).all() and np.ptp(mesh.vertices, 0).min() > 0)


def _close_by(scene: Scene, camera: Camera, away: float) -> list[Mesh]:
    """Something on the floor so many metres before a camera, which the frame cuts off."""
    rng = scene.rng
    half, side = np.tan(camera.field_of_view / 2), pick(rng, [-1, 1])
    ray = np.array([side * rng.uniform(0.4, 1.1) * half, 1, rng.uniform(-0.6, 0.2) * half])
    which = rng.random()
    if which < 0.25:  # somebody's back or side
        someone = people.figure(scene, pick(rng, people.STANDING)).mesh
        ray = np.array([side * rng.uniform(0.8, 1.3) * half, 1, 0])
        x, y, _ = camera.position + camera.rotation() @ ray * rng.uniform(0.35, 0.6)
        return [someone.placed((x, y, 0), turn=rng.uniform(0, 6.3))]
    makers = (furniture.bottle, furniture.cup, furniture.pile, furniture.pot, furniture.desk_lamp)
    wood = surface(scene, pick(rng, ["wood", "white", "cloth", "anything"]), scale=2)
    if which < 0.4:
        thing = furniture.standing_lamp(scene)
    elif which < 0.6:
        size = away * half * rng.uniform(0.15, 0.5)
        thing = box((2 * size, size, 0.3), wood).placed(turn=rng.normal(0, 0.5))
    else:
        thing = makers[rng.integers(len(makers))](scene) if rng.random() < 0.7 \
            else props.clutter(scene, rng.uniform(0.1, 0.3))  # fmt: skip
    wide = float(np.ptp(thing.vertices[:, :2], 0).max())
    # What is wide stands farther away, so that it leaves something to see.
    x, y, z = camera.position + camera.rotation() @ ray * max(away, 0.6 * wide / half)
    tall = float(thing.vertices[:, 2].max())
    if which < 0.6:
        return [thing.placed((x, y, 0), scale=(1, 1, max(z, 0.3) / tall))]
    top, foot = max(z - tall, 0.3), wide * rng.uniform(0.6, 1.2)
    return [box((foot, foot, top), wood).placed((x, y, 0)), thing.placed((x, y, top))]
