"""Marks what is made as made: content credentials after C2PA, inside the file or beside it.

The claim generator is Zograscope. Of a picture that was moved, the picture of the archive is the
parent that was opened, then edited at a time, by a model; the driver was put in. What a model
dreamt was created by it, from no parent; the collection that the model learnt from was put in. A
term of IPTC's vocabulary of digital source types tells what kind of source it is.
"""

import hashlib
import io
import shutil
import tempfile
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, Final

from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.saving import write_file

from zograscope_server.provenance.certificates import Certificate
from zograscope_server.provenance.errors import ProvenanceError
from zograscope_server.provenance.offline import offline_context

NAME = "Zograscope"
DIGEST_PREFIX = "SHA-256 "
TRAINED_ON = "the collection that the model was trained on"
"""What the description of a model's collection says, among all that was put in."""

SIDECAR = ".c2pa"

DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
WITH_NETWORKS = DIGITAL_SOURCE_TYPE + "compositeWithTrainedAlgorithmicMedia"
WITH_DRIVER = DIGITAL_SOURCE_TYPE + "compositeCapture"
BY_HAND = DIGITAL_SOURCE_TYPE + "algorithmicallyEnhanced"
DREAMT = DIGITAL_SOURCE_TYPE + "trainedAlgorithmicMedia"

FORMATS: Final = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
}
"""Files that credentials are put into; all others get a sidecar."""

ANY = "application/octet-stream"
_PNG = b"\x89PNG\r\n\x1a\n"
_BEGINNINGS = {
    _PNG: "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"II*\x00": "image/tiff",
    b"MM\x00*": "image/tiff",
    b"RIFF": "image/webp",
}


@dataclass(frozen=True)
class Made:
    """How something was made of a picture; one for all frames of a job.

    Attributes:
        source: the bytes of the picture's file. Where it carries credentials, they go along.
        source_name: what the picture's file is called.
        model: that moved it.
        networks: whether a trained network made pixels.
        driver_name: of the clip that gave motion; empty for curves that were made by hand.
        when: it was made.
    """

    source: bytes = field(repr=False)
    source_name: str
    model: str
    networks: bool
    driver_name: str = ""
    when: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        name = Path(self.source_name).stem
        return f"{name}, moved by {Path(self.driver_name).stem}" if self.driver_name else name

    @property
    def digital_source_type(self) -> str:
        """IPTC's term for how it came about."""
        if self.networks:
            return WITH_NETWORKS
        return WITH_DRIVER if self.driver_name else BY_HAND


@dataclass(frozen=True)
class Dreamt:
    """How something was made by a model alone; one for all frames of a job.

    Attributes:
        model: that made it.
        collection: that the model was trained on; empty where nobody knows.
        source: the bytes of the picture's file that was sought in the model, if one was.
        source_name: what that file is called; empty without one.
        when: it was made.
    """

    model: str
    collection: str = ""
    source: bytes = field(default=b"", repr=False)
    source_name: str = ""
    when: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        if self.source_name:
            return f"{Path(self.source_name).stem}, as {self.model} dreams it"
        return f"A dream of {self.model}"


