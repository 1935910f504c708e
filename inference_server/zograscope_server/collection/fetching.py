"""Gets files from the web as a good guest: one at a time from each host, and each only once.

What has come stays in a cache folder, under the hash of its address, whole or not at all. So a
collection that was interrupted goes on where it was, and one that is complete works offline.
"""

import hashlib
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin, urlparse

import requests
from zograscope_protocol.errors import ZograscopeError

from zograscope_server.collection.collection import Item

USER_AGENT = "Zograscope/0.1 (image collections for artists; one request at a time)"
PAUSE = 0.1  # seconds between two requests to a host
TIMEOUT = (10.0, 60.0)  # seconds to connect, and between two blocks
ATTEMPTS = 4
FIRST_WAIT = 1.0  # seconds after a failure, doubled after each further one
LONGEST_WAIT = 60.0  # also where a host asks for more
MOST_BYTES = 500_000_000
MOST_REDIRECTS = 5
BLOCK = 1 << 16
TRY_AGAIN = (429, 500, 502, 503, 504)


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
        self._hosts: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._last_request: dict[str, float] = {}

    def get(self, url: str) -> bytes:
        """Return the file at an address, from the cache where it is there.

        Raises:
            ZograscopeError: `online-access-off`, `fetch-failed`, `fetch-refused`, `spool-full`.
        """
        path = self._path(url)
        if path.is_file():
            return path.read_bytes()
        if not self._online:
            raise ZograscopeError("online-access-off", url)
        with self._hosts[urlparse(url).netloc]:
            if path.is_file():  # another thread was quicker
                return path.read_bytes()
            data = self._fetch(url)
        self._keep(path, data)
        return data

    def _path(self, url: str) -> Path:
        digest = hashlib.sha256(url.encode()).hexdigest()
        return self._folder / digest[:2] / digest

    def _keep(self, path: Path, data: bytes) -> None:
        part = path.with_name(f"{path.name}.{threading.get_ident()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(data)
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise ZograscopeError("spool-full", str(error)) from error

    def _fetch(self, url: str) -> bytes:
        """Ask for a file, again after a while where the host is busy."""
        wait = FIRST_WAIT
        for attempt in range(1, ATTEMPTS + 1):
            try:
                response = self._request(url)
                if response.status_code not in TRY_AGAIN:
                    return self._body(response, url)
                wait = max(wait, _asked_wait(response))
                problem = f"the host answered {response.status_code}"
            except requests.RequestException as error:
                problem = str(error)
            if attempt < ATTEMPTS:
                self._sleep(min(wait, LONGEST_WAIT))
                wait *= 2
        raise ZograscopeError("fetch-failed", problem, url=url)

    def _request(self, url: str) -> requests.Response:
        """Send one request, following redirects that do not leave encryption."""
        for _ in range(MOST_REDIRECTS):
            _check_address(url)
            host = urlparse(url).netloc
            since = time.monotonic() - self._last_request.get(host, 0.0)
            if since < PAUSE:
                self._sleep(PAUSE - since)
            response = self._session.get(url, stream=True, timeout=TIMEOUT, allow_redirects=False)
            self._last_request[host] = time.monotonic()
            if not response.is_redirect:
                return response
            target = urljoin(url, response.headers["Location"])
            downgraded = urlparse(url).scheme == "https" and urlparse(target).scheme != "https"
            response.close()
            if downgraded:
                raise ZograscopeError("fetch-refused", f"redirected to {target}", url=url)
            url = target
        raise ZograscopeError("fetch-refused", "too many redirects", url=url)

    @staticmethod
    def _body(response: requests.Response, url: str) -> bytes:
        """Read an answer whole, or say what is wrong with it."""
        with response:
            if not response.ok:
                raise ZograscopeError(
                    "fetch-refused", f"the host answered {response.status_code}", url=url
                )
            blocks, size = [], 0
            for block in response.iter_content(BLOCK):
                size += len(block)
                if size > MOST_BYTES:
                    raise ZograscopeError("fetch-refused", f"more than {MOST_BYTES} bytes", url=url)
                blocks.append(block)
        expected = response.headers.get("Content-Length")
        encoded = "Content-Encoding" in response.headers
        if expected is not None and not encoded and size != int(expected):
            raise requests.ConnectionError(f"{size} of {expected} bytes came")
        return b"".join(blocks)


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
    except OSError as error:
        raise ZograscopeError("file-unreadable", str(error), path=str(path)) from error


def is_address(location: str) -> bool:
    """Whether a location is on the web."""
    return location.startswith(("http://", "https://"))


def _asked_wait(response: requests.Response) -> float:
    """Return how long the host asks to be left alone, in seconds."""
    asked = response.headers.get("Retry-After", "")
    response.close()
    return float(asked) if asked.isdecimal() else 0.0


def _check_address(url: str) -> None:
    parts = urlparse(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ZograscopeError("fetch-refused", "it is no web address", url=url)
