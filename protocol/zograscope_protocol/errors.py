"""The errors that artists read: a stable code for programs, a sentence for people.

Every sentence says what is wrong, with what, and what to do. SPEC.md lists the codes.
"""

from collections.abc import Mapping
from typing import Any

MOST_DETAILS = 16_000

SENTENCES = {
    # Finding and reaching the server
    "server-unreachable": "No Zograscope server answers at {endpoint}. Start it with `zograscope serve`, or in Blender's preferences.",
    "server-not-running": "No Zograscope server is running here. Start it with `zograscope serve`, or with the button in the sidebar.",
    "server-not-installed": "The zograscope program was not found. Install the server (see the README), or name the program in the extension's preferences.",
    "server-start-failed": "The Zograscope server did not start: {problem}. The log in the extension's folder says more.",
    "server-lost": "The Zograscope server stopped answering. What it has finished is kept; start it again and the job goes on.",
    "key-refused": "The server at {endpoint} does not know this computer's key. Give its owner the public key from the preferences; `zograscope allow NAME KEY` lets it in.",
    "connection-file-wrong": "The connection file {path} cannot be used. Delete it and start the server again.",
    "folder-not-private": "The folder {folder} belongs to somebody else or can be read by others. Remove it, or set ZOGRASCOPE_HOME to a folder of your own.",
    "protocol-too-new": "This server speaks protocol {mine}, and the extension or program speaks the newer {theirs}. Update the server.",
    "protocol-too-old": "This server speaks protocol {mine}, and the extension or program speaks the older {theirs}. Update the extension.",
    "hello-first": "The program spoke before saying hello. Update the extension, or whatever speaks to this server.",
    "bad-message": "The server could not understand a message. Update the extension and the server to the same version.",
    # Starting the server
    "folder-not-writable": "The folder {folder} cannot be written. Check its owner and the free space, or choose another with `--state`.",
    "server-running": "A Zograscope server is running on {folder} already. Use that one, or stop it with `zograscope stop`.",
    "port-in-use": "Something else listens at {endpoint} already. Choose another port with `--tcp HOST:PORT`.",
    "bad-endpoint": "The server cannot listen at {endpoint}. Write an address of this computer and a port, such as 127.0.0.1:7345.",
    "bad-key-name": "{name!r} is not a name for a key. Use letters, digits, dots, dashes and underscores.",
    "bad-key": "{key!r} is not a public key. Copy the 40 characters that the other computer's preferences show.",
    "python-too-old": "Python {version} is too old for the server. Install Python 3.11 or later.",
    "torch-missing": "The server's Python has no torch. Install the server again: `pip install zograscope_server`.",
    "disk-nearly-full": "The disk of {folder} has only {free} left. Make room before long jobs.",
    # Jobs
    "unknown-task": "This server cannot do {task!r}. Update the server.",
    "unknown-job": "The server no longer knows job {job}. Start it once more.",
    "bad-parameters": "This cannot be done as asked: {problem}.",
    "input-too-large": "The files of this job have {size} bytes, and the server takes at most {limit}. Use smaller files.",
    "job-cancelled": "The job was cancelled.",
    "worker-died": "The process that computes this job died twice. Try a lower quality or a smaller model; the server's log says more.",
    "out-of-memory": "There was not enough memory for this job. Try a lower quality, a smaller model, or a higher memory limit.",
    "no-room": "The disk with the folder for temporary files has no room for the result. Make room on it, then try again.",
    "spool-full": "The disk that holds the server's results is full. Make room on it, then start the job once more.",
    "internal": "Something went wrong inside Zograscope. The details say more; please report them.",
    # Pictures
    "file-not-found": "There is no file {path}. Check the name.",
    "is-a-folder": "{path} is a folder. Choose a picture in it.",
    "file-unreadable": "{path} cannot be read. Check its permissions.",
    "file-empty": "{name} is empty. Copy it again from where it came from.",
    "not-an-image": "{name} is not a picture that can be read. Open it in a picture editor and save it as PNG or JPEG.",
    "image-truncated": "{name} is damaged or incomplete. Copy it again from where it came from.",
    "image-too-large": "{name} has {width} x {height} pixels, more than the {limit} megapixels that can be read. Make it smaller first.",
    "image-too-small": "{name} has only {width} x {height} pixels. A diorama needs at least {limit} on each side.",
    "depth-map-unreadable": "The depth map {name} cannot be read. Use PNG, TIFF, EXR or npy with one channel.",
    "depth-map-shape": "The depth map {name} has another shape than the picture: {depth_shape} against {picture_shape}. Make one from this very picture.",
    # Embedding
    "folder-not-shared": "This server may not read {path}. It is started with `--collections FOLDER` for every folder that clients may use.",
    "image-forgotten": "The server no longer knows an image of this mosaic. Build the mosaic again, then it does.",
    "collection-unknown": "{path} is no collection. Name a folder of images, a CSV or TSV table, or a IIIF manifest.",
    "name-unreadable": "The name {name!r} has characters that are no text in UTF-8. Rename it.",
    "table-unreadable": "{path} cannot be read as a table. Save it as CSV in UTF-8, with the names of the columns in its first row.",
    "table-without-files": "No column of {path} names images. Call one `file`, and fill it with paths from the table's folder or with web addresses.",
    "row-without-file": "This row names no image. Fill its column {column!r}.",
    "manifest-wrong": "{name} is no IIIF manifest or collection of version 2 or 3. Look for the address with the IIIF logo on the library's page.",
    "canvas-without-image": "This page of the manifest shows no image. It may hold sound or film; look at it in a web browser.",
    "fetch-failed": "{url} could not be fetched. Check the network and start again; what has come is kept.",
    "fetch-refused": "{url} cannot be had. Check the address in a web browser.",
    "tile-unknown": "No tile is called {name!r}, and none has these words in its metadata.",
    "column-unknown": "No image has a column {name!r}. There are: {known}.",
    "collection-empty": "There is no image in {name} that can be read. The details list what was left out.",
    "image-index-damaged": "The index of images {path} is damaged. Delete it, and it is made anew.",
    "image-kills-worker": "{name} stopped every process that tried to read it. Save it anew with a picture editor.",
    "umap-missing": "The layout UMAP needs the library umap-learn, which is not installed on the server: install it there, or choose t-SNE.",
    "ray-missing": "Ray is not installed. `pip install ray` into the server's Python, or leave out `--ray`.",
    "ray-unreachable": "No Ray cluster could be used at {address}: {problem}. Start one with `ray start --head`, or leave out `--ray`.",
    # Models
    "unknown-model": "There is no model called {name!r}. `zograscope models` lists them.",
    "model-of-another-task": "The model {name!r} is for {task}, not for {wanted}. `zograscope models` says which are.",
    "model-not-installed": "The model {name!r} is not installed. Download it in the sidebar, or with `zograscope models download {name}`.",
    "model-file-wrong": "The model in {name} cannot be used: {problem}.",
    "download-failed": "The download of {name} stopped. Check the network and start it again; it goes on where it was.",
    "checksum-mismatch": "The download of {name} is not the file that was expected, and was deleted. Download it again.",
    # Blender
    "blender-not-found": "No Blender was found. Name one with `--blender PATH`: a blender program, or a Python that has bpy.",
    "extension-not-found": "Blender was found, but not the Zograscope extension. Name its zip with `--extension PATH`.",
    "blender-failed": "Blender stopped before the work was done. Its last words stand above.",
    "render-failed": "{path} could not be rendered. Check that the folder can be written and the disk has room.",
    "engine-missing": "The engine {engine} cannot render here. Choose another with `--engine`.",
    "films-unsupported": "This Blender cannot write films. Name a folder instead, and frames are rendered into it.",
    "not-a-diorama": "{name} is not part of a diorama. Select one first.",
    "online-access-off": "Blender is set to stay offline. Allow online access in Preferences > System, then try again.",
    "output-exists": "{path} cannot be written. Choose another place.",
    # Posters and web pages
    "output-not-writable": "{path} cannot be written. Check the folder and the free space on its disk, or choose another place.",
    "output-needs-room": "{path} needs {needed} GB of free space while it is written, and its disk has {free} GB. Make room, or choose another disk or a smaller width.",
    "folder-in-use": "{path} holds other things already. Name a new folder, or an empty one.",
    "poster-format": "{path} does not end as a poster can. Call it .png, .jpg, .tif or .webp.",
    "poster-too-large": "A {format} file holds at most {limit} pixels on each side, and this poster has {width} x {height}. Call it .png or .tif, or choose a smaller width.",
}  # fmt: skip


class ZograscopeError(Exception):
    """An error an artist can read and do something about.

    Attributes:
        code: the stable name of the kind of error, a key of `SENTENCES`.
        sentence: what is wrong, with what, and what to do.
        details: more for the log; may be empty.
    """

    def __init__(self, code: str, details: str = "", **facts: Any) -> None:
        self.code = code
        self.details = details[-MOST_DETAILS:]
        self.sentence = SENTENCES[code].format(**facts)
        super().__init__(self.sentence)

    def to_header(self) -> dict[str, str]:
        """Return the fields that carry the error in a message."""
        return {"code": self.code, "sentence": self.sentence, "details": self.details}

    @classmethod
    def from_header(cls, header: Mapping[str, Any]) -> "ZograscopeError":
        """Return the error that a message carries; a newer server's unknown code is kept."""
        error = cls.__new__(cls)
        error.code = str(header.get("code", "internal"))
        error.sentence = str(header.get("sentence") or SENTENCES["internal"])
        error.details = str(header.get("details", ""))
        Exception.__init__(error, error.sentence)
        return error

    def __reduce__(self) -> tuple[Any, ...]:
        return ZograscopeError.from_header, (self.to_header(),)
