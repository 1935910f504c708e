"""Reads files that anybody may have put there: only true ones, and no larger than they may be."""

import os
import stat
from pathlib import Path

from zograscope_protocol.errors import ZograscopeError

from zograscope_server.collection.errors import CollectionError
from zograscope_server.images import READING

MOST_IMAGE = 4_000_000_000  # bytes, as a classic TIFF
MOST_TABLE = 500_000_000
MOST_MANIFEST = 50_000_000  # of JSON, which takes twenty times that as objects

# A pipe must not keep one waiting for somebody to write; Windows has no such pipes, but text files.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_file(path: Path, most: int) -> bytes:
    """Return the content of a file: no pipe, no device, no folder, and at most `most` bytes.

    Within a turn of `READING` its memory is taken from there.

    Raises:
        ZograscopeError: `file-not-found`, `is-a-folder`, `file-unreadable`, `file-too-large`.
    """
    try:
        descriptor = os.open(path, _FLAGS)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if stat.S_ISDIR(status.st_mode):
                raise ZograscopeError("is-a-folder", path=str(path))
            if not stat.S_ISREG(status.st_mode):
                raise ZograscopeError("file-unreadable", "it is no file", path=str(path))
            if status.st_size > most:
                raise _too_large(path, status.st_size, most)
            READING.take(status.st_size)
            data = file.read(most + 1)
    except FileNotFoundError as error:
        raise ZograscopeError("file-not-found", path=str(path)) from error
    except IsADirectoryError as error:
        raise ZograscopeError("is-a-folder", path=str(path)) from error
    except (OSError, ValueError) as error:  # ValueError: no possible name of a file
        raise ZograscopeError("file-unreadable", str(error), path=str(path)) from error
    if len(data) > most:  # it grew, or its size was not told
        raise _too_large(path, len(data), most)
    return data


def _too_large(path: Path, size: int, most: int) -> CollectionError:
    megabytes, limit = size // 1_000_000, most // 1_000_000
    return CollectionError("file-too-large", path=str(path), size=megabytes, limit=limit)
