"""The models that the set-up fetched find a face and a person, and only in the picture."""

import ctypes
from pathlib import Path

import numpy as np
import pytest
from skimage import data
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.faces.landmarks import EXPRESSIONS, POINTS
from zograscope_server.faces.loading import check_library
from zograscope_server.models.loading import load_model

NO_FOLDER = Path("/nonexistent")


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    """A portrait of NASA's, in the public domain, that scikit-image brings."""
    return data.astronaut()


def test_the_face_stands_where_the_picture_has_it(astronaut):
    faces = load_model("default", NO_FOLDER, "cpu", "faces")
    with faces.landmarker() as landmarker:
        (face,) = landmarker.find(astronaut)
        (moved,) = landmarker.find(np.roll(astronaut, (40, -60), (0, 1)))
        assert landmarker.find(np.full_like(astronaut, 128)) == []
    assert face.points.shape == (POINTS, 3)
    assert face.expressions.shape == (len(EXPRESSIONS),)
    assert face.expressions[EXPRESSIONS.index("mouthSmileLeft")] > 0.3
    left, top, width, height = face.box
    assert 150 < left < 190 and 60 < top < 100 and 80 < width < 130 and 90 < height < 150
    np.testing.assert_allclose(moved.points[:, :2] - face.points[:, :2], [[-60, 40]] * 478, atol=4)


def test_the_matte_holds_the_person(astronaut):
    matte = load_model("default", NO_FOLDER, "cpu", "matting").matte(astronaut)
    assert matte.shape == astronaut.shape[:2]
    assert matte.dtype == np.float32
    assert matte.min() >= 0.0 and matte.max() <= 1.0
    assert matte[80:160, 180:260].mean() > 0.95, "her face"
    assert matte[:150, 350:].mean() < 0.05, "what is behind her"


def test_a_library_that_is_missing_is_told_in_words(monkeypatch):
    def no_library(name, *_, **__):
        raise OSError("libGLESv2.so.2: cannot open shared object file")

    bindings = pytest.importorskip("mediapipe.tasks.python.core.mediapipe_c_bindings")
    monkeypatch.setattr(bindings, "_shared_lib", None)
    monkeypatch.setattr(ctypes, "CDLL", no_library)
    with pytest.raises(ZograscopeError, match=r"libGLESv2\.so\.2") as caught:
        check_library()
    assert caught.value.code == "face-library-missing"
    assert "apt-get install" in caught.value.sentence
