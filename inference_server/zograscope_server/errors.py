"""What the server as a whole says: about starting it, its folders, pictures, and Blender."""

from zograscope_protocol.errors import ZograscopeError


class ServerError(ZograscopeError):
    """What the server as a whole says: about starting it, its folders, pictures, and Blender."""

    SENTENCES = {
        "folder-not-writable": "The folder {folder} cannot be written. Check its owner and the free space, or choose another with `--state`.",
        "server-running": "A Zograscope server is running on {folder} already. Use that one, or stop it with `zograscope stop`.",
        "port-in-use": "Something else listens at {endpoint} already. Choose another port with `--tcp HOST:PORT`.",
        "bad-endpoint": "The server cannot listen at {endpoint!r}. Write an address of this computer and a port, such as 127.0.0.1:7345.",
        "bad-socket": "The server cannot listen at {path}. Set XDG_RUNTIME_DIR to a folder of your own with a short name.",
        "keys-not-private": "Others can write the folder of keys {folder}, and could let themselves in. Look what is in it, then close it with `chmod -R go-w {folder}`.",
        "bad-key-name": "{name!r} is not a name for a key. Use letters, digits, dots, dashes and underscores.",
        "python-too-old": "Python {version} is too old for the server. Install Python 3.11 or later.",
        "torch-missing": "The server's Python has no torch. Install the server again: `pip install zograscope_server`.",
        "set-up-models-missing": "The model {name!r}, which belongs to every installation, is not here. `zograscope models fetch` brings it.",
        "disk-nearly-full": "The disk of {folder} has only {free} left. Make room before long jobs.",
        "folder-not-shared": "This server may not read {path}. It is started with `--collections FOLDER` for every folder that clients may use.",
        "file-empty": "{name} is empty. Copy it again from where it came from.",
        "not-an-image": "{name} is not a picture that can be read. Open it in a picture editor and save it as PNG or JPEG.",
        "image-truncated": "{name} is damaged or incomplete. Copy it again from where it came from.",
        "image-too-large": "{name} has {width} x {height} pixels, more than the {limit} megapixels that can be read. Make it smaller first.",
        "image-too-heavy": "{name} would take {needed} GB of memory to read, more than the {limit} GB that a picture may. Save it with fewer pixels, channels or bits first.",
        "blender-not-found": "No Blender was found. Name one with `--blender PATH`: a blender program, or a Python that has bpy.",
        "extension-not-found": "Blender was found, but not the Zograscope extension. Name its zip with `--extension PATH`.",
        "blender-failed": "Blender stopped before the work was done. Its last words stand above.",
    }
