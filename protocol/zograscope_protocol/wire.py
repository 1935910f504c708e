"""The wire format: a JSON header, then at most one raw buffer.

Arrays are described in headers (name, dtype, shape, bytes) and travel as bytes in C order, never
pickled. Everything that arrives is checked here before anyone acts on it.
"""

import errno
import json
import math
import os
import shutil
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
import zmq

from zograscope_protocol.errors import ZograscopeError, quoted

MOST_HEADER_BYTES = 64 << 10
MOST_CHUNK_BYTES = 1 << 20
MOST_FRAME_BYTES = MOST_CHUNK_BYTES + 1024
"""Of any frame, encrypted or not: a connection on which a longer one comes is ended."""
MOST_ARRAYS = 64
FILE_BYTES = 256 << 20
MOST_DIMENSIONS = 8
MOST_LENGTH = 1 << 48
MOST_NAME = 128
MOST_DTYPE = 16
ARRAY_KINDS = "biufc"

Buffer = bytes | bytearray | memoryview


def encode(header: dict[str, Any], buffer: Buffer | None = None) -> list[Buffer]:
    """Return the frames of a message.

    Raises:
        ValueError: the header is larger than `MOST_HEADER_BYTES`, which is the sender's mistake.
    """
    encoded = json.dumps(header, separators=(",", ":")).encode()
    if len(encoded) > MOST_HEADER_BYTES:
        raise ValueError(f"a {header['type']} header of {len(encoded)} bytes cannot be sent")
    return [encoded] if buffer is None else [encoded, buffer]


def decode(frames: Sequence[zmq.Frame | bytes]) -> tuple[dict[str, Any], memoryview | None]:
    """Return header and buffer of a message. Raises ZograscopeError `bad-message`."""
    if not 1 <= len(frames) <= 2:
        raise ZograscopeError("bad-message", f"a message of {len(frames)} frames")
    encoded, *rest = (_view(frame) for frame in frames)
    if encoded.nbytes > MOST_HEADER_BYTES:
        raise ZograscopeError("bad-message", f"a header of {encoded.nbytes} bytes")
    try:
        header = json.loads(bytes(encoded))
    except (ValueError, RecursionError) as error:
        raise ZograscopeError("bad-message", f"a header that is not JSON: {error}") from error
    if not isinstance(header, dict) or not isinstance(header.get("type"), str):
        raise ZograscopeError("bad-message", "a header without type")
    return header, rest[0] if rest else None


def _view(frame: zmq.Frame | bytes) -> memoryview:
    return frame.buffer if isinstance(frame, zmq.Frame) else memoryview(frame)


def as_array(value: np.ndarray | Buffer) -> np.ndarray:
    """Return the value as an array that can travel: C order, bytes as a 1-D uint8 array."""
    if isinstance(value, bytes | bytearray | memoryview):
        return np.frombuffer(value, np.uint8)
    return np.ascontiguousarray(value)


def describe_array(name: str, array: np.ndarray) -> dict[str, Any]:
    """Return what a header says of an array."""
    return {
        "name": name,
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "bytes": array.nbytes,
    }


def byte_view(array: np.ndarray) -> memoryview:
    """Return the bytes of a C-contiguous array without copying them."""
    return memoryview(array.reshape(-1).view(np.uint8))


def empty_array(description: dict[str, Any]) -> np.ndarray:
    """Return room for a described array; a very large one lies in a temporary file.

    Raises OSError when the disk is full.
    """
    shape, dtype = tuple(description["shape"]), np.dtype(description["dtype"])
    if description["bytes"] < FILE_BYTES:
        return np.empty(shape, dtype)
    # Mapped, and written to as it comes: the system keeps of it in memory what it has room for.
    with tempfile.TemporaryFile() as file:
        _reserve(file.fileno(), description["bytes"])
        return np.memmap(file, dtype, "r+", shape=shape).view(np.ndarray)


def _reserve(file: int, size: int) -> None:
    """Give a file its size, and the room on the disk: a mapped file that finds none is fatal."""
    if shutil.disk_usage(tempfile.gettempdir()).free < size:
        raise OSError(errno.ENOSPC, "the disk has no room")
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
    else:
        os.truncate(file, size)


def check_descriptions(descriptions: Any) -> list[dict[str, Any]]:
    """Return array descriptions that are well-formed and tell the truth about their sizes.

    Raises ZograscopeError `bad-message`.
    """
    if not isinstance(descriptions, list) or len(descriptions) > MOST_ARRAYS:
        raise ZograscopeError("bad-message", "the arrays are not a list, or are too many")
    checked = [_check_description(description) for description in descriptions]
    if len({description["name"] for description in checked}) != len(checked):
        raise ZograscopeError("bad-message", "two arrays have the same name")
    return checked


def _check_description(description: Any) -> dict[str, Any]:
    if not isinstance(description, dict):
        raise ZograscopeError("bad-message", "an array description that is no object")
    name, shape = description.get("name"), description.get("shape")
    if not isinstance(name, str) or not 0 < len(name) <= MOST_NAME:
        raise ZograscopeError("bad-message", "an array without a proper name")
    if (
        not isinstance(shape, list)
        or len(shape) > MOST_DIMENSIONS
        or not all(type(length) is int and 0 <= length <= MOST_LENGTH for length in shape)
    ):
        raise ZograscopeError("bad-message", f"the array {quoted(name)} has no proper shape")
    dtype_name = description.get("dtype")
    named = isinstance(dtype_name, str) and len(dtype_name) <= MOST_DTYPE
    try:
        dtype = np.dtype(dtype_name if named else "O")
    except (TypeError, ValueError, SyntaxError) as error:
        raise ZograscopeError("bad-message", f"the array {quoted(name)}: {error}") from error
    if dtype.kind not in ARRAY_KINDS or dtype.names is not None or dtype.subdtype is not None:
        raise ZograscopeError("bad-message", f"the array {quoted(name)} is not of numbers")
    size = description.get("bytes")
    if type(size) is not int or size != math.prod(shape) * dtype.itemsize:
        raise ZograscopeError(
            "bad-message", f"the array {quoted(name)} has not the size it announces"
        )
    return {"name": name, "dtype": dtype.str, "shape": shape, "bytes": description["bytes"]}
