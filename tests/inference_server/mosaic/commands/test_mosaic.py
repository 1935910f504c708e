"""The command `mosaic`: who makes what."""

import argparse
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from zograscope_server.mosaic.commands import mosaic


@pytest.mark.parametrize("wanted", ["--output", "--still", "--render"])
def test_one_client_takes_the_layout_where_a_scene_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    """A layout that this command had fetched could be dropped before Blender asked for it."""
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    asked: list[tuple[Any, ...]] = []

    def run_in_blender(*given: Any) -> int:
        asked.append(given)
        return 7

    monkeypatch.setattr(mosaic, "running_server", lambda **asked: nullcontext())
    monkeypatch.setattr(mosaic, "run_in_blender", run_in_blender)
    monkeypatch.setattr(mosaic, "BlockingClient", lambda *given, **more: pytest.fail("a client"))
    parser = argparse.ArgumentParser()
    mosaic.add_parser(parser.add_subparsers())
    made = tmp_path / ("m.png" if wanted == "--still" else "m.blend")
    made = tmp_path / "frames" if wanted == "--render" else made
    poster = ("--image", str(tmp_path / "p.png"), "--image-width", "12000")
    arguments = parser.parse_args(["mosaic", str(tmp_path), wanted, str(made), *poster])
    assert mosaic.run(arguments) == 7
    assert asked == [(arguments,)]
