"""Fetching is polite, goes on after interruptions, and asks for nothing twice."""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.collection import fetching
from zograscope_server.collection.collection import Item
from zograscope_server.collection.fetching import Fetcher, read_image
from zograscope_server.web import public_web

from ..conftest import Answer, ServeWeb

FILE = bytes(range(256)) * 4000


@dataclass
class Web:
    """A web server in a thread; `answers` holds what each path does, request after request."""

    address: str
    answers: dict[str, list[Answer]]
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    peers: set[tuple[str, int]] = field(default_factory=set)
    at_once: int = 0
    most_at_once: int = 0

    def get(self, path: str, *answers: Answer) -> str:
        """Let a path answer so, the last answer for ever; return its address."""
        self.answers[path] = list(answers)
        return self.address + path


def send(status: int = 200, body: bytes = FILE, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in ({"Content_Length": str(len(body))} | headers).items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def break_off(after: int, **headers: str) -> Answer:
    """Promise the whole file and send only its beginning."""
    return send(200, FILE[:after], Content_Length=str(len(FILE)), **headers)


def send_rest(request: BaseHTTPRequestHandler) -> None:
    begin = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
    place = f"bytes {begin}-{len(FILE) - 1}/{len(FILE)}"
    send(206, FILE[begin:], Content_Range=place)(request)


@pytest.fixture
def web(serve_web: ServeWeb) -> Web:
    def answer(request: BaseHTTPRequestHandler) -> None:
        with lock:
            web.requests.append((request.path, dict(request.headers)))
            web.peers.add(request.client_address)
            web.at_once += 1
            web.most_at_once = max(web.most_at_once, web.at_once)
        answers = web.answers.get(request.path, [send(404)])
        (answers.pop(0) if len(answers) > 1 else answers[0])(request)
        with lock:
            web.at_once -= 1

    lock = threading.Lock()
    web = Web(f"http://127.0.0.1:{serve_web(answer).server_port}", {})
    return web


@pytest.fixture
def waits() -> list[float]:
    """How long the fetcher has waited; in tests it does not really."""
    return []


@pytest.fixture
def fetcher(tmp_path: Path, waits: list[float]) -> Fetcher:
    return Fetcher(tmp_path / "cache", sleep=waits.append)


def refusal(fetcher: Fetcher, url: str) -> ZograscopeError:
    with pytest.raises(ZograscopeError) as caught:
        fetcher.get(url)
    return caught.value


def test_each_file_is_fetched_once_and_then_there_offline(web: Web, tmp_path: Path) -> None:
    url = web.get("/a.jpg", send())
    assert Fetcher(tmp_path).get(url) == FILE
    assert Fetcher(tmp_path, online=False).get(url) == FILE
    assert len(web.requests) == 1
    assert web.requests[0][1]["User-Agent"].startswith("Zograscope/")
    other = f"{web.address}/b.jpg"
    assert refusal(Fetcher(tmp_path, online=False), other).code == "online-access-off"
    assert len(web.requests) == 1


def test_one_request_at_a_time_with_pauses(
    web: Web, fetcher: Fetcher, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "PAUSE", 50.0)
    urls = [web.get(f"/{number}", send()) for number in range(4)]
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(fetcher.get, urls * 2)) == {FILE}
    assert Counter(path for path, _ in web.requests) == {f"/{number}": 1 for number in range(4)}
    assert web.most_at_once == 1
    assert waits == [pytest.approx(50, abs=20)] * 3


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_host_is_left_alone_for_as_long_as_it_asks(
    web: Web, fetcher: Fetcher, waits: list[float], status: int
) -> None:
    url = web.get("/a.jpg", send(status, b"slow down", Retry_After="7"), send())
    assert fetcher.get(url) == FILE
    assert max(waits) == pytest.approx(7, abs=0.5)


def test_a_host_may_ask_to_be_left_alone_until_a_date(
    web: Web, fetcher: Fetcher, waits: list[float]
) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert fetcher.get(web.get("/a.jpg", send(429, b"-", Retry_After=until), send())) == FILE
    assert 20 < max(waits) <= 30


def test_a_host_that_asks_for_long_is_not_asked_again(web: Web, fetcher: Fetcher) -> None:
    error = refusal(fetcher, web.get("/a.jpg", send(429, b"-", Retry_After="3600"), send()))
    assert error.code == "fetch-failed"
    assert "3600" in error.details
    assert refusal(fetcher, web.get("/b.jpg", send())).code == "fetch-failed"
    assert len(web.requests) == 1


