"""What every test folder shares: the real material, where it is present."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("ZOGRASCOPE_SHARED", REPOSITORY.parent / "shared"))


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real photographs, weights and ground truth, which the project does not hold."""
    if not SHARED.is_dir():
        pytest.skip(f"real test material is not at {SHARED}; set ZOGRASCOPE_SHARED to its folder")
    return SHARED
