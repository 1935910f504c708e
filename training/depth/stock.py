"""A stock of things that others have modelled: the free furniture libraries of Sweet Home 3D.

Debian's package `sweethome3d-furniture` has some 700 pieces of furniture, vehicles, tools, vessels,
plants and animals, each CC0 or CC BY 3.0. Their shapes and the colours of their parts are read once
into one file. As in `props`, each stands on z = 0 and faces -y.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from training.depth.banks import kept
from training.depth.rendering import Mesh, Scene
from training.depth.surfaces import painted, surface

LIBRARIES = Path("/usr/share/sweethome3d/furniture")  # where Debian lays them
BANK = Path(__file__).parents[2] / "out" / "training" / "stock.npz"
LEFT_OUT = {"Doors and windows", "Characters"}  # what is fitted to walls; people are of `bodies`
MOST_TRIANGLES = 60_000  # finer pieces cost more than they show
CLEAR = 0.5  # opacity below which a part is glass, and left out
SMALL = 0.5  # metres: what is no longer stands on tables and shelves
HUNG = 0.3  # metres above the floor, from which a piece is hung and not stood
REPAINTED = 0.35  # share of parts that get any colour and pattern
FINE = 127  # length of kept normals

# What larger pieces are, by their names; "furniture" is the rest.
NAMES = {
    "vehicle": r"sedan|beetle|leon|peugeot|scenic|focus|truck|\bbus\b|suv|chevrolet|\bvan\b"
    r"|smart car",
    "cycle": r"motorbike|yamaha|scooter|bike|bicycle|tricycle|wheelchair|stroller|wheelbarrow|mower"
    r"|fork lift|rowboat|biplane",
    "animal": r"horse|deer|bulldog|\bcat\b|siamese|\bdog\b|teddy|snowman|doll",
    "plant": r"plant|bamboo|cactus|orchid|tulip|yucca|spathi|ficus|bonsai|flowers|lily|christmas",
    "lamp": r"lamp|lantern",
    "seat": r"chair|stool|bench|seat",
    "table": r"table(?! fan)|desk",
}  # fmt: skip


@dataclass(frozen=True)
class Stock:
    """Pieces one after the other: of piece i the rows from starts[i] to starts[i + 1].

    Attributes:
        names: (pieces,) as their libraries call them.
        kinds: (pieces,) a key of `NAMES`, "furniture", "small" or "hung".
        tops: (pieces,) height on which things are laid, in metres; 0 where none are.
        vertex_starts, triangle_starts, part_starts: (pieces + 1,).
        vertices: (n, 3) float32, metres.
        normals: (n, 3) int8, of length `FINE`.
        triangles: (m, 3) int32, numbers of the piece's vertices.
        parts: (m,) int16, numbers of the piece's parts.
        colours: (parts, 3) float32 sRGB in [0, 1].
    """

    names: np.ndarray
    kinds: np.ndarray
    tops: np.ndarray
    vertex_starts: np.ndarray
    triangle_starts: np.ndarray
    part_starts: np.ndarray
    vertices: np.ndarray
    normals: np.ndarray
    triangles: np.ndarray
    parts: np.ndarray
    colours: np.ndarray

    def pick(self, rng: Generator, *kinds: str) -> int:
        """Number of any piece of these kinds."""
        return int(rng.choice(np.flatnonzero(np.isin(self.kinds, kinds))))

    def one_of(self, scene: Scene, *kinds: str) -> Mesh:
        """Any piece of these kinds, see `made`."""
        return self.made(scene, self.pick(scene.rng, *kinds))

    def made(self, scene: Scene, piece: int) -> Mesh:
        """The piece, its parts in about their own colours or, some of them, in any."""
        rng = scene.rng
        tint = rng.uniform(0.6, 1.3)
        vertices, faces, parts = (
            slice(*starts[piece : piece + 2])
            for starts in (self.vertex_starts, self.triangle_starts, self.part_starts)
        )
        materials = [
            surface(scene, "anything", scale=rng.uniform(0.7, 4))
            if rng.random() < REPAINTED
            else painted(scene, colour * tint)
            for colour in self.colours[parts]
        ]
        return Mesh(
            self.vertices[vertices],
            self.normals[vertices].astype(np.float32) / FINE,
            self.triangles[faces],
            np.array(materials, np.int32)[self.parts[faces]],
            np.ones(faces.stop - faces.start, bool),
        )


@dataclass(frozen=True)
class Piece:
    """One thing, as `Stock` keeps it."""

    name: str
    kind: str
    top: float
    vertices: np.ndarray
    normals: np.ndarray
    triangles: np.ndarray
    parts: np.ndarray
    colours: np.ndarray


def bank() -> Stock:
    """Read the stock, and gather it first where it is not there: half a minute.

    Raises:
        FileNotFoundError: where the libraries are not installed.
    """
    stock: Stock = kept(Stock, BANK, lambda: gather(LIBRARIES))
    return stock


def gather(libraries: Path) -> Stock:
    """Read all pieces of a folder's libraries that can be used."""
    files = sorted(libraries.glob("*.sh3f"))
    if not files:
        raise FileNotFoundError(
            f"There is no furniture in {libraries}: install Debian's package sweethome3d-furniture."
        )
    return together([piece for path in files for piece in pieces(path)])


