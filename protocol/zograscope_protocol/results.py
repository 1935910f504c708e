"""What a task's answer must be: arrays and facts, stated once for both sides.

    SEGMENT = Result({"mask": numbers("u1", "height", "width")})

A server can be older than its client, newer, broken, or none of ours. Whoever uses an answer reads
it with this first (`Job.check_result`), and has then only what was declared, as it was declared.
A name of a length, such as "height", stands for the same number wherever it occurs in an answer.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from zograscope_protocol.errors import ZograscopeError, quoted
from zograscope_protocol.picture_files import picture_size
from zograscope_protocol.readable import readable

MOST_SIDE = 100_000
MOST_PIXELS = 500_000_000
"""Of a picture."""
MOST_LISTED = 100_000
MOST_LETTERS = 2000
ANYTHING = 3e38
"""For numbers that need only be finite."""
_SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")

Arrays = Mapping[str, np.ndarray]
Facts = Mapping[str, Any]
Lengths = dict[str, int]
"""What names of lengths stand for."""

Length = int | str | None
Read = Callable[[str, Any, Lengths], Any]
"""Takes the name of a fact, its value and the lengths known so far; returns it, or raises Wrong."""


class Wrong(ValueError):  # noqa: N818 - it says what is wrong, and never leaves this package
    """What is wrong with an answer, as the end of a sentence."""


def wrong_answer(problem: str) -> ZograscopeError:
    """Return the error that says what is wrong with an answer."""
    return ZograscopeError("result-wrong", problem=problem)


@dataclass(frozen=True)
class Result:
    """What an answer must be.

    Attributes:
        arrays: by name. A name with `#` stands for all with a number in its place, one with `*` for
            all that have anything there.
        facts: of its metadata.
        check: raises Wrong where arrays and facts do not go together.
    """

    arrays: Mapping[str, "Array"] = field(default_factory=dict)
    facts: Mapping[str, Read] = field(default_factory=dict)
    check: Callable[[Arrays, Facts], None] = lambda arrays, facts: None

    def read(self, arrays: Arrays, facts: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Return what was declared of an answer. Raises ZograscopeError `result-wrong`."""
        lengths: Lengths = {}
        try:
            known = record(**self.facts)("metadata", facts, lengths)
            taken = {}
            for name, declared in self.arrays.items():
                for found in declared.names(name, arrays, lengths):
                    taken[found] = declared.read(found, arrays[found], lengths)
            self.check(taken, known)
        except Wrong as wrong:
            raise wrong_answer(str(wrong)) from wrong
        return taken, known


@dataclass(frozen=True)
class Array:
    """What an array must be.

    Attributes:
        dtype: numpy's name of it; wider or narrower ones of the same kind are brought to it.
        shape: lengths; None is any.
        least, most: of its numbers, which are then finite; None looks at none.
        optional: whether it may be missing.
        count: of one whose name has `#`: the name of how many there must be, from 0 on.
        look: looks at the whole of it.
    """

    dtype: str
    shape: tuple[Length, ...]
    least: float | None = None
    most: float | None = None
    optional: bool = False
    count: str = ""
    look: Callable[[str, np.ndarray, Lengths], None] | None = None

    def names(self, name: str, arrays: Arrays, lengths: Lengths) -> list[str]:
        """Return the names that this declares of those that came. Raises Wrong for missing ones."""
        if not self.count and ("#" in name or "*" in name):
            return [other for other in arrays if _stands_for(name, other)]
        if self.count:
            wanted = [
                name.replace("#", str(number)) for number in range(lengths.get(self.count, 0))
            ]
        else:
            wanted = [name]
        found = [other for other in wanted if other in arrays]
        if len(found) < len(wanted) and not (self.optional and not found):
            missing = next(other for other in wanted if other not in arrays)
            raise Wrong(f"it lacks the array {quoted(missing)}")
        return found

    def read(self, name: str, array: np.ndarray, lengths: Lengths) -> np.ndarray:
        """Return an array as it was declared, or raise Wrong."""
        wanted = np.dtype(self.dtype)
        kinds = "iu" if wanted.kind in "iu" else wanted.kind
        if array.dtype.kind not in kinds:
            raise Wrong(f"the array {quoted(name)} is of {array.dtype}, and not of {wanted}")
        if not _fits(array.shape, self.shape, lengths):
            raise Wrong(f"the array {quoted(name)} has the shape {list(array.shape)}")
        if self.look is not None:
            self.look(name, array, lengths)
        if not self._in_range(array):
            raise Wrong(
                f"the array {quoted(name)} has numbers that are not from {self.least:g} to "
                f"{self.most:g}"
            )
        return array.astype(wanted, copy=False)

    def _in_range(self, array: np.ndarray) -> bool:
        if self.least is None or self.most is None or not array.size:
            return True
        # Whatever is compared with a number that is none is false.
        return bool(array.min() >= self.least and array.max() <= self.most)


