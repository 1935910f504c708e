"""The portrait tasks through a real server: moved, examined, followed, rigged, refused."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.portrait.tasks import (
    HANDLES,
    ExaminePortraitOptions,
    PortraitOptions,
    PortraitRigOptions,
    TrackDriverOptions,
)
from zograscope_server.faces.landmarks import EXPRESSIONS
from zograscope_server.media.clips import Clip
from zograscope_server.provenance.certificates import own_certificate
from zograscope_server.provenance.verification import INTACT, OWN, verify

from ..conftest import Server
from .conftest import as_png, expression, from_png

FRAMES = 8
SIDE = 256
WIDE = (280, 620)  # of the picture: on its ends nothing ever moves


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One for all tests: every worker takes seconds to import what it needs."""
    server = Server(tmp_path_factory.mktemp("state"), "--threads", "1").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def client(server):
    with server.client() as client:
        yield client


@pytest.fixture(scope="module")
def sitter(drawn) -> np.ndarray:
    """A drawn sitter before a wide wall: uint8 (h, w, 3)."""
    wall = np.full((*WIDE, 3), (96, 110, 120), np.uint8)
    wall[-SIDE:, 170 : 170 + SIDE] = drawn.draw_face(SIDE)
    return wall


@pytest.fixture(scope="module")
def actor(drawn) -> list[np.ndarray]:
    return drawn.draw_clip(SIDE, FRAMES)


@pytest.fixture(scope="module")
def driver(actor, draw_clip, tmp_path_factory) -> np.ndarray:
    """A clip of 8 frames with half a second of sound, more than its pictures last."""
    sound = 0.3 * np.sin(np.arange(22_050) / 20).astype(np.float32)
    file = draw_clip(tmp_path_factory.mktemp("clip") / "actor.mkv", actor, sound=sound)
    return np.fromfile(file, np.uint8)


@dataclass
class Moved:
    parts: list[Any]
    metadata: dict[str, Any]
    arrays: dict[str, np.ndarray]

    def frame(self, number: int) -> np.ndarray:
        return from_png(self.parts[number].arrays["file"])

    @property
    def mask(self) -> np.ndarray:
        return from_png(self.arrays["mask"])


@pytest.fixture(scope="module")
def move(client) -> Callable[..., Moved]:
    def run(image: np.ndarray, driver: np.ndarray | None = None, options=None, **inputs) -> Moved:
        given = {"image": image} | inputs | ({} if driver is None else {"driver": driver})
        job = client.submit(*(options or PortraitOptions()).submission(given))
        parts = list(client.parts(job))
        result = client.wait(job)
        return Moved(parts, result.metadata, result.arrays)

    return run


@pytest.fixture(scope="module")
def moved(move, sitter, driver) -> Moved:
    options = PortraitOptions(file_name="sitter.png", driver_name="actor.mkv", relief=True)
    return move(as_png(sitter), driver, options)


def test_frames_are_parts_with_their_times(moved, sitter):
    assert [part.number for part in moved.parts] == list(range(FRAMES))
    assert [part.metadata["frame"] for part in moved.parts] == list(range(FRAMES))
    times = [part.metadata["time"] for part in moved.parts]
    np.testing.assert_allclose(times, np.arange(FRAMES) / 25, atol=1e-6)
    np.testing.assert_allclose(moved.arrays["times"], times)
    mask, neutral = moved.mask, moved.metadata["neutral_frame"]
    for number in range(FRAMES):
        frame = moved.frame(number)
        assert (frame.dtype, frame.shape) == (sitter.dtype, sitter.shape)
        np.testing.assert_array_equal(frame[mask == 0], sitter[mask == 0])
        away = np.abs(frame.astype(int) - sitter).max()
        assert away <= 1 if number == neutral else away > 30
    assert (mask == 0).any() and mask.shape == WIDE


