"""How alike the images of a mosaic are to one of them, or to a picture from outside."""

from collections.abc import Sequence

import numpy as np

from zograscope_server.embedding.embedder import READ_SIDE, Embedder
from zograscope_server.embedding.image_index import ImageIndex
from zograscope_server.images import read_reduced_photograph
from zograscope_server.mosaic.errors import MosaicError


def similarity_to(
    query: int | bytes, digests: Sequence[str], embedder: Embedder, index: ImageIndex
) -> np.ndarray:
    """Compare images by their vectors.

    Args:
        query: the place of one of the images, or the file of another.
        digests: sha256 of n images, in hexadecimal.
        embedder: whose vectors the index has.
        index: knows the images.

    Returns:
        (n,) float32: 1 for the same picture, 0 for the one that is least alike.

    Raises:
        ZograscopeError: `image-forgotten`, or what is wrong with the file.
    """
    try:
        vectors = [index.vector(digest, embedder.revision) for digest in digests]
    except KeyError as error:
        raise MosaicError("image-forgotten") from error
    if isinstance(query, bytes):
        picture = read_reduced_photograph(query, "the picture", READ_SIDE).picture
        vectors.append(embedder.embed(embedder.prepare(picture)[None])[0])
        query = len(digests)
    finished = embedder.finish(np.stack(vectors).astype(np.float32))
    distances = np.linalg.norm(finished - finished[query], axis=1)[: len(digests)]
    return (1.0 - distances / max(float(distances.max()), 1e-9)).astype(np.float32)
