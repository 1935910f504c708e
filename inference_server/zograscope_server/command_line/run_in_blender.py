"""Runs inside Blender, not in the server: hands the arguments after `--` to the extension.

    blender --background --python run_in_blender.py -- ["ZIP", ...] ANSWER diorama PHOTO ...

The first argument is a JSON list of extension zips. Where the extension is not installed, the one
that fits this Blender is, into the user resources that the environment names. The second is a file
for what the extension answers, since Blender logs to standard output as it likes.
"""

import importlib
import json
import platform
import sys
import tomllib
import zipfile
from pathlib import Path

import bpy

MODULE = "bl_ext.user_default.zograscope"
EXTENSION_MISSING = 3
MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
SYSTEMS = {"Linux": "linux", "Darwin": "macos", "Windows": "windows"}


def fits(path: str) -> bool:
    """Whether the zip is made for this Blender on this computer."""
    with zipfile.ZipFile(path) as archive:
        manifest = tomllib.loads(archive.read("blender_manifest.toml").decode())
    here = f"{SYSTEMS[platform.system()]}-{MACHINES[platform.machine().lower()]}"
    least = version(manifest["blender_version_min"])
    below = version(manifest.get("blender_version_max", "999.0.0"))
    return here in manifest.get("platforms", [here]) and least <= bpy.app.version < below


def version(text: str) -> tuple[int, ...]:
    """Turn "4.5.0" into (4, 5, 0)."""
    return tuple(int(part) for part in text.split("."))


def load_extension(zips: list[str]) -> bool:
    """Enable the extension, installing it where it is missing; say whether it is there."""
    fitting = [path for path in zips if fits(path)]
    if fitting:
        bpy.ops.extensions.package_install_files(
            filepath=fitting[-1], repo="user_default", enable_on_install=True, overwrite=True
        )
    elif MODULE not in bpy.context.preferences.addons:
        import addon_utils

        addon_utils.enable(MODULE)
    return MODULE in sys.modules


def main() -> int:
    """Find the extension and let it work."""
    zips, answer, *arguments = sys.argv[sys.argv.index("--") + 1 :]
    if not load_extension(json.loads(zips)):
        return EXTENSION_MISSING
    with Path(answer).open("w", encoding="utf-8") as file:
        importlib.import_module(f"{MODULE}.command_output").answer_to(file)
        return importlib.import_module(f"{MODULE}.command_line").run(arguments)


sys.exit(main())
