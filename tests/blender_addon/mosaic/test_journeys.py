"""Journeys: everything is seen, every stop is reached, and nothing jumps."""

import importlib
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import make_mosaic_result

bpy = pytest.importorskip("bpy", reason="journeys are made in a Python that has bpy")

FRAMES = 120
SHAPES = ("Wall", "Floor", "Cylinder", "Dome")


@pytest.fixture(scope="session")
def journeys(zograscope):
    return importlib.import_module(zograscope.__name__ + ".mosaic.journeys")


@pytest.fixture(scope="session")
def cameras(zograscope):
    return importlib.import_module(zograscope.__name__ + ".mosaic.cameras")


@pytest.fixture(scope="session")
def lay(places):
    """lay(columns, rows, shape, bend) -> places of a grid of tiles, and its bend for journeys."""

    def lay(columns: int, rows: int, shape: str = "Wall", bend: float = 100.0):
        x, y = np.meshgrid(np.arange(columns), np.arange(rows))
        flat = np.stack([x - (columns - 1) / 2, y - (rows - 1) / 2, 0 * x], axis=2).reshape(-1, 3)
        flat = flat.astype(np.float32)
        chosen = places.Settings(shape=shape, bend=bend)
        laid = places.place_tiles(flat, flat, np.ones((len(flat), 2), np.float32), chosen)
        return laid, bend if shape in ("Cylinder", "Dome") else None

    return lay


def camera_axes(rotation: np.ndarray) -> np.ndarray:
    """Return the camera's right, up and backward axes as rows."""
    tilt, _, turn = rotation
    x = [math.cos(turn), math.sin(turn), 0.0]
    y = [-math.cos(tilt) * math.sin(turn), math.cos(tilt) * math.cos(turn), math.sin(tilt)]
    z = [math.sin(tilt) * math.sin(turn), -math.sin(tilt) * math.cos(turn), math.cos(tilt)]
    return np.array([x, y, z])


def seen(points: np.ndarray, position: np.ndarray, rotation: np.ndarray, lens) -> np.ndarray:
    """Return points in the picture's plane: within 1 both ways is inside, NaN is behind."""
    local = (points - position) @ camera_axes(rotation).T
    depth = np.where(local[:, 2] < 0, -local[:, 2], np.nan)
    x = local[:, 0] / depth / lens.half_angle
    return np.stack([x, local[:, 1] / depth / lens.half_angle * lens.aspect], axis=1)


def corners(places) -> np.ndarray:
    """Return the corners (4 n, 3) of all tiles."""
    rights = np.cross(places.ups, places.normals)
    width, height = places.sizes.T[..., None] / 2
    return np.concatenate(
        [
            places.positions + a * rights * width + b * places.ups * height
            for a, b in itertools.product((-1, 1), repeat=2)
        ]
    )


@settings(max_examples=60)
@given(
    columns=st.integers(1, 40),
    rows=st.integers(1, 40),
    aspect=st.floats(0.4, 3.0),
    half_angle=st.floats(0.2, 1.0),
    shape=st.sampled_from(SHAPES),
    bend=st.floats(20, 170),
)
def test_an_overview_sees_every_tile(journeys, lay, columns, rows, aspect, half_angle, shape, bend):
    if shape == "Dome" and rows > columns:
        return  # which would close above the viewer
    places, bent = lay(columns, rows, shape, bend)
    lens = journeys.Lens(aspect, half_angle)
    station = journeys.overview(places, lens, bent)
    journey = journeys.travel([station, station], 2, lens)
    inside = seen(corners(places), journey.positions[0], journey.rotations[0], lens)
    assert np.isfinite(inside).all()
    assert np.abs(inside).max() <= 1.0


def test_an_overview_is_not_needlessly_far(journeys, lay):
    places, _ = lay(30, 20)
    lens = journeys.Lens(1.5, 0.36)
    journey = journeys.travel(journeys.drift(places, lens)[1:] * 2, 2, lens)
    inside = seen(corners(places), journey.positions[0], journey.rotations[0], lens)
    assert np.abs(inside).max() > 0.9


