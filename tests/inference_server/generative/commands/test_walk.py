"""`zograscope walk`, `samples` and `project`: with a stand-in for the server, and with one."""

import contextlib
import csv
import io
import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from zograscope_protocol.generative.command import read_latent
from zograscope_protocol.job import JobResult, Part
from zograscope_server.collection.open import open_collection
from zograscope_server.command_line.main import main
from zograscope_server.generative.commands import project, samples, walk
from zograscope_server.media.clips import Clip
from zograscope_server.provenance.certificates import own_certificate
from zograscope_server.provenance.marks import Dreamt, Marker
from zograscope_server.provenance.verification import verify

from ..small import add_small_model

FRAMES = 10
SOUND = b"a sound"


def grey(number: int) -> int:
    return 20 * number + 10


@dataclass
class StandIn:
    """What the commands need of a client."""

    home: Any
    asked: list[tuple[str, dict[str, Any], dict[str, np.ndarray]]] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    stop_before: int | None = None
    sound: bytes | None = None
    originals: list[Any] | None = None

    def __call__(self, *_, **__) -> "StandIn":
        return self

    def __enter__(self) -> "StandIn":
        return self

    def __exit__(self, *_) -> None:
        pass

    @property
    def numbers(self) -> list[int]:
        parameters = self.asked[-1][1]
        last = parameters.get("last")
        return list(range(FRAMES))[parameters.get("first", 0) : None if last is None else last + 1]

    def frame(self, number: int) -> np.ndarray:
        file = io.BytesIO()
        Image.new("RGB", (32, 24), (grey(number),) * 3).save(file, "PNG")
        marker = Marker(own_certificate(self.home))
        how = Dreamt("Old maps", "Maps of nowhere")
        return np.frombuffer(marker.mark(file.getvalue(), ".png", how), np.uint8)

    def submit(self, task, parameters, inputs):
        self.asked.append((task, dict(parameters), dict(inputs)))
        return SimpleNamespace(fraction=0.5, stage="Dreaming", detail="")

    def parts(self, job, start=0, window=8, on_progress=None):
        for place, number in enumerate(self.numbers):
            if place < start:
                continue
            if number == self.stop_before:
                raise KeyboardInterrupt
            on_progress(job)
            self.sent.append(number)
            yield Part(place, {"frame": number, "seed": number}, {"file": self.frame(number)})

    def wait(self, job, on_progress=None):
        arrays = {"times": np.array(self.numbers) / 24, "grid": self.frame(3)}
        if self.sound is not None:
            arrays["sound"] = np.frombuffer(self.sound, np.uint8)
        suffix = ".flac" if self.sound is not None else None
        facts = {"rate": 24.0, "sound_suffix": suffix, "warnings": ["Some places lie beyond."]}
        return JobResult(
            facts | {"seeds": self.numbers, "originals": self.originals, "difference": 0.25}, arrays
        )

    def run(self, task, parameters, inputs, on_progress=None):
        self.submit(task, parameters, inputs)
        latent = np.arange(8, dtype=np.float32).reshape(2, 4)
        return JobResult({"difference": 0.25}, {"latent": latent, "picture": self.frame(1)})


@pytest.fixture
def client(monkeypatch, tmp_path) -> StandIn:
    client = StandIn(tmp_path / "home")

    @contextlib.contextmanager
    def no_server(*, wanted):
        yield

    for module in (walk, samples, project):
        monkeypatch.setattr(module, "BlockingClient", client)
        monkeypatch.setattr(module, "running_server", no_server)
    monkeypatch.setenv("ZOGRASCOPE_HOME", str(tmp_path / "home"))
    return client


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def numbered(*numbers):
    return [f"{number + 1:04d}.png" for number in numbers]


def test_frames_and_sound_lie_in_a_folder(client, tmp_path, capsys):
    client.sound = SOUND
    (tmp_path / "music.wav").write_bytes(b"music")
    output = tmp_path / "made" / "frames"
    options = ["--audio", str(tmp_path / "music.wav"), "--keyframes", "3,17", "--json"]
    assert main(["walk", "--output", str(output), *options]) == 0
    assert names(output) == [*numbered(*range(FRAMES)), "sound.flac", "walk.json"]
    assert (output / "sound.flac").read_bytes() == SOUND
    printed = capsys.readouterr()
    assert json.loads(printed.out)["frames"] == str(output)
    assert "Some places lie beyond." in printed.err
    ((task, parameters, inputs),) = client.asked
    assert task == "walk"
    assert parameters["model"] == "default"
    assert parameters["keyframes"] == ["3", "17"]
    assert parameters["audio_name"] == "music.wav"
    assert inputs["audio"].tobytes() == b"music"


def test_an_interrupted_walk_goes_on_and_another_begins_anew(client, tmp_path):
    output = tmp_path / "frames"
    command = ["walk", "--output", str(output)]
    client.stop_before = 4
    assert main(command) == 130
    assert names(output) == [*numbered(0, 1, 2, 3), "walk.json"]
    client.stop_before, client.sent = None, []
    (output / "0002.png").unlink()
    assert main(command) == 0
    assert client.sent == list(range(1, FRAMES))
    client.sent, client.stop_before = [], 2
    assert main([*command, "--truncation", "0.5"]) == 130
    assert client.sent == [0, 1]
    assert names(output) == [*numbered(0, 1), "walk.json"]


