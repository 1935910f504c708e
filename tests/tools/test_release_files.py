"""What a release uploads beside the zips: a bill of materials and sums; and its locked lists."""

import hashlib
import json
import shutil
import subprocess
import sys

import pytest


def run(repository, script: str, *arguments: object) -> str:
    command = [sys.executable, repository / "tools" / script, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def release(repository, extension_zips, tmp_path_factory):
    """A folder as `make extension` leaves it, with zips for this platform alone."""
    folder = tmp_path_factory.mktemp("dist")
    for path in extension_zips.iterdir():
        shutil.copy(path, folder)
    run(repository, "bill_of_materials.py", "--folder", folder)
    return folder


def test_every_file_has_its_sum(release):
    lines = (release / "SHA256SUMS").read_text().splitlines()
    told = dict(reversed(line.split("  ")) for line in lines)
    assert {path.name for path in release.iterdir()} == {*told, "SHA256SUMS"}
    for name, digest in told.items():
        assert hashlib.sha256((release / name).read_bytes()).hexdigest() == digest


def test_the_bill_names_all_that_is_brought_and_fetched(release):
    (path,) = release.glob("*.cdx.json")
    bill = json.loads(path.read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    names = {part["name"] for part in bill["components"]}
    assert {"uv", "pyzmq", "zograscope_server", "pyvips", "torch", "transformers"} <= names
    for part in bill["components"]:
        assert part["purl"].endswith(f"@{part['version']}")
        assert part.get("hashes") or part["components"]
    assert len({part["bom-ref"] for part in bill["components"]}) == len(bill["components"])


def test_the_lists_hold_all_that_the_server_asks_for(repository):
    run(repository, "lock_requirements.py", "--check")
