"""A result, or one part of it, in a file: written by the worker, mapped by the broker to serve it.

    8 bytes   magic
    8 bytes   length of the header, little-endian
    header    JSON: {"metadata": {...}, "arrays": [description + "offset"], "data_bytes": n,
              "parts": how many a result has beside this file, "durable": whether it was synced}
    data      n bytes from the next multiple of 64: the arrays, C order, each at its offset

The file appears under its name by an atomic rename.
"""

import errno
import json
import mmap
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.wire import (
    MOST_HEADER_BYTES,
    byte_view,
    check_descriptions,
    describe_array,
)

_MAGIC = b"ZOGRESU1"
_PREFIX_BYTES = 16
_ALIGNMENT = 64
# Of a message's header, for what it says beside metadata and arrays.
_ROOM_FOR_THE_REST = 1024
# One write of a large, never touched array takes Linux twice as long as many of this size.
_WRITE_BYTES = 1 << 20
# Mapping so little, page by page, takes longer than reading it.
_MOST_READ_BYTES = 2 << 20
# A mapping needs its file no longer, of which a process may have few open.
_WITHOUT_FILE: dict[str, Any] = {"trackfd": False} if sys.version_info >= (3, 13) else {}
# Windows would change line ends in what it takes for text.
_BINARY = getattr(os, "O_BINARY", 0)


def write_result(
    path: Path,
    temporary: Path,
    arrays: Mapping[str, np.ndarray],
    metadata: Mapping[str, Any],
    parts: int = 0,
    durable: bool = False,
) -> int:
    """Write a result so that `path` is there whole or not at all; return its size in bytes.

    It is written to `temporary`, in the same folder, over whatever lies there. A durable one is on
    the disk for good before it takes its name, and says so.

    Raises ZograscopeError `spool-full` when the disk is full, and `result-indescribable` for what
    no message could tell a client of.
    """
    check_describable(arrays, metadata)
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    header, data_start, size = _header(
        arrays, {"metadata": metadata, "parts": parts, "durable": durable}
    )
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | _BINARY, 0o666)
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(descriptor, 0, size)  # quicker, and a full disk shows at once
            _write(descriptor, header, data_start, arrays.values())
            os.ftruncate(descriptor, size)
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ZograscopeError("spool-full", details=str(error)) from error
        raise
    return size


def check_describable(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> None:
    """Raise ZograscopeError `result-indescribable` for what no message could tell a client of."""
    descriptions = [describe_array(name, array) for name, array in arrays.items()]
    try:
        check_descriptions(descriptions)
        told = json.dumps({"metadata": metadata, "arrays": descriptions}, separators=(",", ":"))
    except ZograscopeError as error:
        raise ZograscopeError("result-indescribable", problem=error.details) from error
    if len(told) > MOST_HEADER_BYTES - _ROOM_FOR_THE_REST:
        problem = f"its description has {len(told)} characters, more than a message can hold"
        raise ZograscopeError("result-indescribable", problem=problem)


def _header(arrays: Mapping[str, np.ndarray], facts: dict[str, Any]) -> tuple[bytes, int, int]:
    """Return the file's beginning, where its data starts, and its size."""
    descriptions = []
    data_bytes = 0
    for name, array in arrays.items():
        descriptions.append({**describe_array(name, array), "offset": data_bytes})
        data_bytes += _aligned(array.nbytes)
    content = facts | {"arrays": descriptions, "data_bytes": data_bytes}
    header = json.dumps(content, allow_nan=False).encode()
    data_start = _aligned(_PREFIX_BYTES + len(header))
    return _MAGIC + len(header).to_bytes(8, "little") + header, data_start, data_start + data_bytes


def _write(descriptor: int, header: bytes, data_start: int, arrays: Iterable[np.ndarray]) -> None:
    _write_all(descriptor, memoryview(header.ljust(data_start, b"\0")))
    for array in arrays:
        view = byte_view(array)
        for offset in range(0, view.nbytes, _WRITE_BYTES):
            _write_all(descriptor, view[offset : offset + _WRITE_BYTES])
        _write_all(descriptor, memoryview(bytes(_aligned(view.nbytes) - view.nbytes)))


def _write_all(descriptor: int, view: memoryview) -> None:
    while view.nbytes:
        view = view[os.write(descriptor, view) :]


def _expected(kind: type, value: Any) -> Any:
    """Return a value of that very type. Raises TypeError."""
    if type(value) is not kind:
        raise TypeError(f"{value!r:.100} is no {kind.__name__}")
    return value


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


class ResultFile:
    """A result, read-only: a large one is mapped into memory, a small one read.

    `map` lives for as long as anyone reads from it; it is None for a small one.

    Raises FileNotFoundError when there is none and ValueError when the file is not whole.
    """

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY | _BINARY)
        try:
            self.size = os.fstat(descriptor).st_size
            self.map: mmap.mmap | None = None
            if self.size > _MOST_READ_BYTES:
                self.map = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ, **_WITHOUT_FILE)
            content = self.map or os.read(descriptor, self.size)
        finally:
            os.close(descriptor)
        if len(content) < _PREFIX_BYTES or len(content) != self.size:
            raise ValueError(f"{path} is too short for a result")
        self._content = content
        header_end = _PREFIX_BYTES + int.from_bytes(content[8:_PREFIX_BYTES], "little")
        if content[:8] != _MAGIC or header_end > self.size:
            raise ValueError(f"{path} is not a result")
        try:
            header = json.loads(content[_PREFIX_BYTES:header_end])
            self._data_start = _aligned(header_end)
            data_bytes: int = _expected(int, header["data_bytes"])
            self.metadata: dict[str, Any] = _expected(dict, header["metadata"])
            self.parts: int = _expected(int, header.get("parts", 0))
            self.durable: bool = _expected(bool, header.get("durable", False))
            self._offsets: dict[str, int] = {
                array["name"]: _expected(int, array["offset"]) for array in header["arrays"]
            }
            self.arrays: list[dict[str, Any]] = check_descriptions(header["arrays"])
        except (KeyError, TypeError, AttributeError, RecursionError, ZograscopeError) as error:
            raise ValueError(f"{path} has a header that is none: {error!r}") from error
        if self._data_start + data_bytes != self.size:
            raise ValueError(f"{path} is cut short")
        ends = [self._offsets[array["name"]] + array["bytes"] for array in self.arrays]
        if min(self._offsets.values(), default=0) < 0 or max(ends, default=0) > data_bytes:
            raise ValueError(f"{path} has arrays beyond its end")

    @property
    def names(self) -> list[str]:
        """Names of the arrays."""
        return [array["name"] for array in self.arrays]

    def buffer(self, name: str) -> memoryview:
        """Return the bytes of the array `name`, without a copy."""
        size = next(array["bytes"] for array in self.arrays if array["name"] == name)
        offset = self._data_start + self._offsets[name]
        return memoryview(self._content)[offset : offset + size]