def _stands_for(pattern: str, name: str) -> bool:
    before, sign, after = pattern.partition("#")
    if not sign:
        return fnmatchcase(name, pattern)
    middle = name.removeprefix(before).removesuffix(after)
    return name == f"{before}{middle}{after}" and middle.isascii() and middle.isdigit()


def _fits(shape: tuple[int, ...], wanted: tuple[Length, ...], lengths: Lengths) -> bool:
    if len(shape) != len(wanted):
        return False
    meant = [
        lengths.setdefault(want, length) if isinstance(want, str) else want
        for length, want in zip(shape, wanted, strict=True)
    ]
    return all(want in (None, length) for want, length in zip(meant, shape, strict=True))


# Arrays


def numbers(
    dtype: str,
    *shape: Length,
    least: float = -ANYTHING,
    most: float = ANYTHING,
    optional: bool = False,
    empty: bool = True,
    count: str = "",
) -> Array:
    """Declare an array of finite numbers in a range, which may be empty."""
    return Array(dtype, shape, least, most, optional, count, None if empty else _look_for_some)


def grid(
    dtype: str,
    *shape: Length,
    least: float = -ANYTHING,
    most: float = ANYTHING,
    optional: bool = False,
) -> Array:
    """Declare an array of finite numbers that has some, and not more than a picture has pixels."""
    return Array(dtype, shape, least, most, optional, look=_look_at_grid)


def file(*, optional: bool = False) -> Array:
    """Declare the bytes of a file that is not empty."""
    return Array("u1", (None,), optional=optional, look=_look_at_file)


def picture(width: str = "", height: str = "", *, optional: bool = False, count: str = "") -> Array:
    """Declare a PNG or JPEG file that is whole, of the size that names of lengths stand for."""

    def look(name: str, array: np.ndarray, lengths: Lengths) -> None:
        size = picture_size(array)
        if size is None:
            raise Wrong(f"{quoted(name)} is no whole picture file")
        if max(size) > MOST_SIDE or math.prod(size) > MOST_PIXELS:
            raise Wrong(f"the picture {quoted(name)} has {size[0]} x {size[1]} pixels")
        for side, length in zip((width, height), size, strict=True):
            if side and lengths.setdefault(side, length) != length:
                raise Wrong(f"the picture {quoted(name)} has another size than the answer says")

    return Array("u1", (None,), optional=optional, count=count, look=look)


def _look_at_grid(name: str, array: np.ndarray, lengths: Lengths) -> None:
    if not 0 < math.prod(array.shape[:2]) <= MOST_PIXELS or max(array.shape) > MOST_SIDE:
        raise Wrong(f"the array {quoted(name)} has the shape {list(array.shape)}")


def _look_for_some(name: str, array: np.ndarray, lengths: Lengths) -> None:
    if not array.size:
        raise Wrong(f"the array {quoted(name)} is empty")


def _look_at_file(name: str, array: np.ndarray, lengths: Lengths) -> None:
    if not array.size:
        raise Wrong(f"the file {quoted(name)} is empty")


# Facts


def number(least: float, most: float) -> Read:
    """Read a number in a range."""

    def read(name: str, value: Any, lengths: Lengths) -> float:
        if type(value) not in (int, float) or not least <= value <= most:
            raise Wrong(f"its {name} is {quoted(value)}, and no number from {least:g} to {most:g}")
        return float(value)

    return read


