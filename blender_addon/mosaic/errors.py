"""What goes wrong with mosaics."""

from zograscope_protocol.errors import ZograscopeError


class MosaicError(ZograscopeError):
    """What goes wrong with mosaics."""

    SENTENCES = {
        "tile-unknown": "No tile is called {name!r}, and none has these words in its metadata.",
    }
