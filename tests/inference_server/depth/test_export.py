"""Exported meshes and depth, read back by other readers than the writer."""

import io
import json
import struct
import zipfile

import cv2
import imagecodecs
import numpy as np
import pytest
import trimesh
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.depth.depth_range import DepthRange
from zograscope_server.depth.export import (
    Layer,
    encode_png,
    export_depth,
    export_mesh,
    read_texture,
)


def layer(name: str, hue: int) -> Layer:
    """A curved sheet of 8 x 6 vertices with a texture that tells left from right, up from down."""
    y, x = np.mgrid[0:6, 0:8].astype(np.float32)
    vertices = np.stack([x, -y, -2 - 0.1 * x * y], axis=-1).reshape(-1, 3)
    uv = np.stack([(x + 0.5) / 8, 1 - (y + 0.5) / 6], axis=-1).reshape(-1, 2)
    index = np.arange(48, dtype=np.int32).reshape(6, 8)
    quads = [index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]]
    a, b, c, d = (corner.ravel() for corner in quads)
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    texture = np.stack([x * 30, y * 40, np.full_like(x, hue)], axis=-1).astype(np.uint8)
    return Layer(name, vertices, triangles, uv, read_texture(encode_png(texture), name))


LAYERS = [layer("photograph", 10), layer("background", 200)]


def test_glb_holds_named_unlit_textured_layers():
    data = export_mesh(LAYERS, "glb")
    scene = trimesh.load(io.BytesIO(data), file_type="glb")
    for made in LAYERS:
        read = scene.geometry[made.name]
        assert np.array_equal(read.vertices, made.vertices)
        assert np.array_equal(read.faces, made.triangles)
        assert np.allclose(read.visual.uv, made.uv, atol=1e-6)
        texture = np.asarray(read.visual.material.baseColorTexture.convert("RGB"))
        assert np.array_equal(texture, np.asarray(made.texture.convert("RGB")))
    header = json.loads(data[20 : 20 + struct.unpack("<I", data[12:16])[0]])
    assert header["extensionsUsed"] == ["KHR_materials_unlit"]
    assert all("KHR_materials_unlit" in m["extensions"] for m in header["materials"])


def test_ply_holds_all_layers_with_a_colour_at_each_vertex():
    mesh = trimesh.load(io.BytesIO(export_mesh(LAYERS, "ply")), file_type="ply", process=False)
    assert np.allclose(mesh.vertices, np.concatenate([made.vertices for made in LAYERS]))
    assert len(mesh.faces) == sum(len(made.triangles) for made in LAYERS)
    # The texture has one pixel for each vertex of its layer.
    x, y = mesh.vertices[:48, 0], -mesh.vertices[:48, 1]
    expected = np.stack([x * 30, y * 40, np.full(48, 10), np.full(48, 255)], axis=1)
    assert np.array_equal(mesh.visual.vertex_colors[:48], expected)
    assert np.all(mesh.visual.vertex_colors[48:, 2] == 200)


def test_obj_comes_as_a_zip_that_opens_with_its_textures(tmp_path):
    with zipfile.ZipFile(io.BytesIO(export_mesh(LAYERS, "obj"))) as archive:
        assert {name.rpartition(".")[2] for name in archive.namelist()} == {"obj", "mtl", "png"}
        archive.extractall(tmp_path)
    scene = trimesh.load(tmp_path / "diorama.obj", group_material=False, split_object=True)
    assert len(scene.geometry) == 2
    hues = set()
    for mesh in scene.geometry.values():
        assert len(mesh.faces) == len(LAYERS[0].triangles)
        hues.add(int(np.asarray(mesh.visual.material.image.convert("RGB"))[0, 0, 2]))
    assert hues == {10, 200}


def test_png16_holds_disparity_white_near():
    disparity = np.linspace(0, 1, 35, dtype=np.float32).reshape(5, 7)
    data = export_depth(disparity, DepthRange(2.0, 20.0), "png16")
    read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert read.dtype == np.uint16
    assert np.abs(read / 65535 - disparity).max() < 1e-5


def test_exr_holds_depth_in_full():
    disparity = np.random.default_rng(0).random((9, 13), dtype=np.float32)
    data = export_depth(disparity, DepthRange(2.0, 20.0), "exr")
    read = imagecodecs.exr_decode(data).reshape(9, 13)
    assert read.dtype == np.float32
    assert np.allclose(read, 1 / ((1 / 2 - 1 / 20) * disparity + 1 / 20), rtol=1e-5)


def test_unknown_formats_are_refused_in_words():
    with pytest.raises(ZograscopeError, match="fbx"):
        export_mesh(LAYERS, "fbx")
    with pytest.raises(ZograscopeError, match="jpeg"):
        export_depth(np.zeros((2, 2), np.float32), DepthRange(1, 2), "jpeg")


@pytest.mark.parametrize("channels", [(), (3,), (4,)])
def test_png_keeps_every_pixel(channels):
    pixels = np.random.default_rng(1).integers(0, 256, (6, 5, *channels), dtype=np.uint8)
    read = cv2.imdecode(np.frombuffer(encode_png(pixels), np.uint8), cv2.IMREAD_UNCHANGED)
    if channels:
        read = cv2.cvtColor(read, cv2.COLOR_BGR2RGB if channels == (3,) else cv2.COLOR_BGRA2RGBA)
    assert np.array_equal(read, pixels)
