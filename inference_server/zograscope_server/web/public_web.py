"""Connects to public addresses only: what a stranger names must not lead into this network.

A name is resolved once, and what is connected to is one of the addresses that were looked at: a
name that means another address a moment later gains nothing.
"""

import ipaddress
import socket
from typing import ClassVar

from urllib3.connection import HTTPSConnection
from urllib3.exceptions import NameResolutionError, NewConnectionError

from zograscope_server.web.patience import PatientAdapter, PatientConnection, pools_of

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # the last 32 bits are an address of version 4


class NotPublicError(ValueError):
    """The name of a host means no public address."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet's, whatever it is wrapped in."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found in _NAT64:
            found = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        elif found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        elif found.sixtofour is not None or found.teredo is not None:
            return False  # tunnels to anywhere, which nobody uses for pictures
    return found.is_global and not found.is_multicast and not found.is_reserved


def public_addresses(host: str, port: int) -> list[str]:
    """Resolve a host, once.

    Raises:
        NotPublicError: none of its addresses is public.
        OSError: it has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = dict.fromkeys(str(address[0]) for *_, address in found)
    public = [address for address in addresses if is_public(address)]
    if not public:
        raise NotPublicError("this server fetches from public addresses only")
    return public


class _PublicConnection(PatientConnection):
    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        try:
            addresses = public_addresses(name, self.port or 0)
        except OSError as error:
            raise NameResolutionError(self.host, self, socket.gaierror(str(error))) from error
        try:
            for place, address in enumerate(addresses, start=1):
                self._dns_host = address
                try:
                    return super()._new_conn()
                except NewConnectionError:
                    if place == len(addresses):
                        raise
        finally:
            self._dns_host = name  # which certificates are for
        raise AssertionError("a host without addresses was resolved")


class _PublicHTTPSConnection(_PublicConnection, HTTPSConnection):
    pass


class PublicAdapter(PatientAdapter):
    """What gives a session its connections, to public addresses alone."""

    pools: ClassVar = pools_of(_PublicConnection, _PublicHTTPSConnection)
