"""The catalogue's parts, and who loads what stands in them."""

import json

import pytest
from zograscope_protocol.errors import ZograscopeError
from zograscope_server import capabilities
from zograscope_server.models.catalogue import (
    catalogue,
    describe_models,
    find_model,
    read_catalogue,
)
from zograscope_server.models.loading import load_model

ENTRY = """
[[models]]
name = "{name}"
title = "A model"
purpose = "{purpose}"
licence = "Apache-2.0"
commercial = true
good_for = "Tests."
files = [{{ name = "config.json", sha256 = "00" }}]
"""


def part(folder, name, purpose):
    path = folder / f"{purpose}.toml"
    path.write_text(ENTRY.format(name=name, purpose=purpose))
    return path


def test_the_parts_of_two_capabilities_become_one(tmp_path):
    models = read_catalogue([part(tmp_path, "a", "depth"), part(tmp_path, "b", "portrait")])
    assert [(name, model.purpose) for name, model in models.items()] == [
        ("a", "depth"),
        ("b", "portrait"),
    ]
    assert models["b"].files[0].sha256 == "00"


def test_no_two_models_have_one_name(tmp_path):
    with pytest.raises(ValueError, match="two models called 'a'"):
        read_catalogue([part(tmp_path, "a", "depth"), part(tmp_path, "a", "portrait")])


def test_the_catalogue_has_a_part_of_each_capability_with_models():
    parts = capabilities.files("models.toml")
    assert len(parts) >= 2
    assert sum(len(read_catalogue([part])) for part in parts) == len(catalogue())


def test_a_model_without_a_loader_is_told(tmp_path, monkeypatch):
    assert find_model("classical", tmp_path).purpose == "depth"
    monkeypatch.setattr(capabilities, "NAMES", ("mosaic",))
    with pytest.raises(
        ZograscopeError, match="'classical' is for depth, which this server"
    ) as caught:
        load_model("classical", tmp_path, "cpu")
    assert caught.value.code == "model-without-loader"
    assert load_model("colour-and-texture", tmp_path, "cpu").name == "colour-and-texture"


@pytest.mark.parametrize(
    ("config", "purpose"),
    [
        ({"model_type": "dpt", "architectures": ["DPTForDepthEstimation"]}, "depth"),
        ({"architecture": "resnet50"}, "embedding"),
        ({"architecture": "resnet50", "model_type": "timm_wrapper"}, "embedding"),
        ({"portrait": "fomm"}, "portrait"),
        ({"portrait": "liveportrait"}, "portrait"),
        ({"portrait": "another"}, "unknown"),
        ({}, "unknown"),
        ([], "unknown"),
    ],
)
def test_a_folder_of_ones_own_is_known_by_its_config(tmp_path, config, purpose):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text(json.dumps(config))
    (listed,) = [model for model in describe_models(tmp_path) if model["name"] == "mine"]
    assert listed["task"] == purpose


@pytest.mark.parametrize("content", ["{}", "no JSON", '"text"'])
def test_a_config_that_says_nothing_is_told(tmp_path, content):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text(content)
    for purpose in ("depth", "embedding"):
        with pytest.raises(ZograscopeError, match=r"config\.json") as caught:
            load_model("mine", tmp_path, "cpu", purpose)
        assert caught.value.code == "model-file-wrong"
    with pytest.raises(ZograscopeError) as caught:
        load_model("mine", tmp_path, "cpu")
    assert caught.value.code == "model-without-loader"
