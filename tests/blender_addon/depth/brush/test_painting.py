"""The depth brush in Blender: live, undone, saved, and over another estimate."""

import importlib
from types import SimpleNamespace

import numpy as np
import pytest

from ..conftest import make_result, noise_photograph, ray_to, wild_disparity
from ..test_rest_pose import wrong_pixels

bpy = pytest.importorskip("bpy", reason="the brush is tested with a Python that has bpy")


@pytest.fixture(scope="module")
def brush(zograscope):
    names = ("edits", "painter", "operators")
    package = zograscope.__name__ + ".depth.brush."
    return SimpleNamespace(**{name: importlib.import_module(package + name) for name in names})


@pytest.fixture
def diorama(builders, scene, result):
    return builders.build_diorama(*result, "Test", scene)


def stroke(brush, diorama, scene, *points, **settings) -> None:
    """Paint one stroke through pixels of the photograph."""
    chosen = scene.zograscope_depth_brush
    chosen.radius, chosen.strength = 15.0, 1.0
    for name, value in settings.items():
        setattr(chosen, name, value)
    painter = brush.painter.Painter(diorama)
    for number, point in enumerate(points):
        painter.hover(*ray_to(diorama, *point))
        if number == 0:
            assert painter.begin(chosen)
        painter.drag()
    painter.end()


def depth_at_vertices(layer) -> np.ndarray:
    mesh = layer.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    points = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.attributes["projection"].data.foreach_get("vector", points.ravel())
    return np.sort(points[:, 2])


def test_the_relief_follows_the_brush_and_the_background_stays_behind(
    brush, builders, diorama, scene, found, render
):
    builders.prepare_scene(scene, diorama)
    before = found.disparity_of(diorama.photograph)
    stroke(brush, diorama, scene, (30, 30), (60, 30), tool="put", picked=0.9)
    after = found.disparity_of(diorama.photograph)
    assert after[15, 18:28] == pytest.approx(0.9, abs=0.01)
    assert np.array_equal(after[30:], before[30:])
    bpy.context.view_layer.update()
    for layer in diorama.layers:
        expected = diorama.relief(layer, diorama.root["viewport_resolution"])
        depths = depth_at_vertices(layer)
        assert depths == pytest.approx(np.sort(expected.projection[:, 2]), rel=1e-4)
    assert wrong_pixels(render(scene, "CYCLES"), noise_photograph(64, 96)) == 0


def test_a_stroke_is_one_step_of_undo(brush, diorama, scene, found):
    def shown() -> np.ndarray:
        bpy.context.view_layer.update()
        (diorama,) = found.dioramas(bpy.context.scene)
        return found.disparity_of(diorama.photograph)

    bpy.ops.ed.undo_push(message="built")
    states = [shown()]
    for tool in ("nearer", "flatten"):
        (again,) = found.dioramas(bpy.context.scene)
        stroke(brush, again, bpy.context.scene, (40, 30), (70, 40), tool=tool)
        states.append(shown())
    assert not np.array_equal(states[1], states[2])
    for expected in states[1::-1]:
        bpy.ops.ed.undo()
        assert np.array_equal(shown(), expected)
    (again,) = found.dioramas(bpy.context.scene)
    assert not brush.edits.has_edits(again)
    bpy.ops.ed.redo()
    assert np.array_equal(shown(), states[1])
    (again,) = found.dioramas(bpy.context.scene)
    assert np.array_equal(brush.edits.edited_depth(again).disparity, states[1])


def test_edits_are_saved(brush, diorama, scene, found, tmp_path):
    stroke(brush, diorama, scene, (40, 30), tool="nearer")
    kept = brush.edits.edited_depth(diorama)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    (diorama,) = found.dioramas(bpy.context.scene)
    again = brush.edits.edited_depth(diorama)
    for name in ("estimate", "difference", "coverage", "disparity"):
        assert np.array_equal(getattr(again, name), getattr(kept, name))
    assert np.array_equal(found.disparity_of(diorama.photograph), kept.disparity)


