"""Brings what moves portraits into memory, and takes weights that an artist brought.

A folder has the official files of one of two networks, or the same weights as safetensors:
`vox-cpk.pth.tar` or the like of the first-order motion model, or the five files of LivePortrait. A
state dict is read with weights_only; every weight has to fit.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zograscope_protocol.errors import ZograscopeError

from zograscope_server.models.catalogue import (
    CONFIG,
    Model,
    check_name_is_free,
    installed_folder,
)
from zograscope_server.models.errors import ModelError
from zograscope_server.models.loader import ModelLoader
from zograscope_server.models.weights import check_fits
from zograscope_server.portrait.mover import MeshModel

if TYPE_CHECKING:
    import torch

    from zograscope_server.portrait.mover import PortraitModel
    from zograscope_server.portrait.networks.fomm import Fomm
    from zograscope_server.portrait.networks.liveportrait import LivePortrait

PURPOSE = "portrait"
FOMM, LIVEPORTRAIT = "fomm", "liveportrait"
SUFFIXES = (".safetensors", ".tar", ".pth", ".pt")
FOMM_NETWORKS = ("generator", "kp_detector")
LIVEPORTRAIT_FILES = (
    "appearance_feature_extractor",
    "motion_extractor",
    "warping_module",
    "spade_generator",
    "stitching_retargeting_module",
)
RETARGETING = LIVEPORTRAIT_FILES[-1]
RETARGETING_NETWORKS = ("retarget_shoulder", "retarget_mouth", "retarget_eye")

State = dict[str, "torch.Tensor"]


def load_portrait_model(model: Model, models_folder: Path, device: str) -> "PortraitModel":
    """Load what moves portraits (see `ModelLoader`)."""
    if model.embedded:
        return MeshModel()
    return load_network(installed_folder(model, models_folder), device)


def load_network(folder: Path, device: str = "cpu") -> "Fomm | LivePortrait":
    """Load a network from the folder of its files, or from its only file, and make it quick.

    Raises ZograscopeError `model-file-wrong`.
    """
    try:
        network = _build(folder)
        network.fold()
        network.place(device)
    except Exception as error:
        raise _wrong(folder, error) from error
    return network


def is_portrait_config(config: Mapping[str, Any]) -> bool:
    """Whether this is a config.json that `add_weights` wrote."""
    return config.get("portrait") in (FOMM, LIVEPORTRAIT)


def add_weights(source: Path, architecture: str, models_folder: Path, name: str) -> str | None:
    """Make a model of weights of one of both networks, once they are seen to fit.

    Args:
        source: the file of the first-order motion model, or a folder with the files of either.
        architecture: of an embedder; there is none for these.
        models_folder: the model's folder is made there.
        name: of the model; the source's name by default.

    Returns:
        The model's name, or None for what are no such files.

    Raises:
        ZograscopeError: `model-file-wrong`, `spool-full`.
    """
    if architecture or (source / CONFIG).is_file():
        return None
    files = _files(source)
    if not files or (len(files) == 1 and not _is_fomm(files[0])):
        return None
    name = name or source.name.removesuffix(".tar").partition(".")[0]
    check_name_is_free(name, source)
    if Path(name).name != name:
        raise ModelError("model-file-wrong", name=name, problem="its name is not a file name")
    load_network(source)
    kind = LIVEPORTRAIT if len(files) > 1 else FOMM
    folder = models_folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copyfile(file, folder / file.name)
        (folder / CONFIG).write_text(json.dumps({"portrait": kind}), encoding="utf-8")
    except OSError as error:
        raise ZograscopeError("spool-full", str(error)) from error
    return name


LOADERS = (ModelLoader(PURPOSE, load_portrait_model, is_portrait_config, add_weights),)


def _files(source: Path) -> list[Path]:
    """Return the five files of LivePortrait, or else the one of the other network, or none.

    LivePortrait's may lie in folders of the folder, as its authors have them; one may be missing,
    which is told when they are read.
    """
    if source.is_file():
        return [source] if source.suffix in SUFFIXES else []
    found = sorted(path for path in source.rglob("*") if path.suffix in SUFFIXES)
    parts = [path for path in found if path.stem in LIVEPORTRAIT_FILES]
    if parts:
        # Beside those for people there may be those for animals.
        by_name = {path.name: path for path in parts if "animal" not in str(path.parent)}
        return list((by_name or {path.name: path for path in parts}).values())
    flat = [path for path in found if path.parent == source]
    return flat if len(flat) == 1 else []


def _build(source: Path) -> "Fomm | LivePortrait":
    files = _files(source)
    if not files:
        raise ValueError("it has no weights of a network that is known here")
    if files[0].stem in LIVEPORTRAIT_FILES:
        from zograscope_server.portrait.networks.liveportrait import LivePortrait

        return fill(LivePortrait, _liveportrait_state(files))
    from zograscope_server.portrait.networks.fomm import Fomm

    return fill(Fomm, _fomm_state(files[0]))


def _is_fomm(file: Path) -> bool:
    """Whether a file has weights of the first-order model; others may be another capability's."""
    try:
        return any(key.startswith(FOMM_NETWORKS) for key in _read(file))
    except Exception:  # torch raises many kinds for what it cannot read
        return False


