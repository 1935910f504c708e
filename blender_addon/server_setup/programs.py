"""Runs other programs for a set-up: seen, stopped when asked, and with a reason when they fail."""

import os
import re
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .orders import Order

LOOK = 0.2  # seconds between two looks at a program
TAIL = 4000  # characters of what it said that are kept as details

# Seconds without a byte, after which uv tries again, and how often.
NETWORK_PATIENCE = "60"
NETWORK_TRIES = "5"

# Set for Blender's, conda's or a studio's own Python.
OTHER_PYTHONS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX")

# What failed programs say, and what it means; the first that is found counts.
REASONS = (
    ("disk-full", r"No space left on device|os error 28\b|os error 112\b|Errno 28|Disk quota"),
    ("folder-not-writable", r"Read-only file system|Permission denied|os error 13\b|"
     r"Not a directory|Access is denied|Operation not permitted"),
    ("download-damaged", r"Hash mismatch|hash mismatch|invalid checksum|CRC"),
    ("index-refuses", r"\b(401|403|407) [A-Z]|HTTP error (401|403|407)\b|Unauthorized|Forbidden|"
     r"Proxy Authentication"),
    ("certificate", r"[Cc]ertificate|UnknownIssuer"),
    ("no-network", r"error sending request|dns error|resolving DNS|[Cc]onnection|timed out|"
     r"Failed to (fetch|download)|tcp connect|Network (is|connectivity)|network"),
    ("package-missing", r"No solution found|was not found|no (usable )?wheels|not find"),
)  # fmt: skip
# What uv says while all is well: names and sizes of packages, which look like anything.
PROGRESS = re.compile(
    r"^ *(Download|Buil[dt]|Resolv|Prepar|Install|Using|Updat)\w* .*$", re.MULTILINE
)
_PACKAGE = re.compile(r"[Bb]ecause (?:there is no version of )?(\S+?) (?:was not|has no|and you)")


class FailedError(Exception):
    """Why a set-up ended.

    Attributes:
        code: of its sentence, without `setup-`.
        facts: what the sentence names.
        details: what the program said.
    """

    def __init__(self, code: str, details: str = "", **facts: Any) -> None:
        super().__init__(code)
        self.code, self.details, self.facts = code, details, facts

    def told(self) -> dict[str, Any]:
        """Return it as the file of the progress has it."""
        return {
            "state": "failed", "code": self.code, "facts": self.facts, "details": self.details
        }  # fmt: skip


class CancelledError(Exception):
    """The artist wants no more."""


def reason(said: str) -> FailedError:
    """Tell why a program failed, of what it said.

    A registry that answers 403 is another thing than one that does not answer, and a disk may fill
    while something is fetched: so the order of `REASONS` matters.
    """
    complaint = PROGRESS.sub("", said)
    for code, pattern in REASONS:
        if re.search(pattern, complaint):
            facts = {}
            if code == "package-missing":
                found = _PACKAGE.search(complaint)
                facts["package"] = found.group(1) if found else ""
            return FailedError(code, said[-TAIL:], **facts)
    return FailedError("failed", said[-TAIL:], problem=last_line(said) or "it said nothing")


def last_line(said: str) -> str:
    """Return the last line of what a program said that says anything; "" where none does."""
    return next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "")


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    log: Path,
    look: Callable[[], None],
    patience: float | None = None,
) -> str:
    """Run a program to its end; return what it said.

    Args:
        command: with its arguments.
        environment: of the process.
        folder: it runs in.
        log: what it says goes to the end of it.
        look: is called again and again meanwhile; what it raises ends the program.
        patience: seconds after which it is ended; None for as long as it takes.

    Raises:
        FailedError: it failed, or may not run here.
        CancelledError: `look` raised it.
    """
    with log.open("ab") as output:
        output.write(f"\n$ {Path(command[0]).name} {' '.join(command[1:])}\n".encode())
        output.flush()
        begin = output.tell()
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise FailedError("program-blocked", str(error), program=command[0]) from error
        try:
            _wait(process, look, patience)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
    said = log.read_bytes()[begin:].decode("utf-8", errors="replace")
    if process.returncode:
        raise reason(said)
    return said


def _wait(
    process: subprocess.Popen[bytes], look: Callable[[], None], patience: float | None
) -> None:
    started = time.monotonic()
    while process.poll() is None:
        look()
        if patience is not None and time.monotonic() - started > patience:
            raise FailedError("no-answer", seconds=int(patience))
        time.sleep(LOOK)


def place_uv(order: Order) -> str:
    """Put uv into the folder, runnable, and return its path.

    Blender unpacks programs without their right to run, into a folder that may be shared.
    """
    source = Path(order.uv)
    target = order.path / "uv" / source.name
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists() or target.stat().st_size != source.stat().st_size:
        fresh = target.with_name(f"{target.name}.new")
        shutil.copyfile(source, fresh)
        fresh.chmod(fresh.stat().st_mode | stat.S_IXUSR)
        fresh.replace(target)
    return str(target)


def environment_for(order: Order) -> dict[str, str]:
    """Return the environment in which everything runs: the user's, with folders of our own.

    What the user, or a studio, has set for uv, proxies and certificates counts; the preferences
    count more.
    """
    folder = order.path
    kept = {name: value for name, value in os.environ.items() if name not in OTHER_PYTHONS}
    usual = {
        "UV_HTTP_TIMEOUT": NETWORK_PATIENCE,
        "UV_HTTP_RETRIES": NETWORK_TRIES,
        "UV_SYSTEM_CERTS": "1",
    }
    own = {
        "UV_CACHE_DIR": str(folder / "cache"),
        "UV_PYTHON_INSTALL_DIR": str(folder / "python"),
        "UV_PYTHON_INSTALL_BIN": "0",
        "UV_PYTHON_INSTALL_REGISTRY": "0",
        "UV_NO_PROGRESS": "1",
        "UV_COLOR": "never",
        "NO_COLOR": "1",
    }
    if not order.online:
        own["UV_PYTHON_DOWNLOADS"] = "never"
    if order.proxy:
        own |= {"HTTP_PROXY": order.proxy, "HTTPS_PROXY": order.proxy, "ALL_PROXY": order.proxy}
    if order.index:
        own |= {"UV_DEFAULT_INDEX": order.index, "PIP_INDEX_URL": order.index}
    if order.wheelhouse:
        own |= {"PIP_FIND_LINKS": order.wheelhouse, "PIP_NO_INDEX": "1"}
        if (Path(order.wheelhouse) / "python").is_dir():
            own["UV_PYTHON_INSTALL_MIRROR"] = (Path(order.wheelhouse) / "python").as_uri()
            own["UV_PYTHON_DOWNLOADS"] = "automatic"
    return usual | kept | own


def has_own_index(order: Order, environment: Mapping[str, str]) -> bool:
    """Whether packages come from elsewhere than the registry, so that torch must too."""
    names = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_TORCH_BACKEND")
    return bool(order.wheelhouse) or any(environment.get(name) for name in names)
