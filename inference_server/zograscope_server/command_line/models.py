"""`zograscope models`: which models there are, which of them are here, and fetching them."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm
from zograscope_protocol.connection import state_folder

from zograscope_server.models import catalogue, downloads
from zograscope_server.models.errors import ModelError
from zograscope_server.models.loader import all_loaders


def add_parser(subparsers: Any) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser("models", help="list, fetch, add and remove models")
    parser.add_argument(
        "action",
        nargs="?",
        choices=("list", "fetch", "download", "add", "remove"),
        default="list",
        help="fetch brings the small ones that faces are found by, into this installation",
    )
    parser.add_argument("what", nargs="?", help="a model's name, or the folder or file to add")
    parser.add_argument(
        "--architecture",
        metavar="NAME",
        default="",
        help="whose weights are added, to compare pictures: timm/NAME or torchvision/NAME",
    )
    parser.add_argument("--name", default="", help="what to call added weights")
    parser.add_argument("--models", type=Path, metavar="FOLDER", help="the models folder")
    parser.add_argument("--json", action="store_true", help="list as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked with the models folder of this machine."""
    folder = arguments.models or state_folder() / "models"
    if arguments.action == "list":
        _list(folder, as_json=arguments.json)
    elif arguments.action == "fetch":
        _fetch(arguments.models)
    elif not arguments.what:
        raise ModelError("unknown-model", name="")
    elif arguments.action == "add":
        print(f"{_add(arguments, folder)} is installed.")
    else:
        model = catalogue.find_model(arguments.what, folder)
        if arguments.action == "remove":
            downloads.remove_model(model, folder)
            print(f"{model.title} is removed.")
        else:
            _download(model, folder)
    return 0


def _add(arguments: argparse.Namespace, folder: Path) -> str:
    source = Path(arguments.what)
    for loader in all_loaders():
        if added := loader.add(source, arguments.architecture, folder, arguments.name):
            return added
    return catalogue.add_model(source, folder)


def _fetch(folder: Path | None) -> None:
    """Fetch what belongs to every installation and is not here yet."""
    if folder is None:
        writable = os.access(sys.prefix, os.W_OK)
        folder = catalogue.set_up_folder() if writable else state_folder() / "models"
    for model in catalogue.set_up_models():
        if not catalogue.is_installed(model, folder):
            _download(model, folder)


def _list(folder: Path, *, as_json: bool) -> None:
    models = catalogue.describe_models(folder)
    if as_json:
        print(json.dumps(models, indent=2))
        return
    for model in models:
        here = "installed" if model["installed"] else f"{model['bytes'] / 1e6:.0f} MB to download"
        if model["embedded"]:
            here = "comes with Zograscope"
        work = "" if model["commercial"] else ", NOT for commercial work"
        notes = [here, model["licence"] + work]
        if model["recommended"]:
            notes.append("recommended")
        if model["default"]:
            notes.append(f"the default for {model['task']}")
        print(f"{model['name']}  ({'; '.join(notes)})")
        print(f"    {model['good_for']}")


def _download(model: catalogue.Model, folder: Path) -> None:
    print(f"{model.title}, licence {model.licence}")
    with tqdm(unit="B", unit_scale=True) as bar:

        def on_progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        downloads.download_model(model, folder, on_progress)
    print(f"{model.title} is installed.")
