"""What the extension says about plates."""

from zograscope_protocol.errors import ZograscopeError


class PlateError(ZograscopeError):
    """What the extension says about plates."""

    SENTENCES = {
        "picture-moves": "The diorama {name!r} shows a moving portrait, which has no plates. Show its still picture first.",
        "nothing-left": "All of that belongs to other plates of {name!r} already. Click what is still in the photograph.",
        "picture-size": "The layer {name!r} has {size} pixels, but the photograph has {expected}. Use one that was made from this very photograph.",
    }
