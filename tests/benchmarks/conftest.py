"""Benchmarks are scripts beside each other, and no package: tests import them by their names."""

import importlib
import sys
from collections.abc import Callable
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def benchmark_module(repository) -> Callable[[str], ModuleType]:
    """benchmark_module(name) -> the script."""

    def load(name: str) -> ModuleType:
        sys.path.insert(0, str(repository / "benchmarks"))
        try:
            return importlib.import_module(name)
        finally:
            sys.path.pop(0)

    return load
