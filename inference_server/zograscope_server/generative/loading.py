"""Brings generators into memory, and takes those that an artist brought.

A model is a folder with `model.safetensors`, whose header says which kind of generator it is, and a
`config.json` with the kind and a card. Added are files of three programs, once they are seen to
fit: what Zograscope trained, official `.pkl` files of StyleGAN2, and FastGAN's checkpoints. No code
of a file is ever run.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zograscope_protocol.errors import ZograscopeError

from zograscope_server.generative.errors import GenerativeError
from zograscope_server.models.catalogue import (
    CONFIG,
    Model,
    check_name_is_free,
    installed_folder,
)
from zograscope_server.models.errors import ModelError
from zograscope_server.models.loader import ModelLoader

if TYPE_CHECKING:
    from zograscope_server.generative.generator import Generator

PURPOSE = "generative"
STYLED, STYLEGAN2, FASTGAN = KINDS = ("styled", "stylegan2", "fastgan")
WEIGHTS = "model.safetensors"
EMBEDDED = Path(__file__).with_name("maps.safetensors")
CHECKPOINTS = (".pth", ".pt", ".tar")
UNKNOWN_LICENCE = "as whoever trained it, or owns its images, allows"


def load_generator(model: Model, models_folder: Path, device: str) -> "Generator":
    """Load a generator (see `ModelLoader`)."""
    if model.embedded:
        return read_generator(EMBEDDED, device)
    return read_generator(installed_folder(model, models_folder) / WEIGHTS, device)


def read_generator(path: Path, device: str = "cpu") -> "Generator":
    """Read a generator of any kind from its file. Raises ZograscopeError `model-file-wrong`."""
    from zograscope_server.generative.networks.fastgan import FastGan
    from zograscope_server.generative.networks.styled import StyledGenerator
    from zograscope_server.generative.networks.stylegan2 import StyleGan2

    kinds: dict[str, Any] = {STYLED: StyledGenerator, STYLEGAN2: StyleGan2, FASTGAN: FastGan}
    try:
        return kinds[kind_of(path)].load(path, device)
    except Exception as error:
        raise _wrong(path, error) from error


def kind_of(path: Path) -> str:
    """Return which kind of generator a safetensors file has. Raises ValueError, OSError."""
    from zograscope_server.generative.weights.generator_file import KIND, header_of

    kind = header_of(path).get(KIND, "")
    if kind not in KINDS:
        raise ValueError("it is no generator that is known here")
    return kind


def is_generative_config(config: Mapping[str, Any]) -> bool:
    """Whether this is a config.json that `add_weights` wrote."""
    return config.get("generator") in KINDS


def add_weights(source: Path, architecture: str, models_folder: Path, name: str) -> str | None:
    """Make a model of a generator's file, once its weights are seen to fit.

    Args:
        source: a `.pkl` of StyleGAN2, a checkpoint of FastGAN, or a safetensors file of ours.
        architecture: of an embedder; there is none for these.
        models_folder: the model's folder is made there.
        name: of the model; the file's name by default.

    Returns:
        The model's name, or None for what is no such file.

    Raises:
        ZograscopeError: `pickle-refused`, `model-file-wrong`, `model-exists`, `spool-full`.
    """
    if architecture or not source.is_file():
        return None
    brought = _brought(source)
    if brought is None:
        return None
    kind, write = brought
    name = name or source.stem
    check_name_is_free(name, source)
    if Path(name).name != name:
        raise ModelError("model-file-wrong", name=name, problem="its name is not a file name")
    if (models_folder / name).exists():
        raise GenerativeError("model-exists", name=name)
    card = {"from": source.name, "bytes": source.stat().st_size, "licence": UNKNOWN_LICENCE}
    try:
        _keep(models_folder / name, {"generator": kind, "card": card}, write)
    except OSError as error:
        raise ZograscopeError("spool-full", str(error)) from error
    return name


LOADERS = (ModelLoader(PURPOSE, load_generator, is_generative_config, add_weights),)


def _brought(source: Path) -> tuple[str, Callable[[Path, dict[str, Any]], object]] | None:
    """Return the kind of a generator's file, and what writes it into a folder; or None."""
    if source.suffix == ".pkl":
        from zograscope_server.generative.weights.stylegan2_pickle import read_stylegan2

        return STYLEGAN2, read_stylegan2(source).save
    if source.suffix in CHECKPOINTS:
        from zograscope_server.generative.weights.fastgan_checkpoint import read_fastgan

        network = read_fastgan(source)
        return (FASTGAN, network.save) if network else None
    if source.suffix == ".safetensors":
        try:
            kind = kind_of(source)
        except (ValueError, OSError):
            return None
        read_generator(source)
        return kind, lambda target, _card: shutil.copyfile(source, target)
    return None


def _keep(
    folder: Path, config: dict[str, Any], write: Callable[[Path, dict[str, Any]], object]
) -> None:
    """Write a model's folder, which is there whole or not at all. Raises OSError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".adding-") as made:
        unfinished = Path(made) / folder.name
        unfinished.mkdir()
        write(unfinished / WEIGHTS, config["card"])
        (unfinished / CONFIG).write_text(json.dumps(config, indent=2), encoding="utf-8")
        unfinished.rename(folder)


def _wrong(source: Path, error: Exception) -> ModelError:
    problem = str(error).splitlines()[0] if str(error) else type(error).__name__
    return ModelError("model-file-wrong", str(error), name=str(source), problem=problem)
