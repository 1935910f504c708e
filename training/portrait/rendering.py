"""Draws the head enough like a face that a landmarker puts its points where they belong."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from zograscope_server.portrait.head.visibility import seen_triangles, weights_in_triangles

LIGHTS = (((0.35, -0.5, -0.8), 0.75), ((-0.7, -0.2, -0.6), 0.25))
AMBIENT = 0.28


@dataclass(frozen=True)
class View:
    """A mesh turned to a viewer: vertices in pixels, and what is seen at each pixel."""

    vertices: np.ndarray
    seen: np.ndarray


def view(
    vertices: np.ndarray,
    triangles: np.ndarray,
    *,
    yaw: float,
    pitch: float,
    size: int = 640,
) -> View:
    """Turn anny's space (metres, z up) into a picture; yaw and pitch in degrees."""
    middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    x, y, z = (vertices - middle).T
    a, b = np.radians([yaw, pitch])
    x, y = x * np.cos(a) - y * np.sin(a), x * np.sin(a) + y * np.cos(a)
    y, z = y * np.cos(b) - z * np.sin(b), y * np.sin(b) + z * np.cos(b)
    placed = np.stack([x, -z, y], axis=1) * size * 2.6 + [size / 2, size / 2, 0]
    return View(placed, seen_triangles(placed, triangles, (size, size)))


Albedo = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Colours (n, 3), from 0 to 1, at triangles (n,) and weights (n, 3) in them."""


def draw(view: View, triangles: np.ndarray, albedo: Albedo) -> np.ndarray:
    """Return uint8 (size, size, 3), lit by two lamps."""
    vertices = view.vertices
    corners = vertices[triangles]
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], flat)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12
    light = np.full(len(vertices), AMBIENT)
    facing = np.where(normals[:, 2:] > 0, -1.0, 1.0)
    for direction, strength in LIGHTS:
        unit = np.array(direction) / np.linalg.norm(direction)
        light += strength * np.maximum((facing * normals) @ unit, 0)
    rows, columns = np.nonzero(view.seen >= 0)
    chosen = view.seen[rows, columns]
    places = np.stack([columns + 0.5, rows + 0.5], axis=1)
    weights = weights_in_triangles(corners[chosen], places)
    picture = np.full((*view.seen.shape, 3), 0.32)
    lit = np.einsum("nk,nk->n", weights, light[triangles[chosen]])
    picture[rows, columns] = albedo(chosen, weights) * lit[:, None]
    return (picture.clip(0, 1) ** (1 / 1.6) * 255).astype(np.uint8)
