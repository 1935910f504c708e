"""Dreams and their nearest originals become a table, and the table a mosaic."""

import csv
from pathlib import Path

import bpy
import pytest

from .conftest import SIDE, encode_png, frame, settle

COUNT = 4


@pytest.fixture
def dreamt(settings, fake_link, asked, tmp_path):
    """Four dreams, two of which are near the same original."""
    settings.mosaic_count, settings.sample_seed = COUNT, 20
    bpy.ops.zograscope.mosaic_of_dreams()
    assert asked["samples"][0]["originals"] is True
    (job,) = fake_link.jobs
    for number in range(COUNT):
        job.send(number, file=encode_png(frame(number)))
    originals = [[str(tmp_path / "a.png"), 0.5], [str(tmp_path / "b, c.png"), 1.25], None]
    job.finish(grid=encode_png(frame(0)))
    job.result.metadata.update(
        seeds=[20, 21, 22, 23],
        columns=2,
        size=[SIDE, SIDE],
        model="maps",
        originals=[*originals, originals[0]],
    )
    settle(fake_link, job)
    return tmp_path


def test_a_table_tells_dreams_from_originals(dreamt, fake_link):
    folder = Path(bpy.path.abspath("//Dreams_of_default"))
    with (folder / "dreams.csv").open(encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    assert [row["file"] for row in rows[:COUNT]] == [f"{n + 1:04d}.png" for n in range(COUNT)]
    assert all((folder / row["file"]).is_file() for row in rows[:COUNT])
    assert [row["kind"] for row in rows] == ["dream"] * COUNT + ["original"] * 2
    assert [row["seed"] for row in rows] == ["20", "21", "22", "23", "", ""]
    originals = [row["file"] for row in rows[COUNT:]]
    assert originals == [str(dreamt / "a.png"), str(dreamt / "b, c.png")]
    assert rows[1]["nearest"] == originals[1]
    assert (rows[1]["distance"], rows[2]["nearest"]) == ("1.25", "")


def test_the_mosaic_begins_of_itself(dreamt, fake_link, asked):
    (job,) = fake_link.jobs
    assert job.task == "mosaic"
    table = Path(bpy.path.abspath("//Dreams_of_default")) / "dreams.csv"
    assert Path(asked["mosaic"][0]["collection"]) == table
    assert Path(bpy.context.scene.zograscope_mosaic.collection) == table


def test_while_another_mosaic_is_built_the_table_waits(settings, fake_link, tmp_path, asked):
    bpy.context.scene.zograscope_mosaic.collection = str(tmp_path)
    bpy.ops.zograscope.build_mosaic()
    settings.mosaic_count = 2
    bpy.ops.zograscope.mosaic_of_dreams()
    job = fake_link.jobs[1]
    for number in range(2):
        job.send(number, file=encode_png(frame(number)))
    job.finish(grid=encode_png(frame(0)))
    job.result.metadata.update(seeds=[0, 1], columns=2, originals=None, model="maps")
    settle(fake_link, job)
    assert [error.code for error in fake_link.errors] == ["mosaic-busy"]
    assert "dreams.csv" in fake_link.errors[0].sentence
