"""Where the tiles of a mosaic are: the mathematics of the node group "Zograscope mosaic".

Pure numpy. The node group computes the same in Blender, and a test holds the two against each
other; here it serves camera journeys and picking. A layout lies in a plane, x to the right and y
up, one unit from tile to tile. Its third column is a tile's offset towards the viewer, in tiles.
"""

from dataclasses import dataclass

import numpy as np

SHAPES = ("Wall", "Floor", "Cylinder", "Dome")
LEAST_BEND = 0.1  # degrees; less than that is a wall
LEAST_SIZE = 0.05  # of a tile at the poles of a dome


@dataclass(frozen=True)
class Settings:
    """The artist's settings; the node group's inputs have the same names.

    Attributes:
        start, end: numbers of the layouts to morph between.
        morph: 0 shows the start, 1 the end.
        stagger: 0 moves all tiles together, 1 one after the other.
        spacing: scene units from tile to tile.
        tile_size: of a cell, 1 touches its neighbours.
        fill: whether pictures are cropped to squares that fill their cells.
        height: how far the tile with the largest value of the height attribute stands out.
        lift: how far tiles that match a search stand out.
        dim: brightness of tiles that do not match; 1 leaves them as they are.
        shape: one of SHAPES.
        bend: degrees that the mosaic's width spans on a cylinder or dome.
    """

    start: int = 0
    end: int = 0
    morph: float = 0.0
    stagger: float = 0.0
    spacing: float = 1.0
    tile_size: float = 0.94
    fill: bool = False
    height: float = 0.0
    lift: float = 0.0
    dim: float = 1.0
    shape: str = "Wall"
    bend: float = 120.0


@dataclass(frozen=True)
class Places:
    """Tiles in the space of the mosaic's object.

    Attributes:
        positions: (n, 3), the centres.
        rotations: (n, 2), radians about the object's x and then its z axis; at 0 a tile lies on
            the floor and is read from above.
        sizes: (n, 2) widths and heights.
    """

    positions: np.ndarray
    rotations: np.ndarray
    sizes: np.ndarray

    @property
    def normals(self) -> np.ndarray:
        """Unit vectors (n, 3) towards the viewer."""
        tilt, turn = self.rotations.T
        return np.stack(
            [np.sin(tilt) * np.sin(turn), -np.sin(tilt) * np.cos(turn), np.cos(tilt)], axis=1
        )

    @property
    def ups(self) -> np.ndarray:
        """Unit vectors (n, 3) along the tiles' left and right edges."""
        tilt, turn = self.rotations.T
        return np.stack(
            [-np.cos(tilt) * np.sin(turn), np.cos(tilt) * np.cos(turn), np.sin(tilt)], axis=1
        )

    @property
    def corners(self) -> np.ndarray:
        """Return the tiles' corners (n, 4, 3)."""
        halves = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) / 2
        x, y = np.moveaxis(self.sizes[:, None] * halves, 2, 0)[..., None]
        rights = np.cross(self.ups, self.normals)
        return self.positions[:, None] + x * rights[:, None] + y * self.ups[:, None]


def place_tiles(
    start: np.ndarray,
    end: np.ndarray,
    extents: np.ndarray,
    settings: Settings,
    values: np.ndarray | None = None,
    matches: np.ndarray | None = None,
) -> Places:
    """Return where the tiles are.

    Args:
        start, end: (n, 3) layouts to morph between.
        extents: (n, 2) how much of its cell a picture takes, at most 1.
        settings: the artist's.
        values: (n,) of the height attribute.
        matches: (n,) 0 to 1, how well tiles match a search.
    """
    flat = morphed(start, end, settings)
    out = flat[:, 2] + settings.lift * (np.zeros(len(flat)) if matches is None else matches)
    if values is not None:
        out = out + settings.height * (values - values.min()) / max(float(np.ptp(values)), 1e-6)
    x, y, out = flat[:, 0] * settings.spacing, flat[:, 1] * settings.spacing, out * settings.spacing
    radius = np.ptp(x) / np.radians(max(settings.bend, LEAST_BEND))
    positions, rotations = _on_shape(x, y, out, max(float(radius), 1e-6), settings.shape)
    scale = np.full(len(flat), settings.spacing * settings.tile_size)
    if settings.shape == "Dome":
        scale *= np.maximum(np.cos(y / max(float(radius), 1e-6)), LEAST_SIZE)
    shares = np.ones_like(extents) if settings.fill else extents
    return Places(positions, rotations, shares * scale[:, None])


def morphed(start: np.ndarray, end: np.ndarray, settings: Settings) -> np.ndarray:
    """Return the layout (n, 3) between two; with stagger, each tile has its own moment."""
    late = np.arange(len(start)) / max(len(start) - 1, 1) * settings.stagger
    moment = np.clip(settings.morph * (1 + settings.stagger) - late, 0, 1)
    moment = (moment * moment * (3 - 2 * moment))[:, None]
    return start + (end - start) * moment


def _on_shape(
    x: np.ndarray, y: np.ndarray, out: np.ndarray, radius: float, shape: str
) -> tuple[np.ndarray, np.ndarray]:
    """Put flat tiles on a shape whose middle is the origin; return positions and rotations."""
    none = np.zeros_like(x)
    upright = np.full_like(x, np.pi / 2)
    if shape == "Floor":
        return np.stack([x, y, out], axis=1), np.stack([none, none], axis=1)
    if shape == "Wall":
        return np.stack([x, -out, y], axis=1), np.stack([upright, none], axis=1)
    turn, near = x / radius, radius - out
    if shape == "Cylinder":
        around = [near * np.sin(turn), near * np.cos(turn) - radius, y]
        return np.stack(around, axis=1), np.stack([upright, -turn], axis=1)
    tilt = y / radius
    around = [
        near * np.sin(turn) * np.cos(tilt),
        near * np.cos(turn) * np.cos(tilt) - radius,
        near * np.sin(tilt),
    ]
    return np.stack(around, axis=1), np.stack([upright + tilt, -turn], axis=1)
