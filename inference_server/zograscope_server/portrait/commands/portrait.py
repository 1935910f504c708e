"""`zograscope portrait`: a portrait moves as an actor does, into frames, a film or a scene.

Frames and films are made here, from the parts of the server's job; a scene is the extension's work,
in a Blender of its own. Frames lie in the folder that was asked for, or, of a film, in a hidden one
beside it until the film is there: a run that was interrupted goes on at the first that is missing.
"""

import argparse
import sys
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.connection import state_folder
from zograscope_protocol.frame_files import FrameFiles
from zograscope_protocol.job import JobResult
from zograscope_protocol.portrait.command import (
    PortraitCommand,
    add_portrait_arguments,
    parse_portrait,
)
from zograscope_protocol.portrait.tasks import ExaminePortraitOptions
from zograscope_protocol.saving import write_file
from zograscope_protocol.submission import Submission, file_input

from zograscope_server.command_line.answers import print_made
from zograscope_server.command_line.blender_work import add_blender_arguments, run_in_blender
from zograscope_server.command_line.frame_folder import (
    begin_frames,
    end_frames,
    frames_folder,
    question_of,
    read_frame,
    write_marked_film,
    write_sound,
)
from zograscope_server.command_line.local_server import running_server
from zograscope_server.command_line.progress import of_job, progress_shown
from zograscope_server.models.catalogue import DEFAULT
from zograscope_server.progress import OnProgress

if TYPE_CHECKING:
    from zograscope_server.provenance.marks import Made, Marker

RECORD = "portrait.json"
"""In a folder of frames: what they were made of, and, once all are there, the answer's facts."""


def add_parser(subparsers: Any) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser("portrait", help="a portrait moves as an actor moves")
    add_portrait_arguments(parser)
    add_blender_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Move the portrait; return 0 when all was made."""
    command = parse_portrait(arguments)
    made: dict[str, Any] = {}
    with running_server(wanted=arguments.connection is None):
        if not command.needs_blender or command.curves or command.contact_sheet:
            with BlockingClient(
                command.connection, client_name="zograscope command line"
            ) as client:
                made, metadata = _move(command, client)
        if command.needs_blender:
            # What was made above, the server answers at once.
            return run_in_blender(arguments)
    print_made(made, metadata, as_json=command.json)
    return 0


def _move(
    command: PortraitCommand, client: BlockingClient
) -> tuple[dict[str, str], dict[str, Any]]:
    """Have the portrait moved and write all that Blender is not needed for.

    Returns what was made and where, and the answer's facts.
    """
    submission = _submission(command)
    name = command.source.name
    question = question_of(submission)
    with frames_folder(command.output) as files:
        told: set[str] = set()
        if begin_frames(files, RECORD, question):
            _tell(name, _examine(command, submission, client), told)
        job = client.submit(*submission)
        with progress_shown(name) as on_progress:
            if not command.needs_blender or command.contact_sheet:
                for part in client.parts(
                    job, files.first_missing(), on_progress=of_job(on_progress)
                ):
                    files.write(part.number, part.arrays["file"])
            result = client.wait(job, of_job(on_progress))
            _tell(name, result.metadata.get("warnings", ()), told)
            made = _write(command, client, files, result, on_progress)
        end_frames(files, RECORD, question, result)
    return made, result.metadata


def _submission(command: PortraitCommand) -> Submission:
    """Return the job that moves the portrait, as a video or as curves have it."""
    if not command.driven_by_curves:
        return command.submission()
    from dataclasses import replace

    from zograscope_server.portrait.curves import read_curves

    curves = read_curves(command.driver)
    inputs = {
        "image": file_input(command.source),
        "curves": curves.expressions,
        "poses": curves.poses,
    }
    return replace(command.options, rate=curves.rate).submission(inputs)


def _examine(
    command: PortraitCommand, submission: Submission, client: BlockingClient
) -> Iterable[str]:
    """Ask what will go badly, before anything is moved."""
    options = command.options
    question = ExaminePortraitOptions(
        file_name=options.file_name,
        driver_name=options.driver_name,
        face=options.face,
        driver_face=options.driver_face,
        handles=options.handles,
    )
    names = ("image", "driver")
    inputs = {name: value for name, value in submission.inputs.items() if name in names}
    with progress_shown(command.source.name) as on_progress:
        answer = client.run(*question.submission(inputs), of_job(on_progress))
    return answer.metadata.get("warnings", ())


def _tell(name: str, warnings: Iterable[str], told: set[str]) -> None:
    """Print what was not told already."""
    for warning in warnings:
        if warning not in told:
            print(f"{name}: {warning}", file=sys.stderr)
            told.add(warning)


# What is made of the frames and of the answer


def _write(
    command: PortraitCommand,
    client: BlockingClient,
    files: FrameFiles,
    result: JobResult,
    on_progress: OnProgress,
) -> dict[str, str]:
    """Write film, sound, curves and stills; return what was made and where."""
    made: dict[str, str] = {}
    count = len(result.arrays["times"])
    if command.is_film:
        marking = partial(_marking, command, client)
        write_marked_film(command.output, files, result, marking, on_progress)
        made["film"] = str(command.output.resolve())
    elif not command.needs_blender:
        made |= write_sound(files, result)
    if command.curves is not None:
        from zograscope_server.portrait.curves import Curves, write_curves

        arrays = result.arrays
        write_curves(
            command.curves, Curves(result.metadata["rate"], arrays["curves"], arrays["poses"])
        )
        made["curves"] = str(command.curves.resolve())
    if command.contact_sheet is not None:
        from zograscope_server.portrait.contact_sheet import contact_sheet, spread

        sheet = contact_sheet([read_frame(files.path(number)) for number in spread(count)])
        marker, how = _marking(command, client)
        write_file(command.contact_sheet, marker.mark(sheet, ".png", how))
        made["contact_sheet"] = str(command.contact_sheet.resolve())
    return made


def _marking(command: PortraitCommand, client: BlockingClient) -> "tuple[Marker, Made]":
    """Return what marks a file as made, and how it was made."""
    from zograscope_server.portrait.loading import PURPOSE
    from zograscope_server.provenance.certificates import own_certificate
    from zograscope_server.provenance.marks import Made, Marker

    wanted = command.options.model
    models = [model for model in client.models() if model["task"] == PURPOSE]
    chosen = [
        model
        for model in models
        if (model["default"] if wanted == DEFAULT else model["name"] == wanted)
    ]
    title = chosen[0]["title"] if chosen else wanted
    made = Made(
        source=command.source.read_bytes(),
        source_name=command.source.name,
        model=title,
        networks=not (chosen and chosen[0]["embedded"]),
        driver_name="" if command.driven_by_curves else command.driver.name,
    )
    return Marker(own_certificate(state_folder())), made
