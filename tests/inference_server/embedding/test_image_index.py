"""The index keeps what was learned of images through kills, damage and full disks."""

import dataclasses
import sqlite3

import numpy as np
import pytest
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.embedding.image_index import (
    EmbeddedImage,
    FileState,
    ImageFacts,
    ImageIndex,
)

FACTS = ImageFacts(400, 300, (50.0, 1.5, -2.5), 1910.5)
FILE = FileState("/archive/a.jpg", 1000, 123456789)


def image(digest: str = "ab" * 32, size: int = 10) -> EmbeddedImage:
    vector = np.arange(size, dtype=np.float32) / 3
    return EmbeddedImage(digest, FACTS, b"a tile", vector)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "images.sqlite"


def test_what_was_added_is_there_after_reopening(path):
    with ImageIndex(path) as index:
        index.add([image()], [(FILE, image().digest)], 128, "model 1")
    with ImageIndex(path) as index:
        digest = index.digest_of(FILE)
        assert digest == image().digest
        assert index.facts(digest) == FACTS
        assert index.thumbnail(digest, 128) == b"a tile"
        vector = index.vector(digest, "model 1")
        assert vector.dtype == np.dtype("<f2")
        assert np.array_equal(vector, image().vector.astype(np.float16))


@pytest.mark.parametrize(
    "changed", [{"path": "/archive/b.jpg"}, {"size": 1001}, {"mtime_ns": 123456790}]
)
def test_a_changed_file_is_unknown(path, changed):
    with ImageIndex(path) as index:
        index.add([image()], [(FILE, image().digest)], 128, "model 1")
        assert index.digest_of(FileState(**(vars(FILE) | changed))) is None


def test_an_image_is_complete_only_for_what_was_made_of_it(path):
    with ImageIndex(path) as index:
        index.add([image()], [], 128, "model 1")
        digest = image().digest
        assert index.is_complete(digest, 128, "model 1")
        assert not index.is_complete(digest, 256, "model 1")
        assert not index.is_complete(digest, 128, "model 2")
        assert not index.is_complete("cd" * 32, 128, "model 1")
        for ask in (
            lambda: index.thumbnail(digest, 256),
            lambda: index.vector(digest, "model 2"),
            lambda: index.facts("cd" * 32),
        ):
            with pytest.raises(KeyError):
                ask()


def test_an_image_is_found_wherever_it_was_seen_and_at_its_largest(path):
    with ImageIndex(path) as index:
        copy = FileState("/archive/copy.jpg", 1000, 5)
        index.add([image()], [(FILE, image().digest), (copy, image().digest)], 128, "model 1")
        large = dataclasses.replace(image(), thumbnail=b"a large tile")
        index.add([large], [], 256, "model 1")
        assert index.locations(image().digest) == ["/archive/a.jpg", "/archive/copy.jpg"]
        assert index.largest_thumbnail(image().digest) == b"a large tile"
        assert index.locations("cd" * 32) == []
        with pytest.raises(KeyError):
            index.largest_thumbnail("cd" * 32)


def test_a_batch_is_added_whole_or_not_at_all(path):
    class Broken:
        def __getattr__(self, name):
            raise RuntimeError("torn")

    with ImageIndex(path) as index:
        with pytest.raises(RuntimeError):
            index.add([image(), Broken()], [(FILE, image().digest)], 128, "model 1")
        assert not index.is_complete(image().digest, 128, "model 1")
        assert index.digest_of(FILE) is None


@pytest.mark.parametrize("damage", ["not a database", "another layout"])
def test_what_is_no_index_is_set_aside(path, caplog, damage):
    path.parent.mkdir()
    if damage == "not a database":
        path.write_bytes(b"scribble" * 1000)
    else:
        database = sqlite3.connect(path)
        database.execute("PRAGMA user_version = 99")
        database.close()
    before = path.read_bytes()
    with ImageIndex(path) as index:
        index.add([image()], [], 128, "model 1")
        assert index.is_complete(image().digest, 128, "model 1")
    assert path.with_name("images.sqlite.damaged-1").read_bytes() == before
    assert "begun anew" in caplog.text


def test_damage_inside_is_told(path):
    with ImageIndex(path) as index:
        for number in range(200):
            index.add([image(f"{number:064x}", 4000)], [], 128, "model 1")
    content = bytearray(path.read_bytes())
    content[8192:-4096] = b"\xa5" * (len(content) - 12288)
    path.write_bytes(content)
    with ImageIndex(path) as index, pytest.raises(ZograscopeError) as caught:
        for number in range(200):
            index.vector(f"{number:064x}", "model 1")
    assert caught.value.code == "image-index-damaged"
    assert str(path) in caught.value.sentence


def test_a_full_disk_is_told_and_what_was_there_stays(path):
    with ImageIndex(path) as index:
        index.add([image()], [], 128, "model 1")
        (pages,) = index._database.execute("PRAGMA page_count").fetchone()
        index._database.execute(f"PRAGMA max_page_count = {pages + 2}")  # SQLite's own full disk
        with pytest.raises(ZograscopeError) as caught:
            index.add([image("cd" * 32, 100_000)], [], 128, "model 1")
        assert caught.value.code == "spool-full"
        assert index.is_complete(image().digest, 128, "model 1")


def test_a_folder_that_cannot_be_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ZograscopeError) as caught:
        ImageIndex(tmp_path / "file" / "images.sqlite")
    assert caught.value.code == "folder-not-writable"
