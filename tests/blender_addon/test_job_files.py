"""Files that come out of jobs are whole or not there, and lie where they should."""

import importlib
import io
import zipfile
from pathlib import PurePosixPath, PureWindowsPath

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st


@pytest.fixture
def job_files(zograscope):
    return importlib.import_module(zograscope.__name__ + ".job_files")


@pytest.mark.parametrize(
    "data", [b"words", np.frombuffer(b"words", np.uint8), memoryview(b"words")]
)
def test_bytes_and_arrays_are_written_alike(job_files, tmp_path, data):
    path = tmp_path / "new folder" / "file.txt"
    job_files.write_file(path, data)
    assert path.read_bytes() == b"words"
    assert [item.name for item in path.parent.iterdir()] == ["file.txt"]


def test_what_cannot_be_written_is_told(job_files, tmp_path):
    from zograscope_protocol.errors import ZograscopeError

    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "below.txt", tmp_path / "folder"):
        with pytest.raises(ZograscopeError) as refused:
            job_files.write_file(path, b"words")
        assert refused.value.code == "output-exists"
        assert str(path) in refused.value.sentence
    assert sorted(item.name for item in tmp_path.iterdir()) == ["file", "folder"]


def zipped(*names: str) -> np.ndarray:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return np.frombuffer(buffer.getvalue(), np.uint8)


def test_a_page_is_unpacked(job_files, tmp_path):
    job_files.unpack(zipped("index.html", "tiles/0.jpg"), tmp_path / "page")
    assert (tmp_path / "page" / "tiles" / "0.jpg").read_text() == "tiles/0.jpg"
    assert [item.name for item in tmp_path.iterdir()] == ["page"]


@pytest.mark.parametrize(
    "name",
    [
        *("../outside.txt", "/outside.txt", "tiles/../../outside.txt", "C:outside.txt"),
        *("..\\outside.txt", "C:/outside.txt", "NUL.txt", "tiles/aux", "tiles./outside.txt"),
    ],
)
def test_nothing_leads_out_of_the_folder(job_files, tmp_path, name):
    from zograscope_protocol.errors import ZograscopeError

    with pytest.raises(ZograscopeError, match="cannot be used"):
        job_files.unpack(zipped("index.html", name), tmp_path / "page")
    assert not list(tmp_path.rglob("*.txt"))
    assert not list(tmp_path.rglob("index.html"))


@pytest.mark.parametrize(
    "folder", [PureWindowsPath(r"C:\Users\ada\frames"), PurePosixPath("/home/ada/frames")]
)
@given(said=st.text() | st.from_regex(r"\.[a-z0-9]{1,5}") | st.none() | st.integers())
@example(said="\\..\\..\\evil.exe")
@example(said=".wav\\..\\..\\evil")
@example(said="/../../evil")
@example(said=".wav:stream")
@example(said=".wav.")
@example(said=".wav\n")
def test_no_suffix_leads_out_of_the_folder_on_any_system(zograscope, folder, said):
    """What becomes of a server's suffix is one file in the folder, as Windows reads it too."""
    sequencer = importlib.import_module(zograscope.__name__ + ".sequencer")
    builders = importlib.import_module(zograscope.__name__ + ".mosaic.builders")
    page = np.frombuffer(str(said).encode("utf-8", "replace"), np.uint8)
    assert builders.page_suffix(page) in (".png", ".jpg")
    path = folder / sequencer.sound_name({"sound_suffix": said})
    assert (path.parent, path.stem) == (folder, "sound")
    assert path.suffix[1:].isalnum() and path.suffix.isascii()
