"""Which models there are, and which of them are here.

The catalogue lists the models that come along or can be downloaded; each capability has its part of
it in `models.toml`. A folder that an artist puts into the models folder, or adds with `zograscope
models add`, is a model under its own name. Imports nothing heavy: the broker asks too.

What a model's files are called, and the state of the repository they come from, are fixed in the
catalogue; a file without sha256 is checked against the checksum that its host states for this very
file (the id of a Git LFS object is its sha256), which is then kept beside it. Weights are
safetensors, or a state dict that is read with weights_only. Non-commercial models are never a
default.
"""

import json
import shutil
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from zograscope_server import capabilities
from zograscope_server.models.errors import ModelError
from zograscope_server.models.loader import all_loaders

DEFAULT = "default"
CONFIG = "config.json"
LOCAL_LICENCE = "as its folder says"
UNKNOWN_PURPOSE = "unknown"


@dataclass(frozen=True)
class ModelFile:
    """One file of a model.

    Attributes:
        name: what it is called in the model's folder, and in the model's repository.
        sha256: of its bytes; None where its host is to state it.
        path: in the repository, where it is not the name.
        address: on the web, where it lies in no repository.
        wheel: a Python package, with its version, whose wheel holds the same bytes, for where
            nothing but a package registry can be reached.
        path_in_wheel: where.
    """

    name: str
    sha256: str | None = None
    path: str = ""
    address: str = ""
    wheel: str = ""
    path_in_wheel: str = ""


@dataclass(frozen=True)
class Model:
    """A model of the catalogue, or a folder that the artist brought.

    Attributes:
        name: how parameters and commands call it.
        licence: short, for people.
        commercial: whether the licence allows commercial work.
        good_for: one sentence for the artist.
        purpose: what it is for, such as "depth"; the loader of that purpose loads it.
        embedded: whether it comes with Zograscope and needs no download.
        set_up: whether it is fetched in the set-up, into this Python's own environment, so that it
            is there for every server that runs from it.
        default: of its purpose while nothing better is installed; one of those that are embedded,
            or else fetched in the set-up.
        metric: whether it gives metres and a field of view.
        recommended: the best download for most; once installed, the default of its purpose.
        repository: where its files come from; empty for what is embedded or local.
        revision: which state of the repository.
        bytes: of all files together, about.
    """

    name: str
    title: str
    purpose: str
    licence: str
    commercial: bool
    good_for: str
    embedded: bool = False
    set_up: bool = False
    default: bool = False
    metric: bool = False
    recommended: bool = False
    repository: str = ""
    revision: str = "main"
    bytes: int = 0
    files: tuple[ModelFile, ...] = field(default=())


@cache
def catalogue() -> dict[str, Model]:
    """Return the models that Zograscope knows of, by name."""
    return read_catalogue(capabilities.files("models.toml"))


def read_catalogue(parts: Iterable[Traversable]) -> dict[str, Model]:
    """Return the models of the catalogue's parts, by name. Raises ValueError for a name twice."""
    models: dict[str, Model] = {}
    for part in parts:
        for entry in tomllib.loads(part.read_text("utf-8"))["models"]:
            files = tuple(ModelFile(**file) for file in entry.pop("files", ()))
            model = Model(**entry, files=files)
            if model.name in models:
                raise ValueError(f"the catalogue has two models called {model.name!r}")
            models[model.name] = model
    return models


def find_model(name: str, models_folder: Path, purpose: str | None = None) -> Model:
    """Return the model of that name.

    Args:
        name: of the catalogue or of a local model; with a purpose, also `default`.
        models_folder: where local models are.
        purpose: what the model has to be for.

    Raises:
        ZograscopeError: `unknown-model`, `model-of-another-task`, `model-file-wrong`.
    """
    if name == DEFAULT and purpose is not None:
        return default_model(purpose, models_folder)
    for model in [*catalogue().values(), *local_models(models_folder)]:
        if name == model.name:
            _check_purpose(model, purpose)
            return model
    raise ModelError("unknown-model", name=name)


def _check_purpose(model: Model, wanted: str | None) -> None:
    if wanted in (None, model.purpose):
        return
    if model.purpose == UNKNOWN_PURPOSE:
        raise ModelError(
            "model-file-wrong",
            name=model.name,
            problem=f"its {CONFIG} is not of a kind that is known here",
        )
    raise ModelError("model-of-another-task", name=model.name, purpose=model.purpose, wanted=wanted)


def default_model(purpose: str, models_folder: Path) -> Model:
    """Return what is for a purpose where nobody chose: the recommended, or else its `default`."""
    candidates = [model for model in catalogue().values() if model.purpose == purpose]
    for model in candidates:
        if model.recommended and is_installed(model, models_folder):
            return model
    return next(model for model in candidates if model.default)


