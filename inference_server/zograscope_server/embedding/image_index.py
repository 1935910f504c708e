"""The image index: all that was ever learned of an image, by the content of its file.

One SQLite file serves all collections. A file that has not changed is not even read again, a copy
or a moved file is not decoded again, and another model or tile size adds to what is known. What is
committed survives a process that is killed.
"""

import logging
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
from zograscope_protocol.errors import ZograscopeError

from zograscope_server.embedding.errors import EmbeddingError
from zograscope_server.errors import ServerError

logger = logging.getLogger(__name__)

LAYOUT_VERSION = 1
VECTOR_TYPE = np.dtype("<f2")
PATIENCE = 60.0  # seconds to wait for another process that writes

_TABLES = """
CREATE TABLE IF NOT EXISTS files(
    path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, digest TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS files_by_digest ON files(digest);
CREATE TABLE IF NOT EXISTS images(
    digest TEXT PRIMARY KEY, width INTEGER, height INTEGER,
    lightness REAL, green_red REAL, blue_yellow REAL, date REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS thumbnails(
    digest TEXT, size INTEGER, jpeg BLOB, PRIMARY KEY(digest, size));
CREATE TABLE IF NOT EXISTS shown(
    guest TEXT, digest TEXT, PRIMARY KEY(guest, digest)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS embedders(number INTEGER PRIMARY KEY, revision TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS vectors(
    digest TEXT, embedder INTEGER, vector BLOB, PRIMARY KEY(digest, embedder));
"""


@dataclass(frozen=True)
class FileState:
    """What tells, without reading it, that a file is the one that was read before.

    Attributes:
        path: absolute, or a URL; then size and time are of the file that was fetched, or -1.
        size: bytes.
        mtime_ns: time of the last change.
    """

    path: str
    size: int = 0
    mtime_ns: int = 0


@dataclass(frozen=True)
class ImageFacts:
    """What is known of an image, whatever embeds it.

    Attributes:
        width, height: of the whole upright picture, in pixels.
        colour: its mean in CIE Lab (D65): lightness in [0, 100], green-red, blue-yellow.
        date: decimal year in which a camera took it, or None.
    """

    width: int
    height: int
    colour: tuple[float, float, float]
    date: float | None


@dataclass(frozen=True)
class EmbeddedImage:
    """One image, read and embedded.

    Attributes:
        digest: sha256 of the file, in hexadecimal.
        facts: what is known of it.
        thumbnail: JPEG file of the tile.
        vector: (d,) of `VECTOR_TYPE`, as the embedder gave it, not finished.
    """

    digest: str
    facts: ImageFacts
    thumbnail: bytes
    vector: np.ndarray


