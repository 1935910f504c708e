"""`zograscope portrait` writes frames and films, and goes on where it was interrupted.

A stand-in takes the server's place: its frames say their numbers.
"""

import contextlib
import io
import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
from PIL import Image
from skimage import data
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.job import JobResult, Part
from zograscope_server.command_line.main import main
from zograscope_server.faces.landmarks import EXPRESSIONS
from zograscope_server.media.clips import Clip
from zograscope_server.media.sound import read_sound
from zograscope_server.portrait.commands import portrait
from zograscope_server.portrait.curves import read_curves

FRAMES = 12
SOUND = b"the sound of the driver"


def grey(number: int) -> int:
    return 20 * number + 10


def frame(number: int) -> np.ndarray:
    file = io.BytesIO()
    Image.new("RGB", (31, 22), (grey(number),) * 3).save(file, "PNG")
    return np.frombuffer(file.getvalue(), np.uint8)


@dataclass
class StandIn:
    """What the command needs of a client."""

    asked: list[tuple[str, dict[str, Any], dict[str, np.ndarray]]] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    stop_before: int | None = None
    sound: bytes | None = None
    warnings: ClassVar[list[str]] = ["The face is small.", "The driver turns far."]

    def __call__(self, *_, **__) -> "StandIn":
        return self

    def __enter__(self) -> "StandIn":
        return self

    def __exit__(self, *_) -> None:
        pass

    def submit(self, task, parameters, inputs):
        self.asked.append((task, dict(parameters), dict(inputs)))
        return SimpleNamespace(fraction=0.5, stage="Moving the portrait", detail="")

    def parts(self, job, start=0, window=8, on_progress=None):
        for number in range(start, FRAMES):
            if number == self.stop_before:
                raise KeyboardInterrupt
            on_progress(job)
            self.sent.append(number)
            yield Part(number, {"frame": number}, {"file": frame(number)})

    def wait(self, job, on_progress=None):
        rng = np.random.default_rng(3)
        arrays = {
            "times": np.arange(FRAMES) / 24,
            "curves": rng.uniform(0, 1, (FRAMES, 52)).astype(np.float32),
            "poses": np.tile(np.eye(4, dtype=np.float32), (FRAMES, 1, 1)),
        }
        if self.sound is not None:
            arrays["sound"] = np.frombuffer(self.sound, np.uint8)
        suffix = ".flac" if self.sound is not None else None
        facts = {"rate": 24.0, "sound_suffix": suffix, "expressions": list(EXPRESSIONS)}
        return JobResult(facts | {"warnings": self.warnings}, arrays)

    def run(self, task, parameters, inputs, on_progress=None):
        self.submit(task, parameters, inputs)
        return JobResult({"warnings": self.warnings[:1]}, {})

    def models(self):
        named = {"task": "portrait", "default": True, "embedded": True}
        return [named | {"name": "mesh", "title": "Mesh"}]


@pytest.fixture
def client(monkeypatch, tmp_path) -> StandIn:
    client = StandIn()

    @contextlib.contextmanager
    def no_server(*, wanted):
        yield

    monkeypatch.setattr(portrait, "BlockingClient", client)
    monkeypatch.setattr(portrait, "running_server", no_server)
    monkeypatch.setenv("ZOGRASCOPE_HOME", str(tmp_path / "home"))
    return client


@pytest.fixture
def files(tmp_path) -> list[str]:
    """A portrait of NASA's, and a driver that nobody opens."""
    Image.fromarray(data.astronaut()).save(tmp_path / "portrait.png")
    (tmp_path / "driver.mp4").write_bytes(b"a driver")
    return [str(tmp_path / "portrait.png"), str(tmp_path / "driver.mp4")]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def numbered(count):
    return [f"{number:04d}.png" for number in range(1, count + 1)]


def test_frames_sound_curves_and_stills(client, files, tmp_path, capsys):
    client.sound = SOUND
    output, curves, sheet = (tmp_path / "made" / name for name in ("frames", "c.json", "s.png"))
    options = ["--output", output, "--curves", curves, "--contact-sheet", sheet, "--json"]
    assert main(["portrait", *files, *map(str, options)]) == 0
    assert names(output) == [*numbered(FRAMES), "portrait.json", "sound.flac"]
    for number in range(FRAMES):
        assert (output / f"{number + 1:04d}.png").read_bytes() == frame(number).tobytes()
    assert (output / "sound.flac").read_bytes() == SOUND
    assert read_curves(curves).expressions.shape == (FRAMES, 52)
    with Image.open(sheet) as stills:
        assert stills.size[0] > 1000
    printed = capsys.readouterr()
    made = json.loads(printed.out)
    assert {kind: made[kind] for kind in ("frames", "sound", "curves", "contact_sheet")} == {
        "frames": str(output),
        "sound": str(output / "sound.flac"),
        "curves": str(curves),
        "contact_sheet": str(sheet),
    }
    assert made["metadata"]["rate"] == 24.0
    for warning in client.warnings:
        assert printed.err.count(warning) == 1, "told once, those of the portrait before it starts"
    assert [task for task, _, _ in client.asked] == ["examine_portrait", "portrait"]


