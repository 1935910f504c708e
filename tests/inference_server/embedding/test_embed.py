"""A collection is embedded once, in bounded memory, whatever its files are like."""

import io
import json
import threading
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image
from zograscope_protocol.errors import ZograscopeError
from zograscope_server import images
from zograscope_server.collection.collection import Collection, Item, Problem
from zograscope_server.command_line.main import main
from zograscope_server.embedding import embed
from zograscope_server.embedding.embed import embed_collection, mean_colour
from zograscope_server.embedding.image_index import ImageIndex


class MeanOfQuarters:
    """Embeds a picture as the mean colours of its quarters; counts what it sees."""

    name = "quarters"
    revision = "quarters 1"

    def __init__(self) -> None:
        self.seen = 0
        self.batches: list[int] = []

    def prepare(self, picture: Image.Image) -> np.ndarray:
        assert picture.mode == "RGB"
        return np.asarray(picture.resize((2, 2), Image.Resampling.BOX))

    def embed(self, pictures: np.ndarray) -> np.ndarray:
        self.seen += len(pictures)
        self.batches.append(len(pictures))
        return pictures.reshape(len(pictures), -1).astype(np.float32)

    def finish(self, vectors: np.ndarray) -> np.ndarray:
        return vectors / 255.0


class Archive:
    """A folder of pictures, and how often they are read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reads: list[str] = []

    def add(self, *names: str, size=(60, 40), **options) -> None:
        for name in names:
            colour = tuple(
                np.random.default_rng(zlib.crc32(name.encode())).integers(0, 256, 3).tolist()
            )
            Image.new("RGB", size, colour).save(self.folder / name, **options)

    def collection(self) -> Collection:
        items = [Item(path.name, str(path)) for path in sorted(self.folder.iterdir())]
        return Collection("archive", tuple(items))

    def read(self, item: Item) -> bytes:
        self.reads.append(item.name)
        return Path(item.location).read_bytes()


@pytest.fixture
def archive(tmp_path):
    (tmp_path / "archive").mkdir()
    return Archive(tmp_path / "archive")


@pytest.fixture
def index(tmp_path):
    with ImageIndex(tmp_path / "images.sqlite") as index:
        yield index


def embed_archive(archive, index, embedder=None, collection=None, **options):
    return embed_collection(
        collection or archive.collection(),
        embedder or MeanOfQuarters(),
        index,
        None,
        read=archive.read,
        **options,
    )


def test_each_image_gets_its_row(archive, index):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "1931:01:01 00:00:00"
    archive.add("a.jpg", size=(1500, 1000), exif=exif, quality=95)
    archive.add("b.png", size=(1, 3))
    archive.add("c.webp", "d.tif")
    found = embed_archive(archive, index, batch=3)
    assert [item.name for item in found.items] == ["a.jpg", "b.png", "c.webp", "d.tif"]
    assert found.sizes.tolist() == [[1000, 1500], [1, 3], [60, 40], [60, 40]]
    assert [item.date for item in found.items] == [1931.0, None, None, None]
    assert found.sizes.dtype == np.int32
    assert found.colours.dtype == found.vectors.dtype == np.float32
    tiles = [Image.open(io.BytesIO(found.thumbnails(number))) for number in range(4)]
    assert [tile.size for tile in tiles] == [(85, 128), (1, 3), (60, 40), (60, 40)]
    assert all(tile.format == "JPEG" for tile in tiles)
    for number, item in enumerate(found.items):
        pixel = np.asarray(Image.open(item.location).convert("RGB"))[:1, :1]
        assert np.allclose(found.vectors[number].reshape(4, 3), pixel / 255.0, atol=0.02)
        assert np.allclose(found.colours[number], mean_colour(pixel), atol=2.0)


def test_metadata_knows_dates_better_than_cameras(archive, index):
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2009:05:05 10:00:00"
    archive.add("scan.jpg", exif=exif)
    item = Item("scan.jpg", str(archive.folder / "scan.jpg"), date=1890.0)
    found = embed_archive(archive, index, collection=Collection("c", (item,)))
    assert found.items[0].date == 1890.0


def test_colours_are_cie_lab():
    white = np.full((2, 2, 3), 255, np.uint8)
    assert np.allclose(mean_colour(white), (100, 0, 0), atol=0.1)
    red = np.zeros((2, 2, 3), np.uint8) + np.array([255, 0, 0], np.uint8)
    assert np.allclose(mean_colour(red), (53.2, 80.1, 67.2), atol=0.3)  # of the sRGB primary


def test_new_images_alone_cost_anything(archive, index):
    archive.add(*(f"{number:03}.png" for number in range(40)))
    first = embed_archive(archive, index, batch=8)
    assert len(archive.reads) == 40
    archive.reads.clear()
    archive.add("new-1.png", "new-2.png")
    embedder = MeanOfQuarters()
    second = embed_archive(archive, index, embedder)
    assert sorted(archive.reads) == ["new-1.png", "new-2.png"]
    assert embedder.seen == 2
    assert np.array_equal(second.vectors[:40], first.vectors), "kept vectors are the same vectors"
    assert second.thumbnails(0) == first.thumbnails(0)


def test_copies_and_moved_files_are_read_but_not_embedded(archive, index):
    archive.add("a.png")
    embed_archive(archive, index)
    (archive.folder / "a.png").rename(archive.folder / "b.png")
    (archive.folder / "c.png").write_bytes((archive.folder / "b.png").read_bytes())
    embedder = MeanOfQuarters()
    found = embed_archive(archive, index, embedder)
    assert embedder.seen == 0
    assert found.digests[0] == found.digests[1]
    archive.reads.clear()
    embed_archive(archive, index)
    assert not archive.reads


def test_a_changed_file_is_read_again(archive, index):
    archive.add("a.png")
    first = embed_archive(archive, index)
    Image.new("RGB", (9, 9), "white").save(archive.folder / "a.png")
    second = embed_archive(archive, index)
    assert second.digests != first.digests
    assert second.sizes.tolist() == [[9, 9]]


def test_another_model_or_tile_size_is_added(archive, index):
    archive.add("a.png", size=(600, 300))
    small = embed_archive(archive, index)
    embedder = MeanOfQuarters()
    embedder.revision = "quarters 2"
    embed_archive(archive, index, embedder)
    large = embed_archive(archive, index, embedder, thumbnail_size=256)
    assert embedder.seen == 2
    assert Image.open(io.BytesIO(large.thumbnails(0))).size == (256, 128)
    assert Image.open(io.BytesIO(small.thumbnails(0))).size == (128, 64)


def test_broken_images_are_listed_and_left_out(archive, index):
    archive.add("a.png", "z.png")
    (archive.folder / "broken.jpg").write_bytes(b"\xff\xd8\xff garbage")
    (archive.folder / "empty.jpg").write_bytes(b"")
    known = Problem("folder", "It cannot be read.")
    collection = Collection("archive", archive.collection().items, (known,))
    found = embed_archive(archive, index, collection=collection, batch=1)
    assert [item.name for item in found.items] == ["a.png", "z.png"]
    assert [problem.name for problem in found.problems] == ["folder", "broken.jpg", "empty.jpg"]
    assert "is empty" in found.problems[2].sentence


def test_a_picture_that_no_one_thought_of_is_a_problem_too(archive, index, monkeypatch):
    archive.add("a.png", "odd.png")
    odd = (archive.folder / "odd.png").read_bytes()

    def read_reduced_photograph(data, name, side):
        if data == odd:
            raise ValueError("conversion from XYZ to RGB not supported")
        return images.read_reduced_photograph(data, name, side)

    monkeypatch.setattr(embed, "read_reduced_photograph", read_reduced_photograph)
    found = embed_archive(archive, index)
    assert [item.name for item in found.items] == ["a.png"]
    assert "odd.png is not a picture that can be read" in found.problems[0].sentence


def test_an_empty_collection_is_told(archive, index):
    (archive.folder / "broken.jpg").write_bytes(b"no")
    with pytest.raises(ZograscopeError) as caught:
        embed_archive(archive, index)
    assert caught.value.code == "collection-empty"
    assert "broken.jpg" in caught.value.details


def test_cancelling_keeps_what_is_done(archive, index):
    archive.add(*(f"{number:03}.png" for number in range(40)))

    def cancel(fraction, stage, detail=""):
        if fraction and fraction >= 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed_archive(archive, index, batch=4, on_progress=cancel)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decoder")]
    embedder = MeanOfQuarters()
    embed_archive(archive, index, embedder)
    assert embedder.seen == 20


def test_decoders_run_ahead_by_a_few_batches_and_no_more(archive, index):
    """The network is held up in its first batch: of 200 images, only a few are read meanwhile."""
    archive.add(*(f"{number:03}.png" for number in range(200)))
    batch, most = 4, 0

    class Slow(MeanOfQuarters):
        def embed(self, pictures):
            nonlocal most
            deadline = time.monotonic() + 0.1
            while time.monotonic() < deadline:
                most = max(most, len(archive.reads) - self.seen)
                time.sleep(0.01)
            return super().embed(pictures)

    embedder = Slow()
    embed_archive(archive, index, embedder, batch=batch)
    assert embedder.seen == 200
    assert batch < most <= batch * (embed.BATCHES_AHEAD + 1), "ahead, but not far"
    assert set(embedder.batches) == {batch}


def test_progress_is_told_while_a_decoder_takes_its_time(archive, index, monkeypatch):
    monkeypatch.setattr(embed, "HEARTBEAT", 0.01)
    archive.add("a.png")
    may_go = threading.Event()
    told = []

    def read(item):
        assert may_go.wait(30)
        return Path(item.location).read_bytes()

    def on_progress(fraction, stage, detail=""):
        told.append(fraction)
        if told.count(0.0) >= 3:
            may_go.set()

    embed_collection(
        archive.collection(), MeanOfQuarters(), index, None, read=read, on_progress=on_progress
    )
    assert told.count(0.0) >= 3


def test_urls_are_fetched_once(archive, index):
    buffer = io.BytesIO()
    Image.new("RGB", (30, 20), "green").save(buffer, "PNG")
    fetched = []

    def read(item):
        fetched.append(item.location)
        return buffer.getvalue()

    item = Item("scan", "https://library.example/scan.png", title="A scan")
    for _ in range(2):
        found = embed_collection(
            Collection("iiif", (item,)), MeanOfQuarters(), index, None, read=read
        )
    assert fetched == [item.location]
    assert found.items[0].title == "A scan"


def embed_by_command(capsys, *arguments) -> tuple[int, str, str]:
    code = main(["embed", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_folder_is_embedded_by_command(archive, tmp_path, capsys):
    archive.add("a.png", "b.png", "c.jpg")
    (archive.folder / "broken.jpg").write_bytes(b"no")
    command = (archive.folder, "--state", tmp_path / "state", "--json")
    code, output, _ = embed_by_command(capsys, *command)
    first = json.loads(output)
    assert code == 0
    assert (first["images"], first["new_images"]) == (3, 3)
    assert first["model"] == "colour-and-texture"
    assert [problem["name"] for problem in first["problems"]] == ["broken.jpg"]
    second = json.loads(embed_by_command(capsys, *command)[1])
    assert (second["images"], second["new_images"]) == (3, 0)
    code, output, _ = embed_by_command(capsys, *command[:-1])
    assert "3 images, 0 of them new" in output
    assert "broken.jpg" in output.splitlines()[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--model", "dinov2-small"], "Download it"),
        (["--model", "classical"], "is for depth, not for embedding"),
        (["--model", "nonsense"], "no model called 'nonsense'"),
        (["--ray", "127.0.0.1:1"], "No Ray cluster could be used at 127.0.0.1:1"),
    ],
)
def test_what_cannot_be_is_told_by_the_command(archive, tmp_path, capsys, options, words):
    if "--ray" in options:
        pytest.importorskip("ray", reason="Ray is not installed: `pip install ray`")
    archive.add("a.png")
    folders = ("--state", tmp_path / "state", "--models", tmp_path / "models")
    code, _, errors = embed_by_command(capsys, archive.folder, *folders, *options)
    assert code == 1
    assert words in errors


class Web:
    """Stands for a Fetcher: files by address, and what is in its cache."""

    def __init__(self, **files: bytes) -> None:
        self.files = files
        self.kept: dict[str, tuple[int, int]] = {}
        self.asked: list[str] = []
        self.doubted: list[str] = []
        self.looked_at: list[str] = []

    def get(self, url: str) -> bytes:
        name = url.rpartition("/")[2]
        self.asked.append(name)
        self.kept[url] = (len(self.files[name]), 7)
        return self.files[name]

    def state(self, url: str) -> tuple[int, int] | None:
        self.looked_at.append(url.rpartition("/")[2])
        return self.kept.get(url)

    def doubt(self, url: str) -> None:
        self.doubted.append(url.rpartition("/")[2])


def test_an_image_of_the_web_is_known_only_while_its_file_is_here(index):
    buffer = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(buffer, "PNG")
    web = Web(good=buffer.getvalue(), bad=b"half a picture")
    items = tuple(Item(name, f"https://example.org/{name}") for name in ("good", "bad"))

    def embed_web():
        embedder = MeanOfQuarters()
        found = embed_collection(Collection("web", items), embedder, index, web)
        assert [problem.name for problem in found.problems] == ["bad"]
        return embedder.seen

    assert embed_web() == 1
    assert sorted(web.asked) == ["bad", "good"]
    assert web.doubted == ["bad"], "what cannot be read is to be asked for again"
    web.asked.clear()
    assert embed_web() == 0
    assert web.asked == ["bad"]
    web.asked.clear()
    web.kept.clear()  # it has grown old, or was fetched for somebody else
    assert embed_web() == 0
    assert sorted(web.asked) == ["bad", "good"]


def test_the_state_of_a_file_of_the_web_that_is_here_is_asked_for_once(index):
    buffer = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(buffer, "PNG")
    web = Web(good=buffer.getvalue())
    collection = Collection("web", (Item("good", "https://example.org/good"),))
    asked = []
    for thumbnail_size in (16, 32, 32):  # new to the index, of another size, and known
        embed_collection(collection, MeanOfQuarters(), index, web, thumbnail_size=thumbnail_size)
        asked.append(len(web.looked_at))
        web.looked_at.clear()
    assert asked == [2, 1, 1], "what has come since it was asked for is looked at as it is now"


def test_decoders_share_one_budget_of_memory(archive, index, monkeypatch):
    monkeypatch.setattr(images.READING, "limit", 60 * 40 * 4 + 10_000)
    held = []
    read = embed.read_reduced_photograph

    def read_reduced_photograph(data, name, side):
        result = read(data, name, side)
        held.append(images.READING.held)
        return result

    monkeypatch.setattr(embed, "read_reduced_photograph", read_reduced_photograph)
    archive.add(*(f"{number:03}.png" for number in range(30)))
    items = archive.collection().items
    found = embed_collection(Collection("a", items), MeanOfQuarters(), index, None, decoders=8)
    assert len(found.items) == 30
    assert len(held) == 30
    one_more = 60 * 40 * 4 + 1_000  # whoever took first never waits
    assert 60 * 40 * 4 < max(held) < images.READING.limit + one_more
    assert images.READING.held == 0
