"""Where the documentation says more: the page behind each panel's Help button."""

import functools
import tomllib
from pathlib import Path

MANIFEST = Path(__file__).with_name("blender_manifest.toml")

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


@functools.cache
def _website() -> str:
    """Return the site's address without a slash at its end, or "" where the manifest has none."""
    return str(tomllib.loads(MANIFEST.read_text("utf-8")).get("website", "")).rstrip("/")


def page_of(topic: str) -> str:
    """Return the address of a topic's page; "" where there is no such page."""
    page, website = PAGES.get(topic), _website()
    return f"{website}/{page}" if page and website else ""
