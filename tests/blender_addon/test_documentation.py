"""Each panel and each error leads to a page of the documentation that is there."""

import importlib
import re
from types import SimpleNamespace
from unittest.mock import MagicMock

import bpy
import pytest

SITE = "https://docs.zograscope.test"


@pytest.fixture
def documentation(zograscope, monkeypatch):
    """The module as of a release, whose manifest has the site's address."""
    module = importlib.import_module(f"{zograscope.__name__}.documentation")
    monkeypatch.setattr(module, "website", lambda: SITE)
    return module


@pytest.mark.parametrize(
    ("written", "address"), [(f"{SITE}/", SITE), ("https://zograscope.example", "")]
)
def test_the_address_is_that_of_the_manifest_unless_it_leads_nowhere(
    zograscope, monkeypatch, tmp_path, written, address
):
    module = importlib.import_module(f"{zograscope.__name__}.documentation")
    manifest = tmp_path / "manifest.toml"
    manifest.write_text(f'website = "{written}"')
    monkeypatch.setattr(module, "MANIFEST", manifest)
    module.website.cache_clear()
    assert module.website() == address
    assert (
        bool(module.page_of("diorama")) == bool(module.page_of_error("internal")) == bool(address)
    )
    module.website.cache_clear()


def test_each_error_has_a_page(documentation):
    page = documentation.page_of_error("server-lost")
    assert page == f"{documentation.website()}/errors/server-lost/"


@pytest.mark.parametrize("code", ["", "../../x", "a b", "HTTP://a", "x?y", "é", "a\n"])
def test_what_is_no_code_of_ours_leads_to_the_list(documentation, code):
    """A server may send any."""
    assert documentation.page_of_error(code) == f"{documentation.website()}/errors/"


def opened(layout: MagicMock) -> list[str]:
    """The pages that what was drawn on a layout opens."""
    button = layout.operator.return_value
    names = [call.args[0] for call in layout.operator.call_args_list]
    return [button.url] if "wm.url_open" in names else []


def test_an_error_in_the_panel_leads_there(zograscope, documentation, scene):
    from zograscope_protocol.errors import ZograscopeError

    panel = importlib.import_module(f"{zograscope.__name__}.server_panel")
    layout = MagicMock()
    layout.box.return_value = layout.row.return_value = layout
    context = SimpleNamespace(
        region=SimpleNamespace(width=300),
        preferences=SimpleNamespace(system=SimpleNamespace(ui_scale=1.0)),
    )
    panel.draw_error(layout, context, ZograscopeError("out-of-memory"), 0)
    assert opened(layout) == [documentation.page_of_error("out-of-memory")]


def test_an_error_of_the_set_up_leads_there(zograscope, documentation, scene, monkeypatch):
    panels = importlib.import_module(f"{zograscope.__name__}.server_setup.panels")
    errors = importlib.import_module(f"{zograscope.__name__}.server_setup.errors")
    error = errors.SetupError("setup-no-network")
    stand_in = SimpleNamespace(running=False, error=error, notes=[], state="ready")
    monkeypatch.setattr(panels, "setup", stand_in)
    layout, context = MagicMock(), SimpleNamespace()
    panels.draw_setup(layout, context, 300.0)
    assert opened(layout) == [documentation.page_of_error("setup-no-network")]


def anchors(page: str) -> set[str]:
    """The places within a page that a link can lead to, as MkDocs names them."""
    headings = re.findall("^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", text.lower())) for text in headings}


def test_a_topic_s_address_is_site_and_page(documentation):
    assert documentation.page_of("diorama") == f"{documentation.website()}/dioramas/"
    assert documentation.page_of("nothing we know") == ""


def test_every_page_is_one_of_the_site(documentation, repository):
    docs = repository / "docs"
    for page in documentation.PAGES.values():
        name, _, anchor = page.partition("/")
        text = (docs / f"{name}.md").read_text("utf-8")
        assert not anchor or anchor.removeprefix("#") in anchors(text), page


def test_every_panel_of_the_sidebar_leads_to_one(documentation):
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
        assert layout.operator.return_value.url == documentation.page_of(panel.topic) != ""
