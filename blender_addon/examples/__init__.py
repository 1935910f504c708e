"""A photograph and a collection that come along, so that a first try needs no file."""

from pathlib import Path

_FOLDER = Path(__file__).parent

PHOTOGRAPH = _FOLDER / "china.jpg"
COLLECTION = _FOLDER / "collection"

CREDITS = {
    PHOTOGRAPH: "Photograph: danielbuechele (Flickr), CC BY 2.0",
}
"""Who is to be named beside what is made of an example."""


def credit_of(path: str) -> str:
    """Return who is to be named beside what is made of a file; "" where nobody is known."""
    return CREDITS.get(Path(path), "")
