"""Remembers maps of collections: one that has grown may keep the shape that people know."""

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.mosaic.tasks import DIGEST_BYTES


class MapMemory:
    """The latest map of one collection, made by one model from one seed.

    A map is where each image lies, by its content, in the map's own coordinates.
    """

    def __init__(self, folder: Path, *identity: object) -> None:
        """Keep the map in a folder, under what it depends on besides the images."""
        name = hashlib.sha256(repr(identity).encode()).hexdigest()
        self._path = folder / f"{name}.npz"

    def load(self) -> dict[str, np.ndarray]:
        """Return the place (2,) float32 of each image by its sha256; empty where there is none."""
        try:
            with np.load(self._path, allow_pickle=False) as kept:
                digests, points = kept["digests"], kept["points"]
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
            return {}
        if len(digests) != len(points):
            return {}
        return {row.tobytes().hex(): point for row, point in zip(digests, points, strict=True)}

    def save(self, digests: Sequence[str], points: np.ndarray) -> None:
        """Note a map (n, 2) float32, in place of the former.

        Raises ZograscopeError `spool-full`.
        """
        names = np.frombuffer(bytes.fromhex("".join(digests)), np.uint8).reshape(-1, DIGEST_BYTES)
        part = self._path.with_suffix(".part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                np.savez(file, digests=names, points=points.astype(np.float32))
            part.replace(self._path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise ZograscopeError("spool-full", str(error)) from error
