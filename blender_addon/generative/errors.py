"""What the extension says about models that dream."""

from zograscope_protocol.errors import ZograscopeError


class GenerativeError(ZograscopeError):
    """What the extension says about models that dream."""

    SENTENCES = {
        "no-sound-strip": "This scene's sequencer has no sound strip {name!r}. Choose another strip, or a sound file.",
        "retimed-sound": "The strip {name!r} is retimed, and a sound is read at the speed of its file. Reset its retiming, or choose the file.",
        "sound-strip-unreadable": "The sound of the strip {name!r} cannot be read. Choose another strip, or a sound file.",
        "one-keyframe": "A walk goes through two keyframes at least, and there is one. Add another from the samples, or clear the list, and keyframes are drawn by chance.",
        "no-picture": "No picture is chosen. Choose the file that is to be sought among the model's images.",
        "no-map": "No latent map is here. Press Show Latent Map first.",
        "point-not-keyed": "The point on the latent map has no keys. Move it, press I in the viewport to key its location, go to another frame and do so again.",
        "no-collection-to-train": "No collection is chosen. Choose a folder of images, a table or a manifest.",
        "no-name-to-train": "The model has no name yet. Name it.",
        "training-already": "A model is being trained already. Wait until it is done, or stop it in the list of jobs.",
        "mosaic-busy": "A mosaic is being built. The table of dreams is at {path}: build it when that one is done.",
    }
