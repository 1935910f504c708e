"""Chunks under credit arrive once each, in order, through any interleaving and any break."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zograscope_protocol import transfers
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.transfers import Receiver, Sender

CHUNK = 1 << 20


@settings(max_examples=60)
@given(
    size=st.integers(0, 12 * CHUNK),
    window=st.integers(1, 5 * CHUNK),
    breaks=st.lists(st.integers(0, 30), max_size=3),
)
def test_everything_arrives_in_place(size, window, breaks):
    data = memoryview(bytearray(size))
    data[: size // 2] = b"\1" * (size // 2)
    arrived = bytearray(size)
    receiver = Receiver(size, window=window)
    sender, under_way, steps = Sender(data), [], 0
    credit = receiver.credit(anew=True)
    while not receiver.complete:
        if credit:
            under_way += sender.credited(credit["offset"], credit["window"])
        assert under_way, "a transfer must never wait for both sides"
        outstanding = sum(chunk.nbytes for _, chunk in under_way)
        assert outstanding <= window + CHUNK
        offset, chunk = under_way.pop(0)
        if receiver.expects(offset, chunk.nbytes):
            arrived[offset : offset + chunk.nbytes] = chunk
            receiver.took(chunk.nbytes)
        steps += 1
        broken = steps in breaks
        if broken:
            # The connection breaks: what is under way is lost, and the new sender knows nothing.
            sender, under_way = Sender(data), []
        credit = receiver.credit(anew=broken)
    assert arrived == data


def test_a_chunk_of_an_earlier_connection_is_dropped():
    receiver = Receiver(10)
    receiver.took(4)
    assert not receiver.expects(0, 4)
    assert receiver.expects(4, 6)


@pytest.mark.parametrize("length", [0, 11, transfers.MOST_CHUNK_BYTES + 1])
def test_more_than_announced_is_refused(length):
    with pytest.raises(ZograscopeError):
        Receiver(10).expects(0, length)


@pytest.mark.parametrize(
    "credit", [(-1, 5), (0, 0), ("0", 5), (None, None), (True, 5), (0, 1.5), (0, 1 << 40)]
)
def test_credit_must_make_sense(credit):
    with pytest.raises(ZograscopeError):
        list(Sender(memoryview(b"abc")).credited(*credit))