class ImageIndex:
    """The index in one file; safe to ask from several threads.

    Errors of every method: ZograscopeError `spool-full` where the disk is full,
    `image-index-damaged` where the file turns out to be damaged.
    """

    def __init__(self, path: Path) -> None:
        """Open the index, or begin one; what is no index any more is set aside, with a warning.

        Raises ZograscopeError `folder-not-writable`.
        """
        self._alone = threading.Lock()
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._database = _open(path)
            except sqlite3.OperationalError:
                raise  # another process has it locked, or its folder cannot be written
            except sqlite3.DatabaseError as error:
                aside = _set_aside(path)
                logger.warning("%s is damaged (%s): kept as %s, begun anew", path, error, aside)
                self._database = _open(path)
        except (OSError, sqlite3.OperationalError) as error:
            raise ServerError("folder-not-writable", str(error), folder=str(path.parent)) from error

    def __enter__(self) -> "ImageIndex":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def digest_of(self, file: FileState) -> str | None:
        """Return the sha256 of a file that has not changed since it was read, or None."""
        rows = self._rows(
            "SELECT digest FROM files WHERE path = ? AND size = ? AND mtime_ns = ?",
            (file.path, file.size, file.mtime_ns),
        )
        return rows[0][0] if rows else None

    def is_complete(self, digest: str, thumbnail_size: int, revision: str) -> bool:
        """Whether facts, thumbnail and vector of an image are here."""
        query = """
            SELECT 1 FROM images JOIN thumbnails USING (digest) JOIN vectors USING (digest)
            JOIN embedders ON embedders.number = vectors.embedder
            WHERE digest = ? AND thumbnails.size = ? AND revision = ?"""
        return bool(self._rows(query, (digest, thumbnail_size, revision)))

    def facts(self, digest: str) -> ImageFacts:
        """Return what is known of an image. Raises KeyError for an unknown one."""
        row = self._row(
            "SELECT width, height, lightness, green_red, blue_yellow, date"
            " FROM images WHERE digest = ?",
            (digest,),
        )
        return ImageFacts(row[0], row[1], row[2:5], row[5])

    def thumbnail(self, digest: str, size: int) -> bytes:
        """Return the JPEG file of an image's tile. Raises KeyError where there is none."""
        (jpeg,) = self._row(
            "SELECT jpeg FROM thumbnails WHERE digest = ? AND size = ?", (digest, size)
        )
        return jpeg

    def largest_thumbnail(self, digest: str) -> bytes:
        """Return the JPEG file of an image's largest tile. Raises KeyError where there is none."""
        (jpeg,) = self._row(
            "SELECT jpeg FROM thumbnails WHERE digest = ? ORDER BY size DESC LIMIT 1", (digest,)
        )
        return jpeg

    def locations(self, digest: str) -> list[str]:
        """Return the paths and URLs under which an image was seen; some may be gone."""
        rows = self._rows("SELECT path FROM files WHERE digest = ? ORDER BY path", (digest,))
        return [path for (path,) in rows]

    def show(self, guest: str, digests: Iterable[str]) -> None:
        """Note that a collection of a guest's showed images: it may ask for them by their hash."""
        with self._errors_in_words(), self._alone, self._database as database:
            rows = ((guest, digest) for digest in digests)
            database.executemany("INSERT OR IGNORE INTO shown VALUES (?, ?)", rows)

    def was_shown(self, guest: str, digest: str) -> bool:
        """Whether a collection of that guest's has shown an image."""
        query = "SELECT 1 FROM shown WHERE guest = ? AND digest = ?"
        return bool(self._rows(query, (guest, digest)))

    def vector(self, digest: str, revision: str) -> np.ndarray:
        """Return the (d,) vector of `VECTOR_TYPE` that an embedder gave for an image.

        Raises KeyError where there is none.
        """
        (vector,) = self._row(
            "SELECT vector FROM vectors JOIN embedders ON number = embedder"
            " WHERE digest = ? AND revision = ?",
            (digest, revision),
        )
        return np.frombuffer(vector, VECTOR_TYPE)

    def add(
        self,
        images: Iterable[EmbeddedImage],
        files: Iterable[tuple[FileState, str]],
        thumbnail_size: int,
        revision: str,
    ) -> None:
        """Note images and files (with their digests) in one transaction: all of them, or none."""
        with self._errors_in_words(), self._alone, self._database as database:
            database.execute("INSERT OR IGNORE INTO embedders(revision) VALUES (?)", (revision,))
            (embedder,) = database.execute(
                "SELECT number FROM embedders WHERE revision = ?", (revision,)
            ).fetchone()
            for image in images:
                facts = image.facts
                database.execute(
                    "INSERT OR REPLACE INTO images VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (image.digest, facts.width, facts.height, *facts.colour, facts.date),
                )
                database.execute(
                    "INSERT OR REPLACE INTO thumbnails VALUES (?, ?, ?)",
                    (image.digest, thumbnail_size, image.thumbnail),
                )
                database.execute(
                    "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
                    (image.digest, embedder, image.vector.astype(VECTOR_TYPE).tobytes()),
                )
            database.executemany(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)",
                [(file.path, file.size, file.mtime_ns, digest) for file, digest in files],
            )

    def _row(self, query: str, values: tuple[object, ...]) -> tuple:
        rows = self._rows(query, values)
        if not rows:
            raise KeyError(values)
        return rows[0]

    def _rows(self, query: str, values: tuple[object, ...]) -> list[tuple]:
        # Decoder threads ask too, and not every SQLite lets several into one connection.
        with self._errors_in_words(), self._alone:
            return self._database.execute(query, values).fetchall()

    @contextmanager
    def _errors_in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", None)  # wrong use of the module has none
            if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE):
                raise ZograscopeError("spool-full", str(error)) from error
            if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise EmbeddingError(
                    "image-index-damaged", str(error), path=str(self._path)
                ) from error
            raise


def _open(path: Path) -> sqlite3.Connection:
    """Open the file and see that it is an index. Raises sqlite3.DatabaseError."""
    database = sqlite3.connect(path, timeout=PATIENCE, check_same_thread=False)
    try:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version not in (0, LAYOUT_VERSION):
            raise sqlite3.DatabaseError(f"its layout is version {version}, not {LAYOUT_VERSION}")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.executescript(_TABLES)
        database.execute(f"PRAGMA user_version = {LAYOUT_VERSION}")
    except BaseException:
        database.close()
        raise
    return database


def _set_aside(path: Path) -> Path:
    """Give a damaged index another name, with its log; return the name."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return aside


def index_in(cache_folder: Path) -> ImageIndex:
    """Return the one index of a server, by the folder of what it keeps."""
    return ImageIndex(cache_folder / "images.sqlite")
