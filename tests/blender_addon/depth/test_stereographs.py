"""Stereographs in Blender: asked for as the artist says, remembered by where the left half is."""

import importlib
import json

import pytest

bpy = pytest.importorskip("bpy", reason="settings are tested with a Python that has bpy")


@pytest.fixture
def building(zograscope):
    return importlib.import_module(zograscope.__name__ + ".depth.building")


@pytest.mark.parametrize("stereo", ["auto", "yes", "no"])
def test_the_artist_says_whether_it_is_one(building, scene, stereo):
    settings = scene.zograscope_depth
    settings.photograph, settings.stereo = "/cards/card.jpg", stereo
    assert building.new_source(settings)["parameters"]["stereo"] == stereo


def test_a_diorama_remembers_where_its_half_lies(building, builders, scene, result):
    arrays, metadata = result
    diorama = builders.build_diorama(arrays, metadata, "Card", scene)
    found = {
        "paper_border": None,
        "depth": {"model": "stereo, test", "licence": "none"},
        "stereo": {"left": [9, 20, 309, 280], "right": [321, 20, 621, 280]},
        "warnings": ["swapped"],
    }
    source = {"photograph": "/cards/card.jpg", "parameters": {"crop": "auto"}}
    building.remember(diorama, source, metadata | found)
    kept = json.loads(diorama.root["zograscope_source"])
    assert kept["crop"] == [9, 20, 309, 280]
    assert kept["paper_border"] is None
    assert kept["model"] == "stereo, test"
    assert diorama.root["zograscope_warnings"] == "swapped"
