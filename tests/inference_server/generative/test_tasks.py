"""The tasks of dreaming through a real server: walks, samples, maps, projections, refusals."""

import io
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.generative.tasks import (
    LatentMapOptions,
    ProjectOptions,
    SamplesOptions,
    WalkOptions,
)
from zograscope_server.generative.walks.space import make_pictures, styles_of
from zograscope_server.provenance.certificates import own_certificate
from zograscope_server.provenance.verification import INTACT, verify

from ..conftest import Server
from .small import add_small_model

FRAMES = 12
SIZE = (40, 32)
MODEL = "small"


@pytest.fixture(scope="module")
def collection(tmp_path_factory) -> Path:
    """Pictures that the model might have learnt from."""
    folder = tmp_path_factory.mktemp("collection")
    rng = np.random.default_rng(0)
    for number in range(6):
        noise = rng.integers(0, 256, (4, 5, 3), np.uint8)
        picture = cv2.resize(noise, SIZE, interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f"original {number}.png"), picture)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory, collection):
    state = tmp_path_factory.mktemp("state")
    add_small_model(state / "models", MODEL, str(collection))
    add_small_model(state / "models", "astray", str(collection / "gone"))
    server = Server(state, "--threads", "1").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def client(server):
    with server.client() as client:
        yield client


@pytest.fixture(scope="module")
def make(client):
    def run(options, **inputs):
        job = client.submit(*options.submission(inputs))
        parts = list(client.parts(job))
        return parts, client.wait(job)

    return run


def pixels(file: np.ndarray) -> np.ndarray:
    return cv2.imdecode(file, cv2.IMREAD_UNCHANGED)[..., ::-1]


def frames_of(parts) -> np.ndarray:
    return np.stack([pixels(part.arrays["file"]) for part in parts])


def walk(**options) -> WalkOptions:
    given = {"model": MODEL, "keyframes": ("1", "2", "3"), "frames": FRAMES, "even": False}
    return WalkOptions(**given | options)


@pytest.fixture(scope="module")
def walked(make):
    return make(walk(even=True))


def sound_file(seconds: float) -> np.ndarray:
    """A tone that begins in the middle."""
    rate = 22_050
    times = np.arange(round(seconds * rate)) / rate
    tone = np.where(times > seconds / 2, 12_000 * np.sin(times * 600), 0).astype(np.int16)
    file = io.BytesIO()
    with av.open(file, "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return np.frombuffer(file.getvalue(), np.uint8)


def test_frames_are_parts_with_their_times_and_marks(walked, server, tmp_path):
    parts, result = walked
    assert [part.number for part in parts] == list(range(FRAMES))
    assert [part.metadata["frame"] for part in parts] == list(range(FRAMES))
    times = [part.metadata["time"] for part in parts]
    np.testing.assert_allclose(times, np.arange(FRAMES) / 24)
    np.testing.assert_allclose(result.arrays["times"], times)
    assert result.arrays["times"].dtype == np.float64
    assert result.arrays["steps"].shape == (FRAMES - 1,)
    assert result.arrays["steps"].dtype == np.float32
    assert (result.arrays["steps"] > 0).all()
    facts = {"rate": 24.0, "size": list(SIZE), "frames": FRAMES, "first": 0, "model": MODEL}
    assert result.metadata == facts | {"sound_suffix": None, "warnings": []}
    assert set(result.arrays) == {"times", "steps"}
    path = tmp_path / "frame.png"
    path.write_bytes(parts[3].arrays["file"].tobytes())
    found = verify(path, own_certificate(server.state))
    assert (found.state, found.model, found.collection) == (INTACT, MODEL, "Maps of nowhere")
    assert found.digital_source_type == "trainedAlgorithmicMedia"
    assert "trained on Maps of nowhere" in found.in_words("frame.png")


@pytest.mark.parametrize(("first", "last"), [(0, 3), (5, 9), (11, 11), (7, 40)])
def test_a_range_is_as_in_the_whole(make, walked, first, last):
    parts, result = make(walk(even=True, first=first, last=last))
    end = min(last, FRAMES - 1) + 1
    np.testing.assert_array_equal(frames_of(parts), frames_of(walked[0])[first:end])
    assert [part.metadata["frame"] for part in parts] == list(range(first, end))
    np.testing.assert_allclose(
        result.arrays["steps"], walked[1].arrays["steps"][first : end - 1], rtol=1e-5
    )
    assert result.metadata["first"] == first


def test_keyframes_are_seeds_and_latents(make, server):
    latent = np.random.default_rng(0).standard_normal((4, 256)).astype(np.float32)
    options = walk(keyframes=("7", "found"), path="linear", loop=False, frames=3)
    parts, _ = make(options, found=latent)
    generator = add_small_model(server.state / "elsewhere")
    styles = np.concatenate([np.repeat(styles_of(generator, [7]), 4, axis=1), latent[None]])
    expected = make_pictures(generator, styles, 0)
    assert np.abs(frames_of(parts)[[0, 2]].astype(int) - expected).max() <= 1
    one_row, _ = make(options, found=latent[:1])
    assert len(one_row) == 3


@pytest.mark.parametrize("path", ["smooth", "linear", "spherical", "noise"])
def test_every_path_makes_a_loop(make, path):
    parts, _ = make(walk(path=path, keyframes=(), stops=3, frames=8))
    frames = frames_of(parts).astype(float)
    assert len(frames) == 8
    assert frames.std(axis=0).mean() > 1, "it moves"


def test_a_way_over_the_map_meets_its_samples(make):
    _, drawn = make(LatentMapOptions(model=MODEL, side=8))
    picture, seeds = pixels(drawn.arrays["map"]), drawn.arrays["seeds"]
    assert picture.shape == (8 * SIZE[1], 8 * SIZE[0], 3)
    assert seeds.shape == (8, 8) and seeds.dtype == np.int64
    assert drawn.metadata == {"side": 8, "size": list(SIZE), "model": MODEL}
    places = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0], [0.3, 1.2]], np.float32)
    parts, result = make(walk(path="map", keyframes=(), frames=None), places=places)
    assert len(parts) == 4
    assert "beyond the latent map" in " ".join(result.metadata["warnings"])
    corners = picture[:32, :40], picture[:32, -40:], picture[-32:, :40]
    for frame, corner in zip(frames_of(parts), corners, strict=False):
        assert np.abs(frame.astype(int) - corner).max() <= 2


