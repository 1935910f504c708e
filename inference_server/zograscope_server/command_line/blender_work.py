"""Lets the extension do its part of a command in a Blender without a window."""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from zograscope_protocol.connection import state_folder

from zograscope_server.command_line.find_blender import CHECKOUT, find_blender
from zograscope_server.errors import ServerError

SCRIPT = Path(__file__).with_name("run_in_blender.py")
EXTENSION_VARIABLE = "ZOGRASCOPE_EXTENSION"
EXTENSION_MISSING = 3  # as run_in_blender.py exits
STANDARD_ERROR = 2  # where Blender's own log goes, since it is no answer
OWN_OPTIONS = ("--blender", "--extension")


def add_blender_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where Blender and the extension are."""
    parser.add_argument("--blender", type=Path, help="a blender program, or a Python with bpy")
    parser.add_argument(
        "--extension", type=Path, metavar="ZIP|FOLDER", help="the extension, where not installed"
    )


def run_in_blender(arguments: argparse.Namespace, *more: str) -> int:
    """Run the same command of the extension; return Blender's exit code.

    What the extension prints is printed, and nothing else: Blender's log goes to standard error.

    Args:
        arguments: of the command, with `typed` (its name and options as they were typed), `blender`
            and `extension`.
        more: options to add.

    Raises:
        ZograscopeError: `blender-not-found`, `extension-not-found`.
    """
    blender = find_blender(arguments.blender)
    zips = _extension_zips(arguments.extension)
    passed_on = [*_without_own_options(arguments.typed), *more]
    with tempfile.TemporaryDirectory(prefix="zograscope-") as folder:
        answer = Path(folder) / "answer"
        before = [json.dumps([str(path) for path in zips]), str(answer)]
        command = blender.command(SCRIPT, [*before, *passed_on])
        finished = subprocess.run(
            command, env=_environment(zips), stdout=STANDARD_ERROR, check=False
        )
        if answer.is_file():
            sys.stdout.write(answer.read_text("utf-8"))
            sys.stdout.flush()
    code = finished.returncode
    if code == EXTENSION_MISSING:
        raise ServerError("extension-not-found")
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
        raise ServerError("extension-not-found", str(named))
    return [path.resolve() for path in zips]


def _environment(zips: list[Path]) -> dict[str, str]:
    """Give an extension that comes as a zip user resources of its own, not the artist's."""
    if not zips:
        return dict(os.environ)
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in zips)).hexdigest()[:16]
    resources = state_folder() / "blender" / digest
    resources.mkdir(parents=True, exist_ok=True)
    return os.environ | {"BLENDER_USER_RESOURCES": str(resources)}


def _without_own_options(typed: list[str]) -> list[str]:
    """Return the arguments that the extension understands too."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for option in OWN_OPTIONS:
        parser.add_argument(option)
    return parser.parse_known_args(typed)[1]
