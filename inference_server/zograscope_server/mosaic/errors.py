"""What goes wrong with mosaics."""

from zograscope_protocol.errors import ZograscopeError


class MosaicError(ZograscopeError):
    """What goes wrong with mosaics."""

    SENTENCES = {
        "image-forgotten": "The server no longer knows an image of this mosaic. Build the mosaic again, then it does.",
        "column-unknown": "No image has a column {name!r}. There are: {known}.",
        "umap-missing": "The layout UMAP needs the library umap-learn, which is not installed on the server: install it there, or choose t-SNE.",
        "output-not-writable": "{path} cannot be written. Check the folder and the free space on its disk, or choose another place.",
        "output-needs-room": "{path} needs {needed} GB of free space while it is written, and its disk has {free} GB. Make room, or choose another disk or a smaller width.",
        "folder-in-use": "{path} holds other things already. Name a new folder, or an empty one.",
        "poster-format": "{path} does not end as a poster can. Call it .png, .jpg, .tif or .webp.",
        "poster-too-large": "A {format} file holds at most {limit} pixels on each side, and this poster has {width} x {height}. Call it .png or .tif, or choose a smaller width.",
    }
