import json
import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from zograscope_server.result_file import ResultFile, write_result

NUMBERS = st.one_of(
    arrays.integer_dtypes(endianness="="),
    arrays.floating_dtypes(endianness="="),
    arrays.unsigned_integer_dtypes(endianness=">"),
)


def read(result: ResultFile) -> dict[str, np.ndarray]:
    return {
        array["name"]: np.frombuffer(result.buffer(array["name"]), array["dtype"]).reshape(
            array["shape"]
        )
        for array in result.arrays
    }


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    contents=st.dictionaries(
        st.text(min_size=1, max_size=8),
        arrays.arrays(NUMBERS, arrays.array_shapes(min_dims=0, min_side=0, max_side=6)),
        max_size=4,
    )
)
def test_what_was_written_is_read(tmp_path, contents):
    write_result(tmp_path / "result", tmp_path / ".temporary", contents, {"near": 1.5})
    result = ResultFile(tmp_path / "result")
    assert result.metadata == {"near": 1.5}
    found = read(result)
    assert list(found) == list(contents)
    for name, array in contents.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


def test_strided_arrays_are_written_in_c_order(tmp_path):
    array = np.arange(60, dtype=np.int16).reshape(5, 12)[::2, ::-3]
    write_result(tmp_path / "result", tmp_path / ".temporary", {"a": array}, {})
    np.testing.assert_array_equal(read(ResultFile(tmp_path / "result"))["a"], array)


@pytest.mark.parametrize("kept", [0, 10, 200, -1])
def test_a_shortened_file_is_no_result(tmp_path, kept):
    path = tmp_path / "result"
    write_result(path, tmp_path / ".temporary", {"a": np.zeros(1000)}, {})
    os.truncate(path, kept if kept >= 0 else path.stat().st_size + kept)
    with pytest.raises(ValueError):
        ResultFile(path)


@pytest.mark.parametrize("old_bytes", [10, 100_000])
def test_what_lay_there_is_written_over(tmp_path, old_bytes):
    temporary = tmp_path / ".temporary"
    temporary.write_bytes(b"x" * old_bytes)
    inode = temporary.stat().st_ino
    write_result(tmp_path / "result", temporary, {"a": np.arange(1000)}, {})
    np.testing.assert_array_equal(read(ResultFile(tmp_path / "result"))["a"], np.arange(1000))
    assert (tmp_path / "result").stat().st_ino == inode


def test_a_failed_write_leaves_nothing(tmp_path):
    with pytest.raises(TypeError):
        write_result(tmp_path / "result", tmp_path / ".temporary", {}, {"not json": object()})
    assert list(tmp_path.iterdir()) == []


def test_metadata_that_is_no_json_number_is_refused(tmp_path):
    with pytest.raises(ValueError):
        write_result(tmp_path / "result", tmp_path / ".temporary", {}, {"far": float("inf")})


def told(path, **changes) -> None:
    """Change what a result file says of itself; what is None is left out."""
    content = path.read_bytes()
    length = int.from_bytes(content[8:16], "little")
    header = json.loads(content[16 : 16 + length]) | changes
    header = {name: value for name, value in header.items() if value is not None}
    # Of the same length, so that the data stays in its place.
    encoded = json.dumps(header).encode().ljust(length)
    path.write_bytes(
        content[:8] + len(encoded).to_bytes(8, "little") + encoded + content[16 + length :]
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"metadata": None},
        {"metadata": 3},
        {"arrays": None},
        {"arrays": [{}]},
        {"arrays": [3]},
        {"arrays": {"a": 1}},
        {"arrays": [{"name": "a", "dtype": "<f8", "shape": [8], "bytes": 64, "offset": 1 << 20}]},
        {"arrays": [{"name": "a", "dtype": "<f8", "shape": [8], "bytes": 64, "offset": -64}]},
        {"arrays": [{"name": "a", "dtype": "<f8", "shape": [8], "bytes": 1 << 40, "offset": 0}]},
        {"parts": "many"},
        {"data_bytes": None},
        {"data_bytes": "64"},
    ],
)
def test_a_header_that_is_wrong_is_not_served(tmp_path, changes):
    path = tmp_path / "result"
    metadata = {"filling": "x" * 200}
    write_result(path, tmp_path / ".temporary", {"a": np.ones(8)}, metadata)
    assert ResultFile(path).buffer("a").nbytes == 64
    told(path, **{"metadata": {}, **changes})
    with pytest.raises(ValueError):
        ResultFile(path)
