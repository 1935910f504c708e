"""Every capability keeps to the convention by which the server finds what it brings."""

import importlib
import importlib.util
import pkgutil

import pytest
import zograscope_server
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.options import Options
from zograscope_server import capabilities
from zograscope_server.models.catalogue import catalogue
from zograscope_server.models.loader import ModelLoader, all_loaders
from zograscope_server.tasks import load_tasks

FOLDERS = (*capabilities.SHARED, *capabilities.NAMES)


@pytest.mark.parametrize("name", capabilities.NAMES)
def test_a_capability_brings_tasks_of_its_own(name):
    folder = f"zograscope_server.{name}"
    importlib.import_module(f"{folder}.tasks")
    theirs = [
        task for task in load_tasks().values() if task.function.__module__ == f"{folder}.tasks"
    ]
    assert theirs
    for task in theirs:
        assert issubclass(task.options, Options)
        assert task.options.__module__.startswith(f"zograscope_protocol.{name}")


def test_every_task_is_of_a_capability():
    folders = {task.function.__module__.split(".")[1] for task in load_tasks().values()}
    assert set(capabilities.NAMES) <= folders <= set(FOLDERS)


def test_every_purpose_of_the_catalogue_has_one_loader():
    loaders = all_loaders()
    assert all(isinstance(loader, ModelLoader) for loader in loaders)
    purposes = [loader.purpose for loader in loaders]
    assert len(set(purposes)) == len(purposes)
    assert {model.purpose for model in catalogue().values()} <= set(purposes)


def test_commands_are_found_in_the_capabilities_folders():
    commands = capabilities.commands()
    assert {"diorama", "mosaic", "embed", "verify"} <= set(commands)
    for name, module in commands.items():
        assert module.__name__.split(".")[1] in FOLDERS, name
        assert callable(module.add_parser)
        assert callable(module.run)


def test_no_two_errors_have_one_code():
    for module in pkgutil.walk_packages(zograscope_server.__path__, "zograscope_server."):
        if module.name.endswith(".errors"):
            importlib.import_module(module.name)
    classes = [ZograscopeError, *ZograscopeError.__subclasses__()]
    assert {"ServerError", "DepthError", "MosaicError"} <= {kind.__name__ for kind in classes}
    codes = [code for kind in classes for code in vars(kind)["SENTENCES"]]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("name", capabilities.NAMES)
def test_a_capability_knows_no_other(name):
    """What capabilities share lies beside them."""
    others = [f"zograscope_server.{other}" for other in capabilities.NAMES if other != name]
    package = importlib.import_module(f"zograscope_server.{name}")
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        source = importlib.util.find_spec(module.name).loader.get_source(module.name)
        assert not [other for other in others if other in source], module.name


def test_what_is_shared_knows_no_capability():
    packages = [
        importlib.import_module(f"zograscope_server.{folder}")
        for folder in (*capabilities.SHARED, "collection", "broker", "worker")
    ]
    names = [f"zograscope_server.{name}" for name in capabilities.NAMES]
    for package in packages:
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            source = importlib.util.find_spec(module.name).loader.get_source(module.name)
            assert not [name for name in names if name in source], module.name
