from pathlib import Path

import pytest

from training.depth import bodies, stock


@pytest.fixture(autouse=True)
def three_bodies(monkeypatch) -> bodies.Bodies:
    """Stands in for the bank: a boy, a man and a woman of it, with a tenth of their vertices."""
    monkeypatch.setattr(bodies, "BANK", Path(__file__).with_name("bodies.npz"))
    return bodies.bank()


@pytest.fixture(autouse=True)
def few_things(monkeypatch) -> stock.Stock:
    """Stands in for the stock: some small things of it (CC0), one at least for each kind."""
    monkeypatch.setattr(stock, "BANK", Path(__file__).with_name("stock.npz"))
    return stock.bank()
