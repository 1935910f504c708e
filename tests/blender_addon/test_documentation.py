"""Beside an error is a button that leads to the page about it."""

import importlib
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest


@pytest.fixture
def documentation(zograscope):
    return importlib.import_module(f"{zograscope.__name__}.documentation")


def test_the_address_is_that_of_the_manifest(documentation):
    assert documentation.website().startswith("https://")
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
