"""Choosing by chance, with types."""

from collections.abc import Sequence
from typing import TypeVar

from numpy.random import Generator

Thing = TypeVar("Thing")


def pick(rng: Generator, things: Sequence[Thing], chances: Sequence[float] | None = None) -> Thing:
    """Return one of the things, each as likely as the others without chances."""
    return things[int(rng.choice(len(things), p=chances))]
