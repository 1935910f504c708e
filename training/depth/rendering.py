"""A small ray caster: meshes, lights and a camera in, a picture with exact depth out.

Embree finds what each ray meets; shading (patterns, sun or lamp with shadows, skylight with
occlusion, mirrors, haze) is compiled by numba. World axes: x right, y away, z up; metres.
"""

from dataclasses import dataclass, field

import numba
import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene
from numpy.random import Generator
from scipy import ndimage

from training.depth.chance import pick
from training.depth.patterns import LEVELS, SIZE, bank

FAR = 1e30  # depth where a ray meets nothing
OFFSET = 2e-3  # metres that secondary rays start off their surface, at a metre's distance


@dataclass(frozen=True)
class Mesh:
    """Triangles with a material each.

    Attributes:
        vertices: (n, 3) float32, metres.
        normals: (n, 3) float32 at vertices, used by triangles that are smooth.
        triangles: (m, 3) int32.
        materials: (m,) int32, numbers in `Scene.materials`.
        smooth: (m,) bool.
    """

    vertices: np.ndarray
    normals: np.ndarray
    triangles: np.ndarray
    materials: np.ndarray
    smooth: np.ndarray

    def placed(
        self,
        position: tuple[float, float, float] = (0.0, 0.0, 0.0),
        *,
        turn: float = 0.0,
        tilt: float = 0.0,
        scale: float | tuple[float, float, float] = 1.0,
    ) -> "Mesh":
        """Scale, then tilt about x and turn about z (radians), then move."""
        scales = np.broadcast_to(np.asarray(scale, np.float32), 3)
        a, b, c, d = np.cos(turn), np.sin(turn), np.cos(tilt), np.sin(tilt)
        about_z = np.array([[a, -b, 0], [b, a, 0], [0, 0, 1]])
        about_x = np.array([[1, 0, 0], [0, c, -d], [0, d, c]])
        matrix = (about_z @ about_x).astype(np.float32)
        return Mesh(
            (self.vertices * scales) @ matrix.T + np.asarray(position, np.float32),
            (self.normals / scales) @ matrix.T,
            self.triangles,
            self.materials,
            self.smooth,
        )


def join(meshes: list[Mesh]) -> Mesh:
    """Make one mesh of many."""
    offsets = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes[:-1]])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([mesh.normals for mesh in meshes]),
        np.concatenate([m.triangles + o for m, o in zip(meshes, offsets, strict=True)]),
        np.concatenate([mesh.materials for mesh in meshes]),
        np.concatenate([mesh.smooth for mesh in meshes]),
    )


@dataclass(frozen=True)
class Material:
    """How a surface looks.

    Attributes:
        pattern: number in the bank.
        dark, light: linear RGB in [0, 1] between which the pattern runs.
        scale: tiles of the pattern for each metre.
        stain: how much large blotches vary the brightness.
        mirror: share of the light that is reflected like in water or polish.
        bump: how much the pattern tilts the surface.
        glow: light of its own, for lamps and panes.
    """

    pattern: int
    dark: np.ndarray
    light: np.ndarray
    scale: float = 1.0
    stain: float = 0.2
    mirror: float = 0.0
    bump: float = 0.0
    glow: float = 0.0


@dataclass(frozen=True)
class Light:
    """A sun (direction towards it) or a lamp (place).

    Attributes:
        vector: (3,) unit direction towards a sun, or the place of a lamp.
        colour: (3,) linear RGB; for a lamp, at a metre's distance.
        lamp: which of both.
    """

    vector: np.ndarray
    colour: np.ndarray
    lamp: bool = False


@dataclass(frozen=True)
class Camera:
    """Where the picture is taken from.

    Attributes:
        position: metres.
        yaw: radians to the left of +y; pitch: radians up; roll: radians.
        field_of_view: radians along the longer side.
        size: (height, width) in pixels.
    """

    position: tuple[float, float, float]
    yaw: float
    pitch: float
    roll: float
    field_of_view: float
    size: tuple[int, int] = (288, 384)

    def rays(self) -> tuple[np.ndarray, np.ndarray]:
        """Directions (pixels, 3) of length 1, and their share (pixels,) along the view's axis."""
        height, width = self.size
        step = 2 * np.tan(self.field_of_view / 2) / max(height, width)
        across = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) * step
        up = (height / 2 - np.arange(height, dtype=np.float32) - 0.5) * step
        across, up = np.meshgrid(across, up)
        view = np.stack([across, np.ones_like(across), up], -1).reshape(-1, 3)
        along = 1 / np.linalg.norm(view, axis=1)
        return (view * along[:, None]) @ self.rotation().T, along.astype(np.float32)

    def rotation(self) -> np.ndarray:
        """(3, 3) from the camera's axes (right, ahead, up) to the world's."""
        (cy, cp, cr), (sy, sp, sr) = (
            trig(np.array([self.yaw, self.pitch, self.roll])) for trig in (np.cos, np.sin)
        )
        turn = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
        lift = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
        roll = np.array([[cr, 0, sr], [0, 1, 0], [-sr, 0, cr]])
        return (turn @ lift @ roll).astype(np.float32)