def test_an_interrupted_run_goes_on_at_the_first_missing_frame(client, files, tmp_path):
    output = tmp_path / "frames"
    command = ["portrait", *files, "--output", str(output)]
    client.stop_before = 5
    assert main(command) == 130
    assert names(output) == [*numbered(5), "portrait.json"]
    client.stop_before, client.sent = None, []
    (output / "0003.png").unlink()
    assert main(command) == 0
    assert client.sent == list(range(2, FRAMES))
    client.sent = []
    assert main(command) == 0
    assert client.sent == [], "all are there"
    assert [task for task, _, _ in client.asked].count("examine_portrait") == 1


@pytest.mark.parametrize("change", ["options", "driver", "source"])
def test_another_question_makes_all_frames_anew(client, files, tmp_path, change):
    output = tmp_path / "frames"
    command = ["portrait", *files, "--output", str(output)]
    assert main(command) == 0
    if change == "options":
        command += ["--strength", "0.5"]
    else:
        place = files[change == "driver"]
        with open(place, "ab") as file:  # noqa: PTH123
            file.write(b"more")
    client.sent, client.stop_before = [], 3
    assert main(command) == 130
    assert client.sent == [0, 1, 2]
    assert names(output) == [*numbered(3), "portrait.json"], "none of the earlier question's"


def test_pictures_of_others_are_left_alone(client, files, tmp_path, capsys):
    output = tmp_path / "frames"
    output.mkdir()
    (output / "0001.png").write_bytes(b"mine")
    assert main(["portrait", *files, "--output", str(output)]) == 1
    assert "holds numbered pictures of something else" in capsys.readouterr().err
    assert (output / "0001.png").read_bytes() == b"mine"
    assert client.asked == []


def test_a_film_has_all_frames_and_is_marked(client, files, tmp_path, draw_sound):
    from zograscope_server.provenance.certificates import own_certificate
    from zograscope_server.provenance.verification import verify

    client.sound = draw_sound(FRAMES / 24)
    output = tmp_path / "film.mp4"
    command = ["portrait", *files, "--output", str(output)]
    client.stop_before = 7
    assert main(command) == 130
    assert not output.exists()
    client.stop_before, client.sent = None, []
    assert main(command) == 0
    assert client.sent == list(range(7, FRAMES))
    film = Clip(output)
    assert (film.width, film.height) == (32, 22), "H.264 has even sides"
    assert film.rate == pytest.approx(24.0)
    shown = [int(frame.picture[5:-5, 5:-5].mean()) for frame in film.frames()]
    np.testing.assert_allclose(shown, [grey(number) for number in range(FRAMES)], atol=3)
    assert read_sound(film, 0.0, 0.5) is not None
    assert verify(output, own_certificate(tmp_path / "home")) is not None
    hidden = [name for name in names(tmp_path) if name.startswith(".")]
    assert hidden == [], "its frames are gone"


@pytest.fixture
def draw_sound():
    def draw(seconds: float) -> bytes:
        import av

        file = io.BytesIO()
        with av.open(file, "w", format="flac") as container:
            stream = container.add_stream("flac", rate=48_000, layout="mono", format="s16")
            tone = 9000 * np.sin(np.arange(round(seconds * 48_000)) / 20)
            samples = tone.astype(np.int16).reshape(1, -1)
            sound = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            sound.sample_rate = 48_000
            container.mux(stream.encode(sound))
            container.mux(stream.encode(None))
        return file.getvalue()

    return draw


def test_curves_drive_in_a_videos_place(client, files, tmp_path):
    hand = tmp_path / "hand.csv"
    hand.write_text("time,jawOpen\n0,0\n0.05,1\n0.1,0\n")
    output = tmp_path / "frames"
    assert main(["portrait", files[0], str(hand), "--output", str(output)]) == 0
    task, parameters, inputs = client.asked[-1]
    assert task == "portrait"
    assert parameters["rate"] == pytest.approx(20.0)
    assert set(inputs) == {"image", "curves", "poses"}
    np.testing.assert_allclose(inputs["curves"][:, EXPRESSIONS.index("jawOpen")], [0, 1, 0])
    assert set(client.asked[0][2]) == {"image"}, "curves have no face to examine"


def test_a_scene_is_blenders_work(client, files, tmp_path, monkeypatch):
    handed_on = []
    monkeypatch.setattr(
        portrait, "run_in_blender", lambda arguments: handed_on.append(arguments.typed) or 5
    )
    typed = ["portrait", *files, "--output", str(tmp_path / "scene.blend"), "--onto-diorama"]
    assert main(typed) == 5
    assert handed_on == [typed]
    assert client.asked == [], "the extension asks by itself"
    sheet = tmp_path / "sheet.png"
    assert main([*typed, "--contact-sheet", str(sheet)]) == 5
    assert sheet.is_file()
    assert client.asked[-1][1]["relief"] is True


def test_an_error_of_the_server_is_one_sentence(client, files, tmp_path, monkeypatch, capsys):
    def fail(*_, **__):
        raise ZograscopeError("worker-died")

    monkeypatch.setattr(client, "wait", fail)
    assert main(["portrait", *files, "--output", str(tmp_path / "frames")]) == 1
    assert "died twice" in capsys.readouterr().err
