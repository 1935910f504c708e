"""What is shown of a job before there is an answer, in types that can be drawn whatever came."""

import math
from typing import Any

import numpy as np

from zograscope_protocol import wire
from zograscope_protocol.errors import ZograscopeError

MOST_PREVIEW_SIDE = 8192


def share_of(value: Any) -> float | None:
    """Return a number from 0 to 1, or None for what is none."""
    if type(value) not in (int, float) or math.isnan(value):
        return None
    return float(min(max(value, 0), 1))


def count_of(value: Any) -> int:
    """Return a whole number from 0 on; 0 for what is none."""
    return value if type(value) is int and value > 0 else 0


def preview_of(header: dict[str, Any], buffer: memoryview) -> np.ndarray | None:
    """Return a preview, of a kind and size that can be shown; None for another."""
    (description,) = wire.check_descriptions(
        [{key: header.get(key) for key in ("name", "dtype", "shape", "bytes")}]
    )
    if description["bytes"] != buffer.nbytes:
        raise ZograscopeError("bad-message", "a preview of another size than announced")
    array = np.frombuffer(buffer, np.dtype(description["dtype"]))
    array = array.reshape(description["shape"])
    is_picture = array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)
    is_seen = array.dtype == np.uint8 or array.dtype.kind == "f"
    if not is_picture or not is_seen or not 0 < max(array.shape) <= MOST_PREVIEW_SIDE:
        return None
    if not array.size:
        return None
    if array.dtype == np.uint8:
        return array.copy()
    return np.nan_to_num(array, nan=0.0).clip(0.0, 1.0).astype(np.float32)
