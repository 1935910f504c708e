"""Embedding on a Ray cluster of several real nodes, one of which dies."""

import os
import sqlite3
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.collection.collection import Collection, Item
from zograscope_server.collection.errors import CollectionError
from zograscope_server.embedding import ray_cluster
from zograscope_server.embedding.embed import embed_collection
from zograscope_server.embedding.image_index import ImageIndex
from zograscope_server.embedding.ray_cluster import RayCluster
from zograscope_server.models.loading import load_model

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
pytest.importorskip("ray", reason="Ray is not installed: `pip install ray`")

from ray.cluster_utils import Cluster

IMAGES = 48
CHUNK = 4
ARCHITECTURE = "tf_mobilenetv3_small_minimal_100"
MEMORY = 100_000_000  # for objects, of a node


@pytest.fixture
def cluster():
    """A head without processors, which drives, and two nodes of one processor each."""
    cluster = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "object_store_memory": MEMORY, "include_dashboard": False},
    )
    nodes = [cluster.add_node(num_cpus=1, object_store_memory=MEMORY) for _ in range(2)]
    cluster.wait_for_nodes()
    yield cluster, nodes
    cluster.shutdown()


@pytest.fixture
def models(tmp_path):
    """A models folder with a network of made-up weights."""
    import timm
    import torch
    from zograscope_server.embedding.backbones import add_weights

    torch.manual_seed(0)
    torch.save(timm.create_model(ARCHITECTURE).state_dict(), tmp_path / "tiny.pth")
    add_weights(tmp_path / "tiny.pth", f"timm/{ARCHITECTURE}", tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture
def collection(tmp_path):
    folder = tmp_path / "archive"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(IMAGES):
        pixels = random.integers(0, 256, (5, 7, 3), np.uint8)
        Image.fromarray(pixels).resize((70, 50)).save(folder / f"{number:03}.png")
    items = [Item(path.name, str(path)) for path in sorted(folder.iterdir())]
    return Collection("archive", tuple(items))


def read(item: Item) -> bytes:
    return Path(item.location).read_bytes()


def test_a_node_that_dies_loses_nothing(cluster, models, collection, tmp_path):
    cluster, nodes = cluster
    embedder = load_model("tiny", models, "cpu")
    (tmp_path / "archive" / "broken.jpg").write_bytes(b"no")
    broken = Item("broken.jpg", str(tmp_path / "archive" / "broken.jpg"))
    collection = Collection("archive", (*collection.items, broken))
    told = []

    def kill_midway(fraction, stage, detail=""):
        if fraction is not None:
            told.append(fraction)
        if fraction and len(nodes) == 2:
            cluster.remove_node(nodes.pop(), allow_graceful=False)

    with (
        ImageIndex(tmp_path / "images.sqlite") as index,
        RayCluster(cluster.address, "tiny", models, CHUNK) as embed_items,
    ):
        found = embed_collection(
            collection,
            embedder,
            index,
            None,
            read=read,
            embed_items=embed_items,
            on_progress=kill_midway,
        )
        tile = found.thumbnails(7)
    assert len(nodes) == 1, "a node was killed"
    assert 0 < min(fraction for fraction in told if fraction) < 0.5, "it was in the middle"
    assert told[-1] == 1.0, "each image came back once"
    assert [item.name for item in found.items] == [f"{number:03}.png" for number in range(IMAGES)]
    assert [problem.name for problem in found.problems] == ["broken.jpg"]
    database = sqlite3.connect(tmp_path / "images.sqlite")
    for table in ("files", "images", "thumbnails", "vectors"):
        (rows,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert rows == IMAGES, table
    with ImageIndex(tmp_path / "here.sqlite") as index:
        here = embed_collection(collection, embedder, index, None, read=read)
        assert here.thumbnails(7) == tile
    assert here.digests == found.digests
    assert np.allclose(here.vectors, found.vectors, atol=2e-3), "halves of equal numbers"


def test_no_cluster_is_told(models):
    with (
        pytest.raises(ZograscopeError) as caught,
        RayCluster("127.0.0.1:1", "tiny", models),
    ):
        pass
    assert caught.value.code == "ray-unreachable"


def test_a_missing_ray_is_told(models, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ZograscopeError) as caught, RayCluster("auto", "tiny", models):
        pass
    assert caught.value.code == "ray-missing"


def test_an_image_that_kills_its_worker_costs_only_itself(
    cluster, models, collection, tmp_path, monkeypatch
):
    """Workers die at one image; what is a URL is fetched here, and what cannot be is told."""
    deadly = collection.items[5].location

    def embed_chunk(chunk, *arguments):
        import os

        from zograscope_server.embedding.ray_cluster import _embed_chunk

        if any(item.location == deadly for item, _ in chunk):
            os._exit(1)
        return _embed_chunk(chunk, *arguments)

    monkeypatch.setattr(ray_cluster, "_embed_chunk", embed_chunk)
    monkeypatch.setattr(ray_cluster, "RETRIES", 0)
    online = Item("online.png", "https://library.example/online.png")
    gone = Item("gone.png", "https://library.example/gone.png")
    picture = (tmp_path / "archive" / "000.png").read_bytes() + b"\0"

    def fetch(item):
        if item == gone:
            raise CollectionError("fetch-refused", url=item.location)
        return picture if item == online else read(item)

    with (
        ImageIndex(tmp_path / "images.sqlite") as index,
        RayCluster(cluster[0].address, "tiny", models, CHUNK) as embed_items,
    ):
        found = embed_collection(
            Collection("archive", (*collection.items[:8], online, gone)),
            load_model("tiny", models, "cpu"),
            index,
            None,
            read=fetch,
            embed_items=embed_items,
        )
    names = [f"{number:03}.png" for number in range(8) if number != 5]
    assert [item.name for item in found.items] == [*names, "online.png"]
    assert {problem.name for problem in found.problems} == {"005.png", "gone.png"}
    sentences = {problem.name: problem.sentence for problem in found.problems}
    assert "stopped every process" in sentences["005.png"]
    assert np.allclose(found.vectors[0], found.vectors[-1], atol=2e-3)
