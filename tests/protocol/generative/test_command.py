"""What is typed becomes options, and what cannot be is refused before anything is asked."""

import argparse

import numpy as np
import pytest
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.generative.command import (
    add_project_arguments,
    add_samples_arguments,
    add_walk_arguments,
    parse_project,
    parse_samples,
    parse_walk,
    read_latent,
)


def typed(add, parse, *words):
    parser = argparse.ArgumentParser()
    add(parser)
    return parse(parser.parse_args([str(word) for word in words]))


def walk(*words):
    return typed(add_walk_arguments, parse_walk, *words)


def test_a_walk_needs_nothing_but_a_place():
    command = walk("--output", "out")
    options = command.options
    assert (options.model, options.path, options.loop, options.even) == (
        "default",
        "smooth",
        True,
        True,
    )
    assert (options.first, options.last, options.frames, options.keyframes) == (0, None, None, ())
    assert not (command.needs_blender or command.is_film)
    assert command.submission().task == "walk"


def test_all_that_can_be_typed(tmp_path):
    latent, sound = tmp_path / "map.npz", tmp_path / "music.flac"
    np.savez(latent, latent=np.ones((1, 4), np.float32))
    sound.write_bytes(b"music")
    command = walk(
        *("maps", "--output", "film.mp4", "--path", "spherical", "--keyframes", f"3, 17,{latent}"),
        *("--seed", 5, "--frames", 48, "--range", "6-11", "--rate", 30, "--no-loop", "--uneven"),
        *("--truncation", 0.7, "--direction", "0:1.5", "--direction", "12:-2", "--mix", 8),
        *("--mix-from", 16, "--audio", sound, "--audio-strength", 2, "--credit", "Museum"),
        *("--show", "world"),
    )
    options = command.options
    assert options.keyframes == ("3", "17", str(latent))
    assert (options.first, options.last, options.frames, options.rate) == (6, 11, 48, 30)
    assert (options.loop, options.even, options.path) == (False, False, "spherical")
    assert options.directions == ((0, 1.5), (12, -2.0))
    assert (options.mix_seed, options.mix_from, options.truncation) == (8, 16, 0.7)
    assert (options.audio_name, options.audio_strength) == ("music.flac", 2.0)
    assert (options.credit, options.seed, command.show) == ("Museum", 5, "world")
    assert command.is_film
    inputs = command.submission().inputs
    assert set(inputs) == {str(latent), "audio"}
    np.testing.assert_array_equal(inputs[str(latent)], np.ones((1, 4)))
    assert walk("--output", "s.blend", "--range", "7").options.last == 7


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--output", "walk.avi"), "neither a folder, a film"),
        (("--output", "o", "--keyframes", "3,mill"), "'mill' is neither a seed"),
        (("--output", "o", "--keyframes", "3,gone.npz"), "no file"),
        (("--output", "o", "--keyframes", "3"), "2 to 1000 keyframes"),
        (("--output", "o", "--range", "9-3"), "comes before"),
        (("--output", "o", "--audio", "gone.wav"), "no file"),
        (("--output", "o", "--direction", "600:1"), "is no direction"),
    ],
)
def test_what_cannot_be_walked(words, said):
    with pytest.raises(ZograscopeError) as caught:
        walk(*words)
    assert said in caught.value.sentence


@pytest.mark.parametrize("words", [("--direction", "up"), ("--range", "all")])
def test_what_is_misspelt_ends_the_program(words, capsys):
    with pytest.raises(SystemExit):
        walk("--output", "o", *words)
    assert words[1] in capsys.readouterr().err


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "out").write_text("mine")
    for add, parse in ((add_walk_arguments, parse_walk), (add_samples_arguments, parse_samples)):
        with pytest.raises(ZograscopeError) as caught:
            typed(add, parse, "--output", tmp_path / "out")
        assert "must be a folder" in caught.value.sentence


def test_samples(tmp_path):
    command = typed(
        *(add_samples_arguments, parse_samples, "maps", "--output", tmp_path, "--seeds", "4,9"),
        *("--columns", 2, "--originals", "--mix", 3),
    )
    options = command.options
    assert (options.seeds, options.columns, options.originals) == (("4", "9"), 2, True)
    assert (options.mix_seed, command.is_folder) == (3, True)
    with pytest.raises(ZograscopeError) as caught:
        typed(add_samples_arguments, parse_samples, "--output", "grid.jpg")
    assert ".png" in caught.value.sentence


def test_a_projection(tmp_path):
    picture = tmp_path / "map.jpg"
    picture.write_bytes(b"a picture")
    words = ("maps", picture, "--output", tmp_path / "map.npz", "--steps", 9)
    command = typed(add_project_arguments, parse_project, *words)
    assert (command.options.file_name, command.options.steps) == ("map.jpg", 9)
    assert command.submission().inputs["image"].tobytes() == b"a picture"
    for wrong in (("--output", "map.png"), ("--picture", "map.jpg")):
        with pytest.raises(ZograscopeError) as caught:
            typed(add_project_arguments, parse_project, *words, *wrong)
        assert caught.value.code == "bad-parameters"


class Trap:
    def __reduce__(self):
        return (exec, ("raise SystemExit('code of the file was run')",))


@pytest.mark.parametrize("content", ["text", "other", "pickled", "empty"])
def test_what_holds_no_latent(tmp_path, content):
    path = tmp_path / "map.npz"
    if content == "text":
        path.write_text("no latent")
    elif content == "other":
        np.savez(path, other=np.zeros(3))
    elif content == "pickled":
        np.savez(path, latent=np.array([Trap()], object))
    else:
        path.write_bytes(b"")
    with pytest.raises(ZograscopeError) as caught:
        read_latent(path)
    assert "holds no latent" in caught.value.sentence
