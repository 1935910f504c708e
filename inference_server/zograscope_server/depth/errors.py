"""What goes wrong with dioramas."""

from zograscope_protocol.errors import ZograscopeError


class DepthError(ZograscopeError):
    """What goes wrong with dioramas."""

    SENTENCES = {
        "image-too-small": "{name} has only {width} x {height} pixels. A diorama needs at least {limit} on each side.",
        "depth-map-unreadable": "The depth map {name} cannot be read. Use PNG, TIFF, EXR or npy with one channel.",
        "depth-map-shape": "The depth map {name} has another shape than the picture: {depth_shape} against {picture_shape}. Make one from this very picture.",
    }
