"""What the extension as a whole says: about the server it starts, and about rendering."""

from zograscope_protocol.errors import ZograscopeError


class ExtensionError(ZograscopeError):
    """What the extension as a whole says: about the server it starts, and about rendering."""

    SENTENCES = {
        "server-not-installed": "The server is not installed. Press Install Server in the panel Set Up of the sidebar, or name a zograscope program in the extension's preferences.",
        "scene-gone": "{title} is ready, but the scene that it was to be built in is gone. Build it again where it is wanted; it comes at once.",
        "server-start-failed": "The Zograscope server did not start: {problem}. The log in the extension's folder says more.",
        "render-failed": "{path} could not be rendered. Check that the folder can be written and the disk has room.",
        "engine-missing": "The engine {engine} cannot render here. Choose another with `--engine`.",
        "sound-unreadable": "The sound {path} cannot be read. The frames are complete; add their sound by hand.",
        "films-unsupported": "This Blender cannot write films. Name a folder instead, and frames are rendered into it.",
    }
