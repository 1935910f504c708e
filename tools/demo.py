"""The main jobs on a fresh machine: a scene of a photograph, a mosaic, a dream, a bust that talks.

Runs what an artist or a farm would run: `zograscope diorama` on a photograph that scikit-learn
ships, `zograscope mosaic` on pictures that are drawn for it, `zograscope walk` through the model
that comes along, and `zograscope portrait` on a bust that is drawn too, moved by the curves beside
this file. With the embedded defaults: nothing is downloaded.
"""

import argparse
import subprocess
import sys
import time
from importlib import resources
from pathlib import Path

import cv2
from make_bust import draw_bust
from make_sample_collection import make_collection

REPOSITORY = Path(__file__).resolve().parent.parent
CURVES = Path(__file__).with_name("demo_curves.csv")
PICTURES = 320
BUST_SIDE = 512  # pixels
CREDIT = (
    "The photograph: 'china.jpg' of scikit-learn's sample images, by danielbuechele (Flickr), "
    "CC BY 2.0. The scene and the film are derived from it."
)


def main() -> int:
    """Build the extension, run the jobs and say what was made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("out/demo"))
    parser.add_argument("--camera", default="push_in")
    parser.add_argument("--frames", type=int, default=48)
    arguments = parser.parse_args()
    output = arguments.output
    output.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()

    extension_folder = output / "extension"
    run(
        str(REPOSITORY / ".venv-blender-5.2/bin/python"),
        str(REPOSITORY / "tools/build_extension.py"),
        *("--platform", "current", "--output", str(extension_folder)),
    )
    zograscope = [sys.executable, "-m", "zograscope_server.command_line"]
    with resources.as_file(resources.files("sklearn.datasets.images") / "china.jpg") as photograph:
        run(
            *zograscope,
            *("diorama", str(photograph), "--extension", str(extension_folder)),
            *("--blender", str(REPOSITORY / ".venv-blender-5.2/bin/python")),
            *("--output", str(output / "scene.blend")),
            *("--camera", arguments.camera, "--frames", str(arguments.frames)),
            *("--render", str(output / "film.mp4"), "--engine", "workbench"),
            *("--contact-sheet", str(output / "contact_sheet.png")),
        )
    collection = output / "collection"
    make_collection(collection, PICTURES)
    run(
        *zograscope,
        *("mosaic", str(collection), "--extension", str(extension_folder)),
        *("--blender", str(REPOSITORY / ".venv-blender-5.2/bin/python")),
        *("--output", str(output / "mosaic.blend"), "--still", str(output / "mosaic.png")),
        *("--html", str(output / "mosaic_page"), "--layout", "tsne", "--layout", "date"),
        *("--labels", "--journey", "clusters", "--samples", "16", "--size", "1280x720"),
    )
    run(
        *(*zograscope, "walk", "--output", str(output / "walk.mp4")),
        *("--frames", "96", "--stops", "4", "--seed", "5"),
    )
    run(*zograscope, "samples", "default", "--output", str(output / "samples.png"))
    bust = output / "bust.png"
    cv2.imwrite(str(bust), draw_bust(BUST_SIDE)[..., ::-1])
    run(
        *zograscope,
        *("portrait", str(bust), str(CURVES), "--output", str(output / "portrait.mp4")),
        *("--contact-sheet", str(output / "portrait.png")),
    )
    (output / "CREDITS.txt").write_text(CREDIT + "\n", encoding="utf-8")

    print(f"\nMade in {time.monotonic() - started:.0f} s, in {output}:")
    print("  scene.blend        open it in Blender; it renders without the extension")
    print("  film.mp4           the fly-through")
    print("  contact_sheet.png  the film at a glance")
    print("  mosaic.blend       a mosaic with a journey through its clusters")
    print("  mosaic.png         its first frame")
    print("  mosaic_page        the same as a web page: open index.html")
    print("  walk.mp4           a walk through the built-in model, which dreams of old maps")
    print("  samples.png        what else it dreams of")
    print("  portrait.mp4       a marble head that talks, moved by tools/demo_curves.csv")
    print("  portrait.png       the same at a glance")
    print(CREDIT)
    return 0


def run(*command: str) -> None:
    """Run a command; end with its exit code when it fails, since it has said why."""
    code = subprocess.run(command, check=False).returncode
    if code:
        sys.exit(code)


if __name__ == "__main__":
    sys.exit(main())
