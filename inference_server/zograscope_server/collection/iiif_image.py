"""Asks IIIF image services for images of a useful size: Image API 1, 2 and 3, levels 0 to 2.

Only what a manifest says of a service is used, so that no further request is needed for each image.
See https://iiif.io/api/image/3.0/, section 4.2 for sizes and section 5 for what services describe.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Size = tuple[int, int]

LONG_SIDE = 1024  # pixels, enough for tiles and for close-ups of a mosaic

_API_VERSION = re.compile(
    r"(?:image/|imageservice)([123])|stanford\.edu/iiif/image-api", re.IGNORECASE
)
_LEVEL = re.compile(r"level([012])", re.IGNORECASE)


@dataclass(frozen=True)
class ImageService:
    """What a manifest tells of an image service.

    Attributes:
        address: without the slash at its end.
        version: of the Image API, 1 to 3.
        level: what the service can do; 0 gives only what lies ready.
        size: (width, height) of the whole image in pixels, or None.
        sizes: (width, height) that lie ready, in pixels; may be empty.
        shape: (width, height) of the image where it is shown, perhaps at another scale, or None.
    """

    address: str
    version: int
    level: int
    size: Size | None
    sizes: tuple[Size, ...]
    shape: Size | None

    def image_address(self) -> str:
        """Return the address of the whole image, with at most LONG_SIDE pixels on its long side.

        What is smaller stays so. A service of level 0 may have nothing but a larger image.
        """
        quality = "native" if self.version == 1 else "default"
        return f"{self.address}/full/{self._size_request()}/0/{quality}.jpg"

    def _size_request(self) -> str:
        if (ready := self._worth_having()) is not None:
            return self._ready(ready)
        if self.level == 0 or (self.size is not None and max(self.size) <= LONG_SIDE):
            return self._whole()
        if self.level == 1:  # which cannot fit an image into a box, and may refuse to enlarge it
            width, height = self.size or self.shape or (LONG_SIDE, LONG_SIDE)
            return f"{max(1, width * min(LONG_SIDE, max(width, height)) // max(width, height))},"
        return f"!{LONG_SIDE},{LONG_SIDE}"

    def _worth_having(self) -> Size | None:
        """Return a size that lies ready and needs no enlarging, where there is one."""
        fitting = [size for size in self.sizes if LONG_SIDE / 2 <= max(size) <= LONG_SIDE]
        larger = [size for size in self.sizes if max(size) > LONG_SIDE]
        if fitting:
            return max(fitting, key=max)
        return min(larger, key=max) if larger and self.level == 0 else None

    def _ready(self, size: Size) -> str:
        """Name a size that lies ready as the canonical addresses of each version do."""
        width, height = size
        if size == self.size:
            return self._whole()
        return f"{width},{height}" if self.version == 3 else f"{width},"

    def _whole(self) -> str:
        return "max" if self.version == 3 else "full"


def image_service(
    description: Mapping[str, Any], shown_in: Mapping[str, Any] | None = None
) -> ImageService | None:
    """Return the image service that a manifest describes, or None where it is another service.

    Args:
        description: the `service` of an image.
        shown_in: the image or canvas, which has a width and height where the service has none.
    """
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
    versions = [found[1] or "1" for name in names if (found := _API_VERSION.search(str(name)))]
    if not isinstance(address, str) or not versions:
        return None
    level = _LEVEL.search(str(profile))
    listed = description.get("sizes")
    sizes = [size_of(entry) for entry in (listed if isinstance(listed, list) else [])]
    return ImageService(
        address.rstrip("/"),
        int(versions[0]),
        int(level[1]) if level else 2,
        size_of(description),
        tuple(size for size in sizes if size is not None),
        size_of(shown_in),
    )


def size_of(resource: object) -> Size | None:
    """Return the width and height that a resource has, in pixels, or None."""
    if not isinstance(resource, Mapping):
        return None
    width, height = resource.get("width"), resource.get("height")
    if isinstance(width, int) and isinstance(height, int) and min(width, height) > 0:
        return width, height
    return None
