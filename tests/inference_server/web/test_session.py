"""No redirect leads from https to plain http, whatever is fetched, over real sockets."""

import hashlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.collection.fetching import Fetcher
from zograscope_server.models import downloads
from zograscope_server.models.catalogue import Model, ModelFile
from zograscope_server.web import session

from ..conftest import ServeWeb
from .conftest import redirect_or_send

BODY = b"what was asked for"


@pytest.fixture
def host(certificate: Path, serve_web: ServeWeb) -> Callable[[str], str]:
    """Makes https addresses that redirect to others, or answer by themselves."""
    targets: dict[str, str] = {}

    def answer(request: BaseHTTPRequestHandler) -> None:
        redirect_or_send(request, targets[request.path], BODY)

    server = serve_web(answer, certificate=certificate)

    def address(target: str = "") -> str:
        path = f"/{len(targets)}.jpg"
        targets[path] = target
        return f"https://127.0.0.1:{server.server_port}{path}"

    return address


def fetch(url: str, folder: Path) -> bytes:
    return Fetcher(folder).get(url)


def download(url: str, folder: Path) -> bytes:
    file = ModelFile("model.safetensors", hashlib.sha256(BODY).hexdigest(), address=url)
    model = Model("mine", "My model", "depth", "MIT", True, "Tests.", files=(file,))
    return (downloads.download_model(model, folder) / file.name).read_bytes()


@pytest.mark.parametrize("ask", [fetch, download])
def test_encryption_is_not_lost(
    tmp_path: Path, host: Callable[..., str], ask: Callable[[str, Path], bytes]
) -> None:
    assert ask(host(host(host())), tmp_path / "encrypted") == BODY
    with pytest.raises(ZograscopeError) as caught:
        ask(host(host("http://pictures.example/a.jpg")), tmp_path / "plain")
    assert "not encrypted" in caught.value.details
    assert caught.value.code in {"fetch-refused", "download-failed"}


@pytest.mark.parametrize(
    ("url", "target", "loses"),
    [
        ("https://example.org/a", "http://example.org/a", True),
        ("https://example.org/a", "https://example.com/a", False),
        ("http://example.org/a", "http://example.com/a", False),
        ("https://localhost/a", "http://127.0.0.1:8080/a", False),
        ("https://example.org/a", "http://localhost.example.org/a", True),
    ],
)
def test_what_loses_encryption(url: str, target: str, loses: bool) -> None:
    assert session.loses_encryption(url, target) is loses
