"""IIIF manifests and collections of manifests as a collection: Presentation API 2 and 3.

Manifests come from many hands. So nothing is taken for granted about what stands where: what is not
understood is passed over, and an image that cannot be found is a problem, not an end.
See https://iiif.io/api/presentation/3.0/ and https://iiif.io/api/presentation/2.1/.
"""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from zograscope_protocol.errors import ZograscopeError

from zograscope_server.collection.collection import Collection, Item, Problem
from zograscope_server.collection.dates import parse_year
from zograscope_server.collection.errors import CollectionError
from zograscope_server.collection.fetching import Fetcher, is_address
from zograscope_server.collection.file_names import name_of
from zograscope_server.collection.files import MOST_MANIFEST, read_file
from zograscope_server.collection.iiif_image import image_service, size_of
from zograscope_server.collection.metadata import with_metadata
from zograscope_server.progress import OnProgress, no_progress

Resource = dict[str, Any]  # an object of a manifest, as JSON has it

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_ONLY_A_YEAR = re.compile(r"(\d{4})-01-01T00:00:00")
_IMAGE_REQUEST = re.compile(r"/[^/]+/[^/]+/!?[\d.]+/(?:default|native|color|gray)\.\w+$")
TOLD_EVERY = 1000  # canvases
_WRAPPERS = {"Choice": ("items", "default", "item"), "SpecificResource": ("source", "full")}
_CONTENTS = ("items", "sequences", "members", "collections", "manifests", "first")


def open_manifest(
    source: str, fetcher: Fetcher, on_progress: OnProgress = no_progress
) -> Collection:
    """Open a IIIF manifest, or a collection of manifests with all that it holds.

    Args:
        source: the path or web address of a JSON file.
        fetcher: gets what is on the web; a collection that was interrupted goes on where it was.
        on_progress: told how many manifests are read.

    Raises:
        ZograscopeError: `manifest-wrong`, or as `read_file` or `Fetcher.get` for the source itself;
            `spool-full` whenever the disk is.
    """
    top = _load(source, fetcher)
    if _kind(top) not in ("Manifest", "Collection"):
        raise CollectionError("manifest-wrong", name=source)
    reader = _Reader(fetcher, on_progress)
    reader.read(top, source)
    name = _text(top.get("label")) or name_of(source)
    return Collection(name, tuple(reader.items), tuple(reader.problems))


class _Reader:
    """Goes through a collection and all that it holds, in reading order."""

    def __init__(self, fetcher: Fetcher, on_progress: OnProgress) -> None:
        self.items: list[Item] = []
        self.problems: list[Problem] = []
        self._manifests = 0
        self._fetcher = fetcher
        self._on_progress = on_progress

    def read(self, top: Resource, source: str) -> None:
        """Take all images of a manifest or collection that was found at a path or address."""
        seen = {source, _id(top)}
        waiting = [(top, source)]
        while waiting:
            self._tell()
            resource, base = waiting.pop()
            if resource is not top and not any(key in resource for key in _CONTENTS):
                try:
                    resource, base = _referred(resource, base, self._fetcher)
                except ZograscopeError as error:
                    if error.code == "spool-full":
                        raise
                    self._miss(resource, error)
                    continue
            match _kind(resource):
                case "Manifest":
                    self._manifests += 1
                    self._take_images(resource)
                case "Collection":
                    waiting += reversed(_unseen_parts(resource, base, seen))
                case _:
                    self._miss(resource, CollectionError("manifest-wrong", name=_id(resource)))
        self._tell()

    def _take_images(self, manifest: Resource) -> None:
        """Add the image of each canvas, or a problem."""
        canvases = _canvases(manifest)
        if not canvases:
            self._miss(manifest, CollectionError("canvas-without-image"))
        for number, canvas in enumerate(canvases, start=1):
            if number % TOLD_EVERY == 0:
                self._tell()
            item = _item(canvas, manifest, "" if len(canvases) == 1 else str(number))
            if item is None:
                self._miss(
                    canvas, CollectionError("canvas-without-image"), _text(manifest.get("label"))
                )
            else:
                self.items.append(item)

    def _miss(self, resource: Resource, error: ZograscopeError, where: str = "") -> None:
        name = _text(resource.get("label")) or _id(resource)
        self.problems.append(Problem(": ".join(filter(None, (where, name))), error.sentence))

    def _tell(self) -> None:
        found = f"{self._manifests} with {len(self.items)} images"
        self._on_progress(None, "Reading manifests", found)


def _load(source: str, fetcher: Fetcher) -> Resource:
    """Read a JSON object from the web or, where a person named it, from the disk."""
    on_web = is_address(source)
    data = fetcher.get(source) if on_web else read_file(Path(source), MOST_MANIFEST)
    if len(data) > MOST_MANIFEST:
        raise CollectionError("manifest-wrong", f"it has {len(data)} bytes", name=source)
    try:
        resource = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise CollectionError("manifest-wrong", str(error), name=source) from error
    if not isinstance(resource, dict):
        raise CollectionError("manifest-wrong", "it is no JSON object", name=source)
    return resource


def _referred(reference: Resource, base: str, fetcher: Fetcher) -> tuple[Resource, str]:
    """Fetch what stands elsewhere; return it and its address. No file of this machine is read."""
    address = _address(reference, base)
    if not is_address(address):
        raise CollectionError("manifest-wrong", name=address or _id(reference))
    resource = _load(address, fetcher)
    if _kind(resource) not in ("Manifest", "Collection"):
        raise CollectionError("manifest-wrong", name=address)
    return resource, address


