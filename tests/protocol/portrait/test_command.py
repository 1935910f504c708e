"""The options of `zograscope portrait` become those of its task, or are refused in words."""

import argparse

import pytest
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.portrait.command import add_portrait_arguments, parse_portrait
from zograscope_protocol.portrait.tasks import REGIONS, PortraitOptions


@pytest.fixture
def parse(tmp_path):
    for name in ("girl.jpg", "actor.mp4", "hand.csv"):
        (tmp_path / name).write_bytes(name.encode())

    def parse(*options, output="frames", driver="actor.mp4"):
        parser = argparse.ArgumentParser()
        add_portrait_arguments(parser)
        places = [str(tmp_path / name) for name in ("girl.jpg", driver)]
        output = str(tmp_path / output)
        return parse_portrait(parser.parse_args([*places, "--output", output, *options]))

    return parse


def test_without_options_the_task_has_its_defaults(parse):
    command = parse()
    assert command.options == PortraitOptions(file_name="girl.jpg", driver_name="actor.mp4")
    assert not command.needs_blender
    assert not command.is_film
    submission = command.submission()
    assert submission.task == "portrait"
    assert {name: bytes(data) for name, data in submission.inputs.items()} == {
        "image": b"girl.jpg",
        "driver": b"actor.mp4",
    }


def test_every_option_of_the_task_can_be_given(parse):
    command = parse(
        *("--model", "fomm", "--face", "1", "--driver-face", "2", "--handle", "chin,12.5,40"),
        *("--handle", "eye_left,3,4", "--regions", "eyes, mouth", "--strength", "0.5"),
        *("--strength-eyes", "2", "--neutral-frame", "7", "--start", "0.5", "--end", "2"),
        *("--rate", "24", "--mouth", "own", "--motion", "absolute", "--no-stitching"),
        *("--onto-diorama", "--credit", "Made by us", "--json"),
        output="scene.blend",
    )
    assert command.options == PortraitOptions(
        file_name="girl.jpg",
        driver_name="actor.mp4",
        model="fomm",
        face=1,
        driver_face=2,
        handles=(("chin", 12.5, 40.0), ("eye_left", 3.0, 4.0)),
        regions=("eyes", "mouth"),
        strength_pose=0.5,
        strength_eyes=2.0,
        strength_brows=0.5,
        strength_mouth=0.5,
        neutral_frame=7,
        start=0.5,
        end=2.0,
        rate=24.0,
        mouth="own",
        motion="absolute",
        stitching=False,
        relief=True,
        credit="Made by us",
    )
    assert command.needs_blender
    assert command.onto_diorama
    assert command.json


@pytest.mark.parametrize(
    ("options", "output", "driver", "words"),
    [
        ((), "film.avi", "actor.mp4", "neither a folder, a film"),
        ((), "girl", "nobody.mp4", "There is no file"),
        ((), "girl", "", "is a folder"),
        (("--onto-diorama",), "film.mp4", "actor.mp4", r"must end with \.blend"),
        (("--curves", "c.txt"), "frames", "actor.mp4", r"does not end with \.json or \.csv"),
        (("--contact-sheet", "c.jpg"), "frames", "actor.mp4", r"does not end with \.png"),
        (("--regions", "ears"), "frames", "actor.mp4", "the regions are ears"),
        (("--strength", "9"), "frames", "actor.mp4", "must be from 0 to 3"),
        (("--start", "2", "--end", "1"), "frames", "actor.mp4", "must come after the start"),
        (("--handle", "nose,1,2"), "frames", "actor.mp4", "is no point of a face"),
        (("--rate", "25"), "frames", "hand.csv", "times of their own"),
        ((), "scene.blend", "hand.csv", "wants a video"),
    ],
)
def test_what_cannot_be_is_refused_in_words(parse, options, output, driver, words):
    with pytest.raises(ZograscopeError, match=words):
        parse(*options, output=output, driver=driver)


def test_a_file_is_no_folder_of_frames(parse, tmp_path):
    (tmp_path / "frames").touch()
    with pytest.raises(ZograscopeError, match="must be a folder"):
        parse()


@pytest.mark.parametrize("text", ["chin", "chin,1", "chin,1,2,3", "chin,a,b"])
def test_a_handle_that_is_none_is_refused(parse, capsys, text):
    with pytest.raises(SystemExit):
        parse("--handle", text)
    assert "is not a point such as chin,120,340" in capsys.readouterr().err


@pytest.mark.parametrize("region", REGIONS)
def test_each_region_has_a_strength_of_its_own(parse, region):
    options = parse(f"--strength-{region}", "1.5").options
    strengths = {name: getattr(options, f"strength_{name}") for name in REGIONS}
    assert strengths == {name: 1.5 if name == region else 1.0 for name in REGIONS}
