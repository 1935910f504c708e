"""A pool is filled once: shards read back, others are not rendered again, nothing is half there."""

import numpy as np
import pytest

from training.depth import pool

SIZE = (40, 56)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(pool, "SCENES_IN_SHARD", 2)
    monkeypatch.setattr(pool, "picture_size", lambda rng: SIZE)


def test_shards_read_back(tmp_path):
    folder = tmp_path / "below" / "pool"
    pool.fill(folder, 2)
    paths = pool.shards(folder)
    assert paths == [pool.shard_path(folder, number) for number in range(2)]
    assert sorted(folder.iterdir()) == paths  # no partial file is left
    for number, path in enumerate(paths):
        shard = np.load(path, mmap_mode="r")
        pictures, disparities = pool.make_shard(number)
        np.testing.assert_array_equal(shard["picture"], pictures)
        np.testing.assert_array_equal(shard["disparity"], disparities)
    assert not np.array_equal(*(np.load(path)["picture"] for path in paths))


def test_what_a_shard_holds():
    pictures, disparities = pool.make_shard(5)
    assert pictures.shape == (2, *SIZE, 3)
    assert pictures.dtype == np.uint8
    assert disparities.shape == (2, *SIZE)
    assert disparities.dtype == np.float16
    assert np.isfinite(disparities).all()
    assert disparities.min() >= 0
    np.testing.assert_array_equal(disparities.max((1, 2)), 1)
    assert (disparities.min((1, 2)) < 0.995).all()
    assert (pictures.std((1, 2, 3)) > 2).all()


def test_an_empty_view_is_looked_away_from(monkeypatch):
    """A camera that sees only sky is replaced by the next one."""
    looks = [np.full(SIZE, np.inf), np.full(SIZE, 3.0), np.linspace(1, 9, 40 * 56).reshape(SIZE)]
    depths = iter(looks * 2)
    monkeypatch.setattr(
        pool, "render", lambda scene, camera: (np.ones((*SIZE, 3)), next(depths).astype(np.float32))
    )
    _, disparities = pool.make_shard(0)
    wanted = (1 / looks[-1]).astype(np.float16)
    np.testing.assert_allclose(disparities, np.stack([wanted, wanted]), rtol=1e-3)


def test_filling_goes_on_where_it_stopped(tmp_path, monkeypatch):
    pool.fill(tmp_path, 1)
    made = []

    def make_shard(number):
        made.append(number)
        return np.zeros((2, *SIZE, 3), np.uint8), np.ones((2, *SIZE), np.float16)

    monkeypatch.setattr(pool, "make_shard", make_shard)
    before = pool.shard_path(tmp_path, 0).read_bytes()
    pool.fill(tmp_path, 4)
    assert made == [1, 2, 3]
    assert pool.shard_path(tmp_path, 0).read_bytes() == before
    pool.fill(tmp_path, 4)
    assert made == [1, 2, 3]


def test_renderers_share_the_shards_out(tmp_path, monkeypatch):
    made = []

    def make_shard(number):
        made.append(number)
        return np.zeros((2, *SIZE, 3), np.uint8), np.ones((2, *SIZE), np.float16)

    monkeypatch.setattr(pool, "make_shard", make_shard)
    for first in range(3):
        pool.fill(tmp_path, 8, first, 3)
    assert made == [0, 3, 6, 1, 4, 7, 2, 5]
    assert len(pool.shards(tmp_path)) == 8


def test_a_shard_is_there_only_when_it_is_whole(tmp_path, monkeypatch):
    """A renderer that is stopped while it writes leaves nothing that training would read."""

    def stopped(file, record):
        file.write(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pool.np, "save", stopped)
        with pytest.raises(KeyboardInterrupt):
            pool.fill(tmp_path, 1)
    assert pool.shards(tmp_path) == []
    pool.fill(tmp_path, 1)
    assert len(pool.shards(tmp_path)) == 1


@pytest.mark.parametrize("brightness", [0.0, 1e-3, 1.0, 1e4])
def test_exposure_suits_any_light(brightness):
    light = brightness * np.linspace(0, 1, 40 * 56 * 3).reshape(*SIZE, 3)
    for seed in range(20):
        picture = pool.expose(light, np.random.default_rng(seed))
        assert picture.dtype == np.uint8
        if brightness > 0:
            assert picture.max() > 150
            assert (np.diff(picture.reshape(-1).astype(int)) >= 0).all()
            assert picture.min() < 40
        else:
            assert not picture.any()
