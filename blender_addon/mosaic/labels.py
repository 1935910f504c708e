"""The clusters' names, written amid their tiles."""

import bpy
import numpy as np

from ..meshes import unit_plane
from ..scenes import PART_MARK, add_part
from . import materials
from .builders import Mosaic, read_attribute
from .places import Places

LABEL_SIZE = 0.02  # of the mosaic's width
LABEL_OFFSET = 0.3  # tiles in front of the pictures
LABEL_COLOUR = (0.9, 0.88, 0.82, 1.0)
CARD_COLOUR = (0.012, 0.012, 0.016, 1.0)


def add_labels(mosaic: Mosaic) -> list[bpy.types.Object]:
    """Write each cluster's label amid its tiles as they lie now, in place of earlier labels."""
    _remove_labels(mosaic)
    if "cluster" not in mosaic.tiles.data.attributes:
        return []
    places, settings = mosaic.places(), mosaic.settings()
    clusters = read_attribute(mosaic.tiles.data, "cluster").astype(int)
    size = LABEL_SIZE * float(np.ptp(places.positions, axis=0).max() or 1.0)
    labels: dict[bpy.types.Object, np.ndarray] = {}
    for number, label in enumerate(mosaic.clusters):
        members = np.flatnonzero(clusters == number)
        if not len(members) or not label:
            continue
        text = bpy.data.curves.new(label, "FONT")
        text.body, text.size = label, size
        text.align_x, text.align_y = "CENTER", "CENTER"
        text.materials.append(_plain("Zograscope label", LABEL_COLOUR))
        labels[add_part(label, text, "label", mosaic.tiles, mosaic.collection)] = members
    bpy.context.view_layer.update()  # which tells how large the words are
    cards = []
    for item in labels:
        width, height, _ = item.dimensions
        cards.append((width + size, max(height, size) + 0.6 * size))
    amid = _apart(places, list(labels.values()), np.array(cards).reshape(-1, 2))
    for item, vertex, (width, height) in zip(labels, amid, cards, strict=True):
        offset = places.normals[vertex] * LABEL_OFFSET * settings.spacing
        item.location = places.positions[vertex] + offset
        tilt, turn = places.rotations[vertex]
        item.rotation_euler = (tilt, 0.0, turn)
        card = add_part(
            f"{item.name} card", unit_plane(f"{item.name} card"), "card", item, mosaic.collection
        )
        card.data.materials.append(_plain("Zograscope label card", CARD_COLOUR))
        card.scale = (width, height, 1.0)
        card.location = (0.0, 0.0, -LABEL_OFFSET * settings.spacing / 3)
    return list(labels)


def _apart(places: Places, groups: list[np.ndarray], cards: np.ndarray) -> list[int]:
    """Return a tile of each group, near its middle, so that cards (n, 2) there do not overlap."""
    taken: list[int] = []
    rights = np.cross(places.ups, places.normals)
    for members, card in zip(groups, cards, strict=True):
        positions = places.positions[members]
        away = np.linalg.norm(positions - np.median(positions, axis=0), axis=1)
        free = np.ones(len(members), bool)
        for vertex, other in zip(taken, cards, strict=False):
            between = positions - places.positions[vertex]
            least = (card + other) / 2
            across = np.abs((between * rights[members]).sum(axis=1)) < least[0]
            along = np.abs((between * places.ups[members]).sum(axis=1)) < least[1]
            free &= ~(across & along & (np.linalg.norm(between, axis=1) < least.sum()))
        if free.any():
            away[~free] = np.inf
        taken.append(int(members[away.argmin()]))
    return taken


def _remove_labels(mosaic: Mosaic) -> None:
    labels = [item for item in mosaic.tiles.children if item.get(PART_MARK) == "label"]
    for item in labels:
        for card in item.children:
            bpy.data.meshes.remove(card.data)  # and the object with it
        bpy.data.curves.remove(item.data)


def _plain(name: str, colour: tuple[float, float, float, float]) -> bpy.types.Material:
    return bpy.data.materials.get(name) or materials.plain_material(name, colour)
