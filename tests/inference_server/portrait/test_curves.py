"""Files of curves keep what they were given, and say what they lack."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.faces.landmarks import EXPRESSIONS
from zograscope_server.portrait.curves import HEAD, Curves, read_curves, write_curves

few = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def drawn(count: int, rate: float, seed: int) -> Curves:
    rng = np.random.default_rng(seed)
    poses = np.tile(np.eye(4, dtype=np.float32), (count, 1, 1))
    turns = rng.uniform(-80, 80, (count, 3))
    poses[:, :3, :3] = Rotation.from_euler("xyz", turns, degrees=True).as_matrix()
    poses[:, :3, 3] = rng.normal(0, 0.3, (count, 3))
    return Curves(rate, rng.uniform(0, 1, (count, 52)).astype(np.float32), poses)


@few
@given(
    count=st.integers(1, 20),
    rate=st.sampled_from([12.0, 23.976, 25.0, 29.97, 60.0]),
    seed=st.integers(0, 999),
    suffix=st.sampled_from([".json", ".csv", ".CSV"]),
)
def test_what_is_written_is_read(tmp_path, count, rate, seed, suffix):
    curves = drawn(count, rate, seed)
    write_curves(tmp_path / f"curves{suffix}", curves)
    back = read_curves(tmp_path / f"curves{suffix}")
    np.testing.assert_allclose(back.expressions, curves.expressions, atol=2e-6)
    np.testing.assert_allclose(back.poses, curves.poses, atol=2e-6)
    if suffix == ".json" or count > 1:
        assert back.rate == pytest.approx(rate, rel=1e-6)


def test_a_table_has_the_angles_that_its_columns_name(tmp_path):
    """Yaw turns the head's nose (z to the viewer) towards x, pitch towards down, -y."""
    lines = [
        "time,jawOpen,headYaw,headPitch,headX",
        "0,0.5,0,0,0.25",
        "0.04,1,90,0,0",
        "0.08,0,0,90,0",
    ]
    (tmp_path / "hand.csv").write_text("\n".join(lines))
    curves = read_curves(tmp_path / "hand.csv")
    assert curves.rate == pytest.approx(25.0)
    np.testing.assert_array_equal(
        curves.expressions[:, EXPRESSIONS.index("jawOpen")], np.float32([0.5, 1, 0])
    )
    assert np.count_nonzero(curves.expressions) == 2, "what is left out is at rest"
    np.testing.assert_allclose(curves.poses[0, :3, 3], [0.25, 0, 0])
    noses = curves.poses[:, :3, :3] @ [0, 0, 1]
    np.testing.assert_allclose(noses, [[0, 0, 1], [1, 0, 0], [0, -1, 0]], atol=1e-6)
    assert set(HEAD) >= {"headYaw", "headPitch", "headX"}


GOOD = {"rate": 25, "expressions": ["jawOpen"], "curves": [[0.5]]}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("c.json", "no JSON", "cannot be used"),
        ("c.json", "[]", "cannot be used"),
        ("c.json", json.dumps(GOOD | {"expressions": ["jawDrop"]}), "'jawDrop' is none of ARKit's"),
        ("c.json", json.dumps(GOOD | {"curves": []}), "cannot be used"),
        ("c.json", json.dumps(GOOD | {"curves": [[0.5, 1]]}), "names 1 expressions, and has 2"),
        ("c.json", json.dumps(GOOD | {"poses": [[1, 2]]}), "matrices of 4 x 4"),
        ("c.json", json.dumps(GOOD | {"rate": 0}), "its rate is 0"),
        ("c.json", json.dumps(GOOD | {"curves": [[float("nan")]]}), "no numbers"),
        ("c.json", json.dumps({"rate": 25, "curves": [[0]]}), "'expressions' is missing"),
        ("c.csv", "", "'time' is missing"),
        ("c.csv", "time,jawOpen\n", "no frames"),
        ("c.csv", "time,jawOpen\n0,wide", "cannot be used"),
        ("c.csv", "time,jawOpen\n0", "as many values"),
        ("c.csv", "jawOpen\n0", "'time' is missing"),
        ("c.csv", "time,nose\n0,1", "'nose' is none"),
    ],
)
def test_what_is_no_curves_is_told(tmp_path, name, text, words):
    (tmp_path / name).write_text(text)
    with pytest.raises(ZograscopeError, match=words) as caught:
        read_curves(tmp_path / name)
    assert caught.value.code == "curves-unreadable"
    assert name in caught.value.sentence


def test_bytes_and_nothing_are_told(tmp_path):
    (tmp_path / "c.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ZograscopeError, match="no text"):
        read_curves(tmp_path / "c.json")
    with pytest.raises(ZograscopeError, match="There is no file"):
        read_curves(tmp_path / "none.csv")
