"""The errors that artists read: a stable code for programs, a sentence for people.

Every sentence says what is wrong, with what, and what to do. Here stand those of the protocol and of
files, which both sides say; each house and each capability has a class of its own beside what it
says it of, such as `DepthError`. Sentences travel with their errors: who receives one needs no list.
"""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

MOST_QUOTED = 100
"""Characters of a value that an error quotes."""
MOST_FACT = 400
"""Characters of a fact within a sentence, such as a path."""
# As a message carries them, where a character may take six bytes, or twelve.
MOST_SENTENCE_BYTES = 6_000
MOST_DETAILS_BYTES = 10_000
_MOST_CODE = 64


def quoted(value: object) -> str:
    """Return what an error quotes of a value that somebody sent: at most a hundred characters."""
    try:
        return _shorter(repr(value), MOST_QUOTED)
    except (RecursionError, ValueError):  # nested too deep, or a number of too many digits
        return "something long"


def _shorter(text: str, most: int) -> str:
    """Return a text of at most `most` characters: of a longer one its beginning and its end."""
    if len(text) <= most:
        return text
    end = most // 2
    return f"{text[: most - end - 1]}…{text[-end:]}"


def _last_bytes(text: str, most: int) -> str:
    """Return as much of a text's end as `most` bytes of JSON hold."""
    text = text[-most:]
    while (size := len(json.dumps(text))) > most + 2:
        text = text[-(len(text) * most // size) :] if len(text) > 1 else ""
    return text


def _first_bytes(text: str, most: int) -> str:
    """Return as much of a text's beginning as `most` bytes of JSON hold."""
    return _last_bytes(text[most - 1 :: -1] if len(text) > most else text[::-1], most)[::-1]


class ZograscopeError(Exception):
    """An error an artist can read and do something about.

    A subclass has the sentences of its own codes, and nothing else.

    Attributes:
        code: the stable name of the kind of error, a key of `SENTENCES`.
        sentence: what is wrong, with what, and what to do.
        details: more for the log; may be empty.
    """

    SENTENCES: ClassVar[Mapping[str, str]] = {
        # Finding and reaching the server
        "server-unreachable": "No Zograscope server answers at {endpoint}. Start it with `zograscope serve`, or in Blender's preferences.",
        "server-not-running": "No Zograscope server is running here. Start it with `zograscope serve`, or with the button in the sidebar.",
        "server-lost": "The Zograscope server stopped answering. What it has finished is kept; start it again and the job goes on.",
        "key-refused": "The server at {endpoint} does not know this computer's key. Give its owner the public key from the preferences; `zograscope allow NAME` asks for it and lets it in.",
        "bad-key": "{key!r} is not a public key. Copy the 40 characters that the other computer's preferences show.",
        "connection-file-wrong": "The connection file {path} cannot be used. Delete it and start the server again.",
        "folder-not-private": "The folder {folder} belongs to somebody else or can be read by others. Remove it, or set ZOGRASCOPE_HOME to a folder of your own.",
        "protocol-too-new": "This server speaks protocol {mine}, and the extension or program speaks the newer {theirs}. Update the server.",
        "protocol-too-old": "This server speaks protocol {mine}, and the extension or program speaks the older {theirs}. Update the extension.",
        "hello-first": "The program spoke before saying hello. Update the extension, or whatever speaks to this server.",
        "bad-message": "The server could not understand a message. Update the extension and the server to the same version.",
        # Jobs
        "unknown-task": "This server cannot do {task!r}. Update the server.",
        "owner-only": "Only the owner of this server may do that. Ask whoever let you in.",
        "too-many-jobs": "You have {count} jobs on this server that are not finished, and it takes no more at once. Wait for some of them, or cancel some.",
        "upload-stopped": "The files of this job stopped coming in, and their room was needed. Start it once more.",
        "server-died": "The server ended {count} times while it worked on this job. Try a lower quality or a smaller model; the server's log says more.",
        "unknown-job": "The server no longer knows job {job}. Start it once more.",
        "bad-parameters": "This cannot be done as asked: {problem}.",
        "input-too-large": "The files of this job have {size} bytes, and the server takes at most {limit}. Use smaller files.",
        "job-cancelled": "The job was cancelled.",
        "cannot-pause": "This job cannot pause. Let it go on, or cancel it.",
        "worker-died": "The process that computes this job died twice. Try a lower quality or a smaller model; the server's log says more.",
        "out-of-memory": "There was not enough memory for this job. Try a lower quality, a smaller model, or a higher memory limit.",
        "no-room": "The disk with the folder for temporary files has no room for the result. Make room on it, then try again.",
        "spool-full": "The disk that holds the server's results is full. Make room on it, then start the job once more.",
        "result-indescribable": "The result cannot be sent: {problem}. Ask for less at once, or please report it.",
        "result-wrong": "The server's answer cannot be used: {problem}. Nothing was made of it. Update the server and the extension to the same version; if that does not help, please report it.",
        "internal": "Something went wrong inside Zograscope. The details say more; please report them.",
        # Files
        "file-not-found": "There is no file {path}. Check the name.",
        "is-a-folder": "{path} is a folder. Choose a picture in it.",
        "file-unreadable": "{path} cannot be read. Check its permissions.",
        "output-exists": "{path} cannot be written. Choose another place.",
        "online-access-off": "Blender is set to stay offline. Allow online access in Preferences > System, then try again.",
    }

    def __init__(self, code: str, details: str = "", **facts: Any) -> None:
        self.code = code
        self.details = _last_bytes(details, MOST_DETAILS_BYTES)
        facts = {
            name: _shorter(fact, MOST_FACT) if isinstance(fact, str) else fact
            for name, fact in facts.items()
        }
        self.sentence = _first_bytes(self.SENTENCES[code].format(**facts), MOST_SENTENCE_BYTES)
        super().__init__(self.sentence)

    def to_header(self) -> dict[str, str]:
        """Return the fields that carry the error in a message."""
        return {"code": self.code, "sentence": self.sentence, "details": self.details}

    @classmethod
    def from_header(cls, header: Mapping[str, Any]) -> "ZograscopeError":
        """Return the error that a message carries; any code is kept, since its sentence came too."""
        error = ZograscopeError.__new__(ZograscopeError)
        error.code = str(header.get("code", "internal"))[:_MOST_CODE]
        sentence = str(header.get("sentence") or ZograscopeError.SENTENCES["internal"])
        error.sentence = _first_bytes(sentence, MOST_SENTENCE_BYTES)
        error.details = _last_bytes(str(header.get("details", "")), MOST_DETAILS_BYTES)
        Exception.__init__(error, error.sentence)
        return error

    def __reduce__(self) -> tuple[Any, ...]:
        return ZograscopeError.from_header, (self.to_header(),)
