"""A training beside the artist's work: its samples grow on a board, and it outlives Blender."""

import json

import bpy
import numpy as np
import pytest

from .conftest import answer, encode_png, frame, settle, stream, walked

METRICS = {"images": 4000, "minutes": 1.5, "frechet": 61.5, "diversity": 0.8, "nearest": 1.1}


@pytest.fixture
def boards(module):
    return module("generative.boards")


@pytest.fixture
def training(module):
    return module("generative.training")


@pytest.fixture
def started(settings, fake_link, asked, tmp_path):
    settings.train_collection, settings.train_name = str(tmp_path), "my maps"
    settings.train_minutes, settings.train_size = 3, (96, 64)
    assert bpy.ops.zograscope.train_model() == {"FINISHED"}, fake_link.errors
    (job,) = fake_link.jobs
    return job


def send(link, job, number: int, **changes) -> None:
    """Let the server send samples of a training."""
    job.send(number, grid=encode_png(frame(number, 32, 48)))
    job.sent[-1].metadata.update(METRICS | {"remaining": 130.0} | changes)
    settle(link, job)


def result(**changes):
    arrays = {"grid": encode_png(frame(9)), "memorised": encode_png(frame(8))}
    arrays["model"] = np.frombuffer(b"weights", np.uint8)
    return arrays, {"name": "my maps", "card": {}, "warnings": []} | changes


def test_everything_chosen_is_asked(started, asked, tmp_path):
    parameters, _ = asked["train"]
    wanted = {"collection": str(tmp_path), "name": "my maps", "minutes": 3.0, "images": None}
    wanted |= {"width": 96, "height": 64, "colours": "colour", "crop": "whole"}
    assert {name: parameters[name] for name in wanted} == wanted


def test_samples_grow_on_a_board_with_what_was_measured(started, fake_link, boards, module):
    scene, panels = bpy.context.scene, module("generative.panels")
    pictures = set()
    for number in range(3):
        send(fake_link, started, number, images=1000 * (number + 1), frechet=None)
        board = boards.find(scene, "training")
        image = board.plane.data.materials[0].node_tree.nodes["Picture"].image
        pictures.add(bytes(image.packed_file.data))
    assert len(pictures) == 3
    assert len([image for image in bpy.data.images if image.packed_file]) == 1
    known = module("generative.training").metrics(scene.zograscope_generative)
    words = panels.words_of(known)
    assert "Images shown: 3,000" in words
    assert "About 2 minutes to go" in words
    assert not [line for line in words if "Fréchet" in line]


def test_a_walk_is_dreamt_meanwhile(started, fake_link):
    assert not bpy.ops.zograscope.train_model.poll()
    assert bpy.ops.zograscope.dream_walk() == {"FINISHED"}
    started.finish("cancelled")
    settle(fake_link, started)
    stream(fake_link, 0)
    answer(fake_link, *walked(1))
    assert bpy.ops.zograscope.train_model.poll()
    assert not fake_link.errors


def test_in_the_end_the_model_is_chosen(started, fake_link, boards):
    answer(fake_link, *result(warnings=["The collection has only 80 images."]))
    scene = bpy.context.scene
    settings = scene.zograscope_generative
    assert settings.model == "my maps"
    assert settings.train_job == ""
    assert settings.warnings == "The collection has only 80 images."
    assert boards.find(scene, "memorised") is not None
    assert not fake_link.errors


def test_a_reopened_file_takes_it_up_where_it_was(started, fake_link, tmp_path):
    send(fake_link, started, 0)
    send(fake_link, started, 1)
    bpy.ops.wm.save_mainfile()
    fake_link.pending.clear()  # as a new Blender would come
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "work.blend"))
    (job,) = fake_link.jobs
    assert (job.id, job.followed) == (started.id, 2)
    answer(fake_link, *result())
    assert bpy.context.scene.zograscope_generative.model == "my maps"


def test_old_words_in_a_file_are_no_trouble(settings, fake_link):
    for words in ("[1]", "{not json", json.dumps({"a": 1})):
        settings.train_job = words
        bpy.ops.wm.save_mainfile()
        bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
        assert not fake_link.jobs
        settings = bpy.context.scene.zograscope_generative


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"train_collection": ""}, "no-collection-to-train"),
        ({"train_name": " "}, "no-name-to-train"),
        ({"train_size": (112, 80)}, ""),
        ({"train_size": (101, 64)}, "bad-parameters"),
    ],
)
def test_what_cannot_be_is_refused_in_words(settings, fake_link, tmp_path, change, code):
    settings.train_collection, settings.train_name = str(tmp_path), "maps"
    for name, value in change.items():
        setattr(settings, name, value)
    bpy.ops.zograscope.train_model()
    assert [error.code for error in fake_link.errors] == [code] * bool(code)
    assert bool(fake_link.jobs) != bool(code)
