"""How the C2PA library is set up everywhere here: it opens no connection, and makes no pictures."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import c2pa

MEMORY = 16
"""Megabytes of a file that the library holds before it writes to a temporary file."""


def offline_context(trusted: str, signer: "c2pa.Signer | None" = None) -> "c2pa.Context":
    """Return a context of the library for signing, with a signer, or for reading.

    No manifest is fetched, no revocation asked after, no time stamp ordered: what a file says must
    be in the file. What is signed is read again and held against its own hashes.

    Args:
        trusted: certificates (PEM) whose issue is trusted; may be empty.
        signer: is taken over by the context.
    """
    import c2pa

    settings = {
        "version": 1,
        "core": {"allowed_network_hosts": [], "backing_store_memory_threshold_in_mb": MEMORY},
        "verify": {
            "verify_after_sign": True,
            "verify_after_sign_hash": True,
            "verify_trust": True,
            "ocsp_fetch": False,
            "remote_manifest_fetch": False,
        },
        "builder": {"thumbnail": {"enabled": False}},
        "trust": {"user_anchors": trusted} if trusted else {},
    }
    return c2pa.Context.from_dict(settings, signer=signer)