def test_the_result_is_what_the_page_says(moved):
    arrays, metadata = moved.arrays, moved.metadata
    assert set(arrays) == {"times", "curves", "poses", "sound", "mask"}
    assert (arrays["times"].dtype, arrays["times"].shape) == (np.float64, (FRAMES,))
    assert (arrays["curves"].dtype, arrays["curves"].shape) == (np.float32, (FRAMES, 52))
    assert (arrays["poses"].dtype, arrays["poses"].shape) == (np.float32, (FRAMES, 4, 4))
    assert arrays["curves"].min() >= 0 and arrays["curves"].max() <= 1
    neutral = metadata["neutral_frame"]
    assert not arrays["curves"][neutral].any()
    np.testing.assert_allclose(arrays["poses"][neutral], np.eye(4), atol=1e-4)
    assert metadata["rate"] == pytest.approx(25)
    assert metadata["size"] == [WIDE[1], WIDE[0]]
    assert metadata["expressions"] == list(EXPRESSIONS)
    left, top, width, height = metadata["box"]
    assert 170 < left < left + width < 426 and 24 < top < top + height < 280
    assert (metadata["model"], metadata["sound_suffix"]) == ("default", ".flac")
    assert all(isinstance(warning, str) for warning in metadata["warnings"])


def test_sound_is_as_long_as_the_frames(moved):
    import av

    with av.open(io.BytesIO(moved.arrays["sound"].tobytes())) as file:
        (stream,) = file.streams.audio
        samples = sum(frame.samples for frame in file.decode(stream))
        assert samples == round(FRAMES / 25 * stream.rate)


def test_each_frame_carries_its_credentials(moved, server, tmp_path):
    certificate = own_certificate(server.state)
    for number in (0, FRAMES - 1):
        file = tmp_path / f"{number}.png"
        file.write_bytes(moved.parts[number].arrays["file"].tobytes())
        found = verify(file, certificate)
        assert (found.state, found.signer, found.networks) == (INTACT, OWN, False)
        assert (found.source_name, found.driver_name) == ("sitter.png", "actor.mkv")
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
        assert verify(file, certificate).state != INTACT


def test_relief_is_flat_where_nothing_moves(moved):
    for part in moved.parts:
        relief = from_png(part.arrays["relief"])
        assert relief.dtype == np.uint16 and max(relief.shape) <= 512
        assert relief.shape == (231, 512)
        assert (relief[:, :20] == 32768).all() and (relief[:, -20:] == 32768).all()
    rest = from_png(moved.parts[moved.metadata["neutral_frame"]].arrays["relief"])
    assert (rest == 32768).all()


def test_the_same_question_is_answered_at_once(client, moved, sitter, driver):
    options = PortraitOptions(file_name="sitter.png", driver_name="actor.mkv", relief=True)
    result = client.run(*options.submission({"image": as_png(sitter), "driver": driver}))
    assert result.cached


def test_curves_take_the_drivers_place(move, sitter):
    curves = np.array([expression(), expression(jawOpen=0.7), expression()], np.float32)
    made = move(as_png(sitter), options=PortraitOptions(rate=12.0), curves=curves)
    assert set(made.arrays) == {"times", "curves", "poses", "mask"}
    np.testing.assert_allclose(made.arrays["times"], np.arange(3) / 12)
    np.testing.assert_array_equal(made.arrays["curves"], curves)
    np.testing.assert_array_equal(made.arrays["poses"], [np.eye(4)] * 3)
    assert made.metadata["sound_suffix"] is None and made.metadata["rate"] == 12
    for number in (0, 2):
        np.testing.assert_array_equal(made.frame(number), sitter)
    assert np.abs(made.frame(1).astype(int) - sitter).max() > 30


def test_what_a_driver_gives_moves_without_it(client, move, sitter, driver):
    curves = client.run(*TrackDriverOptions().submission({"driver": driver})).arrays
    made = move(as_png(sitter), curves=curves["curves"], poses=curves["poses"])
    assert len(made.parts) == FRAMES


