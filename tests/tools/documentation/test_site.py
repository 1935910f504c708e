"""The site is built strictly: no link in it is dead, and each picture of a page is there."""

import posixpath
import re
import subprocess
import sys
import urllib.parse
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tools.documentation import hooks

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s#]+)(?:#[^)\s]*)?\)")


class Page(HTMLParser):
    """What a page loads, where it leads to, and the places on it that can be led to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.places = {""}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        told = dict(attributes)
        self.places |= {told[name] for name in ("id", "name") if told.get(name)}
        if tag == "a" and told.get("href"):
            self.leads.append(told["href"])
        elif tag in ("img", "script", "iframe", "source") and told.get("src"):
            self.loads.append(told["src"])
        elif tag == "link" and told.get("href") and told.get("rel") != "canonical":
            self.loads.append(told["href"])


@pytest.fixture(scope="module")
def site(repository, tmp_path_factory) -> Path:
    """The site, built as `make docs` does, without the pictures that are made for it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", folder]
    built = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Page]:
    return {path: Page(path.read_text("utf-8")) for path in site.rglob("*.html")}


def target(site: Path, page: Path, address: str) -> tuple[Path, str]:
    """The file that an address on a page leads to, and the place in it."""
    path, _, anchor = address.partition("#")
    path = urllib.parse.unquote(path.split("?")[0])
    found = site / path.lstrip("/") if path.startswith("/") else page.parent / path
    found = Path(posixpath.normpath(found)) if path else page
    return found / "index.html" if found.is_dir() else found, urllib.parse.unquote(anchor)


def is_foreign(address: str) -> bool:
    return address.startswith(("http://", "https://", "//", "mailto:"))


def test_no_link_inside_the_site_is_dead(site, pages):
    assert len(pages) > 180
    dead = []
    for path, page in pages.items():
        for address in [*page.leads, *page.loads]:
            if is_foreign(address) or address.startswith("data:"):
                continue
            found, anchor = target(site, path, address)
            if not found.is_file() or (found in pages and anchor not in pages[found].places):
                dead.append(f"{path.relative_to(site)}: {address}")
    assert dead == []


def test_nothing_is_loaded_from_another_host(pages):
    assert [
        address for page in pages.values() for address in page.loads if is_foreign(address)
    ] == []


def test_pictures_are_shown(site, pages):
    shown = [address for page in pages.values() for address in page.loads if "pictures/" in address]
    assert len(shown) > 30


def test_links_hold_in_the_repository_too(repository):
    dead = []
    for path in [*repository.glob("*.md"), *repository.glob("docs/*.md")]:
        for address in LINK.findall(path.read_text("utf-8")):
            if not is_foreign(address) and not (path.parent / address).exists():
                dead.append(f"{path.name}: {address}")
    assert dead == []


def test_every_picture_of_the_documents_is_in_the_gallery(repository):
    shown = set(hooks.pictures_of((repository / "docs" / "gallery.md").read_text("utf-8")))
    there = {f"pictures/{path.name}" for path in (repository / "docs" / "pictures").iterdir()}
    assert shown == there


@pytest.mark.parametrize(
    ("place", "written", "read"),
    [
        ("dioramas.md", "[a](architecture.md#b)", "[a](architecture.md#b)"),
        ("architecture.md", "[spec](../protocol/SPEC.md#c)", "[spec](developers/protocol.md#c)"),
        ("developers/contributing.md", "[a](docs/glossary.md)", "[a](../glossary.md)"),
        ("developers/contributing.md", "[`x`](blender_addon/x.py) y", "`x` y"),
        ("developers/tasks_depth.md", "[tasks](tasks.py)", "tasks"),
        ("developers/tasks_depth.md", "[spec](../../SPEC.md)", "[spec](protocol.md)"),
        ("troubles.md", "[a](errors.md)", "[a](errors/index.md)"),
        ("troubles.md", "[a](errors.md#server-lost)", "[a](errors/server-lost.md)"),
        ("dioramas.md", "[home](../README.md)", "[home](index.md)"),
        ("gallery.md", "![a [b]](pictures/a.jpg)", "![a [b]](pictures/a.jpg)"),
        ("index.md", "[a](https://example.org/a.md)", "[a](https://example.org/a.md)"),
        ("command_line.md", "[a](dioramas.md)", "[a](dioramas.md)"),
    ],
)
def test_links_lead_to_where_pages_lie_in_the_site(place, written, read):
    assert hooks.for_site(written, place) == read
