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
_NOT_THE_PATH = re.compile(r"^\w+://[^/?#]*|[?#].*$", re.DOTALL)


def could_be_image(name: str) -> bool:
    """Whether a name ends as images do that can be read."""
    return PurePosixPath(name).suffix.lower() in _SUFFIXES


def title_of(name: str) -> str:
    """Return a title for an image of which only the name is known."""
    return PurePosixPath(name).stem.replace("_", " ")


def name_of(address: str) -> str:
    """Return the last part of a web address, or all of it where there is none."""
    path = _NOT_THE_PATH.sub("", address)
    return PurePosixPath(unquote(path)).name or address
