"""What the panels of dioramas show, and when."""

import importlib
from types import SimpleNamespace
from unittest.mock import MagicMock

import bpy
import numpy as np
import pytest


@pytest.fixture
def diorama(scene, builders, result):
    return builders.build_diorama(*result, "test", scene)


def draw(name: str, scene) -> MagicMock:
    layout = MagicMock()
    for element in ("row", "column", "box", "split"):
        getattr(layout, element).return_value = layout
    layout.panel.return_value = layout, layout
    context = SimpleNamespace(scene=scene, object=None)
    getattr(bpy.types, f"ZOGRASCOPE_PT_{name}").draw(SimpleNamespace(layout=layout), context)
    return layout


def shown(context) -> set[str]:
    """Which of the panels that wait for something are shown."""
    names = ("new_diorama", "another_diorama", "diorama", "mosaic", "portrait_there", "landscape")
    panels = {name: getattr(bpy.types, f"ZOGRASCOPE_PT_{name}") for name in names}
    return {name for name, panel in panels.items() if panel.poll(context)}


def test_what_is_selected_comes_first_and_the_new_is_folded(scene, diorama):
    assert shown(bpy.context) == {"another_diorama", "diorama"}
    selected, new = bpy.types.ZOGRASCOPE_PT_diorama, bpy.types.ZOGRASCOPE_PT_another_diorama
    assert selected.bl_order < new.bl_order
    assert "DEFAULT_CLOSED" in new.bl_options
    bpy.data.objects.remove(diorama.root)
    assert shown(bpy.context) == {"new_diorama"}
    first = bpy.types.ZOGRASCOPE_PT_new_diorama
    assert "DEFAULT_CLOSED" not in getattr(first, "bl_options", ())


def test_a_diorama_is_not_shown_beside_what_is_selected_instead(scene, diorama, zograscope):
    mark = importlib.import_module(zograscope.__name__ + ".generative.boards").BOARD_MARK
    board = bpy.data.objects.new("board", None)
    board[mark] = "samples"
    scene.collection.objects.link(board)
    context = SimpleNamespace(scene=scene, object=board)
    assert shown(context) == {"another_diorama"}
    for item in (None, diorama.camera):
        context.object = item
        assert shown(context) == {"another_diorama", "diorama"}


def test_every_setting_of_the_relief_has_a_slider_in_its_units(scene, diorama, builders):
    drawn = [call.args[1] for call in draw("diorama_relief", scene).prop.call_args_list]
    assert {f'["{key}"]' for key in builders.SETTING_RANGES} == set(drawn)
    units = {
        key: diorama.root.id_properties_ui(key).as_dict()["subtype"]
        for key in ("near", "far", "smoothing", "cut_threshold")
    }
    assert units == {
        "near": "DISTANCE",
        "far": "DISTANCE",
        "smoothing": "PIXEL",
        "cut_threshold": "NONE",
    }


def test_exact_or_smooth_is_pressed(scene, diorama):
    for smooth in (True, False):
        bpy.ops.zograscope.picture_filter(smooth=smooth)
        calls = draw("diorama_look", scene).operator.call_args_list
        pressed = {call.kwargs["text"]: call.kwargs["depress"] for call in calls[:2]}
        assert pressed == {"Exact": not smooth, "Smooth": smooth}


def test_all_that_can_be_chosen_of_a_diorama_is_drawn(scene):
    settings = scene.zograscope_depth
    settings.depth_map = "depth.png"
    drawn = {call.args[1] for call in draw("new_diorama", scene).prop.call_args_list}
    choices = {choice.identifier for choice in settings.bl_rna.properties}
    assert choices - drawn == {"rna_type", "name", "model", "job_id"}


def test_too_far_a_reach_warns(scene, diorama):
    warnings = {}
    for reach in (1.0, 1.2):
        scene.zograscope_depth.reach = reach
        warnings[reach] = draw("diorama_camera", scene).label.call_args_list
    assert not warnings[1.0]
    (warning,) = warnings[1.2]
    assert len(warning.kwargs["text"]) < 30  # one line of the sidebar


def test_a_relief_s_preset_comes_back_on_another_diorama(scene, builders, result, diorama):
    presets = "ZOGRASCOPE_PT_depth_relief_presets"
    chosen = {"near": 2.0, "far": 30.0, "relief_strength": 0.5, "smoothing": 3.0}
    for name, value in chosen.items():
        diorama.root[name] = value
    assert bpy.ops.zograscope.add_depth_relief_preset(name="shallow") == {"FINISHED"}
    other = builders.build_diorama(*result, "other", scene)
    bpy.context.view_layer.objects.active = other.photograph
    before = np.array(evaluated_z(other))
    path = bpy.utils.preset_find("shallow", "zograscope/depth_relief")
    assert bpy.ops.script.execute_preset(filepath=path, menu_idname=presets) == {"FINISHED"}
    assert {name: other.root[name] for name in chosen} == chosen
    after = np.array(evaluated_z(other))
    assert after.shape != before.shape or not np.allclose(after, before)
    bpy.ops.zograscope.add_depth_relief_preset(name="shallow", remove_name=True)


def evaluated_z(diorama) -> list[float]:
    bpy.context.view_layer.update()
    depsgraph = bpy.context.evaluated_depsgraph_get()
    return [v.co.z for v in diorama.photograph.evaluated_get(depsgraph).data.vertices]
