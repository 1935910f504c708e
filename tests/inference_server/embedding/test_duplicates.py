"""Copies are stacked, and what is only alike is not, whatever the embedder's scale."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from zograscope_server.embedding.backbones import Backbone, add_weights
from zograscope_server.embedding.descriptor import ColourAndTexture
from zograscope_server.embedding.duplicates import REACH, near_duplicates, usual_distance
from zograscope_server.images import read_reduced_photograph

torch = pytest.importorskip("torch")
torch.set_num_threads(1)


def cloud(count: int, dimensions: int = 16) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, dimensions)).astype(np.float32)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("offset", [0.0, 5.0])
def test_copies_are_found_at_any_scale(scale, offset):
    images = cloud(100)
    copies = images[[3, 50, 3]] + 0.01
    vectors = (np.concatenate([images, copies]) + offset) * np.float32(scale)
    expected = np.arange(103)
    expected[100:] = [3, 50, 3]
    assert near_duplicates(vectors).tolist() == expected.tolist()


def test_a_dense_series_is_no_stack_of_copies():
    """A hundred sheets close together, far from the rest; two of them are copies."""
    rest, series = cloud(300), cloud(100) * 0.4
    series[1] = series[0] + 0.001
    stands_for = near_duplicates(np.concatenate([rest + 2.0, series]))
    assert (stands_for != np.arange(400)).sum() == 1
    assert stands_for[301] == 300


def test_a_chain_of_small_steps_does_not_join_its_ends():
    """Frames of a slow pan, among other images: each is like the next, the last not the first."""
    line = np.linspace(0, 1, 200)[:, None] * np.full(16, 10.0)
    vectors = np.concatenate([cloud(200) * 3, line]).astype(np.float32)
    stands_for = near_duplicates(vectors)
    reach = REACH * usual_distance(vectors)
    assert (np.linalg.norm(vectors - vectors[stands_for], axis=1) <= reach).all()
    assert len(set(stands_for[200:].tolist())) > 1


@settings(max_examples=30)
@given(st.integers(0, 40), st.integers(1, 5), st.integers(0, 3), st.integers(0, 2**32 - 1))
def test_who_stands_for_others_stands_first_and_for_itself(count, dimensions, kinds, seed):
    random = np.random.default_rng(seed)
    vectors = random.integers(0, kinds + 1, (count, dimensions)).astype(np.float32)
    stands_for = near_duplicates(vectors)
    assert stands_for.dtype == np.int32
    assert stands_for.shape == (count,)
    assert (stands_for <= np.arange(count)).all()
    assert (stands_for[stands_for] == stands_for).all()


def test_many_equal_images_are_one_stack():
    vectors = np.concatenate([cloud(50), np.tile(cloud(1, 16) + 3, (60, 1))])
    assert (near_duplicates(vectors)[50:] == 50).all()


def saved_again(picture: Image.Image) -> Image.Image:
    return jpeg(picture, 60)


def resized(picture: Image.Image) -> Image.Image:
    return jpeg(picture.resize((picture.width * 2 // 3, picture.height * 2 // 3)), 80)


def scanned_again(picture: Image.Image) -> Image.Image:
    """A little lighter, and cut a little tighter."""
    width, height = picture.size
    edge_x, edge_y = width * 3 // 200, height * 3 // 200
    cut = picture.crop((edge_x, edge_y, width - edge_x, height - edge_y))
    return jpeg(cut.point(lambda value: min(255, int(value * 1.08))), 75)


def jpeg(picture: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


@pytest.fixture(scope="module")
def pictures(shared) -> list[Image.Image]:
    paths = sorted((shared / "collection").glob("*/*.jpg"))[::3]
    return [read_reduced_photograph(path.read_bytes(), path.name, 256).picture for path in paths]


@pytest.fixture(params=["embedded", "network"])
def embedder(request, shared, tmp_path):
    if request.param == "embedded":
        return ColourAndTexture()
    weights: Path = shared / "weights" / "derived" / "tf_mobilenetv3_small_075_timm.pth"
    add_weights(weights, "timm/tf_mobilenetv3_small_075", tmp_path, "network")
    return Backbone(tmp_path / "network")


@pytest.mark.parametrize(
    ("alter", "found"), [(saved_again, 0.9), (resized, 0.8), (scanned_again, 0.3)]
)
def test_copies_of_real_cards_and_maps_are_found(pictures, embedder, alter, found):
    originals = len(pictures)
    chosen = range(0, originals, 6)
    everything = [*pictures, *(alter(pictures[number]) for number in chosen)]
    prepared = np.stack([embedder.prepare(picture) for picture in everything])
    stands_for = near_duplicates(embedder.finish(embedder.embed(prepared)))
    of_copies = stands_for[originals:]
    right = of_copies == stands_for[list(chosen)]
    strayed = ~right & (of_copies < originals)
    assert right.mean() >= found
    assert not strayed.any()
    assert (stands_for[:originals] != np.arange(originals)).mean() < 0.05
