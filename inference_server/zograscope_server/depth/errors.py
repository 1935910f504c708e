"""What goes wrong with dioramas."""

from zograscope_protocol.errors import ZograscopeError


class DepthError(ZograscopeError):
    """What goes wrong with dioramas."""

    SENTENCES = {
        "image-too-small": "{name} has only {width} x {height} pixels. A diorama needs at least {limit} on each side.",
        "depth-map-unreadable": "The depth map {name} cannot be read. Use PNG, TIFF, EXR or npy with one channel.",
        "depth-map-shape": "The depth map {name} has another shape than the picture: {depth_shape} against {picture_shape}. Make one from this very picture.",
        "layers-unreadable": "The file {name} cannot be read as a layered picture. Save it as PSD, in RGB.",
        "layers-size": "The file {name} has {size} pixels, but the photograph has {expected}. Keep the size of the exported file.",
        "layers-too-large": "The file {name} holds more layers or pixels than can be read. Keep to the exported layers, {limit} at most.",
        "layer-unknown": "The file {name} has a layer {layer!r}, which is no plate. Merge it into one of: {known}.",
        "layer-twice": "The file {name} has two layers called {layer!r}. Merge them, or rename one.",
    }
