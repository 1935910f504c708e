"""From an operator to a mosaic, over a real server, by calling the timer's function."""

import importlib
import json
import math

import bpy
import numpy as np
import pytest

from ..conftest import forget_everything, pump
from .conftest import make_mosaic_result

COUNT = 24


@pytest.fixture(scope="module")
def selection(zograscope):
    return importlib.import_module(zograscope.__name__ + ".mosaic.selection")


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    """Images in two families, and a table that tells of them."""
    folder = tmp_path_factory.mktemp("collection")
    rows = ["file,title,date,link,family"]
    for number in range(COUNT):
        pixels = np.zeros((32, 48, 4), np.float32)
        pixels[..., 3] = 1
        if number % 2:
            pixels[:, :: 2 + number // 8, 0] = 0.9
        else:
            pixels[number : number + 6, 8:20, 2] = 0.9
        pixels[0, number] = 1
        image = bpy.data.images.new("made", 48, 32)
        image.pixels.foreach_set(pixels.ravel())
        image.file_format = "PNG"
        image.save(filepath=str(folder / f"{number:02d}.png"))
        bpy.data.images.remove(image)
        family = ("spot", "stripes")[number % 2]
        link = "https://example.org" if number == 3 else "javascript:alert(1)"
        rows.append(f"{number:02d}.png,Picture {number},{1900 + number},{link},{family}")
    (folder / "table.csv").write_text("\n".join(rows))
    return folder


def build(link, scene, path, **settings) -> None:
    scene.zograscope_mosaic.collection = str(path)
    for name, value in {"frames": 24, "by_colour": False, **settings}.items():
        setattr(scene.zograscope_mosaic, name, value)
    bpy.ops.zograscope.build_mosaic()
    pump(link, lambda: not link.jobs)


@pytest.fixture
def made_up(builders, scene):
    """A mosaic in the scene without a server."""
    arrays, metadata = make_mosaic_result(COUNT, 5)
    return builders.build_mosaic(arrays, metadata, "numbers", scene)


def test_a_table_becomes_a_mosaic(scene, link, collection, builders):
    build(link, scene, collection / "table.csv", by_date=True)
    assert not link.errors
    (mosaic,) = builders.mosaics(scene)
    assert len(mosaic.tiles.data.vertices) == COUNT
    assert mosaic.layouts == [
        *("Similarity, cloud", "Similarity, grid", "Date, cloud", "Date, grid")
    ]
    assert bpy.context.view_layer.objects.active == mosaic.tiles
    assert scene.camera == mosaic.camera
    assert scene.frame_end == 24
    assert scene.zograscope_mosaic.job_id == ""
    assert "date" in mosaic.height_attributes


def test_similar_tiles_and_originals_come_from_the_server(scene, link, collection, builders):
    build(link, scene, collection / "table.csv")
    (mosaic,) = builders.mosaics(scene)
    settings = scene.zograscope_mosaic
    settings.selected = 5
    bpy.ops.zograscope.find_similar(from_file=False)
    pump(link, lambda: not link.jobs)
    found = [tile.tile for tile in settings.found]
    assert found[0] == 5
    assert sum(tile % 2 for tile in found[:6]) >= 5
    settings.similar_to = str(collection / "08.png")
    bpy.ops.zograscope.find_similar(from_file=True)
    pump(link, lambda: not link.jobs)
    assert settings.found[0].tile == 8
    bpy.ops.zograscope.close_ups()
    pump(link, lambda: not link.jobs)
    (plane,) = mosaic.close_ups.objects
    image = plane.data.materials[0].node_tree.nodes["Picture"].image
    assert tuple(image.size) == (48, 32)


def test_a_poster_and_a_page_are_written(scene, link, collection, tmp_path):
    build(link, scene, collection / "table.csv")
    bpy.ops.zograscope.export_poster(filepath=str(tmp_path / "poster.jpg"), width_pixels=300)
    pump(link, lambda: not link.jobs)
    bpy.ops.zograscope.export_page(filepath=str(tmp_path / "page"), width_pixels=300)
    pump(link, lambda: not link.jobs)
    assert not link.errors
    assert bpy.data.images.load(str(tmp_path / "poster.jpg")).size[0] == 300
    assert (tmp_path / "page" / "index.html").is_file()


def test_what_cannot_be_built_is_told(scene, link, tmp_path):
    (tmp_path / "empty").mkdir()
    for path, words in ((tmp_path / "nowhere", "nowhere"), (tmp_path / "empty", "no image")):
        build(link, scene, path)
        assert words in link.errors[-1].sentence
        forget_everything(link)
    settings = scene.zograscope_mosaic
    for name, value, words in (
        ("collection", "", "no collection"),
        ("layout", "column", "no column"),
        ("collection", "https://example.org/manifest.json", "offline"),
    ):
        settings.layout, settings.collection = "tsne", str(tmp_path)
        setattr(settings, name, value)
        bpy.ops.zograscope.build_mosaic()
        assert words in link.errors[-1].sentence
        assert not link.jobs


def test_a_job_is_taken_up_again_after_loading(scene, link, collection, tmp_path, builders):
    settings = scene.zograscope_mosaic
    settings.collection, settings.own_scene = str(collection), False
    bpy.ops.zograscope.build_mosaic()
    pump(link, lambda: link.jobs[0].state in ("queued", "running"))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "waiting.blend"))
    link.reconnect()
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "waiting.blend"))
    pump(link, lambda: list(builders.mosaics(bpy.context.scene)))
    assert bpy.context.scene.zograscope_mosaic.job_id == ""


