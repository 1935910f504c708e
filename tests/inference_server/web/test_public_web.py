"""What strangers name leads to public addresses only, and never into this network."""

import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.collection.fetching import Fetcher
from zograscope_server.web import public_web
from zograscope_server.web.public_web import is_public

from ..conftest import ServeWeb
from .conftest import redirect_or_send

FILE = b"\xff\xd8 a picture"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("64:ff9b::5db8:d70e", True),
        ("127.0.0.1", False),
        ("127.9.9.9", False),
        ("0.0.0.0", False),
        ("10.0.0.7", False),
        ("172.16.3.4", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.7", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("::7f00:1", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=4, network="127.0.0.0/8"))
def test_private_addresses_stay_private_however_they_are_wrapped(address: object) -> None:
    assert not is_public(str(address))
    assert not is_public(f"::ffff:{address}")
    assert not is_public(f"64:ff9b::{address}")


class Inside:
    """A web server of this machine, and who has asked it for what."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.port = server.server_port
        self.asked: list[tuple[str, dict[str, str]]] = []


@pytest.fixture
def inside(serve_web: ServeWeb) -> Inside:
    def answer(request: BaseHTTPRequestHandler) -> None:
        inside.asked.append((request.path, dict(request.headers)))
        redirect_or_send(request, request.path.partition("?to=")[2], FILE)

    inside = Inside(serve_web(answer, host="0.0.0.0"))
    return inside


@pytest.fixture
def fetcher(tmp_path: Path) -> Fetcher:
    return Fetcher(tmp_path, sleep=lambda seconds: None, public_only=True)


def refusal(fetcher: Fetcher, url: str) -> ZograscopeError:
    with pytest.raises(ZograscopeError) as caught:
        fetcher.get(url)
    return caught.value


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0.0.0.0"])
def test_this_machine_is_never_asked(inside: Inside, fetcher: Fetcher, host: str) -> None:
    opened = refusal(fetcher, f"http://{host}:{inside.port}/a.jpg")
    closed = refusal(fetcher, f"http://{host}:{closed_port()}/a.jpg")
    assert opened.code == closed.code == "fetch-refused"
    assert opened.details == closed.details, "an open port can be told from a closed one"
    assert not inside.asked


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 127.0.0.1 stand for the public internet; 127.0.0.2 is private still."""
    monkeypatch.setattr(public_web, "is_public", lambda address: address == "127.0.0.1")


@pytest.mark.usefixtures("outside")
def test_a_redirect_does_not_lead_inside(inside: Inside, fetcher: Fetcher) -> None:
    there = f"http://127.0.0.2:{inside.port}/secret.jpg"
    error = refusal(fetcher, f"http://127.0.0.1:{inside.port}/a.jpg?to={there}")
    assert error.code == "fetch-refused"
    assert [path for path, _ in inside.asked] == [f"/a.jpg?to={there}"]
    assert fetcher.get(f"http://127.0.0.1:{inside.port}/b.jpg?to=/c.jpg") == FILE


@pytest.mark.usefixtures("outside")
def test_a_name_is_resolved_once(
    inside: Inside, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve, asked = socket.getaddrinfo, []

    def rebinding(host: str, *more: object, **options: object) -> object:
        if host != "pictures.example":
            return resolve(host, *more, **options)  # type: ignore[arg-type]
        asked.append(host)
        return resolve("127.0.0.1" if len(asked) == 1 else "127.0.0.2", *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    assert fetcher.get(f"http://pictures.example:{inside.port}/a.jpg") == FILE
    assert asked == ["pictures.example"]
    assert inside.asked[0][1]["Host"] == f"pictures.example:{inside.port}"


@pytest.mark.usefixtures("outside")
def test_of_several_addresses_the_next_is_tried(
    inside: Inside, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_web, "is_public", lambda address: True)
    monkeypatch.setattr(public_web, "public_addresses", lambda host, port: ["::1", "127.0.0.1"])
    assert fetcher.get(f"http://pictures.example:{inside.port}/a.jpg") == FILE


@pytest.mark.parametrize("public_only", [True, False])
@pytest.mark.usefixtures("outside")
def test_no_credentials_are_sent(
    inside: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, public_only: bool
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login owner password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    fetcher = Fetcher(tmp_path, sleep=lambda seconds: None, public_only=public_only)
    for user in ("", "guest:word@"):
        target = f"http://{user}127.0.0.1:{inside.port}/b{user}"
        fetcher.get(f"http://{user}127.0.0.1:{inside.port}/a{user}.jpg?to={target}")
    assert len(inside.asked) == 4
    assert not [headers for _, headers in inside.asked if "Authorization" in headers]


@pytest.mark.usefixtures("outside")
def test_what_this_user_fetched_is_not_shown_to_others(inside: Inside, tmp_path: Path) -> None:
    private = f"http://127.0.0.2:{inside.port}/a.jpg"
    own = Fetcher(tmp_path, sleep=lambda seconds: None)
    assert own.get(private) == FILE
    of_others = Fetcher(tmp_path, sleep=lambda seconds: None, public_only=True)
    assert own.state(private) is not None
    assert of_others.state(private) is None
    assert refusal(of_others, private).code == "fetch-refused"
