"""Renders what the embedded model dreams in Blender: the pictures of README and docs.

    python tools/dream_pictures.py docs/pictures

A walk on a plane, a landscape by depth, a world, and the latent map. They are rendered by Blender
from scenes that `zograscope walk` makes, and marked as dreamt.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
BLENDER_PYTHON = REPOSITORY / ".venv-blender-5.2" / "bin" / "python"
SEED, FRAMES = 11, 32
QUALITY = 85
STILLS = 8  # of a walk
SHEET_PIXELS = 320  # of a still
WIDTH = 960
SAMPLES = 24
PICTURES = {
    "walk": ["--show", "plane", "--frames", str(FRAMES)],
    "landscape": ["--show", "relief", "--height", "depth", "--frames", "1", "--no-loop"],
    "world": ["--show", "world", "--frames", "1", "--no-loop"],
}
"""For each picture what `zograscope walk` is told."""

MARGIN = 0.03  # around the map, of its height
POINT = (0.53, 0.62)
"""Place of the latent point on the map."""


def main() -> None:
    """Make all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--in-blender", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.in_blender:
        render_all(arguments.folder)
        return
    with tempfile.TemporaryDirectory() as scratch:
        ask_for_all(Path(scratch))
        command = [BLENDER_PYTHON, __file__, "--in-blender", scratch]
        subprocess.run(command, check=True)
        keep_all(Path(scratch), arguments.folder)


def ask_for_all(scratch: Path) -> None:
    """Have scenes made in a folder, and the latent map with the image of a place."""
    import numpy as np
    from zograscope_protocol.blocking import BlockingClient
    from zograscope_protocol.generative.tasks import LatentMapOptions, WalkOptions
    from zograscope_server.command_line.local_server import running_server

    build = [BLENDER_PYTHON, REPOSITORY / "tools" / "build_extension.py", "--if-changed"]
    built = subprocess.run(build, stdout=subprocess.PIPE, text=True, check=True)
    extension = ["--extension", built.stdout.splitlines()[-1]]
    with running_server(wanted=True):
        for name, options in PICTURES.items():
            output = ["--output", str(scratch / f"{name}.blend"), "--seed", str(SEED)]
            command = [sys.executable, "-m", "zograscope_server.command_line", "walk"]
            subprocess.run([*command, *output, *options, *extension], check=True)
        with BlockingClient() as client:
            found = client.run(*LatentMapOptions(seed=SEED).submission())
            options = WalkOptions(path="map", map_seed=SEED, frames=1, loop=False, even=False)
            places = np.array([POINT], np.float32)
            job = client.submit(*options.submission({"places": places}))
            (part,) = client.parts(job)
    np.savez(scratch / "map.npz", map=found.arrays["map"], preview=part.arrays["file"])
    (scratch / "map.json").write_text(json.dumps(found.metadata))


def keep_all(scratch: Path, folder: Path) -> None:
    """Write what was rendered as marked JPEG files."""
    import cv2
    from zograscope_protocol.connection import state_folder
    from zograscope_server.provenance.certificates import own_certificate
    from zograscope_server.provenance.marks import Dreamt, Marker
    from zograscope_server.provenance.verification import verify

    certificate = own_certificate(state_folder())
    said = verify(scratch / "walk" / "0001.png", certificate)
    marker, made = Marker(certificate), Dreamt(said.model, said.collection)
    for rendered in sorted(scratch.glob("*.png")):
        picture = cv2.imread(str(rendered))
        file = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
        (folder / f"dream-{rendered.stem}.jpg").write_bytes(marker.mark(file, ".jpg", made))


def render_all(scratch: Path) -> None:
    """Render the scenes of a folder to PNG files beside them; in Blender."""
    sys.path.insert(0, str(REPOSITORY / "benchmarks"))
    from installed_extension import extension_module

    rendering = extension_module("rendering")
    import bpy

    for name in PICTURES:
        bpy.ops.wm.open_mainfile(filepath=str(scratch / f"{name}.blend"))
        scene = bpy.context.scene
        path = scratch / f"{name}.png"
        if name == "walk":
            scene.frame_end -= FRAMES // STILLS  # the next of these is the first again
            scene.render.resolution_x = scene.render.resolution_y = SHEET_PIXELS
            rendering.contact_sheet(scene, path, frames=STILLS)
        else:
            scene.render.resolution_x, scene.render.resolution_y = WIDTH, WIDTH // 2
            rendering.render_still(scene, path, "cycles", SAMPLES)
    _render_map(scratch)


def _render_map(scratch: Path) -> None:
    """Render the latent map with the image of its point, where a sphere stands for the empty."""
    import bpy
    import numpy as np
    from installed_extension import extension_module

    latent_map = extension_module("generative.latent_map")
    samples = extension_module("generative.samples")
    bpy.ops.wm.read_homefile(use_empty=True)
    scene = bpy.context.scene
    with np.load(scratch / "map.npz") as arrays:
        metadata = json.loads((scratch / "map.json").read_text())
        found = latent_map.show(arrays, metadata, {"seed": SEED}, scene)
        latent_map.show_preview(found, arrays["preview"].tobytes())
    root, board = found.board.root, found.board
    root.users_collection[0].hide_render = False
    reach = latent_map._reach(board, int(metadata["side"]))
    found.point.location[:2] = (2 * np.array(POINT) - 1) * reach
    bpy.ops.mesh.primitive_uv_sphere_add(radius=0.014)
    sphere = bpy.context.object
    sphere.parent = found.point
    sphere.data.materials.append(samples._material("Point", samples.LIGHT))
    data = bpy.data.cameras.new("camera")
    right = board.aspect * (1 + latent_map.PREVIEW_SIZE) + latent_map.PREVIEW_GAP
    data.type, data.sensor_fit, data.ortho_scale = "ORTHO", "HORIZONTAL", right + 2 * MARGIN
    camera = bpy.data.objects.new("camera", data)
    camera.parent = root
    camera.location = ((right - board.aspect) / 2, 0.0, 3.0)
    scene.collection.objects.link(camera)
    height = round(WIDTH * (1 + 2 * MARGIN) / data.ortho_scale)
    extension_module("scenes").show_untouched(scene, camera, (WIDTH, height))
    extension_module("rendering").render_still(scene, scratch / "map.png", "cycles", SAMPLES)


if __name__ == "__main__":
    main()