def test_several_commands_fill_one_folder(client, tmp_path):
    output = tmp_path / "frames"
    command = ["walk", "--output", str(output)]
    assert main([*command, "--range", "6-9"]) == 0
    assert names(output) == [*numbered(6, 7, 8, 9), "walk.json"]
    assert main([*command, "--range", "0-5"]) == 0
    assert names(output) == [*numbered(*range(FRAMES)), "walk.json"]
    assert client.sent == [6, 7, 8, 9, 0, 1, 2, 3, 4, 5]
    with Image.open(output / "0008.png") as picture:
        assert picture.getpixel((9, 9)) == (grey(7),) * 3


def test_pictures_of_others_are_left_alone(client, tmp_path, capsys):
    output = tmp_path / "frames"
    output.mkdir()
    (output / "0001.png").write_bytes(b"mine")
    assert main(["walk", "--output", str(output)]) == 1
    assert "holds numbered pictures of something else" in capsys.readouterr().err
    assert (output / "0001.png").read_bytes() == b"mine"


def test_a_film_is_marked_as_its_frames_are(client, tmp_path):
    output = tmp_path / "film.mp4"
    assert main(["walk", "--output", str(output)]) == 0
    shown = [int(frame.picture[5:-5, 5:-5].mean()) for frame in Clip(output).frames()]
    np.testing.assert_allclose(shown, [grey(number) for number in range(FRAMES)], atol=3)
    found = verify(output, own_certificate(tmp_path / "home"))
    assert (found.state, found.model) == ("intact", "Old maps")
    assert found.collection == "Maps of nowhere"
    assert not [name for name in names(tmp_path) if name.startswith(".")]


def test_a_scene_is_blenders_work(client, tmp_path, monkeypatch):
    handed_on = []
    monkeypatch.setattr(
        walk, "run_in_blender", lambda arguments: handed_on.append(arguments.typed) or 5
    )
    typed = ["walk", "maps", "--output", str(tmp_path / "scene.blend"), "--show", "relief"]
    assert main(typed) == 5
    assert handed_on == [typed]
    assert client.asked == []


def test_samples_are_one_grid(client, tmp_path):
    output = tmp_path / "grid.png"
    assert main(["samples", "maps", "--output", str(output), "--count", "9"]) == 0
    with Image.open(output) as shown:
        assert shown.getpixel((9, 9)) == (grey(3),) * 3
    ((task, parameters, _),) = client.asked
    assert (task, parameters["count"], parameters["originals"]) == ("samples", 9, False)


def test_samples_beside_their_originals_are_a_collection(client, tmp_path):
    original = tmp_path / "originals" / "map 7.jpg"
    original.parent.mkdir()
    Image.new("RGB", (50, 40)).save(original)
    client.originals = [[str(original), 1.25], None, *[[str(original), 0.5]] * (FRAMES - 2)]
    output = tmp_path / "dreams"
    assert main(["samples", "--output", str(output), "--originals"]) == 0
    assert names(output) == [*numbered(*range(FRAMES)), "metadata.csv", "samples.json"]
    with (output / "metadata.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {
        "file": "0001.png",
        "seed": "0",
        "kind": "dream",
        "nearest original": str(original),
        "distance": "1.250",
    }
    assert rows[1]["nearest original"] == rows[1]["distance"] == ""
    assert (rows[-1]["file"], rows[-1]["kind"]) == (str(original), "original")
    assert len(rows) == FRAMES + 1, "an original is listed once"
    collection = open_collection(str(output / "metadata.csv"), tmp_path)
    assert not collection.problems
    assert len(collection.items) == FRAMES + 1
    assert [item.fields["kind"] for item in collection.items[-2:]] == ["dream", "original"]


def test_a_found_latent_is_a_keyframe(client, tmp_path, capsys):
    picture = tmp_path / "map.png"
    Image.new("RGB", (9, 9)).save(picture)
    latent, found = tmp_path / "map.npz", tmp_path / "found.png"
    command = ["project", "default", str(picture), "--output", str(latent)]
    assert main([*command, "--picture", str(found)]) == 0
    assert "difference: 0.250" in capsys.readouterr().out
    np.testing.assert_array_equal(read_latent(latent), np.arange(8).reshape(2, 4))
    assert found.is_file()
    assert client.asked[0][1]["file_name"] == "map.png"
    keyframes = f"{latent},5"
    assert main(["walk", "--output", str(tmp_path / "f"), "--keyframes", keyframes]) == 0
    _, parameters, inputs = client.asked[-1]
    assert parameters["keyframes"] == [str(latent), "5"]
    np.testing.assert_array_equal(inputs[str(latent)], read_latent(latent))


def test_the_commands_through_a_real_server(make_server, tmp_path, monkeypatch, capsys):
    home = tmp_path / "home"
    add_small_model(home / "models", "small")
    make_server("--threads", "1", state=home).start()
    monkeypatch.setenv("ZOGRASCOPE_HOME", str(home))
    picture, latent = tmp_path / "map.png", tmp_path / "map.npz"
    Image.new("RGB", (90, 60), (200, 120, 40)).save(picture)
    searching = ["project", "small", str(picture), "--output", str(latent), "--steps", "3"]
    assert main(searching) == 0
    film = tmp_path / "walk.mp4"
    walking = ["walk", "small", "--keyframes", f"{latent},3,17", "--frames", "12"]
    assert main([*walking, "--output", str(film), "--direction", "0:1"]) == 0
    assert Clip(film).count() == 12
    assert verify(film, own_certificate(home)).collection == "Maps of nowhere"
    grid = tmp_path / "grid.png"
    assert main(["samples", "small", "--output", str(grid), "--count", "4"]) == 0
    with Image.open(grid) as shown:
        assert shown.size == (80, 64)
    capsys.readouterr()
    assert main(["walk", "smell", "--output", str(tmp_path / "out")]) == 1
    assert "zograscope models add" in capsys.readouterr().err
