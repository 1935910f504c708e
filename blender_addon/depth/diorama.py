"""A diorama that is in a scene: its objects, found by their marks, and what they know of it."""

from collections.abc import Iterator
from dataclasses import dataclass

import bpy
import numpy as np

from ..pictures import maps_of
from ..scenes import PART_MARK
from .geometry_nodes import relief_modifier
from .relief import Intrinsics, Relief, Settings, build_relief

ROOT_MARK = "zograscope_diorama"
INTRINSICS = "zograscope_intrinsics"
RECTANGLE = "zograscope_rectangle"
DISPARITY = "zograscope_disparity"
STILL = "zograscope_still"
"""On a layer that shows a moving picture: the still one in whose place it is."""
PLATE = "plate"
"""The mark of a part of the photograph that is a layer of its own (see `plates`)."""
HOLES = "zograscope_holes"
"""On the photograph: plates were cut out of its picture, which is clear where they were."""
PROXY = "zograscope_proxy"
"""On the root: the most resolution in viewports, below 1 while a slider is dragged."""
SKETCHED = "zograscope_sketched"
"""On the root: what lies behind is only smeared, and is still to be painted."""
FRONT = "zograscope_front"
"""On the photograph, where it has plates: the disparity that a background must lie behind."""


@dataclass(frozen=True)
class Diorama:
    """The objects of one diorama. They are found by their marks, so the artist may rename them."""

    collection: bpy.types.Collection
    root: bpy.types.Object
    photograph: bpy.types.Object
    background: bpy.types.Object | None
    dome: bpy.types.Object | None
    camera_rig: bpy.types.Object
    camera: bpy.types.Object
    plates: tuple[bpy.types.Object, ...] = ()

    @property
    def layers(self) -> tuple[bpy.types.Object, ...]:
        """Return the photograph as a whole and what was painted behind it."""
        return tuple(layer for layer in (self.photograph, self.background) if layer)

    @property
    def reliefs(self) -> tuple[bpy.types.Object, ...]:
        """Return all that has a relief: the layers, and the plates cut out of the photograph."""
        return (*self.layers, *self.plates)

    @property
    def intrinsics(self) -> Intrinsics:
        """Return the pinhole camera of the photograph."""
        return Intrinsics(**dict(self.root[INTRINSICS]))

    @property
    def is_live(self) -> bool:
        """Whether the relief still follows the artist's settings: it does until it is baked."""
        return relief_modifier(self.photograph) is not None

    def settings(self, resolution: float | None = None) -> Settings:
        """Return the artist's settings, at the render's resolution where none is given."""
        return Settings(
            near=self.root["near"],
            far=self.root["far"],
            cut_threshold=self.root["cut_threshold"],
            smoothing=self.root["smoothing"],
            relief_strength=self.root["relief_strength"],
            resolution=resolution or self.root["render_resolution"],
        )

    def relief(self, layer: bpy.types.Object, resolution: float | None = None) -> Relief:
        """Return a layer's geometry under the present settings, as arrays."""
        behind = layer == self.background
        return build_relief(
            disparity_of(layer),
            self.intrinsics,
            self.settings(resolution),
            tuple(layer[RECTANGLE]),
            in_front=maps_of(front_image(self))[..., 0] if behind else None,
        )


def dioramas(scene: bpy.types.Scene) -> Iterator[Diorama]:
    """Yield the dioramas of a scene."""
    for item in scene.objects:
        if ROOT_MARK in item:
            yield _diorama_of(item)


def find_diorama(item: bpy.types.Object | None) -> Diorama | None:
    """Return the diorama that an object belongs to."""
    while item is not None and ROOT_MARK not in item:
        item = item.parent
    return None if item is None else _diorama_of(item)


def _diorama_of(root: bpy.types.Object) -> Diorama:
    children = root.children_recursive
    parts = {child.get(PART_MARK): child for child in children}
    return Diorama(
        collection=root.users_collection[0],
        root=root,
        photograph=parts["photograph"],
        background=parts.get("background"),
        dome=parts.get("dome"),
        camera_rig=parts["camera rig"],
        camera=parts["camera"],
        plates=tuple(child for child in children if child.get(PART_MARK) == PLATE),
    )


def front_image(diorama: Diorama) -> bpy.types.Image:
    """Return the disparity image that a background must lie behind."""
    return diorama.photograph.get(FRONT) or diorama.photograph[DISPARITY]


def disparity_of(layer: bpy.types.Object) -> np.ndarray:
    """Return the disparity map of a layer, (h, w) with row 0 at the top, as it was painted."""
    return np.ascontiguousarray(maps_of(layer[DISPARITY])[..., 0])
