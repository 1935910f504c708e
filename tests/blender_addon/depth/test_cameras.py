"""Camera moves in Blender: F-curves that move the camera as planned, and nothing else."""

import importlib

import numpy as np
import pytest

from .conftest import make_result, noise_photograph

bpy = pytest.importorskip("bpy", reason="cameras move in a Python that has bpy")

PRESETS = ("push_in", "pull_out", "orbit", "truck", "crane", "dolly_zoom", "hand_held")
FRAMES, FPS = 48, 24


@pytest.fixture(scope="session")
def cameras(zograscope):
    return importlib.import_module(zograscope.__name__ + ".depth.cameras")


def corridor() -> np.ndarray:
    """Disparity of a corridor: near at the picture's edge, far in the middle."""
    y, x = np.mgrid[-1:1:40j, -1:1:60j]
    return np.maximum(abs(x), abs(y)).astype(np.float32)


@pytest.fixture
def diorama(builders, scene):
    built = builders.build_diorama(
        *make_result(noise_photograph(40, 60), corridor()), "Test", scene
    )
    built.root.location, built.root.rotation_euler.z = (3, 1, 2), 0.7
    built.camera_rig.location, built.camera_rig.rotation_euler = (0.1, 0.2, 0.3), (0.05, 0.1, 0)
    return built


def camera_at(diorama, scene, frame: int):
    """Return the camera's matrix below its rig, (4, 4), and its lens, as evaluated at a frame."""
    scene.frame_set(frame)
    evaluated = bpy.context.evaluated_depsgraph_get()
    camera = diorama.camera.evaluated_get(evaluated)
    rig = diorama.camera_rig.evaluated_get(evaluated)
    return np.array(rig.matrix_world.inverted() @ camera.matrix_world), camera.data.lens


@pytest.mark.parametrize("preset", [*PRESETS, "fly_through"])
def test_the_camera_moves_as_planned(cameras, moves, diorama, scene, preset):
    rest_lens = diorama.camera.data.lens
    reach = 0.7 * moves.MOVES[preset].most
    assert cameras.apply_preset(diorama, preset, FRAMES, FPS, reach) == reach
    around = cameras.survey(diorama, preset, FRAMES / FPS)
    planned = moves.camera_path(preset, moves.frame_moments(preset, FRAMES), reach, around)
    for frame in range(1, FRAMES + 1, 3):
        matrix, lens = camera_at(diorama, scene, frame)
        # Keys lie some frames apart: in between, F-curves may differ by a hair.
        assert matrix[:3, 3] == pytest.approx(planned.positions[frame - 1], abs=4e-3)
        assert matrix[:3, :3] == pytest.approx(planned.matrices()[frame - 1], abs=4e-3)
        assert lens == pytest.approx(rest_lens * planned.zooms[frame - 1], rel=1e-5)


@pytest.mark.parametrize("preset", [*PRESETS, "fly_through"])
def test_the_frame_at_rest_is_exact(cameras, moves, diorama, scene, preset):
    rest_lens = diorama.camera.data.lens
    cameras.apply_preset(diorama, preset, FRAMES, FPS, moves.MOVES[preset].most)
    frame = {"pull_out": FRAMES, "orbit": 24, "truck": 24, "crane": 24}.get(preset, 1)
    matrix, lens = camera_at(diorama, scene, frame)
    assert matrix == pytest.approx(np.eye(4), abs=1e-6)
    assert lens == pytest.approx(rest_lens, abs=1e-5)


def test_dolly_zoom_holds_the_subject_on_every_frame(cameras, diorama, scene):
    cameras.apply_preset(diorama, "dolly_zoom", FRAMES, FPS, 0.6)
    width = diorama.intrinsics.width
    distance = cameras.subject_distance(diorama)
    sizes, background = [], []
    for frame in range(1, FRAMES + 1):
        matrix, lens = camera_at(diorama, scene, frame)
        pixels = lens / 36 * width
        sizes.append(pixels * 1.0 / (distance + matrix[2, 3]))
        background.append(pixels * 1.0 / (2 * distance + matrix[2, 3]))
    assert np.ptp(sizes) < 1e-3
    assert background[-1] > 1.1 * background[0]


