"""What goes wrong with the vectors of images."""

from zograscope_protocol.errors import ZograscopeError


class EmbeddingError(ZograscopeError):
    """What goes wrong with the vectors of images."""

    SENTENCES = {
        "image-index-damaged": "The index of images {path} is damaged. Delete it, and it is made anew.",
        "image-kills-worker": "{name} stopped every process that tried to read it. Save it anew with a picture editor.",
        "ray-missing": "Ray is not installed. `pip install ray` into the server's Python, or leave out `--ray`.",
        "ray-unreachable": "No Ray cluster could be used at {address}: {problem}. Start one with `ray start --head`, or leave out `--ray`.",
    }
