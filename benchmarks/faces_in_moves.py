"""Does anybody lose their face when the camera moves?

For each photograph the default move and the orbit, as far as the extension lets them go: rest and
the moves' ends are rendered, small, and the landmarker looks for faces in them. Each face found at
rest must be found at each end; its points there, after the similarity that fits best, may lie no
farther from those at rest than a rigid head's would in that view, and 3 % of the distance of the
eyes. Beside the model in the box is `classical`.

    .venv/bin/python benchmarks/faces_in_moves.py [PHOTO ...] [--output OUT.json] [--sheets FOLDER]

Without photographs of your own, and in toy size, a face is drawn. Wants the face landmarker, which
the set-up fetches, and a Python that has bpy.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from benchmark import argument_parser, write_figures
from installed_extension import BLENDER_PYTHON, extension_module

if TYPE_CHECKING:
    from zograscope_server.depth.people import FindFaces

PRESETS = ("push_in", "orbit")
MODELS = ("box", "classical")
SIDE, TOY_SIDE = 1280, 320  # pixels of the longer side of what is rendered
SAMPLES = 1  # a face is no other with smooth edges, and takes three times as long
MOST_EXCESS = 0.03
EYES = (468, 473)
LOST = 1.0  # the excess of a face that is found no more
NEAR_BY = 0.5  # of a face's width: there the same face is looked for
SHEET_HEIGHT = 420


def make_diorama(photograph: Path, model: str, find_faces: "FindFaces", output: Path) -> None:
    """Compute a photograph's diorama and write it as an .npz; runs in the server's Python."""
    from functools import partial

    from zograscope_server.depth.classical import ClassicalDepth
    from zograscope_server.depth.diorama import make_diorama, pack_diorama
    from zograscope_server.depth.embedded import EmbeddedDepth
    from zograscope_server.depth.estimate import estimate_depth
    from zograscope_server.images import read_photograph

    chosen = ClassicalDepth() if model == "classical" else EmbeddedDepth()
    estimate = partial(estimate_depth, model=chosen, long_side=1024)
    picture = read_photograph(photograph.read_bytes(), photograph.name)
    parts = make_diorama(picture, estimate, find_faces=find_faces)
    arrays, metadata = pack_diorama(parts, photograph.stem)
    np.savez(output, metadata=json.dumps(metadata), **arrays)


def read_diorama(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read what `make_diorama` wrote."""
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return arrays, json.loads(str(arrays.pop("metadata")))


def render_moves(path: Path, side: int) -> dict[str, Any]:
    """Render a diorama at rest and at its moves' ends, beside its file; runs in Blender's Python.

    Returns:
        For each preset its reach, and of each end its pose and the picture's file name.
    """
    names = ("builders", "camera_moves", "cameras")
    builders, moves, cameras = (extension_module(f"depth.{name}") for name in names)
    rendering = extension_module("rendering")
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    arrays, metadata = read_diorama(path)
    diorama = builders.build_diorama(arrays, metadata, path.stem, scene)
    camera = diorama.intrinsics
    scale = min(1.0, side / max(camera.width, camera.height))
    size = (round(scale * camera.width), round(scale * camera.height))
    diorama.root["render_resolution"] = scale  # as many cells as pixels
    builders.prepare_scene(scene, diorama, size)
    builders.set_smooth_filter(diorama, True)
    rendering.render_still(scene, path.with_name(f"{path.stem} rest.png"), samples=SAMPLES)
    report: dict[str, Any] = {}
    for preset in PRESETS:
        around = cameras.survey(diorama, preset, 4.0)
        reach = cameras.apply_preset(diorama, preset, 3, 24)
        ends = []
        for frame, moment in ((1, 0.0), (3, 1.0)):
            (pose,) = moves.camera_path(preset, np.array([moment]), reach, around).poses()
            if np.abs(pose.position).max() < 1e-9:
                continue  # where a push in begins
            picture = path.with_name(f"{path.stem} {preset} {frame}.png")
            scene.frame_set(frame)
            rendering.render_still(scene, picture, samples=SAMPLES)
            ends.append(
                {
                    "picture": picture.name,
                    "position": pose.position.tolist(),
                    "rotation": pose.rotation.tolist(),
                    "zoom": float(pose.zoom),
                }
            )
        report[preset] = {"reach": reach, "ends": ends}
    return report