class Marker:
    """Puts content credentials into files. Make one for each job; threads may share it."""

    def __init__(self, certificate: Certificate) -> None:
        """Load the key. Raises ProvenanceError `marking-failed` where the library refuses it."""
        import c2pa

        chain, key = certificate.chain.encode(), certificate.key.encode()
        try:
            info = c2pa.C2paSignerInfo(certificate.algorithm.encode(), chain, key, None)
            self._context = offline_context(certificate.anchors, c2pa.Signer.from_info(info))
        except c2pa.C2paError as error:
            raise ProvenanceError("marking-failed", str(error), name="certificate") from error
        self._template = lru_cache(maxsize=1)(self._make_template)

    def mark(self, data: bytes, suffix: str, made: Made | Dreamt) -> bytes:
        """Return the file's bytes with credentials inside, which the library has read again.

        Raises ProvenanceError `no-place-for-mark` for suffixes that are not of `FORMATS`, and
        `marking-failed`.
        """
        if suffix.lower() not in FORMATS:
            raise ProvenanceError("no-place-for-mark", suffix=suffix)
        if suffix.lower() == ".png":
            data = _in_one_chunk(data)
        marked = io.BytesIO()
        self._sign(FORMATS[suffix.lower()], io.BytesIO(data), marked, made, f"A {suffix} file")
        return marked.getvalue()

    def sidecar(self, data: bytes, made: Made | Dreamt) -> bytes:
        """Return credentials for a file of any kind, to be kept beside it.

        Raises ProvenanceError `marking-failed`.
        """
        return self._sign(ANY, io.BytesIO(data), io.BytesIO(), made, "A file", embed=False)

    def mark_file(self, path: Path, made: Made | Dreamt) -> Path:
        """Put credentials into a file, or beside it; return the file that holds them.

        The file is whole at any time, and is not read into memory by us.
        Raises ProvenanceError `marking-failed`, ZograscopeError `output-exists`.
        """
        try:
            with (
                tempfile.TemporaryDirectory(dir=path.parent, prefix=".marking") as folder,
                path.open("rb") as source,
                (Path(folder) / path.name).open("w+b") as marked,
            ):
                kind = FORMATS.get(path.suffix.lower())
                if kind is None:
                    beside = self._sign(ANY, source, marked, made, path.name, embed=False)
                    write_file(path.with_suffix(SIDECAR), beside)
                    return path.with_suffix(SIDECAR)
                self._sign(kind, source, marked, made, path.name)
                marked.close()
                source.close()  # Windows replaces no file that is open
                shutil.copymode(path, marked.name)
                Path(marked.name).replace(path)
        except OSError as error:
            raise ZograscopeError("output-exists", str(error), path=str(path)) from error
        return path

    def _sign(
        self,
        kind: str,
        source: IO[bytes],
        marked: IO[bytes],
        made: Made | Dreamt,
        name: str,
        *,
        embed: bool = True,
    ) -> bytes:
        import c2pa

        try:
            with c2pa.Builder({}, self._context) as builder:
                builder.with_archive(io.BytesIO(self._template(made)))
                if not embed:
                    builder.set_no_embed()
                return builder.sign(kind, source, marked)
        except c2pa.C2paError as error:
            raise ProvenanceError("marking-failed", str(error), name=name) from error

    def _make_template(self, made: Made | Dreamt) -> bytes:
        """Return all that is the same in each frame, as the library's archive.

        The picture, which may have many megabytes, is read for this once.
        """
        import c2pa

        kinds = [kind for begins, kind in _BEGINNINGS.items() if made.source.startswith(begins)]
        try:
            return self._archive(made, kinds[0] if kinds else ANY)
        except c2pa.C2paError:  # damaged, or not what it begins like
            return self._archive(made, ANY)

    def _archive(self, made: Made | Dreamt, kind: str) -> bytes:
        import c2pa

        archive = io.BytesIO()
        definition = _definition(made) if isinstance(made, Made) else _dreamt_definition(made)
        with c2pa.Builder(definition, self._context) as builder:
            if isinstance(made, Made):
                builder.set_intent(c2pa.C2paBuilderIntent.EDIT)  # adds that the parent was opened
            if isinstance(made, Made) or made.source_name:
                picture = {
                    "title": made.source_name,
                    "relationship": "parentOf" if isinstance(made, Made) else "inputTo",
                    "description": DIGEST_PREFIX + hashlib.sha256(made.source).hexdigest(),
                }
                builder.add_ingredient(picture, kind, io.BytesIO(made.source))
            builder.to_archive(archive)
        return archive.getvalue()


def _definition(made: Made) -> dict[str, Any]:
    driver = {"title": made.driver_name, "relationship": "inputTo"}
    return _manifest(
        made, "c2pa.edited", made.digital_source_type, [driver] if made.driver_name else []
    )


def _dreamt_definition(made: Dreamt) -> dict[str, Any]:
    collection = {
        "title": made.collection,
        "relationship": "inputTo",
        "description": TRAINED_ON,
    }
    return _manifest(made, "c2pa.created", DREAMT, [collection] if made.collection else [])


def _manifest(
    made: Made | Dreamt, action: str, source_type: str, ingredients: list[dict[str, Any]]
) -> dict[str, Any]:
    taken = {
        "action": action,
        "when": made.when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "digitalSourceType": source_type,
        "softwareAgent": {"name": made.model},
    }
    return {
        "title": made.title,
        "claim_generator_info": [{"name": NAME, "version": version("zograscope_server")}],
        "ingredients": ingredients,
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [taken]}}],
    }


def _in_one_chunk(png: bytes) -> bytes:
    """Return the PNG with all its pixels in one chunk; what is no right PNG as it is.

    The library comes back to Python some twenty times for each chunk, and OpenCV writes chunks of
    8 KiB: that would be half of the time that a mark takes.
    """
    pixels, begin, end, at = [], 0, 0, len(_PNG)
    while at + 8 <= len(png):
        name, after = png[at + 4 : at + 8], at + 12 + int.from_bytes(png[at : at + 4])
        if name == b"IDAT":
            begin, end = begin or at, after
            pixels.append(png[at + 8 : after - 4])
        at = after
    if at != len(png) or not pixels or not png.startswith(_PNG):
        return png
    chunk = b"".join([b"IDAT", *pixels])
    length, check = (number.to_bytes(4) for number in (len(chunk) - 4, zlib.crc32(chunk)))
    return b"".join([png[:begin], length, chunk, check, png[end:]])
