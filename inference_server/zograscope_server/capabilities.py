"""The capabilities of the server. To add one is to add a folder, and its name here.

What a capability brings is found inside its folder by these names, each of them optional:

    tasks.py         declares its tasks
    loading.py       LOADERS: how models of its purposes come into memory
    models.toml      its part of the catalogue
    errors.py        a ZograscopeError with the sentences that it says
    commands/        one module for each subcommand of `zograscope`

The broker imports `tasks` and `loading`, which must be quick: torch, OpenCV, SciPy and the like are
imported inside the functions that need them.
"""

import importlib
import importlib.util
import pkgutil
from importlib import resources
from importlib.resources.abc import Traversable
from types import ModuleType

NAMES = (
    "depth",
    "mosaic",
    "portrait",
    "generative",
)

SHARED = ("diagnostics", "models", "embedding", "faces", "media", "provenance")
"""What every server has beside its capabilities, found in the same way."""


def modules(name: str) -> list[ModuleType]:
    """Return the modules of that name which the capabilities have, imported."""
    places = [f"zograscope_server.{folder}.{name}" for folder in (*SHARED, *NAMES)]
    return [importlib.import_module(place) for place in places if importlib.util.find_spec(place)]


def files(name: str) -> list[Traversable]:
    """Return the files of that name which the capabilities have."""
    folders = [resources.files(f"zograscope_server.{folder}") for folder in (*SHARED, *NAMES)]
    return [folder / name for folder in folders if (folder / name).is_file()]


def commands() -> dict[str, ModuleType]:
    """Return the modules of the capabilities' subcommands, by the name of each."""
    found = {}
    for package in modules("commands"):
        for module in pkgutil.iter_modules(package.__path__):
            found[module.name] = importlib.import_module(f"{package.__name__}.{module.name}")
    return found
