"""Pictures of images that the index knows: thumbnails, or originals where they are too small."""

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from zograscope_protocol.errors import ZograscopeError

from zograscope_server.collection.collection import Item
from zograscope_server.collection.fetching import is_address, read_image
from zograscope_server.collection.readable import CheckMayRead, anything, may_read
from zograscope_server.embedding.image_index import ImageIndex
from zograscope_server.images import READING, read_reduced_photograph
from zograscope_server.mosaic.errors import MosaicError

if TYPE_CHECKING:
    from zograscope_server.collection.fetching import Fetcher

JPEG_QUALITY = 95


class IndexedPictures:
    """The pictures of images named by their content; call it as `canvas.Pictures`."""

    def __init__(
        self,
        digests: Sequence[str],
        index: ImageIndex,
        fetcher: "Fetcher",
        check_may_read: CheckMayRead = anything,
    ) -> None:
        self._digests = digests
        self._index = index
        self._fetcher = fetcher
        self._check_may_read = check_may_read

    def __call__(self, number: int, long_side: int) -> Image.Image:
        """Return a picture of about the wanted size, smaller where no larger one can be had.

        Raises ZograscopeError `image-forgotten` where there is none at all.
        """
        try:
            data = self._index.largest_thumbnail(self._digests[number])
        except KeyError as error:
            raise MosaicError("image-forgotten") from error
        thumbnail = Image.open(io.BytesIO(data)).convert("RGB")
        if max(thumbnail.size) >= long_side:
            return thumbnail
        return self.original(number, long_side) or thumbnail

    def original(self, number: int, long_side: int) -> Image.Image | None:
        """Read an image from its file, at most `long_side` large; None where it is gone.

        A file that was replaced since is another image, and one that clients may not name is not
        there for them, though they know what it holds.
        """
        digest = self._digests[number]
        for location in self._index.locations(digest):
            if not (is_address(location) or may_read(Path(location), self._check_may_read)):
                continue
            try:
                with READING.turn():
                    data = read_image(Item(location, location), self._fetcher)
                    if hashlib.sha256(data).hexdigest() != digest:
                        continue
                    picture = read_reduced_photograph(data, location, long_side).picture
            except ZograscopeError:
                continue
            picture.thumbnail((long_side, long_side), Image.Resampling.LANCZOS, reducing_gap=3.0)
            return picture
        return None


def encode_picture(picture: Image.Image) -> bytes:
    """Return a JPEG file with all colours."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling="4:4:4")
    return buffer.getvalue()