def test_waits_grow_and_end(web: Web, fetcher: Fetcher, waits: list[float]) -> None:
    error = refusal(fetcher, web.get("/a.jpg", send(503, b"-", Retry_After="soon")))
    assert error.code == "fetch-failed"
    assert "503" in error.details
    assert waits == [pytest.approx(wait, abs=0.5) for wait in (1, 2, 4)]


def test_a_host_that_is_not_there_is_soon_given_up(fetcher: Fetcher, waits: list[float]) -> None:
    assert refusal(fetcher, "http://127.0.0.1:9/a.jpg").code == "fetch-failed"
    asked = len(waits)
    for name in "bcd":
        assert refusal(fetcher, f"http://127.0.0.1:9/{name}.jpg").code == "fetch-failed"
    assert len(waits) == asked


@pytest.mark.parametrize("mark", [{"ETag": '"v1"'}, {"Last_Modified": "Mon, 01 Jan 2024"}])
def test_an_interrupted_file_goes_on_where_it_was(
    web: Web, fetcher: Fetcher, mark: dict[str, str]
) -> None:
    url = web.get("/a.jpg", break_off(500_000, **mark), send_rest)
    assert fetcher.get(url) == FILE
    (_, first), (_, second) = web.requests
    assert "Range" not in first
    assert 0 < int(second["Range"].removeprefix("bytes=").removesuffix("-")) <= 500_000
    assert second["If-Range"] == next(iter(mark.values()))


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param((break_off(500_000), send()), id="no version"),
        pytest.param((break_off(500_000, ETag='W/"v1"'), send()), id="weak version"),
        pytest.param((break_off(500_000, ETag='"v0"'), send(ETag='"v1"')), id="new version"),
        pytest.param((break_off(500_000, ETag='"v1"'), send(416, b""), send()), id="no such part"),
        pytest.param(
            (
                break_off(500_000, ETag='"v1"'),
                send(206, b"x", Content_Range=f"bytes 1-1/{len(FILE)}"),
                send(),
            ),
            id="another part",
        ),
        pytest.param((send(200, b""), send()), id="nothing"),
    ],
)
def test_what_cannot_go_on_begins_again(
    web: Web, fetcher: Fetcher, answers: tuple[Answer, ...]
) -> None:
    assert fetcher.get(web.get("/a.jpg", *answers)) == FILE


def test_nothing_incomplete_is_kept(web: Web, fetcher: Fetcher, tmp_path: Path) -> None:
    url = web.get("/a.jpg", break_off(1000, ETag='"v1"'))
    assert refusal(fetcher, url).code == "fetch-failed"
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    web.get("/a.jpg", send())
    assert Fetcher(tmp_path / "cache").get(url) == FILE


@pytest.mark.parametrize("status", [204, 304, 400, 401, 403, 404, 410, 501])
def test_a_clear_no_is_not_asked_again(web: Web, fetcher: Fetcher, status: int) -> None:
    error = refusal(fetcher, web.get("/a.jpg", send(status, b"")))
    assert error.code == "fetch-refused"
    assert str(status) in error.details
    assert len(web.requests) == 1


def test_redirects_are_followed_but_not_in_circles(web: Web, fetcher: Fetcher) -> None:
    web.get("/b/c.jpg", send())
    assert fetcher.get(web.get("/a.jpg", send(302, b"", Location="b/c.jpg"))) == FILE
    circle = web.get("/circle", send(301, b"", Location="/circle"))
    assert refusal(fetcher, circle).code == "fetch-refused"


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/a", "http://[", "//"])
def test_redirects_stay_on_the_web(web: Web, fetcher: Fetcher, target: str) -> None:
    url = web.get("/a.jpg", send(302, b"", Location=target))
    assert refusal(fetcher, url).code == "fetch-refused"


