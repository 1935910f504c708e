"""Writes what a release consists of: a CycloneDX bill of materials, and the sums of its files.

    python tools/bill_of_materials.py --folder dist

`zograscope-VERSION.cdx.json` names what is in the zips and what Install Server adds to it, each
with the sums that the locked lists hold; `SHA256SUMS` is checked by `sha256sum --check`.
"""

import argparse
import hashlib
import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

from lock_requirements import LISTS, REPOSITORY, entries

SUMS = "SHA256SUMS"
RELEASED = ("*.zip", "*.json", "*.html", "*.whl")
PINNED = re.compile(r"(?P<name>[\w.-]+)==(?P<version>[\w.+!]+)(?: ; (?P<marker>[^\\\n]+))?")
SHA256 = re.compile(r"sha256:([0-9a-f]{64})")
OURS = {"zograscope_server": "Apache-2.0", "zograscope_protocol": "Apache-2.0"}


def main() -> int:
    """Write both files into the folder of a release, and name them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--folder", type=Path, default=REPOSITORY / "dist")
    folder = parser.parse_args().folder.resolve()
    version = (REPOSITORY / "VERSION").read_text("utf-8").strip()
    bill = folder / f"zograscope-{version}.cdx.json"
    bill.write_text(json.dumps(bill_of(folder, version), indent=2) + "\n", encoding="utf-8")
    print(bill, write_sums(folder), sep="\n")
    return 0


def bill_of(folder: Path, version: str) -> dict[str, Any]:
    """Return the bill of the zips in a folder, sorted so that the same release gives the same."""
    known = {part["bom-ref"]: part for part in (*bundled(folder), *locked())}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "zograscope",
                "name": "zograscope",
                "version": version,
                "licenses": [{"license": {"id": "GPL-3.0-or-later"}}],
            }
        },
        "components": [known[reference] for reference in sorted(known)],
        "dependencies": [{"ref": "zograscope", "dependsOn": sorted(known)}],
    }


def bundled(folder: Path) -> list[dict[str, Any]]:
    """Return the wheels that the zips of a folder bring along."""
    sums: dict[tuple[str, str], set[str]] = {}
    for path in sorted(folder.glob("zograscope-*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".whl"):
                    package = tuple(Path(name).name.split("-")[:2])
                    digest = hashlib.sha256(archive.read(name)).hexdigest()
                    sums.setdefault(package, set()).add(digest)
    return [component(name, version, sums[name, version], "in the zip") for name, version in sums]


def locked() -> list[dict[str, Any]]:
    """Return what Install Server downloads, of the locked lists."""
    parts = []
    for path in sorted(LISTS.glob("*.txt")):
        for entry in entries(path.read_text("utf-8")):
            pinned = PINNED.match(entry)
            if pinned is None:
                sys.exit(f"{path.name} has an entry without a version: {entry.splitlines()[0]}")
            where = f"downloaded by Install Server{_where(pinned['marker'])}"
            sums = set(SHA256.findall(entry))
            parts.append(component(pinned["name"], pinned["version"], sums, where))
    return parts


def _where(marker: str | None) -> str:
    return f", where {marker.strip()}" if marker else ""


def component(name: str, version: str, sums: set[str], where: str) -> dict[str, Any]:
    """Return a package as CycloneDX has it. Its files are several, for several systems."""
    address = f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": address,
        "name": name,
        "version": version,
        "purl": address,
        "properties": [{"name": "zograscope:where", "value": where}],
    }
    if len(sums) == 1:
        found["hashes"] = [{"alg": "SHA-256", "content": next(iter(sums))}]
    else:
        found["components"] = [
            {
                "type": "file",
                "name": f"{name}-{version}",
                "hashes": [{"alg": "SHA-256", "content": digest}],
            }
            for digest in sorted(sums)
        ]
    if name in OURS:
        found["licenses"] = [{"license": {"id": OURS[name]}}]
    return found


def write_sums(folder: Path) -> Path:
    """Write the sums of the released files, as `sha256sum` does; return the path."""
    files = sorted({path for pattern in RELEASED for path in folder.glob(pattern)})
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")
    return folder / SUMS


if __name__ == "__main__":
    sys.exit(main())
