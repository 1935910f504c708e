"""What goes wrong with clips, their sound, and films."""

from zograscope_protocol.errors import ZograscopeError


class MediaError(ZograscopeError):
    """What goes wrong with clips, their sound, and films."""

    SENTENCES = {
        "clip-unreadable": "{name} is not a video that can be read, or is damaged at its beginning. Copy it again, or save it as MP4 from a video player or editor.",
        "clip-without-pictures": "{name} has no pictures, only {kinds}. Choose a video.",
        "clip-damaged": "{name} is damaged: not one of its frames can be read. Copy it again from where it came from.",
        "clip-too-large": "{name} has frames of {width} x {height} pixels, more than the {limit} megapixels that can be read. Make it smaller first.",
        "clip-too-short": "{name} is {duration:.2f} seconds long, and the part that was asked for starts at {start:g} s. Let it start earlier.",
        "sound-unreadable": "The sound of {name} cannot be read. Save the video anew, or take its sound out.",
        "sound-missing": "{name} has no sound. Choose a sound file, or a video that has sound.",
        "sound-file-unreadable": "{name} is no sound that can be read, or is damaged at its beginning. Save it as WAV, FLAC or MP3.",
        "film-without-frames": "There are no frames to make the film {path} of.",
        "film-unwritable": "The film {path} could not be written. Choose another size or place; the details say what stopped it.",
    }
