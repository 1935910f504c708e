"""Sets Blender's stereoscopy up for a diorama, and puts back what the artist had.

What is changed is noted, as it was before, on the scene and on the camera.
"""

import json
import math
from typing import Any

import bpy
from zograscope_protocol.depth.command import EYES, REST_EYES

from ...rendering import ENGINES, Finish
from ..cameras import subject_distance
from ..diorama import Diorama, disparity_of
from ..relief import depth_from_disparity, strengthen
from .card import card_of_pair
from .parallax import COMFORT, interocular_distance

OFF = "off"
SIDE_BY_SIDE, ANAGLYPH, CARD, VR180 = EYES
LEFT, CENTRE = REST_EYES
MODE = "zograscope_eyes"
KEPT = "zograscope_before_two_eyes"
LARGEST_EYE = 4096  # pixels across of one half of a VR180 picture

_SCENE_SETTINGS = {
    "": "use_multiview views_format resolution_x resolution_y engine",
    "image_settings": "views_format",
    "image_settings.stereo_3d_format": "display_mode anaglyph_type use_squeezed_frame "
    "use_sidebyside_crosseyed",
}
_CAMERA_SETTINGS = {
    "": "type panorama_type latitude_min latitude_max longitude_min longitude_max",
    "stereo": "convergence_mode convergence_distance interocular_distance pivot "
    "use_spherical_stereo use_pole_merge",
}


def set_eyes(
    diorama: Diorama, scene: bpy.types.Scene, mode: str, rest: str = LEFT, parallax: float = 1.0
) -> None:
    """Let a scene's renders show a diorama to two eyes, or to one again.

    Args:
        diorama: whose camera becomes two.
        scene: of the diorama.
        mode: one of `EYES`, or `OFF`.
        rest: which eye sees exactly the photograph at rest: `LEFT`, or none of them, since it is
            in the `CENTRE` between both.
        parallax: 1 is the most that is comfortable, see `parallax.COMFORT`.
    """
    camera = diorama.camera.data
    _put_back(scene, scene.render)
    for item in scene.objects:
        if item.type == "CAMERA":
            _put_back(item.data, item.data)
    scene[MODE] = mode
    if mode == OFF:
        return
    _note(scene, scene.render, _SCENE_SETTINGS)
    _note(camera, camera, _CAMERA_SETTINGS)

    nearest, farthest = _depths(diorama)
    intrinsics, scale = diorama.intrinsics, diorama.root.matrix_world.median_scale
    stereo = camera.stereo
    stereo.interocular_distance = scale * interocular_distance(
        nearest, farthest, intrinsics.focal_length, intrinsics.width, parallax * COMFORT
    )
    stereo.convergence_mode = "OFFAXIS"
    stereo.convergence_distance = scale * subject_distance(diorama)
    stereo.pivot = "LEFT" if rest == LEFT else "CENTER"

    render = scene.render
    render.use_multiview, render.views_format = True, "STEREO_3D"
    for view in render.stereo_views:
        view.use = True
    image = render.image_settings
    image.views_format = "STEREO_3D"
    pair = image.stereo_3d_format
    pair.display_mode = "ANAGLYPH" if mode == ANAGLYPH else "SIDEBYSIDE"
    if mode == ANAGLYPH:
        pair.anaglyph_type = "RED_CYAN"
    else:
        pair.use_squeezed_frame = pair.use_sidebyside_crosseyed = False
    if mode == VR180:
        _look_around(scene, camera, intrinsics.focal_length)


def mode_of(scene: bpy.types.Scene) -> str:
    """Return how a scene's renders show it to two eyes, or `OFF`."""
    return scene.get(MODE, OFF) if scene.render.use_multiview else OFF


def finish_of(scene: bpy.types.Scene) -> Finish | None:
    """Return what is still to be done with each picture that is rendered, or None."""
    return card_of_pair if mode_of(scene) == CARD else None


def _look_around(scene: bpy.types.Scene, camera: bpy.types.Camera, focal_length: float) -> None:
    """Show half the sphere to each eye, with about the photograph's pixels in its middle."""
    (scene.render.engine,) = ENGINES["cycles"]
    camera.type, camera.panorama_type = "PANO", "EQUIRECTANGULAR"
    camera.latitude_min = camera.longitude_min = -math.pi / 2
    camera.latitude_max = camera.longitude_max = math.pi / 2
    stereo = camera.stereo
    # Headsets turn the eyes themselves.
    stereo.convergence_mode, stereo.pivot = "PARALLEL", "CENTER"
    stereo.use_spherical_stereo = stereo.use_pole_merge = True
    across = min(LARGEST_EYE, round(math.pi * focal_length / 2) * 2)
    scene.render.resolution_x = scene.render.resolution_y = across


def _depths(diorama: Diorama) -> tuple[float, float]:
    """Return the depths of what is nearest and farthest in the photograph."""
    settings, disparity = diorama.settings(), disparity_of(diorama.photograph)
    farthest, nearest = (
        float(strengthen(depth_from_disparity(end, settings.near, settings.far), settings))
        for end in (disparity.min(), disparity.max())
    )
    return nearest, farthest


def _note(owner: bpy.types.ID, start: Any, settings: dict[str, str]) -> None:
    """Note settings on their owner, as they are."""
    owner[KEPT] = json.dumps(
        [
            (path, name, getattr(_follow(start, path), name))
            for path, names in settings.items()
            for name in names.split()
        ]
    )


def _put_back(owner: bpy.types.ID, start: Any) -> None:
    """Put settings back as they were noted, if they were."""
    noted = owner.get(KEPT)
    if noted is not None:
        for path, name, value in json.loads(noted):
            setattr(_follow(start, path), name, value)
        del owner[KEPT]


def _follow(start: Any, path: str) -> Any:
    for name in path.split(".") if path else ():
        start = getattr(start, name)
    return start
