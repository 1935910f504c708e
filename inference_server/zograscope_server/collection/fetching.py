"""Gets files from the web as a good guest: one at a time from each host, and each only once.

What has come stays in a cache folder, under the hash of its address, whole or not at all. So a
collection that was interrupted goes on where it was, and one that is complete works offline. What
is old is asked for again, by the mark that its host gave it; where that fails, what is here does.
"""

import hashlib
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

import requests
from zograscope_protocol.errors import ZograscopeError

from zograscope_server.collection.collection import Item
from zograscope_server.collection.errors import CollectionError
from zograscope_server.collection.files import MOST_IMAGE, read_file
from zograscope_server.images import READING
from zograscope_server.web.patience import Patience
from zograscope_server.web.session import WebSession

USER_AGENT = "Zograscope/0.1 (image collections for artists; one request at a time)"
PAUSE = 0.1  # seconds between two requests to a host
# Seconds: to connect, and until an answer begins; for each block of it, which is the least rate;
# and for all of an answer.
CONNECT_TIME = 10.0
ANSWER_TIME = 60.0
BLOCK_TIME = 60.0
LONGEST_ANSWER = 1800.0
ATTEMPTS = 4
FIRST_WAIT = 1.0  # seconds after a failure, doubled after each further one
LONGEST_WAIT = 60.0  # a host that asks for more is given up for as long as it asks
REST = 300.0  # seconds for which a host that cannot be reached is given up
MOST_BYTES = 250_000_000
MOST_REDIRECTS = 5
KEPT = 30 * 86_400.0  # seconds after which a file that is here is asked for again
BLOCK = 1 << 16
BUSY = (429, 500, 502, 503, 504)  # answers after which asking again may help


