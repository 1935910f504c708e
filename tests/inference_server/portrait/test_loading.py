"""Weights are read from official files and from their likes, strictly; others are told."""

import json

import pytest
import torch
from safetensors.torch import save_file
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.command_line.main import main
from zograscope_server.models.catalogue import catalogue, find_model
from zograscope_server.models.loading import load_model
from zograscope_server.portrait import loading
from zograscope_server.portrait.mover import MeshModel
from zograscope_server.portrait.networks.fomm import Fomm
from zograscope_server.portrait.networks.liveportrait import LivePortrait


@pytest.fixture(scope="module")
def fomm():
    torch.manual_seed(0)
    return Fomm()


@pytest.fixture(scope="module")
def pictures():
    torch.manual_seed(1)
    return torch.rand(1, 3, 256, 256)


def checkpoint(network: Fomm) -> dict:
    """What the authors' file holds, in short."""
    optimizer = {"state": {0: {"step": 3}}, "param_groups": [{"lr": 0.1}]}
    return {
        "generator": network.generator.state_dict(),
        "kp_detector": network.kp_detector.state_dict(),
        "discriminator": {"weight": torch.zeros(3)},
        "optimizer_generator": optimizer,
        "epoch": 99,
    }


def same(loaded, network, pictures) -> bool:
    with torch.inference_mode():
        expected = network.eval().kp_detector(pictures)
        found = loaded.kp_detector(pictures)
    return all(torch.allclose(a, b, atol=1e-4) for a, b in zip(found, expected, strict=True))


def test_the_mesh_is_the_default(tmp_path):
    assert find_model("default", tmp_path, "portrait").name == "mesh"
    assert load_model("default", tmp_path, "cpu", "portrait") == MeshModel()


@pytest.mark.parametrize("zipped", [True, False])
def test_official_weights_of_the_first_order_model(fomm, pictures, tmp_path, zipped):
    folder = tmp_path / "fomm"
    folder.mkdir()
    name = catalogue()["fomm"].files[0].name
    torch.save(checkpoint(fomm), folder / name, _use_new_zipfile_serialization=zipped)
    loaded = load_model("fomm", tmp_path, "cpu", "portrait")
    assert isinstance(loaded, Fomm)
    assert same(loaded, fomm, pictures)


def test_safetensors_of_half_precision_and_old_torch(fomm, pictures, tmp_path):
    state = {key: value.half() if value.is_floating_point() else value
             for key, value in fomm.state_dict().items()
             if not key.endswith("num_batches_tracked")}  # fmt: skip
    save_file(state, tmp_path / "mine.safetensors")
    loaded = loading.load_network(tmp_path / "mine.safetensors")
    assert loaded.generator.final.weight.dtype == torch.float32
    with torch.inference_mode():
        found, expected = loaded.kp_detector(pictures), fomm.eval().kp_detector(pictures)
    assert torch.allclose(found.points, expected.points, atol=1e-2)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda state: state["generator"].pop("final.weight"), "1 are missing.*final.weight"),
        (lambda state: state["generator"].update(more=torch.zeros(1)), "1 are strange.*more"),
        (lambda state: state["generator"].update({"final.bias": torch.zeros(4)}), "final.bias"),
        (lambda state: state.pop("kp_detector"), "are missing"),
        (dict.clear, "are missing"),
    ],
)
def test_weights_that_do_not_fit_are_told(fomm, tmp_path, spoil, words):
    content = checkpoint(fomm)
    content["generator"] = dict(content["generator"])
    spoil(content)
    torch.save(content, tmp_path / "vox.pth.tar")
    with pytest.raises(ZograscopeError, match=words) as caught:
        loading.load_network(tmp_path)
    assert caught.value.code == "model-file-wrong"


class Trap:
    """Runs code where it is unpickled."""

    def __reduce__(self):
        return exec, ("raise SystemExit('code was run')",)


