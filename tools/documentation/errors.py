"""A page for each error: the sentence as the code has it, and the words about it of docs/errors.md.

What the houses can say is found in their files `errors.py`. They are read without the houses around
them, so that neither Blender nor torch is wanted.
"""

import importlib.util
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
WORDS = REPOSITORY / "docs" / "errors.md"
FOLDER = "errors"
"""Of the pages within the site; the extension's `documentation.py` leads there."""

HOUSES = {
    "protocol/zograscope_protocol": "Blender, the command line and the server",
    "inference_server/zograscope_server": "the server",
    "blender_addon": "the extension in Blender",
}
"""Where sentences are looked for, and who says those that are found there."""

WHAT_TO_DO = "**What to do.**"

EXAMPLES: Mapping[str, object] = {
    "address": "ray://render-1:10001",
    "batch": 32,
    "column": "file",
    "count": 3,
    "depth_shape": "640 x 480",
    "duration": 4.2,
    "endpoint": "tcp://render-1:7345",
    "engine": "BLENDER_EEVEE",
    "expected": "3000 x 2000",
    "first": 240,
    "folder": "/home/ann/zograscope",
    "format": "JPEG",
    "frames": 240,
    "free": "1.2 GB",
    "handle": "chin",
    "height": 2000,
    "images": 4800,
    "job": "5f0c2d",
    "key": "rq:rM>}U?@Lns47",
    "kind": "a camera's raw file",
    "kinds": "sound",
    "known": "Photograph, Background, Rocket",
    "last": 260,
    "layer": "Layer 3",
    "least": 80,
    "limit": 64,
    "mine": "1.1",
    "model": "maps",
    "name": "street.jpg",
    "needed": "3.4 GB",
    "number": 2,
    "package": "torch",
    "path": "/home/ann/archive/street.jpg",
    "picture_shape": "3000 x 2000",
    "problem": "near is larger than far",
    "program": "uv",
    "purpose": "comparing pictures",
    "seconds": 120,
    "shape": "1 x 512",
    "size": "1500 x 1000",
    "start": 10.0,
    "suffix": ".exr",
    "system": "macOS x86_64",
    "task": "portrait",
    "theirs": "2.0",
    "title": "Diorama of street.jpg",
    "url": "https://library.example/manifest.json",
    "version": "3.10",
    "wanted": "depth",
    "width": 3000,
    "x": 120.0,
    "y": 340.0,
}
"""What an example has in place of a sentence's facts."""


@dataclass
class Code:
    """A kind of error.

    Attributes:
        code: its stable name.
        said: who says it, and with which sentence, which has gaps for facts.
    """

    code: str
    said: list[tuple[str, str]] = field(default_factory=list)

    @property
    def examples(self) -> list[str]:
        """The sentences with made-up facts. Raises KeyError for a fact that has no example."""
        return [sentence.format(**EXAMPLES) for _, sentence in self.said]


@dataclass(frozen=True)
class Words:
    """What docs/errors.md says of a code, as Markdown.

    Attributes:
        subject: the heading above it.
        meaning: why it comes.
        help: what to do.
    """

    subject: str
    meaning: str
    help: str


def all_codes(repository: Path = REPOSITORY) -> dict[str, Code]:
    """Return every code that protocol, server and extension can raise."""
    codes: dict[str, Code] = {}
    for house, who in HOUSES.items():
        for path in sorted((repository / house).rglob("errors.py")):
            for code, sentence in _sentences(path).items():
                codes.setdefault(code, Code(code)).said.append((who, sentence))
    return codes


def _sentences(path: Path) -> dict[str, str]:
    """Return the sentences of the classes of one `errors.py`."""
    spec = importlib.util.spec_from_file_location(f"errors_of_{path.parent.name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type)]
    own = [kind for kind in kinds if kind.__module__ == module.__name__]
    return {
        code: sentence
        for kind in own
        if hasattr(kind, "SENTENCES")
        for code, sentence in vars(kind).get("SENTENCES", {}).items()
    }


def read_words(path: Path = WORDS) -> dict[str, Words]:
    """Return what the page says of each code.

    Raises ValueError for a code that stands there twice, or whose words lack a part.
    """
    words: dict[str, Words] = {}
    for section in re.split(r"^## ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        subject, *entries = re.split(r"^### ", section, flags=re.MULTILINE)
        for entry in entries:
            code, text = entry.split("\n", maxsplit=1)
            meaning, found, help_ = text.partition(WHAT_TO_DO)
            if code in words or not (found and meaning.strip() and help_.strip()):
                raise ValueError(f"{path.name}: {code} stands there twice, or without {WHAT_TO_DO}")
            meaning, help_ = (_from_folder(part.strip()) for part in (meaning, help_))
            words[code] = Words(subject.split("\n")[0].strip(), meaning, help_)
    return words


def _from_folder(markdown: str) -> str:
    """Lead links to pages beside docs/errors.md from a folder below."""
    return re.sub(r"\]\((?=[a-z_]+\.md)", "](../", markdown)


def pages() -> dict[str, str]:
    """Return the Markdown of all pages, by where each lies in the site."""
    codes, words = all_codes(), read_words()
    lost = sorted(codes.keys() ^ words.keys())
    if lost:
        raise ValueError(f"docs/errors.md and the houses' errors.py differ in: {', '.join(lost)}")
    made = {f"{FOLDER}/{code}.md": page(codes[code], words[code]) for code in codes}
    return made | {f"{FOLDER}/index.md": index(codes, words)}


def page(code: Code, words: Words) -> str:
    """Return the page of one code."""
    examples = "\n\n".join(
        f"> {_plain(example)}\n>\n> <small>as {who} may say it</small>"
        for (who, _), example in zip(code.said, code.examples, strict=True)
    )
    parts = [
        f"# {code.code}",
        examples,
        f"## What it means\n\n{words.meaning}",
        f"## What to do\n\n{words.help}",
        f"[All errors](index.md) · {words.subject}",
    ]
    return "\n\n".join(parts) + "\n"


def index(codes: Mapping[str, Code], words: Mapping[str, Words]) -> str:
    """Return the page that lists all, in the order of docs/errors.md."""
    introduction = WORDS.read_text("utf-8").split("\n## ")[0].rstrip()
    lines, subject = [introduction], ""
    for code, told in words.items():
        if told.subject != subject:
            subject = told.subject
            lines += ["", f"## {subject}", "", "| code | it says |", "|---|---|"]
        example = _plain(codes[code].examples[0]).replace("|", "\\|")
        lines.append(f"| [{code}]({code}.md) | {example} |")
    return "\n".join(lines) + "\n"


def _plain(sentence: str) -> str:
    """Escape what Markdown would take for its own, but not code between backticks."""
    pieces = re.split(r"(`[^`]*`)", sentence)
    return "".join(
        piece if piece.startswith("`") else re.sub(r"([<>*_\[\]])", r"\\\1", piece)
        for piece in pieces
    )


def facts_of(sentence: str) -> set[str]:
    """Return the names of the facts that a sentence has gaps for."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
