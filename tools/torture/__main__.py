"""Attack a server, say how it went, and exit with 1 where it did not hold.

It held where no job was lost, no file is half of something, the broker never ended by itself, and
99 of 100 honest answers took less than a second.
"""

import argparse
import json
import os
import random
import resource
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tools.torture import bombs, crowds, disks, kills, strangers, web
from tools.torture.server import Figures, Honest, Server

LONGEST_ANSWER = 1.0  # seconds
SIZES = {
    "frames": (100_000, "of nonsense, over ipc, and over CURVE"),
    "message": (1_000_000, "frames of one message"),
    "idle": (1100, "connections that say nothing"),
    "clients": (30, "at once"),
    "jobs": (20, "of each client"),
    "kills": (30, "of worker, of broker, and of client"),
    "trainings": (2, "paused and killed"),
    "damaged": (100, "files beside the bombs; 0 leaves bombs out"),
    "web": (1, "0 leaves the hostile web out"),
    "disks": (24, "full disks"),
    "guests": (3, "of the soak"),
}


def main() -> int:
    """Attack, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    for name, (size, words) in SIZES.items():
        parser.add_argument(f"--{name}", type=int, default=size, help=f"{words} (%(default)s)")
    parser.add_argument("--minutes", type=float, default=2.0, help="of soak (%(default)s)")
    parser.add_argument("--only", nargs="+", metavar="ATTACK", help="names of attacks, as printed")
    parser.add_argument("--output", type=Path, help="where the figures go, as JSON")
    sizes = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        figures = attack(Path(folder), sizes)
    if sizes.output:
        sizes.output.parent.mkdir(parents=True, exist_ok=True)
        content = {"sizes": vars(sizes), **figures}
        sizes.output.write_text(json.dumps(content, indent=2, default=str))
    failed = [name for name, step in figures.items() if not has_held(step)]
    print("It did not hold: " + ", ".join(failed) if failed else "It held.")
    return 1 if failed else 0


def attack(folder: Path, sizes: argparse.Namespace) -> dict[str, Figures]:
    """Run all attacks in a folder; return the figures of each."""
    # Neither this user's own server nor passwords are to be met.
    home = folder / "home"
    home.mkdir()
    (home / ".netrc").write_text("machine 127.0.0.1 login owner password secret\n")
    (home / ".netrc").chmod(0o600)
    os.environ |= {"HOME": str(home), "ZOGRASCOPE_HOME": "/nonexistent"}
    chance = random.Random(sizes.seed)
    figures: dict[str, Figures] = {}
    server = Server(folder / "state")
    honest = Honest(server.state)
    at = partial(_note, figures, sizes.only)
    try:
        at("giants", lambda: strangers.giants(server, honest, sizes.message))
        at("idle", lambda: strangers.idle(server, honest, sizes.idle))
        at("crowd", lambda: crowds.crowd(server, honest, chance, sizes.clients, sizes.jobs))
        at("fuzz", lambda: strangers.fuzz(server, honest, chance, sizes.frames))
        for victim in ("worker", "client", "broker"):
            at(
                f"kills of {victim}",
                lambda: kills.kills(server, honest, chance, victim, sizes.kills),  # noqa: B023
            )
        if sizes.trainings:
            at("trainings", lambda: kills.training(server, honest, chance, sizes.trainings))
        if sizes.damaged:
            at("bombs", lambda: bombs.bombs(server, honest, chance, sizes.damaged))
        if sizes.web:
            at("web", lambda: web.web(server, honest, chance))
        server.stop()
        server = Server(folder / "state", "--tcp", "127.0.0.1:*", "--collections", str(folder))
        at("giants over CURVE", lambda: strangers.giants(server, honest, sizes.message))
        at("idle over CURVE", lambda: strangers.idle(server, honest, sizes.idle))
        at("fuzz over CURVE", lambda: strangers.fuzz(server, honest, chance, sizes.frames))
        if sizes.minutes:
            at("soak", lambda: crowds.soak(server, honest, chance, sizes.guests, sizes.minutes))
        if sizes.web:
            at("web over CURVE", lambda: web.guests_web(server, honest, chance))
    finally:
        honest.stop()
        server.stop()
    if sizes.disks:
        at("disks", lambda: disks.disks(folder / "small disk", chance, sizes.disks))
    return figures


def _note(
    figures: dict[str, Figures],
    only: list[str] | None,
    name: str,
    step: Callable[[], Figures],
) -> None:
    if only and name not in only:
        return
    figures[name] = step()
    print(name, json.dumps(figures[name]), flush=True)


def has_held(step: Figures) -> bool:
    """Whether a step's figures are what is promised."""
    longest = step.get("honest_seconds_p99", 0.0)
    in_time = longest is not None and longest < LONGEST_ANSWER  # None: nobody was answered
    return in_time and not step.get("lost") and not step.get("ended") and not step.get("half_files")


if __name__ == "__main__":
    sys.exit(main())