def test_files_beyond_the_limit_are_refused(
    web: Web, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MOST_BYTES", len(FILE) - 1)
    assert refusal(fetcher, web.get("/a.jpg", send())).code == "fetch-refused"


def test_a_full_disk_is_said(web: Web, tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"in the way")
    url = web.get("/a.jpg", send())
    assert refusal(Fetcher(tmp_path / "cache"), url).code == "spool-full"


@given(rest=st.text())
def test_no_address_is_too_odd(rest: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    fetcher = Fetcher(tmp_path_factory.getbasetemp(), sleep=lambda seconds: None)
    for scheme in ("", "file://", "gopher://"):
        assert refusal(fetcher, scheme + rest.replace("http", "")).code == "fetch-refused"


@pytest.mark.parametrize(
    "url", ["http://", "http://[", "http://.../a", "http://a b/", "http://\ud800"]
)
def test_broken_addresses_are_refused_unasked(fetcher: Fetcher, url: str) -> None:
    assert refusal(fetcher, url).code in ("fetch-refused", "fetch-failed")


def test_images_are_read_from_the_disk_and_the_web(
    web: Web, fetcher: Fetcher, tmp_path: Path
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"here")
    assert read_image(Item("a", str(path)), fetcher) == b"here"
    assert read_image(Item("b", web.get("/b.jpg", send())), fetcher) == FILE


@pytest.mark.parametrize(
    ("location", "code"),
    [("gone.jpg", "file-not-found"), (".", "is-a-folder"), ("\0", "file-unreadable")],
)
def test_files_that_cannot_be_read(
    fetcher: Fetcher, tmp_path: Path, location: str, code: str
) -> None:
    with pytest.raises(ZograscopeError) as caught:
        read_image(Item(location, str(tmp_path / location)), fetcher)
    assert caught.value.code == code


# What is here grows old


PAGE = b"\n<!DOCTYPE html><html><title>Too many requests</title></html>"


def test_a_web_page_is_not_kept_for_an_image(web: Web, fetcher: Fetcher) -> None:
    url = web.get("/a.jpg", send(200, PAGE), send())
    assert refusal(fetcher, url).code == "fetch-refused"
    assert fetcher.get(url) == FILE


def test_a_web_page_that_was_kept_is_asked_for_again(web: Web, fetcher: Fetcher) -> None:
    url = web.get("/a.jpg", send())
    path = fetcher._path(url)
    path.parent.mkdir(parents=True)
    path.write_bytes(PAGE)
    assert fetcher.get(url) == FILE


@pytest.fixture
def aged(web: Web, tmp_path: Path) -> Callable[..., tuple[str, Fetcher]]:
    """Fetch a file, let it grow old, and return its address and another fetcher."""

    def fetch(first: Answer, *later: Answer, online: bool = True) -> tuple[str, Fetcher]:
        url = web.get("/a.jpg", first, *later)
        fetcher = Fetcher(tmp_path / "cache", sleep=lambda seconds: None)
        assert fetcher.get(url) == FILE
        os.utime(fetcher._path(url), (0, 0))
        web.requests.clear()
        return url, Fetcher(tmp_path / "cache", online, sleep=lambda seconds: None)

    return fetch


@pytest.mark.parametrize(
    ("mark", "asked"),
    [
        ({"ETag": '"v1"'}, ("If-None-Match", '"v1"')),
        ({"ETag": 'W/"v1"'}, ("If-None-Match", 'W/"v1"')),
        (
            {"Last_Modified": "Mon, 01 Jan 2024 00:00:00 GMT"},
            ("If-Modified-Since", "Mon, 01 Jan 2024 00:00:00 GMT"),
        ),
    ],
)
def test_an_old_file_that_has_not_changed_is_not_sent_again(
    web: Web,
    aged: Callable[..., tuple[str, Fetcher]],
    mark: dict[str, str],
    asked: tuple[str, str],
) -> None:
    url, fetcher = aged(send(**mark), send(304, b""))
    assert fetcher.state(url) is None
    assert fetcher.get(url) == fetcher.get(url) == FILE
    ((_, headers),) = web.requests
    assert headers[asked[0]] == asked[1]
    assert fetcher.state(url) is not None


def test_an_old_file_that_has_changed_is_renewed(
    web: Web, aged: Callable[..., tuple[str, Fetcher]]
) -> None:
    url, fetcher = aged(send(ETag='"v1"'), send(200, b"new", ETag='"v2"'))
    assert fetcher.get(url) == fetcher.get(url) == b"new"
    assert len(web.requests) == 1


@pytest.mark.parametrize("answer", [send(404), send(503), send(200, PAGE), send(304, b"")])
def test_an_old_file_is_better_than_none(
    aged: Callable[..., tuple[str, Fetcher]], answer: Answer
) -> None:
    url, fetcher = aged(send(), answer)
    assert fetcher.get(url) == FILE


def test_an_old_file_does_offline(web: Web, aged: Callable[..., tuple[str, Fetcher]]) -> None:
    url, fetcher = aged(send(ETag='"v1"'), online=False)
    assert fetcher.get(url) == FILE
    assert fetcher.state(url) is not None
    assert not web.requests


def test_all_can_be_asked_for_again(web: Web, fetcher: Fetcher, tmp_path: Path) -> None:
    url = web.get("/a.jpg", send(), send(200, b"new"))
    assert fetcher.get(url) == FILE
    refreshing = Fetcher(tmp_path / "cache", sleep=lambda seconds: None, refresh=True)
    assert refreshing.get(url) == refreshing.get(url) == b"new"
    assert fetcher.get(url) == b"new"
    assert len(web.requests) == 2


def test_what_cannot_be_read_is_asked_for_again_when_it_is_wanted(
    web: Web, fetcher: Fetcher
) -> None:
    url = web.get("/a.jpg", send(200, b"half", ETag='"v1"'), send(ETag='"v1"'))
    assert fetcher.get(url) == b"half"
    fetcher.doubt(url)
    assert fetcher.get(url) == FILE
    assert "If-None-Match" not in web.requests[1][1]


def test_what_was_packed_several_times_is_refused(web: Web, fetcher: Fetcher) -> None:
    url = web.get("/a.jpg", send(Content_Encoding="gzip, gzip"))
    assert refusal(fetcher, url).code == "fetch-refused"


# Hosts that hold whoever asks


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n"


Dripping = Callable[..., AbstractContextManager[int]]


@pytest.mark.parametrize("public_only", [False, True])
@pytest.mark.parametrize(
    ("begin", "drop"),
    [
        pytest.param(b"", b"H", id="status"),
        pytest.param(HEAD + b"X-Header: ", b"x", id="header"),
        pytest.param(HEAD + b"Content-Length: 100000\r\n\r\n", b"x", id="body of a length"),
        pytest.param(HEAD + b"\r\n", b"x", id="body to its end"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0", id="chunk's size"),
    ],
)
def test_a_host_that_drips_is_given_up(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    dripping: Dripping,
    begin: bytes,
    drop: bytes,
    public_only: bool,
) -> None:
    monkeypatch.setattr(fetching, "ANSWER_TIME", 0.3)
    monkeypatch.setattr(fetching, "BLOCK_TIME", 0.3)
    monkeypatch.setattr(public_web, "is_public", lambda address: True)
    fetcher = Fetcher(tmp_path / "cache", public_only=public_only)
    with dripping(begin, drop) as port:
        url = f"http://127.0.0.1:{port}/a.jpg"
        error = refusal(fetcher, url)
        assert (error.code, url in error.sentence) == ("fetch-slow", True)
        # Nor is each of its other pictures waited for.
        other = refusal(fetcher, url.replace("a.jpg", "b.jpg"))
        assert (other.code, "rests" in other.details) == ("fetch-failed", True)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_an_answer_without_end_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dripping: Dripping
) -> None:
    monkeypatch.setattr(fetching, "LONGEST_ANSWER", 0.3)
    monkeypatch.setattr(fetching, "BLOCK", 10)
    with dripping(HEAD + b"\r\n", bytes(100)) as port:
        assert refusal(Fetcher(tmp_path), f"http://127.0.0.1:{port}/a.jpg").code == "fetch-slow"


def test_a_slow_host_that_goes_on_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dripping: Dripping
) -> None:
    monkeypatch.setattr(fetching, "MOST_BYTES", 20)
    monkeypatch.setattr(fetching, "BLOCK", 1)
    with dripping(HEAD + b"\r\n", b"x") as port:
        assert (
            refusal(Fetcher(tmp_path), f"http://127.0.0.1:{port}/a.jpg").details
            == "more than 20 bytes"
        )


def test_a_connection_that_is_used_again_is_watched_as_well(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stall(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        with suppress(OSError):
            while True:
                time.sleep(0.02)
                request.wfile.write(b"x")

    def keep(request: BaseHTTPRequestHandler) -> None:
        request.protocol_version, request.close_connection = "HTTP/1.1", False
        send(Connection="keep-alive")(request)
        request.close_connection = False

    monkeypatch.setattr(fetching, "BLOCK_TIME", 0.3)
    fetcher = Fetcher(tmp_path)
    assert fetcher.get(web.get("/a.jpg", keep)) == FILE
    assert refusal(fetcher, web.get("/b.jpg", stall)).code == "fetch-slow"
    assert len(web.peers) == 1
