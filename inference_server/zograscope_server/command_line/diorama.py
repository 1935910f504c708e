"""`zograscope diorama`: photographs become scenes, films and models, without a window.

Checks the options, makes sure that a server runs, and lets the extension do the work in a Blender
of its own: the same work as in the sidebar.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.commands.diorama import add_diorama_arguments, parse_diorama
from zograscope_protocol.connection import state_folder
from zograscope_protocol.errors import ZograscopeError

from zograscope_server.command_line.find_blender import CHECKOUT, find_blender

SCRIPT = Path(__file__).with_name("run_in_blender.py")
EXTENSION_VARIABLE = "ZOGRASCOPE_EXTENSION"
EXTENSION_MISSING = 3  # as run_in_blender.py exits
OWN_OPTIONS = ("--blender", "--extension")
LOOK_FOR_SERVER = 3.0
START_SERVER = 60.0


def add_parser(subparsers: Any) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser("diorama", help="photographs become scenes to fly through")
    add_diorama_arguments(parser)
    parser.add_argument("--blender", type=Path, help="a blender program, or a Python with bpy")
    parser.add_argument(
        "--extension", type=Path, metavar="ZIP|FOLDER", help="the extension, where not installed"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make the dioramas; return Blender's exit code."""
    parse_diorama(arguments)
    blender = find_blender(arguments.blender)
    zips = _extension_zips(arguments.extension)
    passed_on = _without_own_options(sys.argv[sys.argv.index("diorama") :])
    command = blender.command(SCRIPT, [json.dumps([str(path) for path in zips]), *passed_on])
    with _server(wanted=arguments.connection is None):
        code = subprocess.run(command, env=_environment(zips), check=False).returncode
    if code == EXTENSION_MISSING:
        raise ZograscopeError("extension-not-found")
    return code


def _extension_zips(named: Path | None) -> list[Path]:
    """Return the zips to choose from: what was named, or what a checkout has built.

    Raises ZograscopeError `extension-not-found` when nothing is at the place that was named.
    """
    if named is None and EXTENSION_VARIABLE in os.environ:
        named = Path(os.environ[EXTENSION_VARIABLE])
    if named is None:
        return sorted((CHECKOUT / "dist").glob("zograscope*.zip"))
    zips = sorted(named.glob("zograscope*.zip")) if named.is_dir() else [named]
    if not zips or not zips[0].is_file():
        raise ZograscopeError("extension-not-found", str(named))
    return [path.resolve() for path in zips]


def _environment(zips: list[Path]) -> dict[str, str]:
    """Give an extension that comes as a zip user resources of its own, not the artist's."""
    if not zips:
        return dict(os.environ)
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in zips)).hexdigest()[:16]
    resources = state_folder() / "blender" / digest
    resources.mkdir(parents=True, exist_ok=True)
    return os.environ | {"BLENDER_USER_RESOURCES": str(resources)}


def _without_own_options(arguments: list[str]) -> list[str]:
    """Return the arguments that the extension understands too."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for option in OWN_OPTIONS:
        parser.add_argument(option)
    return parser.parse_known_args(arguments)[1]


@contextmanager
def _server(*, wanted: bool) -> Iterator[None]:
    """Use the server that runs, or start one for as long as this command takes."""
    if not wanted or _server_answers():
        yield
        return
    print("Starting a server for this job", file=sys.stderr, flush=True)
    log = state_folder() / "server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "zograscope_server.command_line", "serve"],
            stdout=subprocess.PIPE,
            stderr=output,
        )
    try:
        assert server.stdout is not None
        if not server.stdout.readline():
            last_words = log.read_text(errors="replace").splitlines()[-5:]
            raise ZograscopeError("server-not-running", "\n".join(last_words))
        yield
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(START_SERVER)


def _server_answers() -> bool:
    try:
        with BlockingClient(timeout=LOOK_FOR_SERVER):
            return True
    except ZograscopeError:
        return False
