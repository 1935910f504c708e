import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from zograscope_server.provenance.credit import draw_credit

WORDS = "Moved by Zograscope"


@given(
    height=st.integers(1, 300),
    width=st.integers(1, 400),
    channels=st.sampled_from([None, 1, 2, 3, 4]),
    kind=st.sampled_from([np.uint8, np.uint16]),
    words=st.text(max_size=80),
)
def test_only_a_box_in_the_corner_changes(height, width, channels, kind, words):
    shape = (height, width) if channels is None else (height, width, channels)
    picture = np.random.default_rng(1).integers(0, np.iinfo(kind).max, shape, kind)
    before = picture.copy()
    drawn = draw_credit(picture, words)
    np.testing.assert_array_equal(picture, before)
    assert drawn.dtype == kind
    assert drawn.shape == shape
    if height > 100:  # the letters are small
        np.testing.assert_array_equal(drawn[: height * 3 // 4], picture[: height * 3 // 4])


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [None, 3])
def test_it_is_legible_on_any_ground(level, kind, channels):
    scale = np.iinfo(kind).max / 255
    shape = (360, 640) if channels is None else (360, 640, channels)
    drawn = draw_credit(np.full(shape, level * scale, kind), WORDS)
    corner = drawn[-12:, -200:]
    assert corner.max() == np.iinfo(kind).max
    assert corner.min() <= level * scale * 0.41
    assert (drawn[:, :300] == int(level * scale)).all()


def test_letters_with_accents_are_drawn_as_they_are():
    blank = np.zeros((360, 640), np.uint8)
    written = {
        words: draw_credit(blank, words).tobytes() for words in ("é", "e", "è", "Ł", "α", "Ж")
    }
    assert len(set(written.values())) == len(written)


def test_long_words_are_made_smaller_to_fit():
    drawn = draw_credit(np.zeros((400, 300), np.uint8), "a very long credit of many " * 3)
    columns = np.flatnonzero(drawn.max(axis=0))
    assert columns[0] > 0
    assert columns[-1] < 299
    assert columns[-1] - columns[0] > 200


def test_a_box_on_transparent_ground_is_opaque():
    drawn = draw_credit(np.zeros((360, 640, 4), np.uint8), WORDS)
    assert drawn[-1, -1, 3] == 255
    assert drawn[0, 0, 3] == 0


def test_none_is_drawn_without_words():
    picture = np.random.default_rng(2).integers(0, 255, (50, 60, 3), np.uint8)
    np.testing.assert_array_equal(draw_credit(picture, "  "), picture)
