"""`zograscope samples`: single images that a model dreams, as a grid or as numbered pictures.

A folder gets a table beside the pictures, which `zograscope mosaic` takes: dreams lie beside their
nearest originals there.
"""

import argparse
import csv
import io
from typing import Any

from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.frame_files import FrameFiles
from zograscope_protocol.generative.command import (
    SamplesCommand,
    add_samples_arguments,
    parse_samples,
)
from zograscope_protocol.job import JobResult
from zograscope_protocol.saving import write_file

from zograscope_server.command_line.answers import print_made
from zograscope_server.command_line.frame_folder import begin_frames, end_frames, question_of
from zograscope_server.command_line.local_server import running_server
from zograscope_server.command_line.progress import of_job, progress_shown

TABLE = "metadata.csv"
RECORD = "samples.json"
COLUMNS = ("file", "seed", "kind", "nearest original", "distance")
DREAM, ORIGINAL = "dream", "original"


def add_parser(subparsers: Any) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "samples",
        help="single images that a model dreams",
        epilog="Example: zograscope samples maps-of-ours --count 200 --originals --output dreams; "
        "zograscope mosaic dreams/metadata.csv --output dreams.blend",
    )
    add_samples_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make the samples; return 0 when they are there."""
    command = parse_samples(arguments)
    with (
        running_server(wanted=arguments.connection is None),
        BlockingClient(command.connection, client_name="zograscope command line") as client,
    ):
        made, metadata = _make(command, client)
    print_made(made, metadata, as_json=command.json)
    return 0


def _make(command: SamplesCommand, client: BlockingClient) -> tuple[dict[str, str], dict[str, Any]]:
    submission = command.submission()
    files = FrameFiles(command.output)
    question = question_of(submission)
    if command.is_folder:
        begin_frames(files, RECORD, question)
    job = client.submit(*submission)
    with progress_shown(command.output.name) as on_progress:
        if command.is_folder:
            for part in client.parts(job, files.first_missing(), on_progress=of_job(on_progress)):
                files.write(part.number, part.arrays["file"])
        result = client.wait(job, of_job(on_progress))
    if not command.is_folder:
        write_file(command.output, result.arrays["grid"])
        return {"grid": str(command.output.resolve())}, result.metadata
    table = command.output / TABLE
    write_file(table, _table(files, result).encode())
    end_frames(files, RECORD, question, result)
    made = {"samples": str(command.output.resolve()), "table": str(table.resolve())}
    return made, result.metadata


def _table(files: FrameFiles, result: JobResult) -> str:
    """Return the table of dreams and, where they were looked up, of their nearest originals."""
    seeds = result.metadata["seeds"]
    nearest = result.metadata.get("originals") or [None] * len(seeds)
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for number, (seed, original) in enumerate(zip(seeds, nearest, strict=True)):
        location, distance = original or ("", "")
        shown = f"{distance:.3f}" if original else ""
        table.writerow([files.path(number).name, seed, DREAM, location, shown])
    for location in sorted({original[0] for original in nearest if original}):
        table.writerow([location, "", ORIGINAL, "", ""])
    return text.getvalue()
