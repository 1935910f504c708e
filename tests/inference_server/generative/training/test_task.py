"""The task `train` on a real server: what it gives, and that nothing disturbs it."""

import json

import cv2
import numpy as np
import pytest
from safetensors.numpy import load
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.generative.tasks import TrainOptions, WalkOptions

from ...conftest import Server

STEPS = 120  # a second or two, in which it is paused and killed


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("state"), "--threads", "1").start()
    yield server
    server.stop()


def asked(drawings, name: str, **more) -> TrainOptions:
    how = {"images": STEPS * 4 / 1000, "batch": 4, "channels": 4, "sample_every": 100.0} | more
    return TrainOptions(collection=str(drawings), name=name, rights="drawn by tests", **how)


def weights(result) -> dict[str, np.ndarray]:
    return load(result.arrays["model"].tobytes())


def decoded(file: np.ndarray) -> np.ndarray:
    return cv2.imdecode(file, cv2.IMREAD_COLOR)


@pytest.fixture(scope="module")
def undisturbed(server, drawings):
    """Parts and result of a training that nobody disturbs."""
    with server.client() as client:
        job = client.submit(*asked(drawings, "undisturbed", sample_every=0.01).submission())
        parts = list(client.parts(job))
        return parts, client.wait(job)


def test_grids_come_as_it_learns(undisturbed):
    parts, result = undisturbed
    assert len(parts) >= 2
    shown = [part.metadata["images"] for part in parts]
    assert shown == sorted(shown)
    assert shown[-1] == STEPS * 4
    assert parts[-1].metadata["remaining"] == 0 < parts[0].metadata["remaining"]
    for part in parts:
        assert decoded(part.arrays["grid"]).shape == (8 * 64, 8 * 64, 3)
        assert {"frechet", "diversity", "nearest", "minutes"} <= set(part.metadata)
    assert parts[-1].arrays["grid"].tobytes() == result.arrays["grid"].tobytes()


def test_the_model_is_in_the_catalogue_with_its_card(server, undisturbed, drawings):
    _, result = undisturbed
    folder = server.state / "models" / "undisturbed"
    card = json.loads((folder / "config.json").read_text())["card"]
    assert card == result.metadata["card"]
    assert card["finished"]
    assert card["rights"] == "drawn by tests"
    assert card["shown"] == STEPS * 4
    assert (folder / "model.safetensors").read_bytes() == result.arrays["model"].tobytes()
    assert drawings.name in (folder / "README.md").read_text()
    assert any("only 24 images" in warning for warning in result.metadata["warnings"])
    with server.client() as client:
        assert "undisturbed" in {model["name"] for model in client.models()}
        walk = client.submit(*WalkOptions(model="undisturbed", frames=2).submission())
        frames = [decoded(part.arrays["file"]) for part in client.parts(walk)]
    assert [frame.shape for frame in frames] == [(64, 64, 3)] * 2


def test_what_it_makes_says_that_it_was_made(undisturbed, tmp_path, server):
    from zograscope_server.provenance.certificates import own_certificate
    from zograscope_server.provenance.verification import verify

    _, result = undisturbed
    for name in ("grid", "memorised"):
        path = tmp_path / f"{name}.png"
        path.write_bytes(result.arrays[name].tobytes())
        found = verify(path, own_certificate(server.state))
        assert "undisturbed" in found.in_words(path.name)


def test_a_pause_a_short_job_and_deaths_change_nothing(server, undisturbed, drawings):
    with server.client() as client:
        job = client.submit(*asked(drawings, "disturbed").submission())

        def learning() -> bool:
            client.client.poll()
            return job.stage == "Learning"

        server.wait_until(learning, "the first steps")
        client.run("sleep", {"seconds": 0.1, "steps": 1}, {})  # for which it makes way
        server.wait_until(learning, "that it goes on")
        client.pause(job)
        assert job.state == "paused"
        client.resume(job)
        server.wait_until(lambda: client.client.poll() or job.state == "running", "that it runs")
        server.worker(client).kill()
        result = client.wait(job)
    wanted, found = weights(undisturbed[1]), weights(result)
    assert wanted.keys() == found.keys()
    assert all(np.array_equal(wanted[key], found[key]) for key in wanted)


def test_a_cancelled_training_leaves_its_latest_model_and_may_begin_again(server, drawings):
    with server.client() as client:
        options = asked(drawings, "cancelled", images=10.0, sample_every=0.01)
        job = client.submit(*options.submission())
        server.wait_until(lambda: client.client.poll() or job.parts >= 1, "a grid")
        client.cancel(job)
        card = json.loads((server.state / "models/cancelled/config.json").read_text())["card"]
        assert not card["finished"]
        assert (server.state / "models/cancelled/model.safetensors").is_file()
        client.run(*asked(drawings, "cancelled", images=0.004).submission())


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("model-exists", {"name": "undisturbed"}),
        ("model-name-taken", {"name": "maps"}),
        ("bad-parameters", {"name": "../elsewhere"}),
        ("bad-parameters", {"name": ""}),
        ("bad-parameters", {"collection": ""}),
        ("file-not-found", {"collection": "/nowhere/at/all"}),
    ],
    ids=str,
)
def test_what_cannot_be_trained_is_refused_in_words(server, undisturbed, drawings, code, change):
    options = TrainOptions(**{"collection": str(drawings), "name": "new"} | change)
    with server.client() as client, pytest.raises(ZograscopeError) as caught:
        client.run(*options.submission())
    assert caught.value.code == code


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_can_be_learnt_from_one_picture(server, drawings, tmp_path, count):
    for number in range(count):
        (tmp_path / f"{number}.png").write_bytes((drawings / f"{number:02d}.png").read_bytes())
    with server.client() as client, pytest.raises(ZograscopeError) as caught:
        client.run(*TrainOptions(collection=str(tmp_path), name="none").submission())
    assert caught.value.code == ("collection-too-small" if count else "collection-empty")


@pytest.mark.parametrize("size", [(65, 64), (100, 64)])
def test_a_size_that_no_grid_gives_is_refused(size):
    with pytest.raises(ZograscopeError, match="doubling"):
        TrainOptions(width=size[0], height=size[1])
