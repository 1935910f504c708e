"""How far a move goes, in the two planes of `conftest` and in views that are made up."""

import importlib
from dataclasses import replace

import numpy as np
import pytest

from .conftest import COLUMN

pytest.importorskip("bpy", reason="rays are cast in a Python that has bpy")


@pytest.fixture(scope="session")
def limits(zograscope):
    return importlib.import_module(zograscope.__name__ + ".depth.limits")


@pytest.fixture
def only(limits):
    """only(**some) -> limits of which none but these can be exceeded."""
    anything = limits.Limits(
        flaws=1.0, holes=1.0, worst_part=1.0, distortion=np.inf, lost=1.0, face_stretched=1.0,
        bend=np.inf, lean=np.inf,
    )  # fmt: skip
    return lambda **some: replace(anything, **some)


@pytest.mark.parametrize("flaws", [0.05, 0.1, 0.2])
def test_reach_is_as_long_as_the_flaws_allow(limits, only, two_planes, step_right, flaws):
    surfaces = two_planes(background=True)
    reach = limits.limit_reach(surfaces, step_right, 0.4, only(flaws=flaws))
    assert reach == pytest.approx(flaws, abs=0.4 / 2**limits.BISECTIONS + 2 * COLUMN)
    (view,) = surfaces.measure_path(step_right(reach))
    assert view.stretched + view.invented <= flaws


def test_a_reach_may_lie_on_the_other_side(limits, only, two_planes, step_right):
    surfaces = two_planes(background=True)
    reach = limits.limit_reach(surfaces, step_right, -0.4, only(flaws=0.05))
    # To the left the near plane hides the far one: nothing opens but the picture's edge.
    assert -0.1 < reach < 0


def test_reach_grows_with_what_is_allowed(limits, only, two_planes, step_right):
    surfaces = two_planes(background=True)
    reaches = [
        limits.limit_reach(surfaces, step_right, 0.4, only(flaws=flaws))
        for flaws in (0.0, 0.05, 0.1, 0.2, 0.3, 1.0)
    ]
    assert reaches == sorted(reaches)
    assert reaches[0] < 0.03
    assert reaches[-1] == 0.4


def test_a_part_of_the_view_ends_the_move_before_the_whole_does(
    limits, only, two_planes, step_right
):
    surfaces = two_planes(background=True)
    # The gap between the planes fills half of a part, a tenth of the picture wide, at about 0.057.
    reach = limits.limit_reach(surfaces, step_right, 0.4, only(flaws=0.15, worst_part=0.5))
    assert reach == pytest.approx(0.057, abs=0.4 / 2**limits.BISECTIONS + 2 * COLUMN)


def test_without_a_background_holes_end_the_move(limits, only, two_planes, step_right):
    reach = limits.limit_reach(two_planes(), step_right, 0.4, only(holes=0.01))
    assert reach <= 0.01 + COLUMN
    behind = two_planes(background=True)
    assert limits.limit_reach(behind, step_right, 0.4, only(holes=0.01)) == 0.4


def test_a_wall_ends_the_move(limits, only, two_planes, moves):
    def forward(distance: float):
        position = np.array([(-0.2 * distance, 0, -distance)])
        return moves.CameraPath(position, np.zeros((1, 3)), np.ones(1))

    surfaces = two_planes(background=True)
    reach = limits.limit_reach(surfaces, forward, 2.0, only(clearance=0.25))
    assert reach == pytest.approx(0.75, abs=2.0 / 2**limits.BISECTIONS)


@pytest.mark.parametrize(
    ("wrong", "face", "told"),
    [
        ({"holes": 0.02}, {}, "holes"),
        ({"painted": 0.1, "stretched": 0.1}, {}, "too much is smeared or made up"),
        ({"worst_part": 0.6}, {}, "a part is smeared or made up"),
        ({"clearance": 0.1}, {}, "something is too near"),
        ({"bend": 0.03}, {}, "a straight line bends"),
        ({"lean": 0.1}, {}, "an upright line leans"),
        ({}, {"distortion": 0.04}, "a face loses its shape"),
        ({}, {"lost": 0.2}, "a face is cut or hidden"),
        ({}, {"stretched": 0.1}, "a face is smeared"),
    ],
)
def test_each_fault_is_told(limits, holes, wrong, face, told):
    good = holes.ViewQuality(holes=0, stretched=0, painted=0, surround=0, clearance=1.0)
    whole = holes.FaceQuality(distortion=0, lost=0, stretched=0)
    good = replace(good, faces=(whole, whole))
    accepted = limits.Limits(flaws=0.15, clearance=0.4)
    assert limits.faults(good, accepted) == ()
    bad = replace(good, faces=(whole, replace(whole, **face)), **wrong)
    assert limits.faults(bad, accepted) == (told,)