def test_searching_dims_the_others(scene, made_up, builders, node_wiring):
    settings = scene.zograscope_mosaic
    settings.query = "tile 7"
    bpy.ops.zograscope.search_tiles()
    assert [tile.tile for tile in settings.found] == [7, 17]
    matches = builders.read_attribute(made_up.tiles.data, "match")
    assert matches.nonzero()[0].tolist() == [7, 17]
    assert node_wiring.get_input(made_up.modifier, "Dim others") < 1
    bpy.ops.zograscope.clear_search()
    assert builders.read_attribute(made_up.tiles.data, "match").all()
    assert not settings.found


def test_stops_make_a_journey(scene, made_up, link):
    settings = scene.zograscope_mosaic
    settings.journey = "visit"
    bpy.ops.zograscope.apply_journey()
    assert "list of stops is empty" in link.errors[-1].sentence
    settings.query = "tile 1"
    bpy.ops.zograscope.search_tiles()
    bpy.ops.zograscope.edit_stops(action="ADD_FOUND")
    count = len(settings.stops)
    assert count == 12  # 1, 10 to 19, 21
    bpy.ops.zograscope.edit_stops(action="REMOVE")
    assert len(settings.stops) == count - 1
    settings.journey = "clusters"
    bpy.ops.zograscope.apply_journey()
    assert made_up.camera.animation_data.action is not None


def test_morphing_keys_the_slider(scene, made_up, node_wiring):
    scene.frame_set(10)
    bpy.ops.zograscope.morph_to(layout=0, animate=True)
    scene.frame_set(10)
    assert made_up.settings().morph == pytest.approx(0)
    scene.frame_set(10 + scene.zograscope_mosaic.morph_frames)
    assert made_up.settings().morph == pytest.approx(1)
    assert (made_up.settings().start, made_up.settings().end) == (1, 0)


def test_height_and_labels(scene, made_up, node_wiring):
    flat = np.ptp(made_up.places().positions[:, 1])
    bpy.ops.zograscope.choose_height(attribute="date")
    assert np.ptp(made_up.places().positions[:, 1]) > flat + 1
    bpy.ops.zograscope.label_clusters()
    assert sum(child.type == "FONT" for child in made_up.tiles.children) == 2


def test_only_web_addresses_are_opened(scene, link, collection, selection):
    build(link, scene, collection / "table.csv")
    for tile, opens in ((3, True), (4, False)):
        bpy.ops.zograscope.select_tile(tile=tile)
        assert bpy.ops.zograscope.open_link.poll() == opens
    assert json.dumps(selection.selected_tile(bpy.context)).count("javascript") <= 1


def test_deleted_tiles_are_no_trouble(scene, made_up, builders):
    import bmesh

    edit = bmesh.new()
    edit.from_mesh(made_up.tiles.data)
    edit.verts.ensure_lookup_table()
    bmesh.ops.delete(edit, geom=edit.verts[:10], context="VERTS")
    edit.to_mesh(made_up.tiles.data)
    edit.free()
    scene.zograscope_mosaic.query = "tile 20"
    bpy.ops.zograscope.search_tiles()
    matches = builders.read_attribute(made_up.tiles.data, "match")
    assert made_up.numbers()[matches > 0].tolist() == [20]
    scene.zograscope_mosaic.journey = "clusters"
    bpy.ops.zograscope.apply_journey()
    assert math.isfinite(made_up.camera.location.x)
