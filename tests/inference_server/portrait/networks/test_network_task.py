"""The whole task `portrait` with a network that an artist added: from files to signed frames."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.portrait.tasks import PortraitOptions
from zograscope_server.models.cache import ModelCache
from zograscope_server.models.loading import load_model
from zograscope_server.portrait import tasks
from zograscope_server.portrait.loading import add_weights
from zograscope_server.portrait.networks.fomm import Fomm
from zograscope_server.provenance.certificates import own_certificate
from zograscope_server.provenance.verification import INTACT, OWN, verify
from zograscope_server.settings import ServerSettings
from zograscope_server.tasks import TaskContext

NAME = "untrained"
FRAMES = 2


class KeptFiles:
    """Keeps the parts and the one checkpoint of a task."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._whole = False
        self.kept: list[tuple[Mapping[str, np.ndarray], Mapping[str, Any]]] = []

    @property
    def parts(self) -> int:
        return len(self.kept)

    def add_part(self, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> None:
        self.kept.append((arrays, metadata))

    def latest_checkpoint(self) -> Path | None:
        return self._folder if self._whole else None

    def begin_checkpoint(self) -> Path:
        self._folder.mkdir(exist_ok=True)
        return self._folder

    def finish_checkpoint(self) -> None:
        self._whole = True


@pytest.fixture(scope="module")
def drawn(repository) -> ModuleType:
    """The face that the benchmarks draw."""
    path = repository / "benchmarks" / "drawn_face.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def models_folder(tmp_path_factory) -> Path:
    """A folder with a network without training, added as an artist adds one."""
    torch.manual_seed(1)
    network = Fomm()
    weights = {
        name: {key: value.half() if value.is_floating_point() else value for key, value in state}
        for name, state in (
            ("generator", network.generator.state_dict().items()),
            ("kp_detector", network.kp_detector.state_dict().items()),
        )
    }
    file = tmp_path_factory.mktemp("weights") / "vox.pth.tar"
    torch.save(weights, file)
    folder = tmp_path_factory.mktemp("models")
    assert add_weights(file, "", folder, NAME) == NAME
    file.unlink()
    return folder


@pytest.fixture
def context(models_folder, tmp_path) -> TaskContext:
    settings = ServerSettings(state_folder=tmp_path / "state", models_folder=models_folder)
    models = ModelCache(lambda name: load_model(name, models_folder, "cpu"))
    return TaskContext(settings, models, files=KeptFiles(tmp_path / "checkpoint"))


@pytest.fixture
def image(drawn) -> np.ndarray:
    """The file of a portrait whose border no network may touch."""
    face = drawn.draw_face(320)
    framed = cv2.copyMakeBorder(face, 40, 40, 60, 60, cv2.BORDER_CONSTANT, value=(90, 60, 30))
    return cv2.imencode(".png", framed[..., ::-1])[1].ravel()


def decoded(file: np.ndarray) -> np.ndarray:
    return cv2.imdecode(file, cv2.IMREAD_UNCHANGED)


def test_an_added_network_makes_the_frames_of_a_task(drawn, context, image, tmp_path):
    pictures = [drawn.draw_face(192), drawn.draw_face(192, mouth=1.0, turn=6.0)]
    clip = drawn.write_clip(tmp_path / "drawn.mp4", pictures)
    inputs = {"image": image, "driver": np.fromfile(clip, np.uint8)}
    options = PortraitOptions(model=NAME, neutral_frame=0, relief=True)
    result = tasks.portrait(inputs, options, context)

    assert [metadata["frame"] for _, metadata in context.files.kept] == list(range(FRAMES))
    assert result.metadata["model"] == NAME
    assert result.arrays["curves"].shape == (FRAMES, 52)
    source, mask = decoded(image), decoded(result.arrays["mask"])
    certificate = own_certificate(context.settings.state_folder)
    frames = [decoded(arrays["file"]) for arrays, _ in context.files.kept]
    for number, ((arrays, _), frame) in enumerate(zip(context.files.kept, frames, strict=True)):
        assert (frame.shape, frame.dtype) == (source.shape, source.dtype)
        np.testing.assert_array_equal(frame[mask == 0], source[mask == 0])
        assert (decoded(arrays["relief"]) == tasks.RELIEF_MIDDLE).all()
        file = tmp_path / f"{number}.png"
        arrays["file"].tofile(file)
        found = verify(file, certificate)
        assert (found.state, found.signer, found.networks) == (INTACT, OWN, True)
    assert (frames[0] != frames[1]).any()
    assert 0 < (mask > 0).mean() < 1


def test_a_network_is_not_moved_by_curves(context, image):
    inputs = {"image": image, "curves": np.zeros((1, 52), np.float32)}
    with pytest.raises(ZograscopeError, match="driver video only") as caught:
        tasks.portrait(inputs, PortraitOptions(model=NAME), context)
    assert caught.value.code == "model-needs-driver"
    assert context.files.parts == 0
