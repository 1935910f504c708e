"""People: bodies of the bank in poses, clothes, hair and hats.

Clothes lie close as the body's own vertices, pushed out and smoothed; skirts and coat tails are
rings that hang about the legs; hats, buns and what hands hold are things of their own.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from training.depth.bodies import (
    BROW,
    EYE_HEIGHT,
    LASH,
    LIPS,
    MOUTH,
    PUPIL,
    WHITE,
    Bodies,
    bank,
)  # fmt: skip
from training.depth.chance import pick
from training.depth.poses import KINDS, pose_of
from training.depth.rendering import Mesh, Scene, join
from training.depth.shapes import box, cylinder, ellipsoid, lathe, limb, mesh
from training.depth.surfaces import surface

ADULT = 0.55  # age from which bodies are
CLOTHS = ("plain", "plain", "clouds", "stripes", "checks", "grain", "dots")
SIDES, LEVELS = 36, 9  # of a skirt
STANDING = ("standing", "standing", "standing", "walking")


@dataclass(frozen=True)
class Hat:
    """Profiles of crown and brim, radius and height, and how often it is worn."""

    crown: list[tuple[float, float]]
    of_women: float
    of_men: float
    brim: tuple[tuple[float, float], ...] = ()
    peak: bool = False
    straw: bool = False
    droops: bool = False


BOWLER = Hat([(1, -0.05), (1.02, 0.35), (0.97, 0.8), (0.65, 1.17), (1e-3, 1.27)], 5, 20,
             brim=((1, 0), (1.35, -0.04), (1.42, 0.1)))  # fmt: skip
TOP_HAT = Hat([(1, -0.05), (0.94, 0.8), (1.02, 2.1), (0.95, 2.14), (1e-3, 2.14)], 2, 10,
              brim=((1, 0), (1.35, -0.06), (1.42, 0.08)))  # fmt: skip
CAP = Hat([(1, -0.1), (1.2, 0.45), (1.15, 0.85), (0.6, 1.1), (1e-3, 1.14)], 8, 25, peak=True)
SUN_HAT = Hat([(1, -0.05), (0.95, 0.7), (0.6, 1.1), (1e-3, 1.16)], 40, 13,
              brim=((1, 0), (2, 0)), straw=True, droops=True)  # fmt: skip
BOATER = Hat([(1, -0.05), (1, 1.05), (0.95, 1.08), (1e-3, 1.08)], 15, 10,
             brim=((1, 0), (1.55, 0)), straw=True)  # fmt: skip
TURBAN = Hat([(0.9, -0.25), (1.3, 0), (1.5, 0.4), (1.3, 0.85), (0.7, 1.2), (1e-3, 1.26)], 10, 8)
KEPI = Hat([(1, -0.1), (0.95, 1.2), (1e-3, 1.3)], 2, 8, peak=True)
KNITTED = Hat([(1.02, -0.25), (1.04, 0.4), (0.85, 0.95), (0.4, 1.2), (1e-3, 1.26)], 18, 6)
HATS = (BOWLER, TOP_HAT, CAP, SUN_HAT, BOATER, TURBAN, KEPI, KNITTED)


@dataclass(frozen=True)
class Figure:
    """Somebody.

    Attributes:
        mesh: faces -y, soles or seat's feet on z = 0, hips above the origin.
        chin, crown: their heights.
        face: (3,) place between the eyes.
    """

    mesh: Mesh
    chin: float
    crown: float
    face: np.ndarray


@dataclass
class _Dress:
    """What is worn, as it comes about: for vertices how far out and how smooth, for triangles of
    what material."""

    bodies: Bodies
    out: np.ndarray
    smooth: np.ndarray
    materials: np.ndarray

    def wear(self, on: np.ndarray, material: int, out: float, smooth: int = 4) -> None:
        """Cover the vertices in `on`."""
        self.out = np.where(on, out, self.out)
        self.smooth = np.where(on, smooth, self.smooth)
        self.materials = np.where(self._mostly(on), material, self.materials)

    def _mostly(self, on: np.ndarray) -> np.ndarray:
        covered: np.ndarray = on[self.bodies.triangles].sum(1) > 1
        return covered

    def paint(self, on: np.ndarray, material: int) -> None:
        """Colour vertices and leave them where they are."""
        self.materials = np.where(self._mostly(on), material, self.materials)


def person(scene: Scene, *, detail: bool = True) -> Mesh:
    """Somebody who stands, walks, carries or works."""
    return figure(scene, pick(scene.rng, [*STANDING, *KINDS[2:5]]), detail=detail).mesh


def figure(
    scene: Scene, kind: str = "standing", *, child: bool | None = None, detail: bool = True,
    seat: bool = True,
) -> Figure:  # fmt: skip
    """Somebody in one of the poses of `poses.KINDS`.

    Args:
        scene: gets the materials.
        kind: of pose.
        child: whether it is one; by chance without.
        detail: the whole mesh instead of a tenth of it, for those who are far away.
        seat: whether who sits brings what they sit on.
    """
    rng, bodies = scene.rng, bank()
    if child is None:
        child = rng.random() < 0.2
    body = int(rng.choice(np.flatnonzero((bodies.ages < ADULT) == child)))
    rest = bodies.rest(body)
    woman = bodies.genders[body] > 0.5
    dress, hair = _undressed(scene, bodies)
    hat, on_head = _cover_head(scene, dress, rest, hair, woman=woman, child=child,
                               old=bodies.ages[body] > 0.85)  # fmt: skip
    skirts = _clothe(scene, dress, woman=woman, child=child)
    dressed = _pushed_out(rng, dress, rest)
    frames = bodies.frames(body, pose_of(rng, bodies, body, kind))
    posed = bodies.posed(dressed, frames)
    soles = posed[np.isin(bodies.owner, ["foot.L", "foot.R"]), 2]
    hips = frames[bodies.number["root"]] @ np.append(bodies.joints[body, 0], 1)
    shift = -np.array([hips[0], hips[1], soles.min()], np.float32)
    posed = posed + shift

    parts = [_body_mesh(bodies, posed, dress.materials, detail=detail)]
    head = frames[bodies.number["head"]]
    for thing in on_head:
        moved = thing.vertices @ head[:, :3].T + head[:, 3] + shift
        parts.append(replace(thing, vertices=moved, normals=thing.normals @ head[:, :3].T))
    sitting = kind in ("seated", "at table")
    for skirt in skirts:
        parts.append(skirt.hung(rng, bodies, posed, sitting=sitting))
    hands = [frames[bone] @ np.append(bodies.joints[body, bone], 1) + shift
             for bone in (bodies.number["finger3-1.L"], bodies.number["finger3-1.R"])]  # fmt: skip
    parts += _in_hands(scene, kind, hands)
    if sitting and seat:
        parts.append(_seat(scene, posed[bodies.owner == "spine05", 2].min() + 0.01))
    of_head = posed[bodies.owner == "head"]
    chin, crown = float(of_head[:, 2].min()), float(of_head[:, 2].max()) + hat
    eyes = [frames[bone] @ np.append(bodies.joints[body, bone], 1)
            for bone in (bodies.number["eye.L"], bodies.number["eye.R"])]  # fmt: skip
    return Figure(join(parts), chin, crown, np.mean(eyes, 0) + shift)


def bust(scene: Scene) -> Mesh:
    """Somebody whose chin is 0.28 m above z = 0, for portraits; the rest hangs below."""
    kind = "seated" if scene.rng.random() < 0.3 else "standing"
    someone = figure(scene, kind, child=scene.rng.random() < 0.15, seat=False)
    x, y, _ = someone.face
    return someone.mesh.placed((-float(x), -float(y) - 0.08, 0.28 - someone.chin))


def _body_mesh(
    bodies: Bodies, vertices: np.ndarray, materials: np.ndarray, *, detail: bool
) -> Mesh:  # fmt: skip
    triangles = bodies.triangles
    if not detail:
        triangles = bodies.coarse[triangles]
        a, b, c = triangles.T
        whole = (a != b) & (b != c) & (a != c)
        triangles, materials = triangles[whole], materials[whole]
        used, triangles = np.unique(triangles, return_inverse=True)
        vertices, triangles = vertices[used], triangles.reshape(-1, 3)
    made = mesh(vertices, triangles, 0, smooth=True)
    return replace(made, materials=materials.astype(np.int32))


def _tinted(scene: Scene, material: int, tint: tuple[float, float, float]) -> int:
    """The same material in another shade."""
    base, factor = scene.materials[material], np.array(tint)
    return scene.material(replace(base, dark=base.dark * factor, light=base.light * factor))


def _undressed(scene: Scene, bodies: Bodies) -> tuple[_Dress, int]:
    """A body with its face, and the material of its hair."""
    rng = scene.rng
    skin = surface(scene, "skin", "plain", contrast=0.08, bump=0.0)
    scene.materials[skin] = replace(scene.materials[skin], stain=0.06)
    hair = surface(scene, "hair", "grain", "foliage", scale=8)
    regions = bodies.regions
    shades = {
        LIPS: (0.72, 0.42, 0.42),
        LASH: (0.35, 0.28, 0.25),
        MOUTH: (0.2, 0.08, 0.08),
    }
    materials = np.full(len(regions), skin)
    for region, tint in shades.items():
        materials[regions == region] = _tinted(scene, skin, tint)
    materials[regions == BROW] = hair if rng.random() < 0.8 else _tinted(scene, skin, (0.4,) * 3)
    white = surface(scene, "white", "plain", contrast=0.05, bump=0.0)
    materials[regions == WHITE] = _tinted(scene, white, (0.75, 0.75, 0.75))
    iris = surface(scene, pick(rng, ["hair", "water"]), "plain", bump=0.0, mirror=0.05)
    materials[regions == PUPIL] = _tinted(scene, iris, (0.4, 0.4, 0.4))
    count = len(bodies.template)
    dress = _Dress(bodies, np.zeros(count), np.zeros(count, int), materials)
    return dress, hair


def _of(bodies: Bodies, *names: str) -> np.ndarray:
    """Vertices of bones whose names begin so."""
    found = np.zeros(len(bodies.template), bool)
    for name in names:
        found |= np.char.startswith(bodies.owner, name)
    return found


def _clothe(scene: Scene, dress: _Dress, *, woman: bool, child: bool) -> "list[_Skirt]":
    """Put clothes on, of any time of photography; returns what hangs about the legs."""
    rng, bodies = scene.rng, dress.bodies
    x, y, z = bodies.template.T
    torso = _of(bodies, "spine", "pelvis", "clavicle", "shoulder", "breast")
    neck = _of(bodies, "neck") & (z < rng.uniform(0.575, 0.615))
    sleeve_end = pick(rng, [0.31, 0.425, 0.43, 0.43])
    arms = _of(bodies, "upperarm", "lowerarm") & (np.abs(x) < sleeve_end)
    legs = _of(bodies, "upperleg", "lowerleg", "pelvis", "spine05")
    feet = _of(bodies, "foot", "toe")
    cloth = "dark cloth" if rng.random() < 0.5 else "cloth"
    style = pick(rng, ["dress", "skirt", "robe", "trousers"], [0.45, 0.3, 0.08, 0.17]) if woman \
        else pick(rng, ["suit", "coat", "shirt", "robe"], [0.45, 0.2, 0.27, 0.08])  # fmt: skip
    main = surface(scene, cloth, *CLOTHS, scale=pick(rng, [2, 4, 8]))
    other = surface(scene, "dark cloth" if rng.random() < 0.4 else "cloth", *CLOTHS, scale=4)
    light = surface(scene, pick(rng, ["white", "white", "cloth"]), "plain", contrast=0.1)
    barefoot = rng.random() < (0.3 if child else 0.08)
    if not barefoot:
        shoe = surface(scene, pick(rng, ["dark cloth", "wood"]), "plain")
        boots = _of(bodies, "lowerleg") & (z < rng.uniform(-0.72, -0.5))
        dress.wear(feet | boots, shoe, 0.009, 10)
        dress.wear(_of(bodies, "lowerleg") & ~boots & (rng.random() < 0.6), other, 0.003, 0)
    skirts: list[_Skirt] = []
    waist = rng.uniform(0.16, 0.26)
    out = rng.uniform(0.008, 0.02)
    if style in ("trousers", "suit", "shirt", "coat"):
        short = rng.random() < (0.55 if child else 0.05)
        hem = rng.uniform(-0.4, -0.25) if short else rng.uniform(-0.76, -0.68)
        lower = other if rng.random() < 0.7 else main
        dress.wear(legs & (z > hem), lower, rng.uniform(0.01, 0.024), 3)
        dress.wear(torso & (z < waist), lower, 0.012, 3)
    if style in ("suit", "coat"):
        dress.wear(torso | neck, light, 0.006, 2)
        open_to = rng.uniform(0.22, 0.42)  # how deep the shirt shows between the lapels
        wide = rng.uniform(0.2, 0.6) if rng.random() < 0.85 else 0.0
        shown = (y < -0.02) & (np.abs(x) < np.minimum(wide * (z - open_to), 0.075))
        out = rng.uniform(0.014, 0.022) if style == "suit" else rng.uniform(0.02, 0.036)
        dress.wear((torso | arms) & ~shown & (z > 0.05), main, out, 6)
        tail = rng.uniform(-0.12, 0.0) if style == "suit" else rng.uniform(-0.5, -0.25)
        skirts.append(_Skirt(main, waist, tail, rng.uniform(0.02, 0.1), out + 0.004))
        if rng.random() < 0.4 and wide:
            dress.paint((y < -0.02) & (np.abs(x) < 0.016) & (z > open_to) & torso, other)
    elif style == "shirt":
        dress.wear(torso & (z > waist) | neck | arms, pick(rng, [light, main]), out, 5)
        if rng.random() < 0.35:  # a waistcoat or braces over it
            dress.wear(torso & (z > waist - 0.06) & (np.abs(x) < 0.15) & (z < 0.54), other,
                       out + 0.008, 5)  # fmt: skip
    else:
        top = main if style in ("dress", "robe") else light
        dress.wear(torso & (z > waist - 0.05) | neck | arms, top, out, 8)
        flare = rng.uniform(0.02, 0.22) if style != "robe" else rng.uniform(0, 0.08)
        low = pick(rng, [-0.8, -0.74, -0.6]) if not child else rng.uniform(-0.45, -0.3)
        low = rng.uniform(-0.5, -0.35) if rng.random() < 0.15 else low
        if style != "trousers":
            below = main if style in ("dress", "robe") else other
            skirts.append(_Skirt(below, waist, low, flare, out + 0.006, folds=rng.uniform(0, 1)))
            if rng.random() < 0.35:
                apron = light if rng.random() < 0.7 else other
                skirts.append(_Skirt(apron, waist, low * rng.uniform(0.5, 0.95), flare,
                                     out + 0.018, half=rng.uniform(0.6, 1.2)))  # fmt: skip
                bib = (np.abs(x) < rng.uniform(0.07, 0.12)) & (y < -0.02) & (z > waist)
                dress.wear(torso & bib & (z < 0.45), apron, out + 0.008, 5)
    if rng.random() < (0.25 if woman else 0.06):  # a shawl
        wrap = surface(scene, "cloth", *CLOTHS, scale=4)
        wrapped = (torso | neck | _of(bodies, "upperarm")) & (z > rng.uniform(0.25, 0.42))
        dress.wear(wrapped, wrap, rng.uniform(0.025, 0.04), 10)
    elif rng.random() < 0.45:
        collar = (torso | _of(bodies, "neck")) & (z > 0.555) & (z < rng.uniform(0.59, 0.62))
        dress.wear(collar, light, out + 0.006, 1)
    return skirts


def _pushed_out(rng: Generator, dress: _Dress, rest: np.ndarray) -> np.ndarray:
    """(n, 3) vertices at rest, dressed."""
    bodies = dress.bodies
    vertices = rest
    for round_number in range(int(dress.smooth.max())):
        smoothed = bodies.neighbours @ vertices
        vertices = np.where((dress.smooth > round_number)[:, None], smoothed, vertices)
    normals = mesh(vertices, bodies.triangles, 0, smooth=True).normals
    folds = np.zeros(len(rest))
    for _ in range(5):
        wave = rng.normal(size=3) * rng.uniform(20, 80)
        folds += np.sin(bodies.template @ wave + rng.uniform(0, 6.3))
    out = dress.out * (1 + rng.uniform(0.05, 0.25) * folds * (dress.smooth > 2))
    moved: np.ndarray = vertices + normals * out[:, None]
    return moved.astype(np.float32)


@dataclass(frozen=True)
class _Skirt:
    """Cloth that hangs from the waist about the legs.

    Attributes:
        waist, hem: heights in the template.
        flare: metres by which the hem of a full length is wider.
        out: metres off the legs.
        half: radians to either side of the front that are covered; all without.
        folds: how deep, from 0 to 1.
    """

    material: int
    waist: float
    hem: float
    flare: float
    out: float
    half: float | None = None
    folds: float = 0.3

    def hung(
        self, rng: Generator, bodies: Bodies, posed: np.ndarray, *, sitting: bool
    ) -> Mesh:  # fmt: skip
        """Make the rings, from the convex hulls of slices through the posed legs."""
        z = bodies.template[:, 2]
        near_waist = np.abs(z - self.waist) < 0.03
        belt = posed[_of(bodies, "spine", "pelvis") & near_waist]
        under = posed[_of(bodies, "spine", "pelvis", "upperleg", "lowerleg") & (z < self.waist)]
        legs = z[_of(bodies, "lowerleg", "upperleg")]
        share = (self.waist - self.hem) / (self.waist - legs.min())
        top, floor = float(belt[:, 2].mean()), float(under[:, 2].min())
        heights = np.linspace(top, top + (floor - top) * min(share, 1.0), LEVELS)
        centre = belt[:, :2].mean(0)
        # Where somebody leans, the rings follow the hips.
        hips = under[under[:, 2] > np.quantile(under[:, 2], 0.85), :2].mean(0)
        angles = np.linspace(0, 2 * np.pi, SIDES, endpoint=False)
        ways = np.stack([np.sin(angles), -np.cos(angles)], 1)
        tall = (heights[0] - heights[-1]) / (LEVELS - 1)
        wave = int(rng.integers(4, 11)), rng.uniform(0, 6.3)
        flare = self.flare * share * (0.25 if sitting else 1)
        support = np.zeros(SIDES)
        rings = []
        for level, height in enumerate(heights):
            middle = centre + (hips - centre) * (0 if level == 0 else 1)
            margin = 0.03 if level == 0 else 0.75 * tall
            slab = belt if level == 0 else under[np.abs(under[:, 2] - height) < margin]
            if len(slab):
                seen = ((slab[:, :2] - middle) @ ways.T).max(0)
                support = np.maximum(seen, 0.98 * support if level else seen)
            between = np.cos(angles[:, None] - angles[None])
            reach = np.where(between > 0.2, np.maximum(support, 0.04) / between.clip(0.2), np.inf)
            radius = reach.min(1) + self.out + flare * level / (LEVELS - 1)
            fold = self.folds * 0.12 * level / LEVELS * (0.4 if sitting else 1)
            radius = radius * (1 + fold * np.sin(wave[0] * angles + wave[1]))
            rings.append(np.concatenate(
                [middle + radius[:, None] * ways, np.full((SIDES, 1), height)], 1
            ))  # fmt: skip
        vertices = np.concatenate(rings)
        ring, side = np.meshgrid(np.arange(LEVELS - 1), np.arange(SIDES), indexing="ij")
        if self.half is not None:
            covered = np.abs((angles + np.pi) % (2 * np.pi) - np.pi) < self.half
            ring, side = ring[:, covered], side[:, covered]
        a, b = ring * SIDES + side, ring * SIDES + (side + 1) % SIDES
        faces = np.stack([a, b, b + SIDES, a, b + SIDES, a + SIDES], -1).reshape(-1, 3)
        return mesh(vertices, faces, self.material, smooth=True)


def _hairline(y: np.ndarray) -> np.ndarray:
    """Height above which a head of the template is hairy, from its front (y small) to its back."""
    return np.interp(y, [-0.14, -0.105, -0.065, -0.03, 0.005], [0.815, 0.8, 0.745, 0.69, 0.65])


def _cover_head(
    scene: Scene, dress: _Dress, rest: np.ndarray, hair: int, *, woman: bool, child: bool,
    old: bool,
) -> tuple[float, list[Mesh]]:  # fmt: skip
    """Hair, beard and hat: pushed-out skin, and things of their own that move with the head.

    Returns:
        how much the hat rises above the head, and the things, at rest.
    """
    rng, bodies = scene.rng, dress.bodies
    x, y, z = bodies.template.T
    head = bodies.owner == "head"
    ears = (np.abs(x) > 0.066) & (y < -0.03) & (y > -0.075) & (z < 0.74)
    above = z - _hairline(y)
    scalp = head & (above > 0) & ~ears
    things: list[Mesh] = []
    hatted = rng.random() < (0.42 if not child else 0.35)
    scarf = hatted and rng.random() < (0.4 if woman else 0.06)
    bald = not woman and not child and rng.random() < (0.5 if old else 0.12)
    if bald:
        scalp &= (z < 0.79) & (y > -0.09)
    thick = rng.uniform(0.006, 0.02) if not woman else rng.uniform(0.01, 0.04)
    thick = min(thick, 0.012) if hatted else thick
    dress.wear(scalp, hair, 0.0, 2)
    dress.out = np.where(scalp, thick * (above / 0.03).clip(0.15, 1), dress.out)
    skull = rest[head]
    left, right = skull.min(0), skull.max(0)
    middle_x, wide = float(left[0] + right[0]) / 2, float(right[0] - left[0]) / 2 * 0.9
    back, front = float(right[1]), float(rest[head & (z > 0.79)][:, 1].min())
    middle_y, deep = (front + back) / 2, (back - front) / 2
    brow = float(rest[head & (np.abs(z - EYE_HEIGHT - 0.03) < 0.004) & (y < -0.1)][:, 2].mean())
    top = float(right[2])
    if woman and not scarf:
        if rng.random() < 0.5:
            size = rng.uniform(0.06, 0.13)
            spot = (middle_x, back + 0.2 * size, brow + rng.uniform(-0.05, 0.08))
            things.append(ellipsoid((size, 0.7 * size, 0.8 * size), hair, rings=7).placed(spot))
        elif rng.random() < 0.6:
            long = rng.uniform(0.15, 0.45)
            fall = ellipsoid((2.1 * wide, 0.11, long), hair)
            things.append(fall.placed((middle_x, back - 0.04, brow + 0.02 - 0.4 * long)))
            if rng.random() < 0.5:
                for side in (-1, 1):
                    lock = ellipsoid((0.05, 0.09, 0.8 * long), hair, rings=7)
                    spot = (middle_x + side * wide, middle_y, brow - 0.25 * long)
                    things.append(lock.placed(spot))
        else:
            for side in (-1, 1):
                start = np.array([middle_x + side * wide, middle_y + 0.03, brow - 0.06])
                drop = np.array([0.02 * side, -0.02, -rng.uniform(0.12, 0.3)])
                things.append(limb(start, start + drop, (0.022, 0.014), hair))
    if not woman and not child:
        mouth = 0.661
        jaw = np.interp(y, [-0.16, -0.13, -0.06], [0.652, 0.665, 0.71])
        lips = (np.abs(x) < 0.027) & (np.abs(z - mouth) < 0.012) & (y < -0.13)
        beard = (head | _of(bodies, "neck01")) & (z < jaw) & (z > 0.612) & (y < -0.045) & ~lips
        lip = head & (np.abs(x) < 0.03) & (z > 0.67) & (z < 0.6845) & (y < -0.128)
        if rng.random() < 0.35:
            length = rng.uniform(0.004, 0.03)
            dress.wear(beard, hair, length, 3)
        if rng.random() < 0.45:
            dress.wear(lip, hair, rng.uniform(0.003, 0.009), 0)
    if scarf:
        cloth = surface(scene, "cloth", *CLOTHS, scale=5)
        front_edge = rng.uniform(-0.02, 0.01)
        covered = head & (above > front_edge) | _of(bodies, "neck") & (y > -0.045)
        dress.wear(covered | (head & ears), cloth, rng.uniform(0.012, 0.026), 6)
        if rng.random() < 0.5:
            fall = ellipsoid((2 * wide, 0.1, rng.uniform(0.2, 0.4)), cloth)
            things.append(fall.placed((middle_x, back - 0.02, brow - 0.12)))
        return 0.02, things
    if not hatted:
        return thick, things
    rim = brow + (top - brow) * rng.uniform(0.3, 0.5)
    tilt = rng.normal(-0.08, 0.08)
    radius = (wide + 0.014, max(deep, 1.1 * wide) + 0.016)
    made, rise = _hat(scene, woman=woman)
    high = top + thick + 0.012 - rim
    turned = made.placed(scale=(radius[0], radius[1], high)).placed(tilt=tilt)
    things.append(turned.placed((middle_x, middle_y, rim)))
    return max(0.0, (rise - 1) * high), things


def _hat(scene: Scene, *, woman: bool) -> tuple[Mesh, float]:
    """A hat for a head of radius 1 that reaches 1 above the rim, and its height."""
    rng = scene.rng
    often = [hat.of_women if woman else hat.of_men for hat in HATS]
    hat = pick(rng, HATS, [each / sum(often) for each in often])
    felt = surface(scene, "dark cloth" if rng.random() < 0.6 else "cloth", "plain", "grain",
                   "stripes", scale=5)  # fmt: skip
    if hat.straw:
        felt = surface(scene, pick(rng, ["wood", "white", "wall"]), "grain", "checks", scale=8)
    parts = [lathe(np.array(hat.crown), felt, sides=20)]
    if hat.brim:
        brim = np.array(hat.brim)
        if hat.droops:
            brim[-1] = rng.uniform(1.6, 2.4), rng.uniform(-0.35, 0.15)
        parts.append(lathe(brim, felt, sides=20))
        ribbon = surface(scene, pick(rng, ["dark cloth", "cloth"]), "plain")
        parts.append(lathe(np.array([[1.04, 0.0], [1.02, 0.3]]), ribbon, sides=20))
    if hat.peak:
        peak = ellipsoid((1.5, 1.3, 0.09), felt, rings=7)
        parts.append(peak.placed((0, -0.95, -0.05), tilt=0.25))
    return join(parts), max(height for _, height in hat.crown)


def _in_hands(scene: Scene, kind: str, hands: list[np.ndarray]) -> list[Mesh]:
    """What is carried between the hands or in one of them."""
    rng = scene.rng
    wood = surface(scene, "wood", "grain", "plain", "masonry", scale=3)
    if kind == "carrying":
        return [_load(rng, hands, wood)]
    x, y, z = (float(value) for value in hands[rng.integers(2)])
    hand = np.array([x, y, z])
    chance = rng.random()
    if kind == "working" and chance < 0.7:  # a rake, broom or spade
        end = np.array([x + rng.normal(0, 0.15), y - rng.uniform(0.1, 0.6), 0.02])
        return [limb(end, hand + 0.5 * (hand - end), (0.016, 0.016), wood)]
    if kind not in ("standing", "walking") or chance > 0.25:
        return []
    size = rng.uniform(0.12, 0.3)
    if chance < 0.1 and z > 0.3:  # a stick
        foot = np.array([x + rng.normal(0, 0.04), y - rng.uniform(0, 0.1), 0.0])
        top = hand + [0, 0, rng.uniform(0.02, 0.5)]
        return [limb(foot, top, (0.012, 0.014), wood)]
    if chance < 0.18:  # a pail by its handle
        pail = cylinder(0.4 * size, size, wood, top=1.25)
        handle = limb(np.array([x, y, max(0.05, z - 0.14)]), hand, (0.006, 0.006), wood)
        return [pail.placed((x, y, max(0.0, z - size - 0.12))), handle]
    bag = box((size, 0.4 * size, 0.8 * size), wood)
    return [bag.placed((x, y, max(0.0, z - 0.8 * size - 0.05)))]


def _load(rng: Generator, hands: list[np.ndarray], material: int) -> Mesh:
    """A box or basket between two hands."""
    middle = (hands[0] + hands[1]) / 2 + [0, -0.06, 0]
    apart = abs(float(hands[0][0] - hands[1][0]))
    size = (max(apart - 0.03, 0.1), rng.uniform(0.15, 0.35), rng.uniform(0.08, 0.35))
    if rng.random() < 0.5:
        return box(size, material).placed(tuple(middle - [0, 0.5 * size[1] - 0.06, 0.03]))
    wide = size[0] / 2
    profile = [[1e-3, 0], [0.8 * wide, 0], [wide, 0.18], [0.9 * wide, 0.18], [1e-3, 0.1]]
    basket = lathe(np.array(profile), material)
    return basket.placed(tuple(middle - [0, 0.5 * wide, 0.05]))


def _seat(scene: Scene, height: float) -> Mesh:
    """A stool, chair or crate below who sits."""
    rng = scene.rng
    wood = surface(scene, pick(rng, ["wood", "wood", "dark cloth"]), "grain", "planks", "plain")
    wide = rng.uniform(0.36, 0.5)
    height = max(height, 0.1)
    if rng.random() < 0.3:
        return box((wide, wide, height), wood).placed((0, 0.02, 0))
    parts = [box((wide, wide, 0.04), wood).placed((0, 0.02, height - 0.04))]
    back = rng.uniform(0.3, 0.55) if rng.random() < 0.6 else 0.0
    for side in (-1, 1):
        spot = side * (wide / 2 - 0.02)
        parts.append(box((0.035, 0.035, height - 0.02), wood).placed((spot, 0.04 - wide / 2, 0)))
        parts.append(box((0.035, 0.035, height + back), wood).placed((spot, wide / 2, 0)))
    if back:
        parts.append(box((wide, 0.03, 0.6 * back), wood).placed((0, wide / 2, height + 0.4 * back)))
    return join(parts)
