"""What was found in a portrait: its picture, its handles, and which face a click means."""

import bpy
import numpy as np
import pytest

from .conftest import HEIGHT, WIDTH, answer, made_up_examination, made_up_rig


@pytest.fixture
def examine(settings, fake_link, module):
    """examine() -> what is shown of the portrait."""

    def examine(faces: int = 2):
        assert bpy.ops.zograscope.examine_portrait() == {"FINISHED"}, fake_link.errors
        answer(fake_link, *made_up_examination(faces))
        assert not fake_link.errors
        return module("portrait.building").examined(bpy.context.scene)

    return examine


def pixel_of(handle) -> tuple[float, float]:
    x, y, _ = handle.location
    return (x / (WIDTH / HEIGHT) + 0.5) * WIDTH, (0.5 - y) * HEIGHT


def test_handles_stand_where_the_points_are(examine, settings):
    found = examine()
    arrays, metadata = made_up_examination()
    for name, place in zip(metadata["handles"], arrays["handles"][0], strict=True):
        assert pixel_of(found.handles[name]) == pytest.approx(place, abs=1e-3)
    assert found.moved_handles() == ()
    assert settings.warnings.startswith("The face is 18 pixels wide")
    assert tuple(found.picture.data.size) == (WIDTH, HEIGHT)
    assert found.picture.empty_display_size == pytest.approx(WIDTH / HEIGHT)
    assert found.root.rotation_euler.x == pytest.approx(np.pi / 2)


def test_a_handle_that_was_moved_is_sent_and_stays(examine, module, fake_link, monkeypatch):
    found = examine()
    found.handles["chin"].location.x += 4 / HEIGHT
    found.handles["chin"].location.y -= 2 / HEIGHT
    arrays, metadata = made_up_examination()
    x, y = arrays["handles"][0][metadata["handles"].index("chin")]
    ((name, *place),) = found.moved_handles()
    assert name == "chin"
    assert place == pytest.approx([x + 4, y + 2], abs=1e-3)
    asked = {}
    real = type(fake_link._client).submit

    def submit(self, task, parameters, inputs, job_id=None):
        asked[task] = parameters
        return real(self, task, parameters, inputs, job_id)

    monkeypatch.setattr(type(fake_link._client), "submit", submit)
    objects = len(bpy.data.objects)
    examine()
    assert len(bpy.data.objects) == objects
    bpy.ops.zograscope.make_portrait_rig()
    answer(fake_link, *made_up_rig())
    for parameters in asked.values():
        ((name, *sent),) = parameters["handles"]
        assert (name, sent) == ("chin", pytest.approx([x + 4, y + 2], abs=1e-3))
    assert {*asked} == {"examine_portrait", "portrait_rig"}


def test_a_handle_moved_in_another_scene_is_sent_too(examine, module, monkeypatch):
    found = examine()
    found.handles["chin"].location.x += 4 / HEIGHT
    own = bpy.data.scenes.new("own")
    own.zograscope_portrait.picture = bpy.context.scene.zograscope_portrait.picture
    ((name, *_),) = module("portrait.building")._handles(own)
    assert name == "chin"
    own.zograscope_portrait.face = 1
    assert module("portrait.building")._handles(own) == ()


def test_handles_can_be_put_back(examine):
    found = examine()
    found.handles["chin"].location.x += 0.1
    assert bpy.ops.zograscope.reset_handles() == {"FINISHED"}
    assert found.moved_handles() == ()


@pytest.mark.parametrize(
    ("x", "y", "face"),
    [(10, 10, 0), (30, 12, 1), (47, 39, 1), (1, 1, 0), (-5, 10, None), (20, 60, None)],
)
def test_a_click_finds_the_face_under_it_or_next_to_it(examine, x, y, face):
    found = examine()
    found.root.location = (3, 1, -2)
    found.root.rotation_euler.z = 0.3
    bpy.context.view_layer.update()
    place = found.root.matrix_world @ type(found.root.location)(
        ((x / WIDTH - 0.5) * WIDTH / HEIGHT, 0.5 - y / HEIGHT, 0.0)
    )
    away = found.root.matrix_world.to_3x3() @ type(place)((0.1, 0.2, 1.0))
    assert found.face_along(place + 4 * away, -2 * away) == face
    assert found.face_along(place + 4 * away, away) is None


def test_another_face_has_its_own_handles(examine, settings):
    found = examine()
    found.handles["chin"].location.x += 0.1
    found.choose_face(1)
    settings.face = 1
    arrays, metadata = made_up_examination()
    chin = metadata["handles"].index("chin")
    assert pixel_of(found.handles["chin"]) == pytest.approx(arrays["handles"][1][chin], abs=1e-3)
    assert found.moved_handles() == ()


def test_without_a_face_nothing_breaks(examine):
    found = examine(0)
    assert found.moved_handles() == ()
    assert found.face_along((0, -5, 0), (0, 1, 0)) is None


def test_what_is_looked_at_holds_all_faces(examine):
    left, bottom, right, top = examine().around_faces()
    assert (left, top) == (pytest.approx(-WIDTH / HEIGHT / 2), pytest.approx(0.5))
    for x, y, width, height in made_up_examination()[0]["boxes"]:
        for px, py in ((x, y), (x + width, y + height)):
            assert left <= (px - WIDTH / 2) / HEIGHT <= right
            assert bottom <= 0.5 - py / HEIGHT <= top
