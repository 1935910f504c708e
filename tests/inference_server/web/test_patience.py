"""Patience ends where TLS is spoken and where a proxy stands between, as it does without."""

import ssl
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from urllib3.poolmanager import ProxyManager
from urllib3.util.ssltransport import SSLTransport
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.collection import fetching
from zograscope_server.collection.fetching import Fetcher
from zograscope_server.models import downloads
from zograscope_server.models.catalogue import Model, ModelFile
from zograscope_server.web import patience, public_web

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n"
LENGTH = HEAD + b"Content-Length: 100000\r\n\r\n"
HELLO = b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb"
"""How a server begins a handshake of 16 KB (RFC 8446, 4 and 5.1)."""

Dripping = Callable[..., AbstractContextManager[int]]
Opening = Callable[[Any, ssl.SSLContext], Any]


def plain(connection: Any, context: ssl.SSLContext) -> Any:
    return connection


def tls(connection: Any, context: ssl.SSLContext) -> Any:
    if not isinstance(connection, ssl.SSLSocket):
        return context.wrap_socket(connection, server_side=True)

    def wrap_bio(coming: ssl.MemoryBIO, going: ssl.MemoryBIO, **_: object) -> ssl.SSLObject:
        return context.wrap_bio(coming, going, server_side=True)

    return SSLTransport(connection, SimpleNamespace(wrap_bio=wrap_bio))  # type: ignore[arg-type]


def tunnel(connection: Any, context: ssl.SSLContext) -> Any:
    connection.recv(1 << 16)
    connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    return connection


@pytest.fixture
def opened_with(certificate: Path) -> Callable[..., Callable[[Any], Any]]:
    """Make one opening of a connection out of several."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def opened(*steps: Opening) -> Callable[[Any], Any]:
        def opening(connection: Any) -> Any:
            for step in steps:
                connection = step(connection, context)
            return connection

        return opening

    return opened


def fetch(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "ANSWER_TIME", 0.3)
    monkeypatch.setattr(fetching, "BLOCK_TIME", 0.3)
    Fetcher(folder).get(url)


def fetch_publicly(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "ANSWER_TIME", 0.3)
    monkeypatch.setattr(fetching, "BLOCK_TIME", 0.3)
    monkeypatch.setattr(public_web, "is_public", lambda address: True)
    Fetcher(folder, public_only=True).get(url)


def download(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "STEP_TIME", 0.3)
    file = ModelFile("model.safetensors", "00" * 32, address=url)
    model = Model("mine", "My model", "depth", "MIT", True, "Tests.", files=(file,))
    downloads.download_model(model, folder)


@pytest.mark.parametrize("ask", [fetch, fetch_publicly, download])
@pytest.mark.parametrize(
    ("steps", "begin", "drop"),
    [
        pytest.param([plain], HELLO, b"\0", id="handshake"),
        pytest.param([tls], b"", b"H", id="status"),
        pytest.param([tls], LENGTH, b"x", id="body of a length"),
        pytest.param([tls], HEAD + b"\r\n", b"x", id="body to its end"),
    ],
)
def test_a_host_that_drips_over_tls_is_given_up(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    dripping: Dripping,
    opened_with: Callable[..., Callable[[Any], Any]],
    ask: Callable[[str, Path, pytest.MonkeyPatch], None],
    steps: list[Opening],
    begin: bytes,
    drop: bytes,
) -> None:
    with (
        dripping(begin, drop, opened_with(*steps)) as port,
        pytest.raises(ZograscopeError, match="comes too slowly"),
    ):
        ask(f"https://127.0.0.1:{port}/a.jpg", tmp_path, monkeypatch)


@pytest.mark.parametrize("ask", [fetch, download])
@pytest.mark.parametrize(
    ("proxy", "scheme", "steps", "begin", "drop"),
    [
        pytest.param("http", "http", [plain], LENGTH, b"x", id="body"),
        pytest.param("http", "https", [plain], b"", b"H", id="CONNECT's status"),
        pytest.param("http", "https", [plain], HEAD + b"X-H: ", b"x", id="CONNECT's header"),
        pytest.param("http", "https", [tunnel], HELLO, b"\0", id="handshake in a tunnel"),
        pytest.param("http", "https", [tunnel, tls], LENGTH, b"x", id="body in a tunnel"),
        pytest.param("https", "http", [plain], HELLO, b"\0", id="the proxy's handshake"),
        pytest.param("https", "https", [tls], b"", b"H", id="CONNECT's status over TLS"),
        pytest.param("https", "https", [tls, tunnel], HELLO, b"\0", id="handshake over TLS"),
        pytest.param("https", "https", [tls, tunnel, tls], LENGTH, b"x", id="TLS over TLS"),
    ],
)
def test_a_proxy_that_drips_is_given_up(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    dripping: Dripping,
    opened_with: Callable[..., Callable[[Any], Any]],
    ask: Callable[[str, Path, pytest.MonkeyPatch], None],
    proxy: str,
    scheme: str,
    steps: list[Opening],
    begin: bytes,
    drop: bytes,
) -> None:
    with dripping(begin, drop, opened_with(*steps)) as port:
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"{proxy}://127.0.0.1:{port}")
            monkeypatch.setenv(name.lower(), f"{proxy}://127.0.0.1:{port}")
        with pytest.raises(ZograscopeError, match="comes too slowly"):
            ask(f"{scheme}://pictures.example/a.jpg", tmp_path, monkeypatch)


def test_a_socks_proxy_keeps_its_own_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours know nothing of SOCKS; only the time between two bytes is bounded there."""

    def socks_manager(proxy: str, **options: object) -> ProxyManager:
        return ProxyManager("http://127.0.0.1:9")

    monkeypatch.setattr(requests.adapters, "SOCKSProxyManager", socks_manager)
    adapter = patience.PatientAdapter()
    own = ProxyManager("http://127.0.0.1:9").pool_classes_by_scheme
    assert adapter.proxy_manager_for("socks5h://127.0.0.1:9").pool_classes_by_scheme == own
    assert adapter.proxy_manager_for("http://127.0.0.1:9").pool_classes_by_scheme != own