@pytest.mark.parametrize("baked", [False, True])
@pytest.mark.parametrize("shape", [(32, 48), (64, 96)])
def test_edits_survive_new_depth(brush, builders, diorama, scene, found, baked, shape):
    stroke(brush, diorama, scene, (20, 30), (20, 30), tool="nearer")
    stroke(brush, diorama, scene, (60, 30), (75, 30), (60, 30), tool="put", picked=0.9)
    difference = brush.edits.edited_depth(diorama).difference
    if baked:
        builders.bake(diorama)
    images = len(bpy.data.images)
    arrays, metadata = make_result(noise_photograph(64, 96), wild_disparity(*shape, seed=3))
    arrays["disparity"] *= 0.8  # nothing is brought nearer than the nearest
    updated = builders.update_depth(diorama, arrays, metadata)
    assert len(bpy.data.images) == images
    scale = shape[0] // 32
    row, put = 15 * scale, slice(31 * scale, 37 * scale)
    shown = found.disparity_of(updated.photograph)
    assert shown[row, put] == pytest.approx(0.9, abs=0.02)
    moved = (row, 10 * scale)
    assert shown[moved] - arrays["disparity"][moved] == pytest.approx(difference[15, 10], abs=0.005)
    far = slice(60 * shape[0] // 64, None)
    assert np.array_equal(shown[far], arrays["disparity"][far])
    assert np.array_equal(brush.edits.edited_depth(updated).estimate, arrays["disparity"])


def test_clearing_brings_the_estimate_back(brush, diorama, scene, found, result):
    stroke(brush, diorama, scene, (40, 30), tool="nearer")
    assert bpy.ops.zograscope.clear_depth_edits() == {"FINISHED"}
    assert np.array_equal(found.disparity_of(diorama.photograph), result[0]["disparity"])
    assert not brush.edits.has_edits(diorama)
    assert not bpy.ops.zograscope.clear_depth_edits.poll()


@pytest.fixture
def session(brush, diorama, scene, monkeypatch):
    """send(event, u, v, ...) as Blender would send it to the operator, over a pixel."""
    painter = brush.painter.Painter(diorama)
    operators = brush.operators
    monkeypatch.setattr(operators, "viewport_at", lambda screen, x, y: (x, y) if x >= 0 else None)
    monkeypatch.setattr(
        operators, "ray_under_mouse", lambda viewport, x, y: ray_to(diorama, *viewport)
    )
    context = SimpleNamespace(scene=scene, screen=SimpleNamespace(areas=[]))

    def send(kind: str, u: float, v: float, value: str = "PRESS", **keys) -> set[str]:
        facts = {"ctrl": False, "shift": False, "alt": False, "is_tablet": False, "pressure": 1.0}
        event = SimpleNamespace(type=kind, value=value, mouse_x=u, mouse_y=v, **facts | keys)
        return operators.handle(painter, context, event)

    return send


RUNNING, PASSED, DONE = {"RUNNING_MODAL"}, {"PASS_THROUGH"}, {"FINISHED"}


def test_events_become_strokes(session, diorama, found):
    before = found.disparity_of(diorama.photograph)
    middle = (15, 20)
    assert session("MOUSEMOVE", 40, 30) == PASSED
    for keys, sign in (({}, 1), ({"ctrl": True}, -1)):
        start = found.disparity_of(diorama.photograph)[middle]
        assert session("LEFTMOUSE", 40, 30, **keys) == RUNNING
        assert session("MOUSEMOVE", 42, 30) == RUNNING
        assert session("LEFTMOUSE", 42, 30, "RELEASE") == RUNNING
        assert (found.disparity_of(diorama.photograph)[middle] - start) * sign > 0.01
    session("LEFTMOUSE", 40, 30, shift=True)
    session("LEFTMOUSE", 40, 30, "RELEASE")
    kept = found.disparity_of(diorama.photograph)
    assert kept[13:18, 18:23].std() < before[13:18, 18:23].std()
    session("LEFTMOUSE", 40, 30)
    session("MOUSEMOVE", 60, 30)
    assert not np.array_equal(found.disparity_of(diorama.photograph), kept)
    assert session("ESC", 60, 30) == RUNNING  # of the stroke only
    assert np.array_equal(found.disparity_of(diorama.photograph), kept)
    assert session("MIDDLEMOUSE", 40, 30) == PASSED
    assert session("LEFTMOUSE", -1, 0) == PASSED
    assert session("ESC", 40, 30) == DONE


def test_keys_set_radius_and_pick_depth(session, diorama, found, scene):
    settings = scene.zograscope_depth_brush
    settings.radius = 5.0
    assert session("RIGHT_BRACKET", 40, 30) == RUNNING and settings.radius > 5.5
    session("LEFT_BRACKET", 40, 30)
    assert settings.radius == pytest.approx(5.0)
    session("S", 41, 31)
    assert settings.picked == pytest.approx(found.disparity_of(diorama.photograph)[15, 20])


def test_a_diorama_that_is_gone_ends_the_brush(session, builders, diorama):
    builders.bake(diorama)
    assert session("MOUSEMOVE", 40, 30) == PASSED
    assert session("LEFTMOUSE", 40, 30) == DONE
