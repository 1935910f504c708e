"""Whatever breaks a walk off, the frames that are there stay, and the others come out the same."""

from pathlib import Path

import numpy as np
import pytest
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.generative.tasks import WalkOptions
from zograscope_server.generative import tasks
from zograscope_server.models.cache import ModelCache
from zograscope_server.models.loading import load_model
from zograscope_server.settings import ServerSettings
from zograscope_server.tasks import Paused, TaskContext

from .small import add_small_model

FRAMES = 20
OPTIONS = WalkOptions(model="small", keyframes=("1", "2", "3"), frames=FRAMES)


class Disk:
    """Keeps parts and checkpoints, as far as it has room."""

    def __init__(self, folder: Path, room: int = FRAMES) -> None:
        self.folder, self.room = folder, room
        self.kept: list[np.ndarray] = []
        self.metadata: list[dict] = []
        self.checkpoint: Path | None = None

    @property
    def parts(self) -> int:
        return len(self.kept)

    def add_part(self, arrays, metadata) -> None:
        if self.parts == self.room:
            raise ZograscopeError("spool-full")
        self.kept.append(arrays["file"])
        self.metadata.append(metadata)

    def latest_checkpoint(self) -> Path | None:
        return self.checkpoint

    def begin_checkpoint(self) -> Path:
        folder = self.folder / f"checkpoint {self.parts}"
        folder.mkdir()
        return folder

    def finish_checkpoint(self) -> None:
        self.checkpoint = self.folder / f"checkpoint {self.parts}"


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> ServerSettings:
    state = tmp_path_factory.mktemp("state")
    add_small_model(state / "models")
    return ServerSettings(state_folder=state, models_folder=state / "models")


def context(settings: ServerSettings, disk: Disk) -> TaskContext:
    cache = ModelCache(lambda name: load_model(name, settings.models_folder, "cpu"))
    return TaskContext(settings, cache, files=disk)


def pixels(disk: Disk) -> list[np.ndarray]:
    import cv2

    return [cv2.imdecode(file, cv2.IMREAD_UNCHANGED) for file in disk.kept]


@pytest.fixture(scope="module")
def undisturbed(settings, tmp_path_factory) -> tuple[list[np.ndarray], np.ndarray]:
    disk = Disk(tmp_path_factory.mktemp("disk"))
    result = tasks.walk({}, OPTIONS, context(settings, disk))
    return pixels(disk), result.arrays["steps"]


def test_a_full_disk_costs_no_frame(settings, undisturbed, tmp_path):
    disk = Disk(tmp_path, room=7)
    with pytest.raises(ZograscopeError) as caught:
        tasks.walk({}, OPTIONS, context(settings, disk))
    assert caught.value.code == "spool-full"
    before = [file.tobytes() for file in disk.kept]
    assert len(before) == 7
    disk.room = FRAMES
    result = tasks.walk({}, OPTIONS, context(settings, disk))
    assert [file.tobytes() for file in disk.kept[:7]] == before, "they were not made twice"
    assert [metadata["frame"] for metadata in disk.metadata] == list(range(FRAMES))
    np.testing.assert_array_equal(pixels(disk), undisturbed[0])
    np.testing.assert_array_equal(result.arrays["steps"], undisturbed[1])


@pytest.mark.parametrize("at", [1, 6, 8])
def test_after_a_pause_all_is_as_without_one(settings, undisturbed, tmp_path, monkeypatch, at):
    disk = Disk(tmp_path)
    pausing = context(settings, disk)

    def on_progress(fraction, stage, detail=""):
        if disk.parts == at:
            pausing.pause_asked.set()

    pausing.on_progress = on_progress
    with pytest.raises(Paused):
        tasks.walk({}, OPTIONS, pausing)
    assert disk.parts == at + 1 and disk.checkpoint is not None

    def fail(*_):
        raise AssertionError("the pace is in the checkpoint")

    monkeypatch.setattr("zograscope_server.generative.walks.walk.find_pace", fail)
    result = tasks.walk({}, OPTIONS, context(settings, disk))
    np.testing.assert_array_equal(pixels(disk), undisturbed[0])
    np.testing.assert_array_equal(result.arrays["steps"], undisturbed[1])


def test_progress_only_grows(settings, tmp_path):
    told = []
    following = context(settings, Disk(tmp_path))
    following.on_progress = lambda fraction, stage, detail="": told.append((fraction, stage))
    tasks.walk({}, OPTIONS, following)
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert 0.9 < fractions[-1] < 1
    assert {stage for _, stage in told} == {"Loading the model", "Measuring the walk", "Dreaming"}
