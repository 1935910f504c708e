"""Makes the pictures of the documents that take minutes at most, by the product's own commands.

    python -m tools.documentation.pictures --output out/docs/pictures

A film, and frames of it, of a camera move over a photograph that scikit-learn ships; a poster of
drawn pictures; and what the built-in model dreams of. `make docs` does so for each site; copies for
the repository's own pages lie in docs/pictures under the same names.
"""

import argparse
import subprocess
import sys
import tempfile
from importlib import resources
from pathlib import Path

from PIL import Image
from zograscope_protocol.connection import state_folder

REPOSITORY = Path(__file__).resolve().parent.parent.parent
BLENDER_PYTHON = REPOSITORY / ".venv-blender-5.2" / "bin" / "python"
ZOGRASCOPE = (sys.executable, "-m", "zograscope_server.command_line")

FRAMES, SHOWN, FRAME_SIZE, GAP = 25, 4, (480, 320), 8  # pixels
FRAME_TIME = 80  # milliseconds, in the film
PICTURES = 320
POSTER_WIDTH = 1280  # pixels
SAMPLES = 36
QUALITY = 82  # of JPEG files
FILM_QUALITY = 60  # of WebP


def main() -> int:
    """Make all pictures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--output", type=Path, default=REPOSITORY / "out" / "docs" / "pictures")
    output = parser.parse_args().output.resolve()
    output.mkdir(parents=True, exist_ok=True)

    from zograscope_server.command_line.local_server import running_server

    with tempfile.TemporaryDirectory() as scratch, running_server(wanted=True):
        make_samples(Path(scratch), output / "dream-samples.jpg")
        make_poster(Path(scratch), output / "mosaic-grid.jpg")
        frames = make_frames(Path(scratch))
        write_row(frames, output / "pagoda.jpg")
        write_film(frames, output / "pagoda.webp")
    return 0


def make_samples(scratch: Path, target: Path) -> None:
    """Write a grid of what the built-in model dreams of, marked as dreamt."""
    from zograscope_server.provenance.certificates import own_certificate
    from zograscope_server.provenance.marks import Dreamt, Marker
    from zograscope_server.provenance.verification import verify

    grid, smaller = scratch / "samples.png", scratch / "samples.jpg"
    run(*ZOGRASCOPE, "samples", "default", "--count", str(SAMPLES), "--output", str(grid))
    Image.open(grid).convert("RGB").save(smaller, quality=QUALITY)
    certificate = own_certificate(state_folder())
    said = verify(grid, certificate)
    made = Dreamt(said.model, said.collection)
    target.write_bytes(Marker(certificate).mark(smaller.read_bytes(), ".jpg", made))


def make_poster(scratch: Path, target: Path) -> None:
    """Write a poster of drawn pictures, ordered by what they look like."""
    collection = scratch / "collection"
    draw = REPOSITORY / "tools" / "make_sample_collection.py"
    run(sys.executable, str(draw), str(collection), "--count", str(PICTURES))
    poster = scratch / "poster.png"
    options = ("--image", str(poster), "--image-width", str(POSTER_WIDTH))
    run(*ZOGRASCOPE, "mosaic", str(collection), *options)
    Image.open(poster).convert("RGB").save(target, quality=QUALITY)


def make_frames(scratch: Path) -> list[Image.Image]:
    """Render the default camera move over a photograph."""
    build = (str(BLENDER_PYTHON), str(REPOSITORY / "tools" / "build_extension.py"))
    built = run(*build, "--if-changed").splitlines()[-1]
    frames = scratch / "frames"
    with resources.as_file(resources.files("sklearn.datasets.images") / "china.jpg") as photograph:
        run(
            *(*ZOGRASCOPE, "diorama", str(photograph), "--output", str(scratch / "film.blend")),
            *("--extension", built, "--blender", str(BLENDER_PYTHON)),
            *("--camera", "push_in", "--frames", str(FRAMES), "--engine", "workbench"),
            *("--size", "x".join(map(str, FRAME_SIZE)), "--render", str(frames)),
        )
    return [Image.open(path).convert("RGB").resize(FRAME_SIZE) for path in sorted(frames.iterdir())]


def write_row(frames: list[Image.Image], target: Path) -> None:
    """Write some of the frames side by side, from the first to the last."""
    step = FRAME_SIZE[0] + GAP
    row = Image.new("RGB", (step * SHOWN - GAP, FRAME_SIZE[1]), "white")
    for number in range(SHOWN):
        row.paste(frames[number * (len(frames) - 1) // (SHOWN - 1)], (number * step, 0))
    row.save(target, quality=QUALITY)


def write_film(frames: list[Image.Image], target: Path) -> None:
    """Write the frames as a moving picture that goes there and back for ever."""
    first, *others = [*frames, *frames[-2:0:-1]]
    first.save(
        target,
        save_all=True,
        append_images=others,
        duration=FRAME_TIME,
        loop=0,
        quality=FILM_QUALITY,
        method=6,
    )


def run(*command: str) -> str:
    """Run a command and return what it printed; end with its exit code when it fails."""
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if ran.returncode:
        sys.exit(ran.returncode)
    return ran.stdout


if __name__ == "__main__":
    sys.exit(main())
