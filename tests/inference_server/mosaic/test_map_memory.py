"""A map is remembered whole, or not at all."""

import hashlib

import numpy as np
import pytest
from zograscope_server.mosaic.map_memory import MapMemory


def digests(count: int) -> list[str]:
    return [hashlib.sha256(bytes([number])).hexdigest() for number in range(count)]


def test_what_is_saved_is_loaded(tmp_path):
    points = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    memory = MapMemory(tmp_path / "maps", "collection", "model", 0)
    assert memory.load() == {}
    memory.save(digests(5), points)
    kept = memory.load()
    assert list(kept) == digests(5)
    assert np.array_equal(np.stack(list(kept.values())), points)
    assert MapMemory(tmp_path / "maps", "collection", "model", 1).load() == {}


@pytest.mark.parametrize("damage", [b"", b"PK nonsense", b"\x93NUMPY"])
def test_a_damaged_file_is_as_none(tmp_path, damage):
    memory = MapMemory(tmp_path, "collection")
    memory.save(digests(2), np.zeros((2, 2)))
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage)
    assert memory.load() == {}
