"""What goes wrong with models."""

from zograscope_protocol.errors import ZograscopeError


class ModelError(ZograscopeError):
    """What goes wrong with models."""

    SENTENCES = {
        "unknown-model": "There is no model called {name!r}. `zograscope models` lists them.",
        "model-of-another-task": "The model {name!r} is for {purpose}, not for {wanted}. `zograscope models` says which are.",
        "model-not-installed": "The model {name!r} is not installed. Download it in the sidebar, or with `zograscope models download {name}`.",
        "model-file-wrong": "The model in {name} cannot be used: {problem}.",
        "model-without-loader": "The model {name!r} is for {purpose}, which this server cannot do. Update the server, or choose another model.",
        "download-failed": "The download of {name} stopped. Check the network and start it again; it goes on where it was.",
        "download-slow": "The download of {name} comes too slowly, and was given up. Start it again later; it goes on where it was.",
        "checksum-mismatch": "The download of {name} is not the file that was expected, and was deleted. Download it again.",
    }