def test_applying_again_replaces_only_the_preset(cameras, diorama, scene):
    rig, camera = diorama.camera_rig, diorama.camera
    rig.keyframe_insert("location", frame=1)
    camera.data.dof.aperture_fstop = 4.0
    camera.data.dof.keyframe_insert("aperture_fstop", frame=1)
    camera.scale = (1, 1, 1)
    camera.keyframe_insert("scale", frame=1)
    before = np.array(rig.matrix_local)
    objects, curves = set(bpy.data.objects), set(bpy.data.curves)
    for preset in ("fly_through", "orbit", "fly_through", "dolly_zoom", "hand_held", "push_in"):
        cameras.apply_preset(diorama, preset, FRAMES, FPS, 0.02)
    assert set(bpy.data.objects) == objects
    assert set(bpy.data.curves) == curves
    assert np.array_equal(rig.matrix_local, before)
    assert camera.parent == rig
    animated = {
        owner: sorted((curve.data_path, curve.array_index) for curve in cameras.curves_of(owner))
        for owner in (rig, camera, camera.data)
    }
    assert animated[rig] == [("location", axis) for axis in range(3)]
    assert animated[camera] == [("location", 2)] + [("scale", axis) for axis in range(3)]
    assert animated[camera.data] == [("dof.aperture_fstop", 0)]


def test_clearing_brings_the_camera_back_to_rest(cameras, diorama, scene):
    matrix, lens = camera_at(diorama, scene, 1)
    for preset in ("orbit", "dolly_zoom", "fly_through"):
        cameras.apply_preset(diorama, preset, FRAMES, FPS, 0.1)
        scene.frame_set(FRAMES)
        cameras.clear_move(diorama)
        cleared, cleared_lens = camera_at(diorama, scene, FRAMES)
        assert cleared == pytest.approx(np.array(matrix), abs=1e-6)
        assert cleared_lens == lens


def test_the_artist_can_bend_the_flight(cameras, diorama, scene):
    cameras.apply_preset(diorama, "fly_through", FRAMES, FPS, 0.5)
    path = diorama.camera.parent
    assert path.parent == diorama.camera_rig
    straight, _ = camera_at(diorama, scene, FRAMES)
    point = path.data.splines[0].bezier_points[-1]
    for part in ("co", "handle_left", "handle_right"):
        setattr(point, part, np.add(getattr(point, part), (0.0, 0.5, 0.0)))
    bent, _ = camera_at(diorama, scene, FRAMES)
    assert bent[:3, 3] - straight[:3, 3] == pytest.approx((0, 0.5, 0), abs=1e-3)


@pytest.mark.parametrize("preset", [*PRESETS, "fly_through"])
def test_measured_reach_keeps_its_promise(cameras, moves, diorama, zograscope, preset):
    holes, limits = (
        importlib.import_module(f"{zograscope.__name__}.depth.{name}")
        for name in ("holes", "limits")
    )
    reach = cameras.apply_preset(diorama, preset, FRAMES, FPS)
    move = moves.MOVES[preset]
    assert move.least <= abs(reach) <= move.most
    around = cameras.survey(diorama, preset, FRAMES / FPS)
    path = moves.camera_path(preset, cameras.MEASURED_MOMENTS, reach, around)
    for view in holes.Surfaces.of(diorama).measure_path(path):
        # This made-up background is too near, and so is whatever is seen of it.
        assert (
            not limits.faults(view, limits.Limits(move.flaws, worst_part=move.worst_part))
            or abs(reach) == move.least
        )


