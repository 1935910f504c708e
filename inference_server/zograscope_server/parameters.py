"""Checks what a job was asked with; what is wrong becomes `bad-parameters`, in words."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from zograscope_protocol.errors import ZograscopeError


def required(inputs: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """Return an input that must be there."""
    if name not in inputs:
        raise refusal(f"the input {name!r} is missing")
    return inputs[name]


def one_of(parameters: Mapping[str, Any], name: str, choices: tuple[str, ...], default: str) -> str:
    """Return one of a few words."""
    value = parameters.get(name, default)
    if value not in choices:
        raise refusal(
            f"{_in_words(name)} is {value!r}, but can only be one of {', '.join(choices)}"
        )
    return str(value)


def number(parameters: Mapping[str, Any], name: str, default: float) -> float:
    """Return a finite number."""
    value = parameters.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise refusal(f"{_in_words(name)} is {value!r}, but must be a number")
    return float(value)


def truth(parameters: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """Return true or false."""
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        raise refusal(f"{_in_words(name)} is {value!r}, but can only be true or false")
    return value


def _in_words(name: str) -> str:
    return name.replace("_", " ")


def refusal(problem: str) -> ZograscopeError:
    """Return the error that says what is wrong with a request."""
    return ZograscopeError("bad-parameters", problem=problem)
