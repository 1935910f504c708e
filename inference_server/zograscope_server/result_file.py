"""A result, or one part of it, in a file: written by the worker, mapped by the broker to serve it.

    8 bytes   magic
    8 bytes   length of the header, little-endian
    header    JSON: {"metadata": {...}, "arrays": [description + "offset"], "data_bytes": n,
              "parts": how many a result has beside this file}
    data      n bytes from the next multiple of 64: the arrays, C order, each at its offset

The file appears under its name by an atomic rename.
"""

import errno
import json
import mmap
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

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


def write_result(
    path: Path,
    temporary: Path,
    arrays: Mapping[str, np.ndarray],
    metadata: Mapping[str, Any],
    parts: int = 0,
    durable: bool = False,
) -> None:
    """Write a result so that `path` is there whole or not at all.

    It is written to `temporary`, in the same folder, over whatever lies there. A durable one is on
    the disk for good before it takes its name.

    Raises ZograscopeError `spool-full` when the disk is full, and `result-indescribable` for what
    no message could tell a client of.
    """
    check_describable(arrays, metadata)
    try:
        with temporary.open("r+b" if temporary.exists() else "wb") as file:
            _write(file, arrays, metadata, parts)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ZograscopeError("spool-full", details=str(error)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


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


def _write(
    file: BinaryIO, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any], parts: int
) -> None:
    descriptions = []
    data_bytes = 0
    for name, array in arrays.items():
        descriptions.append({**describe_array(name, array), "offset": data_bytes})
        data_bytes += _aligned(array.nbytes)
    header = json.dumps(
        {
            "metadata": metadata,
            "arrays": descriptions,
            "data_bytes": data_bytes,
            "parts": parts,
        },
        allow_nan=False,
    ).encode()
    data_start = _aligned(_PREFIX_BYTES + len(header))
    file.write(_MAGIC + len(header).to_bytes(8, "little") + header)
    for array, description in zip(arrays.values(), descriptions, strict=True):
        file.seek(data_start + description["offset"])
        view = byte_view(np.ascontiguousarray(array))
        for offset in range(0, view.nbytes, _WRITE_BYTES):
            file.write(view[offset : offset + _WRITE_BYTES])
    file.truncate(data_start + data_bytes)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


class ResultFile:
    """A result mapped into memory, read-only: `map` lives for as long as anyone reads from it.

    Raises FileNotFoundError when there is none and ValueError when the file is not whole.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self.size = os.fstat(file.fileno()).st_size
            if self.size < _PREFIX_BYTES:
                raise ValueError(f"{path} is too short for a result")
            self.map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        header_bytes = int.from_bytes(self.map[8:_PREFIX_BYTES], "little")
        header_end = _PREFIX_BYTES + header_bytes
        if self.map[:8] != _MAGIC or header_end > self.size:
            raise ValueError(f"{path} is not a result")
        header = json.loads(self.map[_PREFIX_BYTES:header_end])
        self._data_start = _aligned(header_end)
        if self._data_start + header["data_bytes"] != self.size:
            raise ValueError(f"{path} is cut short")
        self.metadata: dict[str, Any] = header["metadata"]
        self.parts: int = header.get("parts", 0)
        self._offsets = {array["name"]: array.pop("offset") for array in header["arrays"]}
        self.arrays: list[dict[str, Any]] = header["arrays"]

    @property
    def names(self) -> list[str]:
        """Names of the arrays."""
        return [array["name"] for array in self.arrays]

    def buffer(self, name: str) -> memoryview:
        """Return the bytes of the array `name`, without a copy."""
        size = next(array["bytes"] for array in self.arrays if array["name"] == name)
        offset = self._data_start + self._offsets[name]
        return memoryview(self.map)[offset : offset + size]