def whole(least: int, most: int, length: str = "") -> Read:
    """Read a whole number in a range, for which the name of a length may stand."""

    def read(name: str, value: Any, lengths: Lengths) -> int:
        if type(value) is not int or not least <= value <= most:
            raise Wrong(f"its {name} is {quoted(value)}, and no whole number up to {most}")
        if length and lengths.setdefault(length, value) != value:
            raise Wrong(f"its {name} is {value}, and should be {lengths[length]}")
        return value

    return read


def side(length: str = "") -> Read:
    """Read a picture's width or height."""
    return whole(1, MOST_SIDE, length)


def flag(name: str, value: Any, lengths: Lengths) -> bool:
    """Read what is true or false."""
    if not isinstance(value, bool):
        raise Wrong(f"its {name} is {quoted(value)}, and neither true nor false")
    return value


def text(name: str, value: Any, lengths: Lengths) -> str:
    """Read a line of text; a very long one is cut."""
    if not isinstance(value, str):
        raise Wrong(f"its {name} is {quoted(value)}, and no text")
    return readable(value, MOST_LETTERS)


def one_of(*words: str) -> Read:
    """Read one of a few words."""

    def read(name: str, value: Any, lengths: Lengths) -> str:
        if not isinstance(value, str) or value not in words:
            raise Wrong(f"its {name} is {quoted(value)}, and none of {', '.join(words)}")
        return value

    return read


def listed(read_one: Read, least: int = 0, most: int = MOST_LISTED, length: str = "") -> Read:
    """Read a list, for whose length a name may stand."""

    def read(name: str, value: Any, lengths: Lengths) -> list[Any]:
        if not isinstance(value, list | tuple) or not least <= len(value) <= most:
            raise Wrong(f"its {name} is {quoted(value)}, and no list as it should be")
        if length and lengths.setdefault(length, len(value)) != len(value):
            raise Wrong(f"its {name} has {len(value)} entries, and should have {lengths[length]}")
        return [read_one(name, entry, lengths) for entry in value]

    return read


def several(*readers: Read) -> Read:
    """Read a list of so many entries, each of its own kind."""

    def read(name: str, value: Any, lengths: Lengths) -> list[Any]:
        if not isinstance(value, list | tuple) or len(value) != len(readers):
            raise Wrong(f"its {name} is {quoted(value)}, and no list of {len(readers)}")
        pairs = zip(readers, value, strict=True)
        return [read_one(name, entry, lengths) for read_one, entry in pairs]

    return read


def maybe(read_one: Read) -> Read:
    """Read what may be null, or missing."""

    def read(name: str, value: Any, lengths: Lengths) -> Any:
        return None if value is None else read_one(name, value, lengths)

    return read


def record(**readers: Read) -> Read:
    """Read an object; what is not named is left out, and so is null."""

    def read(name: str, value: Any, lengths: Lengths) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise Wrong(f"its {name} is {quoted(value)}, and no object")
        found = {key: read_one(key, value.get(key), lengths) for key, read_one in readers.items()}
        return {key: entry for key, entry in found.items() if entry is not None or key in value}

    return read


def suffix(name: str, value: Any, lengths: Lengths) -> str:
    """Read what becomes the end of a file's name, and leads nowhere."""
    if not isinstance(value, str) or not _SUFFIX.fullmatch(value):
        raise Wrong(f"its {name} is {quoted(value)}, and no suffix of a file")
    return value


def json_object(name: str, value: Any, lengths: Lengths) -> dict[str, Any]:
    """Read an object of which nothing else is known."""
    if not isinstance(value, dict):
        raise Wrong(f"its {name} is {quoted(value)}, and no object")
    return value


# What several tasks answer

SENTENCES = maybe(listed(text, most=100))
"""Reads what an artist is told beside a result, if anything."""


def check_sound(arrays: Arrays, facts: Facts) -> None:
    """Raise Wrong where there is a sound, and nobody says what kind of file it is."""
    if "sound" in arrays and facts.get("sound_suffix") is None:
        raise Wrong("it does not say what kind of file its sound is")
