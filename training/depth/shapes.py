"""Primitive meshes that everything else is put together from."""

import numpy as np

from training.depth.rendering import Mesh

_CORNERS = np.array([[x, y, z] for z in (0, 1) for y in (-0.5, 0.5) for x in (-0.5, 0.5)])
_FACES = np.array(
    [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
)


def mesh(vertices: np.ndarray, triangles: np.ndarray, material: int, *, smooth: bool) -> Mesh:
    """Make a mesh of one material, with averaged normals where it is smooth."""
    vertices = np.asarray(vertices, np.float32)
    triangles = np.asarray(triangles, np.int32)
    normals = np.zeros_like(vertices)
    if smooth:
        a, b, c = (vertices[triangles[:, i]] for i in range(3))
        face = np.cross(b - a, c - a)
        for corner in range(3):
            np.add.at(normals, triangles[:, corner], face)
        normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12
    count = len(triangles)
    return Mesh(
        vertices, normals, triangles, np.full(count, material, np.int32), np.full(count, smooth)
    )


def box(size: tuple[float, float, float], material: int) -> Mesh:
    """A box that stands on z = 0, its middle above the origin."""
    triangles = np.concatenate([_FACES[:, [0, 1, 2]], _FACES[:, [0, 2, 3]]])
    return mesh(_CORNERS * np.asarray(size), triangles, material, smooth=False)


def quad(corners: np.ndarray, material: int) -> Mesh:
    """A flat piece with four (4, 3) corners in turn."""
    return mesh(corners, np.array([[0, 1, 2], [0, 2, 3]]), material, smooth=False)


def prism(width: float, depth: float, height: float, material: int) -> Mesh:
    """A gable roof: the ridge runs along x."""
    w, d = width / 2, depth / 2
    corners = [[-w, -d, 0], [w, -d, 0], [w, d, 0], [-w, d, 0], [-w, 0, height], [w, 0, height]]
    faces = [[0, 1, 5], [0, 5, 4], [2, 3, 4], [2, 4, 5], [3, 0, 4], [1, 2, 5]]
    return mesh(np.array(corners), np.array(faces), material, smooth=False)


def lathe(profile: np.ndarray, material: int, *, sides: int = 14, smooth: bool = True) -> Mesh:
    """Turn a (points, 2) profile of radius and height about the z axis."""
    angles = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    radius, height = profile[:, :1], profile[:, 1:]
    vertices = np.stack(
        [radius * np.cos(angles), radius * np.sin(angles), np.repeat(height, sides, 1)], -1
    ).reshape(-1, 3)
    ring, side = np.meshgrid(np.arange(len(profile) - 1), np.arange(sides), indexing="ij")
    a, b = ring * sides + side, ring * sides + (side + 1) % sides
    faces = np.stack([a, b, b + sides, a, b + sides, a + sides], -1).reshape(-1, 3)
    return mesh(vertices, faces, material, smooth=smooth)


def cylinder(radius: float, height: float, material: int, *, top: float = 1.0) -> Mesh:
    """A closed cylinder on z = 0, its top `top` times as wide."""
    profile = [[1e-4, 0], [radius, 0], [radius, 1e-4], [radius * top, height], [1e-4, height]]
    return lathe(np.array(profile), material, smooth=False, sides=16)


def ellipsoid(size: tuple[float, float, float], material: int, *, rings: int = 9) -> Mesh:
    """An ellipsoid of these diameters about the origin."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, rings)
    profile = np.stack([np.maximum(np.cos(angle), 1e-3), np.sin(angle)], 1) * 0.5
    return lathe(profile, material).placed(scale=size)


def limb(start: np.ndarray, end: np.ndarray, radii: tuple[float, float], material: int) -> Mesh:
    """A rounded bone from start to end, (3,) each."""
    along = np.asarray(end, float) - start
    length = float(np.linalg.norm(along)) + 1e-6
    along = along / length
    side = np.cross(along, [0.31, 0.87, 0.39])
    side /= np.linalg.norm(side)
    frame = np.stack([side, np.cross(along, side), along], 1).astype(np.float32)
    a, b = radii
    profile = np.array(
        [[1e-4, -a], [0.7 * a, -0.7 * a], [a, 0], [b, length], [0.7 * b, length + 0.7 * b],
         [1e-4, length + b]]
    )  # fmt: skip
    shape = lathe(profile, material, sides=9)
    return Mesh(
        shape.vertices @ frame.T + np.asarray(start, np.float32),
        shape.normals @ frame.T,
        shape.triangles,
        shape.materials,
        shape.smooth,
    )


def heightfield(
    heights: np.ndarray, x: np.ndarray, y: np.ndarray, material: int, *, smooth: bool = True
) -> Mesh:
    """A surface over the grid of x (columns,) and y (rows,) with (rows, columns) heights."""
    rows, columns = heights.shape
    grid_x, grid_y = np.meshgrid(x, y)
    vertices = np.stack([grid_x, grid_y, heights], -1).reshape(-1, 3)
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    faces = np.stack([a, b, c, a, c, d], -1).reshape(-1, 3)
    return mesh(vertices, faces, material, smooth=smooth)


def scattered_leaves(
    centres: np.ndarray, size: float, material: int, rng: np.random.Generator, slim: float = 1.0
) -> Mesh:
    """One randomly turned leaf of two triangles at each of (n, 3) centres."""
    count = len(centres)
    a = rng.normal(size=(count, 3))
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    b = np.cross(a, rng.normal(size=(count, 3)))
    b /= np.linalg.norm(b, axis=1, keepdims=True) + 1e-9
    a *= size * rng.uniform(0.6, 1.4, (count, 1))
    b *= size * slim * rng.uniform(0.3, 0.8, (count, 1))
    corners = np.stack([centres - a, centres + b, centres + a, centres - b], 1).reshape(-1, 3)
    first = np.arange(count)[:, None] * 4
    faces = np.concatenate([first + [0, 1, 2], first + [0, 2, 3]])
    return mesh(corners, faces, material, smooth=False)


def blades(
    feet: np.ndarray, height: float, width: float, material: int, rng: np.random.Generator
) -> Mesh:
    """Blades of grass or reed: one leaning triangle on each of (n, 3) feet."""
    count = len(feet)
    turn = rng.uniform(0, 2 * np.pi, count)
    side = np.stack([np.cos(turn), np.sin(turn), np.zeros(count)], 1) * width / 2
    lean = rng.normal(0, 0.3, (count, 3))
    lean[:, 2] = 1
    tips = feet + lean * (height * rng.uniform(0.4, 1.2, (count, 1)))
    corners = np.stack([feet - side, feet + side, tips], 1).reshape(-1, 3)
    return mesh(corners, np.arange(3 * count).reshape(-1, 3), material, smooth=False)
