"""The card of a model: what it learnt, from what, by what right, and how well."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from operator import index
from typing import Any, Self

UNTOLD = "not told"
MEASURES = {
    "frechet": "Fréchet distance to the collection, 0 is the same, 1 is its own variance",
    "diversity": "variety of the samples, 1 is that of the collection",
    "layout": "variety of what lies where in them, 1 is that of the collection",
    "nearest": "distance of samples to the nearest image, 1 is that of the collection's own",
    "copies": "share of samples that are close to one image of the collection",
}


@dataclass(frozen=True)
class ModelCard:
    """What is told of a model, in its file and beside it.

    Attributes:
        name: of the model.
        collection: its name, as people call it.
        location: its folder, file or address.
        rights: of the collection, in free words; empty where nobody said.
        images: of the collection that were learnt.
        size: width and height of the model's images in pixels.
        colours: `colour` or `grey`.
        crop: how the images were cut: `whole`, `tiles` or `faces`.
        kind: of the model's networks.
        shown: images that it was shown in training, each time counted.
        minutes: of training.
        date: of the training's end, as in 2026-11-28.
        seed: of all chance.
        version: of Zograscope.
        finished: whether the training came to its end.
        metrics: by their name; None where one was not measured.
        warnings: sentences.
    """

    name: str
    collection: str = ""
    location: str = ""
    rights: str = ""
    images: int = 0
    size: tuple[int, int] = (0, 0)
    colours: str = "colour"
    crop: str = "whole"
    kind: str = ""
    shown: int = 0
    minutes: float = 0.0
    date: str = ""
    seed: int = 0
    version: str = ""
    finished: bool = False
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object, which has no number that JSON has none for."""
        card = asdict(self)
        metrics = {name: _finite(value) for name, value in self.metrics.items()}
        return {
            **card,
            "size": list(self.size),
            "metrics": metrics,
            "warnings": list(self.warnings),
        }

    @classmethod
    def from_json(cls, card: Any) -> Self:
        """Read what `to_json` gave; what a later version added is left aside.

        Raises ValueError for what is no card.
        """
        try:
            known = {entry.name: card[entry.name] for entry in fields(cls) if entry.name in card}
            for entry in fields(cls):
                if isinstance(entry.default, str | int):
                    _check_type(entry.name, known.get(entry.name, entry.default), entry.default)
            _check_type("name", known["name"], "")
            width, height = known.get("size", (0, 0))
            known["size"] = (index(width), index(height))
            known["minutes"] = float(known.get("minutes", 0.0))
            known["metrics"] = {
                str(name): None if value is None else float(value)
                for name, value in dict(known.get("metrics", {})).items()
            }
            known["warnings"] = tuple(str(told) for told in known.get("warnings", ()))
            return cls(**known)
        except (KeyError, TypeError) as error:
            raise ValueError(f"it is no model card: {error}") from error

    def in_words(self) -> str:
        """Return it as a page in Markdown, for people."""
        width, height = self.size
        what = {"whole": "whole images", "tiles": "tiles of images", "faces": "faces"}
        cut = what.get(self.crop, self.crop)
        learnt = f"{self.images} {cut} of {self.collection or 'a collection without a name'}"
        facts = {
            "Collection": self.collection or UNTOLD,
            "From": self.location or UNTOLD,
            "Rights of the collection": self.rights or UNTOLD,
            "Learnt": f"{self.images} {cut}",
            "Makes": f"{width} x {height} pixels, in {self.colours}",
            "Networks": self.kind or UNTOLD,
            "Training": f"{self.shown} images shown in {self.minutes:.1f} minutes"
            + ("" if self.finished else ", not finished"),
            "Date": self.date or UNTOLD,
            "Seed": str(self.seed),
            "Made with": f"Zograscope {self.version}".strip(),
        }
        lines = [f"# {_line(self.name)}", ""]
        lines += [f"A model that dreams in the style of {_line(learnt)}."]
        lines += ["", "| | |", "|---|---|"]
        lines += [f"| {name} | {_cell(value)} |" for name, value in facts.items()]
        if self.metrics:
            lines += ["", "## Measured", "", "| | | |", "|---|---|---|"]
            lines += [_measured(name, value) for name, value in self.metrics.items()]
        if self.warnings:
            lines += ["", "## Mind", "", *(f"- {_line(told)}" for told in self.warnings)]
        lines += [
            "",
            "Its images are made by a machine from what it saw in the collection. Name the",
            "collection where you show them, and mind its rights.",
        ]
        return "\n".join(lines) + "\n"


def _check_type(name: str, value: Any, example: object) -> None:
    if type(value) is not type(example):
        raise ValueError(f"the card's {name} is {value!r}")


def _measured(name: str, value: float | None) -> str:
    shown = "not measured" if _finite(value) is None else f"{value:.2f}"
    return f"| {_cell(name)} | {shown} | {MEASURES.get(name, '')} |"


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _line(text: str) -> str:
    """Return text on one line, as titles and entries of lists are."""
    return " ".join(text.split())


def _cell(text: str) -> str:
    """Return text that stays in its cell of a table."""
    return _line(text).replace("|", "\\|")
