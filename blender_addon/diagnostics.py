"""What helps to find a fault, in words that can be shown to anybody: no paths, and no keys."""

import platform
import re

import bpy
from zograscope_protocol.messages import PROTOCOL_VERSION

from .server_link import ServerLink

# A drive, a share, a home or a root, and all that follows until a quote or the end of the words.
PATH = re.compile(r"""(?<![\w<])(?:file://|[A-Za-z]:[\\/]|\\\\|~[\\/]|\.{0,2}/)[^\s'"`,;:)\]]+""")
KEY = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}(?![0-9A-Za-z])")
ADDRESS = re.compile(r"\b(?:ipc|tcp|https?)://\S+")


def without_secrets(text: str) -> str:
    """Return a text with `<address>`, `<path>` and `<key>` where it has such."""
    text = ADDRESS.sub("<address>", text)
    text = PATH.sub("<path>", text)
    return KEY.sub("<key>", text)


def describe(link: ServerLink) -> str:
    """Return what is known of Blender, of the server and of what went wrong, without secrets."""
    server = link.server
    lines = [
        f"Blender {bpy.app.version_string} on {platform.system()} {platform.machine()}",
        f"Protocol {PROTOCOL_VERSION}; the server: {server.get('server', 'none')}, "
        f"protocol {server.get('protocol', 'none')}",
        f"State: {link.state}",
        *(f"Worker: {worker['device']}, {worker['state']}" for worker in link.workers),
        *(f"Job: {job.task or 'unknown'}, {job.state}, {job.stage}" for job in link.jobs),
        *(f"Model: {model['name']}" for model in link.models if model["installed"]),
    ]
    for error in link.errors:
        lines += [f"Error {error.code}: {error.sentence}", *error.details.splitlines()]
    return without_secrets("\n".join(lines))