def test_sound_says_how_long_and_drives(make):
    options = walk(frames=None, audio_name="music.wav")
    parts, result = make(options, audio=sound_file(1.0))
    assert len(parts) == 24 and result.metadata["frames"] == 24
    assert result.metadata["sound_suffix"] == ".flac"
    with av.open(io.BytesIO(result.bytes("sound"))) as sound:
        samples = sum(frame.samples for frame in sound.decode(audio=0))
    assert samples == 48_000
    steps = result.arrays["steps"]
    assert steps[13:].mean() > 1.3 * steps[:10].mean(), "faster where it sounds"
    calm, _ = make(walk(frames=None, audio_strength=0.0), audio=sound_file(1.0))
    plain, _ = make(walk(frames=24))
    np.testing.assert_array_equal(frames_of(calm), frames_of(plain))
    some, _ = make(walk(frames=None, audio_name="music.wav", first=10), audio=sound_file(1.0))
    np.testing.assert_array_equal(frames_of(some), frames_of(parts)[10:])


def test_a_credit_is_written_into_the_corner_alone(make):
    plain, credited = (make(walk(frames=2, credit=words))[0] for words in ("", "Museum"))
    changed = (frames_of(plain) != frames_of(credited)).any(axis=(0, 3))
    assert changed.any() and not changed[:12].any()


def test_samples_are_parts_and_a_grid(make):
    options = SamplesOptions(model=MODEL, seed=4, count=5, columns=3, truncation=0.7)
    parts, result = make(options)
    assert [part.metadata["seed"] for part in parts] == [4, 5, 6, 7, 8]
    grid = pixels(result.arrays["grid"])
    assert grid.shape == (64, 120, 3)
    np.testing.assert_array_equal(grid[32:, 40:80], pixels(parts[4].arrays["file"]))
    assert (grid[32:, 80:] == 0).all()
    assert result.arrays["latents"].shape == (5, 4, 256)
    assert result.arrays["latents"].dtype == np.float32
    assert result.metadata == {
        "seeds": [4, 5, 6, 7, 8],
        "columns": 3,
        "size": list(SIZE),
        "model": MODEL,
        "directions": 256,
        "originals": None,
    }
    named, _ = make(SamplesOptions(model=MODEL, seed=4, seeds=("7",), truncation=0.7))
    close = pixels(named[0].arrays["file"]).astype(int) - pixels(parts[3].arrays["file"])
    assert np.abs(close).max() <= 1


