"""What goes wrong with portraits."""

from zograscope_protocol.errors import ZograscopeError


class PortraitError(ZograscopeError):
    """What goes wrong with portraits."""

    SENTENCES = {
        "portrait-without-face": "No face was found in {name!r}. Choose a portrait in which the "
        "face is seen from the front or half from the side, and is at least 80 pixels wide.",
        "face-missing": "Face {number} of {name!r} was asked for, but there are only {count}. "
        "Faces are counted from the left, from 0.",
        "driver-without-face": "No face was found in any frame of the driver {name!r}. Choose a "
        "clip that shows the actor's face from the front.",
        "neutral-frame-missing": "Frame {number} was to be the neutral one, but the driver has "
        "only {count} frames, counted from 0.",
        "curves-unreadable": "The curves {name} cannot be used: {problem}. `zograscope portrait "
        "--curves FILE` writes such a file; compare them.",
        "model-needs-driver": "The model {name!r} moves portraits by a driver video only, not by "
        "curves. Give it a video, or choose the model 'mesh'.",
        "portrait-too-small": "{name!r} has only {width} x {height} pixels. A portrait needs at "
        "least {least} on each side.",
    }
