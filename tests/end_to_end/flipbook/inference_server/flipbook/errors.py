"""What goes wrong with flip books."""

from zograscope_protocol.errors import ZograscopeError


class FlipbookError(ZograscopeError):
    """What goes wrong with flip books."""

    SENTENCES = {
        "word-too-long": "The word {word!r} has {count} letters and does not fit on a page. Choose one of at most {most}.",
    }
