"""What is found in File > Import, in the Add menu and by F3, which finds what menus show."""

import importlib
from types import SimpleNamespace
from unittest.mock import MagicMock

import bpy
import pytest


@pytest.fixture
def menus(zograscope):
    return importlib.import_module(zograscope.__name__ + ".menus")


def drawn_by(menu: type) -> list:
    """The functions that add to a menu."""
    return list(menu.draw._draw_funcs)


def test_file_import_has_photographs_and_collections(menus):
    assert menus.draw_entries in drawn_by(bpy.types.TOPBAR_MT_file_import)
    assert menus._draw_submenu in drawn_by(bpy.types.VIEW3D_MT_add)


@pytest.mark.parametrize("word", ["photograph", "mosaic", "zograscope", "collection", "diorama"])
def test_words_that_f3_finds(menus, word):
    menu = MagicMock()
    menus.draw_entries(menu, None)
    texts = [call.kwargs["text"].lower() for call in menu.layout.operator.call_args_list]
    assert any(word in text for text in texts)
    for call in menu.layout.operator.call_args_list:
        getattr(bpy.ops.zograscope, call.args[0].split(".")[1]).get_rna_type()


def test_a_chosen_folder_becomes_a_mosaic(fake_link, scene, tmp_path):
    assert bpy.ops.zograscope.import_collection(directory=str(tmp_path)) == {"FINISHED"}
    assert scene.zograscope_mosaic.collection == str(tmp_path)
    (job,) = fake_link.jobs
    assert job.task == "mosaic"


def test_build_without_a_photograph_asks_for_one(zograscope, scene, monkeypatch):
    module = importlib.import_module(zograscope.__name__ + ".depth.operators")
    asked = []
    operators = MagicMock()
    operators.import_photograph = lambda *how: asked.append(how) or {"RUNNING_MODAL"}
    blender = SimpleNamespace(ops=SimpleNamespace(zograscope=operators))
    monkeypatch.setattr(module, "bpy", blender)
    operator = module.ZOGRASCOPE_OT_build_diorama
    assert operator.invoke(MagicMock(), bpy.context, None) == {"RUNNING_MODAL"}
    assert asked == [("INVOKE_DEFAULT",)]
