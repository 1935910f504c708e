"""Files of a few kilobytes that would fill the memory, and such as are no files at all."""

import io
import json
import os
import random
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
from PIL import Image
from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.mosaic.tasks import MosaicOptions

from tools.torture.drawings import draw_pictures
from tools.torture.server import Figures, Honest, Server, watched

SOUND = 5  # pictures beside the bombs
SIDE = 17_300  # pixels: 299 megapixels


def bombs(server: Server, honest: Honest, chance: random.Random, damaged: int) -> Figures:
    """Make a mosaic of bombs and so many damaged files among sound pictures, then dioramas.

    Of pictures that are sound, and large only, no diorama is made: it would take its minutes.

    Lost is a mosaic without the sound pictures, or a job that ends in another way than by its
    result or a sentence of its own.
    """
    figures: Figures = {"files": 0, "lost": 0}
    folder = server.state.parent / "bombs"
    draw_pictures(folder, chance, SOUND)
    bad = {**dict(_bombs()), **dict(_damaged(folder / "000.png", chance, damaged))}
    files = {**dict(_small_files_of_many_pixels()), **bad}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    figures["files"] = len(files)
    figures["largest_file_kilobytes"] = max(len(data) for data in files.values()) // 1000
    codes: dict[str, int] = {}
    with watched(server, honest, figures), server.client() as client:
        figures["tiles"], problems = _mosaic(client, folder)
        named = {problem["name"] for problem in problems}
        figures["lost"] += figures["tiles"] + len(named & files.keys()) < SOUND + len(files)
        for name in _pipes(folder):
            code = _code(client, "mosaic", MosaicOptions(str(name)).parameters(), {})
            codes[code] = codes.get(code, 0) + 1
        for data in bad.values():
            code = _code(client, "diorama", {"quality": "draft"}, {"image": data})
            codes[code] = codes.get(code, 0) + 1
        figures["most_megabytes_of_a_worker"] = _most_memory(server)
        figures["lost"] += sum(codes.get(code, 0) for code in ("internal", "worker-died"))
    figures["ends"] = codes
    return figures


def _mosaic(client: BlockingClient, folder: Path) -> tuple[int, list[dict[str, str]]]:
    asked = MosaicOptions(str(folder), layouts=("colour",))
    result = client.run("mosaic", asked.parameters(), {})
    problems = [json.loads(line) for line in result.bytes("problems").decode().splitlines()]
    return result.metadata["count"], problems


def _code(
    client: BlockingClient, task: str, parameters: dict[str, object], inputs: dict[str, bytes]
) -> str:
    try:
        client.run(task, parameters, inputs)
    except ZograscopeError as error:
        if error.code in ("internal", "worker-died"):
            print(f"a bomb: {error}\n{error.details}", flush=True)
        return error.code
    return "done"


def _most_memory(server: Server) -> float:
    """Return what the workers that live have ever held, in megabytes."""
    most = 0.0
    for child in server.broker.children():
        with suppress(OSError, psutil.Error):
            status = Path(f"/proc/{child.pid}/status").read_text()
            (peak,) = [line.split()[1] for line in status.splitlines() if "VmHWM" in line]
            most = max(most, int(peak) / 1000)
    return round(most)


def _small_files_of_many_pixels() -> Iterator[tuple[str, bytes]]:
    for name, bits, colour in (("bits", 1, 0), ("palette", 8, 3), ("grey", 8, 0), ("deep", 16, 0)):
        yield f"{name}.png", _png(SIDE, bits, colour)


def _bombs() -> Iterator[tuple[str, bytes]]:
    yield "huge.png", _png(60_000, 1, 0)
    for number, tags in enumerate(
        [{258: 1 << 15}, {277: 1 << 15}, {32997: 1 << 15}, {256: 1 << 20, 257: 1 << 20}]
    ):
        yield f"absurd-{number}.tif", _tiff(tags)
    for name, options in (("plain", {}), ("progressive", {"progressive": True})):
        yield f"{name}.jpg", _jpeg_without_data(options)


def _png(side: int, bits: int, colour: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    packer = zlib.compressobj(9)
    row = bytes(1 + (side * bits + 7) // 8)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, bits, colour, 0, 0, 0)
    palette = chunk(b"PLTE", bytes(6)) if colour == 3 else b""
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + palette
    return start + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def _tiff(changed: dict[int, int]) -> bytes:
    """Return a TIFF of 8 x 8 pixels of 16 bits some of whose tags say otherwise."""
    tags = {256: 8, 257: 8, 258: 16, 259: 1, 262: 1, 273: 8, 277: 1, 278: 8, 279: 128} | changed
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, tags[tag]) for tag in sorted(tags))
    start = b"II*\0" + struct.pack("<I", 136) + bytes(128)
    return start + struct.pack("<H", len(tags)) + entries + bytes(4)


def _jpeg_without_data(options: dict[str, bool]) -> bytes:
    """Return a JPEG that announces what its few bytes do not hold."""
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(buffer, "JPEG", **options)
    data = bytearray(buffer.getvalue())
    frame = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    data[frame + 5 : frame + 9] = struct.pack(">HH", SIDE, SIDE)
    return bytes(data)


def _damaged(sound: Path, chance: random.Random, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield a picture in several formats, bitten and cut at random places."""
    picture = Image.open(sound)
    for number in range(count):
        kind = chance.choice(["PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "JPEG2000", "AVIF"])
        buffer = io.BytesIO()
        picture.save(buffer, kind)
        data = bytearray(buffer.getvalue())
        for _ in range(chance.randrange(1, 20)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        if chance.random() < 0.3:
            del data[chance.randrange(1, len(data)) :]
        ending = {"JPEG": "jpg", "TIFF": "tif", "JPEG2000": "jp2"}.get(kind, kind.lower())
        yield f"damaged-{number:04d}.{ending}", bytes(data)


def _pipes(folder: Path) -> Iterator[Path]:
    """Yield tables and manifests that never end, or never begin."""
    for name in ("zero.csv", "zero.json"):
        path = folder.parent / name
        path.unlink(missing_ok=True)
        path.symlink_to("/dev/zero")
        yield path
    path = folder.parent / "pipe.csv"
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    yield path
