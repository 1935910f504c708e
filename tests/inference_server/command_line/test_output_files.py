"""Files that a command makes: whole, or not there."""

import io
import zipfile

import numpy as np
import pytest
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.command_line.output_files import unpack, write_file


def packed(**contents: str) -> np.ndarray:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in contents.items():
            archive.writestr(name, text)
    return np.frombuffer(buffer.getvalue(), np.uint8)


def test_a_file_takes_the_place_of_the_former(tmp_path):
    path = tmp_path / "new" / "poster.png"
    for data in (np.arange(9, dtype=np.uint8), np.arange(3, dtype=np.uint8)):
        write_file(path, data)
        assert path.read_bytes() == data.tobytes()
    assert list(path.parent.iterdir()) == [path]


def test_what_cannot_be_written_is_told_and_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ZograscopeError) as caught:
        write_file(tmp_path / "file" / "poster.png", np.zeros(3, np.uint8))
    assert caught.value.code == "output-exists"
    (tmp_path / "folder.png" / "full").mkdir(parents=True)
    with pytest.raises(ZograscopeError) as caught:
        write_file(tmp_path / "folder.png", np.zeros(3, np.uint8))
    assert caught.value.code == "output-exists"
    assert {path.name for path in tmp_path.iterdir()} == {"file", "folder.png"}


def test_a_zip_is_unpacked_into_its_folder(tmp_path):
    page = tmp_path / "page"
    page.mkdir()
    (page / "notes.txt").write_text("the artist's own")
    unpack(packed(**{"index.html": "hello", "data/tiles.js": "1"}), page)
    found = {str(path.relative_to(page)) for path in page.rglob("*") if path.is_file()}
    assert found == {"index.html", "data/tiles.js", "notes.txt"}
    assert [path.name for path in tmp_path.iterdir()] == ["page"], "the zip is gone"


@pytest.mark.parametrize("name", ["../evil.html", "/evil.html", "data/../../evil.html"])
def test_nothing_is_unpacked_outside_of_the_folder(tmp_path, name):
    page = tmp_path / "page"
    with pytest.raises(ZograscopeError) as caught:
        unpack(packed(**{"index.html": "hello", name: "evil"}), page)
    assert caught.value.code == "internal"
    assert not list(tmp_path.rglob("*.html"))