def rigid_head(
    points: np.ndarray, distance: float, focal_length: float, size: tuple[int, int], end: Any
) -> np.ndarray:
    """Return where a rigid head's points are seen at the end of a move.

    Args:
        points: (478, 3), x and y in pixels at rest, z towards the viewer.
        distance: of the head from the camera at rest.
        focal_length: in pixels.
        size: width and height of the picture in pixels; its middle is on the camera's axis.
        end: pose: `position`, `rotation` and `zoom`.

    Returns:
        (478, 2) in pixels.
    """
    middle = np.array(size) / 2
    depth = distance * (1 - (points[:, 2] - points[: EYES[0], 2].mean()) / focal_length)
    across, down = ((points[:, :2] - middle) * depth[:, None] / focal_length).T
    in_space = np.stack([across, -down, -depth], axis=-1)
    x, y, z = ((in_space - end["position"]) @ np.array(end["rotation"])).T
    seen = focal_length * end["zoom"] * np.stack([x, -y], axis=-1) / -z[:, None]
    return np.asarray(seen + middle)


def distance_after_similarity(points: np.ndarray, others: np.ndarray) -> float:
    """Return how far points (n, 2) lie from others, on average, after the best similarity."""
    one, other = (
        places[:, 0] + 1j * places[:, 1] - (places[:, 0] + 1j * places[:, 1]).mean()
        for places in (points, others)
    )
    return float(np.abs(np.vdot(one, other) / np.vdot(one, one) * one - other).mean())


def measure(path: Path, moves: dict[str, Any], find_faces: "FindFaces") -> list[dict[str, Any]]:
    """Measure each face of a rendered diorama at each end; runs in the server's Python.

    Returns:
        For each face, preset and end: `excess`, how much farther its points are from those at rest
        than a rigid head's, as a share of the distance of the eyes; `LOST` where there is none.
    """
    from zograscope_server.depth.depth_range import DepthRange
    from zograscope_server.depth.people import large_enough
    from zograscope_server.images import read_photograph

    def pixels(name: str) -> np.ndarray:
        return read_photograph(path.with_name(name).read_bytes(), name).pixels

    arrays, metadata = read_diorama(path)
    rest = pixels(f"{path.stem} rest.png")
    size = rest.shape[1], rest.shape[0]
    focal_length = metadata["intrinsics"]["focal_length"] * size[0]
    focal_length /= metadata["photograph"]["width"]
    depth_range = DepthRange(metadata["depth"]["near"], metadata["depth"]["far"])
    faces = large_enough(find_faces(rest))
    disparity = arrays["disparity"]
    rows = []
    for preset, move in moves.items():
        for end in move["ends"]:
            found = find_faces(pixels(end["picture"]))
            for number, face in enumerate(faces):
                cells = face[:, :2] / size * disparity.shape[::-1]
                column, row = cells.clip(0, np.array(disparity.shape[::-1]) - 1).astype(int).T
                distance = float(np.median(depth_range.depth(disparity[row, column])))
                expected = rigid_head(face, distance, focal_length, size, end)
                eyes = float(np.linalg.norm(face[EYES[0]] - face[EYES[1]]))
                excess = LOST
                again = nearest_face(found, expected)
                if again is not None:
                    excess = distance_after_similarity(again[:, :2], face[:, :2]) / eyes
                    excess -= distance_after_similarity(expected, face[:, :2]) / eyes
                width = float(np.ptp(face[:, 0]))
                rows.append({"preset": preset, "face": number, "width": width, "excess": excess})
    return rows


def nearest_face(found: np.ndarray, expected: np.ndarray) -> np.ndarray | None:
    """Return the face (478, 3) of those found that is where one is expected (478, 2), or None."""
    if not len(found):
        return None
    gaps = np.linalg.norm(found[..., :2].mean(axis=1) - expected.mean(axis=0), axis=1)
    nearest = int(gaps.argmin())
    return found[nearest] if gaps[nearest] < NEAR_BY * np.ptp(expected[:, 0]) else None


