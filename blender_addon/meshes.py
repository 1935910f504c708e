"""Meshes made of arrays."""

import bpy
import numpy as np


def mesh_of_faces(
    name: str,
    vertices: np.ndarray,
    faces: np.ndarray,
    uv: np.ndarray,
    projection: np.ndarray | None = None,
) -> bpy.types.Mesh:
    """Make a mesh of faces with equally many corners, such as triangles or quads.

    Args:
        name: of the mesh.
        vertices: float32 (n, 3).
        faces: int32 (m, 3) or (m, 4).
        uv: float32 (n, 2).
        projection: float32 (n, 3), an attribute of that name.
    """
    mesh = bpy.data.meshes.new(name)
    mesh.vertices.add(len(vertices))
    mesh.loops.add(faces.size)
    mesh.polygons.add(len(faces))
    mesh.attributes.new("UVMap", "FLOAT2", "CORNER")
    attributes = [
        # Attributes are copied as blocks; `vertices` and `loops` would go element by element.
        ("position", "vector", vertices),
        (".corner_vert", "value", faces),
        ("UVMap", "vector", uv[faces.ravel()]),
    ]
    if projection is not None:
        mesh.attributes.new("projection", "FLOAT_VECTOR", "POINT")
        attributes.append(("projection", "vector", projection))
    for attribute, field, values in attributes:
        mesh.attributes[attribute].data.foreach_set(field, values.ravel())
    mesh.polygons.foreach_set(
        "loop_start", np.arange(0, faces.size, faces.shape[1], dtype=np.int32)
    )
    mesh.update(calc_edges=True)
    return mesh


def unit_plane(name: str) -> bpy.types.Mesh:
    """Make a plane of side 1 about the origin, which lies on the floor and faces up."""
    uv = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
    vertices = np.pad(uv - 0.5, ((0, 0), (0, 1)))
    return mesh_of_faces(name, vertices, np.arange(4, dtype=np.int32).reshape(1, 4), uv)


def sphere(name: str, radius: float, columns: int = 96, rows: int = 48) -> bpy.types.Mesh:
    """Make a sphere seen from inside, whose UV map unrolls it: -z in the middle, +y at the top."""
    across, up = np.meshgrid(np.linspace(0, 1, columns + 1), np.linspace(0, 1, rows + 1))
    longitude, latitude = (across - 0.5) * 2 * np.pi, (up - 0.5) * np.pi
    directions = [
        np.sin(longitude) * np.cos(latitude),
        np.sin(latitude),
        -np.cos(longitude) * np.cos(latitude),
    ]
    vertices = np.stack(directions, axis=-1).reshape(-1, 3) * radius
    index = np.arange(vertices.shape[0], dtype=np.int32).reshape(rows + 1, columns + 1)
    faces = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], axis=-1)
    uv = np.stack([across, up], axis=-1).reshape(-1, 2)
    return mesh_of_faces(
        name, vertices.astype(np.float32), faces.reshape(-1, 4), uv.astype(np.float32)
    )
