"""Parts and checkpoints on disk: never half there, whoever dies."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.job_files import CheckpointFolder, PartsFolder

RUN = "01234567"


def write_parts(folder: PartsFolder, count: int) -> None:
    for number in range(count):
        folder.write(number, {"a": np.array(number)}, {"n": number}, RUN)


def test_parts_are_read_as_they_were_written(tmp_path):
    parts = PartsFolder(tmp_path / "parts")
    assert (parts.count(), parts.bytes()) == (0, 0)
    write_parts(parts, 12)
    assert parts.count() == 12
    part = parts.open(11)
    assert part.metadata == {"n": 11}
    assert np.frombuffer(part.buffer("a"), np.int64) == 11
    assert parts.open(12) is None
    assert parts.bytes() == 12 * parts.path(0).stat().st_size


def test_a_part_that_is_missing_ends_the_list(tmp_path):
    parts = PartsFolder(tmp_path / "parts")
    write_parts(parts, 5)
    parts.path(2).unlink()
    (parts.folder / f".2.{RUN}").write_bytes(b"half of it")
    assert parts.count() == 2
    parts.keep(2)
    assert sorted(path.name for path in parts.folder.iterdir()) == ["0", "1"]


@pytest.mark.parametrize(
    ("arrays", "metadata", "words"),
    [
        ({f"a{n}": np.array(n) for n in range(65)}, {}, "too many"),
        ({"a": np.array(["text"])}, {}, "not of numbers"),
        ({}, {"names": ["x" * 100] * 700}, "more than a message can hold"),
    ],
)
def test_what_no_message_can_tell_of_is_refused_and_leaves_nothing(
    tmp_path, arrays, metadata, words
):
    parts = PartsFolder(tmp_path / "parts")
    with pytest.raises(ZograscopeError, match=words) as caught:
        parts.write(0, arrays, metadata, RUN)
    assert caught.value.code == "result-indescribable"
    assert list(parts.folder.iterdir()) == []


def fill(checkpoints: CheckpointFolder, parts: int) -> Path:
    folder = checkpoints.begin()
    (folder / "model").mkdir()
    (folder / "model" / "weights").write_text(str(parts))
    return folder


def test_a_checkpoint_takes_the_place_of_the_one_before_it(tmp_path):
    checkpoints = CheckpointFolder(tmp_path / "checkpoints")
    assert (checkpoints.latest(), checkpoints.parts()) == (None, 0)
    for parts in (3, 120, 120):
        fill(checkpoints, parts)
        checkpoints.finish(parts)
        assert (checkpoints.latest() / "model" / "weights").read_text() == str(parts)
        assert checkpoints.parts() == parts
    assert len(list(checkpoints.folder.iterdir())) == 1


def test_a_checkpoint_that_was_not_finished_is_none(tmp_path):
    checkpoints = CheckpointFolder(tmp_path / "checkpoints")
    fill(checkpoints, 3)
    checkpoints.finish(3)
    fill(checkpoints, 9)
    assert checkpoints.parts() == 3
    assert list(checkpoints.begin().iterdir()) == [], "what was left behind is not mixed in"


def test_of_two_checkpoints_the_later_counts(tmp_path):
    """A worker may die between putting the new one in place and removing the old one."""
    checkpoints = CheckpointFolder(tmp_path / "checkpoints")
    fill(checkpoints, 9)
    checkpoints.finish(9)
    old = shutil.copytree(checkpoints.latest(), tmp_path / "kept")
    fill(checkpoints, 10)
    checkpoints.finish(10)
    shutil.copytree(old, checkpoints.folder / "1-9")
    assert checkpoints.parts() == 10


def test_what_another_takes_away_meanwhile_is_not_missed(tmp_path, monkeypatch):
    """The worker of a broker that was killed may still write while the next one looks."""
    parts = PartsFolder(tmp_path / "parts")
    write_parts(parts, 3)
    half = parts.folder / f".3.{RUN}"
    half.write_bytes(b"half of it")
    listed = parts._files()
    half.rename(parts.path(3))
    monkeypatch.setattr(PartsFolder, "_files", lambda self: listed)
    assert parts.bytes() == 3 * parts.path(0).stat().st_size
    parts.keep(3)
    assert parts.path(2).exists()


def test_two_that_make_the_same_checkpoint_do_not_mix(tmp_path):
    orphan, heir = (CheckpointFolder(tmp_path / "checkpoints", run) for run in ("a", "b"))
    (orphan.begin() / "orphan").touch()
    (heir.begin() / "heir").touch()
    with pytest.raises(FileNotFoundError):
        orphan.finish(7)
    heir.finish(8)
    assert [path.name for path in heir.latest().iterdir()] == ["heir"]
    assert heir.parts() == 8
