"""Whose jobs are: what stops and hides what, and what waits until Blender can be written to."""

import importlib
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

from .depth.conftest import make_result, noise_photograph, wild_disparity


@pytest.fixture
def pending_jobs(zograscope):
    return importlib.import_module(zograscope.__name__ + ".pending_jobs")


@pytest.fixture
def submit(fake_link, pending_jobs):
    """submit(title, **of what waits for it) -> job"""
    from zograscope_protocol.submission import Submission

    def submit(title: str, **waiting):
        waiting.setdefault("on_done", lambda job: None)
        return fake_link.submit(
            Submission("sleep", {}), pending_jobs.Waiting(title, **waiting), job_id=title
        )

    return submit


def picture(tmp_path) -> str:
    path = tmp_path / "meadow.png"
    path.write_bytes(b"only the server looks inside")
    return str(path)


class TestBuildButtons:
    """They wait for a build of the same scene and capability, and for nothing else."""

    def test_a_download_stops_no_artist(self, scene, submit):
        submit("Download of a model")
        assert bpy.ops.zograscope.build_diorama.poll()
        assert bpy.ops.zograscope.build_mosaic.poll()

    def test_a_build_stops_its_own_kind_only(self, scene, fake_link, tmp_path):
        scene.zograscope_depth.photograph = picture(tmp_path)
        bpy.ops.zograscope.build_diorama()
        assert not bpy.ops.zograscope.build_diorama.poll()
        assert bpy.ops.zograscope.build_mosaic.poll()
        (pending,) = fake_link.pending
        assert pending.waiting.title == "Diorama of meadow.png"
        with bpy.context.temp_override(scene=bpy.data.scenes.new("other")):
            assert bpy.ops.zograscope.build_diorama.poll()
        pending.job.finish("cancelled")
        fake_link.tick()
        assert bpy.ops.zograscope.build_diorama.poll()
        assert scene.zograscope_depth.job_id == ""

    def test_a_scene_may_be_renamed_meanwhile(self, scene, fake_link, tmp_path):
        scene.zograscope_depth.photograph = picture(tmp_path)
        bpy.ops.zograscope.build_diorama()
        scene.name = "Another name"
        assert not bpy.ops.zograscope.build_diorama.poll()
        fake_link.jobs[0].finish("cancelled")
        fake_link.tick()
        assert scene.zograscope_depth.job_id == ""

    def test_the_result_for_another_file_is_dropped(self, scene, fake_link, tmp_path):
        scene.zograscope_depth.photograph = picture(tmp_path)
        bpy.ops.zograscope.build_diorama()
        (job,) = fake_link.jobs
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        arrays, metadata = make_result(noise_photograph(32, 32), wild_disparity(16, 16))
        job.finish(**arrays)
        job.result.metadata.update(metadata)
        fake_link.tick()
        assert not fake_link.jobs
        assert not fake_link.errors
        assert len(bpy.context.scene.objects) == 0


def test_a_file_that_is_reverted_goes_on_sending(scene, fake_link, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "work.blend"))
    bpy.context.scene.zograscope_depth.photograph = picture(tmp_path)
    bpy.ops.zograscope.build_diorama()
    (job,) = fake_link.jobs
    bpy.ops.wm.save_mainfile()
    job.state = "sending"
    bpy.ops.wm.revert_mainfile()
    assert fake_link.jobs == [job]
    assert not bpy.ops.zograscope.build_diorama.poll()
    job.state = "running"
    bpy.ops.wm.revert_mainfile()
    assert [other.id for other in fake_link.jobs] == [job.id]
    assert fake_link.jobs[0] is not job


def test_the_cancel_button_stops_its_own_job(fake_link, submit):
    first, second = submit("first"), submit("second")
    bpy.ops.zograscope.cancel_job(job_id="first")
    assert (first.asked, second.asked) == ("cancel", "")
    bpy.ops.zograscope.cancel_job()
    assert second.asked == "cancel"


class TestErrors:
    def fail(self, job, code: str) -> None:
        from zograscope_protocol.errors import ZograscopeError

        job.finish("failed", ZograscopeError(code))

    def test_none_hides_another(self, fake_link, submit):
        self.fail(submit("first"), "out-of-memory")
        self.fail(submit("second"), "spool-full")
        fake_link.tick()
        assert [error.code for error in fake_link.errors] == ["out-of-memory", "spool-full"]

    def test_who_starts_anew_has_read_his_own(self, fake_link, submit, pending_jobs):
        mine, yours = pending_jobs.Owner(1, "depth"), pending_jobs.Owner(1, "mosaic")
        self.fail(submit("first", owner=mine), "out-of-memory")
        self.fail(submit("second", owner=yours), "spool-full")
        fake_link.tick()
        submit("third", owner=mine)
        assert [error.code for error in fake_link.errors] == ["spool-full"]

    def test_a_refusal_is_told_once(self, scene, fake_link):
        for _ in range(3):
            bpy.ops.zograscope.build_diorama()
        assert [error.code for error in fake_link.errors] == ["bad-parameters"]

    def test_a_builder_that_breaks_is_told_and_ends(self, fake_link, submit):
        def on_done(job):
            raise ArithmeticError("a bug")

        submit("first", on_done=on_done).finish()
        with pytest.raises(ArithmeticError):
            fake_link.tick()
        assert fake_link.errors[-1].code == "internal"
        assert not fake_link.jobs


