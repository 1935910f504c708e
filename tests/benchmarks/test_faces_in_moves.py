"""The measure of heads in moves: what it calls rigid, and a real portrait that keeps its face."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

SIZE, FOCAL_LENGTH = (320, 240), 350.0


@pytest.fixture(scope="module")
def faces_in_moves(benchmark_module) -> ModuleType:
    return benchmark_module("faces_in_moves")


def a_head() -> np.ndarray:
    """478 points on half a ball of 60 pixels, eyes where they belong."""
    angle, reach = np.random.default_rng(0).uniform((0, 0), (2 * math.pi, 1), (478, 2)).T
    angle[[468, 473]], reach[[468, 473]] = (math.pi, 0.0), 0.4
    x, y = reach * np.cos(angle), reach * np.sin(angle)
    return np.stack([200 + 60 * x, 100 + 60 * y, 60 * np.sqrt(1 - reach**2)], axis=1)


def an_end(position=(0.0, 0.0, 0.0), turn: float = 0.0) -> dict:
    c, s = math.cos(turn), math.sin(turn)
    return {"position": position, "rotation": [(c, 0, s), (0, 1, 0), (-s, 0, c)], "zoom": 1.0}


def test_at_rest_a_rigid_head_is_the_face(faces_in_moves):
    head = a_head()
    seen = faces_in_moves.rigid_head(head, 3.0, FOCAL_LENGTH, SIZE, an_end())
    assert seen == pytest.approx(head[:, :2])


def test_nearer_is_larger_and_the_nose_comes_first(faces_in_moves):
    head = a_head()
    seen = faces_in_moves.rigid_head(head, 3.0, FOCAL_LENGTH, SIZE, an_end((0, 0, -1.0)))
    assert np.ptp(seen[:, 0]) == pytest.approx(1.5 * np.ptp(head[:, 0]), rel=0.1)
    residual = faces_in_moves.distance_after_similarity(seen, head[:, :2])
    assert 0.1 < residual < 3  # pixels


def test_a_similarity_makes_no_distance_and_a_lean_does(faces_in_moves):
    head = a_head()[:, :2]
    c, s = math.cos(0.4), math.sin(0.4)
    turned = 1.7 * head @ np.array([(c, s), (-s, c)]) + (30, -5)
    assert faces_in_moves.distance_after_similarity(turned, head) < 1e-9
    lean = head + 0.3 * (head[:, 1:] - 100) * (1, 0)
    assert faces_in_moves.distance_after_similarity(lean, head) > 2


def test_a_face_elsewhere_is_another(faces_in_moves):
    head = a_head()
    found = np.stack([head + np.array(step) for step in ((70, 0, 0), (5, 3, 0))])
    np.testing.assert_array_equal(faces_in_moves.nearest_face(found, head[:, :2]), found[1])
    assert faces_in_moves.nearest_face(found[:1], head[:, :2]) is None
    assert faces_in_moves.nearest_face(found[:0], head[:, :2]) is None


def test_a_real_portrait_keeps_its_face(faces_in_moves, shared, tmp_path):
    """The benchmark itself, in small."""
    from zograscope_server.faces.errors import FaceError
    from zograscope_server.models.loading import load_model

    try:
        load_model("default", Path("models"), "cpu", "faces")
    except FaceError as error:
        pytest.skip(f"the face landmarker is not installed: {error}")
    output = tmp_path / "figures.json"
    finished = subprocess.run(
        [
            *(sys.executable, faces_in_moves.__file__, shared / "portraits" / "lp_s3.jpg"),
            *("--models", "box", "--side", "400", "--output", output, "--sheets", tmp_path),
        ],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    rows = json.loads(output.read_text("utf-8"))["lp_s3 box"]["faces"]
    assert {row["preset"] for row in rows} == {"push_in", "orbit"}
    assert len(rows) == 3  # one face, at the end of the push and at both of the orbit
    assert max(row["excess"] for row in rows) <= faces_in_moves.MOST_EXCESS
    assert (tmp_path / "lp_s3.png").is_file()
