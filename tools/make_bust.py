"""Draws a marble head on a rod: a portrait of nobody, made of the free head's CC0 data."""

import argparse
from pathlib import Path

import cv2
import numpy as np
from zograscope_server.portrait.head.model import EYE_LEFT, EYE_RIGHT, SKIN, HeadModel
from zograscope_server.portrait.mesh.rasterizer import FAR, Window, draw_places

TURN, NOD = -16.0, 2.0  # degrees, so that one side lies in shade
HEIGHT, TOP = 0.78, 0.08  # of the picture: the head's, and of what is above it
ROD = (0.46, 0.54, 0.82)  # of the picture: its left, right and top
MARBLE, WALL, IRON = (0.95, 0.92, 0.86), (0.22, 0.24, 0.27), (0.10, 0.10, 0.11)
LIGHT = (-0.55, -0.60, -0.58)  # where it comes from
FINER = 2  # times larger, then made smaller: edges are soft


def draw_bust(side: int) -> np.ndarray:
    """Draw it, uint8 (side, side, 3), red first."""
    head, large = HeadModel.load(), FINER * side
    seen = head.triangles[np.isin(head.parts, (SKIN, EYE_LEFT, EYE_RIGHT))]
    vertices = _turned(head.template)
    shade = np.clip(0.5 + 0.5 * _normals(vertices, seen) @ _unit(LIGHT), 0.0, 1.0)[:, None]
    colours = 0.05 + 0.95 * shade**1.6 * MARBLE
    eyes = np.unique(head.triangles[np.isin(head.parts, (EYE_LEFT, EYE_RIGHT))])
    colours[eyes] = head.colours[eyes] / 255.0 * (0.2 + 0.8 * shade[eyes])

    least, most = vertices[:, :2].min(axis=0), vertices[:, :2].max(axis=0)
    scale = HEIGHT * large / (most[1] - least[1])
    vertices = vertices * scale
    vertices[:, 0] += 0.5 * large - scale * 0.5 * (least[0] + most[0])
    vertices[:, 1] += TOP * large - scale * least[1]
    bust, depth = draw_places(
        vertices.astype(np.float32), seen, colours.astype(np.float32), Window(0, 0, large, large)
    )
    picture = np.where((depth < FAR)[..., None], bust, _room(large))
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    return (np.clip(small, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def _turned(vertices: np.ndarray) -> np.ndarray:
    from scipy.spatial.transform import Rotation

    return vertices @ Rotation.from_euler("yx", (TURN, NOD), degrees=True).as_matrix().T


def _normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Of each vertex (n, 3), away from the head."""
    corners = vertices[triangles]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], across)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    outwards = (normals * (vertices - vertices.mean(axis=0))).sum() > 0.0
    return normals if outwards else -normals


def _unit(vector: tuple[float, float, float]) -> np.ndarray:
    return np.array(vector) / np.linalg.norm(vector)


def _room(side: int) -> np.ndarray:
    """A wall that is lighter on the left, and the rod before it."""
    rows, columns = np.mgrid[0:side, 0:side] / side
    room = (1.25 - 0.5 * columns - 0.25 * rows)[..., None] * np.array(WALL)
    left, right, top = (round(share * side) for share in ROD)
    room[top:, left:right] = IRON * (1.6 - columns[top:, left:right, None])
    return room


def main() -> None:
    """Draw one into a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--side", type=int, default=512, help="of the square, in pixels")
    arguments = parser.parse_args()
    cv2.imwrite(str(arguments.file), draw_bust(arguments.side)[..., ::-1])


if __name__ == "__main__":
    main()
