import numpy as np
import pytest
from zograscope_server.faces.landmarks import EXPRESSIONS
from zograscope_server.portrait.head import model as head
from zograscope_server.portrait.head.model import HeadModel
from zograscope_server.portrait.head.visibility import seen_triangles

SIDED = [
    name for name in EXPRESSIONS if name.endswith("Left") and name[:-4] + "Right" in EXPRESSIONS
]


@pytest.fixture(scope="module")
def model() -> HeadModel:
    return HeadModel.load()


def of(model: HeadModel, part: int) -> np.ndarray:
    return np.unique(model.triangles[model.parts == part])


def seen_parts(model: HeadModel, vertices: np.ndarray) -> np.ndarray:
    """Pixels of each part from the front, at two pixels a millimetre."""
    seen = seen_triangles(vertices * 2000 + [200, 340, 0], model.triangles, (400, 500))
    return np.bincount(model.parts[seen[seen >= 0]], minlength=9)


def act(model: HeadModel, **strengths: float) -> np.ndarray:
    moved = model.template.copy()
    for name, strength in strengths.items():
        moved += strength * model.actions[EXPRESSIONS.index(name)]
    return moved


def test_the_mesh_is_whole(model):
    assert model.triangles.max() == len(model.template) - 1
    assert set(np.unique(model.parts)) == set(range(9))
    assert np.allclose(model.landmark_weights.sum(axis=1), 1, atol=1e-5)
    assert model.actions.shape == (52, *model.template.shape)
    assert HeadModel.load() is model


def test_its_points_lie_where_mediapipe_puts_them(model):
    points = model.landmarks(model.template)
    right_eye, left_eye, nose, chin, brow = points[[33, 263, 1, 152, 10]]
    assert right_eye[0] < nose[0] < left_eye[0]
    assert brow[1] < right_eye[1] < nose[1] < chin[1]
    assert nose[2] == points[:, 2].min()
    assert np.allclose(right_eye * [-1, 1, 1], left_eye, atol=2e-3)
    for iris, part in ((slice(468, 473), head.EYE_RIGHT), (slice(473, 478), head.EYE_LEFT)):
        assert (model.parts[model.landmark_triangles[iris]] == part).all()
    assert (model.parts[model.landmark_triangles[:468]] == head.SKIN).all()


@pytest.mark.parametrize("name", SIDED)
def test_left_is_the_sitters_left(model, name):
    for side, sign in (("Left", 1), ("Right", -1)):
        offsets = model.actions[EXPRESSIONS.index(name[:-4] + side)]
        size = np.linalg.norm(offsets, axis=1)
        assert sign * (size @ model.template[:, 0]) > 0


def test_the_jaw_takes_lower_teeth_and_tongue_along(model):
    jaw = model.actions[EXPRESSIONS.index("jawOpen")]
    teeth = of(model, head.TEETH)
    half = len(teeth) // 2
    upper, lower = teeth[:half], teeth[half:]
    assert np.abs(jaw[upper]).max() < 1e-4
    assert jaw[lower, 1].min() > 0.008
    assert jaw[of(model, head.TONGUE), 1].mean() > 0.005


def test_what_is_inside_shows_only_when_the_mouth_opens(model):
    rest, opened = seen_parts(model, model.template), seen_parts(model, act(model, jawOpen=0.7))
    smile = seen_parts(
        model, act(model, mouthUpperUpLeft=0.7, mouthUpperUpRight=0.7, mouthLowerDownLeft=0.5)
    )
    inside = [head.MOUTH, head.TONGUE, head.TEETH, head.GUMS]
    assert rest[inside].sum() < 60
    assert opened[head.TEETH] > 60
    assert opened[head.TONGUE] > 500
    assert smile[head.TEETH] > 200


def test_the_tongue_comes_out_to_the_viewer(model):
    tongue = of(model, head.TONGUE)
    out = act(model, jawOpen=0.6, tongueOut=1.0)[tongue]
    assert out[:, 2].min() < model.template[of(model, head.TEETH), 2].min()
