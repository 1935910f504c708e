"""`zograscope doctor`: is everything here that the server needs? Answers in sentences."""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from zograscope_protocol.connection import client_keys
from zograscope_protocol.errors import ZograscopeError

from zograscope_server.command_line.server_options import add_state_option, connect
from zograscope_server.errors import ServerError

OLDEST_PYTHON = (3, 11)
ROOM_WANTED = 2_000_000_000
TIMEOUT = 3.0


def add_parser(subparsers: Any) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser("doctor", help="check that everything is in order")
    add_state_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print one line for each check; return 1 when something needs care."""
    checks: list[Callable[[], Iterator[str]]] = [
        _python,
        _torch,
        lambda: _faces(arguments.state / "models"),
        lambda: _state(arguments.state),
        lambda: _keys(arguments.state),
        _blender,
        lambda: _server(arguments),
    ]
    healthy = True
    for check in checks:
        try:
            for sentence in check():
                print(f"  ok  {sentence}")
        except ZograscopeError as error:
            healthy = False
            print(f"care  {error.sentence}")
    return 0 if healthy else 1


def _python() -> Iterator[str]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        raise ServerError("python-too-old", version=version)
    yield f"Python {version} runs the server."


def _torch() -> Iterator[str]:
    try:
        import torch
    except ImportError as error:
        raise ServerError("torch-missing", details=str(error)) from error
    yield f"torch {torch.__version__} is installed."
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            yield f"cuda:{index} is {torch.cuda.get_device_name(index)}."
    elif torch.backends.mps.is_available():
        yield "mps, this Mac's graphics processor, is there to compute on."
    else:
        yield f"No graphics processor: models run on the processor, {os.cpu_count()} threads."


def _faces(models_folder: Path) -> Iterator[str]:
    from zograscope_server.faces.loading import check_library, check_silence
    from zograscope_server.models.catalogue import is_installed, set_up_models

    check_library()
    check_silence()
    for model in set_up_models():
        if not is_installed(model, models_folder):
            raise ServerError("set-up-models-missing", name=model.name)
    yield "Faces can be found in pictures and videos."


def _state(folder: Path) -> Iterator[str]:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ServerError("folder-not-writable", details=str(error), folder=str(folder)) from error
    free = shutil.disk_usage(folder).free
    if free < ROOM_WANTED:
        raise ServerError("disk-nearly-full", folder=str(folder), free=f"{free / 1e9:.1f} GB")
    yield f"{folder} can be written and has {free / 1e9:.0f} GB free."


def _keys(folder: Path) -> Iterator[str]:
    public_key, _ = client_keys(folder)
    yield f"This user's public key is {public_key}"
    allowed = folder / "allowed_keys"
    names = sorted(path.name for path in allowed.iterdir()) if allowed.is_dir() else []
    yield f"Others who may work on this server: {', '.join(names) or 'nobody'}."


def _blender() -> Iterator[str]:
    from zograscope_server.command_line.find_blender import find_blender

    yield f"Blender was found: {find_blender()}."


def _server(arguments: argparse.Namespace) -> Iterator[str]:
    try:
        with connect(arguments, TIMEOUT) as client:
            status = client.status()
    except ZograscopeError as error:
        if error.code not in ("server-not-running", "server-unreachable", "server-lost"):
            raise
        yield "No server runs; `zograscope serve` starts one."
    else:
        yield f"{status['server']} answers."
