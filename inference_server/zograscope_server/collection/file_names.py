"""What the name of a file tells about it, before it is opened."""

import re
from pathlib import PurePosixPath
from urllib.parse import unquote

from PIL import Image

from zograscope_server.images import FORMATS

Image.init()
_SUFFIXES = frozenset(
    suffix for suffix, name in Image.registered_extensions().items() if name in FORMATS
)
_UNREAD = {
    "a HEIC picture": (".heic", ".heif", ".hif"),
    "a JPEG XL picture": (".jxl",),
    "a PDF document": (".pdf",),
    "a camera's raw file": (
        *(".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".raf", ".rw2"),
        *(".orf", ".pef", ".srw", ".3fr", ".fff", ".iiq", ".mos", ".x3f", ".erf", ".kdc", ".raw"),
    ),
    "a drawing": (".svg", ".svgz", ".eps", ".ps", ".ai", ".cdr", ".wmf", ".emf"),
    "a document with pages": (".djvu", ".djv", ".xps", ".doc", ".docx", ".odt", ".ppt", ".pptx"),
    "a picture of another program": (".xcf", ".psb", ".kra", ".clip", ".exr", ".hdr", ".tga"),
    "a film": (".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".mts", ".wmv"),
}
_KINDS = {suffix: kind for kind, suffixes in _UNREAD.items() for suffix in suffixes}
_NOT_THE_PATH = re.compile(r"^\w+://[^/?#]*|[?#].*$", re.DOTALL)


def could_be_image(name: str) -> bool:
    """Whether a name ends as images do that can be read."""
    return PurePosixPath(name).suffix.lower() in _SUFFIXES


def kind_unread(name: str) -> str | None:
    """Return what a file is that shows something and cannot be read, or None for other files."""
    return _KINDS.get(PurePosixPath(name).suffix.lower())


def title_of(name: str) -> str:
    """Return a title for an image of which only the name is known."""
    return PurePosixPath(name).stem.replace("_", " ")


def name_of(address: str) -> str:
    """Return the last part of a web address, or all of it where there is none."""
    path = _NOT_THE_PATH.sub("", address)
    return PurePosixPath(unquote(path)).name or address
