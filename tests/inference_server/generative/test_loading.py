"""Generators that an artist brings become models; what is none goes to the other loaders."""

import json
import os
import pickle
import tomllib
from importlib import resources

import pytest
import torch
from safetensors.torch import save_file
from zograscope_protocol.errors import ZograscopeError
from zograscope_server import capabilities
from zograscope_server.command_line.main import main
from zograscope_server.generative import loading
from zograscope_server.generative.networks.fastgan import FastGan
from zograscope_server.generative.networks.fastgan import Measures as FastGanMeasures
from zograscope_server.generative.networks.layers import Shape
from zograscope_server.generative.networks.styled import StyledGenerator
from zograscope_server.generative.networks.stylegan2 import StyleGan2
from zograscope_server.generative.weights.stylegan2_pickle import read_stylegan2
from zograscope_server.models import catalogue
from zograscope_server.models.catalogue import Model, find_model, read_catalogue
from zograscope_server.models.loader import all_loaders


@pytest.fixture(autouse=True)
def dreaming(monkeypatch):
    """The capability, whether or not it is in the list yet."""
    names = tuple(dict.fromkeys((*capabilities.NAMES, "generative")))
    monkeypatch.setattr(capabilities, "NAMES", names)
    catalogue.catalogue.cache_clear()
    yield
    catalogue.catalogue.cache_clear()


@pytest.fixture
def models(tmp_path):
    return tmp_path / "models"


@pytest.fixture
def brought(official, tmp_path):
    """By kind: a file of each."""
    folder = tmp_path / "brought"
    folder.mkdir()
    official.write(folder / "cats.pkl", official.content(official.Generator()))
    torch.save({"g": FastGan(FastGanMeasures(256, 2, 8)).state_dict()}, folder / "50000.pth")
    StyledGenerator(Shape(4, 4, 4, 4, 3)).save(folder / "mine.safetensors")
    return {
        "stylegan2": folder / "cats.pkl",
        "fastgan": folder / "50000.pth",
        "styled": folder / "mine.safetensors",
    }


CLASSES = {"stylegan2": StyleGan2, "fastgan": FastGan, "styled": StyledGenerator}


def add(source, models, *more) -> int:
    return main(["models", "add", str(source), "--models", str(models), *more])


@pytest.mark.parametrize("kind", CLASSES)
def test_what_is_brought_becomes_a_model(brought, models, kind, capsys):
    source = brought[kind]
    assert add(source, models) == 0
    assert f"{source.stem} is installed." in capsys.readouterr().out
    folder = models / source.stem
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]
    config = json.loads((folder / "config.json").read_text())
    assert config["generator"] == kind
    assert config["card"]["from"] == source.name
    assert config["card"]["bytes"] == source.stat().st_size
    assert "allows" in config["card"]["licence"]
    assert [path.name for path in models.iterdir()] == [source.stem]

    model = find_model(source.stem, models, "generative")
    assert (model.purpose, model.commercial) == ("generative", False)
    generator = loading.load_generator(model, models, "cpu")
    assert isinstance(generator, CLASSES[kind])
    styles = generator.styles(torch.randn(2, generator.latent_size))
    styles = styles[:, None].expand(-1, len(generator.resolutions), -1)
    with torch.inference_mode():
        images = generator.images(styles, 0)
    assert images.shape == (2, generator.colours, generator.size[1], generator.size[0])
    assert images.dtype == torch.float32
    assert generator.mean_style.shape == (generator.style_size,)
    weights = generator.style_weights()
    assert len(weights) == len(generator.resolutions)
    assert all(weight.shape[1] == generator.style_size for weight in weights)


def test_the_image_stays_the_same(brought, models):
    assert loading.add_weights(brought["stylegan2"], "", models, "felix") == "felix"
    before, after = read_stylegan2(brought["stylegan2"]), loading.read_generator(
        models / "felix" / "model.safetensors"
    )  # fmt: skip
    styles = torch.randn(1, 3, 5)
    assert torch.equal(before.images(styles, 0), after.images(styles, 0))


def test_a_name_is_taken_once(brought, models, capsys):
    assert add(brought["stylegan2"], models, "--name", "felix") == 0
    assert add(brought["fastgan"], models, "--name", "felix") == 1
    assert "a model 'felix' already" in capsys.readouterr().err
    for name in ("maps", "default", "../felix"):
        assert add(brought["fastgan"], models, "--name", name) == 1
        assert "cannot be used" in capsys.readouterr().err
    assert [path.name for path in models.iterdir()] == ["felix"]