@pytest.mark.parametrize("content", [b"no weights", b"", None])
def test_other_files_are_told_and_no_code_is_run(tmp_path, content):
    if content is None:
        torch.save({"generator": Trap()}, tmp_path / "vox.pth.tar")
    else:
        (tmp_path / "vox.pth.tar").write_bytes(content)
    with pytest.raises(ZograscopeError) as caught:
        loading.load_network(tmp_path)
    assert caught.value.code == "model-file-wrong"


def write_liveportrait(network: LivePortrait, folder) -> None:
    """As the authors have it: in two folders, and with what several cards leave."""
    base, retargeting = folder / "base_models", folder / "retargeting_models"
    base.mkdir(parents=True)
    retargeting.mkdir()
    small = {}
    for name, part in network.named_children():
        state = part.state_dict()
        if name.startswith("retarget"):
            small[name] = {f"module.{key}": value for key, value in state.items()}
        else:
            torch.save(state, base / f"{name}.pth")
    torch.save(small, retargeting / "stitching_retargeting_module.pth")


def test_official_weights_of_liveportrait_are_added(tmp_path, pictures, capsys):
    torch.manual_seed(0)
    network = LivePortrait()
    source, models = tmp_path / "brought", tmp_path / "models"
    write_liveportrait(network, source)
    assert main(["models", "add", str(source), "--models", str(models)]) == 0
    assert "brought is installed" in capsys.readouterr().out
    assert json.loads((models / "brought" / "config.json").read_text()) == {
        "portrait": "liveportrait"
    }
    loaded = load_model("brought", models, "cpu", "portrait")
    assert isinstance(loaded, LivePortrait)
    with torch.inference_mode():
        found, expected = (
            each.motion_extractor(pictures).points for each in (loaded, network.eval())
        )
        values = torch.rand(1, 126)
        assert torch.equal(loaded.retarget_shoulder(values), network.retarget_shoulder(values))
    assert torch.allclose(found, expected, atol=1e-5)
    (source / "base_models" / "spade_generator.pth").unlink()
    with pytest.raises(ZograscopeError, match="no file 'spade_generator'"):
        loading.load_network(source)


def test_flat_safetensors_of_liveportrait_have_the_same_names(tmp_path):
    """The smallest networks share a file, under names of their own; the rest here is empty."""
    torch.manual_seed(0)
    network = LivePortrait()
    flat = {}
    for name in loading.RETARGETING_NETWORKS:
        for key, value in getattr(network, name).state_dict().items():
            flat[f"{name}_module.{key}"] = value
    for name in loading.LIVEPORTRAIT_FILES:
        save_file(flat if name == loading.RETARGETING else {}, tmp_path / f"{name}.safetensors")
    with pytest.raises(ZograscopeError, match="and 0 are strange"):
        loading.load_network(tmp_path)


def test_a_file_is_added_and_found_again(fomm, tmp_path, pictures, capsys):
    source, models = tmp_path / "vox-mine.pth.tar", tmp_path / "models"
    torch.save(checkpoint(fomm), source)
    assert main(["models", "add", str(source), "--models", str(models)]) == 0
    assert "vox-mine is installed" in capsys.readouterr().out
    assert find_model("vox-mine", models).purpose == "portrait"
    assert same(load_model("vox-mine", models, "cpu", "portrait"), fomm, pictures)


def test_what_cannot_be_added_is_told(fomm, tmp_path, capsys):
    models = tmp_path / "models"
    source = tmp_path / "fomm.safetensors"
    save_file(fomm.state_dict(), source)
    assert main(["models", "add", str(source), "--models", str(models)]) == 1
    assert "rename" in capsys.readouterr().err
    (tmp_path / "notes.pth").write_bytes(b"words")
    assert main(["models", "add", str(tmp_path / "notes.pth"), "--models", str(models)]) == 1
    assert "cannot be used" in capsys.readouterr().err
    assert not models.exists()
