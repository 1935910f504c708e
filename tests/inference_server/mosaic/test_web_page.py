"""Web pages of mosaics: the pyramid, the descriptions, and what the page computes by itself."""

import html.parser
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.mosaic import web_page
from zograscope_server.mosaic.web_page import Label, cluster_labels, write_web_page

GREY = (40, 40, 40)
HOSTILE = "</script><script>alert(1)</script>\"'&<img src=x onerror=alert(2)>\u2028${1}`"


def colour_of(number: int) -> tuple[int, int, int]:
    return 100 + 10 * (number % 15), 100 + 10 * (number // 15 % 15), 200


def plain(number: int, wanted: int) -> Image.Image:
    return Image.new("RGB", (wanted, wanted // 2), colour_of(number))


def grid(columns: int, rows: int) -> np.ndarray:
    row, column = np.divmod(np.arange(columns * rows), columns)
    return np.stack([column, row, np.ones_like(row), np.ones_like(row)], 1).astype(np.float32)


def write(folder: Path, **changes: Any) -> Path:
    """A page of 3 x 2 tiles, each 400 x 200 pixels in the middle of a square of 400."""
    arguments: dict[str, Any] = {
        "placements": grid(3, 2),
        "pictures": plain,
        "tiles": [{"name": f"{number}.jpg"} for number in range(6)],
        "extent": (3, 2),
        "width_pixels": 1200,
        "background": GREY,
    }
    write_web_page(folder, **(arguments | changes))
    return folder


def called(path: Path) -> tuple[str, list[Any]]:
    """The function that a data script calls, and its arguments."""
    text = path.read_text(encoding="ascii").removesuffix(");\n")
    function, _, arguments = text.partition("(")
    return function, json.loads(f"[{arguments}]")


def overview(folder: Path) -> dict[str, Any]:
    function, (values,) = called(folder / "data" / "overview.js")
    assert function == "mosaicOverview"
    return values


def test_the_pyramid_shows_every_tile_at_every_level(tmp_path: Path) -> None:
    folder = write(tmp_path / "page")
    levels = overview(folder)["levels"]
    assert levels == 2  # 1,200 pixels are three pyramid tiles of 512, and four are 2 levels
    for level in range(levels + 1):
        scale = 2 ** (level - levels)
        for number in range(6):
            x, y = (400 * (number % 3) + 200) * scale, (400 * (number // 3) + 200) * scale
            path = folder / f"pyramid/{level}/{int(y // 512)}/{int(x // 512)}.jpg"
            with Image.open(path) as image:
                found = image.getpixel((int(x % 512), int(y % 512)))
            assert np.abs(np.subtract(found, colour_of(number))).max() <= 6, (level, number)
    with Image.open(folder / "pyramid/2/0/0.jpg") as image:
        assert image.size == (512, 512)
        assert np.abs(np.subtract(image.getpixel((200, 20)), GREY)).max() <= 6


def test_nothing_of_the_page_comes_from_elsewhere(tmp_path: Path) -> None:
    folder = write(tmp_path / "page")
    named: list[str] = []

    class Reader(html.parser.HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            named.extend(value or "" for name, value in attrs if name in ("src", "href"))

    Reader().feed((folder / "index.html").read_text(encoding="utf-8"))
    assert set(named) >= {"leaflet/leaflet.js", "leaflet/leaflet.css", "mosaic.js", "mosaic.css"}
    assert all((folder / name).is_file() for name in named)
    assert "BSD 2-Clause" in (folder / "leaflet" / "LICENCE.txt").read_text(encoding="utf-8")
    assert not [path.name for path in folder.rglob("*") if path.suffix in (".xml", ".png", ".tif")]


def test_boxes_follow_the_pictures_aspect(tmp_path: Path) -> None:
    function, (boxes, _) = called(write(tmp_path / "kept") / "data" / "tiles-00000.js")
    assert function == "mosaicTiles"
    assert boxes[:8] == [0, 100, 400, 300, 400, 100, 800, 300]
    _, (boxes, _) = called(write(tmp_path / "cropped", crop=True) / "data" / "tiles-00000.js")
    assert boxes[:8] == [0, 0, 400, 400, 400, 0, 800, 400]


def test_hostile_descriptions_stay_text(tmp_path: Path) -> None:
    hostile = {
        "name": HOSTILE,
        "title": HOSTILE,
        "link": "javascript:alert(1)",
        "location": "/home/someone/private.jpg",
        "fields": {"__proto__": HOSTILE, HOSTILE: "value"},
    }
    label = Label(HOSTILE, np.array([0]))
    folder = write(tmp_path / "page", tiles=[hostile] * 6, title=HOSTILE, labels=[label])
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "<img" not in page
    _, (_, records) = called(folder / "data" / "tiles-00000.js")
    name, title, _, _, _, link, picture, fields = records[0]
    assert name == title == HOSTILE
    assert link == picture == ""
    assert fields == [["__proto__", HOSTILE], [HOSTILE, "value"]]
    everything = "".join(path.read_text(encoding="utf-8") for path in folder.glob("data/*.js"))
    assert "someone" not in everything
    assert "javascript:" not in everything


def test_descriptions_are_written_in_portions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_page, "_PORTION", 4)
    tile = {
        "name": "a.jpg",
        "location": "https://iiif.example.org/a.jpg",
        "title": "Genève",
        "date": 1910.5,
        "creator": "Ada",
        "rights": "Public domain",
        "link": "http://example.org/a",
        "fields": {"Place": "Lake", "Empty": ""},
    }
    folder = write(tmp_path / "page", tiles=[tile] + [{"date": "about 1900"}] * 5)
    assert overview(folder)["portions"] == 2
    _, (boxes, records) = called(folder / "data" / "tiles-00000.js")
    assert records[0] == [
        "a.jpg",
        "Genève",
        "1910",
        "Ada",
        "Public domain",
        "http://example.org/a",
        "https://iiif.example.org/a.jpg",
        [["Place", "Lake"]],
    ]
    assert records[1][2] == "about 1900"
    _, (rest, more) = called(folder / "data" / "tiles-00001.js")
    assert (len(boxes), len(records), len(rest), len(more)) == (16, 4, 8, 2)


def test_labels_stand_over_their_tiles_the_largest_first(tmp_path: Path) -> None:
    labels = cluster_labels(np.array([0, 1, 1, 0, 1, -1]), ["Few", "Many", "None", ""])
    assert [(label.text, label.tiles.tolist()) for label in labels] == [
        ("Few", [0, 3]),
        ("Many", [1, 2, 4]),
    ]
    many, few = overview(write(tmp_path / "page", labels=labels, crop=True))["labels"]
    assert few == {"text": "Few", "x": 200, "y": 400, "box": [0, 0, 400, 800], "count": 2}
    assert many == {"text": "Many", "x": 600, "y": 200, "box": [400, 0, 1200, 800], "count": 3}


def test_only_an_earlier_page_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "page"
    folder.mkdir()
    write(folder)
    write(folder, tiles=[{}], placements=grid(1, 1), extent=(1, 1), width_pixels=400)
    assert overview(folder)["count"] == 1
    assert [path.name for path in (folder / "pyramid").iterdir()] == ["0"]
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("years of work")
    with pytest.raises(ZograscopeError) as caught:
        write(other)
    assert caught.value.code == "folder-in-use"
    with pytest.raises(ZograscopeError) as caught:
        write(tmp_path / "missing" / "page")
    assert caught.value.code == "output-not-writable"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "page"]
    assert [path.name for path in other.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("stage", ["Drawing the mosaic", "Writing the web page"])
def test_cancelling_keeps_the_earlier_page(tmp_path: Path, stage: str) -> None:
    class Cancelled(Exception):
        pass

    def cancel(_: float | None, now: str, detail: str = "") -> None:
        if now == stage:
            raise Cancelled

    folder = write(tmp_path / "page")
    before = sorted(folder.rglob("*"))
    with pytest.raises(Cancelled):
        write(folder, on_progress=cancel)
    assert sorted(folder.rglob("*")) == before
    assert list(tmp_path.iterdir()) == [folder]


@pytest.fixture
def in_node(repository: Path) -> Callable[[str], Any]:
    """Evaluates JavaScript beside the functions of finding.js, and returns its value."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed, and the page's own functions need it")
    module = Path(web_page.__file__).parent / "web" / "finding.js"
    names = "{ Tiles, fold, webAddress, withoutOverlap, writePlace, readPlace }"

    def evaluate(expression: str) -> Any:
        program = f"const {names} = require({json.dumps(str(module))});"
        program += f"console.log(JSON.stringify((() => {{ {expression} }})()))"
        done = subprocess.run([node, "-e", program], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    return evaluate


def test_the_page_finds_the_topmost_tile(in_node: Callable[[str], Any]) -> None:
    found = in_node("""
        const tiles = new Tiles(10);
        tiles.add([0, 0, 10, 10, 10, 0, 20, 10], [["a"], ["b"]]);
        tiles.add([-5, 4, 45, 36], [["c"]]);
        return [[0, 0], [9.9, 3], [10, 0], [5, 5], [44, 35], [45, 35], [-5, 4], [-6, 4], [20, 2]]
          .map(([x, y]) => tiles.at(x, y));
    """)
    assert found == [0, 0, 1, 2, 2, -1, 2, -1, -1]


def test_the_page_finds_words(in_node: Callable[[str], Any]) -> None:
    found = in_node("""
        const tiles = new Tiles(10);
        tiles.add([20, 1, 30, 10, 0, 0, 10, 10, 0, 10, 10, 20], [
          ["1.jpg", "Genève", "1910", "", "", "", "", [["Place", "Lac Léman"]]],
          ["2.jpg", "Le lac", "", "", "", "", "", []],
          ["3.jpg", "GENEVE", "1911", "", "", "", "", []]]);
        return ["geneve", "LAC", "lac 1910", "1912", "  ", "jpg"].map((text) => tiles.search(text));
    """)
    assert found == [[0, 2], [1, 0], [0], [], [], [1, 0, 2]]


def test_the_page_describes_a_tile(in_node: Callable[[str], Any], tmp_path: Path) -> None:
    tile = {"name": "n", "title": "t", "date": "d", "creator": "c", "rights": "r"}
    addresses = {"link": "http://l/", "location": "http://p/"}
    folder = write(tmp_path / "page", tiles=[tile | addresses | {"fields": {"k": "v"}}] * 6)
    script = json.dumps((folder / "data" / "tiles-00000.js").read_text(encoding="ascii"))
    found = in_node(f"""
        const tiles = new Tiles(1);
        new Function("mosaicTiles", {script})((boxes, records) => tiles.add(boxes, records));
        return [tiles.count, tiles.describe(5)];
    """)
    shown = tile | {"link": "http://l/", "picture": "http://p/", "more": [["k", "v"]]}
    assert found == [6, shown]


def test_only_web_addresses_become_links(in_node: Callable[[str], Any]) -> None:
    found = in_node("""return ["https://a.b/c", " HTTP://A.b ", "javascript:alert(1)",
        "java\\nscript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//a.b", "a.b", ""]
        .map(webAddress)""")
    assert found == ["https://a.b/c", "http://a.b/", *[None] * 7]


def test_smaller_labels_give_way(in_node: Callable[[str], Any]) -> None:
    found = in_node("""
        const at = (left) => ({ left, right: left + 10, top: 0, bottom: 5 });
        return withoutOverlap([at(0), at(5), at(12), at(10)]);
    """)
    assert found == [True, False, True, False]


def test_addresses_of_places_are_read_as_written(in_node: Callable[[str], Any]) -> None:
    found = in_node("""
        const there = writePlace({ zoom: -1.5, x: 10.4, y: 20, tile: 7 });
        return [there, readPlace(there), readPlace("#2/3/4"),
          ["", "#", "#1/2", "#a/b/c", "#1//3", "#1/2/3/4/5"].map(readPlace)];
    """)
    place = {"zoom": -1.5, "x": 10, "y": 20, "tile": 7}
    assert found == ["#-1.5/10/20/7", place, {"zoom": 2, "x": 3, "y": 4, "tile": -1}, [None] * 6]
