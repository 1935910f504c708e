"""The mosaic tasks through a real server: laid out, searched, drawn, refused, resumed."""

import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.mosaic.tasks import (
    OriginalsOptions,
    PageOptions,
    PosterOptions,
    SimilarOptions,
    digests_of,
)

from ..conftest import Server

COUNT = 60


def write_images(folder, count: int, first: int = 0, side: int = 48) -> None:
    """Write images in two families: striped red ones, plain blue ones with a spot each."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        random = np.random.default_rng(number)
        pixels = np.zeros((side, side * 3 // 2, 3), np.uint8)
        if number % 2:
            pixels[:, :: 2 + number % 5] = (200 + number % 50, 30, number % 256)
        else:
            pixels[:] = (20, number % 100, 150 + number % 50)
            x, y = random.integers(0, side - 10, 2)
            pixels[y : y + 9, x : x + 9] = (240, 240, 200)
        Image.fromarray(pixels).save(folder / f"{number:04d}.png")


@pytest.fixture
def images(tmp_path):
    write_images(tmp_path / "images" / "inner", COUNT)
    return tmp_path / "images"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A client of one server for all tests: every worker takes seconds to import torch."""
    server = Server(tmp_path_factory.mktemp("state")).start()
    with server.client() as client:
        yield client
    server.stop()


def lay_out(client, images, **parameters):
    return client.run("mosaic", {"collection": str(images), **parameters}, {})


def tiles_of(result):
    return [json.loads(line) for line in result.bytes("tiles").decode().splitlines()]


