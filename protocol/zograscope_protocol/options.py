"""Typed options: what a task can be asked, stated once for both sides.

A task's options are a frozen dataclass whose fields say how they are read:

    @dataclass(frozen=True)
    class PosterOptions(Options):
        task = "mosaic_poster"
        width_pixels: int = whole(1, 200_000, default=4096)

A value is checked where it comes in, on whichever side that is: as the options are made, and as the
server reads them from a message. What is wrong is said in words, as `bad-parameters`.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from zograscope_protocol.errors import ZograscopeError, quoted
from zograscope_protocol.results import Result
from zograscope_protocol.submission import Submission
from zograscope_protocol.wire import Buffer

Reader = Callable[[str, Any], Any]
"""Takes a field's name in words and a value; returns the value as it is kept, or refuses it."""

_READER = "reader"


@dataclass(frozen=True)
class Options:
    """What one task is asked. Raises ZograscopeError `bad-parameters` for what it cannot be.

    Attributes:
        task: its name.
        result: what its answer must be; None where nobody knows.
        part: what each part of its answer must be.
    """

    task: ClassVar[str]
    result: ClassVar[Result | None] = None
    part: ClassVar[Result | None] = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "task" in vars(cls):
            _OF_TASKS[cls.task] = cls

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            reader: Reader = field.metadata[_READER]
            value = reader(field.name.replace("_", " "), getattr(self, field.name))
            object.__setattr__(self, field.name, value)
        self.check()

    def check(self) -> None:
        """Refuse values that do not go together; for tasks that have such."""

    @classmethod
    def read(cls, parameters: Mapping[str, Any]) -> Self:
        """Return the options that a message's parameters ask for.

        What they leave out takes its default. What this version does not know is ignored, as
        everywhere in the protocol. Raises ZograscopeError `bad-parameters`.
        """
        names = {field.name for field in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in parameters.items() if name in names})

    def parameters(self) -> dict[str, Any]:
        """Return the JSON object that asks for these options."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: _as_json(value) for name, value in values.items()}

    def submission(self, inputs: Mapping[str, np.ndarray | Buffer] | None = None) -> Submission:
        """Return the job that runs the task with these options."""
        return Submission(self.task, self.parameters(), inputs or {})


_OF_TASKS: dict[str, type[Options]] = {}


def options_of(task: str) -> type[Options] | None:
    """Return the options of a task, if whatever declares them was imported."""
    return _OF_TASKS.get(task)


def option(reader: Reader, default: Any) -> Any:
    """Declare a field with a reader of its own."""
    return dataclasses.field(default=default, metadata={_READER: reader})


def choice(choices: Sequence[str], default: str | None = None) -> Any:
    """Declare a field that is one of a few words, the first by default."""

    def read(name: str, value: Any) -> str:
        if value not in choices:
            wanted = ", ".join(choices)
            raise refusal(f"{name} is {quoted(value)}, but can only be one of {wanted}")
        return str(value)

    return option(read, choices[0] if default is None else default)


def flag(*, default: bool) -> Any:
    """Declare a field that is true or false."""

    def read(name: str, value: Any) -> bool:
        if not isinstance(value, bool):
            raise refusal(f"{name} is {quoted(value)}, but can only be true or false")
        return value

    return option(read, default)


def number(least: float, most: float, default: float | None) -> Any:
    """Declare a field that is a number in a range; with None by default, or none."""

    def read(name: str, value: Any) -> float | None:
        if value is None and default is None:
            return None
        return in_range(name, value, least, most)

    return option(read, default)


def whole(least: int, most: int, default: int | None) -> Any:
    """Declare a field that is a whole number in a range; with None by default, or none."""

    def read(name: str, value: Any) -> int | None:
        if value is None and default is None:
            return None
        if in_range(name, value, least, most) != int(value):
            raise refusal(f"{name} is {quoted(value)}, but must be a whole number")
        return int(value)

    return option(read, default)


def text(default: str = "") -> Any:
    """Declare a field of any text."""

    def read(name: str, value: Any) -> str:
        if not isinstance(value, str):
            raise refusal(f"{name} is {quoted(value)}, but must be text")
        return value

    return option(read, default)


def texts(default: Sequence[str] = ()) -> Any:
    """Declare a field of several texts."""

    def read(name: str, value: Any) -> tuple[str, ...]:
        listed = isinstance(value, list | tuple)
        if not listed or not all(isinstance(part, str) for part in value):
            raise refusal(f"{name} is {quoted(value)}, but must be a list of texts")
        return tuple(value)

    return option(read, tuple(default))


def refusal(problem: str) -> ZograscopeError:
    """Return the error that says why something cannot be done as asked."""
    return ZograscopeError("bad-parameters", problem=problem)


def in_range(name: str, value: Any, least: float, most: float) -> float:
    """Return a number that lies in a range. Raises ZograscopeError `bad-parameters`."""
    if type(value) not in (int, float) or (isinstance(value, float) and math.isnan(value)):
        raise refusal(f"{name} is {quoted(value)}, but must be a number")
    if not least <= value <= most:  # compared as it came: a long whole number is no float
        raise refusal(f"{name} is {quoted(value)}, but must be from {least:g} to {most:g}")
    return float(value)


def _as_json(value: Any) -> Any:
    return [_as_json(part) for part in value] if isinstance(value, tuple) else value