def _unseen_parts(collection: Resource, base: str, seen: set[str]) -> list[tuple[Resource, str]]:
    """Return what a collection lists, and its pages where it is long, and where that was said."""
    parts = []
    for key in ("items", "members", "collections", "manifests", "first", "next"):
        for part in _resources(collection.get(key)):
            address = _address(part, base)
            if address not in seen and (address or any(key in part for key in _CONTENTS)):
                parts.append((part, base))
            seen |= {address} - {""}
    return parts


def _canvases(manifest: Resource) -> list[Resource]:
    """Return the pages of a manifest; further sequences only show them in another order."""
    sequences = _resources(manifest.get("sequences"))[:1]
    pages = [canvas for sequence in sequences for canvas in _resources(sequence.get("canvases"))]
    return _resources(manifest.get("items")) + pages


def _item(canvas: Resource, manifest: Resource, number: str) -> Item | None:
    """Return the image of a canvas with what the canvas, or else the manifest, says of it."""
    image = next((found for body in _painted(canvas) if (found := _image(body, canvas))), None)
    if image is None:
        return None
    name, address = image
    label, page = _text(manifest.get("label")), _text(canvas.get("label"))
    titles = (label, page or number) if number else (label or page,)
    item = Item(
        name,
        address,
        title=", ".join(filter(None, titles)),
        date=_date(canvas.get("navDate")) or _date(manifest.get("navDate")),
        rights=_rights(canvas) or _rights(manifest),
        link=_link(canvas, "homepage", "related") or _link(manifest, "homepage", "related"),
    )
    item = with_metadata(item, _metadata(manifest) | _metadata(canvas))
    return item if item.link else replace(item, link=_link(manifest, "seeAlso"))


def _painted(canvas: Resource) -> Iterator[Resource]:
    """Yield what is painted on a canvas, of several choices the first one first."""
    pages = _resources(canvas.get("items"))
    annotations = [annotation for page in pages for annotation in _resources(page.get("items"))]
    annotations += _resources(canvas.get("images"))
    for annotation in annotations:
        waiting = _resources(annotation.get("body")) + _resources(annotation.get("resource"))
        while waiting:
            body = waiting.pop(0)
            keys = _WRAPPERS.get(_kind(body))
            if keys is None:
                yield body
            else:
                waiting = [inner for key in keys for inner in _resources(body.get(key))] + waiting


def _image(body: Resource, canvas: Resource) -> tuple[str, str] | None:
    """Return the name and address of an image, or None where a body is something else."""
    shown_in = body if size_of(body) else canvas
    for description in _resources(body.get("service")):
        service = image_service(description, shown_in)
        if service is not None and is_address(service.address):
            return name_of(service.address), service.image_address()
    is_image = _kind(body) == "Image" or str(body.get("format", "")).startswith("image/")
    if not is_image or not is_address(_id(body)):
        return None
    return name_of(_IMAGE_REQUEST.sub("", _id(body))), _id(body)


def _metadata(resource: Resource) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for pair in _resources(resource.get("metadata")):
        label, value = _text(pair.get("label")), _text(pair.get("value"))
        if label and value:
            pairs[label] = f"{pairs[label]}; {value}" if label in pairs else value
    return pairs


def _date(nav_date: object) -> float | None:
    """Read a navDate; midnight of New Year is how it says that only the year is known."""
    text = str(nav_date)
    only_a_year = _ONLY_A_YEAR.match(text)
    return parse_year(only_a_year[1] if only_a_year else text)


def _rights(resource: Resource) -> str:
    """Join the statement that must be shown with the licence."""
    texts = [_text(part.get("value")) for part in _resources(resource.get("requiredStatement"))]
    texts += [_text(resource.get(key)) for key in ("attribution", "rights", "license")]
    return "; ".join(dict.fromkeys(text for text in texts if text))


def _link(resource: Resource, *keys: str) -> str:
    """Return the first web address under some keys."""
    addresses = [_id(part) for key in keys for part in _resources(resource.get(key))]
    return next(filter(is_address, addresses), "")


def _resources(value: object) -> list[Resource]:
    """Return an object, or those in a list; an address alone stands for an object."""
    values = value if isinstance(value, list) else [value]
    return [
        {"id": part} if isinstance(part, str) else part
        for part in values
        if isinstance(part, str | dict)
    ]


def _id(resource: Resource) -> str:
    found = resource.get("id") or resource.get("@id")
    return found if isinstance(found, str) else ""


def _address(resource: Resource, base: str) -> str:
    """Return the address of what was mentioned at another; empty where it says none."""
    try:
        return urljoin(base, _id(resource)) if _id(resource) else ""
    except ValueError:
        return ""


def _kind(resource: Resource) -> str:
    """Return the type without its prefix: "Manifest" for "sc:Manifest" too."""
    return str(resource.get("type") or resource.get("@type") or "").rpartition(":")[2]


def _text(value: object) -> str:
    """Return a text for people in English, or of no language, or in the first one there is."""
    texts = _by_language(value)
    for language in ("en", "none"):
        for found in texts:
            if found.partition("-")[0].casefold() == language:
                return "; ".join(texts[found])
    return "; ".join(next(iter(texts.values()), []))


def _by_language(value: object) -> dict[str, list[str]]:
    """Sort texts by language: a text, a language map of version 3, or values of version 2."""
    texts: dict[str, list[str]] = {}
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, dict) and "@value" in part:
            pairs = [(str(part.get("@language", "none")), part["@value"])]
        elif isinstance(part, dict):
            pairs = [
                (str(language), text)
                for language, inner in part.items()
                for text in (inner if isinstance(inner, list) else [inner])
            ]
        else:
            pairs = [("none", part)]
        for language, text in pairs:
            if isinstance(text, str | int | float) and (plain := _without_tags(str(text))):
                texts.setdefault(language, []).append(plain)
    return texts


def _without_tags(text: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", text)).split())
