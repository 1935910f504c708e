"""What a worker says comes in order, and no more often than anybody can read it."""

import json

import numpy as np
import pytest
import zmq
from zograscope_server.settings import ServerSettings
from zograscope_server.worker.broker_link import BrokerLink
from zograscope_server.worker.settings import WorkerSettings


@pytest.fixture
def broker(tmp_path):
    """The broker's side of the workers' socket."""
    context = zmq.Context()
    socket = context.socket(zmq.ROUTER)
    socket.rcvtimeo = 60_000
    socket.bind(f"ipc://{tmp_path}/workers")
    yield socket
    context.destroy(linger=0)


@pytest.fixture
def link(tmp_path):
    settings = WorkerSettings(f"ipc://{tmp_path}/workers", "worker", "cpu", ServerSettings())
    return BrokerLink(settings)


def hear(broker) -> dict:
    _, header, *_ = broker.recv_multipart()
    return json.loads(header)


def test_of_a_flood_of_progress_comes_as_much_as_an_eye_can_follow(broker, link):
    for number in range(20_000):
        link.send_latest({"type": "progress", "number": number})
    link.send({"type": "done"})
    heard = []
    while not heard or heard[-1]["type"] != "done":
        heard.append(hear(broker))
    numbers = [header["number"] for header in heard[:-1]]
    assert numbers == sorted(numbers)
    assert numbers[-1] == 19_999
    assert len(numbers) < 2_000


def test_the_last_word_comes_though_nothing_follows(broker, link):
    for number in range(5):
        link.send_latest({"type": "progress", "number": number})
    while hear(broker)["number"] != 4:
        pass


def test_kinds_do_not_take_each_others_place(broker, link):
    link.send({"type": "state"})
    link.send_latest({"type": "progress"})
    link.send_latest({"type": "preview"}, memoryview(np.ones(10, np.uint8)))
    assert {hear(broker)["type"] for _ in range(3)} == {"state", "progress", "preview"}
