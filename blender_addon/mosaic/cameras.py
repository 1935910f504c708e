"""Camera journeys in Blender: F-curves on the mosaic's camera, below an empty to grab."""

from collections.abc import Sequence
from dataclasses import replace

import bpy
import numpy as np

from ..animation import curves_of, write_curves
from ..node_wiring import input_path, set_input
from . import journeys
from .builders import Mosaic, read_attribute
from .places import Settings

JOURNEY = "zograscope_journey"
"""On the tiles' object: the kind of the camera's journey, and its length in frames."""

FIRST_FRAME = 1
FRAMES_A_KEY = 6
CLIP_SHARE = 1e-3  # of the overview's distance, where the camera begins to see
CLIP_REACH = 6.0  # times that distance, where it ends


def apply_journey(
    mosaic: Mosaic,
    kind: str,
    frames: int,
    vertices: Sequence[int] = (),
    scene: bpy.types.Scene | None = None,
) -> None:
    """Give the mosaic's camera a journey, in place of the one it had.

    Args:
        mosaic: whose camera moves. Its tiles are visited where they are at the end of a morph; an
            animated morph is seen whole at the beginning.
        kind: "overview", "dive", "clusters" or "visit".
        frames: length, from frame 1.
        vertices: the tiles to visit, or the one to dive to.
        scene: whose picture's aspect is taken; the present one by default.
    """
    clear_journey(mosaic)
    camera, render = mosaic.camera, (scene or bpy.context.scene).render
    lens = journeys.Lens(
        render.resolution_x / render.resolution_y, float(np.tan(camera.data.angle_x / 2))
    )
    settings = settled(mosaic.settings())
    places = mosaic.places(settings)
    bend = settings.bend if settings.shape in ("Cylinder", "Dome") else None
    if kind == "overview":
        stations = journeys.drift(places, lens, bend)
    elif kind == "dive":
        vertex = vertices[0] if len(vertices) else _middle_tile(mosaic)
        stations = journeys.dive(places, vertex, lens, bend)
    elif kind == "clusters":
        clusters = read_attribute(mosaic.tiles.data, "cluster").astype(int)
        stations = journeys.along_clusters(places, clusters, lens, bend)
    else:
        stations = journeys.visit(places, vertices, lens, bend)
    if _morphs(mosaic):
        begun = mosaic.places(replace(settings, morph=0.0))
        stations[0] = journeys.overview(begun, lens, bend)
    journey = journeys.travel(stations, frames, lens)
    keys = np.unique(np.append(np.arange(0, frames, FRAMES_A_KEY), frames - 1))
    for channel, values in (("location", journey.positions), ("rotation_euler", journey.rotations)):
        slopes = np.gradient(values, axis=0) if frames > 1 else np.zeros_like(values)
        setattr(camera, channel, values[0])
        write_curves(camera, channel, keys + FIRST_FRAME, values[keys], slopes[keys])
    mosaic.tiles[JOURNEY] = [kind, str(frames)]
    distance = stations[0].width / (2 * lens.half_angle)
    camera.data.clip_start = distance * CLIP_SHARE
    camera.data.clip_end = distance * CLIP_REACH


def follow_layout(mosaic: Mosaic, scene: bpy.types.Scene) -> None:
    """Let an overview see all of the layout that is shown now: a cloud is wider than its grid."""
    kind, frames = mosaic.tiles.get(JOURNEY, ("", 0))
    if kind == "overview" and curves_of(mosaic.camera):
        apply_journey(mosaic, kind, int(frames), (), scene)


def clear_journey(mosaic: Mosaic) -> None:
    """Take the camera's motion away; the rig and its animation are left as they are."""
    curves = curves_of(mosaic.camera)
    for curve in [curve for curve in curves if curve.data_path in ("location", "rotation_euler")]:
        curves.remove(curve)


def animate_morph(mosaic: Mosaic, start: int, end: int, first: int, last: int) -> None:
    """Morph between two layouts from one frame to another, with keys that can be moved."""
    modifier, tiles = mosaic.modifier, mosaic.tiles
    for name, value in (("From", start), ("To", end)):
        set_input(modifier, name, value)
    path = input_path(modifier, "Morph")
    curves = curves_of(tiles)
    for curve in [curve for curve in curves if curve.data_path == path]:
        curves.remove(curve)
    for frame, morph in ((first, 0.0), (last, 1.0)):
        set_input(modifier, "Morph", morph)
        tiles.keyframe_insert(path, frame=frame)


def settled(settings: Settings) -> Settings:
    """Return the settings as they are when the morph has ended."""
    return replace(settings, morph=1.0)


def _morphs(mosaic: Mosaic) -> bool:
    """Whether the morph is animated."""
    path = input_path(mosaic.modifier, "Morph")
    return any(curve.data_path == path for curve in curves_of(mosaic.tiles))


def _middle_tile(mosaic: Mosaic) -> int:
    """Return the vertex of the tile nearest to the middle of the largest cluster."""
    positions = mosaic.places(settled(mosaic.settings())).positions
    clusters = read_attribute(mosaic.tiles.data, "cluster").astype(int)
    members = np.flatnonzero(clusters == 0)
    if not len(members):
        members = np.arange(len(positions))
    middle = np.median(positions[members], axis=0)
    return int(members[np.argmin(((positions[members] - middle) ** 2).sum(axis=1))])
