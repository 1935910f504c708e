"""An original is the image that was asked for, from where the client may have it."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from zograscope_server.collection.fetching import Fetcher
from zograscope_server.collection.readable import CheckMayRead, anything
from zograscope_server.embedding.image_index import (
    VECTOR_TYPE,
    EmbeddedImage,
    FileState,
    ImageFacts,
    ImageIndex,
)
from zograscope_server.errors import ServerError
from zograscope_server.mosaic.pictures import IndexedPictures


@pytest.fixture
def known(tmp_path: Path) -> tuple[Path, ImageIndex, str]:
    """A picture, the index that has seen it, and its digest."""
    path = tmp_path / "private" / "a.png"
    path.parent.mkdir()
    Image.new("RGB", (300, 200), "red").save(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    index = ImageIndex(tmp_path / "images.sqlite")
    facts = ImageFacts(300, 200, (50.0, 0.0, 0.0), None)
    image = EmbeddedImage(digest, facts, b"", np.zeros(4, VECTOR_TYPE))
    index.add([image], [(FileState(str(path)), digest)], 128, "r")
    return path, index, digest


def original(
    known: tuple[Path, ImageIndex, str], check_may_read: CheckMayRead = anything
) -> Image.Image | None:
    path, index, digest = known
    nothing = Fetcher(path.parent, online=False)
    return IndexedPictures([digest], index, nothing, check_may_read).original(0, 150)


def test_an_original_is_read_from_its_file(known: tuple[Path, ImageIndex, str]) -> None:
    picture = original(known)
    assert picture is not None
    assert picture.size == (150, 100)


def test_what_was_put_in_its_place_is_not_shown(known: tuple[Path, ImageIndex, str]) -> None:
    Image.new("RGB", (300, 200), "blue").save(known[0])
    assert original(known) is None


def test_what_clients_may_not_name_is_not_shown(known: tuple[Path, ImageIndex, str]) -> None:
    def refuse(path: Path) -> None:
        raise ServerError("folder-not-shared", path=str(path))

    assert original(known, refuse) is None
