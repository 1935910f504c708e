"""What a collection is, whatever it came from: images with metadata, and what was left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Item:
    """One image of a collection, not opened yet.

    Attributes:
        name: what people call its file: the path inside the collection, or the last part of a URL.
        location: an absolute path, or an http(s) URL.
        title: a label for people; empty where nothing is known, as are the following.
        date: decimal year (1910.5 is the middle of 1910), or None.
        creator, rights, link: text; the link is a web page about the image.
        fields: every further metadata column or pair, as text.
    """

    name: str
    location: str
    title: str = ""
    date: float | None = None
    creator: str = ""
    rights: str = ""
    link: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """An image, folder or row that was left out, and why, in a sentence for the artist."""

    name: str
    sentence: str


@dataclass(frozen=True)
class Collection:
    """Images in a fixed order, and what could not be taken in."""

    name: str
    items: tuple[Item, ...]
    problems: tuple[Problem, ...] = ()