class Fetcher:
    """A cache of files from the web, filled on demand; several threads may ask at once."""

    def __init__(
        self,
        cache_folder: Path,
        online: bool = True,
        sleep: Callable[[float], None] = time.sleep,
        *,
        public_only: bool = False,
        refresh: bool = False,
    ) -> None:
        """Keep files in a folder.

        Args:
            cache_folder: where.
            online: whether anything may be fetched; otherwise only what is there can be had.
            sleep: waits for a host.
            public_only: fetch from public addresses alone, for a client that is not this user, and
                keep that apart: what this user has fetched is not shown to others.
            refresh: ask for everything again.
        """
        self._folder = cache_folder / "public" if public_only else cache_folder
        self._online = online
        self._sleep = sleep
        self._old = time.time() - (0.0 if refresh else KEPT)
        self._session = WebSession(public_only=public_only)
        self._session.headers["User-Agent"] = USER_AGENT
        self._session.auth = _without_credentials  # or else those of .netrc would be sent
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._hosts: dict[str, _Host] = {}
        self._files: dict[str, threading.Lock] = {}  # by the folder in the cache

    def get(self, url: str) -> bytes:
        """Return the file at an address, from the cache where it is there.

        Raises:
            ZograscopeError: `online-access-off`; `fetch-failed` or `fetch-slow` where trying later
                may help, `fetch-refused` where not; `spool-full`.
        """
        path = self._path(url)
        with self._files.setdefault(path.parent.name, threading.Lock()):  # one fetches, others wait
            kept = _kept(path)
            if kept is not None and not self._is_old(path.stat()):
                return kept
            if not self._online:
                raise ZograscopeError("online-access-off", url)
            arrival = _Arrival(known="" if kept is None else _kept_version(path))
            try:
                data = self._fetch(url, arrival)
            except CollectionError:
                if kept is None:
                    raise
                return kept
            if kept is not None and arrival.unchanged:
                os.utime(path)
                return kept
            _write(_version_path(path), arrival.mark.encode())
            _write(path, data)
            return data

    def state(self, url: str) -> tuple[int, int] | None:
        """Return size and time (ns) of the file that is here; None where it must be asked for."""
        path = self._path(url)
        try:
            status = path.stat()
        except OSError:
            return None
        return None if self._is_old(status) else (status.st_size, status.st_mtime_ns)

    def doubt(self, url: str) -> None:
        """Have a file that cannot be read asked for again, all of it, when it is next wanted."""
        path = self._path(url)
        with suppress(OSError):
            os.utime(path, (0, 0))
            _version_path(path).unlink()

    def _is_old(self, status: os.stat_result) -> bool:
        """Whether a file that is here is to be asked for again."""
        return self._online and status.st_mtime < self._old

    def _path(self, url: str) -> Path:
        digest = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
        return self._folder / digest[:2] / digest

    def _fetch(self, url: str, arrival: "_Arrival") -> bytes:
        """Ask for a file, again after a while where the host is busy or the network fails."""
        for attempt in range(ATTEMPTS):
            try:
                self._follow(url, arrival, FIRST_WAIT * 2**attempt)
                if _is_web_page(arrival.data):
                    raise CollectionError("fetch-refused", "a web page came", url=url)
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
            url = urljoin(url, target)
        raise CollectionError("fetch-refused", "too many redirects", url=asked)

    def _ask(self, url: str, arrival: "_Arrival", wait: float) -> str | None:
        """Send one request when it is our turn; return where to ask instead, if so answered.

        A host that is busy or fails is left alone for `wait` seconds, or as long as it asks; one
        that sends a byte now and then, for long.
        """
        host = self._hosts.setdefault(_host_of(url), _Host())
        with host.lock:
            self._wait_for(host, url)
            pause = PAUSE
            host.failures += 1  # unless it answers
            patience = Patience(ANSWER_TIME, LONGEST_ANSWER)
            try:
                with patience, self._send(url, arrival) as response:
                    host.failures = 0
                    target = self._session.get_redirect_target(response)
                    if target is None:
                        patience.next_step(BLOCK_TIME)
                        arrival.take(response, url, patience)
                    return target
            except requests.RequestException as error:
                pause = max(wait, _asked_wait(error.response))
                if patience.ended or host.failures >= ATTEMPTS:
                    pause = REST
                if patience.ended:
                    came = f"{len(arrival.data)} bytes came in all"
                    raise CollectionError("fetch-slow", came, url=url) from error
                raise
            finally:
                host.free_at = time.monotonic() + pause

    def _send(self, url: str, arrival: "_Arrival") -> requests.Response:
        return self._session.get(
            url,
            headers=arrival.request_headers(),
            stream=True,
            timeout=(CONNECT_TIME, ANSWER_TIME),
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
    """What has come of a file, and the mark by which its host knows this very version.

    Attributes:
        data: what has come.
        version: by which it can be resumed.
        known: of the file that is here, the header that asks whether it has changed.
        mark: of what has come, the same.
        unchanged: whether the host has said that what is here is what it has.
    """

    data: bytearray = field(default_factory=bytearray)
    version: str = ""
    known: str = ""
    mark: str = ""
    unchanged: bool = False

    def request_headers(self) -> dict[str, str]:
        """Ask for the rest where some is here; for all of it where it has changed since."""
        if not self.data or not self.version:
            name, _, value = self.known.partition(": ")
            return {name: value} if value else {}
        return {
            "Accept-Encoding": "identity",  # a range of something compressed is of no use
            "Range": f"bytes={len(self.data)}-",
            "If-Range": self.version,
        }

    def take(self, response: requests.Response, url: str, patience: Patience) -> None:
        """Take in an answer, each block of which is a step of the patience with it.

        Raises RequestException where asking again may help, and ZograscopeError where not.
        """
        status = response.status_code
        resumed = status == requests.codes.partial_content
        part, _, size = response.headers.get("Content-Range", "").partition("/")
        if status == requests.codes.not_modified and self.known:
            self.unchanged = True
            return
        if status in BUSY:
            raise requests.ConnectionError(f"the host answered {status}", response=response)
        if status == requests.codes.requested_range_not_satisfiable or (
            resumed and not part.startswith(f"bytes {len(self.data)}-")
        ):
            self.data.clear()
            raise requests.ConnectionError("the file has changed meanwhile")
        if status != requests.codes.ok and not resumed:
            raise CollectionError("fetch-refused", f"the host answered {status}", url=url)
        if "," in response.headers.get("Content-Encoding", ""):
            raise CollectionError("fetch-refused", "packed several times", url=url)
        if not resumed:
            self.data.clear()
            self.version, self.mark = _version(response), _mark(response)
        for block in response.iter_content(BLOCK):
            self.data += block
            patience.next_step()
            if len(self.data) > MOST_BYTES:
                raise CollectionError("fetch-refused", f"more than {MOST_BYTES} bytes", url=url)
        if patience.ended:  # which is no proper end, though it may look like one
            raise requests.ConnectionError("it comes too slowly")
        if not self.data or (size.isdecimal() and len(self.data) < int(size)):
            raise requests.ConnectionError(f"only {len(self.data)} bytes came")


def read_image(item: Item, fetcher: Fetcher) -> bytes:
    """Return the file of an item, from the disk or the web.

    Raises:
        ZograscopeError: as `read_file` or `Fetcher.get`.
    """
    if not is_address(item.location):
        return read_file(Path(item.location), MOST_IMAGE)
    data = fetcher.get(item.location)
    READING.take(len(data))
    return data


def is_address(location: str) -> bool:
    """Whether a location is on the web."""
    return location.startswith(("http://", "https://"))


def _without_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _kept(path: Path) -> bytes | None:
    """Return a file of the cache; None where it is not there, or not what was asked for."""
    try:
        data = path.read_bytes()
    except OSError:  # what is damaged is fetched anew
        return None
    return None if _is_web_page(data) else data


def _version_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.version")


def _kept_version(path: Path) -> str:
    try:
        return _version_path(path).read_text("ascii")
    except (OSError, ValueError):
        return ""


def _is_web_page(data: bytes | bytearray) -> bool:
    """Whether a host answered with a page for people, as many do where something is amiss."""
    begin = data[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return begin.startswith(b"<") and (b"<!doctype html" in begin or b"<html" in begin)


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
    return f"{parts.hostname}:{parts.port or parts.scheme}"


def _version(response: requests.Response) -> str:
    """Return by what a host knows a version of a file, or "" where it cannot be resumed."""
    if "Content-Encoding" in response.headers:
        return ""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified", "")


def _mark(response: requests.Response) -> str:
    """Return the header that asks a host whether this answer is still its answer, or ""."""
    for asking, telling in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
        told = response.headers.get(telling, "")
        if told and told.isascii() and told.isprintable():
            return f"{asking}: {told}"
    return ""


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
