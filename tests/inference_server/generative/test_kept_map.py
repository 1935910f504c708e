"""The latent map that was drawn last is kept, and no other is taken for it."""

import pytest
from zograscope_server.generative import tasks
from zograscope_server.generative.walks import latent_map
from zograscope_server.progress import no_progress


class Drawing:
    """Stands for a generator, which a map is drawn with."""


@pytest.fixture
def drawn(monkeypatch):
    made = []

    def make(generator, seed, side, on_progress):
        made.append((generator, seed, side))
        return len(made)

    monkeypatch.setattr(latent_map, "make_latent_map", make)
    monkeypatch.setattr(tasks, "_drawn", [])
    return made


def test_a_map_is_drawn_once_for_whoever_moves_on_it(drawn):
    one, other = Drawing(), Drawing()

    def draw(generator, seed, side):
        return tasks._latent_map(generator, seed, side, no_progress)

    assert draw(one, 5, 8) == draw(one, 5, 8) == 1
    assert draw(one, 6, 8) == 2
    assert draw(one, 6, 4) == 3
    assert draw(other, 6, 4) == 4
    assert draw(one, 6, 4) == 5, "only the latest is kept"
    assert len(drawn) == 5
