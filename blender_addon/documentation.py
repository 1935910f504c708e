"""Where the documentation's pages lie on the web; buttons of panels and errors lead there."""

import functools
import re
import tomllib
from pathlib import Path

MANIFEST = Path(__file__).with_name("blender_manifest.toml")
ERRORS = "errors"
"""Folder of the pages about errors, one for each code; `make docs` generates them."""

PAGES = {
    "server": "install/",
    "first steps": "first_picture/",
    "diorama": "dioramas/",
    "camera": "dioramas/#how-far-a-camera-goes",
    "depth brush": "dioramas/#the-depth-brush",
    "plates": "dioramas/#plates-layers-by-click",
    "two eyes": "stereographs/",
    "mosaic": "mosaics/",
    "portrait": "portraits/",
    "dreams": "dreams/",
}
"""Topic -> page of the documentation's site, as `website` in the manifest has it."""

_CODE = re.compile(r"[a-z0-9-]+")


NOWHERE = ".example"
"""End of a name that leads nowhere (RFC 2606): the site has no address yet, and no button."""


@functools.cache
def website() -> str:
    """Return the documentation's address without a slash at its end, or "" while it has none."""
    address = str(tomllib.loads(MANIFEST.read_text("utf-8")).get("website", "")).rstrip("/")
    return "" if address.endswith(NOWHERE) else address


def page_of(topic: str) -> str:
    """Return the address of a topic's page; "" where there is no such page."""
    return f"{website()}/{PAGES[topic]}" if website() and topic in PAGES else ""


def page_of_error(code: str) -> str:
    """Return the address of the page about an error; "" while there is no site.

    Args:
        code: as the error has it. It may come from any server: what is no code of ours leads to the
            list of all errors.
    """
    page = f"{code}/" if _CODE.fullmatch(code) else ""
    return f"{website()}/{ERRORS}/{page}" if website() else ""
