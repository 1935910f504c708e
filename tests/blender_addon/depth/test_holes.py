"""What a view shows, measured in scenes whose answer is known: two planes and a camera that steps.

The near plane, at depth 1, fills the left half of the picture, the far plane, at depth 8, the right
half. When the camera steps to the right by t, a gap of (1 - 1/8) f t opens between them, and one of
f t / 8 at the right edge: with f = the picture's width, t of the picture in all.
"""

import math

import numpy as np
import pytest

from .conftest import COLUMN, NEAR

pytest.importorskip("bpy", reason="rays are cast in a Python that has bpy")


def test_at_rest_nothing_is_missing(holes, two_planes, step_right):
    (view,) = two_planes(background=True).measure_path(step_right(0.0))
    assert (view.holes, view.stretched, view.invented) == (0, 0, 0)
    assert view.clearance == pytest.approx(NEAR, rel=1e-3)


@pytest.mark.parametrize("step", [0.05, 0.15, 0.3])
def test_holes_are_as_wide_as_geometry_says(two_planes, step_right, step):
    (view,) = two_planes().measure_path(step_right(step))
    assert view.holes == pytest.approx(step, abs=2 * COLUMN)
    assert view.invented == 0


@pytest.mark.parametrize("step", [0.05, 0.15, 0.3])
def test_a_background_fills_them_and_owns_up(two_planes, step_right, step):
    (view,) = two_planes(background=True).measure_path(step_right(step))
    assert view.holes == 0
    assert view.painted == pytest.approx(step, abs=2 * COLUMN)


def test_a_dome_fills_them_and_owns_up(two_planes, step_right):
    (open_view,) = two_planes().measure_path(step_right(0.2))
    (closed,) = two_planes(dome=True).measure_path(step_right(0.2))
    assert closed.holes == 0
    assert closed.surround == open_view.holes > 0


def test_zoom_narrows_the_view(two_planes, moves):
    surfaces = two_planes()
    still = np.zeros((2, 3))
    wide, tele = surfaces.measure_path(moves.CameraPath(still, still, np.array([0.5, 2.0])))
    assert wide.holes == pytest.approx(0.75, abs=0.05)
    assert tele.holes == 0


def test_turning_away_shows_the_edge(two_planes, moves):
    turn = moves.CameraPath(np.zeros((1, 3)), np.array([(0, math.radians(10), 0)]), np.ones(1))
    (view,) = two_planes().measure_path(turn)
    # Looking left by 10 degrees: the picture's left edge, at atan(1/2), comes into view.
    seen = math.tan(math.atan(0.5) - math.radians(10))
    assert view.holes == pytest.approx(0.5 - seen, abs=0.06)


def about_y(degrees: float) -> np.ndarray:
    turn = math.radians(degrees)
    return np.array(
        [(math.cos(turn), 0, math.sin(turn)), (0, 1, 0), (-math.sin(turn), 0, math.cos(turn))]
    )


def facing(point: np.ndarray, distance: float, degrees: float):
    """A pose that looks at a point from a distance, turned about the vertical."""
    rotation = about_y(degrees)
    return point + rotation @ (0.0, 0.0, distance), rotation


@pytest.mark.parametrize("degrees", [30, 60, 75])
def test_a_slanted_surface_smears_when_it_is_faced(holes, degrees):
    point, normal = np.array([0.0, 0.0, -4.0]), about_y(degrees) @ (0.0, 0.0, 1.0)
    position, rotation = facing(point, 4.0, degrees)
    stretch = holes.texel_stretch(point[None], normal[None], position, rotation, 1.0)
    assert stretch == pytest.approx(1 / math.cos(math.radians(degrees)), rel=1e-3)


def test_foreshortening_and_closeness_are_no_smear(holes):
    point, normal = np.array([[0.0, 0.0, -4.0]]), np.array([[0.0, 0.0, 1.0]])
    position, rotation = facing(point[0], 4.0, 75)
    assert holes.texel_stretch(point, normal, position, rotation, 1.0) == pytest.approx(1, abs=1e-3)
    closer = holes.texel_stretch(point, normal, np.array([0, 0, -3.0]), np.eye(3), 1.0)
    assert closer == pytest.approx(1, abs=1e-3)
