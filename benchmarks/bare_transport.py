"""Two bare processes to compare a server with: a DEALER here, a ROUTER in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import zmq

BARE = "--bare"
"""The option with which a benchmark runs itself as the other side, for `router`'s arguments."""


def router(endpoint: str, secret_key: str) -> zmq.Socket:
    """Be the other side: bind, and tell the near side where."""
    socket = zmq.Context().socket(zmq.ROUTER)
    socket.sndhwm = socket.rcvhwm = 0
    if secret_key:
        socket.curve_server = True
        socket.curve_secretkey = secret_key.encode()
    socket.bind(endpoint)
    print(socket.last_endpoint.decode(), flush=True)
    return socket


@contextmanager
def dealer(script: str, encrypted: bool, folder: Path) -> Iterator[zmq.Socket]:
    """Run a script's other side in a process of its own; give a socket connected to it."""
    server_key, secret_key = zmq.curve_keypair() if encrypted else (b"", b"")
    endpoint = "tcp://127.0.0.1:*" if encrypted else f"ipc://{folder / 'bare'}"
    command = [sys.executable, script, BARE, endpoint, secret_key.decode()]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.sndhwm = socket.rcvhwm = 0
    if server_key:
        socket.curve_serverkey = server_key
        socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()
    try:
        assert process.stdout is not None
        socket.connect(process.stdout.readline().strip())
        yield socket
    finally:
        socket.close(linger=0)
        process.kill()
        process.wait()