def test_originals_are_those_of_the_collection(make, collection):
    _, result = make(SamplesOptions(model=MODEL, count=3, originals=True))
    for location, distance in result.metadata["originals"]:
        assert Path(location).parent == collection and Path(location).is_file()
        assert 0 < distance < 100
    _, astray = make(SamplesOptions(model="astray", count=2, originals=True))
    assert astray.metadata["originals"] == [None, None]


def test_a_picture_is_sought_and_walked_from(make, server, tmp_path):
    sought = cv2.imencode(".jpg", np.full((60, 90, 3), (30, 90, 200), np.uint8))[1].ravel()
    _, result = make(ProjectOptions(model=MODEL, file_name="sought.jpg", steps=5), image=sought)
    assert result.arrays["latent"].shape == (4, 256)
    assert pixels(result.arrays["picture"]).shape == (32, 40, 3)
    assert pixels(result.arrays["wanted"]).shape == (32, 40, 3)
    assert 0 < result.metadata["difference"] < 1
    path = tmp_path / "found.png"
    path.write_bytes(result.bytes("picture"))
    found = verify(path, own_certificate(server.state))
    assert (found.state, found.source_name) == (INTACT, "sought.jpg")
    assert found.collection == "Maps of nowhere"
    parts, _ = make(walk(keyframes=("found.npz", "3")), **{"found.npz": result.arrays["latent"]})
    first = frames_of(parts[:1])[0].astype(int)
    assert np.abs(first - pixels(result.arrays["picture"])).max() <= 1


@pytest.mark.parametrize(
    ("options", "inputs", "code", "words"),
    [
        ({"keyframes": ("1", "mill")}, {}, "keyframe-unknown", "mill"),
        ({"keyframes": ("1", "2147483648")}, {}, "keyframe-unknown", "2147483648"),
        ({"keyframes": ("1", "9" * 5000)}, {}, "keyframe-unknown", "9999"),
        (
            {"keyframes": ("1", "mine")},
            {"mine": np.zeros((3, 256), np.float32)},
            "latent-unfitting",
            "(4, 256)",
        ),
        (
            {"keyframes": ("1", "mine")},
            {"mine": np.full((1, 256), np.nan, np.float32)},
            "bad-parameters",
            "mine",
        ),
        ({"first": 12}, {}, "walk-range-empty", "12 frames"),
        ({"directions": ((300, 1.0),)}, {}, "direction-missing", "256"),
        ({"model": "gone"}, {}, "model-unknown", "zograscope models add"),
        ({"path": "map"}, {}, "bad-parameters", "places"),
        ({"path": "map"}, {"places": np.zeros((3, 3))}, "bad-parameters", "(3, 3)"),
        (
            {"audio_name": "note.txt"},
            {"audio": np.frombuffer(b"no sound at all", np.uint8)},
            "sound-file-unreadable",
            "note.txt",
        ),
        (
            {"audio_name": "still.png"},
            {"audio": cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].ravel()},
            "sound-missing",
            "still.png",
        ),
    ],
)
def test_what_cannot_be_is_said_in_words(make, options, inputs, code, words):
    with pytest.raises(ZograscopeError) as caught:
        make(walk(**options), **inputs)
    assert caught.value.code == code
    assert words in caught.value.sentence


def test_it_pauses_and_goes_on_where_it_was(server):
    options = walk(frames=120, even=True)
    with server.client() as client:
        job = client.submit(*options.submission({}))
        server.wait_until(lambda: client.client.poll() or job.parts >= 3, "three frames")
        client.pause(job)
        assert job.state == "paused"
        before = job.parts
        assert 3 <= before < 120
        client.resume(job)
        taken = list(client.parts(job))
        steps = client.wait(job).arrays["steps"]
    assert [part.number for part in taken] == list(range(120))
    assert steps.shape == (119,)
    assert steps.std() < 0.1 * steps.mean(), "also where it was broken off"