def test_a_folder_becomes_layouts_an_atlas_and_facts(client, images):
    (images / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    result = lay_out(client, images, layouts=["tsne", "colour", "column:folder"])
    arrays, metadata = result.arrays, result.metadata
    assert metadata["count"] == COUNT
    assert [layout["title"] for layout in metadata["layouts"]] == [
        *("Similarity, cloud", "Similarity, grid", "Colour, cloud", "Colour, grid"),
        *("Folder, cloud", "Folder, grid"),
    ]
    for number in range(6):
        assert arrays[f"layout.{number}"].shape == (COUNT, 3)
        assert np.isfinite(arrays[f"layout.{number}"]).all()
    for number in (1, 3, 5):
        cells = arrays[f"layout.{number}"][:, :2]
        assert len(np.unique(cells, axis=0)) == COUNT
        assert np.abs(cells * 2 - np.rint(cells * 2)).max() < 1e-5
    assert arrays["extent"] == pytest.approx(np.tile([1, 2 / 3], (COUNT, 1)), abs=0.01)
    assert tiles_of(result)[7]["name"] == "inner/0007.png"
    (problem,) = [json.loads(line) for line in result.bytes("problems").decode().splitlines()]
    assert problem["name"] == "broken.jpg"
    page = Image.open(io.BytesIO(result.bytes("atlas.0")))
    assert page.size == (metadata["atlas"]["page_pixels"],) * 2


def test_families_lie_apart(client, images):
    positions = lay_out(client, images).arrays["layout.1"]
    family = np.arange(COUNT) % 2
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    neighbours = np.argsort(distances, axis=1)[:, :4]
    assert (family[neighbours] == family[:, None]).mean() > 0.8


def test_the_most_similar_image_is_itself_then_its_family(client, images):
    tiles = tiles_of(lay_out(client, images))
    digests = {"digests": digests_of(tiles)}
    answer = client.run(*SimilarOptions(tile=8).submission(digests)).arrays["similarity"]
    best = np.argsort(-answer, kind="stable")
    assert best[0] == 8
    assert (best[1:20] % 2 == 0).mean() > 0.8
    file = (images / "inner" / "0011.png").read_bytes()
    asked = SimilarOptions().submission({**digests, "image": file})
    assert client.run(*asked).arrays["similarity"].argmax() == 11
    for refused in (SimilarOptions(tile=len(tiles)), SimilarOptions()):
        with pytest.raises(ZograscopeError) as caught:
            client.run(*refused.submission(digests))
        assert caught.value.code == "bad-parameters"


def test_originals_come_at_full_resolution_and_missing_ones_are_told(client, images):
    write_images(images, 1, first=9999)  # the only copy that this server knows
    tiles = tiles_of(lay_out(client, images))
    (images / "9999.png").unlink()
    lost = next(tile for tile in tiles if tile["name"] == "9999.png")
    digests = digests_of([tiles[5], lost])
    result = client.run(*OriginalsOptions(long_side=2000).submission({"digests": digests}))
    assert Image.open(io.BytesIO(result.bytes("0"))).size == (72, 48)
    assert result.metadata["missing"] == [1]


def test_a_poster_and_a_page_are_drawn(client, images, tmp_path):
    result = lay_out(client, images, atlas=False)
    assert "atlas.0" not in result.arrays
    tiles = tiles_of(result)
    picture = {"width_pixels": 600, "tile_size": 1.0, "margin": 0.0}
    inputs = {"layout": result.arrays["layout.1"], "digests": digests_of(tiles)}
    poster = client.run(*PosterOptions(**picture).submission(inputs))
    drawn = np.asarray(Image.open(io.BytesIO(poster.bytes("file"))))
    grid = result.arrays["layout.1"]
    scale = 600 / (np.ptp(grid[:, 0]) + 1)
    for tile in (0, 1, 30, 59):
        x, y = (grid[tile, :2] - [grid[:, 0].min(), grid[:, 1].max()]) * [1, -1] + 0.5
        middle = drawn[int(y * scale) - 4 : int(y * scale) + 4, int((x - 0.4) * scale)]
        assert middle.mean(axis=0).argmax() == (0 if tile % 2 else 2)
    described = {"tiles": result.arrays["tiles"], "clusters": result.arrays["value.cluster"]}
    asked = PageOptions(title="A page", clusters=("all",), **picture).submission(inputs | described)
    page = client.run(*asked)
    names = zipfile.ZipFile(io.BytesIO(page.bytes("file"))).namelist()
    assert "index.html" in names


def test_placements_of_clients_of_1_0_are_drawn_as_the_layout_is(client, images):
    result = lay_out(client, images, atlas=False)
    digests = {"digests": digests_of(tiles_of(result))}
    layout = result.arrays["layout.0"]  # a cloud, whose tiles overlap
    drawn = client.run(*PosterOptions(width_pixels=500).submission(digests | {"layout": layout}))
    # What such clients reckon: tiles of 0.94 and a margin of 0.5 around their cells.
    left, top = layout[:, 0].min() - 1.0, layout[:, 1].max() + 1.0
    extent = [float(layout[:, 0].max() + 1.0 - left), float(top - layout[:, 1].min() + 1.0)]
    placements = np.full((COUNT, 4), 0.94, np.float32)
    placements[:, 0] = layout[:, 0] - 0.47 - left
    placements[:, 1] = top - layout[:, 1] - 0.47
    parameters = {
        "suffix": ".png",
        "extent": extent,
        "width_pixels": 500,
        "background": [16, 16, 18],
        "crop": False,
    }
    former = client.run("mosaic_poster", parameters, digests | {"placements": placements})
    pictures = [Image.open(io.BytesIO(file.bytes("file"))) for file in (drawn, former)]
    assert np.array_equal(*map(np.asarray, pictures))


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        (np.zeros((1, 2), np.float32), "layout"),
        (np.full((1, 3), np.nan, np.float32), "layout"),
        (np.zeros((2, 3), np.float32), "layout"),
    ],
)
def test_a_layout_that_makes_no_sense_is_refused(client, layout, words):
    inputs = {"layout": layout, "digests": np.zeros((1, 32), np.uint8)}
    with pytest.raises(ZograscopeError, match=words) as caught:
        client.run(*PosterOptions().submission(inputs))
    assert caught.value.code == "bad-parameters"


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"collection": ""}, "no collection is named"),
        ({"collection": "/nowhere/at/all"}, "/nowhere/at/all"),
        ({"layouts": ["spiral"]}, "spiral"),
        ({"layouts": ["column:no such"]}, "no such"),
        ({"model": "nonsense"}, "nonsense"),
        ({"model": "dinov2-small"}, "not installed"),
        ({"aspect": 1e9}, "aspect"),
        ({"shape": "mask"}, "mask"),
        ({"tile_pixels": 3}, "pixels"),
        ({"stack": "yes"}, "true or false"),
    ],
)
def test_what_cannot_be_done_is_told(client, images, parameters, words):
    with pytest.raises(ZograscopeError, match=words):
        lay_out(client, images, **parameters)


