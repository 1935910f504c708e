"""Straight lines are found where they were drawn, whole, and curves are none."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zograscope_server.depth.lines import MOST, find_lines, join_pieces

WIDTH, HEIGHT = 900, 600


def paper() -> np.ndarray:
    grain = np.random.default_rng(0).normal(0, 3, (HEIGHT, WIDTH, 1))
    return np.clip(190 + grain, 0, 255).astype(np.uint8).repeat(3, 2)


def off(line: np.ndarray, expected: tuple[float, float, float, float]) -> float:
    """How far the ends of a line are from those expected, in either order."""
    ends, wanted = line.reshape(2, 2), np.array(expected).reshape(2, 2)
    return min(float(np.abs(ends - order).max()) for order in (wanted, wanted[::-1]))


def test_the_edges_of_a_house_are_found_longest_first():
    picture = paper()
    cv2.rectangle(picture, (200, 150), (699, 449), (60, 50, 45), -1)
    lines = find_lines(picture)
    assert lines.dtype == np.float32
    edges = [(200, 150, 700, 150), (200, 450, 700, 450), (200, 150, 200, 450), (700, 150, 700, 450)]
    assert len(lines) == 4
    for edge in edges:
        assert min(off(line, edge) for line in lines) < 5
    lengths = np.linalg.norm(lines[:, 2:] - lines[:, :2], axis=1)
    assert (np.diff(lengths) <= 0).all()
    np.testing.assert_array_equal(lines, find_lines(picture))


def test_neither_curves_nor_grain_nor_what_is_short_are_lines():
    picture = paper()
    cv2.circle(picture, (450, 300), 200, (60, 50, 45), -1, cv2.LINE_AA)
    cv2.rectangle(picture, (20, 20), (80, 80), (60, 50, 45), -1)
    assert find_lines(picture).shape == (0, 4)
    assert find_lines(np.full((40, 60, 3), 128, np.uint8)).shape == (0, 4)


def test_there_are_at_most_so_many():
    picture = paper()
    picture[:, ::12] = picture[:, 1::12] = 40
    assert len(find_lines(picture)) == MOST


@given(
    angle=st.floats(0, math.pi),
    gaps=st.lists(st.floats(0.5, 9.5), min_size=1, max_size=4),
    order=st.randoms(use_true_random=False),
)
@settings(max_examples=30)
def test_pieces_of_a_line_are_joined_and_a_parallel_is_not(angle, gaps, order):
    along = np.array([math.cos(angle), math.sin(angle)])
    across = np.array([-along[1], along[0]])
    pieces, place = [], 0.0
    for gap in [*gaps, 0.0]:
        pieces.append(np.concatenate([place * along, (place + 40) * along]))
        place += 40 + gap
    parallel = np.concatenate([5 * across, 100 * along + 5 * across])
    given_order = [*pieces, parallel]
    order.shuffle(given_order)
    lines = join_pieces(np.array(given_order), off=1.5, gap=10.0)
    lengths = sorted(np.linalg.norm(lines[:, 2:] - lines[:, :2], axis=1))
    assert lengths == pytest.approx(sorted([100.0, place]), abs=1e-6)


def test_a_gap_that_is_wide_keeps_pieces_apart():
    pieces = np.array([(0, 0, 40, 0), (55, 0, 90, 0.0)])
    assert len(join_pieces(pieces, off=1.5, gap=10.0)) == 2
    assert len(join_pieces(pieces, off=1.5, gap=20.0)) == 1