def _fomm_state(file: Path) -> State:
    """Return the weights of one file; what only training needs is left out."""
    content = _read(file)
    networks = {name: content[name] for name in FOMM_NETWORKS if name in content}
    if networks:
        return _joined(networks)
    return {key: value for key, value in content.items() if key.startswith(FOMM_NETWORKS)}


def _liveportrait_state(files: list[Path]) -> State:
    """Return the weights of five files, whichever way they are named."""
    by_name = {file.stem: file for file in files}
    missing = [name for name in LIVEPORTRAIT_FILES if name not in by_name]
    if missing:
        raise ValueError(f"there is no file {missing[0]!r}")
    networks = {name: _read(by_name[name]) for name in LIVEPORTRAIT_FILES}
    small = networks.pop(RETARGETING)
    for name in RETARGETING_NETWORKS:
        flat, before = f"{name}_module.", len(f"{name}_module.")
        networks[name] = small.get(name) or {
            key[before:]: value for key, value in small.items() if key.startswith(flat)
        }
    return _joined(networks)


def _joined(networks: Mapping[str, Mapping[str, Any]]) -> State:
    """Return one state dict; training on several cards left `module.` before some keys."""
    return {
        f"{name}.{key.removeprefix('module.')}": value
        for name, state in networks.items()
        for key, value in state.items()
    }


def _read(file: Path) -> dict[str, Any]:
    if file.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(file)
    import torch

    content = torch.load(file, map_location="cpu", weights_only=True)
    if not isinstance(content, dict):
        raise ValueError(f"{file.name} has no weights by name")
    return content


def fill(kind: "type[Fomm | LivePortrait]", state: State) -> "Fomm | LivePortrait":
    """Return a network with exactly these weights, in single precision.

    Raises ValueError, in words for the artist, where a key or a shape does not fit.
    """
    import torch

    with torch.device("meta"):  # whose weights are not made only to be overwritten
        network = kind()
    wanted = network.state_dict()
    given = {
        key: value.float() if torch.is_floating_point(value) else value
        for key, value in state.items()
    }
    for key in set(wanted) - set(given):
        if key.endswith("num_batches_tracked"):  # which older torch did not have
            given[key] = torch.tensor(0)
    check_fits(wanted, given)
    network.load_state_dict(given, assign=True)
    return network.eval()


def _wrong(source: Path, error: Exception) -> ModelError:
    problem = str(error).splitlines()[0] if str(error) else type(error).__name__
    return ModelError("model-file-wrong", str(error), name=str(source), problem=problem)
