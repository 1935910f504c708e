"""Only true files are read, and no larger than they may be."""

import os
from pathlib import Path

import pytest
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.collection.files import MOST_IMAGE, read_file
from zograscope_server.collection.open import open_collection
from zograscope_server.images import READING


def refusal(path: Path, most: int = 100) -> str:
    with pytest.raises(ZograscopeError) as caught:
        read_file(path, most)
    assert str(path) in caught.value.sentence
    return caught.value.code


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"x" * 100)
    assert read_file(path, 100) == b"x" * 100
    assert refusal(path, 99) == "file-too-large"
    assert refusal(tmp_path / "gone") == "file-not-found"
    assert refusal(tmp_path) == "is-a-folder"
    assert refusal(tmp_path / "\0") == "file-unreadable"


def test_a_file_of_nothing_but_size_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.jpg"
    path.touch()
    os.truncate(path, 8 << 30)
    assert refusal(path, MOST_IMAGE) == "file-too-large"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
@pytest.mark.parametrize("name", ["cards.csv", "cards.json"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_pipes_and_devices_are_no_collections(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / name
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    assert refusal(path) == "file-unreadable"
    with pytest.raises(ZograscopeError) as caught:
        open_collection(str(path), tmp_path / "cache")
    assert caught.value.code == "file-unreadable"


def test_what_is_read_counts_among_what_decoders_hold(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x" * 1000)
    with READING.turn():
        read_file(path, 1000)
        assert READING.held == 1000
    assert READING.held == 0
