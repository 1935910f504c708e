"""What `zograscope train` is asked for becomes the task's options."""

import argparse
from pathlib import Path

import pytest
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.generative.train_command import (
    TrainCommand,
    add_train_arguments,
    parse_train,
)


def parsed(*typed: str) -> TrainCommand:
    parser = argparse.ArgumentParser()
    add_train_arguments(parser)
    return parse_train(parser.parse_args(typed))


def test_what_is_not_said_suits():
    options = parsed("maps/").options
    assert (options.name, options.collection) == ("maps", str(Path("maps").resolve()))
    assert (options.width, options.height, options.minutes, options.images) == (64, 64, None, None)
    assert options.online
    assert parsed("https://example.org/old/manifest.json").options.name == "manifest"


def test_what_is_said_is_taken():
    command = parsed(
        *("maps.csv", "--output", "out/old.safetensors", "--size", "96x64", "--grey", "--offline"),
        *("--crop", "tiles", "--minutes", "60", "--images", "200", "--rights", "ours", "--json"),
        *("--grids", "grids", "--batch", "16", "--rate", "0.001", "--channels", "32"),
        *("--loss", "relativistic", "--guess-augmentation", "--normalise", "--seed", "4"),
    )
    options = command.options
    assert (options.name, options.width, options.height) == ("old", 96, 64)
    assert (options.colours, options.crop, options.online) == ("grey", "tiles", False)
    assert (options.minutes, options.images, options.rights) == (60, 200, "ours")
    assert (options.batch, options.rate, options.channels, options.seed) == (16, 0.001, 32, 4)
    assert (options.loss, options.guess_augmentation, options.normalise) == (
        "relativistic",
        True,
        True,
    )
    assert command.json
    assert (command.output, command.grids) == (Path("out/old.safetensors"), Path("grids"))


@pytest.mark.parametrize(
    "typed",
    [("--output", "model.pth"), ("--size", "100x64"), ("--minutes", "0"), ("--grids", __file__)],
    ids=str,
)
def test_what_cannot_be_is_refused(typed):
    with pytest.raises(ZograscopeError) as caught:
        parsed("maps", *typed)
    assert caught.value.code == "bad-parameters"


def test_a_size_is_a_number_or_two():
    assert parsed("maps", "--size", "128").options.height == 128
    with pytest.raises(SystemExit):
        parsed("maps", "--size", "large")
