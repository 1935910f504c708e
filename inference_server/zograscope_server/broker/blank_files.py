"""Files whose contents nobody needs any more, kept a while to be written over.

Writing over a file that the system still holds in memory takes half the time of writing a new one,
and removing a large file takes almost as long as writing it.
"""

import contextlib
import itertools
from pathlib import Path

MOST_BYTES = 256 << 20


class BlankFiles:
    """A folder of files to write over, of at most `MOST_BYTES` together."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._sizes: dict[Path, int] = {}
        self._numbers = itertools.count()
        for path in folder.iterdir():
            with contextlib.suppress(OSError):
                path.unlink()

    @property
    def bytes_used(self) -> int:
        """Bytes of all files."""
        return sum(self._sizes.values())

    def put(self, path: Path) -> None:
        """Take over a file, or remove it when there are enough; it may be missing."""
        # Windows refuses either while somebody has it open; the next start finds it again.
        with contextlib.suppress(OSError):
            size = path.stat().st_size
            if self.bytes_used + size > MOST_BYTES:
                path.unlink()
                return
            blank = self._folder / str(next(self._numbers))
            path.replace(blank)
            self._sizes[blank] = size

    def take(self, path: Path, size: int) -> None:
        """Put a file to write over at `path`, the best for `size` bytes, if there is any.

        Its contents are anything; it is no longer than `size`.
        """
        if not self._sizes:
            return
        with contextlib.suppress(OSError):
            self._take(path, size)

    def _take(self, path: Path, size: int) -> None:
        enough = [blank for blank, held in self._sizes.items() if held >= size]
        blank = min(enough, key=self._sizes.__getitem__) if enough else self._largest()
        if self._sizes.pop(blank) > size:
            with blank.open("r+b") as file:
                file.truncate(size)
        blank.replace(path)

    def remove_all(self) -> None:
        """Remove the files: their room is needed."""
        for path in self._sizes:
            with contextlib.suppress(OSError):
                path.unlink()
        self._sizes.clear()

    def _largest(self) -> Path:
        return max(self._sizes, key=self._sizes.__getitem__)
