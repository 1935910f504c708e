"""What MkDocs calls while it builds the site: generated pages, made pictures, links for both.

The pages of docs/ are read in the repository too, where links lead to files beside docs/. Some of
those are pages of the site, under another name; what is none becomes its words.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

from tools.documentation import command_line, errors

REPOSITORY = Path(__file__).resolve().parent.parent.parent
MADE = REPOSITORY / "out" / "docs" / "pictures"
"""What tools/documentation/pictures.py made; takes the place of the pictures of the same names."""

BROUGHT = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "developers/contributing.md",
    "SECURITY.md": "developers/security.md",
    "LICENSE.md": "licences.md",
    "protocol/SPEC.md": "developers/protocol.md",
    **{
        f"protocol/zograscope_protocol/{name}/TASKS.md": f"developers/tasks_{name}.md"
        for name in ("depth", "mosaic", "generative", "portrait")
    },
}
"""Pages of the repository that lie outside docs/, and where each lies in the site."""

HOME = ("README.md", "docs/README.md")
"""What tells in the repository what the site's first page tells there."""

_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_FOREIGN = ("http://", "https://", "mailto:", "#")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that lie elsewhere or are generated, and the pictures that were made."""
    for place, text in generated().items():
        files.append(File.generated(config, place, content=text))
    for origin, place in BROUGHT.items():
        files.append(File.generated(config, place, content=_read(origin)))
    for path in sorted(MADE.glob("*.*")) if MADE.is_dir() else ():
        place = f"pictures/{path.name}"
        former = files.get_file_from_path(place)
        if former is not None:
            files.remove(former)
        files.append(File.generated(config, place, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Lead a page's links to where they lie in the site."""
    return for_site(markdown, page.file.src_uri)


def generated() -> dict[str, str]:
    """Return the Markdown of the generated pages, by where each lies in the site."""
    return errors.pages() | {"command_line.md": command_line.page()}


def for_site(markdown: str, place: str) -> str:
    """Return a page's Markdown with links that hold in the site.

    Args:
        markdown: with links that hold in the repository.
        place: of the page in the site.
    """
    origin = origin_of(place)
    if origin is None:
        return markdown

    def lead(found: re.Match[str]) -> str:
        mark, words, target = found.groups()
        if target.startswith(_FOREIGN):
            return found[0]
        path, _, anchor = target.partition("#")
        where = place_of(
            posixpath.normpath(posixpath.join(posixpath.dirname(origin), path)), anchor
        )
        if where is None:
            return str(words)
        return f"{mark}[{words}]({posixpath.relpath(where, posixpath.dirname(place) or '.')})"

    return _LINK.sub(lead, markdown)


def origin_of(place: str) -> str | None:
    """Return where in the repository the words of a page of the site stand; None for generated."""
    if place == "command_line.md" or place.startswith(f"{errors.FOLDER}/"):
        return None
    origins = {there: origin for origin, there in BROUGHT.items()}
    return origins.get(place, f"docs/{place}")


def place_of(path: str, anchor: str = "") -> str | None:
    """Return where a file of the repository lies in the site, with the anchor; None for nowhere."""
    if path == "docs/errors.md":
        return f"{errors.FOLDER}/{anchor}.md" if anchor else f"{errors.FOLDER}/index.md"
    if path in HOME:
        place: str | None = "index.md"
    else:
        place = BROUGHT.get(path, path.removeprefix("docs/") if path.startswith("docs/") else None)
    return f"{place}#{anchor}" if place and anchor else place


def pictures_of(markdown: str) -> Iterator[str]:
    """Give the addresses of the pictures that a page shows."""
    for mark, _, target in _LINK.findall(markdown):
        if mark:
            yield target


def _read(origin: str) -> str:
    return (REPOSITORY / origin).read_text("utf-8")
