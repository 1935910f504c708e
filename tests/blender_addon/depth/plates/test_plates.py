"""Plates in Blender: cut out, exact at rest, moved, hidden, put back, saved, under new depth."""

import importlib
from types import SimpleNamespace

import numpy as np
import pytest

from ...conftest import pump
from ..conftest import MAGENTA, encode_png, make_result, noise_photograph, ray_to, wild_disparity
from ..test_rest_pose import CYCLES, WORKBENCH, wrong_pixels

bpy = pytest.importorskip("bpy", reason="plates are tested with a Python that has bpy")

HEIGHT, WIDTH = 64, 96
PHOTOGRAPH = noise_photograph(HEIGHT, WIDTH)
YELLOW = (255, 255, 0)


@pytest.fixture(scope="module")
def plates(zograscope):
    names = ("plate", "depth", "masks", "exchange", "chooser", "operators", "background")
    package = zograscope.__name__ + ".depth.plates."
    return SimpleNamespace(**{name: importlib.import_module(package + name) for name in names})


@pytest.fixture
def diorama(builders, scene):
    disparity = wild_disparity(HEIGHT // 2, WIDTH // 2)
    diorama = builders.build_diorama(*make_result(PHOTOGRAPH, disparity), "Test", scene)
    builders.prepare_scene(scene, diorama)
    return diorama


def disc(u: float, v: float, radius: float) -> np.ndarray:
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    return np.hypot(x - u, y - v) < radius


SPECKLE = np.random.default_rng(1).random((HEIGHT, WIDTH)) < 0.3
"""A mask that no depth edge follows."""
SQUARE = np.zeros((HEIGHT, WIDTH), bool)
SQUARE[:20, :20] = True
MASKS = disc(40, 30, 15), disc(52, 34, 14), disc(95, 60, 20), SPECKLE


def cut(plates, found, diorama, *masks):
    """Cut plates out; return the diorama as it is then."""
    for number, mask in enumerate(masks):
        now = found.find_diorama(diorama.root)
        plates.plate.cut_out(now, mask, f"Plate {number}")
    return found.find_diorama(diorama.root)


def is_colour(rendered: np.ndarray, colour) -> np.ndarray:
    return np.abs(rendered[..., :3] - colour).max(axis=-1) <= 1


@pytest.mark.parametrize("engine", [WORKBENCH, CYCLES])
def test_plates_recompose_the_photograph_and_hidden_show_what_is_behind(
    plates, diorama, scene, render, engine, found
):
    diorama = cut(plates, found, diorama, *MASKS)
    assert len(diorama.plates) == 4
    assert wrong_pixels(render(scene, engine), PHOTOGRAPH) == 0
    for plate in diorama.plates:
        plate.hide_render = True
    rendered, gone = render(scene, engine), np.logical_or.reduce(MASKS)
    assert is_colour(rendered, MAGENTA)[gone].all()
    rendered[gone, :3] = PHOTOGRAPH[gone]
    assert wrong_pixels(rendered, PHOTOGRAPH) == 0


def test_a_plate_at_another_depth_looks_the_same_from_rest(plates, diorama, scene, render, found):
    diorama = cut(plates, found, diorama, *MASKS[:2])
    first, second = diorama.plates
    for engine, offsets, flatness in (
        (CYCLES, (-0.4, 0.0), 0.0),
        (WORKBENCH, (0.7, -0.2), 0.3),
        (CYCLES, (0.2, 0.5), 1.0),
    ):
        for plate, offset in zip((first, second), offsets, strict=True):
            plate["depth_offset"], plate["flatness"] = offset, flatness
            plate.update_tag()
        assert wrong_pixels(render(scene, engine), PHOTOGRAPH) == 0
        assert diorama.background.delta_scale[0] == pytest.approx(1 + max(0.0, *offsets))


def depths(plate) -> np.ndarray:
    bpy.context.view_layer.update()
    mesh = plate.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    points = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.vertices.foreach_get("co", points.ravel())
    return -(points[:, 2] + plate.location.z)


def test_a_plate_has_the_photographs_depth_and_its_own_settings(plates, diorama, found):
    diorama = cut(plates, found, diorama, MASKS[0])
    (plate,) = diorama.plates
    expected = diorama.relief(plate, diorama.root["viewport_resolution"]).projection[:, 2]
    near = plates.plate.NEARER
    assert np.sort(depths(plate)) == pytest.approx(np.sort(expected) * near, rel=1e-4)
    plate["depth_offset"] = 0.5
    plate.update_tag()
    assert np.sort(depths(plate)) == pytest.approx(np.sort(expected) * near * 1.5, rel=1e-4)
    plate["depth_offset"], plate["flatness"] = 0.0, 1.0
    plate.update_tag()
    assert depths(plate) == pytest.approx(expected.min() * near, rel=1e-4)
    diorama.root["far"] = 4.0
    diorama.root.update_tag()
    assert depths(plate).max() < 4.0


def test_a_moved_plate_leaves_a_hole_and_covers_something_else(
    plates, diorama, scene, render, found
):
    diorama = cut(plates, found, diorama, MASKS[0])
    (plate,) = diorama.plates
    plate.location.x += 100.0
    assert is_colour(render(scene, WORKBENCH), MAGENTA)[MASKS[0]].all()


def test_a_plate_shows_another_picture(plates, diorama, scene, render, found):
    diorama = cut(plates, found, diorama, MASKS[0])
    (plate,) = diorama.plates
    image = bpy.data.images.new("other", 3, 3, alpha=True)
    image.pixels[:] = (1, 1, 0, 1) * 9
    plate.data.materials[0].node_tree.nodes["Picture"].image = image
    for engine in (WORKBENCH, CYCLES):
        assert is_colour(render(scene, engine), YELLOW)[MASKS[0]].all()


@pytest.mark.parametrize("baked", [False, True])
def test_put_back_all_is_as_it_was(plates, builders, diorama, scene, render, found, baked):

    def counts() -> list[int]:
        pictures = [image for image in bpy.data.images if image.type != "RENDER_RESULT"]
        return [len(kind) for kind in (bpy.data.objects, pictures, bpy.data.materials)]

    before = counts()
    diorama = cut(plates, found, diorama, *MASKS[:2])
    if baked:
        builders.bake(diorama)
        assert wrong_pixels(render(scene, CYCLES), PHOTOGRAPH) == 0
    for plate in diorama.plates:
        diorama = plates.plate.put_back(plate)
    assert diorama.plates == ()
    assert found.HOLES not in diorama.photograph and found.FRONT not in diorama.photograph
    assert counts() == before
    assert tuple(diorama.background.delta_scale) == (1, 1, 1)
    assert not diorama.background.animation_data.drivers or not any(
        "delta_scale" in curve.data_path for curve in diorama.background.animation_data.drivers
    )
    assert wrong_pixels(render(scene, WORKBENCH), PHOTOGRAPH) == 0


def test_a_pixel_belongs_to_one_plate_only(plates, diorama, found):
    diorama = cut(plates, found, diorama, MASKS[0], MASKS[1])
    first, second = (plates.depth.mask_of(plate).sum() for plate in diorama.plates)
    assert first + second == (MASKS[0] | MASKS[1]).sum()
    with pytest.raises(Exception, match="belongs to other plates"):
        cut(plates, found, diorama, MASKS[0] & MASKS[1])
    with pytest.raises(Exception, match="48 x 32 pixels, but the photograph has 96 x 64"):
        cut(plates, found, diorama, MASKS[0][::2, ::2])


@pytest.mark.parametrize("baked", [False, True])
def test_plates_stay_under_new_depth(plates, builders, diorama, scene, render, found, baked):
    diorama = cut(plates, found, diorama, *MASKS[:2])
    if baked:
        builders.bake(diorama)
    images = len(bpy.data.images)
    arrays, metadata = make_result(PHOTOGRAPH, wild_disparity(HEIGHT, WIDTH, seed=3))
    updated = builders.update_depth(diorama, arrays, metadata)
    assert updated.plates == diorama.plates and len(bpy.data.images) == images
    assert found.disparity_of(updated.plates[0]).shape == (
        updated.plates[0]["zograscope_rectangle"][3] - updated.plates[0]["zograscope_rectangle"][1],
        updated.plates[0]["zograscope_rectangle"][2] - updated.plates[0]["zograscope_rectangle"][0],
    )
    assert wrong_pixels(render(scene, CYCLES), PHOTOGRAPH) == 0
    for plate in updated.plates:
        plate.hide_render = True
    assert is_colour(render(scene, WORKBENCH), MAGENTA)[MASKS[0] | MASKS[1]].all()


def test_plates_are_saved_and_undone(plates, diorama, scene, render, found, tmp_path):
    bpy.ops.ed.undo_push(message="built")
    cut(plates, found, diorama, MASKS[0])
    bpy.ops.ed.undo_push(message="cut")
    bpy.ops.ed.undo()
    (again,) = found.dioramas(bpy.context.scene)
    assert again.plates == ()
    assert wrong_pixels(render(bpy.context.scene, WORKBENCH), PHOTOGRAPH) == 0
    bpy.ops.ed.redo()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    (again,) = found.dioramas(bpy.context.scene)
    assert [plate.name for plate in again.plates] == ["Plate 0"]
    assert wrong_pixels(render(bpy.context.scene, WORKBENCH), PHOTOGRAPH) == 0


def test_the_server_paints_what_is_behind(plates, builders, diorama, scene, render, found):
    diorama = cut(plates, found, diorama, MASKS[0])
    submission = plates.background.background_submission(diorama)
    assert submission.task == "paint_background"
    assert np.array_equal(submission.inputs["hidden"] > 0, MASKS[0])
    arrays = {
        "background": encode_png(np.full((20, 30, 3), YELLOW, np.uint8)),
        "background_disparity": np.full((9, 9), 0.9, np.float32),
    }
    places = {"background": {"rectangle": [-10, -10, WIDTH + 10, HEIGHT + 10]}}
    builders.set_background(diorama, arrays, places)
    assert wrong_pixels(render(scene, CYCLES), PHOTOGRAPH) == 0
    diorama.plates[0].hide_render = True
    assert is_colour(render(scene, CYCLES), YELLOW)[MASKS[0]].all()


def test_layers_come_back_as_they_left_or_edited(plates, diorama, scene, render, found):
    diorama = cut(plates, found, diorama, MASKS[0], MASKS[2])
    submission = plates.exchange.export_submission(diorama)
    assert submission.parameters["names"] == ["Background", "Photograph", "Plate 0", "Plate 1"]
    names = plates.exchange.layer_names(diorama)
    arrays = dict(submission.inputs)
    recomposed = arrays["1.pixels"].copy()
    for number in (2, 3):
        left, top, right, bottom = arrays["rectangles"][number]
        part, own = recomposed[top:bottom, left:right], arrays[f"{number}.pixels"]
        assert not (part[..., 3] & own[..., 3]).any()
        part[own[..., 3] > 0] = own[own[..., 3] > 0]
    assert np.array_equal(
        recomposed, np.dstack([PHOTOGRAPH, np.full_like(PHOTOGRAPH[..., 0], 255)])
    )

    plates.exchange.show_layers(diorama, names, arrays)
    assert wrong_pixels(render(scene, WORKBENCH), PHOTOGRAPH) == 0

    grown = np.zeros((HEIGHT, WIDTH, 4), np.uint8)  # one plate painted over all the picture
    grown[:20, :20] = (255, 255, 0, 255)
    grown[40:, 40:] = (255, 255, 0, 90)
    edited = {"2.pixels": grown, "rectangles": arrays["rectangles"].copy()}
    edited["rectangles"][2] = (0, 0, WIDTH, HEIGHT)
    plates.exchange.show_layers(diorama, names, edited)
    for engine in (WORKBENCH, CYCLES):
        rendered = render(scene, engine)
        assert is_colour(rendered, YELLOW)[1:20, 1:20].all()
        gone = MASKS[0] & ~SQUARE
        assert is_colour(rendered, MAGENTA)[gone].all()
        rendered[gone | SQUARE, :3] = PHOTOGRAPH[gone | SQUARE]
        assert wrong_pixels(rendered, PHOTOGRAPH) == 0
    assert plates.depth.mask_of(diorama.plates[0]).sum() == 400


def test_a_moving_portrait_and_plates_exclude_each_other(plates, diorama, found):
    diorama.photograph[found.STILL] = bpy.data.images.new("still", 1, 1)
    with pytest.raises(Exception, match="shows a moving portrait"):
        cut(plates, found, diorama, MASKS[0])


@pytest.fixture
def choosing_with(plates, scene):
    """choosing_with(diorama) -> a chooser of this scene."""
    pending = importlib.import_module(plates.plate.__name__.split(".depth.")[0] + ".pending_jobs")
    owner = pending.Owner(scene.session_uid, "depth")
    return lambda diorama: plates.chooser.Chooser(diorama, scene, owner)


@pytest.fixture
def choosing(plates, diorama, scene, choosing_with, fake_link, monkeypatch):
    """The chooser, send(event, u, v, ...) as Blender would, and finish(task's arrays)."""
    chooser = choosing_with(diorama)
    operators = plates.operators
    monkeypatch.setattr(operators, "viewport_at", lambda screen, x, y: (x, y) if x >= 0 else None)
    monkeypatch.setattr(
        operators, "ray_under_mouse", lambda viewport, x, y: ray_to(diorama, *viewport)
    )
    context = SimpleNamespace(scene=scene, screen=SimpleNamespace(areas=[]))
    asked = []
    submit = fake_link._client.submit

    def record(task, parameters, inputs, job_id=None):
        asked.append((task, parameters, inputs))
        return submit(task, parameters, inputs, f"job {len(asked)}")

    monkeypatch.setattr(fake_link._client, "submit", record)

    def send(kind: str, u: float = 40, v: float = 30, value: str = "PRESS", **keys) -> set[str]:
        facts = {"ctrl": False, "shift": False, "alt": False}
        event = SimpleNamespace(type=kind, value=value, mouse_x=u, mouse_y=v, **facts | keys)
        return operators.handle(chooser, context, event)

    def finish(**arrays) -> None:
        fake_link.jobs[-1].finish(**arrays)
        fake_link.tick()

    return SimpleNamespace(chooser=chooser, send=send, finish=finish, asked=asked)


RUNNING, PASSED, DONE = {"RUNNING_MODAL"}, {"PASS_THROUGH"}, {"FINISHED"}


def as_bytes(mask: np.ndarray) -> np.ndarray:
    return mask.astype(np.uint8) * np.uint8(255)


def test_clicks_become_a_plate(choosing, diorama, scene, found, render):
    send, chooser = choosing.send, choosing.chooser
    assert send("RET") == RUNNING and not choosing.asked
    assert send("LEFTMOUSE", 41, 29) == RUNNING
    assert send("LEFTMOUSE", 50, 29, ctrl=True) == RUNNING
    task, parameters, inputs = choosing.asked[-1]
    assert task == "segment"
    assert parameters["clicks"] == [
        [pytest.approx(41, abs=0.1), pytest.approx(29, abs=0.1), True],
        [pytest.approx(50, abs=0.1), pytest.approx(29, abs=0.1), False],
    ]
    assert np.array_equal(inputs["pixels"], PHOTOGRAPH)
    choosing.finish(mask=as_bytes(MASKS[0]))
    assert np.array_equal(chooser.mask, MASKS[0])
    edges = sum(np.diff(np.pad(MASKS[0], 1), axis=axis).sum() for axis in (0, 1))
    assert chooser.outline().shape == (2 * edges, 3)

    scene.zograscope_plates.plate_name = "Man"
    assert send("RET") == DONE
    task, parameters, inputs = choosing.asked[-1]
    assert task == "segment" and parameters["clicks"] == []
    assert np.array_equal(inputs["mask"] > 0, MASKS[0])
    choosing.finish(mask=as_bytes(MASKS[1]))
    (plate,) = found.find_diorama(diorama.root).plates
    assert (plate.name, bpy.context.view_layer.objects.active) == ("Man", plate)
    assert choosing.asked[-1][0] == "paint_background"
    assert wrong_pixels(render(scene, WORKBENCH), PHOTOGRAPH) == 0


def test_a_click_alone_begins_anew_and_shift_adds(choosing):
    send = choosing.send
    send("LEFTMOUSE", 20, 20)
    send("LEFTMOUSE", 30, 30, shift=True)
    assert len(choosing.chooser.clicks) == 2
    send("LEFTMOUSE", 60, 40)
    assert len(choosing.chooser.clicks) == 1
    assert send("LEFTMOUSE", -1, 0) == PASSED
    assert send("MIDDLEMOUSE") == PASSED
    assert send("MOUSEMOVE", value="NOTHING") == PASSED
    assert send("ESC") == DONE


def test_an_answer_that_comes_late_is_not_taken(choosing, fake_link):
    choosing.send("LEFTMOUSE", 20, 20)
    first = fake_link.jobs[-1]
    choosing.send("LEFTMOUSE", 60, 40)
    assert first.asked == "cancel"
    first.finish(mask=as_bytes(MASKS[2]))
    fake_link.tick()
    assert choosing.chooser.mask is None
    choosing.finish(mask=as_bytes(MASKS[0]))
    assert np.array_equal(choosing.chooser.mask, MASKS[0])


def test_the_whole_way_with_a_server(
    plates, builders, scene, render, found, link, choosing_with, tmp_path
):
    """A ball is clicked, cut out, hidden, sent to a file and back, and put back."""
    card = np.where(MASKS[0][..., None], (200, 40, 30), (60, 130, 90)).astype(np.uint8)
    disparity = np.where(MASKS[0], 0.7, 0.2).astype(np.float32)[::2, ::2].copy()
    diorama = builders.build_diorama(*make_result(card, disparity), "Test", scene)
    builders.prepare_scene(scene, diorama)
    path = str(tmp_path / "plates.psd")

    def done() -> None:
        pump(link, lambda: not link.jobs or link.errors)
        assert not link.errors

    before = str(tmp_path / "before.psd")
    assert bpy.ops.zograscope.export_plates(filepath=before) == {"FINISHED"}
    done()
    chooser = choosing_with(diorama)
    chooser.hover(*ray_to(diorama, 40, 30))
    assert chooser.click()
    done()
    chooser.confirm("Ball")
    done()
    (plate,) = found.find_diorama(diorama.root).plates
    assert np.array_equal(plates.plate.hidden_by_plates(diorama), MASKS[0])
    assert wrong_pixels(render(scene, WORKBENCH), card) == 0
    plate.hide_render = True
    assert is_colour(render(scene, WORKBENCH), (60, 130, 90))[1:-1, 1:-1].all()
    plate.hide_render = False
    for operator in (bpy.ops.zograscope.export_plates, bpy.ops.zograscope.import_plates):
        assert operator(filepath=path) == {"FINISHED"}
        done()
    assert wrong_pixels(render(scene, WORKBENCH), card) == 0
    assert not diorama.root["zograscope_warnings"]
    assert bpy.ops.zograscope.import_plates(filepath=before) == {"FINISHED"}
    done()
    assert "'Ball'" in diorama.root["zograscope_warnings"]
    bpy.context.view_layer.objects.active = plate
    assert bpy.ops.zograscope.put_back_plate() == {"FINISHED"}
    done()
    assert found.find_diorama(diorama.root).plates == ()
    assert wrong_pixels(render(scene, WORKBENCH), card) == 0