def test_strengths_and_regions(move, sitter, driver, moved):
    still = PortraitOptions(strength_pose=0, strength_eyes=0, strength_brows=0, strength_mouth=0)
    made = move(as_png(sitter), driver, still)
    for number in range(FRAMES):
        np.testing.assert_array_equal(made.frame(number), sitter)
    only = move(as_png(sitter), driver, PortraitOptions(regions=("mouth",)))
    left, top, width, height = (int(value) for value in only.metadata["box"])
    forehead = np.s_[: top + height // 4, left : left + width]
    mouth = np.s_[top + height // 2 : top + height, left : left + width]
    away = [np.abs(only.frame(number).astype(int) - sitter).max(axis=2) for number in range(FRAMES)]
    assert max(frame[mouth].max() for frame in away) > 30
    assert max(frame[forehead].max() for frame in away) <= 2


def test_a_part_of_the_driver_at_another_rate(move, sitter, driver):
    options = PortraitOptions(start=0.08, end=0.24, rate=50.0, neutral_frame=3)
    made = move(as_png(sitter), driver, options)
    assert len(made.parts) == 8
    assert (made.metadata["rate"], made.metadata["neutral_frame"]) == (50, 3)
    np.testing.assert_allclose(made.arrays["times"], np.arange(8) / 50)
    np.testing.assert_allclose(made.frame(3).astype(int), sitter, atol=1)


def test_a_credit_is_written_and_told_by_the_mask(move, sitter):
    curves = np.array([expression(jawOpen=0.5)], np.float32)
    made = move(as_png(sitter), options=PortraitOptions(credit="Moved by machine"), curves=curves)
    frame, mask = made.frame(0), made.mask
    np.testing.assert_array_equal(frame[mask == 0], sitter[mask == 0])
    corner = frame[-12:, -60:]
    assert corner.max() > 200 and not np.array_equal(corner, sitter[-12:, -60:])
    assert (mask[-8:, -60:] > 0).mean() > 0.5


@pytest.mark.parametrize("kind", ["grey16", "colour16", "alpha8"])
def test_depth_greys_and_opacity_stay(move, sitter, driver, kind):
    pixels = {
        "grey16": sitter[..., 1].astype(np.uint16) * 257 + 7,
        "colour16": sitter.astype(np.uint16) * 255 + 5,
        "alpha8": np.dstack([sitter, np.full(WIDE, 200, np.uint8)]),
    }[kind]
    made = move(as_png(pixels), driver, PortraitOptions(end=0.12))
    mask, neutral = made.mask, made.metadata["neutral_frame"]
    for number in range(len(made.parts)):
        frame = made.frame(number)
        assert (frame.dtype, frame.shape) == (pixels.dtype, pixels.shape)
        np.testing.assert_array_equal(frame[mask == 0], pixels[mask == 0])
    np.testing.assert_array_equal(made.frame(neutral), pixels)


def test_of_several_faces_one_moves(move, client, drawn):
    pair = np.full((280, 620, 3), (96, 110, 120), np.uint8)
    pair[24:, :256], pair[24:, 360:616] = drawn.draw_face(256), drawn.draw_face(256)
    curves = np.array([expression(jawOpen=0.8)], np.float32)
    boxes = []
    for number in (0, 1):
        made = move(as_png(pair), options=PortraitOptions(face=number), curves=curves)
        changed = np.abs(made.frame(0).astype(int) - pair).max(axis=2) > 20
        assert (changed[:, :300].sum() > changed[:, 300:].sum()) == (number == 0)
        boxes.append(made.metadata["box"])
    assert boxes[0][0] < boxes[1][0]
    examined = client.run(*ExaminePortraitOptions(face=1).submission({"image": as_png(pair)}))
    assert examined.metadata["faces"] == 2
    np.testing.assert_allclose(examined.arrays["boxes"], boxes, atol=0.5)
    with pytest.raises(ZograscopeError, match="only 2") as caught:
        move(as_png(pair), options=PortraitOptions(face=2), curves=curves)
    assert caught.value.code == "face-missing"


def test_half_a_face_is_moved_with_a_warning(move, drawn):
    half = np.ascontiguousarray(drawn.draw_face(256)[:, :150])
    curves = np.array([expression(jawOpen=0.4)], np.float32)
    made = move(as_png(half), options=PortraitOptions(file_name="half.png"), curves=curves)
    assert any("half.png is cut" in warning for warning in made.metadata["warnings"])
    assert made.frame(0).shape == half.shape


def test_a_driver_of_one_frame_gives_one_frame(move, sitter, actor):
    made = move(as_png(sitter), as_png(actor[2]), PortraitOptions(driver_name="still.png"))
    assert len(made.parts) == 1
    assert "still.png has only one frame: the portrait will be still." in made.metadata["warnings"]
    assert made.metadata["sound_suffix"] is None
    np.testing.assert_array_equal(made.frame(0), sitter)


def test_a_driver_of_a_variable_rate(move, sitter, actor, draw_clip, tmp_path):
    times = [0, 40, 80, 300, 340, 700, 740, 900]
    file = draw_clip(tmp_path / "phone.mkv", actor, times)
    made = move(as_png(sitter), np.fromfile(file, np.uint8), PortraitOptions(rate=10.0))
    assert len(made.parts) == len(list(Clip(file).frames(rate=10.0)))
    assert 9 <= len(made.parts) <= 11
    np.testing.assert_allclose(np.diff(made.arrays["times"]), 0.1)


def test_a_driver_whose_face_is_lost_for_a_while(move, sitter, actor, draw_clip, tmp_path):
    frames = [*actor]
    frames[4] = np.full_like(actor[0], 90)
    file = draw_clip(tmp_path / "lost.mkv", frames, rate=Fraction(25))
    options = PortraitOptions(driver_name="lost.mkv")
    made = move(as_png(sitter), np.fromfile(file, np.uint8), options)
    assert len(made.parts) == FRAMES
    assert any("in 1 of 8 frames of lost.mkv" in warning for warning in made.metadata["warnings"])


def test_fifty_megapixels_in_bounded_memory(client, server, move, drawn):
    """Of a picture of 150 MB, as bytes, its worker holds a dozen at most."""
    whole = np.full((7072, 7072, 3), (96, 110, 120), np.uint8)
    whole[3000:4000, 2500:3500] = drawn.draw_face(1000)
    curves = np.array([expression(jawOpen=0.6)], np.float32)
    made = move(as_png(whole), curves=curves)
    frame, mask = made.frame(0), made.mask
    assert frame.shape == whole.shape
    changed = (frame != whole).any(axis=2)
    assert changed.sum() > 10_000 and not changed[mask == 0].any()
    status = Path(f"/proc/{server.worker(client).pid}/status")
    if status.is_file():
        peak = next(line for line in status.read_text().splitlines() if "VmHWM" in line)
        assert int(peak.split()[1]) * 1024 < 12 * whole.nbytes + 1e9


def test_examination(client, sitter, driver):
    given = {"image": as_png(sitter), "driver": driver}
    result = client.run(*ExaminePortraitOptions(file_name="sitter.png").submission(given))
    arrays, metadata = result.arrays, result.metadata
    assert arrays["points"].shape == (1, 478, 3) and arrays["points"].dtype == np.float32
    assert arrays["boxes"].shape == (1, 4) and arrays["handles"].shape == (1, 5, 2)
    assert metadata["faces"] == 1 and metadata["handles"] == list(HANDLES)
    assert metadata["size"] == [WIDE[1], WIDE[0]]
    assert 0 <= metadata["neutral_frame"] < FRAMES
    assert from_png(arrays["picture"]).shape == sitter.shape
    assert from_png(arrays["driver_picture"]).shape == (SIDE, SIDE, 3)
    alone = client.run(*ExaminePortraitOptions().submission({"image": as_png(sitter)}))
    assert alone.metadata["neutral_frame"] is None and "driver_picture" not in alone.arrays


def test_handles_that_were_moved_are_where_they_were_put(client, sitter):
    plain = client.run(*ExaminePortraitOptions().submission({"image": as_png(sitter)}))
    chin = plain.arrays["handles"][0, HANDLES.index("chin")] + (4, 9)
    options = ExaminePortraitOptions(handles=(("chin", *chin.tolist()),))
    moved = client.run(*options.submission({"image": as_png(sitter)}))
    away = moved.arrays["handles"][0] - plain.arrays["handles"][0]
    np.testing.assert_allclose(away, [(0, 0)] * 4 + [(4, 9)], atol=0.01)


def test_following_a_driver(client, driver, moved):
    options = TrackDriverOptions(driver_name="actor.mkv")
    result = client.run(*options.submission({"driver": driver}))
    assert set(result.arrays) == {"times", "curves", "poses", "picture", "sound"}
    for name in ("times", "curves", "poses"):
        np.testing.assert_allclose(result.arrays[name], moved.arrays[name], atol=1e-5)
    assert result.metadata["neutral_frame"] == moved.metadata["neutral_frame"]
    assert result.metadata["expressions"] == list(EXPRESSIONS)
    open_ = result.arrays["curves"][:, EXPRESSIONS.index("jawOpen")]
    assert open_.max() > 0.05, "the drawn mouth opens"
    assert from_png(result.arrays["picture"]).shape == (SIDE, SIDE, 3)


def test_a_rig(client, sitter):
    result = client.run(*PortraitRigOptions().submission({"image": as_png(sitter)}))
    arrays, metadata = result.arrays, result.metadata
    vertices, triangles = arrays["vertices"], arrays["triangles"]
    assert (vertices.dtype, triangles.dtype, arrays["materials"].dtype) == (
        *(np.float32, np.int32, np.uint8),
    )
    assert triangles.min() >= 0 and triangles.max() == len(vertices) - 1
    assert arrays["shape_keys"].shape == (52, len(vertices), 3)
    assert all(np.isfinite(arrays[name]).all() for name in ("vertices", "shape_keys", "uv", "head"))
    assert arrays["uv"].shape == (len(vertices), 2) and arrays["pivot"].shape == (3,)
    assert len(arrays["materials"]) == len(triangles)
    assert set(np.unique(arrays["materials"])) == set(range(len(metadata["textures"])))
    textures = {name: from_png(arrays[f"texture.{name}"]) for name in metadata["textures"]}
    assert textures["picture"].shape == (*WIDE, 4)
    assert all(texture.size for texture in textures.values())
    assert metadata["expressions"] == list(EXPRESSIONS)


BAD = {
    "strength_mouth": (-0.1, 3.1, "strong", None, True),
    "face": (-1, 20, 0.5, "first"),
    "regions": ([], ["nose"], "mouth", [1]),
    "handles": ([["nose", 1, 2]], [["chin", "a", 2]], [["chin", 1]], "chin", 5),
    "rate": (0, 241, float("nan")),
    "start": (-1,),
    "end": (0.0,),
    "mouth": ("none",),
    "motion": ("both",),
    "relief": (1,),
    "credit": (None, 5),
    "neutral_frame": (-1, 0.5),
}


@pytest.mark.parametrize(("name", "value"), [(key, each) for key in BAD for each in BAD[key]])
def test_bad_parameters_are_told_on_either_side(name, value):
    for given in ({name: value}, json.loads(json.dumps({name: value}))):
        with pytest.raises(ZograscopeError) as caught:
            PortraitOptions.read(given)
        assert caught.value.code == "bad-parameters"


def test_parameters_go_there_and_back():
    options = PortraitOptions(handles=(("chin", 1.0, 2.5),), regions=("eyes",), rate=12.5)
    assert PortraitOptions.read(json.loads(json.dumps(options.parameters()))) == options


FLAT = np.full((90, 120, 3), 120, np.uint8)
NOTHING = np.zeros(0, np.uint8)
NOISE = np.random.default_rng(0).integers(0, 256, 5000, np.uint8)
CURVES = np.zeros((2, 52), np.float32)
WILD = np.tile(np.eye(4, dtype=np.float32), (2, 1, 1))
GOOD = "the good one"


@pytest.mark.parametrize(
    ("inputs", "options", "code"),
    [
        ({"driver": GOOD}, {}, "bad-parameters"),
        ({"image": GOOD}, {}, "bad-parameters"),
        ({"image": NOTHING, "driver": GOOD}, {}, "file-empty"),
        ({"image": NOISE, "driver": GOOD}, {}, "not-an-image"),
        ({"image": as_png(FLAT), "driver": GOOD}, {}, "portrait-without-face"),
        ({"image": as_png(FLAT[:60]), "driver": GOOD}, {}, "portrait-too-small"),
        ({"image": GOOD, "driver": NOTHING}, {}, "file-empty"),
        ({"image": GOOD, "driver": NOISE}, {}, "clip-unreadable"),
        ({"image": GOOD, "driver": NOISE.astype(np.float32)}, {}, "clip-unreadable"),
        ({"image": GOOD, "driver": as_png(FLAT)}, {}, "driver-without-face"),
        ({"image": GOOD, "driver": GOOD}, {"start": 5.0}, "clip-too-short"),
        ({"image": GOOD, "driver": GOOD}, {"neutral_frame": 8}, "neutral-frame-missing"),
        ({"image": GOOD, "driver": GOOD}, {"model": "no-such"}, "unknown-model"),
        ({"image": GOOD, "driver": GOOD}, {"model": "fomm"}, "model-not-installed"),
        ({"image": GOOD, "driver": GOOD}, {"handles": [["chin", 1e6, 1e6]]}, "handle-too-far"),
        ({"image": GOOD, "curves": CURVES[:, :51]}, {}, "bad-parameters"),
        ({"image": GOOD, "curves": CURVES[:0]}, {}, "bad-parameters"),
        ({"image": GOOD, "curves": CURVES[0]}, {}, "bad-parameters"),
        ({"image": GOOD, "curves": CURVES * np.nan}, {}, "bad-parameters"),
        ({"image": GOOD, "curves": CURVES + 1e20}, {}, "bad-parameters"),
        ({"image": GOOD, "curves": CURVES.astype(bool)}, {}, "bad-parameters"),
        ({"image": GOOD, "curves": CURVES, "poses": WILD[:1]}, {}, "bad-parameters"),
        ({"image": GOOD, "curves": CURVES, "poses": WILD * 0}, {}, "bad-parameters"),
        ({"image": GOOD, "curves": CURVES, "poses": WILD * 1e9}, {}, "bad-parameters"),
        ({"image": GOOD, "curves": CURVES, "poses": -WILD}, {}, "bad-parameters"),
    ],
)
def test_bad_inputs_give_sentences(client, sitter, driver, inputs, options, code):
    good = {"image": as_png(sitter), "driver": driver}
    given = {
        name: good[name] if isinstance(value, str) else value for name, value in inputs.items()
    }
    with pytest.raises(ZograscopeError) as caught:
        client.run("portrait", options, given)
    assert caught.value.code == code
    assert caught.value.sentence and "Traceback" not in (caught.value.details or "")


def test_a_video_that_breaks_off_moves_as_far_as_it_goes(move, sitter, actor, draw_clip, tmp_path):
    file = draw_clip(tmp_path / "cut.mkv", actor)
    data = np.fromfile(file, np.uint8)
    made = move(as_png(sitter), data[: int(0.6 * len(data))], PortraitOptions())
    assert 0 < len(made.parts) < FRAMES
    assert len(made.arrays["curves"]) == len(made.parts)


def test_the_server_goes_on_after_all_that(move, sitter):
    made = move(as_png(sitter), curves=CURVES[:1] + 0.1)
    assert len(made.parts) == 1
