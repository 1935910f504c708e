"""The zip that artists get installs, switches off and on again, and leaves nothing behind."""

import json
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import bpy
import pytest

MOST_CHARACTERS = 64


def registered() -> set[str]:
    """Everything of ours that Blender knows."""
    names = {name for name in dir(bpy.types) if "ZOGRASCOPE" in name.upper()}
    names |= {f"scene: {name}" for name in dir(bpy.types.Scene) if "zograscope" in name}
    return names | {f"operator: {name}" for name in dir(bpy.ops.zograscope)}


def test_it_comes_from_the_zip(zograscope):
    assert str(Path(zograscope.__file__)).startswith(bpy.utils.user_resource("EXTENSIONS"))
    assert "operator: build_diorama" in registered()


def test_its_own_wheels_work_alone(zograscope):
    """In a fresh Python without site packages, since this one may hold a pyzmq of its own."""
    import zograscope_protocol

    site = Path(zograscope_protocol.__file__).parent.parent
    assert str(site).startswith(bpy.utils.user_resource("EXTENSIONS"))
    code = f"import sys; sys.path.insert(0, {str(site)!r}); import zmq; print(zmq.Context().closed)"
    answer = subprocess.check_output([sys.executable, "-I", "-S", "-c", code], text=True)
    assert answer == "False\n"


def test_disable_leaves_nothing_and_enable_brings_all_back(zograscope):
    import addon_utils  # is there once bpy has been imported

    before = registered()
    tick = sys.modules[zograscope.__name__ + ".server_link"]._tick
    assert bpy.app.timers.is_registered(tick)
    addon_utils.disable(zograscope.__name__)
    try:
        assert registered() == set()
        assert not bpy.app.timers.is_registered(tick)
    finally:
        addon_utils.enable(zograscope.__name__)
    assert registered() == before


@pytest.fixture(params=["4.5", "5.1"])
def manifest(request, extension_zips):
    (path,) = extension_zips.glob(f"zograscope-*-blender-{request.param}-*.zip")
    with zipfile.ZipFile(path) as archive:
        text = archive.read("blender_manifest.toml").decode()
        return tomllib.loads(text) | {"files": archive.namelist(), "variant": request.param}


def test_short_texts_are_short(manifest):
    for text in (manifest["tagline"], *manifest["permissions"].values()):
        assert 0 < len(text) <= MOST_CHARACTERS
        assert text[-1].isalnum()


def test_the_wheels_fit_the_blender(manifest):
    zmq_tag = {"4.5": "-cp311-cp311-", "5.1": "-cp312-abi3-"}[manifest["variant"]]
    wheels = manifest["wheels"]
    assert any("pyzmq" in wheel and zmq_tag in wheel for wheel in wheels)
    assert any("zograscope_protocol" in wheel for wheel in wheels)
    assert any("uv-" in wheel and "-py3-none-" in wheel for wheel in wheels)
    assert len(wheels) == 3
    assert all(wheel.removeprefix("./") in manifest["files"] for wheel in wheels)


def test_only_what_is_needed_is_packed(manifest):
    names = manifest["files"]
    assert "LICENSE" in names
    assert not [name for name in names if "numpy" in name or name.endswith((".pyc", ".egg-info"))]


def test_variants_share_no_blender(extension_zips):
    entries = json.loads((extension_zips / "index.json").read_text())["data"]
    assert len(entries) == 2
    old, new = sorted(entries, key=lambda entry: entry["blender_version_min"])
    assert old["blender_version_max"] == new["blender_version_min"]
    assert old["archive_url"] != new["archive_url"]
