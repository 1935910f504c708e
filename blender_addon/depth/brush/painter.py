"""Painting on a diorama's depth, one stroke after the other, live on its relief."""

import bpy
import numpy as np

from ...scenes import push_undo
from ..diorama import Diorama, disparity_of
from ..pointing import Pointer, to_world
from . import edits
from .strokes import (
    OPPOSITES,
    Brush,
    EditedDepth,
    Stroke,
    circle_on_relief,
    disparity_at,
)


class Painter(Pointer):
    """Turns rays from the mouse into strokes on a diorama."""

    def __init__(self, diorama: Diorama) -> None:
        """Paint on a diorama that is live."""
        super().__init__(diorama)
        self._stroke: Stroke | None = None
        self._depth: EditedDepth | None = None
        self._shown: np.ndarray | None = None
        self._read_at = -1

    @property
    def painting(self) -> bool:
        """Whether a stroke has begun and not ended."""
        return self._stroke is not None

    def begin(
        self, settings: bpy.types.PropertyGroup, *, inverted: bool = False, smooths: bool = False
    ) -> bool:
        """Begin a stroke where the brush is; False where that is beside the picture.

        Args:
            settings: `DepthBrushSettings` of the scene.
            inverted: whether nearer is farther.
            smooths: whether to smooth, whatever the tool.
        """
        diorama = self.diorama
        if diorama is None or self.at is None:
            return False
        tool = "smooth" if smooths else settings.tool
        if inverted:
            tool = OPPOSITES.get(tool, tool)
        brush = Brush(
            tool=tool,
            radius=radius_in_pixels(diorama, settings),
            strength=settings.strength,
            value=settings.picked,
            on_surface=settings.on_surface,
        )
        self._depth = edits.edited_depth(diorama)
        self._shown, self._read_at = self._depth.disparity, edits.generation()
        self._stroke = Stroke(self._depth, brush, _size(diorama), self.at)
        return True

    def drag(self, pressure: float = 1.0, *, live: bool = True) -> None:
        """Paint on to where the brush is, and show it at once unless more is known to follow."""
        if self._stroke is not None and self.at is not None:
            changed = self._stroke.move(self.at, pressure)
            if live and changed is not None:
                self._show()

    def end(self) -> None:
        """Keep the stroke, as one step for undo."""
        diorama, depth, self._stroke = self.diorama, self._depth, None
        if diorama is not None and depth is not None:
            edits.keep(diorama, depth)
            push_undo("Depth Brush")

    def abandon(self) -> None:
        """Take the stroke back that has not ended."""
        self._stroke, self._read_at, diorama = None, -1, self.diorama
        if diorama is not None:
            self._depth = edits.edited_depth(diorama)
            edits.show(diorama, self._depth)

    def pick(self, settings: bpy.types.PropertyGroup) -> None:
        """Note the depth under the brush, for "put"."""
        diorama = self.diorama
        if diorama is not None and self.at is not None:
            settings.picked = disparity_at(self._disparity(diorama), _size(diorama), self.at)

    def circle(self, settings: bpy.types.PropertyGroup) -> np.ndarray | None:
        """Return the brush's rim on the relief, (points, 3) in world space, or None."""
        diorama = self.diorama
        if diorama is None or self.at is None:
            return None
        rim = circle_on_relief(
            self._disparity(diorama),
            diorama.intrinsics,
            diorama.settings(),
            self.at,
            radius_in_pixels(diorama, settings),
        )
        return to_world(diorama, rim)

    def _show(self) -> None:
        diorama = self.diorama
        if diorama is not None and self._depth is not None:
            edits.show(diorama, self._depth, draft=True)

    def _disparity(self, diorama: Diorama) -> np.ndarray:
        """Return what the relief shows; read once, and again after an undo."""
        if self._shown is None or self._read_at != edits.generation():
            self._shown, self._read_at = disparity_of(diorama.photograph), edits.generation()
        return self._shown


def radius_in_pixels(diorama: Diorama, settings: bpy.types.PropertyGroup) -> float:
    """Return the brush's radius in pixels of the photograph."""
    return settings.radius / 100 * max(_size(diorama))


def _size(diorama: Diorama) -> tuple[int, int]:
    return diorama.intrinsics.width, diorama.intrinsics.height
