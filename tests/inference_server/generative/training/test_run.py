"""When a run looks at itself, when it ends, and what it says of the time that is left."""

import itertools
import math

import pytest
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.generative.tasks import TrainOptions
from zograscope_server.generative.networks.layers import Shape
from zograscope_server.generative.training.run import TrainingRun
from zograscope_server.generative.training.trainer import Recipe


class Learner:
    """Takes two seconds for a step of ten images."""

    recipe = Recipe(Shape(4, 4, 4, 4, 3), batch=10)

    def __init__(self) -> None:
        self.steps, self.time, self.loss = 0, 0.0, 1.0

    @property
    def images(self) -> int:
        return 10 * self.steps

    def step(self, data) -> dict[str, float]:
        self.steps += 1
        self.time += 2.0
        return {"generator": self.loss}

    def save(self, folder) -> None:
        (folder / "steps").write_text(str(self.steps))

    def load(self, folder) -> None:
        self.steps = int((folder / "steps").read_text())


def begun(**options) -> tuple[TrainingRun, Learner]:
    learner = Learner()
    return TrainingRun(learner, None, TrainOptions(**options), lambda: learner.time), learner


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({}, 300),
        ({"minutes": 1.0}, 30),
        ({"images": 0.1}, 10),
        ({"images": 0.095}, 10),
        ({"minutes": 1.0, "images": 0.1}, 10),
        ({"minutes": 0.1, "images": 10.0}, 3),
    ],
    ids=str,
)
def test_it_ends_by_minutes_or_by_images(options, steps):
    run, learner = begun(**options)
    run.step()
    assert run.remaining == pytest.approx(2.0 * (steps - 1))
    while not run.finished:
        assert run.fraction < 1
        run.step()
    assert learner.steps == steps
    assert (run.fraction, run.remaining) == (1.0, 0.0)


def test_it_looks_soon_and_then_evenly():
    run, _ = begun(minutes=60.0, sample_every=4.0)
    looked = []
    while not run.finished:
        run.step()
        if run.wants_to_look:
            looked.append(run.record.seconds)
            run.record.looked_at = run.record.seconds
    assert looked[:3] == [60, 120, 240]
    assert {later - sooner for sooner, later in itertools.pairwise(looked[4:])} == {240}


def test_it_goes_on_from_what_it_kept(tmp_path):
    run, _ = begun(minutes=1.0)
    for _ in range(12):
        run.step()
    run.save(tmp_path)
    again, learner = begun(minutes=1.0)
    again.load(tmp_path)
    assert again.record == run.record
    while not again.finished:
        again.step()
    assert learner.steps == 30


def test_it_says_how_long_it_will_take():
    run, _ = begun(minutes=10.0)
    run.step()
    assert run.in_words == "10 images, 5.0 each second, 10 min left"


def test_numbers_that_are_none_end_it():
    run, learner = begun()
    learner.loss = math.nan
    with pytest.raises(ZograscopeError) as caught:
        run.step()
    assert caught.value.code == "training-collapsed"