def write_sheet(path: Path, dioramas: list[tuple[Path, dict[str, Any]]]) -> None:
    """Write one picture: a row for each model, with rest and the ends of the moves."""
    import cv2

    strips = []
    for made, moves in dioramas:
        names = [f"{made.stem} rest.png"]
        names += [end["picture"] for move in moves.values() for end in move["ends"]]
        pictures = [cv2.imread(str(made.with_name(name))) for name in names]
        width = round(SHEET_HEIGHT * pictures[0].shape[1] / pictures[0].shape[0])
        strips.append(
            np.hstack(
                [
                    cv2.resize(p, (width, SHEET_HEIGHT), interpolation=cv2.INTER_AREA)
                    for p in pictures
                ]
            )
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.vstack(strips))


def render_all(paths: list[Path], side: int) -> dict[str, Any]:
    """Render the moves of dioramas in a Blender of its own; return what `render_moves` tells."""
    report = paths[0].with_name("moves.json")
    command = [BLENDER_PYTHON, __file__, *paths, "--render", report, "--side", str(side)]
    # Blender's Python has packages of its own.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    told: dict[str, Any] = json.loads(report.read_text("utf-8"))
    return told


def main() -> int:
    """Measure, print and write; return 1 where somebody loses their face."""
    parser = argument_parser(__doc__)
    parser.add_argument("photographs", nargs="*", type=Path)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--sheets", type=Path, help="folder for pictures of rest and the ends")
    parser.add_argument("--side", type=int, default=SIDE, help="pixels of what is rendered")
    parser.add_argument("--render", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    paths = arguments.photographs
    if arguments.render:
        told = {path.stem: render_moves(path, arguments.side) for path in paths}
        arguments.render.write_text(json.dumps(told), encoding="utf-8")
        return 0
    import cv2
    from drawn_face import draw_face
    from zograscope_server.depth.people import face_finder
    from zograscope_server.models.loading import load_model

    find_faces = face_finder(load_model("default", Path("models"), "cpu", "faces"))
    side = TOY_SIDE if arguments.toy else arguments.side
    models = arguments.models[:1] if arguments.toy else arguments.models
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        if arguments.toy or not paths:
            paths = [Path(scratch) / "drawn.png"]
            cv2.imwrite(str(paths[0]), draw_face(side)[..., ::-1])
        made = {
            (path, model): Path(scratch) / f"{path.stem} {model}.npz"
            for path in paths
            for model in models
        }
        for (path, model), output in made.items():
            make_diorama(path, model, find_faces, output)
        told = render_all(list(made.values()), side)
        for output in made.values():
            moves = told[output.stem]
            rows = measure(output, moves, find_faces)
            reaches = {preset: moves[preset]["reach"] for preset in PRESETS}
            figures[output.stem] = {"reach": reaches, "faces": rows}
            print(report_line(output.stem, reaches, rows), flush=True)
        if arguments.sheets:
            for path in paths:
                rows_of_sheet = [
                    (made[path, model], told[made[path, model].stem]) for model in models
                ]
                write_sheet(arguments.sheets / f"{path.stem}.png", rows_of_sheet)
    write_figures(figures, arguments.output)
    worst = max((r["excess"] for f in figures.values() for r in f["faces"]), default=0.0)
    print(f"worst excess {100 * worst:.1f} % of the distance of the eyes (limit 3 %)")
    return int(worst > MOST_EXCESS and not arguments.toy)


def report_line(name: str, reaches: dict[str, float], rows: list[dict[str, Any]]) -> str:
    """Return a line: the reaches, and of each preset the worst of all faces."""
    line = (
        f"{name:40} push_in {reaches['push_in']:6.3f}  orbit {math.degrees(reaches['orbit']):5.1f}°"
    )
    for preset in PRESETS:
        of_preset = [row["excess"] for row in rows if row["preset"] == preset]
        lost = of_preset.count(LOST)
        if of_preset:
            line += f"  {preset} {100 * max(of_preset):5.1f} % ({lost} of {len(of_preset)} lost)"
    return line


if __name__ == "__main__":
    sys.exit(main())
