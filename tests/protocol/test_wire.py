"""Whatever arrives is read rightly or refused; nothing else."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from zograscope_protocol import wire
from zograscope_protocol.errors import ZograscopeError

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
arrays = hnp.arrays(
    dtype=st.sampled_from([np.dtype(name) for name in ("|u1", "<i4", ">f4", "<f8", "|b1", "<c8")]),
    shape=hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
)


@given(st.dictionaries(st.text(), json_values, max_size=5), st.none() | st.binary(max_size=100))
def test_messages_come_back(fields, buffer):
    header, received = wire.decode(wire.encode({**fields, "type": "x"}, buffer))
    assert header == {**fields, "type": "x"}
    assert received == buffer


@given(st.lists(st.binary(max_size=200), max_size=4))
def test_garbage_is_refused_in_words(frames):
    with pytest.raises(ZograscopeError, match="could not understand"):
        wire.decode(frames)


@pytest.mark.parametrize("header", [b"[]", b"1", b'{"type": 3}', b"{}", b"\xff", b"[" * 60_000])
def test_headers_must_be_objects_with_a_type(header):
    with pytest.raises(ZograscopeError) as caught:
        wire.decode([header])
    assert caught.value.code == "bad-message"


def test_large_headers_are_neither_sent_nor_taken():
    header = {"type": "x", "text": "x" * wire.MOST_HEADER_BYTES}
    with pytest.raises(ValueError, match="cannot be sent"):
        wire.encode(header)
    with pytest.raises(ZograscopeError):
        wire.decode([json.dumps(header).encode()])


@given(arrays)
def test_arrays_come_back(array):
    (description,) = wire.check_descriptions([wire.describe_array("a", array)])
    received = wire.empty_array(description)
    wire.byte_view(received)[:] = wire.byte_view(wire.as_array(array))
    assert received.dtype == array.dtype
    assert received.shape == array.shape
    assert received.tobytes() == array.tobytes()


HONEST = {"name": "a", "dtype": "<f4", "shape": [2, 3], "bytes": 24}
NO_NAME = json_values.filter(lambda value: not isinstance(value, str)) | st.just("")
NO_SHAPE = json_values.filter(lambda value: not isinstance(value, list)) | st.just([2, -3])


@given(NO_NAME, NO_NAME, NO_SHAPE, json_values.filter(lambda value: value != 24))
def test_descriptions_that_lie_are_refused(name, dtype, shape, size):
    for lie in ({"name": name}, {"dtype": dtype}, {"shape": shape}, {"bytes": size}):
        with pytest.raises(ZograscopeError):
            wire.check_descriptions([{**HONEST, **lie}])


@pytest.mark.parametrize("dtype", ["|O", "O", "<U4", "f4,f4", "(2,2)f4", "V8", "M8[s]", 4, None])
def test_only_numbers_travel(dtype):
    with pytest.raises(ZograscopeError):
        wire.check_descriptions([{"name": "a", "dtype": dtype, "shape": [1], "bytes": 8}])


def test_names_are_unique_and_arrays_few():
    one = {"name": "a", "dtype": "|u1", "shape": [0], "bytes": 0}
    with pytest.raises(ZograscopeError):
        wire.check_descriptions([one, one])
    with pytest.raises(ZograscopeError):
        wire.check_descriptions([{**one, "name": str(n)} for n in range(wire.MOST_ARRAYS + 1)])


def test_a_very_large_array_lies_in_a_file(monkeypatch):
    monkeypatch.setattr(wire, "FILE_BYTES", 1000)
    array = np.arange(500, dtype="<f4").reshape(5, 100)
    room = wire.empty_array(wire.describe_array("a", array))
    wire.byte_view(room)[:] = wire.byte_view(array)
    assert np.array_equal(room, array)
    assert isinstance(room.base, np.memmap)
