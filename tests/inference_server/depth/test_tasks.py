"""The depth tasks: what they reply with and what they refuse."""

import subprocess
import sys

import numpy as np
import pytest
from zograscope_protocol.depth.tasks import (
    QUALITIES,
    DioramaOptions,
    ExportDepthOptions,
    ExportMeshOptions,
)
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.depth import tasks
from zograscope_server.depth.export import encode_png
from zograscope_server.tasks import TaskContext

PICTURE = encode_png(np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8))


def run_export_mesh(changes=None, **options):
    inputs = {
        "card.vertices": np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32),
        "card.triangles": np.array([[0, 1, 2]], np.int32),
        "card.uv": np.array([[0, 0], [1, 0], [0, 1]], np.float32),
        "card.texture": np.frombuffer(encode_png(np.zeros((4, 4, 3), np.uint8)), np.uint8),
    } | (changes or {})
    asked = ExportMeshOptions(**{"format": "glb", "layers": ("card",)} | options)
    return tasks.export_mesh(inputs, asked, TaskContext())


def test_the_export_tasks_reply_with_a_file():
    assert run_export_mesh().arrays["file"].tobytes().startswith(b"glTF")
    disparity = np.eye(6, 8, dtype=np.float32)
    options = ExportDepthOptions(near=1, far=9, format="png16")
    result = tasks.export_depth({"disparity": disparity}, options, TaskContext())
    assert result.arrays["file"].tobytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({"card.triangles": np.array([[0, 1, 3]], np.int32)}, {}),
        ({"card.triangles": np.array([[0, 1, -1]], np.int32)}, {}),
        ({"card.uv": np.zeros((2, 2), np.float32)}, {}),
        ({"card.vertices": np.zeros((3, 2), np.float32)}, {}),
        ({}, {"layers": ("other",)}),
        ({}, {"layers": ("../../card",)}),
        ({"card.triangles": np.array([[0, 1, 2]], np.float32)}, {}),
        ({"card.vertices": np.full((3, 3), np.inf, np.float32)}, {}),
        ({"card.uv": np.full((3, 2), np.nan, np.float32)}, {}),
        ({"card.texture": np.frombuffer(b"garbage", np.uint8)}, {}),
        ({"card.texture": np.frombuffer(PICTURE[: len(PICTURE) // 2], np.uint8)}, {}),
        ({"card.texture": np.zeros(0, np.uint8)}, {}),
    ],
)
def test_a_mesh_that_makes_no_sense_is_refused(changes, options):
    with pytest.raises(ZograscopeError) as refusal:
        run_export_mesh(changes, **options)
    assert refusal.value.code == "bad-parameters"


@pytest.mark.parametrize(
    "disparity",
    [
        np.zeros((2, 2, 3), np.float32),
        np.zeros((0, 4)),
        np.full((4, 4), np.nan),
        np.full((4, 4), np.inf),
    ],
)
def test_a_disparity_that_is_no_picture_is_refused(disparity):
    with pytest.raises(ZograscopeError) as refusal:
        tasks.export_depth({"disparity": disparity}, ExportDepthOptions(), TaskContext())
    assert refusal.value.code == "bad-parameters"


def test_a_diorama_needs_a_picture():
    with pytest.raises(ZograscopeError, match="'image' is missing"):
        tasks.diorama({}, DioramaOptions(), TaskContext())


@pytest.mark.parametrize("background", [True, False])
def test_a_diorama_is_as_it_is_declared(background, monkeypatch):
    """Whatever it is read with at the other end."""
    import io

    picture = np.random.default_rng(0).integers(0, 255, (64, 80, 3), np.uint8)
    depth_map = io.BytesIO()
    np.save(depth_map, np.linspace(0, 1, 64 * 80, dtype=np.float32).reshape(64, 80))
    inputs = {
        "image": np.frombuffer(encode_png(picture), np.uint8),
        "depth_map": np.frombuffer(depth_map.getvalue(), np.uint8),
    }
    options = DioramaOptions(depth_map_name="d.npy", background=background)
    monkeypatch.setattr(tasks, "_finds_faces", lambda models_folder: False)
    result = tasks.diorama(inputs, options, TaskContext())
    arrays, facts = DioramaOptions.result.read(result.arrays, result.metadata)
    assert set(arrays) == set(result.arrays)
    assert facts == result.metadata
    assert ("dome" in arrays) == background


def test_each_quality_has_its_samples():
    assert set(tasks.QUALITY_LONG_SIDE) == set(QUALITIES)


def test_the_tasks_import_nothing_heavy():
    code = (
        "import sys, zograscope_server.tasks as tasks; tasks.load_tasks();"
        "heavy = {'torch', 'cv2', 'scipy', 'trimesh', 'PIL'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
