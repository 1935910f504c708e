"""`zograscope status`: what the server is doing."""

import argparse
import json
from typing import Any

from zograscope_server.command_line.server_options import add_state_option, connect


def add_parser(subparsers: Any) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser("status", help="say what the server is doing")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    add_state_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask the server and print its answer."""
    with connect(arguments) as client:
        status = client.status()
    print(json.dumps(status, indent=2) if arguments.json else _in_words(status))
    return 0


def _in_words(status: dict[str, Any]) -> str:
    spool = status["spool"]
    lines = [
        f"{status['server']}, up for {status['uptime'] / 60:.0f} min",
        f"Spool: {spool['bytes'] / 1e9:.2f} of {spool['limit'] / 1e9:.0f} GB",
    ]
    for worker in status["workers"]:
        models = f", models {', '.join(worker['models'])}" if worker["models"] else ""
        memory = f"{worker['memory'] / 1e9:.2f} GB"
        lines.append(f"Worker on {worker['device']}: {worker['state']}, {memory}{models}")
    for job in status["jobs"]:
        progress = "" if job["progress"] is None else f" {job['progress']:.0%}"
        lines.append(f"Job {job['job']}: {job['task']}, {job['state']}{progress} {job['stage']}")
    return "\n".join(lines)
