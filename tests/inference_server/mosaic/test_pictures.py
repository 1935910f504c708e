"""An original is the image that was asked for, from where the client may have it."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.mosaic.tasks import (
    MosaicOptions,
    OriginalsOptions,
    PosterOptions,
    SimilarOptions,
    digests_of,
)
from zograscope_server.collection.fetching import Fetcher
from zograscope_server.collection.readable import CheckMayRead, anything
from zograscope_server.embedding.descriptor import ColourAndTexture
from zograscope_server.embedding.image_index import (
    VECTOR_TYPE,
    EmbeddedImage,
    FileState,
    ImageFacts,
    ImageIndex,
)
from zograscope_server.errors import ServerError
from zograscope_server.models.cache import ModelCache
from zograscope_server.mosaic import tasks
from zograscope_server.mosaic.pictures import IndexedPictures
from zograscope_server.settings import ServerSettings
from zograscope_server.tasks import TaskContext


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


def lay_out(guest: str, folder: Path, context: TaskContext) -> np.ndarray:
    """Lay a folder out for a guest; return the digests that it is told."""
    asked = MosaicOptions(str(folder), layouts=("colour",))
    result = tasks.mosaic({}, asked, replace(context, guest=guest))
    tiles = result.arrays["tiles"].tobytes().decode().splitlines()
    return digests_of([json.loads(line) for line in tiles])


def test_a_guest_gets_by_their_hash_what_its_own_collections_show(tmp_path: Path) -> None:
    """Not what others' do, nor what is no longer there."""
    folder = tmp_path / "shared"
    folder.mkdir()
    for name in ("red", "green", "blue"):
        Image.new("RGB", (300, 200), name).save(folder / f"{name}.png")
    context = TaskContext(
        settings=ServerSettings(tmp_path, tmp_path / "models"),
        models=ModelCache(lambda _: ColourAndTexture()),
    )
    digests = {"digests": lay_out("Ann", folder, context)}

    def missing(guest: str) -> list[int]:
        asked = replace(context, guest=guest)
        return tasks.originals(digests, OriginalsOptions(), asked).metadata["missing"]

    def poster(guest: str) -> np.ndarray:
        layout = {"layout": np.eye(3, dtype=np.float32)}
        asked = PosterOptions(width_pixels=90)
        return tasks.mosaic_poster(digests | layout, asked, replace(context, guest=guest)).arrays

    def similarity(guest: str) -> np.ndarray:
        asked = replace(context, guest=guest)
        return tasks.similar_images(digests, SimilarOptions(tile=0), asked).arrays["similarity"]

    assert (missing("Ann"), missing(""), missing("Bob")) == ([], [], [0, 1, 2])
    assert len(similarity("Ann")) == len(similarity("")) == 3
    assert poster("Ann").keys() == poster("").keys() == {"file"}
    for ask in (similarity, poster):
        with pytest.raises(ZograscopeError) as caught:
            ask("Bob")
        assert caught.value.code == "image-forgotten"
    Image.new("RGB", (300, 200), "black").save(folder / "blue.png")
    assert missing("Ann") == [0]  # of blue, green, red
    with pytest.raises(ZograscopeError):
        poster("Ann")
