"""Whatever an artist calls a collection is opened, or refused in clear words."""

import json
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.collection.fetching import Fetcher, read_image
from zograscope_server.collection.open import open_collection

from ..conftest import ServeWeb


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one image, a table and a manifest of it, and things that are neither."""
    folder = tmp_path / "cards"
    folder.mkdir()
    Image.new("RGB", (4, 3)).save(folder / "a.png")
    (folder / "cards.csv").write_text("file,title\na.png,A\n")
    (folder / "cards.json").write_text(json.dumps(manifest("https://example.org/a.png")))
    (folder / "notes.txt").write_text("nothing")
    return folder


def manifest(image: str) -> dict[str, object]:
    body = {"id": image, "type": "Image", "format": "image/png"}
    annotation = {"type": "Annotation", "motivation": "painting", "body": body}
    page = {"type": "AnnotationPage", "items": [annotation]}
    canvas = {"id": f"{image}#canvas", "type": "Canvas", "items": [page]}
    return {
        "@context": "http://iiif.io/api/presentation/3/context.json",
        "id": f"{image}#manifest",
        "type": "Manifest",
        "label": {"en": ["Cards"]},
        "items": [canvas],
    }


def refusal(source: Path | str, cache: Path, online: bool = False) -> ZograscopeError:
    with pytest.raises(ZograscopeError) as caught:
        open_collection(str(source), cache, online=online)
    return caught.value


@pytest.mark.parametrize(
    ("source", "location"),
    [(".", None), ("cards.csv", None), ("cards.json", "https://example.org/a.png")],
)
def test_folders_tables_and_manifests(
    folder: Path, tmp_path: Path, source: str, location: str | None
) -> None:
    collection = open_collection(str(folder / source), tmp_path / "cache", online=False)
    assert [item.location for item in collection.items] == [location or str(folder / "a.png")]
    assert collection.name.lower() == "cards"


def test_a_manifest_on_the_web_and_then_offline(folder: Path, tmp_path: Path) -> None:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        (folder / "web.json").write_text(json.dumps(manifest(f"{address}/a.png")))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        (item,) = open_collection(f"{address}/web.json", tmp_path / "cache").items
        image = read_image(item, Fetcher(tmp_path / "cache"))
        assert refusal(f"{address}/a.png", tmp_path / "cache", online=True).code == "manifest-wrong"
        assert refusal(f"{address}/no.json", tmp_path / "cache", online=True).code == (
            "fetch-refused"
        )
        server.shutdown()
        thread.join()
    assert image == (folder / "a.png").read_bytes()
    again = open_collection(f"{address}/web.json", tmp_path / "cache", online=False)
    assert again.items == (item,)
    assert read_image(item, Fetcher(tmp_path / "cache", online=False)) == image
    assert refusal(f"{address}/no.json", tmp_path / "cache").code == "online-access-off"


def test_waiting_for_a_busy_host_can_be_cancelled(tmp_path: Path, serve_web: ServeWeb) -> None:
    def busy(request: BaseHTTPRequestHandler) -> None:
        request.send_response(503)
        request.send_header("Retry-After", "50")
        request.send_header("Content-Length", "0")
        request.end_headers()

    class Cancelled(Exception):
        pass

    def cancel(fraction: float | None, stage: str, detail: str = "") -> None:
        raise Cancelled(detail)

    port = serve_web(busy).server_port
    with pytest.raises(Cancelled, match="50 s"):
        open_collection(f"http://127.0.0.1:{port}/a.json", tmp_path, cancel)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("gone", "file-not-found"),
        ("gone.csv", "file-not-found"),
        ("gone.json", "file-not-found"),
        ("notes.txt/a.csv", "file-not-found"),
        ("\0", "file-not-found"),
        ("x" * 300, "file-unreadable"),
        ("notes.txt", "collection-unknown"),
        ("a.png", "collection-unknown"),
    ],
)
def test_what_is_no_collection(folder: Path, tmp_path: Path, source: str, code: str) -> None:
    error = refusal(folder / source, tmp_path)
    assert error.code == code
    assert source in error.sentence


def test_folders_may_be_called_like_files(folder: Path, tmp_path: Path) -> None:
    for suffix in (".json", ".csv"):
        named = folder.rename(folder.with_suffix(suffix))
        assert len(open_collection(str(named), tmp_path).items) == 1
        named.rename(folder)


def test_an_empty_collection_says_what_was_left_out(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert refusal(empty, tmp_path).code == "collection-empty"
    table = tmp_path / "cards.csv"
    table.write_text("file\ngone.jpg\n")
    error = refusal(table, tmp_path)
    assert error.code == "collection-empty"
    assert "gone.jpg" in error.details


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"type": "Recipe"}', "<html>", "\x80"])
def test_json_that_is_no_manifest(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cards.json"
    path.write_bytes(text.encode("latin-1"))
    assert refusal(path, tmp_path).code == "manifest-wrong"
