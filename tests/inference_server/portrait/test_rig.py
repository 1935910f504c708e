"""The portrait's own head as a mesh: whole, finite, at rest the picture, moved by 52 names."""

import cv2
import numpy as np
import pytest
from zograscope_server.faces.landmarks import EXPRESSIONS
from zograscope_server.portrait.mesh.eyes import eye_opening
from zograscope_server.portrait.mesh.rasterizer import FAR, Window, draw_places
from zograscope_server.portrait.rig import EYES, MOUTH, PICTURE, TEXTURES, Rig, make_rig
from zograscope_server.portrait.source import read_source

from .conftest import SIDE, as_png


@pytest.fixture(scope="module")
def rig(picture, face, tools) -> Rig:
    return make_rig(read_source(as_png(picture).tobytes(), "drawn.png"), face, tools.segmenter)


def test_the_mesh_is_valid(rig):
    count = len(rig.vertices)
    assert rig.triangles.shape[1:] == (3,) and rig.triangles.dtype == np.int32
    assert rig.triangles.min() >= 0 and rig.triangles.max() < count
    a, b, c = rig.triangles.T
    assert ((a != b) & (b != c) & (c != a)).all()
    assert rig.shape_keys.shape == (len(EXPRESSIONS), count, 3)
    for values in (rig.vertices, rig.shape_keys, rig.uv, rig.head, rig.pivot):
        assert values.dtype == np.float32 and np.isfinite(values).all()
    assert ((rig.head >= 0) & (rig.head <= 1)).all()
    assert set(np.unique(rig.materials)) == set(range(len(TEXTURES)))
    assert len(rig.materials) == len(rig.triangles)


def test_places_in_textures(rig):
    """Beyond the picture's border the mesh goes on, and its border with it; all else is inside."""
    for number, name in enumerate(TEXTURES):
        used = np.unique(rig.triangles[rig.materials == number])
        uv = rig.uv[used]
        inside = ((uv >= 0) & (uv <= 1)).all(axis=1)
        if number == PICTURE:
            place = rig.vertices[used, :2]
            np.testing.assert_array_equal(inside, ((place >= 0) & (place <= SIDE)).all(axis=1))
        else:
            assert inside.all(), name


def test_at_rest_each_vertex_shows_the_place_where_it_is(rig):
    used = np.unique(rig.triangles[rig.materials == PICTURE])
    place = rig.uv[used] * (1, -1) + (0, 1)
    np.testing.assert_allclose(place * SIDE, rig.vertices[used, :2], atol=0.01)


def test_triangles_run_counter_clockwise_for_the_viewer(rig):
    seen = np.isin(rig.materials, [TEXTURES.index(name) for name in ("picture", "background")])
    a, b, c = (rig.vertices[rig.triangles[seen, corner], :2] for corner in range(3))
    (ux, uy), (vx, vy) = (b - a).T, (c - a).T
    area = uy * vx - ux * vy  # y runs down
    assert area.min() > -1e-3 and (area > 0).mean() > 0.98


@pytest.mark.parametrize("number", [0, 1])
def test_at_rest_an_eye_looks_as_in_the_picture(rig, face, picture, number):
    """The eyeball's texture, at the places of its own vertices between the lids."""
    used = np.unique(rig.triangles[rig.materials == EYES])
    outline = eye_opening(face.points[:, :2], number).astype(np.float32)
    within = [cv2.pointPolygonTest(outline, tuple(map(float, rig.vertices[k, :2])), True) > 1
              for k in used]  # fmt: skip
    used = used[within]
    assert len(used) >= 3
    texture = rig.textures["eyes"].astype(np.float32)
    height, width = texture.shape[:2]
    in_texture = (rig.uv[used] * (1, -1) + (0, 1)) * (width, height) - 0.5
    in_picture = rig.vertices[used, :2] - 0.5
    shown, there = (
        cv2.remap(image, places.astype(np.float32)[None], None, cv2.INTER_LINEAR)[0]
        for image, places in ((texture, in_texture), (picture.astype(np.float32), in_picture))
    )
    assert np.abs(shown - there).mean() < 12


def test_nothing_within_pierces_lids_and_lips(rig):
    """Whatever single expression is made, skin is before eyes and mouth, but for the tongue."""
    within = np.unique(rig.triangles[np.isin(rig.materials, (EYES, MOUTH))])
    skin = rig.triangles[rig.materials == PICTURE]
    for name in ("eyeBlinkLeft", "eyeBlinkRight", "eyeLookUpRight", "jawOpen", "mouthFunnel"):
        moved = rig.vertices + rig.shape_keys[EXPRESSIONS.index(name)]
        _, depth = draw_places(moved, skin, moved[:, :2], Window(0, 0, SIDE, SIDE))
        columns, rows = np.clip(moved[within, :2].astype(int), 0, SIDE - 1).T
        there = depth[rows, columns] < FAR
        before = depth[rows, columns] - moved[within, 2] > 0.5
        assert (before & there).mean() < 0.002, name


def test_what_is_between_the_lips_hangs_on_the_upper_one(rig, face):
    opened = rig.shape_keys[EXPRESSIONS.index("jawOpen")]
    between = np.flatnonzero((rig.vertices == face.points[14]).all(axis=1))
    assert len(between) == 2, "of the lip, and of what is between"
    lip, hanging = sorted(between, key=lambda vertex: -opened[vertex, 1])
    np.testing.assert_allclose(opened[hanging], opened[13], atol=1e-5)
    assert opened[lip, 1] > opened[13, 1] + 2


def test_textures(rig, picture):
    assert set(rig.textures) == set(TEXTURES)
    front, back = rig.textures["picture"], rig.textures["background"]
    assert front.shape == (SIDE, SIDE, 4) and back.shape == (SIDE, SIDE, 3)
    face = front[110:180, 90:160]
    assert (face[..., 3] > 250).all()
    np.testing.assert_allclose(face[..., :3].astype(int), picture[110:180, 90:160], atol=2)
    assert np.abs(back[110:180, 90:160].astype(int) - picture[110:180, 90:160]).mean() > 20


@pytest.mark.parametrize("name", ["jawOpen", "eyeBlinkLeft", "mouthSmileRight", "browInnerUp"])
def test_a_shape_key_moves_what_it_is_named_after(rig, face, name):
    offsets = np.linalg.norm(rig.shape_keys[EXPRESSIONS.index(name)], axis=1)
    at = {"jawOpen": 152, "eyeBlinkLeft": 386, "mouthSmileRight": 61, "browInnerUp": 107}
    skin = offsets[:468]
    assert skin[at[name]] > 0.4 * skin.max() > 0
    others = [number for other, number in at.items() if other != name]
    assert skin[at[name]] > 2 * skin[others].max()


def test_shut_lids_meet_and_jaws_take_the_teeth_along(rig):
    shut = rig.vertices[:468] + rig.shape_keys[EXPRESSIONS.index("eyeBlinkRight"), :468]
    gap = np.abs(shut[159] - shut[145])[1]
    assert gap < 0.1 * np.abs(rig.vertices[159] - rig.vertices[145])[1]
    inner = np.unique(rig.triangles[rig.materials == MOUTH])
    jaw = rig.shape_keys[EXPRESSIONS.index("jawOpen")][inner]
    assert np.abs(jaw).max() > 5 and not np.abs(jaw).max(axis=1).min() > 1, "upper teeth stay"
    eyes = np.unique(rig.triangles[rig.materials == EYES])
    look = rig.shape_keys[EXPRESSIONS.index("eyeLookUpLeft")][eyes]
    assert np.abs(look).max() > 0.5
