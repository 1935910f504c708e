"""Keeps the version in one place: the file VERSION, of which other files hold copies.

    python tools/release.py --check    # every copy says what VERSION says
    python tools/release.py 0.2.0      # writes VERSION and every copy

Each house can be installed alone, so each needs its own copy. docs/releasing.md says what else
belongs to a release.
"""

import argparse
import re
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SOURCE = REPOSITORY / "VERSION"

# What both packaging tools and Blender take for a version.
VERSION = re.compile(r"\d+\.\d+\.\d+")

# (file, text around the version)
COPIES = (
    ("protocol/pyproject.toml", '\nversion = "{}"\n'),
    ("inference_server/pyproject.toml", '\nversion = "{}"\n'),
    ("inference_server/pyproject.toml", '"zograscope_protocol=={}"'),
    ("blender_addon/blender_manifest.toml", '\nversion = "{}"\n'),
)


def main() -> int:
    """Check or write; return 1 where a copy is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true", help="change nothing")
    what.add_argument("version", nargs="?", help="the new version, such as 0.2.0")
    arguments = parser.parse_args()
    if arguments.check:
        return check(SOURCE.read_text("utf-8").strip())
    if not VERSION.fullmatch(arguments.version):
        sys.exit(f"{arguments.version!r} is not a version: write three numbers, such as 0.2.0.")
    write(arguments.version)
    return 0


def check(version: str) -> int:
    """Name the copies that do not say the version; return 1 where there are any."""
    wrong = [name for name, around in COPIES if around.format(version) not in read(name)]
    for name in wrong:
        print(f"{name} does not say {version}, as VERSION does: python tools/release.py {version}")
    return int(bool(wrong))


def write(version: str) -> None:
    """Write the version everywhere. Raises SystemExit where a file has no place for it."""
    for name, around in COPIES:
        before, after = map(re.escape, around.split("{}"))
        pattern = f"(?<={before}){VERSION.pattern}(?={after})"
        text, count = re.subn(pattern, version, read(name))
        if count != 1:
            sys.exit(f"{name} has {count} places for the version and should have one.")
        (REPOSITORY / name).write_text(text, encoding="utf-8")
    SOURCE.write_text(f"{version}\n", encoding="utf-8")


def read(name: str) -> str:
    return (REPOSITORY / name).read_text("utf-8")


if __name__ == "__main__":
    sys.exit(main())