class TestWhenBlenderCannotBeWrittenTo:
    def test_results_and_parts_wait(self, fake_link, submit, change):
        took: list[object] = []
        job = submit(
            "first",
            on_done=lambda job: took.append("done"),
            on_part=lambda p: took.append(p.number),
        )
        job.send(0)
        job.finish()
        change(False)
        for _ in range(3):
            fake_link.tick()
        assert took == []
        assert fake_link.jobs == [job]
        change(True)
        for _ in range(3):
            fake_link.tick()
        assert took == [0, "done"]

    def test_it_says_so_itself(self, scene, pending_jobs, monkeypatch):
        assert pending_jobs.blender_can_be_changed()
        assert pending_jobs.PROBE not in scene
        app = SimpleNamespace(is_job_running=lambda kind: kind == "RENDER")
        monkeypatch.setattr(pending_jobs.bpy, "app", app)
        assert not pending_jobs.blender_can_be_changed()

    def test_a_context_that_only_draws(self, pending_jobs, monkeypatch):
        class Drawn:
            library = None

            def __setitem__(self, name, value):
                raise AttributeError("Writing to ID classes in this context is not allowed")

        monkeypatch.setattr(pending_jobs.bpy, "data", SimpleNamespace(scenes=[Drawn()]))
        assert not pending_jobs.blender_can_be_changed()


class TestParts:
    def test_all_come_in_order_before_the_result(self, fake_link, submit):
        took: list[object] = []
        job = submit(
            "first",
            on_done=lambda job: took.append("done"),
            on_part=lambda part: took.append(part.number),
            first_part=2,
        )
        assert job.followed == 2
        for number in range(2, 40):
            job.send(number)
        job.finish()
        while fake_link.jobs:
            fake_link.tick()
        assert took == [*range(2, 40), "done"]

    def test_a_tick_takes_what_its_budget_allows_but_one_at_least(
        self, fake_link, submit, server_link, monkeypatch
    ):
        monkeypatch.setattr(server_link, "BUDGET", 0.0)
        took: list[int] = []
        job = submit("first", on_part=lambda part: took.append(part.number))
        for number in range(3):
            job.send(number)
        fake_link.tick()
        assert took == [0]
        fake_link.tick()
        assert took == [0, 1]

    def test_one_that_finds_no_room_comes_again(self, fake_link, submit, pending_jobs, monkeypatch):
        from zograscope_protocol.errors import ZograscopeError

        full, took = True, []

        def on_part(part):
            if full:
                raise ZograscopeError("output-exists", path="0001.png")
            took.append(part.number)

        monkeypatch.setattr(pending_jobs, "RETRY_INTERVAL", 0.0)
        job = submit("first", on_part=on_part)
        job.send(0)
        job.send(1)
        job.finish()
        for _ in range(3):
            fake_link.tick()
        assert [error.code for error in fake_link.errors] == ["output-exists"]
        assert fake_link.jobs == [job]
        full = False
        while fake_link.jobs:
            fake_link.tick()
        assert took == [0, 1]

    def test_a_cancelled_job_waits_for_no_room(self, fake_link, submit):
        from zograscope_protocol.errors import ZograscopeError

        stopped = []

        def on_part(part):
            raise ZograscopeError("output-exists", path="0001.png")

        job = submit("first", on_part=on_part, on_stopped=lambda: stopped.append(True))
        job.send(0)
        job.finish("cancelled")
        fake_link.tick()
        assert not fake_link.jobs
        assert stopped == [True]


class TestPreviews:
    @pytest.mark.parametrize(
        "preview",
        [
            np.full((30, 40), 0.5, np.float32),
            np.full((30, 40, 3), 128, np.uint8),
            np.zeros((3000, 1000), np.float64),
            np.zeros((1, 1, 3), np.float32),
        ],
    )
    def test_any_shape_becomes_an_icon_without_a_window(self, fake_link, submit, preview):
        job = submit("first")
        job.preview = preview
        fake_link.tick()
        assert isinstance(fake_link.previews.icon("first"), int)
        job.finish()
        fake_link.tick()
        assert fake_link.previews.icon("first") == 0

    def test_the_picture_is_the_preview(self, fake_link, submit):
        job = submit("first")
        for top in (0.0, 1.0):
            job.preview = np.array([[top, 0.25]] + [[0.5, 0.5]] * 2, np.float32)
            fake_link.tick()
        icon = fake_link.previews._icons["first"]
        assert tuple(icon.image_size) == (2, 3)
        pixels = np.array(icon.image_pixels_float).reshape(3, 2, 4)
        assert pixels[-1, :, 0] == pytest.approx([1.0, 0.25], abs=1 / 255)
        assert pixels[0, :, 1] == pytest.approx([0.5, 0.5], abs=1 / 255)
        assert (pixels[..., 3] == 1).all()

    def test_large_ones_are_made_small(self, zograscope):
        previews = importlib.import_module(zograscope.__name__ + ".job_previews")
        assert previews.icon_pixels(np.zeros((1000, 513, 3))).shape == (250, 129, 4)

    def test_leaving_frees_them(self, fake_link, submit):
        submit("first").preview = np.zeros((4, 4))
        fake_link.tick()
        assert fake_link.previews._icons is not None
        fake_link.reconnect()
        assert fake_link.previews._icons is None