@pytest.mark.skipif(os.name != "posix", reason="asks a POSIX shell")
def test_a_hostile_file_is_named_and_leaves_nothing(tmp_path, models, capsys):
    proof = tmp_path / "proof"
    command = f"touch {proof}"
    content = b"}X\x05\0\0\0G_emacposix\nsystem\n" + pickle.dumps((command,), 2)[2:-1] + b"Rs."
    assert pickle.loads(content) == {"G_ema": 0}
    assert proof.exists(), "the trap itself is none"
    proof.unlink()
    (tmp_path / "cats.pkl").write_bytes(content)
    assert add(tmp_path / "cats.pkl", models) == 1
    assert "'posix.system', which is not for weights and was not run" in capsys.readouterr().err
    assert not proof.exists()
    assert not models.exists()


def strangers(folder):
    """Files of other programs and of other capabilities."""
    torch.save({"g_ema": {"style.1.weight": torch.zeros(2)}}, folder / "stylegan2-pytorch.pt")
    torch.save({"GAN": {"G.initial_conv.weight": torch.zeros(2)}}, folder / "lightweight.pt")
    torch.save({"layer1.0.weight": torch.zeros(2)}, folder / "resnet.pth")
    save_file({"layer1.0.weight": torch.zeros(2)}, folder / "resnet.safetensors")
    save_file({"a": torch.zeros(2)}, folder / "odd.safetensors", {"zograscope.generator": "odd"})
    (folder / "words.pth").write_bytes(b"words")
    (folder / "words.safetensors").write_bytes(b"words")
    (folder / "words.txt").write_bytes(b"words")
    return sorted(folder.iterdir())


def test_strange_files_are_nobodys_and_are_told(tmp_path, models, capsys):
    folder = tmp_path / "strange"
    folder.mkdir()
    for source in strangers(folder):
        for loader in all_loaders():
            assert loader.add(source, "", models, "") is None, source
        assert add(source, models) == 1
        assert "no weights that are known here" in capsys.readouterr().err
    assert not models.exists()


def test_every_file_has_one_loader_that_takes_it(brought, tmp_path):
    for kind, source in brought.items():
        for loader in all_loaders():
            added = loader.add(source, "", tmp_path / loader.purpose, "")
            assert (added is not None) == (loader.purpose == "generative"), (kind, loader.purpose)


def test_with_an_architecture_weights_are_an_embedders(brought, models):
    assert loading.add_weights(brought["fastgan"], "timm/resnet18", models, "") is None
    assert loading.add_weights(models, "", models, "") is None


@pytest.mark.parametrize("config", [{"generator": "styled"}, {"generator": "fastgan", "card": {}}])
def test_configurations_are_recognised_by_one_loader(config):
    for loader in all_loaders():
        assert loader.recognises(config) == (loader.purpose == "generative")
    assert not loading.is_generative_config({"generator": "another"})
    assert not loading.is_generative_config({"generator": ["styled"]})


@pytest.mark.parametrize("kind", CLASSES)
def test_damaged_models_are_told(brought, models, kind):
    name = loading.add_weights(brought[kind], "", models, "")
    weights = models / str(name) / "model.safetensors"
    whole = weights.read_bytes()
    model = find_model(str(name), models)
    spoilt = [
        whole[: len(whole) // 2],
        whole.replace(b'\\"', b"''"),
        whole.replace(kind.encode(), b"x" * len(kind)),
    ]
    for content in (b"", *spoilt):
        weights.write_bytes(content)
        with pytest.raises(ZograscopeError) as caught:
            loading.load_generator(model, models, "cpu")
        assert caught.value.code == "model-file-wrong"
    weights.unlink()
    with pytest.raises(ZograscopeError) as caught:
        loading.load_generator(model, models, "cpu")
    assert caught.value.code == "model-file-wrong"


def test_a_full_disk_leaves_nothing(brought, models, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(ZograscopeError) as caught:
        loading.add_weights(brought["stylegan2"], "", models, "")
    assert caught.value.code == "spool-full"
    assert list(models.iterdir()) == []


def test_the_catalogue_has_maps():
    part = resources.files("zograscope_server.generative") / "models.toml"
    (model,) = read_catalogue([part]).values()
    assert (model.name, model.purpose) == ("maps", "generative")
    assert model.embedded and model.default and model.commercial
    assert set(tomllib.loads(part.read_text("utf-8"))) == {"models"}


def test_an_embedded_model_that_is_missing_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "EMBEDDED", tmp_path / "maps.safetensors")
    maps = Model("maps", "Old maps", "generative", "Apache-2.0", True, "Dreams.", embedded=True)
    with pytest.raises(ZograscopeError) as caught:
        loading.load_generator(maps, tmp_path, "cpu")
    assert caught.value.code == "model-file-wrong"
    StyledGenerator(Shape(4, 4, 4, 4, 1)).save(tmp_path / "maps.safetensors")
    assert loading.load_generator(maps, tmp_path, "cpu").size == (64, 64)
