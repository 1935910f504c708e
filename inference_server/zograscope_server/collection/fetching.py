"""Gets files from the web as a good guest: one at a time from each host, and each only once.

What has come stays in a cache folder, under the hash of its address, whole or not at all. So a
collection that was interrupted goes on where it was, and one that is complete works offline.
"""

import hashlib
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

import requests
from zograscope_protocol.errors import ZograscopeError

from zograscope_server.collection.collection import Item
from zograscope_server.collection.errors import CollectionError
from zograscope_server.models.downloads import LOCAL_HOSTS

USER_AGENT = "Zograscope/0.1 (image collections for artists; one request at a time)"
PAUSE = 0.1  # seconds between two requests to a host
TIMEOUT = (10.0, 60.0)  # seconds to connect, and between two blocks
ATTEMPTS = 4
FIRST_WAIT = 1.0  # seconds after a failure, doubled after each further one
LONGEST_WAIT = 60.0  # a host that asks for more is given up for as long as it asks
REST = 300.0  # seconds for which a host that cannot be reached is given up
MOST_BYTES = 250_000_000
MOST_REDIRECTS = 5
BLOCK = 1 << 16
BUSY = (429, 500, 502, 503, 504)  # answers after which asking again may help


class Fetcher:
    """A cache of files from the web, filled on demand; several threads may ask at once."""

    def __init__(
        self,
        cache_folder: Path,
        online: bool = True,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Keep files in a folder; without `online`, only what is there can be had."""
        self._folder = cache_folder
        self._online = online
        self._sleep = sleep
        self._session = requests.Session()
        self._session.headers["User-Agent"] = USER_AGENT
        self._hosts: dict[str, _Host] = {}
        self._files: dict[str, threading.Lock] = {}  # by the folder in the cache

    def get(self, url: str) -> bytes:
        """Return the file at an address, from the cache where it is there.

        Raises:
            ZograscopeError: `online-access-off`; `fetch-failed` where trying later may help,
                `fetch-refused` where not; `spool-full`.
        """
        path = self._path(url)
        with self._files.setdefault(path.parent.name, threading.Lock()):  # one fetches, others wait
            with suppress(OSError):  # what is damaged is fetched anew
                return path.read_bytes()
            if not self._online:
                raise ZograscopeError("online-access-off", url)
            data = self._fetch(url)
            _write(path, data)
            return data

    def _path(self, url: str) -> Path:
        digest = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
        return self._folder / digest[:2] / digest

    def _fetch(self, url: str) -> bytes:
        """Ask for a file, again after a while where the host is busy or the network fails."""
        arrival = _Arrival()
        for attempt in range(ATTEMPTS):
            try:
                self._follow(url, arrival, FIRST_WAIT * 2**attempt)
                return bytes(arrival.data)
            except ValueError as error:  # an address that requests or urllib cannot even read
                raise CollectionError("fetch-refused", str(error), url=url) from error
            except requests.RequestException as error:
                problem = str(error)
        raise CollectionError("fetch-failed", problem, url=url)

    def _follow(self, url: str, arrival: "_Arrival", wait: float) -> None:
        """Ask once for what an arrival still lacks, following redirects that stay encrypted."""
        asked = url
        for _ in range(MOST_REDIRECTS):
            target = self._ask(url, arrival, wait)
            if target is None:
                return
            target = urljoin(url, target)
            if _loses_encryption(url, target):
                raise CollectionError("fetch-refused", f"redirected to {target}", url=asked)
            url = target
        raise CollectionError("fetch-refused", "too many redirects", url=asked)

    def _ask(self, url: str, arrival: "_Arrival", wait: float) -> str | None:
        """Send one request when it is our turn; return where to ask instead, if so answered.

        A host that is busy or fails is left alone for `wait` seconds, or as long as it asks.
        """
        host = self._hosts.setdefault(_host_of(url), _Host())
        with host.lock:
            self._wait_for(host, url)
            pause = PAUSE
            host.failures += 1  # unless it answers
            try:
                with self._send(url, arrival) as response:
                    host.failures = 0
                    target = self._session.get_redirect_target(response)
                    if target is None:
                        arrival.take(response, url)
                    return target
            except requests.RequestException as error:
                pause = max(wait, _asked_wait(error.response))
                if host.failures >= ATTEMPTS:
                    pause = REST
                raise
            finally:
                host.free_at = time.monotonic() + pause

    def _send(self, url: str, arrival: "_Arrival") -> requests.Response:
        return self._session.get(
            url,
            headers=arrival.request_headers(),
            stream=True,
            timeout=TIMEOUT,
            allow_redirects=False,
        )

    def _wait_for(self, host: "_Host", url: str) -> None:
        wait = host.free_at - time.monotonic()
        if wait > LONGEST_WAIT:
            raise CollectionError("fetch-failed", f"the host rests for {wait:.0f} s", url=url)
        if wait > 0:
            self._sleep(wait)


@dataclass
class _Host:
    """Whose turn it is at a host, when it may be asked again, and how often it was not there."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    free_at: float = 0.0  # of the monotonic clock
    failures: int = 0


@dataclass
class _Arrival:
    """What has come of a file, and the mark by which its host knows this very version."""

    data: bytearray = field(default_factory=bytearray)
    version: str = ""

    def request_headers(self) -> dict[str, str]:
        """Ask for the rest where some is here; for all of it where it has changed since."""
        if not self.data or not self.version:
            return {}
        return {
            "Accept-Encoding": "identity",  # a range of something compressed is of no use
            "Range": f"bytes={len(self.data)}-",
            "If-Range": self.version,
        }

    def take(self, response: requests.Response, url: str) -> None:
        """Take in an answer.

        Raises RequestException where asking again may help, and ZograscopeError where not.
        """
        status = response.status_code
        resumed = status == requests.codes.partial_content
        part, _, size = response.headers.get("Content-Range", "").partition("/")
        if status in BUSY:
            raise requests.ConnectionError(f"the host answered {status}", response=response)
        if status == requests.codes.requested_range_not_satisfiable or (
            resumed and not part.startswith(f"bytes {len(self.data)}-")
        ):
            self.data.clear()
            raise requests.ConnectionError("the file has changed meanwhile")
        if status != requests.codes.ok and not resumed:
            raise CollectionError("fetch-refused", f"the host answered {status}", url=url)
        if not resumed:
            self.data.clear()
            self.version = _version(response)
        for block in response.iter_content(BLOCK):
            self.data += block
            if len(self.data) > MOST_BYTES:
                raise CollectionError("fetch-refused", f"more than {MOST_BYTES} bytes", url=url)
        if not self.data or (size.isdecimal() and len(self.data) < int(size)):
            raise requests.ConnectionError(f"only {len(self.data)} bytes came")


def read_image(item: Item, fetcher: Fetcher) -> bytes:
    """Return the file of an item, from the disk or the web.

    Raises:
        ZograscopeError: `file-not-found`, `is-a-folder`, `file-unreadable`, or as `Fetcher.get`.
    """
    if is_address(item.location):
        return fetcher.get(item.location)
    path = Path(item.location)
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ZograscopeError("file-not-found", path=str(path)) from error
    except IsADirectoryError as error:
        raise ZograscopeError("is-a-folder", path=str(path)) from error
    except (OSError, ValueError) as error:  # ValueError: no possible name of a file
        raise ZograscopeError("file-unreadable", str(error), path=str(path)) from error


def is_address(location: str) -> bool:
    """Whether a location is on the web."""
    return location.startswith(("http://", "https://"))


def _write(path: Path, data: bytes) -> None:
    """Put a file into the cache, whole or not at all."""
    part = path.with_name(f"{path.name}.{uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise ZograscopeError("spool-full", str(error)) from error


def _host_of(url: str) -> str:
    """Return the host and port of a web address; raises ValueError for other addresses."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url} is no web address")
    return parts.netloc


def _loses_encryption(url: str, target: str) -> bool:
    """Whether a redirect leads from https to plain http, other than on this very machine."""
    begin, end = urlsplit(url), urlsplit(target)
    return begin.scheme == "https" and end.scheme == "http" and end.hostname not in LOCAL_HOSTS


def _version(response: requests.Response) -> str:
    """Return by what a host knows a version of a file, or "" where it cannot be resumed."""
    if "Content-Encoding" in response.headers:
        return ""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified", "")


def _asked_wait(response: requests.Response | None) -> float:
    """Return how long the host asks to be left alone, in seconds: a number, or until a date."""
    asked = "" if response is None else response.headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked)
    try:
        until = parsedate_to_datetime(asked)
    except ValueError:
        return 0.0
    return (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