@dataclass
class Scene:
    """What is rendered.

    Attributes:
        zenith, horizon: linear RGB of the sky; a room's own ambient light.
        clouds: how much of the sky they cover.
        haze: share of the light lost for each metre.
    """

    rng: Generator
    meshes: list[Mesh] = field(default_factory=list)
    materials: list[Material] = field(default_factory=list)
    lights: list[Light] = field(default_factory=list)
    zenith: np.ndarray = field(default_factory=lambda: np.array([0.25, 0.4, 0.8]))
    horizon: np.ndarray = field(default_factory=lambda: np.array([0.8, 0.85, 0.9]))
    clouds: float = 0.5
    haze: float = 0.0

    def add(self, *meshes: Mesh) -> None:
        """Put things into the scene."""
        self.meshes.extend(meshes)

    def material(self, material: Material) -> int:
        """Register a material and return its number."""
        self.materials.append(material)
        return len(self.materials) - 1


def render(scene: Scene, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Render a picture with its depth.

    Returns:
        picture (height, width, 3) float32 linear light (unbounded above), and depth
        (height, width) float32 in metres along the view's axis, inf where the sky is.
    """
    world = _World(scene)
    directions, along = camera.rays()
    origins = np.tile(np.asarray(camera.position, np.float32), (len(directions), 1))
    pixel = 2 * np.tan(camera.field_of_view / 2) / max(camera.size)
    light, distance, hits = world.look(origins, directions, pixel)

    mirror = hits.mirror
    shiny = np.flatnonzero((mirror > 0.01) & (distance < FAR))
    if len(shiny):
        normal, incoming = hits.normals[shiny], directions[shiny]
        cosine = -np.sum(normal * incoming, 1)
        reflected = incoming + 2 * cosine[:, None] * normal
        reflected[:, 2] = np.where(normal[:, 2] > 0.9, np.abs(reflected[:, 2]), reflected[:, 2])
        seen, _, _ = world.look(hits.points[shiny] + OFFSET * 5 * normal, reflected, pixel * 4)
        # Schlick's approximation: grazing rays are reflected most.
        share = mirror[shiny] + (1 - mirror[shiny]) * np.clip(1 - cosine, 0, 1) ** 5 * (
            mirror[shiny] > 0.05
        )
        light[shiny] += share[:, None] * (seen - light[shiny])
    clear = np.exp(-scene.haze * np.minimum(distance, 1e5))[:, None]
    fogged = np.where(distance[:, None] < FAR, light * clear + (1 - clear) * scene.horizon, light)
    depth = np.where(distance < FAR, distance * along, np.inf)
    return (
        fogged.reshape(*camera.size, 3).astype(np.float32),
        depth.reshape(camera.size).astype(np.float32),
    )


@dataclass(frozen=True)
class _Hits:
    points: np.ndarray
    normals: np.ndarray
    mirror: np.ndarray


class _World:
    """A scene that rays can be sent into."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.mesh = scene, join(scene.meshes)
        self.embree = EmbreeScene()
        TriangleMesh(
            self.embree,
            np.ascontiguousarray(self.mesh.vertices, np.float32),
            np.ascontiguousarray(self.mesh.triangles, np.int32),
        )
        rng = scene.rng
        self.numbers = np.array([m.pattern for m in scene.materials], np.int64)
        self.values = np.array(
            [
                [m.scale, m.stain, m.mirror, m.bump, m.glow, *m.dark, *m.light, *rng.random(2) * 9,
                 pick(rng, [0.0, np.pi / 2, rng.uniform(0, np.pi)], [0.7, 0.2, 0.1])]
                for m in scene.materials
            ],
            np.float32,
        )  # fmt: skip

    def look(
        self, origins: np.ndarray, directions: np.ndarray, pixel: float
    ) -> tuple[np.ndarray, np.ndarray, _Hits]:
        """Return light (rays, 3), distance (rays,) and what was hit."""
        origins = np.asarray(origins, np.float32)
        directions = np.ascontiguousarray(directions, np.float32)
        hit = self.embree.run(origins, directions, output=True)
        found = hit["primID"] >= 0
        distance = np.where(found, hit["tfar"], np.float32(FAR)).astype(np.float32)
        which = np.flatnonzero(found)
        light = sky(self.scene, directions)
        points, normals = np.zeros_like(origins), np.zeros_like(origins)
        mirror = np.zeros(len(origins), np.float32)
        if len(which):
            shaded = _surface(
                origins[which], directions[which], distance[which], hit["primID"][which],
                hit["u"][which], hit["v"][which], self.mesh.vertices, self.mesh.normals,
                self.mesh.triangles, self.mesh.materials, self.mesh.smooth, self.numbers,
                self.values, *bank(), np.float32(pixel),
            )  # fmt: skip
            points[which], flat, normals[which], albedo, mirror[which], glow = shaded
            lit = self._lit(points[which], flat, normals[which], distance[which])
            light[which] = albedo * lit + albedo * glow[:, None]
        return light, distance, _Hits(points, normals, mirror)

    def _lit(
        self, points: np.ndarray, flat: np.ndarray, normals: np.ndarray, distance: np.ndarray
    ) -> np.ndarray:
        """Light (n, 3) that falls on surfaces: lamps, sun and sky."""
        offset = (OFFSET * (1 + distance))[:, None] * flat
        start = points + offset
        up = 0.5 + 0.5 * normals[:, 2:]
        ambient = up * (0.6 * self.scene.zenith + 0.4 * self.scene.horizon) + (1 - up) * (
            0.35 * self.scene.horizon
        )
        lit = ambient * self._open_share(start, normals)[:, None]
        for lamp in self.scene.lights:
            to = lamp.vector - points if lamp.lamp else np.tile(lamp.vector, (len(points), 1))
            far = np.linalg.norm(to, axis=1)
            to = (to / far[:, None]).astype(np.float32)
            facing = np.sum(to * normals, 1)
            lamp_side = np.flatnonzero((facing > 0) & (np.sum(to * flat, 1) > 0))
            if not len(lamp_side):
                continue
            reach = far[lamp_side] * 0.98 if lamp.lamp else np.full(len(lamp_side), 1e6)
            blocked = self.embree.run(
                start[lamp_side].astype(np.float32), to[lamp_side],
                dists=reach.astype(np.float32), query="OCCLUDED",
            )  # fmt: skip
            strength = facing[lamp_side] * (blocked < 0)
            if lamp.lamp:
                strength = strength / np.maximum(far[lamp_side], 0.3) ** 2
            lit[lamp_side] += strength[:, None] * lamp.colour
        return lit

    def _open_share(self, start: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """How much of the sky each point sees, by one short ray each, to be smoothed later."""
        rng = self.scene.rng
        scatter = rng.normal(size=(len(start), 3)).astype(np.float32)
        scatter /= np.linalg.norm(scatter, axis=1, keepdims=True)
        ray = normals + 0.95 * scatter
        ray /= np.linalg.norm(ray, axis=1, keepdims=True)
        reach = np.full(len(start), 1.5, np.float32)
        blocked = self.embree.run(
            start.astype(np.float32), ray.astype(np.float32), dists=reach, query="OCCLUDED"
        )
        # Interleaved neighbours share what they found: a short average in scan order.
        free = np.where(blocked < 0, 1.0, 0.25)
        return ndimage.uniform_filter1d(free, 9)


def sky(scene: Scene, directions: np.ndarray) -> np.ndarray:
    """Light (rays, 3) of a sky with clouds and the glow around its sun."""
    height = np.clip(directions[:, 2:], 0, 1)
    colour = scene.horizon + (scene.zenith - scene.horizon) * height**0.6
    values, offsets = bank()
    plane = directions[:, :2] / np.maximum(height + 0.08, 0.02) * 0.12
    cells = (np.floor(plane * SIZE).astype(np.int64)) % SIZE
    cover = values[0, offsets[0] + cells[:, 1] * SIZE + cells[:, 0]] / 255.0
    cloud = np.clip((cover - (1 - scene.clouds)) * 3, 0, 1)[:, None] * (height > 0.0)
    colour = colour + cloud * (0.9 * scene.horizon.max() - colour) * 0.8
    for light in scene.lights:
        if not light.lamp:
            glow = np.clip(directions @ light.vector.astype(np.float32), 0, 1) ** 60
            colour = colour + 0.6 * glow[:, None] * light.colour
    return colour.astype(np.float32)


@numba.njit(cache=True, fastmath=True)
def _sample(values, offsets, pattern, u, v, level):  # type: ignore[no-untyped-def]
    size = SIZE >> level
    x, y = u * size - 0.5, v * size - 0.5
    x0, y0 = int(np.floor(x)), int(np.floor(y))
    fx, fy = x - x0, y - y0
    mask, base = size - 1, offsets[level]
    a = values[pattern, base + (y0 & mask) * size + (x0 & mask)]
    b = values[pattern, base + (y0 & mask) * size + ((x0 + 1) & mask)]
    c = values[pattern, base + ((y0 + 1) & mask) * size + (x0 & mask)]
    d = values[pattern, base + ((y0 + 1) & mask) * size + ((x0 + 1) & mask)]
    return ((a * (1 - fx) + b * fx) * (1 - fy) + (c * (1 - fx) + d * fx) * fy) / 255.0


@numba.njit(cache=True, fastmath=True)
def _surface(  # type: ignore[no-untyped-def]
    origins, directions, distance, primitive, bary_u, bary_v, vertices, vertex_normals, triangles,
    materials, smooth, numbers, values, bank_values, bank_offsets, pixel,
):  # fmt: skip
    """Points, flat normals, shading normals, albedo, mirror and glow where rays met triangles."""
    count = len(origins)
    points = np.empty((count, 3), np.float32)
    flat = np.empty((count, 3), np.float32)
    normals = np.empty((count, 3), np.float32)
    albedo = np.empty((count, 3), np.float32)
    mirror = np.empty(count, np.float32)
    glow = np.empty(count, np.float32)
    for i in range(count):
        t = primitive[i]
        i0, i1, i2 = triangles[t]
        points[i] = origins[i] + distance[i] * directions[i]
        edge1, edge2 = vertices[i1] - vertices[i0], vertices[i2] - vertices[i0]
        normal = np.cross(edge1, edge2).astype(np.float64)
        normal /= np.sqrt((normal * normal).sum()) + 1e-20
        if (normal * directions[i]).sum() > 0:
            normal = -normal
        flat[i] = normal
        if smooth[t]:
            u, v = bary_u[i], bary_v[i]
            soft = (
                (1 - u - v) * vertex_normals[i0] + u * vertex_normals[i1] + v * vertex_normals[i2]
            )
            soft /= np.sqrt((soft * soft).sum()) + 1e-20
            if (soft * normal).sum() < 0:
                soft = -soft
            normal = soft
        m = materials[t]
        value = values[m]
        # The pattern lies in the plane that the surface faces most.
        ax, ay, az = abs(flat[i, 0]), abs(flat[i, 1]), abs(flat[i, 2])
        if az >= ax and az >= ay:
            a, b = points[i, 0], points[i, 1]
        elif ax >= ay:
            a, b = points[i, 1], points[i, 2]
        else:
            a, b = points[i, 0], points[i, 2]
        cosine, sine = np.cos(value[13]), np.sin(value[13])
        u = (cosine * a - sine * b) * value[0] + value[11]
        v = -(sine * a + cosine * b) * value[0] + value[12]
        slant = max(abs((flat[i] * directions[i]).sum()), 0.2)
        footprint = distance[i] * pixel * value[0] * SIZE / np.sqrt(slant)
        level = min(max(int(np.log2(max(footprint, 1e-6)) + 0.5), 0), LEVELS - 1)
        tone = _sample(bank_values, bank_offsets, numbers[m], u, v, level)
        if value[3] > 0:
            step = float(1 << level) / SIZE
            along_u = _sample(bank_values, bank_offsets, numbers[m], u + step, v, level) - tone
            along_v = _sample(bank_values, bank_offsets, numbers[m], u, v + step, level) - tone
            tilted = normal.copy()
            if az >= ax and az >= ay:
                tilted[0] -= value[3] * along_u
                tilted[1] += value[3] * along_v
            elif ax >= ay:
                tilted[1] -= value[3] * along_u
                tilted[2] += value[3] * along_v
            else:
                tilted[0] -= value[3] * along_u
                tilted[2] += value[3] * along_v
            normal = tilted / (np.sqrt((tilted * tilted).sum()) + 1e-20)
        normals[i] = normal
        blotch = _sample(bank_values, bank_offsets, 0, u * 0.13, v * 0.13, min(level, 4))
        shade = 1.0 + value[1] * (blotch - 0.5) * 2
        for c in range(3):
            albedo[i, c] = max((value[5 + c] + tone * (value[8 + c] - value[5 + c])) * shade, 0.0)
        mirror[i] = value[2]
        glow[i] = value[4]
    return points, flat, normals, albedo, mirror, glow
