"""A model's card: what is told of it wherever it is used."""

from dataclasses import asdict, dataclass, fields
from pathlib import PurePath
from typing import Any, Self

from zograscope_server.generative.training.metrics import Metrics


@dataclass(frozen=True)
class ModelCard:
    """What is known of a model that was trained here.

    Attributes:
        name: of the model.
        collection: where it was: a path or an address.
        rights: of the collection, in the words of whoever trained.
        images: of the collection, as they were cut.
        size: width and height of its images in pixels.
        colours: 3, or 1 for grey.
        shown: images that the discriminator was shown.
        minutes: of computing.
        date: of training, ISO 8601.
        seed: of all chance.
        made_by: program and version.
        measured_by: embedder whose features the metrics are of.
        metrics: of samples.
        warnings: sentences.
        finished: whether the training came to its end.
    """

    name: str
    collection: str
    rights: str
    images: int
    size: tuple[int, int]
    colours: int
    shown: int
    minutes: float
    date: str
    seed: int
    made_by: str
    measured_by: str
    metrics: Metrics
    warnings: tuple[str, ...]
    finished: bool

    @property
    def collection_name(self) -> str:
        """The collection's name, without where it lies."""
        return PurePath(self.collection.rstrip("/")).stem

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` takes."""
        return {**asdict(self), "size": list(self.size), "warnings": list(self.warnings)}

    @classmethod
    def from_json(cls, content: Any) -> Self:
        """Return the card that `to_json` wrote. Raises ValueError for what is none."""
        names = {field.name for field in fields(cls)}
        if not isinstance(content, dict) or not names <= set(content):
            raise ValueError("it has no card of a model that was trained here")
        try:
            return cls(
                **{name: content[name] for name in names - {"size", "metrics", "warnings"}},
                size=(int(content["size"][0]), int(content["size"][1])),
                metrics=Metrics(**content["metrics"]),
                warnings=tuple(content["warnings"]),
            )
        except (TypeError, IndexError) as error:
            raise ValueError("its card is not one of a model that was trained here") from error

    def in_words(self) -> str:
        """Return the card as a page in Markdown."""
        width, height = self.size
        kind = "colour" if self.colours == 3 else "grey"
        ended = "" if self.finished else " It was broken off: this is what it had learnt by then."
        lines = [
            f"# {self.name}",
            "",
            f"Makes {kind} images of {width} x {height} pixels in the style of the collection "
            f"*{self.collection_name}*. Trained from scratch by {self.made_by} on {self.date}."
            f"{ended}",
            "",
            "| | |",
            "|---|---|",
            f"| collection | {self.collection_name}, {self.images} images |",
            f"| rights of the collection | {self.rights or 'not told'} |",
            f"| training | {self.shown} images shown, {self.minutes:.1f} minutes, "
            f"seed {self.seed} |",
            f"| Fréchet distance to the collection | {self.metrics.frechet:.3f} |",
            f"| diversity (the collection's is 1) | {self.metrics.diversity:.2f} |",
            f"| distance to the nearest image (1: as the collection's own) | "
            f"{self.metrics.nearest:.2f} |",
            f"| measured by | {self.measured_by} |",
            "",
            *(f"- {warning}" for warning in self.warnings),
        ]
        return "\n".join(lines).rstrip() + "\n"
