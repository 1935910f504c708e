"""Whoever reaches the socket: nonsense, giants, and connections that say nothing."""

import json
import random
import socket
import time
import uuid
from contextlib import suppress
from typing import Any

import zmq
from zograscope_protocol.connection import Connection, client_keys
from zograscope_protocol.messages import PROTOCOL_VERSION

from tools.torture.server import PATIENCE, Figures, Honest, Server, watched

HELLO = json.dumps({"type": "hello", "protocol": PROTOCOL_VERSION}).encode()
READY = b"\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER"
WORDS: list[Any] = ["submit", "chunk", "credit", "attach", "follow", "cancel", "pause", "resume"]
NAMES = ["job", "task", "parameters", "inputs", "name", "offset", "window", "part", "from"]
VALUES: list[Any] = [None, -1, 3, 1 << 70, "x" * 60_000, "ä" * 9_000, [], {}, [[[]]], 1e308]
MESSAGES_A_TURN = 200  # after which bytes come that are no ZeroMQ at all


def fuzz(server: Server, honest: Honest, chance: random.Random, frames: int) -> Figures:
    """Send so many frames of nonsense and half sense, and see to it that they are read."""
    figures: Figures = {"frames": 0, "messages": 0, "answers": 0}
    with watched(server, honest, figures):
        raw = _raw(server)
        while figures["frames"] < frames:
            for _ in range(MESSAGES_A_TURN):
                message = _nonsense(chance)
                raw.send_multipart(message)
                figures["frames"] += len(message)
            figures["messages"] += MESSAGES_A_TURN
            figures["answers"] += _wait_until_read(raw, figures["messages"])
            _send_rubbish(server, chance)
        raw.close()
    return figures


def _wait_until_read(raw: zmq.Socket, number: int) -> int:
    """Wait until all that was sent has been read; return how many answers came meanwhile."""
    answers = 0
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        # Whoever was shown the door comes again.
        raw.send(HELLO)
        raw.send(json.dumps({"type": "heartbeat", "request": number}).encode())
        while raw.poll(2000):
            answers += 1
            header = json.loads(raw.recv_multipart()[0])
            if header["type"] == "heartbeat" and header.get("request") == number:
                return answers
    raise TimeoutError("the server does not answer")


def _nonsense(chance: random.Random) -> list[bytes]:
    """Return a message: a header that is right, wrong or bitten, and frames behind it."""
    kind = chance.choice([*WORDS, "hello", "status", "models", *VALUES[4:6]])
    header = {"type": kind, "job": uuid.UUID(int=chance.getrandbits(128)).hex}
    for name in chance.sample(NAMES, chance.randrange(5)):
        header[name] = chance.choice(VALUES)
    if kind == "submit" and chance.random() < 0.3:
        header |= {"task": chance.choice(["null", "sleep", "count"]), "inputs": []}
        header["parameters"] = {"seconds": 0.0, "steps": 1}
    encoded = bytearray(json.dumps(header, ensure_ascii=chance.random() < 0.5).encode()[:65_000])
    for _ in range(chance.choice([0, 0, 1, 5])):
        encoded[chance.randrange(len(encoded))] = chance.randrange(256)
    sizes = [chance.choice([0, 1, 100, 10_000]) for _ in range(chance.choice([0, 1, 2, 9]))]
    return [bytes(encoded), *(chance.randbytes(size) for size in sizes)]


def _send_rubbish(server: Server, chance: random.Random) -> None:
    """Send bytes, behind a greeting or without one, on a connection without ZeroMQ."""
    with suppress(OSError), plug(server) as stranger:
        stranger.sendall(chance.choice([b"", _greeting(server)]))
        stranger.sendall(chance.randbytes(chance.choice([1, 100, 10_000])))


def giants(server: Server, honest: Honest, frames: int) -> Figures:
    """Send a frame of 3 GB before any handshake is done, and a message of so many frames."""
    figures: Figures = {"frames_of_one_message": frames}
    with watched(server, honest, figures):
        with suppress(OSError), plug(server) as stranger:
            stranger.sendall(_greeting(server))
            if not server_keys(server):
                stranger.sendall(bytes((4, len(READY))) + READY)
            stranger.sendall(b"\x02" + (3 << 30).to_bytes(8, "big"))
            for _ in range(3 << 10):
                stranger.sendall(bytes(1 << 20))
        figures["held"] = server.held()
        raw = _raw(server)
        for _ in range(frames):
            raw.send(b"", zmq.SNDMORE)
        raw.send(b"")
        time.sleep(1.0)
        raw.close()
    return figures


def idle(server: Server, honest: Honest, connections: int) -> Figures:
    """Open so many connections that say nothing."""
    figures: Figures = {"connections": connections}
    with watched(server, honest, figures):
        strangers = []
        for _ in range(connections):
            with suppress(OSError):
                strangers.append(plug(server))
        time.sleep(0.5)
        figures["held"] = server.held()
        for stranger in strangers:
            stranger.close()
        time.sleep(0.5)
    return figures


def plug(server: Server) -> socket.socket:
    """Return a connection without ZeroMQ."""
    scheme, _, place = Connection.read(server.state).endpoint.partition("://")
    stranger = socket.socket(socket.AF_UNIX if scheme == "ipc" else socket.AF_INET)
    stranger.settimeout(PATIENCE)
    host, _, port = place.rpartition(":")
    stranger.connect(place if scheme == "ipc" else (host, int(port)))
    return stranger


def server_keys(server: Server) -> str | None:
    """Return the public key of a server that speaks CURVE."""
    return Connection.read(server.state).public_key


def _greeting(server: Server) -> bytes:
    mechanism = b"CURVE" if server_keys(server) else b"NULL"
    return b"\xff" + bytes(8) + b"\x7f\x03\x00" + mechanism.ljust(20, b"\0") + bytes(32)


def _raw(server: Server) -> zmq.Socket:
    raw = zmq.Context.instance().socket(zmq.DEALER)
    raw.linger = 0
    raw.sndhwm = 0
    if public_key := server_keys(server):
        public, secret = client_keys(server.state)
        raw.curve_publickey, raw.curve_secretkey = public.encode(), secret.encode()
        raw.curve_serverkey = public_key.encode()
    raw.connect(Connection.read(server.state).endpoint)
    return raw