def test_an_empty_folder_is_told(client, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ZograscopeError) as caught:
        lay_out(client, tmp_path / "empty")
    assert caught.value.code == "collection-empty"


def test_clients_name_only_folders_that_are_shared(make_server, tmp_path):
    write_images(tmp_path / "shared", 12)
    write_images(tmp_path / "private", 3)
    table = tmp_path / "shared" / "table.csv"
    rows = ["0001.png", str(tmp_path / "private" / "0001.png"), "../private/0002.png", "0002.png"]
    table.write_text("file\n" + "\n".join(rows))
    server = make_server("--collections", str(tmp_path / "shared")).start()
    with server.client() as client:
        assert lay_out(client, tmp_path / "shared").metadata["count"] == 12
        for folder in ("private", "shared/../private", "."):
            with pytest.raises(ZograscopeError) as caught:
                lay_out(client, tmp_path / folder)
            assert caught.value.code == "folder-not-shared"
        result = lay_out(client, table)
        assert [tile["name"] for tile in tiles_of(result)] == ["0001.png", "0002.png"]
        assert result.metadata["left_out"] == 2


def test_duplicates_are_piled_up(client, images):
    copy = images / "inner" / "copy.png"
    copy.write_bytes((images / "inner" / "0004.png").read_bytes())
    loose = lay_out(client, images)
    piled = lay_out(client, images, stack=True)
    names = [tile["name"] for tile in tiles_of(piled)]
    pair = names.index("inner/0004.png"), names.index("inner/copy.png")

    def apart(result):
        first, second = (result.arrays["layout.1"][place, :2] for place in pair)
        return np.linalg.norm(first - second)

    assert apart(piled) < 0.2 < 0.9 < apart(loose)
    assert loose.metadata["duplicates"] >= 1


def test_new_images_find_their_places_in_the_former_map(client, tmp_path):
    write_images(tmp_path / "growing", 60)
    before = lay_out(client, tmp_path / "growing").arrays["layout.0"]
    write_images(tmp_path / "growing", 6, first=60)
    kept = lay_out(client, tmp_path / "growing", keep_map=True).arrays["layout.0"]

    def shape(positions):
        """Return the distances within the former images, of whatever scale."""
        old = positions[:60, :2].astype(np.float64)
        distances = np.linalg.norm(old[:, None] - old[None], axis=2)
        return distances / distances.mean()

    assert shape(kept) == pytest.approx(shape(before), abs=1e-3)
    anew = lay_out(client, tmp_path / "growing", seed=5).arrays["layout.0"]
    assert np.abs(shape(anew) - shape(before)).mean() > 0.02


def test_a_mask_is_filled(client, images):
    outline = np.zeros((60, 60, 4), np.uint8)
    outline[10:50, 25:35, 3] = 255  # a tall bar
    buffer = io.BytesIO()
    Image.fromarray(outline).save(buffer, "PNG")
    result = client.run(
        "mosaic", {"collection": str(images), "shape": "mask"}, {"mask": buffer.getvalue()}
    )
    width, height = np.ptp(result.arrays["layout.1"], axis=0)[:2]
    assert height > 3 * width


def test_a_job_outlives_its_server_and_reads_nothing_twice(make_server, tmp_path):
    write_images(tmp_path / "many", 400, side=200)
    server = make_server("--threads", "1").start()
    with server.client() as client:
        job = client.submit("mosaic", {"collection": str(tmp_path / "many")}, {})

        def some_are_done() -> bool:
            client.client.poll()
            return job.stage == "Looking at images" and (job.fraction or 0) > 0.1

        server.wait_until(some_are_done, "the first images")
        server.kill()
        server.start()
        told = []
        result = client.wait(job, lambda job: told.append((job.stage, job.detail)))
    assert result.metadata["count"] == 400
    totals = {detail.rpartition(" of ")[2] for stage, detail in told if "Looking at" in stage}
    assert totals
    assert min(map(int, totals)) < 400
