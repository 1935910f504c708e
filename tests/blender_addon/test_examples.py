"""A first try needs no file: the examples come along, and go the way of all others."""

import importlib
import json
from pathlib import Path

import bpy
import pytest

from .test_nothing_is_lost import finish, quick_moves, roots  # noqa: F401

MOST_PHOTOGRAPH, MOST_COLLECTION = 250_000, 1_000_000  # bytes


@pytest.fixture
def examples(zograscope):
    return importlib.import_module(zograscope.__name__ + ".examples")


@pytest.fixture
def asked(fake_link, monkeypatch) -> list:
    """What the server is asked."""
    submissions, submit = [], fake_link.submit
    monkeypatch.setattr(
        fake_link,
        "submit",
        lambda submission, *rest: submissions.append(submission) or submit(submission, *rest),
    )
    return submissions


def test_they_are_small_and_credited(examples):
    pictures = sorted(examples.COLLECTION.rglob("*.jpg"))
    known = (examples.COLLECTION / "metadata.csv").read_text("utf-8").splitlines()
    assert len(pictures) == len(known) - 1 == 144
    assert examples.PHOTOGRAPH.stat().st_size <= MOST_PHOTOGRAPH
    assert sum(path.stat().st_size for path in pictures) <= MOST_COLLECTION
    credits = (examples.PHOTOGRAPH.parent / "CREDITS.txt").read_text("utf-8")
    for example in (examples.PHOTOGRAPH, examples.COLLECTION):
        assert example.name in credits.splitlines()
    assert "danielbuechele" in credits


def test_the_photograph_becomes_a_diorama_that_names_its_photographer(scene, asked, fake_link):
    assert bpy.ops.zograscope.example_photograph() == {"FINISHED"}
    path = Path(bpy.path.abspath(scene.zograscope_depth.photograph))
    assert bytes(asked[0].inputs["image"]) == path.read_bytes()
    finish(fake_link)
    assert not fake_link.errors
    (root,) = roots()
    assert json.loads(root["zograscope_source"])["credit"].startswith("Photograph: danielbuechele")


def test_another_photograph_has_no_credit(scene, zograscope, tmp_path):
    building = importlib.import_module(zograscope.__name__ + ".depth.building")
    scene.zograscope_depth.photograph = str(tmp_path / "china.jpg")
    assert "credit" not in building.new_source(scene.zograscope_depth)


def test_the_collection_is_asked_for_as_a_folder(scene, asked, examples):
    assert bpy.ops.zograscope.example_collection() == {"FINISHED"}
    assert asked[0].parameters["collection"] == str(examples.COLLECTION)
    assert scene.zograscope_mosaic.job_id
