"""Things that stand high and alone: statues, columns, chimneys, rockets, towers."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from training.depth import people, props
from training.depth.chance import pick
from training.depth.rendering import Camera, Mesh, Scene, join
from training.depth.shapes import box, cylinder, lathe
from training.depth.surfaces import surface
from training.depth.views import (
    ahead,
    backdrop_hills,
    daylight,
    ground,
    looking_at,
    scatter,
)


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
