"""The embedded default: alike pictures get near vectors, and any picture gets one."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps
from zograscope_server.embedding.descriptor import BLOCKS, ColourAndTexture, _block_columns
from zograscope_server.embedding.neighbours import nearest_among, nearest_neighbours

DEFAULT = ColourAndTexture()


def vectors_of(pictures: list[Image.Image]) -> np.ndarray:
    return DEFAULT.embed(np.array([DEFAULT.prepare(picture) for picture in pictures]))


def drawing(seed: int) -> Image.Image:
    """Thin dark lines on pale paper, as maps have them."""
    random = np.random.default_rng(seed)
    picture = Image.new("RGB", (300, 260), tuple(random.integers(225, 245, 3)))
    draw = ImageDraw.Draw(picture)
    for _ in range(30):
        draw.line([tuple(random.uniform(0, 300, 2)) for _ in range(3)], fill=(50, 40, 40))
    return picture


def painting(seed: int) -> Image.Image:
    """Soft patches of strong colours."""
    patches = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize((320, 250), Image.Resampling.BICUBIC)


def test_drawings_and_paintings_part():
    vectors = DEFAULT.finish(
        vectors_of([make(i) for make in (drawing, painting) for i in range(8)])
    )
    nearest, _ = nearest_neighbours(vectors, 5)
    assert ((nearest < 8) == (np.arange(16) < 8)[:, None]).all()


@pytest.mark.parametrize(
    "change",
    [
        ImageOps.mirror,
        lambda picture: picture.resize((150, 120)),
        lambda picture: picture.point(lambda value: int(0.85 * value)),
        lambda picture: picture.crop((12, 10, 295, 245)),
    ],
    ids=["mirrored", "smaller", "darker", "cropped"],
)
def test_a_changed_copy_stays_nearest_to_its_original(change):
    originals = [painting(i) for i in range(12)]
    vectors = DEFAULT.finish(vectors_of(originals + [change(picture) for picture in originals]))
    nearest, _ = nearest_among(vectors[12:], vectors[:12], 1)
    assert (nearest[:, 0] == np.arange(12)).mean() > 0.9


@settings(max_examples=30)
@given(
    width=st.integers(1, 400),
    height=st.integers(1, 400),
    mode=st.sampled_from(["RGB", "L", "RGBA", "P", "1"]),
    colour=st.sampled_from([0, 255, None]),
)
def test_any_picture_has_a_vector(width, height, mode, colour):
    pixels = np.random.default_rng(width).integers(0, 256, (height, width), dtype=np.uint8)
    picture = Image.fromarray(pixels if colour is None else np.full_like(pixels, colour))
    vectors = vectors_of([picture.convert(mode), painting(0)])
    assert vectors.dtype == np.float32 and vectors.shape == (2, _block_columns()[-1].stop)
    assert np.isfinite(vectors).all() and np.abs(vectors).max() < 10


def test_the_proportions_are_those_of_the_picture():
    pictures = [
        painting(0).resize(size) for size in ((400, 100), (200, 200), (100, 400), (8000, 1))
    ]
    proportions = vectors_of(pictures)[:, -1]
    np.testing.assert_allclose(proportions[:3], [2, 0, -2], atol=0.02)
    assert proportions[3] > 2


def test_every_block_weighs_its_share_in_a_mixed_collection():
    vectors = vectors_of([make(i) for make in (drawing, painting) for i in range(10)])
    finished = DEFAULT.finish(vectors)
    for block, columns in zip(BLOCKS, _block_columns(), strict=True):
        without = vectors.copy()
        without[:, columns] = 0
        assert not np.allclose(np.abs(DEFAULT.finish(without)), np.abs(finished)), block.describe


@pytest.mark.parametrize("count", [1, 2, 3, 150])
def test_collections_of_any_size_are_finished(count):
    vectors = vectors_of([painting(i) for i in range(min(count, 3))])
    finished = DEFAULT.finish(np.resize(vectors, (count, vectors.shape[1])))
    assert finished.dtype == np.float32 and len(finished) == count
    assert finished.shape[1] <= 96 and np.isfinite(finished).all()


def test_pictures_all_the_same_stay_the_same():
    finished = DEFAULT.finish(vectors_of([painting(1)] * 5))
    np.testing.assert_allclose(finished, 0, atol=1e-4)


def test_batches_do_not_matter():
    pictures = np.array([DEFAULT.prepare(painting(i)) for i in range(4)])
    apart = np.concatenate([DEFAULT.embed(pictures[i : i + 1]) for i in range(4)])
    np.testing.assert_array_equal(DEFAULT.embed(pictures), apart)


def test_real_maps_and_postcards_part_and_so_do_publishers_of_maps(shared: Path):
    paths = sorted((shared / "collection/map_patches").iterdir())[::2]
    paths += sorted((shared / "collection/postcards").iterdir())[:60]
    pictures = []
    for path in paths:
        with Image.open(path) as picture:
            pictures.append(picture.convert("RGB"))
    nearest, _ = nearest_neighbours(DEFAULT.finish(vectors_of(pictures)), 5)
    folder = np.array([path.parent.name for path in paths])
    publisher = np.array([path.name[:4] for path in paths])
    maps = folder == "map_patches"
    assert (folder[nearest] == folder[:, None]).mean() > 0.97
    assert (publisher[nearest[maps]] == publisher[maps][:, None]).mean() > 0.97
