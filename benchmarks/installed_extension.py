"""The extension as artists have it: built, installed and enabled, in folders of its own.

Import this before bpy, which looks for its folders as it is imported.
"""

import atexit
import functools
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType

REPOSITORY = Path(__file__).resolve().parent.parent
BLENDER_PYTHON = REPOSITORY / ".venv-blender-5.2" / "bin" / "python"
PACKAGE = "bl_ext.user_default.zograscope"

_USER_FOLDER = tempfile.mkdtemp(prefix="zograscope-blender-")
os.environ["BLENDER_USER_RESOURCES"] = _USER_FOLDER
atexit.register(shutil.rmtree, _USER_FOLDER, ignore_errors=True)


def built_zips(python: Path = BLENDER_PYTHON) -> Path:
    """Return a folder with the zips for this platform; they are built by a Python with bpy."""
    command = [python, REPOSITORY / "tools" / "build_extension.py", "--if-changed"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        sys.exit(finished.stdout + finished.stderr)
    return Path(finished.stdout.splitlines()[-1])


@functools.cache
def extension_module(name: str = "") -> ModuleType:
    """Import a module of the extension, such as `depth.builders`; installs it the first time."""
    if name:
        return importlib.import_module(f"{extension_module().__name__}.{name}")
    import bpy

    variant = "blender-4.5" if bpy.app.version < (5, 1, 0) else "blender-5.1"
    (path,) = built_zips(Path(sys.executable)).glob(f"zograscope-*-{variant}-*.zip")
    bpy.ops.extensions.package_install_files(
        filepath=str(path), repo="user_default", enable_on_install=True
    )
    return importlib.import_module(PACKAGE)
