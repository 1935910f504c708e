"""Tries a new server, in its own Python: `trial.py device DEVICE`, `trial.py job DEVICE FOLDER`.

Ends with 0 where it works; otherwise the last line of what it prints says what does not.
"""

import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

START = 300.0  # seconds; a first start reads all of torch
SIDE = 96


def main(arguments: list[str]) -> int:
    """Do what the command line asks."""
    if arguments[0] == "device":
        compute(arguments[1])
    else:
        answer_a_job(arguments[1], Path(arguments[2]))
    return 0


def compute(device: str) -> None:
    """Have the device convolve, and compare with the processor. Raises what torch raises."""
    import torch

    generator = torch.Generator().manual_seed(1)
    picture = torch.randn(1, 3, 64, 64, generator=generator)
    kernel = torch.randn(8, 3, 5, 5, generator=generator)
    expected = torch.nn.functional.conv2d(picture, kernel)
    found = torch.nn.functional.conv2d(picture.to(device), kernel.to(device)).cpu()
    if not torch.allclose(found, expected, rtol=1e-2, atol=1e-1):
        raise SystemExit(f"{device} computes something else than the processor")


def answer_a_job(device: str, state: Path) -> None:
    """Start the server on a state folder of its own, and have it make a small diorama."""
    import numpy as np
    from zograscope_protocol.blocking import BlockingClient

    state.mkdir(parents=True, mode=0o700)
    command = [sys.executable, "-I", "-m", "zograscope_server.command_line", "serve"]
    log = state / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, "--device", device, "--state", str(state)], stdout=output, stderr=output
        )
    try:
        wait_for(state / "connection.json", server, log)
        image = np.frombuffer(drawn_picture(), np.uint8)
        options = {"file_name": "trial.png", "quality": "draft"}
        with BlockingClient(state, folder=state) as client:
            result = client.run("diorama", options, {"image": image})
        if not result.arrays:
            raise SystemExit("the server answered with nothing")
    finally:
        server.terminate()
        server.wait(60)


def wait_for(path: Path, server: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the server has said where it is. Raises SystemExit with its last line."""
    deadline = time.monotonic() + START
    while not path.exists():
        if server.poll() is not None or time.monotonic() > deadline:
            lines = log.read_text(errors="replace").strip().splitlines()
            raise SystemExit(lines[-1] if lines else "the server ended without a word")
        time.sleep(0.1)


def drawn_picture() -> bytes:
    """Return a PNG of a horizon below a sky, which needs no library."""
    rows = bytearray()
    for y in range(SIDE):
        rows.append(0)
        for x in range(SIDE):
            ground = y > SIDE * 0.6
            shade = (x * 7 + y * 13) % 40
            rows += bytes((90 + shade, 120, 60) if ground else (120, 160, 200 + shade))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
