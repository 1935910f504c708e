"""What goes wrong with the finding of faces."""

from zograscope_protocol.errors import ZograscopeError


class FaceError(ZograscopeError):
    """What goes wrong with the finding of faces."""

    SENTENCES = {
        "handle-too-far": "The point {handle} was moved to {x:.0f}, {y:.0f}, which is too far from the face. Put it where the picture shows it, or leave it out.",
        "face-library-missing": "Faces cannot be found here, since a library cannot be loaded: {problem}. On Debian and Ubuntu `sudo apt-get install libegl1 libgles2 libgl1` brings what is mostly missing; else install the server again.",
        "face-library-reports": "The installed MediaPipe {version} reports its use to its maker. Install the one that does not: `pip install mediapipe=={wanted}`.",
    }
