"""Banks: dataclasses of arrays that are made once, and kept in one file of numpy's each."""

import os
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np


def kept(kind: Any, path: Path, make: Callable[[], Any]) -> Any:
    """Read a bank of a kind, and make it first where its file is not there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.part.npz")
        write(make(), partial)
        partial.replace(path)
    return read(kind, path)


@cache
def read(kind: Any, path: Path) -> Any:
    """Read what `write` has written."""
    with np.load(path) as arrays:
        return kind(**{name: arrays[name] for name in arrays.files})


def write(bank: Any, path: Path) -> None:
    """Write a bank's arrays into a file."""
    np.savez_compressed(path, **{each.name: getattr(bank, each.name) for each in fields(bank)})
