"""What a job takes and gives as files: numbered frames, whole or not there, and mapped inputs."""

from pathlib import Path

import numpy as np
import pytest
from zograscope_protocol import wire
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.frame_files import FrameFiles
from zograscope_protocol.saving import whole_file, write_file
from zograscope_protocol.submission import file_input


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_frame_is_whole_or_not_there(tmp_path, monkeypatch):
    files = FrameFiles(tmp_path / "frames")
    assert files.first_missing() == 0
    files.write(0, np.arange(9, dtype=np.uint8))
    files.write(2, np.arange(9, dtype=np.uint8))
    assert files.first_missing() == 1
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(ZograscopeError, match=r"0002\.png cannot be written"):
        files.write(1, np.arange(9, dtype=np.uint8))
    assert names(tmp_path / "frames") == ["0001.png", "0003.png"]


def test_a_file_that_is_broken_off_leaves_the_one_before(tmp_path):
    path = tmp_path / "film"
    write_file(path, b"before")
    with pytest.raises(ZeroDivisionError), whole_file(path) as part:
        part.write_bytes(b"half")
        assert path.read_bytes() == b"before"
        raise ZeroDivisionError
    assert path.read_bytes() == b"before"
    with whole_file(path) as part:
        part.write_bytes(b"after")
    assert path.read_bytes() == b"after"
    assert names(tmp_path) == ["film"]


def test_a_file_travels_without_being_copied(tmp_path):
    (tmp_path / "driver.mp4").write_bytes(bytes(range(256)) * 100)
    data = file_input(tmp_path / "driver.mp4")
    assert data.dtype == np.uint8
    assert data.tobytes() == bytes(range(256)) * 100
    assert np.shares_memory(data, np.frombuffer(wire.byte_view(wire.as_array(data)), np.uint8))
    with pytest.raises(ValueError, match="read-only"):
        data[0] = 1


def test_an_empty_file_and_none(tmp_path):
    (tmp_path / "empty").touch()
    assert file_input(tmp_path / "empty").shape == (0,)
    with pytest.raises(ZograscopeError, match="There is no file"):
        file_input(tmp_path / "none")
