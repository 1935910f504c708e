from pathlib import Path

import pytest

from training.depth import bodies


@pytest.fixture(autouse=True)
def three_bodies(monkeypatch) -> bodies.Bodies:
    """Stands in for the bank: a boy, a man and a woman of it, with a tenth of their vertices."""
    monkeypatch.setattr(bodies, "BANK", Path(__file__).with_name("bodies.npz"))
    return bodies.bank()
