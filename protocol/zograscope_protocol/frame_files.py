"""Frames of a job as numbered files: part 0 of its result becomes 0001.png."""

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zograscope_protocol.saving import write_file


@dataclass(frozen=True)
class FrameFiles:
    """Numbered files in a folder, each whole or not there.

    Attributes:
        folder: where they are.
        suffix: of their names.
        first: what part 0 is called in a longer sequence that others make the rest of.
    """

    folder: Path
    suffix: str = ".png"
    first: int = 0

    def path(self, number: int) -> Path:
        """Return where the frame with this number, from 0, is kept."""
        return self.folder / f"{self.first + number + 1:04d}{self.suffix}"

    def write(self, number: int, data: np.ndarray) -> None:
        """Keep a frame. Raises ZograscopeError `output-exists`."""
        write_file(self.path(number), data)

    def first_missing(self) -> int:
        """Return the number of the first frame that is not here."""
        return next(number for number in itertools.count() if not self.path(number).is_file())

    def all(self) -> list[Path]:
        """Return all numbered files that are here, of the whole sequence."""
        found = sorted(self.folder.glob(f"*{self.suffix}"))
        return [path for path in found if path.stem.isdigit() and len(path.stem) >= 4]
