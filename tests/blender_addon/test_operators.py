"""From an operator to a scene, over a real server, by calling the timer's function."""

import importlib
import os
import signal
from pathlib import Path

import bpy
import pytest

from .conftest import pump


@pytest.fixture
def photograph(tmp_path) -> Path:
    """A small picture of a ground below a sky."""
    path = tmp_path / "meadow.png"
    write_picture(path, 96, 64)
    return path


def write_picture(path: Path, width: int, height: int) -> None:
    import numpy as np

    y, x = np.mgrid[:height, :width] / height
    pixels = np.stack([0.4 + 0.2 * (y > 0.5), 0.3 + 0.1 * np.sin(20 * x), y, y * 0 + 1], axis=-1)
    image = bpy.data.images.new("made", width, height)
    image.pixels.foreach_set(pixels.astype(np.float32).ravel())
    image.file_format = "PNG"
    image.save(filepath=str(path))
    bpy.data.images.remove(image)


def build(link, scene, path: Path, **settings) -> None:
    scene.zograscope_depth.photograph = str(path)
    for name, value in {"quality": "draft", "frames": 4, **settings}.items():
        setattr(scene.zograscope_depth, name, value)
    bpy.ops.zograscope.build_diorama()
    pump(link, lambda: not link.jobs)


def test_a_photograph_becomes_a_diorama(scene, link, photograph):
    build(link, scene, photograph)
    assert not link.errors
    root = bpy.context.view_layer.objects.active
    assert root.name == "meadow"
    assert scene.camera.parent.parent == root
    assert (scene.render.resolution_x, scene.render.resolution_y) == (96, 64)
    assert scene.frame_end == 4
    assert scene.zograscope_depth.job_id == ""
    pump(link, lambda: link.state == "Ready on CPU")


def test_update_depth_keeps_camera_and_settings(scene, link, photograph):
    build(link, scene, photograph)
    root, camera = bpy.context.object, scene.camera
    root["cut_threshold"] = 0.123
    bpy.ops.zograscope.update_depth()
    pump(link, lambda: not link.jobs)
    assert not link.errors
    assert scene.camera == camera
    assert root["cut_threshold"] == pytest.approx(0.123)
    assert [item.name for item in scene.objects if "zograscope_diorama" in item] == ["meadow"]


def test_a_chosen_file_is_built_at_once(scene, link, photograph):
    scene.zograscope_depth.quality = "draft"
    bpy.ops.zograscope.import_photograph(filepath=str(photograph))
    pump(link, lambda: not link.jobs)
    assert not link.errors
    assert "meadow" in bpy.data.objects


@pytest.mark.parametrize(
    ("operator", "suffix", "start"),
    [
        ("export_mesh", ".glb", b"glTF"),
        ("export_mesh", ".ply", b"ply"),
        ("export_depth", ".png", b"\x89PNG"),
        ("export_depth", ".exr", b"v/1\x01"),
    ],
)
def test_export(scene, link, photograph, tmp_path, operator, suffix, start):
    build(link, scene, photograph, camera="none")
    target = tmp_path / f"out{suffix}"
    getattr(bpy.ops.zograscope, operator)(filepath=str(target), suffix=suffix)
    pump(link, lambda: not link.jobs)
    assert not link.errors
    assert target.read_bytes().startswith(start)


def test_a_reopened_file_takes_up_its_job(scene, link, photograph, tmp_path):
    build(link, scene, photograph)  # so that the server runs
    write_picture(tmp_path / "other.png", 80, 64)
    scene.zograscope_depth.photograph = str(tmp_path / "other.png")
    bpy.ops.zograscope.build_diorama()
    pump(link, lambda: link.jobs[0].state != "sending")
    blend = tmp_path / "pending.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(blend))
    link.reconnect()  # as a new Blender would come
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    pump(link, lambda: not link.jobs)
    assert not link.errors
    assert "other" in bpy.data.objects
    assert bpy.context.scene.zograscope_depth.job_id == ""


