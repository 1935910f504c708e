"""`zograscope walk`: a walk through what a model dreams, into frames, a film or a scene.

Frames and films are made here, from the parts of the server's job; a scene is the extension's work,
in a Blender of its own.
"""

import argparse
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.connection import state_folder
from zograscope_protocol.frame_files import FrameFiles
from zograscope_protocol.generative.command import WalkCommand, add_walk_arguments, parse_walk
from zograscope_protocol.job import JobResult

from zograscope_server.command_line.answers import print_made
from zograscope_server.command_line.blender_work import add_blender_arguments, run_in_blender
from zograscope_server.command_line.frame_folder import (
    begin_frames,
    end_frames,
    frames_folder,
    question_of,
    write_marked_film,
    write_sound,
)
from zograscope_server.command_line.local_server import running_server
from zograscope_server.command_line.progress import of_job, progress_shown
from zograscope_server.progress import OnProgress

if TYPE_CHECKING:
    from zograscope_server.provenance.marks import Dreamt, Marker

RECORD = "walk.json"
"""In a folder of frames: what they were made of, and, once all are there, the answer's facts."""

RANGE = ("first", "last")
"""Options that frames do not depend on: several commands may fill one folder."""


def add_parser(subparsers: Any) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "walk",
        help="a walk through what a model dreams",
        epilog="Example: zograscope walk maps-of-ours --keyframes 3,17,latent.npz --frames 240 "
        "--audio music.flac --output dream.mp4",
    )
    add_walk_arguments(parser)
    add_blender_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make the walk; return 0 when all was made."""
    command = parse_walk(arguments)
    with running_server(wanted=arguments.connection is None):
        if command.needs_blender:
            return run_in_blender(arguments)
        with BlockingClient(command.connection, client_name="zograscope command line") as client:
            made, metadata = _walk(command, client)
    print_made(made, metadata, as_json=command.json)
    return 0


def _walk(command: WalkCommand, client: BlockingClient) -> tuple[dict[str, str], dict[str, Any]]:
    """Have the walk made; return what was made and where, and the answer's facts."""
    submission = command.submission()
    question = question_of(submission, without=() if command.is_film else RANGE)
    with frames_folder(command.output, command.options.first) as files:
        begin_frames(files, RECORD, question)
        job = client.submit(*submission)
        with progress_shown(command.output.name) as on_progress:
            shown = of_job(on_progress)
            for part in client.parts(job, files.first_missing(), on_progress=shown):
                files.write(part.number, part.arrays["file"])
            result = client.wait(job, shown)
            made = _write(command, client, files, result, on_progress)
        end_frames(files, RECORD, question, result)
    for warning in result.metadata.get("warnings", ()):
        print(f"{command.output.name}: {warning}", file=sys.stderr)
    return made, result.metadata


def _write(
    command: WalkCommand,
    client: BlockingClient,
    files: FrameFiles,
    result: JobResult,
    on_progress: OnProgress,
) -> dict[str, str]:
    """Write film and sound; return what was made and where."""
    if command.is_film:
        marking = partial(_marking, files)
        write_marked_film(command.output, files, result, marking, on_progress)
        return {"film": str(command.output.resolve())}
    return write_sound(files, result)


def _marking(files: FrameFiles) -> "tuple[Marker, Dreamt]":
    """Return what marks the film, and how it was made: as its first frame says."""
    from zograscope_server.provenance.certificates import own_certificate
    from zograscope_server.provenance.marks import Dreamt, Marker
    from zograscope_server.provenance.verification import verify

    certificate = own_certificate(state_folder())
    said = verify(files.path(0), certificate)
    return Marker(certificate), Dreamt(said.model, said.collection)
