"""The stock: pieces of libraries as they are read, and as scenes get them."""

import zipfile
from dataclasses import replace

import numpy as np
import pytest

from training.depth import banks, stock
from training.depth.furnished import furnished, shown
from training.depth.rendering import Scene, render

# A wedge that is y up and faces +z: low in front, high behind; and a pane of glass over it.
MODEL = """mtllib thing.mtl
v -1 0 1
v 1 0 1
v 1 0 -1
v -1 0 -1
v -1 2 -1
v 1 2 -1
usemtl red
f 1 2 6 5
f 2 3 6
f 1 5 4
usemtl blue
f 3 4 5 6
f 1 4 3 2
usemtl glass
f 1 2 5
"""
COLOURS = """newmtl red
Kd 1 0 0
newmtl blue
Kd 0 0 1
newmtl glass
Kd 1 1 1
d 0.1
"""
ENTRY = """name#{n}={name}
category#{n}={category}
model#{n}=/things/thing/thing.obj
width#{n}={width}
depth#{n}=30
height#{n}={height}
doorOrWindow#{n}={door}
"""


def entry(n: int, name: str, category="Office", width=40, height=80, door="false", more="") -> str:
    return ENTRY.format(**locals()) + more


@pytest.fixture
def library(tmp_path):
    """library(*entries) -> the folder of a library with these entries, all of one model."""

    def make(*entries: str):
        with zipfile.ZipFile(tmp_path / "Things.sh3f", "w") as archive:
            archive.writestr(
                "PluginFurnitureCatalog.properties", "id=Things\n" + "\n".join(entries)
            )
            archive.writestr("things/thing/thing.obj", MODEL)
            archive.writestr("things/thing/thing.mtl", COLOURS)
        return tmp_path

    return make


def test_a_piece_has_its_size_stands_and_faces_the_viewer(library):
    made = stock.gather(library(entry(1, "Chair", more="dropOnTopElevation#1=45.5\n")))
    assert made.names.tolist() == ["Chair"] and made.kinds.tolist() == ["seat"]
    assert made.tops == pytest.approx([0.455])
    assert np.ptp(made.vertices, 0) == pytest.approx([0.4, 0.3, 0.8])
    assert made.vertices[:, 2].min() == 0
    assert (made.vertices.min(0) + made.vertices.max(0))[:2] == pytest.approx([0, 0], abs=1e-6)
    high = made.vertices[made.vertices[:, 2] > 0.4]
    assert (high[:, 1] > 0).all(), "its back is away from who stands at -y"


def test_parts_keep_their_colours_and_glass_is_left_out(library):
    made = stock.gather(library(entry(1, "Chair")))
    assert {tuple(colour) for colour in made.colours.tolist()} == {(1, 0, 0), (0, 0, 1)}
    # Of one part the slope and two sides, of the other back and foot.
    assert np.bincount(made.parts).tolist() == [4, 4]
    lengths = np.linalg.norm(made.normals.astype(float), axis=1)
    assert lengths == pytest.approx(stock.FINE, abs=2)


def test_a_model_is_turned_as_its_entry_says(library):
    turn = "modelRotation#1=0 0 1 0 1 0 -1 0 0\n"  # a quarter about its height
    made = stock.gather(library(entry(1, "Chair", more=turn)))
    high = made.vertices[made.vertices[:, 2] > 0.4]
    assert np.ptp(high[:, 0]) == pytest.approx(0, abs=1e-6)
    assert np.ptp(made.vertices, 0) == pytest.approx([0.4, 0.3, 0.8])


def test_what_is_fitted_to_walls_and_people_are_left_out(library):
    made = stock.gather(
        library(
            entry(1, "Window", door="true"),
            entry(2, "Door", category="Doors and windows"),
            entry(3, "Man", category="Characters"),
            entry(4, "Cup", width=10, height=12),
            entry(5, "Wall lamp", more="elevation#5=150\n"),
        )
    )
    assert dict(zip(made.names.tolist(), made.kinds.tolist(), strict=True)) == {
        "Cup": "small",
        "Wall lamp": "hung",
    }


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Yamaha YZR R6", "cycle"),
        ("Renault Scenic", "vehicle"),
        ("Round table", "table"),
        ("Table fan", "furniture"),
        ("Street lamp", "lamp"),
        ("Grand piano", "furniture"),
    ],
)
def test_large_pieces_are_told_apart_by_their_names(name, kind):
    assert stock.kind_of(name, np.array([2.0, 1.0, 1.0]), 0.0) == kind


def test_without_libraries_it_is_said_what_to_install(tmp_path):
    with pytest.raises(FileNotFoundError, match="sweethome3d-furniture"):
        stock.gather(tmp_path)


def test_what_is_kept_is_read_again(library, tmp_path):
    made = stock.gather(library(entry(1, "Chair"), entry(2, "Table", width=90)))
    again = banks.kept(stock.Stock, tmp_path / "kept" / "stock.npz", lambda: made)
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["stock.npz"]
    for name, values in vars(made).items():
        assert np.array_equal(getattr(again, name), values), name


def test_a_piece_in_a_scene_has_a_material_for_each_part(few_things):
    scene = Scene(np.random.default_rng(2))
    for number in range(len(few_things.names)):
        before = len(scene.materials)
        mesh = few_things.made(scene, number)
        parts = np.diff(few_things.part_starts)[number]
        assert len(scene.materials) == before + parts
        assert set(mesh.materials.tolist()) <= set(range(before, before + parts))
        assert mesh.triangles.max() < len(mesh.vertices)
        assert mesh.vertices[:, 2].min() == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("kind", [furnished, shown])
def test_scenes_show_pieces_of_the_stock_in_places_that_make_sense(kind):
    for seed in range(8):
        scene, camera = kind(np.random.default_rng([3, seed]))
        light, depth = render(scene, replace(camera, size=(24, 32)))
        assert np.isfinite(light).all() and (light >= 0).all()
        assert depth.min() > 0.02
        assert (depth < 400).mean() > 0.3
