"""The flat pictures of a mosaic, which need no Blender: a poster and a web page."""

import json
import sys
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from zograscope_protocol.blocking import BlockingClient, OnProgress
from zograscope_protocol.client import JobResult
from zograscope_protocol.commands.mosaic import MosaicCommand
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.requests import page_request, poster_request
from zograscope_protocol.wire import byte_view

ShowProgress = Callable[[str], AbstractContextManager[OnProgress]]
MOST_TOLD = 10


def write_pictures(
    command: MosaicCommand, client: BlockingClient, result: JobResult, show: ShowProgress
) -> dict[str, str]:
    """Make the poster and the page that a command asks for; return what was made and where.

    Raises ZograscopeError `output-exists` where something cannot be written.
    """
    made = {}
    tiles = tiles_of(result)
    if command.image is not None:
        path = command.image.resolve()
        request = poster_request(result.arrays, tiles, command.picture(), path.suffix.lower())
        with show(path.name) as on_progress:
            poster = client.run(request.task, request.parameters, request.inputs, on_progress)
        write_file(path, poster.arrays["file"])
        made["image"] = str(path)
    if command.html is not None:
        folder = command.html.resolve()
        clusters = result.metadata["clusters"]
        request = page_request(result.arrays, tiles, command.picture(), command.name, clusters)
        with show(folder.name) as on_progress:
            page = client.run(request.task, request.parameters, request.inputs, on_progress)
        unpack(page.arrays["file"], folder)
        made["html"] = str(folder / "index.html")
    return made


def tiles_of(result: JobResult) -> list[dict[str, Any]]:
    """Return what is known of each tile."""
    return _json_lines(result, "tiles")


def describe_left_out(result: JobResult) -> None:
    """Tell what of the collection could not be taken in."""
    problems = _json_lines(result, "problems")
    for problem in problems[:MOST_TOLD]:
        print(f"Left out {problem['name']}: {problem['sentence']}", file=sys.stderr)
    if len(problems) > MOST_TOLD:
        more = len(problems) - MOST_TOLD
        print(f"Left out {more} more; a scene lists them in a text.", file=sys.stderr)


def _json_lines(result: JobResult, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.bytes(name).decode().splitlines()]


def write_file(path: Path, data: np.ndarray) -> None:
    """Write a result's file so that it is whole or not there."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(byte_view(data))
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ZograscopeError("output-exists", str(error), path=str(path)) from error


def unpack(data: np.ndarray, folder: Path) -> None:
    """Unpack a zip that the server made into a folder; nothing goes outside of it."""
    archive_path = folder.with_name(f".{folder.name}.zip")
    write_file(archive_path, data)
    try:
        with zipfile.ZipFile(archive_path) as archive:
            for name in archive.namelist():
                target = (folder / name).resolve()
                if not target.is_relative_to(folder.resolve()):
                    raise ZograscopeError("internal", f"{name!r} leads out of the page's folder")
            archive.extractall(folder)
    except OSError as error:
        raise ZograscopeError("output-exists", str(error), path=str(folder)) from error
    finally:
        archive_path.unlink(missing_ok=True)
