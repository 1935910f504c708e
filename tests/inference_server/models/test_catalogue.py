"""The catalogue's parts, and who loads what stands in them."""

import json
import sys

import pytest
from zograscope_protocol.errors import ZograscopeError
from zograscope_server import capabilities
from zograscope_server.models.catalogue import (
    catalogue,
    default_model,
    describe_models,
    find_model,
    installed_folder,
    is_installed,
    read_catalogue,
    set_up_folder,
    set_up_models,
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


def test_what_the_set_up_fetches_is_here_whatever_the_models_folder_is(tmp_path):
    assert {model.purpose for model in set_up_models()} == {"faces", "matting"}
    for model in set_up_models():
        assert model.default
        assert model.commercial
        assert default_model(model.purpose, tmp_path) == model
        assert all(file.sha256 and file.address and file.wheel for file in model.files)
        assert is_installed(model, tmp_path), "`make setup` fetches it"
        assert installed_folder(model, tmp_path) == set_up_folder() / model.name


def test_without_the_set_up_a_sentence_says_what_to_run(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "another"))
    with pytest.raises(ZograscopeError, match="zograscope models download face-landmarker"):
        load_model("default", tmp_path, "cpu", "faces")
    (model,) = [model for model in set_up_models() if model.purpose == "faces"]
    (tmp_path / model.name).mkdir()
    (tmp_path / model.name / model.files[0].name).touch()
    assert installed_folder(model, tmp_path) == tmp_path / model.name, (
        "what was downloaded is first"
    )
