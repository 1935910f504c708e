"""A dragged slider is answered by a coarse relief, and nothing else ever knows of it."""

import importlib

import bpy
import pytest


@pytest.fixture
def proxies(zograscope):
    module = importlib.import_module(zograscope.__name__ + ".depth.proxies")
    module._known.clear()
    yield module
    module.unregister()


@pytest.fixture
def diorama(scene, builders, result, proxies, monkeypatch):
    """A diorama that proxies have seen at rest."""
    monkeypatch.setattr(proxies, "PROXY_CELLS", 24)  # of 96
    built = builders.build_diorama(*result, "test", scene)
    proxies._before_evaluation(scene)
    return built


def vertices(diorama) -> int:
    bpy.context.view_layer.update()
    depsgraph = bpy.context.evaluated_depsgraph_get()
    return len(diorama.photograph.evaluated_get(depsgraph).data.vertices)


@pytest.mark.parametrize(
    "setting", ["near", "far", "relief_strength", "cut_threshold", "smoothing", "lit"]
)
def test_a_slider_is_answered_coarsely_until_it_rests(scene, diorama, proxies, setting):
    diorama.root["cut_threshold"] = 1e5  # else the number depends on what is cut
    proxies.changed_roots(scene)
    whole = vertices(diorama)
    diorama.root[setting] = diorama.root[setting] * 1.1 + 0.01
    proxies._before_evaluation(scene)
    assert vertices(diorama) < whole / 8
    assert bpy.app.timers.is_registered(proxies._rest_later)
    proxies._before_evaluation(scene)  # a moment without a change is no end
    assert diorama.root[proxies.PROXY] == 0.25
    diorama.root[setting] += 0.01
    assert proxies._rest_later() == proxies.REST  # it has moved on
    assert diorama.root[proxies.PROXY] == 0.25
    assert proxies._rest_later() is None
    assert vertices(diorama) == whole


def test_a_plate_s_slider_is_one_too(scene, diorama, proxies):
    plate = bpy.data.objects.new("plate", None)
    plate["zograscope_part"], plate.parent = "plate", diorama.root
    scene.collection.objects.link(plate)
    plate["flatness"] = 0.0
    proxies._before_evaluation(scene)
    assert diorama.root[proxies.PROXY] == 1.0
    plate["flatness"] = 0.5
    proxies._before_evaluation(scene)
    assert diorama.root[proxies.PROXY] < 1.0


def test_other_changes_and_key_frames_are_none(scene, diorama, proxies):
    diorama.root["viewport_resolution"] *= 0.9  # which shows what it says
    diorama.root.location.x = 3.0
    proxies._before_evaluation(scene)
    diorama.root["near"] = 1.5
    proxies._after_a_frame(scene)
    proxies._before_evaluation(scene)
    assert diorama.root[proxies.PROXY] == 1.0


def test_an_export_is_whole_while_a_slider_is_dragged(scene, diorama, proxies, builders):
    whole = len(builders.diorama_layers(diorama)["photograph"]["vertices"])
    proxies.hold_down(diorama.root)
    assert len(builders.diorama_layers(diorama)["photograph"]["vertices"]) == whole


def test_a_diorama_of_an_earlier_version_is_left_alone(scene, diorama, proxies):
    del diorama.root[proxies.PROXY]
    diorama.root["near"] = 2.0
    proxies._before_evaluation(scene)
    assert proxies.PROXY not in diorama.root


def test_a_scene_is_looked_through_only_where_objects_came_or_went(
    scene, diorama, proxies, monkeypatch
):
    looked, has_settings = [], proxies._has_settings

    def look(item):
        looked.append(item.name)
        return has_settings(item)

    monkeypatch.setattr(proxies, "_has_settings", look)
    bystander = bpy.data.objects.new("bystander", None)
    scene.collection.objects.link(bystander)
    proxies._before_evaluation(scene)
    assert sorted(looked) == sorted(item.name for item in scene.objects)
    looked.clear()
    diorama.root["near"] *= 1.1
    proxies._before_evaluation(scene)
    assert diorama.root[proxies.PROXY] < 1.0 and not looked
    proxies.rest_all()

    bpy.data.objects.remove(bystander)  # there are as many as before
    plate = bpy.data.objects.new("plate", None)
    plate["zograscope_part"], plate.parent = "plate", diorama.root
    plate["flatness"] = 0.0
    scene.collection.objects.link(plate)
    proxies._before_evaluation(scene)
    assert "plate" in looked and diorama.root[proxies.PROXY] == 1.0
    plate["flatness"] = 0.5
    proxies._before_evaluation(scene)
    assert diorama.root[proxies.PROXY] < 1.0
