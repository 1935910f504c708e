"""A web server that lies, stalls, redirects and asks for what is none of its business."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.connection import Connection, client_keys
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.mosaic.tasks import MosaicOptions
from zograscope_server.broker.authentication import allow_key

from tools.torture.drawings import draw_pictures
from tools.torture.server import PATIENCE, Figures, Honest, Server, watched

SOUND = 4


class _Site:
    """A web server of one behaviour, on a port of its own, and what it was asked for."""

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler, "_Site"], None]) -> None:
        site = self
        self.asked: list[dict[str, str]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(dict(self.headers))
                with suppress(OSError):  # who asked has hung up
                    answer(self, site)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def web(server: Server, honest: Honest, chance: random.Random) -> Figures:
    """Make a mosaic of a table of addresses, most of them hostile.

    Lost are sound pictures that did not come, and requests that carried the owner's password.
    """
    pictures = draw_pictures(server.state.parent / "web", chance, SOUND)
    figures: Figures = {}
    with _sites(pictures) as sites, watched(server, honest, figures), server.client() as owner:
        table = pictures.parent / "table.csv"
        sound = [f"{sites['sound'].address}/{number:03d}.png" for number in range(SOUND)]
        hostile = [f"{site.address}/a.png" for site in sites.values()]
        table.write_text("\n".join(["url", *sound, *hostile]))
        asked = MosaicOptions(str(table), layouts=("colour",), online=True)
        figures["tiles"] = owner.run("mosaic", asked.parameters(), {}).metadata["count"]
        requests = [headers for site in sites.values() for headers in site.asked]
        figures["hostile_addresses"] = len(hostile)
        figures["requests"] = len(requests)
        figures["with_a_password"] = sum("Authorization" in headers for headers in requests)
    figures["lost"] = SOUND - figures["tiles"] + figures["with_a_password"]
    return figures


def guests_web(server: Server, honest: Honest, chance: random.Random) -> Figures:
    """Have a guest name web servers of this machine, which must not be asked: such is lost."""
    pictures = draw_pictures(server.state.parent / "web", chance, SOUND)
    figures: Figures = {"ends": {}}
    with _sites(pictures) as sites, watched(server, honest, figures):
        for address in (f"{site.address}/manifest.json" for site in sites.values()):
            code = _ask_as_guest(server, address)
            figures["ends"][code] = figures["ends"].get(code, 0) + 1
        figures["requests"] = sum(len(site.asked) for site in sites.values())
    figures["lost"] = figures["requests"] + figures["ends"].get("internal", 0)
    return figures


def _ask_as_guest(server: Server, address: str) -> str:
    folder = server.state.parent / "web guest"
    allow_key(server.state / "allowed_keys", "web-guest", client_keys(folder)[0])
    connection = Connection.read(server.state)
    with BlockingClient(connection, PATIENCE, "guest", folder=folder) as guest:
        try:
            guest.run("mosaic", MosaicOptions(address, online=True).parameters(), {})
        except ZograscopeError as error:
            return error.code
    return "done"


@contextmanager
def _sites(pictures: Path) -> Iterator[dict[str, _Site]]:
    def sound(request: BaseHTTPRequestHandler, site: _Site) -> None:
        path = pictures / Path(request.path).name
        _reply(request, path.read_bytes() if path.exists() else b"", 200 if path.exists() else 404)

    def redirect(request: BaseHTTPRequestHandler, site: _Site) -> None:
        request.send_response(302)
        request.send_header("Location", f"{site.address}/again.png")
        request.end_headers()

    def page(request: BaseHTTPRequestHandler, site: _Site) -> None:
        _reply(request, b"<!DOCTYPE html><html>Please log in.</html>")

    def password(request: BaseHTTPRequestHandler, site: _Site) -> None:
        _reply(request, b"", 401, {"WWW-Authenticate": "Basic realm=x"})

    def cut(request: BaseHTTPRequestHandler, site: _Site) -> None:
        _reply(request, b"\x89PNG", 200, {"Content-Length": "100000"})

    def busy(request: BaseHTTPRequestHandler, site: _Site) -> None:
        _reply(request, b"", 429, {"Retry-After": "86400"})

    def endless(request: BaseHTTPRequestHandler, site: _Site) -> None:
        request.send_response(200)
        request.end_headers()
        while True:
            request.wfile.write(bytes(1 << 20))

    def file(request: BaseHTTPRequestHandler, site: _Site) -> None:
        request.send_response(302)
        request.send_header("Location", "file:///etc/passwd")
        request.end_headers()

    answers = (sound, redirect, page, password, cut, busy, endless, file)
    sites = {answer.__name__: _Site(answer) for answer in answers}
    try:
        yield sites
    finally:
        for site in sites.values():
            site.close()


def _reply(
    request: BaseHTTPRequestHandler,
    body: bytes,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> None:
    request.send_response(status)
    for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)
