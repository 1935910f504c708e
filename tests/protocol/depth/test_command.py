"""What `zograscope diorama` takes for two eyes."""

import argparse

import pytest
from zograscope_protocol.depth.command import add_diorama_arguments, parse_diorama
from zograscope_protocol.errors import ZograscopeError


@pytest.fixture
def parse(tmp_path):
    """parse(options) -> the command for a photograph."""
    photograph = tmp_path / "street.jpg"
    photograph.write_bytes(b"")

    def parse(*options: str):
        parser = argparse.ArgumentParser()
        add_diorama_arguments(parser)
        typed = [str(photograph), "--output", str(tmp_path / "scene.blend"), *options]
        return parse_diorama(parser.parse_args(typed))

    return parse


def test_one_eye_unless_two_are_asked_for(parse):
    assert parse().eyes is None
    command = parse("--eyes", "card", "--rest-eye", "centre")
    assert (command.eyes, command.rest_eye) == ("card", "centre")


@pytest.mark.parametrize("rendered", ["--render", "--contact-sheet"])
def test_what_is_lit_is_rendered_with_lamps(parse, rendered):
    parse("--lit")
    picture = ("--lit", rendered, "lit.png" if rendered == "--contact-sheet" else "lit.mp4")
    assert parse(*picture, "--engine", "eevee").lit
    with pytest.raises(ZograscopeError, match="--engine eevee or cycles"):
        parse(*picture)


def test_vr180_needs_cycles(parse):
    assert parse("--eyes", "vr180", "--engine", "cycles").eyes == "vr180"
    with pytest.raises(ZograscopeError, match="--engine cycles"):
        parse("--eyes", "vr180")
