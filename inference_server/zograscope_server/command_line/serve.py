"""`zograscope serve`: run the helper server until it is told to stop."""

import argparse
import logging
import os
import signal
from pathlib import Path
from typing import Any

import psutil

from zograscope_server.command_line.server_options import add_state_option
from zograscope_server.settings import ServerSettings

LEAST_MEMORY = 4_000_000_000  # bytes: what torch and its largest models here take, and a picture


def add_parser(subparsers: Any) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser("serve", help="run the helper server")
    parser.add_argument(
        "--tcp",
        metavar="HOST:PORT",
        help="listen there, encrypted, for the keys that `zograscope allow` added "
        "(default: for this user on this machine only)",
    )
    parser.add_argument(
        "--device",
        action="append",
        metavar="auto|cpu|cuda:0|mps",
        help="a device to compute on; give it again for several (default: auto)",
    )
    parser.add_argument(
        "--memory-limit",
        type=float,
        metavar="GB",
        help="stop a job that uses more; 0 for no limit (default: half of this computer's memory, "
        "shared between devices, but at least 4)",
    )
    parser.add_argument(
        "--spool-limit",
        type=float,
        default=20.0,
        metavar="GB",
        help="disk space for inputs and kept results (default: %(default)s)",
    )
    parser.add_argument(
        "--collections",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="mosaics may be made of what is in there; give it again for several "
        "(default: all that this user can read, but nothing with --tcp)",
    )
    add_state_option(parser)
    parser.add_argument("--models", type=Path, metavar="FOLDER", help="where models are kept")
    parser.add_argument(
        "--idle-unload",
        type=float,
        default=10.0,
        metavar="MINUTES",
        help="let go of a model unused for so long (default: %(default)s)",
    )
    parser.add_argument(
        "--threads", type=int, metavar="N", help="processor threads for each device (default: all)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until a client or a signal stops it."""
    from zograscope_server.broker.broker import Broker

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    devices = tuple(arguments.device or ["auto"])
    settings = ServerSettings(
        state_folder=arguments.state,
        models_folder=arguments.models or arguments.state / "models",
        devices=devices,
        tcp=arguments.tcp,
        memory_limit=_memory_limit(arguments.memory_limit, len(devices)),
        spool_limit=int(arguments.spool_limit * 1e9),
        idle_seconds=arguments.idle_unload * 60,
        collections=tuple(arguments.collections),
        threads=arguments.threads or max(1, (os.cpu_count() or 1) // len(devices)),
    )
    with Broker(settings) as broker:
        signal.signal(signal.SIGTERM, lambda number, frame: broker.stop())
        signal.signal(signal.SIGINT, lambda number, frame: broker.stop())
        print(f"Zograscope server ready at {broker.endpoint}", flush=True)
        broker.run()
    return 0


def _memory_limit(asked: float | None, devices: int) -> int | None:
    """Return what each worker may use, in bytes; None where it was asked not to be limited."""
    if asked is None:
        return max(LEAST_MEMORY, psutil.virtual_memory().total // 2 // devices)
    return int(asked * 1e9) if asked > 0 else None