def together(found: list[Piece]) -> Stock:
    """Lay pieces one after the other."""

    def starts(rows: list[np.ndarray]) -> np.ndarray:
        return np.cumsum([0, *(len(each) for each in rows)])

    return Stock(
        names=np.array([piece.name for piece in found]),
        kinds=np.array([piece.kind for piece in found]),
        tops=np.array([piece.top for piece in found], np.float32),
        vertex_starts=starts([piece.vertices for piece in found]),
        triangle_starts=starts([piece.triangles for piece in found]),
        part_starts=starts([piece.colours for piece in found]),
        vertices=np.concatenate([piece.vertices for piece in found]),
        normals=np.concatenate([piece.normals for piece in found]),
        triangles=np.concatenate([piece.triangles for piece in found]),
        parts=np.concatenate([piece.parts for piece in found]),
        colours=np.concatenate([piece.colours for piece in found]),
    )


def pieces(library: Path) -> Iterator[Piece]:
    """Read one library (.sh3f): a zip of models with a catalogue of their names and sizes."""
    with zipfile.ZipFile(library) as archive:
        # Properties of Java are Latin-1.
        listed = archive.read("PluginFurnitureCatalog.properties").decode("latin-1")
        entries: dict[str, dict[str, str]] = {}
        for key, number, value in re.findall(r"^(\w+)#(\d+)=(.*)$", listed, re.MULTILINE):
            entries.setdefault(number, {})[key] = value.strip()
        for entry in entries.values():
            if entry["category"] not in LEFT_OUT and entry.get("doorOrWindow") != "true":
                piece = _piece(archive, entry)
                if piece is not None:
                    yield piece


def _piece(archive: zipfile.ZipFile, entry: dict[str, str]) -> Piece | None:
    """Read one model, turned and sized as its entry says; None where nothing of use is in it."""
    vertices, normals, triangles, parts, colours = _model(archive, entry["model"].lstrip("/"))
    if not 0 < len(triangles) <= MOST_TRIANGLES:
        return None
    turn = np.array(entry.get("modelRotation", "1 0 0 0 1 0 0 0 1").split(), float).reshape(3, 3)
    # Models are y up and face +z.
    turn = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]]) @ turn
    vertices, normals = vertices @ turn.T, normals @ turn.T
    size = np.array([float(entry[side]) / 100 for side in ("width", "depth", "height")])
    low, high = vertices.min(0), vertices.max(0)
    scale = size / np.maximum(high - low, 1e-6)
    vertices = (vertices - [*(low + high)[:2] / 2, low[2]]) * scale
    normals = normals / scale
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12
    raised = float(entry.get("elevation", 0)) / 100
    return Piece(
        entry["name"],
        kind_of(entry["name"], size, raised),
        max(0.0, float(entry.get("dropOnTopElevation", 0)) / 100),
        vertices.astype(np.float32),
        np.rint(normals * FINE).astype(np.int8),
        triangles.astype(np.int32),
        parts.astype(np.int16),
        colours.astype(np.float32),
    )


def kind_of(name: str, size: np.ndarray, raised: float) -> str:
    """What a piece of a (3,) size in metres is, hung so many metres above the floor."""
    if raised > HUNG:
        return "hung"
    if size.max() <= SMALL:
        return "small"
    named = (kind for kind, words in NAMES.items() if re.search(words, name, re.IGNORECASE))
    return next(named, "furniture")


def _model(archive: zipfile.ZipFile, path: str) -> tuple[np.ndarray, ...]:
    """Vertices, normals, triangles, their parts and the parts' colours of a model in a zip."""
    import trimesh

    folder = path.rpartition("/")[0] + "/"
    beside = [name for name in archive.namelist() if name.startswith(folder) and name != folder]
    resolver = trimesh.visual.resolvers.ZipResolver(
        {name.removeprefix(folder): io.BytesIO(archive.read(name)) for name in beside}
    )
    loaded = trimesh.load_scene(
        io.BytesIO(archive.read(path)), file_type="obj", resolver=resolver, process=False
    )
    shapes: list[Any] = [mesh for mesh in loaded.dump() if _opacity(mesh) >= CLEAR]
    counts = np.cumsum([0, *(len(mesh.vertices) for mesh in shapes)])
    empty = np.zeros((0, 3))
    return (
        np.concatenate([mesh.vertices for mesh in shapes] or [empty]),
        np.concatenate([mesh.vertex_normals for mesh in shapes] or [empty]),
        np.concatenate(
            [mesh.faces + first for mesh, first in zip(shapes, counts[:-1], strict=True)] or [empty]
        ),
        np.repeat(np.arange(len(shapes)), [len(mesh.faces) for mesh in shapes]),
        np.array([_colour(mesh) for mesh in shapes]).reshape(-1, 3),
    )


def _opacity(mesh: Any) -> float:
    """How much of what lies behind a part is hidden, in [0, 1]."""
    material = getattr(mesh.visual, "material", None)
    return float(np.ravel((getattr(material, "kwargs", None) or {}).get("d", 1.0))[0])


def _colour(mesh: Any) -> np.ndarray:
    """(3,) mean sRGB of a part in [0, 1]."""
    material = getattr(mesh.visual, "material", None)
    image = getattr(material, "image", None)
    if image is not None:
        mean: np.ndarray = np.asarray(image.convert("RGB")).reshape(-1, 3).mean(0) / 255
        return mean
    return np.asarray(getattr(material, "main_color", [150, 150, 150, 255]))[:3] / 255