@pytest.mark.parametrize("shape", SHAPES)
def test_a_dive_ends_before_its_tile(journeys, lay, shape):
    places, bent = lay(30, 12, shape)
    lens = journeys.Lens(16 / 9, 0.36)
    journey = journeys.travel(journeys.dive(places, 77, lens, bent), FRAMES, lens)
    half = places.sizes[77, 1] / 2
    tile = np.array([places.positions[77] + side * places.ups[77] * half for side in (-1, 1)])
    ends = seen(tile, journey.positions[-1], journey.rotations[-1], lens)
    assert ends.mean(axis=0) == pytest.approx([0, 0], abs=1e-6)
    assert np.ptp(ends[:, 1]) / 2 == pytest.approx(journeys.TILE_SHARE, abs=1e-3)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_visit_reaches_every_stop_and_moves_smoothly(journeys, lay, shape):
    places, bent = lay(40, 20, shape)
    lens, stops = journeys.Lens(1.6, 0.4), [3, 410, 799]
    stations = journeys.visit(places, stops, lens, bent)
    journey = journeys.travel(stations, 600, lens)
    for station in stations[1:-1]:
        tilt, turn = station.rotation
        normal = camera_axes(np.array([tilt, 0, turn]))[2]
        before = station.target + normal * station.width / (2 * lens.half_angle)
        away = np.linalg.norm(journey.positions - before, axis=1)
        assert (away < 1e-6).sum() >= 5  # a pause
    steps = np.linalg.norm(np.diff(journey.positions, axis=0), axis=1)
    assert np.abs(np.diff(steps)).max() < 0.25 * steps.max()
    assert np.abs(np.diff(journey.rotations, axis=0)).max() < math.radians(4)


def test_one_tile_or_one_place_is_no_trouble(journeys, lay):
    places, _ = lay(1, 1)
    lens = journeys.Lens(1.0, 0.4)
    for stations in (journeys.drift(places, lens), journeys.visit(places, [0, 0], lens)):
        journey = journeys.travel(stations, 10, lens)
        assert np.isfinite(journey.positions).all()
        assert len(journey.positions) == 10


@pytest.mark.parametrize("kind", ["overview", "dive", "clusters", "visit"])
def test_the_camera_follows_its_journey(builders, cameras, scene, kind):
    arrays, metadata = make_mosaic_result(200, 16)
    mosaic = builders.build_mosaic(arrays, metadata, "numbers", scene)
    builders.prepare_scene(scene, mosaic, (160, 90))
    cameras.apply_journey(mosaic, "dive", 30, [3], scene)
    cameras.apply_journey(mosaic, kind, 48, [5, 150], scene)  # in place of the first
    positions = []
    for frame in range(1, 49):
        scene.frame_set(frame)
        positions.append(np.array(mosaic.camera.matrix_world.translation))
    steps = np.linalg.norm(np.diff(positions, axis=0), axis=1)
    assert steps.sum() > 0.1
    assert steps.max() < 0.5 * steps.sum()
    assert mosaic.camera_rig.animation_data is None
    assert mosaic.camera.data.clip_end > np.abs(positions).max()


def test_a_morph_is_seen_whole_at_its_beginning(builders, cameras, journeys, scene):
    arrays, metadata = make_mosaic_result(200, 16)
    arrays["layout.0"][:, :2] *= 6  # a wide cloud
    mosaic = builders.build_mosaic(arrays, metadata, "numbers", scene)
    builders.prepare_scene(scene, mosaic, (160, 90))
    cameras.animate_morph(mosaic, 0, 1, 1, 24)
    cameras.apply_journey(mosaic, "clusters", 48, (), scene)
    scene.frame_set(1)
    lens = journeys.Lens(160 / 90, math.tan(mosaic.camera.data.angle_x / 2))
    camera = mosaic.camera
    inside = seen(
        mosaic.places().positions, np.array(camera.location), np.array(camera.rotation_euler), lens
    )
    assert np.abs(inside).max() <= 1.0
