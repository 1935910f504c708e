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
from zograscope_server.embedding.embed import file_state
from zograscope_server.embedding.image_index import ImageIndex
from zograscope_server.images import READING, read_reduced_photograph
from zograscope_server.mosaic.errors import MosaicError

if TYPE_CHECKING:
    from zograscope_server.collection.fetching import Fetcher

JPEG_QUALITY = 95


class IndexedPictures:
    """The pictures of images named by their content; call it as `canvas.Pictures`.

    Args:
        digests: sha256 of each image, in hexadecimal.
        index: knows the images.
        fetcher: gets those of the web.
        check_may_read: raises for a path that clients may not name.
        guest: who asks, by its key; empty for the server's own user, who may see all.
    """

    def __init__(
        self,
        digests: Sequence[str],
        index: ImageIndex,
        fetcher: "Fetcher",
        check_may_read: CheckMayRead = anything,
        guest: str = "",
    ) -> None:
        self._digests = digests
        self._index = index
        self._fetcher = fetcher
        self._check_may_read = check_may_read
        self._guest = guest

    def __call__(self, number: int, long_side: int) -> Image.Image:
        """Return a picture of about the wanted size, smaller where no larger one can be had.

        Raises ZograscopeError `image-forgotten` where there is none at all.
        """
        if not self._may_see(self._digests[number]):
            raise MosaicError("image-forgotten")
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
        if not self._may_see(digest):
            return None
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

    def _may_see(self, digest: str) -> bool:
        """Whether who asks may see an image.

        Of a guest, a collection must have shown it, and it must lie there still: what the index
        keeps of a file that was replaced or moved away is not the guest's.
        """
        if not self._guest:
            return True
        if not self._index.was_shown(self._guest, digest):
            return False
        return any(self._is_there(location, digest) for location in self._index.locations(digest))

    def _is_there(self, location: str, digest: str) -> bool:
        if is_address(location):
            return True
        if not may_read(Path(location), self._check_may_read):
            return False
        return self._index.digest_of(file_state(Item(location, location))) == digest


def encode_picture(picture: Image.Image) -> bytes:
    """Return a JPEG file with all colours."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling="4:4:4")
    return buffer.getvalue()
