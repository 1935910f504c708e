"""Clicks are heard in their frames, low and high sounds in their bands, and walks follow them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zograscope_server.generative.walks.audio import SAMPLE_RATE, Heard, drive, listen

RATE = 24.0


def clicks(frames, seconds: float, rate: float) -> np.ndarray:
    """A short burst in the middle of each of these frames."""
    samples = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    burst = np.random.default_rng(0).uniform(-0.8, 0.8, 400) * np.linspace(1, 0, 400)
    for frame in frames:
        place = round((frame + 0.5) / rate * SAMPLE_RATE)
        samples[place : place + 400] += burst
    return samples


@settings(max_examples=15)
@given(
    frames=st.lists(st.integers(2, 90), min_size=1, max_size=6, unique=True),
    rate=st.sampled_from([24.0, 25.0, 30.0, 12.0]),
)
def test_onsets_are_in_the_frames_of_the_clicks(frames, rate):
    frames = [
        frame
        for frame in frames
        if all(abs(frame - other) > 4 or frame == other for other in frames)
    ] or frames[:1]
    heard = listen(clicks(frames, 96 / rate, rate), rate, 96)
    assert np.flatnonzero(heard.onsets > 0.4).tolist() == sorted(frames)


def test_a_sweep_goes_through_the_bands():
    seconds = 6
    times = np.arange(seconds * SAMPLE_RATE) / SAMPLE_RATE
    pitch = 40 * (8000 / 40) ** (times / seconds)
    samples = 0.5 * np.sin(2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE).astype(np.float32)
    bands = listen(samples, RATE, round(seconds * RATE)).bands
    assert bands.min() >= 0 and bands.max() <= 1
    middle_of = pitch[(np.arange(len(bands)) / RATE * SAMPLE_RATE).astype(int)]
    for band, (low, high) in enumerate([(50, 150), (300, 1500), (3000, 7000)]):
        inside = (middle_of > low) & (middle_of < high)
        assert (bands[inside].argmax(axis=1) == band).all()
        assert bands[inside, band].min() > 0.8


def test_silence_and_what_comes_after_the_end_say_nothing():
    for samples in (np.zeros(SAMPLE_RATE, np.float32), np.zeros(0, np.float32)):
        heard = listen(samples, RATE, 48)
        assert heard.onsets.shape == (48,) and heard.bands.shape == (48, 3)
        assert heard.onsets.max() < 1e-9 and heard.bands.max() < 1e-9
    heard = listen(clicks([2], 0.5, RATE), RATE, 100)
    assert heard.onsets[2] == 1 and heard.onsets[20:].max() < 1e-9


@pytest.mark.parametrize("rate", [1.0, 240.0])
def test_any_rate_is_heard(rate):
    samples = np.random.default_rng(1).uniform(-0.5, 0.5, 3 * SAMPLE_RATE).astype(np.float32)
    heard = listen(samples, rate, round(3 * rate))
    assert np.isfinite(heard.bands).all() and np.isfinite(heard.onsets).all()


@settings(max_examples=50)
@given(
    frames=st.integers(1, 200),
    strength=st.floats(0, 10),
    loop=st.booleans(),
    seed=st.integers(0, 99),
)
def test_time_never_goes_back_and_a_loop_closes(frames, strength, loop, seed):
    rng = np.random.default_rng(seed)
    heard = Heard(rng.uniform(0, 1, frames), rng.uniform(0, 1, (frames, 3)))
    driven = drive(heard, RATE, strength, loop=loop)
    assert driven.shares[0] == 0
    assert (np.diff(driven.shares) > 0).all()
    assert driven.shares[-1] < 1 if loop else (frames == 1 or driven.shares[-1] == 1)
    if loop:
        assert (driven.amounts[0] == 0).all(), "as in the frame after the last"
    assert np.abs(driven.amounts).max() <= strength


def test_it_goes_faster_where_it_is_loud():
    onsets = np.zeros(100)
    onsets[50] = 1
    driven = drive(Heard(onsets, np.zeros((100, 3))), RATE, 1.0, loop=True)
    speed = np.diff(driven.shares)
    assert speed[50] == pytest.approx(4 * speed[10], rel=0.01), "two doublings"
    assert speed[50] > speed[52] > speed[60] > speed[49]
    still = drive(Heard(onsets, np.ones((100, 3))), RATE, 0.0, loop=True)
    np.testing.assert_allclose(still.shares, np.arange(100) / 100)
    assert (still.amounts == 0).all()
