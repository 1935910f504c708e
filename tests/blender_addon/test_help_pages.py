"""Each panel leads to a page of the documentation that is there."""

import importlib
import re
from types import SimpleNamespace
from unittest.mock import MagicMock

import bpy
import pytest

SITE = "https://docs.example"


@pytest.fixture
def help_pages(zograscope, monkeypatch):
    module = importlib.import_module(zograscope.__name__ + ".help_pages")
    monkeypatch.setattr(module, "_website", lambda: SITE)
    return module


def anchors(page: str) -> set[str]:
    """The places within a page that a link can lead to, as MkDocs names them."""
    headings = re.findall("^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", text.lower())) for text in headings}


def test_an_address_is_site_and_page(help_pages, monkeypatch):
    assert help_pages.page_of("diorama") == f"{SITE}/dioramas/"
    assert help_pages.page_of("nothing we know") == ""
    monkeypatch.setattr(help_pages, "_website", lambda: "")
    assert help_pages.page_of("diorama") == ""


def test_every_page_is_one_of_the_site(help_pages, repository):
    docs = repository / "docs"
    if not (docs / "index.md").exists():
        pytest.skip("the site is not among the docs")
    for page in help_pages.PAGES.values():
        name, _, anchor = page.partition("/")
        text = (docs / f"{name}.md").read_text("utf-8")
        assert not anchor or anchor.removeprefix("#") in anchors(text), page


def test_every_panel_of_the_sidebar_leads_to_one(help_pages):
    panels = [
        getattr(bpy.types, name)
        for name in dir(bpy.types)
        if name.startswith("ZOGRASCOPE_PT_") and not name.endswith("_presets")
    ]
    alone = [panel for panel in panels if not getattr(panel, "bl_parent_id", "")]
    assert len(alone) > 8
    for panel in alone:
        layout = MagicMock()
        layout.row.return_value = layout
        stand_in = SimpleNamespace(layout=layout, topic=panel.topic, presets=panel.presets)
        panel.draw_header_preset(stand_in, None)
        assert layout.operator.return_value.url == help_pages.page_of(panel.topic) != ""
