"""What a model made is found in it again, and other pictures are cut to what it can show."""

import cv2
import numpy as np
import pytest
from zograscope_protocol.generative.tasks import ProjectOptions
from zograscope_server import images
from zograscope_server.generative import tasks
from zograscope_server.generative.walks import projection
from zograscope_server.generative.walks.projection import cut_to_size, project
from zograscope_server.generative.walks.space import make_pictures, styles_of, wide
from zograscope_server.tasks import TaskContext

from ..small import small_generator


@pytest.fixture
def few_seeds(monkeypatch):
    monkeypatch.setattr(projection, "MOST_SEEDS", 100)


def test_its_own_picture_is_found(generator, few_seeds):
    wanted = make_pictures(generator, styles_of(generator, [123_456]), 0)[0]
    begun = project(generator, wanted, steps=1)
    told = []

    def on_progress(fraction, stage, detail=""):
        told.append(fraction)

    found = project(generator, wanted, steps=60, on_progress=on_progress)
    assert found.latent.shape == (len(generator.resolutions), generator.style_size)
    assert found.latent.dtype == np.float32
    assert found.difference < 0.6 * begun.difference
    assert told == sorted(told) and told[-1] > 0.95
    np.testing.assert_array_equal(found.wanted, wanted)
    again = make_pictures(generator, wide(generator, found.latent[None]), 0)[0]
    np.testing.assert_array_equal(again, found.picture)
    error = (found.picture.astype(float) - wanted) / 255
    assert found.difference == pytest.approx(np.sqrt((error**2).mean()))


def test_it_is_the_same_each_time(generator, few_seeds):
    picture = np.random.default_rng(0).integers(0, 256, (50, 80, 3), np.uint8)
    first, again = (project(generator, picture, steps=3, seed=2) for _ in range(2))
    np.testing.assert_array_equal(first.latent, again.latent)


def test_a_grey_model_sees_grey(few_seeds):
    grey = small_generator(4, 4, 2, colours=1)
    found = project(grey, np.full((30, 30, 3), 90, np.uint8), steps=2)
    assert found.picture.shape == found.wanted.shape == (16, 16, 1)


@pytest.mark.parametrize(("height", "width"), [(40, 200), (200, 40), (32, 40), (10, 10), (1, 1)])
def test_the_middle_is_cut_to_the_models_aspect(height, width):
    picture = np.zeros((height, width, 3), np.uint8)
    picture[height // 2, width // 2] = 255
    cut = cut_to_size(picture, (40, 32), 3)
    assert cut.shape == (32, 40, 3)
    assert cut[12:20, 15:25].max() > 0


def test_it_is_cancelled_at_a_step(generator, few_seeds):
    class Stop(Exception):
        pass

    def stop(fraction, stage, detail=""):
        if stage == projection.SEEKING:
            raise Stop

    with pytest.raises(Stop):
        project(generator, np.zeros((9, 9, 3), np.uint8), on_progress=stop)


def test_a_picture_of_more_pixels_than_enough_is_read_smaller(generator, monkeypatch):
    class Enough(Exception):
        pass

    read = []

    def seek(model, picture, **options):
        read.append(picture)
        raise Enough

    monkeypatch.setattr(TaskContext, "load_model", lambda context, name, purpose: generator)
    monkeypatch.setattr(projection, "project", seek)
    picture = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    image = cv2.imencode(".png", picture[..., ::-1])[1]
    for most in (90 * 120, 90 * 120 - 1):
        monkeypatch.setattr(images, "ENOUGH_PIXELS", most)
        with pytest.raises(Enough):
            tasks.project({"image": image}, ProjectOptions(), TaskContext())
    np.testing.assert_array_equal(read[0], picture)
    assert read[1].shape == (45, 60, 3)
