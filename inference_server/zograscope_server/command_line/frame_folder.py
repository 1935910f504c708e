"""Frames of a command as numbered files, and the film that is made of them.

Frames lie in the folder that was asked for, or, of a film, in a hidden one beside it until the film
is there. A record with them says what they were made of: a run that was interrupted goes on at the
first that is missing, and one that asks something else begins anew.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from zograscope_protocol.command_options import FILM_SUFFIX, SCENE_SUFFIX
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.frame_files import FrameFiles
from zograscope_protocol.job import JobResult
from zograscope_protocol.options import refusal
from zograscope_protocol.saving import write_file
from zograscope_protocol.submission import Submission

from zograscope_server.progress import OnProgress

if TYPE_CHECKING:
    from zograscope_server.provenance.marks import Dreamt, Made, Marker

QUESTION = "question"


@contextmanager
def frames_folder(output: Path, first: int = 0) -> Iterator[FrameFiles]:
    """Give the frames their folder; that of a film or a scene goes when it is there.

    Args:
        output: a folder, a film or a scene.
        first: the number of the first frame.
    """
    suffix = output.suffix.lower()
    if suffix == SCENE_SUFFIX:
        with tempfile.TemporaryDirectory() as folder:
            yield FrameFiles(Path(folder), first=first)
    elif suffix == FILM_SUFFIX:
        hidden = output.with_name(f".{output.name}.frames")
        yield FrameFiles(hidden, first=first)
        shutil.rmtree(hidden)
    else:
        yield FrameFiles(output, first=first)


def begin_frames(files: FrameFiles, record: str, question: str) -> bool:
    """Make the folder ready; return whether its first frame is still to be made.

    Frames that were made of something else by this command go.

    Args:
        files: in the folder.
        record: name of the file that says what they were made of.
        question: what they are to be made of, as `question_of` has it.

    Raises:
        ZograscopeError: `bad-parameters` for numbered pictures that it has not made,
            `output-exists`.
    """
    before = _read_record(files.folder / record)
    if before.get(QUESTION) == question:
        return files.first_missing() == 0
    there = files.all()
    if there and not before:
        raise refusal(f"{files.folder} holds numbered pictures of something else; name another")
    try:
        for path in there:
            path.unlink()
    except OSError as error:
        raise ZograscopeError("output-exists", str(error), path=str(files.folder)) from error
    _write_record(files.folder / record, {QUESTION: question})
    return True


def end_frames(files: FrameFiles, record: str, question: str, result: JobResult) -> None:
    """Note with the frames what is known of them."""
    if files.folder.is_dir():
        _write_record(files.folder / record, {QUESTION: question, **result.metadata})


def question_of(submission: Submission, without: tuple[str, ...] = ()) -> str:
    """Name what frames are made of: the digest of all that is asked and sent.

    Args:
        submission: of the job.
        without: parameters that say only which frames are made, and not how.
    """
    parameters = {
        name: value for name, value in submission.parameters.items() if name not in without
    }
    digest = hashlib.sha256(json.dumps([submission.task, parameters], sort_keys=True).encode())
    for name in sorted(submission.inputs):
        array = np.ascontiguousarray(submission.inputs[name])
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(memoryview(array).cast("B") if array.size else b"")
    return digest.hexdigest()


def write_marked_film(
    output: Path,
    files: FrameFiles,
    result: JobResult,
    marking: "Callable[[], tuple[Marker, Made | Dreamt]]",
    on_progress: OnProgress,
) -> None:
    """Write the film beside its frames; only once it is marked as made does it get its place.

    Args:
        output: the film.
        files: its frames.
        result: with `times`, perhaps `sound`, and the metadata `rate`.
        marking: returns what marks it, and how it was made.
        on_progress: may raise to cancel.

    Raises:
        ZograscopeError: `output-exists`, and what `write_film` and `mark_file` raise.
    """
    from zograscope_server.media.films import write_film

    count = len(result.arrays["times"])
    sound = result.arrays.get("sound")

    def pictures() -> Iterator[np.ndarray]:
        for number in range(count):
            on_progress(number / count, "Writing the film", f"frame {number + 1} of {count}")
            yield read_frame(files.path(number))

    film = files.folder / output.name
    write_film(
        film, pictures(), result.metadata["rate"], None if sound is None else sound.tobytes()
    )
    marker, how = marking()
    marker.mark_file(film, how)
    try:
        film.replace(output)
    except OSError as error:
        raise ZograscopeError("output-exists", str(error), path=str(output)) from error


def write_sound(files: FrameFiles, result: JobResult) -> dict[str, str]:
    """Write a result's sound beside its frames; return where both are."""
    made = {"frames": str(files.folder.resolve())}
    sound = result.arrays.get("sound")
    if sound is not None:
        path = files.folder / f"sound{result.metadata['sound_suffix']}"
        write_file(path, sound)
        made["sound"] = str(path.resolve())
    return made


def read_frame(path: Path) -> np.ndarray:
    """Return a frame, uint8 (h, w, 3)."""
    from zograscope_server.images import read_photograph

    return read_photograph(path.read_bytes(), path.name).pixels


def _read_record(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write_record(path: Path, content: dict[str, Any]) -> None:
    write_file(path, json.dumps(content, indent=2).encode())
