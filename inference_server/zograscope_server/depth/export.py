"""Writes a diorama's meshes and depth as files that other programs read.

Meshes leave as GLB (one file, textures inside, unlit: what a museum's web page shows), as OBJ (a
zip with the OBJ, its MTL and the textures) or as PLY (one file with a colour at each vertex, since
few readers take textured PLY). Depth leaves as 16-bit PNG or as 32-bit float EXR.
"""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import imagecodecs
import numpy as np
import trimesh
from PIL import Image
from trimesh.visual import ColorVisuals, TextureVisuals
from trimesh.visual.material import PBRMaterial, SimpleMaterial
from zograscope_protocol.depth.tasks import DEPTH_FORMATS, MESH_FORMATS
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.options import refusal

from zograscope_server.depth.depth_range import DepthRange
from zograscope_server.images import check_size


@dataclass(frozen=True)
class Layer:
    """A textured mesh: y up, metres, camera looking along -z.

    Attributes:
        name: a word without spaces; names the object and its texture file.
        vertices: (n, 3) float32.
        triangles: (m, 3) int32, counter-clockwise from the front.
        uv: (n, 2) float32 with (0, 0) at the texture's lower left corner.
        texture: the picture, loaded.
    """

    name: str
    vertices: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    texture: Image.Image


def read_texture(data: bytes, layer: str) -> Image.Image:
    """Read the PNG file of a layer's texture.

    Raises ZograscopeError `bad-parameters`, `image-too-large`.
    """
    try:
        texture = Image.open(io.BytesIO(data), formats=("PNG",))
        check_size(*texture.size, f"the texture of {layer}")
        texture.load()
    except ZograscopeError:
        raise
    except Exception as error:  # a damaged file makes a decoder raise nearly anything
        raise refusal(f"the layer {layer!r} has a texture that is no PNG picture") from error
    return texture


def export_mesh(layers: Sequence[Layer], file_format: str) -> bytes:
    """Write layers as the bytes of one file: "glb", "ply", or "obj" (a zip of OBJ, MTL and PNG)."""
    if file_format == "glb":
        return _write_glb(layers)
    if file_format == "ply":
        return _write_ply(layers)
    if file_format == "obj":
        return _write_obj_zip(layers)
    raise refusal(f"mesh format {file_format!r} is none of {MESH_FORMATS}")


def export_depth(disparity: np.ndarray, depth_range: DepthRange, file_format: str) -> bytes:
    """Write a disparity map as a depth file.

    "png16" holds the disparity in 16 bits, white (65535) near, as depth-map tools expect it;
    "exr" holds the depth itself, in metres or scene units, as the one float32 channel Y.
    """
    if file_format == "png16":
        levels = np.rint(np.clip(disparity, 0.0, 1.0) * 65535.0).astype(np.uint16)
        return encode_png(levels)
    if file_format == "exr":
        depth = depth_range.depth(disparity).astype(np.float32)
        return bytes(imagecodecs.exr_encode(np.ascontiguousarray(depth)))
    raise refusal(f"depth format {file_format!r} is none of {DEPTH_FORMATS}")


def encode_png(pixels: np.ndarray) -> bytes:
    """The bytes of a PNG file, of uint8 or uint16 grey, RGB or RGBA: quick rather than small."""
    if pixels.ndim == 3:
        order = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
        pixels = cv2.cvtColor(pixels, order)
    done, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise ValueError(f"cannot write an array of shape {pixels.shape} as PNG")
    return data.tobytes()


def _write_glb(layers: Sequence[Layer]) -> bytes:
    scene = trimesh.Scene()
    for layer in layers:
        material = PBRMaterial(
            name=layer.name,
            baseColorTexture=layer.texture,
            metallicFactor=0.0,
            roughnessFactor=1.0,
            doubleSided=True,
        )
        mesh = _mesh(layer, TextureVisuals(layer.uv, material))
        scene.add_geometry(mesh, node_name=layer.name, geom_name=layer.name)
    return bytes(trimesh.exchange.gltf.export_glb(scene, tree_postprocessor=_make_unlit))


def _make_unlit(tree: dict[str, Any]) -> None:
    """The photograph has its light in it: viewers shall show its colours as they are."""
    for material in tree["materials"]:
        material["extensions"] = {"KHR_materials_unlit": {}}
    tree["extensionsUsed"] = sorted({*tree.get("extensionsUsed", ()), "KHR_materials_unlit"})


def _write_ply(layers: Sequence[Layer]) -> bytes:
    meshes = [_mesh(layer, ColorVisuals(vertex_colors=_sample_texture(layer))) for layer in layers]
    return bytes(trimesh.exchange.ply.export_ply(trimesh.util.concatenate(meshes)))


def _write_obj_zip(layers: Sequence[Layer]) -> bytes:
    scene = trimesh.Scene()
    for layer in layers:
        material = SimpleMaterial(
            name=layer.name, image=layer.texture, diffuse=(255, 255, 255, 255)
        )
        mesh = _mesh(layer, TextureVisuals(layer.uv, material))
        scene.add_geometry(mesh, node_name=layer.name, geom_name=layer.name)
    text, beside = trimesh.exchange.obj.export_obj(
        scene, return_texture=True, include_normals=False, mtl_name="diorama.mtl"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("diorama.obj", text)
        for name, data in beside.items():
            archive.writestr(name, data)
    return file.getvalue()


def _mesh(layer: Layer, visual: TextureVisuals | ColorVisuals) -> trimesh.Trimesh:
    return trimesh.Trimesh(layer.vertices, layer.triangles, visual=visual, process=False)


def _sample_texture(layer: Layer) -> np.ndarray:
    """The texture's colour at each vertex: (n, 4) uint8."""
    texture = np.asarray(layer.texture.convert("RGBA"))
    height, width = texture.shape[:2]
    column = np.clip((layer.uv[:, 0] * width).astype(np.int64), 0, width - 1)
    row = np.clip(((1.0 - layer.uv[:, 1]) * height).astype(np.int64), 0, height - 1)
    return texture[row, column]
