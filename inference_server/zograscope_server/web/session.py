"""Sessions with the web, for whatever is fetched: encrypted to the end, and ended in time.

What a host redirects to is its word alone. From https it leads to https, or to this very machine.
"""

import os
from urllib.parse import urljoin, urlsplit

import requests
from requests.exceptions import InvalidURL

from zograscope_server.web.patience import PatientAdapter
from zograscope_server.web.public_web import PublicAdapter

LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")


class EncryptionLostError(InvalidURL):
    """A host redirects from https to plain http."""


class WebSession(requests.Session):
    """Requests that a `Patience` can end, and that no redirect leads out of encryption."""

    def __init__(self, *, public_only: bool = False) -> None:
        """Speak with any host, or with public addresses alone.

        Then no proxy is used, since one resolves names itself, and what means no public address
        raises NotPublicError before anything is sent.
        """
        super().__init__()
        adapter = PublicAdapter if public_only else PatientAdapter
        for scheme in ("http://", "https://"):
            self.mount(scheme, adapter())
        if public_only:
            self.trust_env = False
            bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
            self.verify = bundle or True

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where an answer leads, or None; raises EncryptionLostError."""
        target = super().get_redirect_target(resp)
        if target is not None and loses_encryption(resp.url, urljoin(resp.url, target)):
            raise EncryptionLostError(f"redirected to {target}, which is not encrypted")
        return target


def is_safe(url: str) -> bool:
    """Whether what is sent to an address is encrypted, or does not leave this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in LOCAL_HOSTS


def loses_encryption(url: str, target: str) -> bool:
    """Whether a redirect leads from https to plain http, other than on this very machine."""
    return (
        urlsplit(url).scheme == "https"
        and urlsplit(target).scheme == "http"
        and not is_safe(target)
    )
