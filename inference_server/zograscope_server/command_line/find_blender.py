"""Finds a Blender to build scenes with: a program, or a Python that has the `bpy` module."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from zograscope_server.errors import ServerError

VARIABLE = "ZOGRASCOPE_BLENDER"
# A checkout of the project keeps its Pythons with bpy beside the server's.
CHECKOUT = Path(__file__).resolve().parents[3]
CHECKOUT_PYTHONS = (".venv-blender-5.2/bin/python", ".venv-blender-4.5/bin/python")


@dataclass(frozen=True)
class Blender:
    """A way to run a script inside Blender."""

    path: Path
    is_python: bool

    def command(self, script: Path, arguments: list[str]) -> list[str]:
        """Return the command line that runs the script with these arguments."""
        if self.is_python:
            return [str(self.path), str(script), "--", *arguments]
        options = ["--background", "--python-exit-code", "1", "--python", str(script)]
        return [str(self.path), *options, "--", *arguments]

    def __str__(self) -> str:
        return f"{self.path}{' (bpy)' if self.is_python else ''}"


def find_blender(wanted: Path | None = None) -> Blender:
    """Return the Blender that was asked for, or the first that is found.

    Looks at `wanted`, at $ZOGRASCOPE_BLENDER, for `blender` on the path, and for bpy in this Python
    and in those of a checkout.

    Raises ZograscopeError `blender-not-found`.
    """
    if wanted is None and VARIABLE in os.environ:
        wanted = Path(os.environ[VARIABLE])
    if wanted is not None:
        if not wanted.is_file() or not os.access(wanted, os.X_OK):
            raise ServerError("blender-not-found", str(wanted))
        return Blender(wanted, is_python=_has_bpy(wanted))
    if program := shutil.which("blender"):
        return Blender(Path(program), is_python=False)
    for python in (Path(sys.executable), *(CHECKOUT / name for name in CHECKOUT_PYTHONS)):
        if python.is_file() and _has_bpy(python):
            return Blender(python, is_python=True)
    raise ServerError("blender-not-found")


def _has_bpy(program: Path) -> bool:
    """Whether this is a Python that could import bpy (it is not imported: that takes a second)."""
    if not program.name.startswith("python"):
        return False
    look = "import importlib.util, sys; sys.exit(importlib.util.find_spec('bpy') is None)"
    return subprocess.run([program, "-c", look], check=False).returncode == 0
