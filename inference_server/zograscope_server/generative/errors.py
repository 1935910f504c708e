"""What goes wrong with generators that dream."""

from zograscope_protocol.errors import ZograscopeError


class GenerativeError(ZograscopeError):
    """What goes wrong with generators that dream."""

    SENTENCES = {
        "pickle-refused": "{name!r} was not opened: it wants {wanted!r}, which is not for weights and was not run. Whoever made this file may mean harm; get it anew from where the network was published.",
        "collection-too-small": "{name!r} has {count} images that can be learnt from once near duplicates are left out, and a model needs at least {least}. Add images, or cut tiles from large ones (--crop tiles).",
        "too-few-faces": "Fewer than {least} faces that are large enough were found in the images of {name}. Choose another crop, or images with larger faces.",
        "picture-without-face": "No face was found in {name}. Where there is one, choose another crop.",
        "face-too-small": "The faces in {name} have too few pixels for this size. Choose a smaller one, or a larger scan.",
        "model-exists": "There is a model {name!r} already. Choose another name, or remove it with `zograscope models remove {name}`.",
        "model-name-taken": "Zograscope itself has a model {name!r}. Give yours another name (--name, or Name in the panel).",
        "training-collapsed": "The training came apart after {images} images: the networks gave numbers that are none. Its latest good state was kept; begin again with a smaller --rate.",
        "keyframe-unknown": "There is no keyframe {name}. Keyframes are seeds, which are whole numbers from 0 to 2147483647, or latents that `zograscope project` wrote.",
        "latent-unfitting": "The latent {name!r} has the shape {shape}, and the model {model!r} takes {wanted}. It is of another model: seek its picture again in this one.",
        "latent-unreadable": "{path} is no latent. `zograscope project` writes such files (.npz).",
        "walk-range-empty": "The walk has {frames} frames, counted from 0, and frames {first} to {last} are not among them.",
        "direction-missing": "Direction {number} was asked for, but the model {model!r} has only {count}, counted from 0.",
        "model-unknown": "There is no model {name!r} to dream with. `zograscope models` lists those that there are, `zograscope models add FILE` adds one of your own, and `zograscope train` makes one.",
        "training-needs-memory": "The graphics card has no memory left for {batch} images of {width} x {height} pixels at once. Train with a smaller --batch, fewer --channels, or a smaller size.",
    }
