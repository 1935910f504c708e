"""Kinds of scenes that are of people: crowds, groups, markets, studios, portraits."""

import numpy as np
from numpy.random import Generator

from training.depth import people, props
from training.depth.chance import pick
from training.depth.furniture import on_wall
from training.depth.rendering import Camera, Mesh, Scene, join
from training.depth.shapes import box, cylinder, quad
from training.depth.surfaces import surface
from training.depth.views import (
    ahead,
    backdrop_hills,
    daylight,
    ground,
    lamplight,
    looking_at,
    scatter,
)


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
            thing = on_wall(scene, pick(rng, ["picture", "window", "door"]), 2.6)
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
            scene.add(on_wall(scene, "picture", 2.5).placed((rng.uniform(-1, 1), y - 0.01, -0.9)))
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
