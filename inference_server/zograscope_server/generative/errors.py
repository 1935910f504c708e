"""What goes wrong with generators that dream."""

from zograscope_protocol.errors import ZograscopeError


class GenerativeError(ZograscopeError):
    """What goes wrong with generators that dream."""

    SENTENCES = {
        "collection-too-small": "{name!r} has {count} images that can be learnt from once near duplicates are left out, and a model needs at least {least}. Add images, or cut tiles from large ones (--crop tiles).",
        "model-exists": "There is a model {name!r} already. Choose another name, or remove it with `zograscope models remove {name}`.",
        "training-collapsed": "The training came apart after {images} images: the networks gave numbers that are none. Its latest good state was kept; begin again with a smaller --rate.",
        "training-needs-memory": "The graphics card has no memory left for {batch} images of {width} x {height} pixels at once. Train with a smaller --batch, fewer --channels, or a smaller size.",
    }
