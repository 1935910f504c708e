"""Asks IIIF image services for images of a useful size: Image API 1, 2 and 3, levels 0 to 2.

Only what a manifest says of a service is used, so that no further request is needed for each image.
See https://iiif.io/api/image/3.0/, section 4.2 for sizes and section 5 for what services describe.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LONG_SIDE = 1024  # pixels, enough for tiles and for close-ups of a mosaic

_API_VERSION = re.compile(r"(?:image/|image-api/|imageservice)([123])", re.IGNORECASE)
_LEVEL = re.compile(r"level([012])", re.IGNORECASE)


@dataclass(frozen=True)
class ImageService:
    """What a manifest tells of an image service.

    Attributes:
        address: without the slash at its end.
        version: of the Image API, 1 to 3.
        level: what the service can do; 0 gives only what lies ready.
        width, height: of the whole image in pixels, or None.
        sizes: (width, height) that lie ready, in pixels; may be empty.
    """

    address: str
    version: int
    level: int
    width: int | None
    height: int | None
    sizes: tuple[tuple[int, int], ...]

    def image_address(self) -> str:
        """Return the address of the whole image, with at most LONG_SIDE pixels on its long side.

        What is smaller stays so. A service of level 0 may have nothing but a larger image.
        """
        quality = "native" if self.version == 1 else "default"
        return f"{self.address}/full/{self._size()}/0/{quality}.jpg"

    def _size(self) -> str:
        largest_side = max(self.width, self.height) if self.width and self.height else None
        if (ready := self._worth_having()) is not None:
            return self._ready(ready)
        if self.level == 0 or (largest_side is not None and largest_side <= LONG_SIDE):
            return self._whole()
        if self.level == 1 and self.width and largest_side:  # which cannot fit into a box
            return f"{max(1, LONG_SIDE * self.width // largest_side)},"
        return f"!{LONG_SIDE},{LONG_SIDE}"

    def _worth_having(self) -> tuple[int, int] | None:
        """Return a size that lies ready and needs no enlarging, where there is one."""
        fitting = [size for size in self.sizes if LONG_SIDE / 2 <= max(size) <= LONG_SIDE]
        larger = [size for size in self.sizes if max(size) > LONG_SIDE]
        if fitting:
            return max(fitting, key=max)
        return min(larger, key=max) if larger and self.level == 0 else None

    def _ready(self, size: tuple[int, int]) -> str:
        """Name a size that lies ready as the canonical addresses of each version do."""
        width, height = size
        if size == (self.width, self.height):
            return self._whole()
        return f"{width},{height}" if self.version == 3 else f"{width},"

    def _whole(self) -> str:
        return "max" if self.version == 3 else "full"


def image_service(description: Mapping[str, Any]) -> ImageService | None:
    """Return the image service that a manifest describes, or None where it is another service."""
    address = description.get("id") or description.get("@id")
    profile = description.get("profile")
    if isinstance(profile, list):
        profile = profile[0] if profile else None
    names = [
        description.get("type"),
        description.get("@type"),
        description.get("@context"),
        profile,
    ]
    versions = [found[1] for name in names if (found := _API_VERSION.search(str(name)))]
    if not isinstance(address, str) or not versions:
        return None
    level = _LEVEL.search(str(profile))
    sizes = description.get("sizes")
    found_sizes = [
        (_pixels(size.get("width")), _pixels(size.get("height")))
        for size in (sizes if isinstance(sizes, list) else [])
        if isinstance(size, dict)
    ]
    return ImageService(
        address.rstrip("/"),
        int(versions[0]),
        int(level[1]) if level else 2,
        _pixels(description.get("width")),
        _pixels(description.get("height")),
        tuple((width, height) for width, height in found_sizes if width and height),
    )


def _pixels(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