def local_models(models_folder: Path) -> list[Model]:
    """Return the artist's own models: folders with a config.json that the catalogue has not."""
    if not models_folder.is_dir():
        return []
    return [
        Model(
            name=folder.name,
            title=folder.name,
            purpose=_purpose_of(folder / CONFIG),
            licence=LOCAL_LICENCE,
            commercial=False,
            good_for="A model of your own, from the models folder.",
        )
        for folder in sorted(models_folder.iterdir())
        if folder.name not in catalogue() and (folder / CONFIG).is_file()
    ]


def _purpose_of(config: Path) -> str:
    """Return the purpose of the loader that recognises a config.json."""
    try:
        content = json.loads(config.read_text("utf-8"))
    except (OSError, ValueError):
        return UNKNOWN_PURPOSE
    if not isinstance(content, dict):
        return UNKNOWN_PURPOSE
    recognised = (loader.purpose for loader in all_loaders() if loader.recognises(content))
    return next(recognised, UNKNOWN_PURPOSE)


def add_model(source: Path, models_folder: Path) -> str:
    """Copy the artist's own checkpoint folder into the models folder; return the model's name.

    Raises ZograscopeError `model-file-wrong` for what is no checkpoint, and as
    `check_name_is_free`.
    """
    source = source.resolve()
    if not (source / CONFIG).is_file():
        problem = "it has no config.json of a checkpoint"
        if source.is_file():
            problem = "no weights that are known here could be read from it"
        raise ModelError("model-file-wrong", name=str(source), problem=problem)
    check_name_is_free(source.name, source)
    target = models_folder.resolve() / source.name
    if source != target:
        shutil.copytree(source, target, dirs_exist_ok=True)
    return source.name


def is_taken(name: str) -> bool:
    """Whether the catalogue has a model of that name."""
    return name == DEFAULT or name in catalogue()


def check_name_is_free(name: str, source: Path) -> None:
    """Raise ZograscopeError `model-file-wrong` for a name that the catalogue has.

    Its licence would be told of another's weights.
    """
    if is_taken(name):
        raise ModelError(
            "model-file-wrong",
            name=str(source),
            problem="the catalogue has a model of that name; rename the folder",
        )


def set_up_folder() -> Path:
    """Return where the set-up puts models: in the environment of this Python."""
    return Path(sys.prefix) / "share" / "zograscope" / "models"


def set_up_models() -> list[Model]:
    """Return the models that the set-up fetches."""
    return [model for model in catalogue().values() if model.set_up]


def is_installed(model: Model, models_folder: Path) -> bool:
    """Whether all files of the model are here."""
    return model.embedded or _folder_of(model, models_folder) is not None


def installed_folder(model: Model, models_folder: Path) -> Path:
    """Return the folder of an installed model. Raises ZograscopeError `model-not-installed`."""
    folder = _folder_of(model, models_folder)
    if folder is None:
        raise ModelError("model-not-installed", name=model.name)
    return folder


def _folder_of(model: Model, models_folder: Path) -> Path | None:
    """Return the folder with all files of a model, if there is one."""
    names = [file.name for file in model.files] or [CONFIG]
    places = [models_folder, set_up_folder()] if model.set_up else [models_folder]
    folders = (place / model.name for place in places)
    return next((f for f in folders if all((f / name).is_file() for name in names)), None)


def revision_of(name: str, models_folder: Path, purpose: str | None = None) -> str:
    """Name the exact state of a model (see `find_model`): what a cached result depends on."""
    model = find_model(name, models_folder, purpose)
    if model.embedded:
        return model.name
    folder = installed_folder(model, models_folder)
    states = [
        (path.name, path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(folder.iterdir())
    ]
    return json.dumps([model.name, model.revision, states])


def describe_models(models_folder: Path) -> list[dict[str, Any]]:
    """Return what the message `models` says of each model."""
    models = [*catalogue().values(), *local_models(models_folder)]
    purposes = {model.purpose for model in catalogue().values()}
    defaults = [default_model(purpose, models_folder) for purpose in purposes]
    return [
        {
            "name": model.name,
            "title": model.title,
            "task": model.purpose,
            "licence": model.licence,
            "commercial": model.commercial,
            "good_for": model.good_for,
            "metric": model.metric,
            "recommended": model.recommended,
            "bytes": model.bytes,
            "installed": is_installed(model, models_folder),
            "default": model in defaults,
            "embedded": model.embedded,
        }
        for model in models
    ]