def test_where_nothing_passes_the_picture_moves_all_the_same(
    cameras, moves, diorama, scene, monkeypatch
):
    monkeypatch.setattr(cameras, "limit_reach", lambda surfaces, path, most, limits: 0.0)
    reach = cameras.apply_preset(diorama, "push_in", FRAMES, FPS)
    assert reach == moves.MOVES["push_in"].least
    matrix, _ = camera_at(diorama, scene, FRAMES)
    assert matrix[2, 3] < -0.01


def test_a_push_goes_backwards_where_it_cannot_go_ahead(cameras, moves, diorama, monkeypatch):
    def only_backwards(surfaces, path, most, limits):
        return 0.01 if most > 0 else most / 2

    monkeypatch.setattr(cameras, "limit_reach", only_backwards)
    most = moves.MOVES["push_in"].most
    assert cameras.apply_preset(diorama, "push_in", FRAMES, FPS) == -most / 2
    assert cameras.apply_preset(diorama, "orbit", FRAMES, FPS) == moves.MOVES["orbit"].least


def test_people_are_what_a_camera_turns_about_and_goes_towards(cameras, attention, diorama):
    face = np.zeros((1, 478, 3), np.float32)
    face[..., 0] = np.linspace(44, 52, 478)  # of 60 x 40 pixels
    face[..., 1] = np.linspace(6, 14, 478)
    attention.keep_attention(diorama.root, {"faces": face})
    camera = diorama.intrinsics
    across, up = cameras.aim(diorama)
    assert camera.cx + camera.focal_length * across == pytest.approx(48)
    assert camera.cy - camera.focal_length * up == pytest.approx(10)
    # The corridor has disparity 0.5 to 0.7 there, between near 1 and far 8.
    assert 1 / 0.75 < cameras.subject_distance(diorama) < 1 / 0.5


@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("preset", [*PRESETS, "fly_through"])
def test_very_short_moves_do_not_fail(cameras, diorama, scene, preset, frames):
    cameras.apply_preset(diorama, preset, frames, FPS, 0.02)
    matrix, _ = camera_at(diorama, scene, frames)
    assert np.isfinite(matrix).all()


@pytest.mark.parametrize("preset", ["orbit", "push_in", "dolly_zoom"])
def test_reach_scales_a_move_without_measuring_it_anew(
    cameras, diorama, scene, monkeypatch, preset
):
    cameras.apply_preset(diorama, preset, FRAMES, FPS, 0.1)
    whole, _ = camera_at(diorama, scene, FRAMES)
    monkeypatch.setattr(cameras, "measured_reach", None)  # which takes its time
    scene.zograscope_depth.reach = 0.5
    half, _ = camera_at(diorama, scene, FRAMES)
    cameras.apply_preset(diorama, preset, FRAMES, FPS, 0.05)
    assert np.allclose(half, camera_at(diorama, scene, FRAMES)[0])
    assert not np.allclose(half, whole)
    cameras.apply_preset(diorama, preset, FRAMES, FPS, 0.1)
    scene.zograscope_depth.reach = 0.0
    assert np.allclose(camera_at(diorama, scene, 1)[0], camera_at(diorama, scene, FRAMES)[0])
    scene.zograscope_depth.reach = 1.0
    assert np.allclose(camera_at(diorama, scene, FRAMES)[0], whole)


def test_a_flight_ends_where_its_route_does(cameras, diorama, scene):
    cameras.apply_preset(diorama, "fly_through", FRAMES, FPS, 0.8)
    scene.zograscope_depth.reach = 2.0
    beyond = camera_at(diorama, scene, FRAMES)[0]
    cameras.apply_preset(diorama, "fly_through", FRAMES, FPS, 1.0)
    assert np.allclose(beyond, camera_at(diorama, scene, FRAMES)[0])


def test_a_camera_that_has_no_move_gets_none(cameras, diorama, scene):
    scene.zograscope_depth.reach = 0.5
    assert diorama.camera.animation_data is None