def test_paths_are_relative_in_a_saved_file(scene, link, photograph, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    build(link, scene, photograph)
    assert not link.errors
    assert '"photograph": "//meadow.png"' in bpy.data.objects["meadow"]["zograscope_source"]


def test_cancel_forgets_the_job(scene, link, photograph):
    scene.zograscope_depth.photograph = str(photograph)
    scene.zograscope_depth.quality = "high"
    bpy.ops.zograscope.build_diorama()
    job_id = link.jobs[0].id
    pump(link, lambda: link.jobs[0].state != "sending")
    bpy.ops.zograscope.cancel_job(job_id=job_id)
    pump(link, lambda: not link.jobs)
    assert not link.errors
    assert scene.zograscope_depth.job_id == ""


class TestRefusals:
    """Every refusal is a sentence in the panel that names what is wrong."""

    def refused(self, link, scene, path, **settings):
        build(link, scene, path, **settings)
        assert not [item for item in scene.objects if "zograscope_diorama" in item]
        assert scene.zograscope_depth.job_id == ""
        return link.errors[-1]

    def test_text_that_calls_itself_a_picture(self, scene, link, tmp_path):
        path = tmp_path / "letter.jpg"
        path.write_text("Dear archive, ...")
        error = self.refused(link, scene, path)
        assert error.code == "not-an-image"
        assert "letter.jpg" in error.sentence

    def test_a_folder(self, scene, link, tmp_path):
        error = self.refused(link, scene, tmp_path)
        assert error.code == "is-a-folder"
        assert str(tmp_path) in error.sentence

    def test_no_file(self, scene, link, tmp_path):
        assert self.refused(link, scene, tmp_path / "gone.jpg").code == "file-not-found"

    def test_nothing_chosen(self, scene, link):
        assert self.refused(link, scene, "").code == "bad-parameters"

    def test_a_model_that_is_not_here(self, scene, link, photograph):
        error = self.refused(link, scene, photograph, model="depth-anything-v2-small")
        assert error.code == "model-not-installed"

    def test_a_download_while_offline(self, scene, link):
        assert not bpy.app.online_access
        bpy.ops.zograscope.download_model()
        assert link.errors[-1].code == "online-access-off"

    def test_no_server_program(
        self, scene, link, server_link, zograscope, home, photograph, monkeypatch
    ):
        monkeypatch.setattr(link, "process", server_link.ServerProcess())
        monkeypatch.setenv("ZOGRASCOPE_HOME", str(home / "nowhere"))
        link.reconnect()
        preferences = bpy.context.preferences.addons[zograscope.__name__].preferences
        preferences.server_command = "/nonexistent/zograscope"
        assert self.refused(link, scene, photograph).code == "server-not-installed"


def test_parts_come_once_and_in_order_though_the_job_pauses(scene, link, server_link):
    from zograscope_protocol.diagnostics import CountOptions

    pending_jobs = importlib.import_module(
        server_link.__name__.replace("server_link", "pending_jobs")
    )
    took, done = [], []
    waiting = pending_jobs.Waiting(
        "Counting",
        on_done=done.append,
        on_part=lambda part: took.append((part.number, part.arrays["data"][0])),
        first_part=2,
    )
    job = link.submit(CountOptions(parts=30, seconds=0.05).submission(), waiting)
    pump(link, lambda: len(took) > 3)
    assert job.pausable
    bpy.ops.zograscope.pause_job(job_id=job.id)
    pump(link, lambda: job.state == "paused")
    assert link.jobs == [job]
    bpy.ops.zograscope.resume_job(job_id=job.id)
    pump(link, lambda: not link.jobs)
    assert [number for number, _ in took] == [*range(2, 30)]
    assert done == [job]
    assert not link.errors


def test_a_job_outlives_its_server(scene, link, photograph, tmp_path):
    build(link, scene, photograph)  # so that the server runs
    write_picture(tmp_path / "survivor.png", 72, 64)
    scene.zograscope_depth.photograph = str(tmp_path / "survivor.png")
    bpy.ops.zograscope.build_diorama()
    pump(link, lambda: link.jobs[0].state not in ("sending",))
    os.kill(link.process._process.pid, signal.SIGKILL)
    pump(link, lambda: link.errors)
    assert link.errors[-1].code == "server-lost"
    assert not link.connected
    bpy.ops.zograscope.start_server()
    pump(link, lambda: not link.jobs)
    assert not link.errors
    assert "survivor" in bpy.data.objects
