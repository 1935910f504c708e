"""Files of curves: what a driver's face and head do, to be kept, edited, or used as a driver."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.saving import write_file

from zograscope_server.faces.landmarks import EXPRESSIONS
from zograscope_server.portrait.errors import PortraitError

USUAL_RATE = 25.0
TIME = "time"
HEAD = ("headX", "headY", "headZ", "headPitch", "headYaw", "headRoll")
"""Columns of a table: place in face widths, x right, y up, z to the viewer; angles in degrees about
x, y and z, of which the first turns first."""


@dataclass(frozen=True)
class Curves:
    """Expressions and poses at a constant rate.

    Attributes:
        rate: for each second.
        expressions: float32 (n, 52), in the order of `EXPRESSIONS`; 0 is at rest, 1 is full.
        poses: float32 (n, 4, 4), of the head, relative to its rest, lengths in face widths.
    """

    rate: float
    expressions: np.ndarray
    poses: np.ndarray


def write_curves(path: Path, curves: Curves) -> None:
    """Write curves, as JSON or as a table by the path's suffix.

    Raises ZograscopeError `output-exists`.
    """
    text = _to_table(curves) if path.suffix.lower() == ".csv" else _to_json(curves)
    write_file(path, text.encode())


def read_curves(path: Path) -> Curves:
    """Read what `write_curves` writes; expressions that a file leaves out are at rest.

    Raises ZograscopeError `file-not-found`, `file-unreadable`, `curves-unreadable`.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise ZograscopeError("file-not-found", path=str(path)) from error
    except OSError as error:
        raise ZograscopeError("file-unreadable", str(error), path=str(path)) from error
    except UnicodeDecodeError as error:
        raise PortraitError("curves-unreadable", name=path.name, problem="no text") from error
    try:
        curves = _from_table(text) if path.suffix.lower() == ".csv" else _from_json(text)
        _check(curves)
    except KeyError as error:
        problem = f"{error} is missing"
        raise PortraitError("curves-unreadable", name=path.name, problem=problem) from error
    except (ValueError, TypeError, AttributeError) as error:
        raise PortraitError("curves-unreadable", name=path.name, problem=str(error)) from error
    return curves


def _to_json(curves: Curves) -> str:
    content = {
        "rate": curves.rate,
        "expressions": list(EXPRESSIONS),
        "curves": curves.expressions.round(6).tolist(),
        "poses": curves.poses.round(6).tolist(),
    }
    return json.dumps(content)


def _from_json(text: str) -> Curves:
    content: dict[str, Any] = json.loads(text)
    values = np.array(content["curves"], np.float32)
    if values.ndim != 2:
        raise ValueError("its curves are not rows of numbers")
    still = np.tile(np.eye(4), (len(values), 1, 1))
    poses = np.array(content.get("poses", still), np.float32)
    return Curves(float(content["rate"]), _in_order(content["expressions"], values), poses)


def _to_table(curves: Curves) -> str:
    from scipy.spatial.transform import Rotation

    angles = Rotation.from_matrix(curves.poses[:, :3, :3]).as_euler("xyz", degrees=True)
    times = np.arange(len(curves.expressions))[:, None] / curves.rate
    rows = np.hstack([times, curves.poses[:, :3, 3], angles, curves.expressions])
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow([TIME, *HEAD, *EXPRESSIONS])
    writer.writerows([f"{value:.9g}" for value in row] for row in rows)
    return table.getvalue()


def _from_table(text: str) -> Curves:
    from scipy.spatial.transform import Rotation

    names, *lines = [line for line in csv.reader(io.StringIO(text)) if line] or [[]]
    if any(len(line) != len(names) for line in lines):
        raise ValueError("its lines have not all as many values as its first has names")
    values = np.array(lines, np.float64).reshape(len(lines), len(names))
    columns = dict(zip(names, values.T, strict=True))
    times = columns.pop(TIME)
    head = np.zeros((len(times), len(HEAD)))
    for number, name in enumerate(HEAD):
        head[:, number] = columns.pop(name, 0.0)
    poses = np.tile(np.eye(4, dtype=np.float32), (len(times), 1, 1))
    if len(times):
        poses[:, :3, :3] = Rotation.from_euler("xyz", head[:, 3:], degrees=True).as_matrix()
        poses[:, :3, 3] = head[:, :3]
    lasts = times[-1] - times[0] if len(times) > 1 else 0.0
    rate = (len(times) - 1) / lasts if lasts > 0.0 else USUAL_RATE
    rows = np.array(list(columns.values()), np.float32).reshape(len(columns), len(times)).T
    return Curves(float(rate), _in_order(list(columns), rows), poses)


def _in_order(names: Sequence[str], values: np.ndarray) -> np.ndarray:
    """Return the values in the order of `EXPRESSIONS`."""
    if values.shape[1:] != (len(names),):
        raise ValueError(f"it names {len(names)} expressions, and has {values.shape[1]}")
    unknown = sorted(set(names) - set(EXPRESSIONS))
    if unknown:
        raise ValueError(f"{unknown[0]!r} is none of ARKit's 52 expressions")
    ordered = np.zeros((len(values), len(EXPRESSIONS)), np.float32)
    for name, column in zip(names, values.T, strict=True):
        ordered[:, EXPRESSIONS.index(name)] = column
    return ordered


def _check(curves: Curves) -> None:
    count = len(curves.expressions)
    if not count:
        raise ValueError("it has no frames")
    if curves.poses.shape != (count, 4, 4):
        raise ValueError(f"its poses are not {count} matrices of 4 x 4")
    if not (np.isfinite(curves.expressions).all() and np.isfinite(curves.poses).all()):
        raise ValueError("it has values that are no numbers")
    if not curves.rate > 0.0:
        raise ValueError(f"its rate is {curves.rate}")
