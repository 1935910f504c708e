"""What the extension says about portraits."""

from zograscope_protocol.errors import ZograscopeError


class PortraitError(ZograscopeError):
    """What the extension says about portraits."""

    SENTENCES = {
        "no-portrait": "No portrait is chosen. Choose a picture file, or an image of this .blend.",
        "no-driver": "No driver is chosen. Choose a video file, or a movie strip of this scene's sequencer.",
        "no-strip": "This scene's sequencer has no movie strip {name!r}. Choose another strip, or a video file.",
        "retimed-strip": "The strip {name!r} is retimed, and a driver is read at the speed of its file. Reset its retiming, or choose the file.",
        "image-unreadable": "The image {name!r} holds no picture that can be read. Save it as a file, or choose another.",
        "no-diorama": "This scene has no diorama made of {name}. Build it first, or switch off Onto Its Diorama.",
        "crop-unknown": "The file does not say how the diorama {name!r} was cropped. Press Update Depth once, then try again.",
        "crop-misfit": "The diorama {name!r} is not made of a picture of {width} x {height} pixels. Build it anew from this portrait.",
        "diorama-has-plates": "The diorama {name!r} has plates, which a moving portrait would cover. Put them back first, or switch off Onto Its Diorama.",
        "no-curves": "No driver's curves are here. Press Track Driver first.",
        "no-expressions": "No selected mesh has shape keys named as ARKit's expressions, such as jawOpen. Select one that has.",
    }
