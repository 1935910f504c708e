"""What an artist does while a job runs, and after it: nothing is lost, nothing is in the way."""

import importlib
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

from .depth.conftest import encode_png, make_result, noise_photograph, wild_disparity
from .mosaic.conftest import make_mosaic_result
from .test_wrong_answers import contents, file

WIDTH, HEIGHT = 24, 16


@pytest.fixture
def photograph(scene, fake_link, tmp_path) -> str:
    """A photograph that is chosen, in a scene that has something in it already."""
    scene.collection.objects.link(bpy.data.objects.new("mine", None))
    settings = scene.zograscope_depth
    settings.camera, settings.frames = "push_in", 12
    settings.photograph = file(tmp_path / "meadow.png")
    return settings.photograph


@pytest.fixture(autouse=True)
def quick_moves(zograscope, monkeypatch):
    """How far a camera may go takes its time to find out, and is tested elsewhere."""
    cameras = importlib.import_module(f"{zograscope.__name__}.depth.cameras")
    monkeypatch.setattr(cameras, "measured_reach", lambda *_: 0.05)


def finish(link) -> None:
    """Let the server answer the oldest job of a diorama."""
    job = dioramas(link)[0].job
    arrays, facts = make_result(noise_photograph(HEIGHT, WIDTH), wild_disparity(8, 12))
    job.finish(**arrays)
    job.result.metadata.update(facts)
    link.tick()


def dioramas(link) -> list:
    """The jobs of dioramas that are waited for; what lies behind some is still painted."""
    return [pending for pending in link.pending if pending.job.task == "diorama"]


def roots() -> list[bpy.types.Object]:
    return [item for item in bpy.data.objects if "zograscope_diorama" in item]


def undo_step(message: str) -> None:
    with window():
        bpy.ops.ed.undo_push(message=message)


def undo() -> None:
    with window():
        bpy.ops.ed.undo()


def window():
    return bpy.context.temp_override(window=bpy.context.window_manager.windows[0])


class TestUndoWhileAJobRuns:
    def test_the_diorama_is_built_all_the_same(self, photograph, fake_link):
        undo_step("before")
        bpy.ops.zograscope.build_diorama()
        bpy.data.objects.new("done meanwhile", None)
        undo_step("meanwhile")
        undo()
        assert bpy.context.scene.zograscope_depth.job_id == "", "Undo takes back what it holds"
        bpy.context.scene.name = "Renamed"
        assert not bpy.ops.zograscope.build_diorama.poll()
        finish(fake_link)
        assert not fake_link.errors
        assert [root.name for root in roots()] == ["meadow"]

    def test_the_rest_frame_is_shown(self, photograph, fake_link):
        settings = bpy.context.scene.zograscope_depth
        settings.camera, settings.frames = "orbit", 25
        bpy.ops.zograscope.build_diorama()
        finish(fake_link)
        (root,) = roots()
        (own,) = root.users_scene
        assert own.frame_current == 13  # the middle of 25
        bpy.context.window.scene = own
        bpy.context.view_layer.update()
        assert np.allclose(own.camera.matrix_world, root.matrix_world, atol=1e-6)

    def test_a_file_that_is_saved_then_knows_of_the_job(self, photograph, fake_link, tmp_path):
        undo_step("before")
        bpy.ops.zograscope.build_diorama()
        undo_step("meanwhile")
        undo()
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "work.blend"))
        fake_link.pending.clear()  # as a new Blender would come
        bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "work.blend"))
        finish(fake_link)
        assert [root.name for root in roots()] == ["meadow"]

    def test_a_file_that_is_saved_later_does_not_know_of_it(self, photograph, fake_link, tmp_path):
        bpy.ops.zograscope.build_diorama()
        undo_step("waiting")
        finish(fake_link)
        undo()
        assert bpy.context.scene.zograscope_depth.job_id
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "work.blend"))
        bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "work.blend"))
        assert not dioramas(fake_link)

    def test_a_scene_that_is_gone_is_told(self, photograph, fake_link):
        bpy.data.scenes.new("other")
        bpy.ops.zograscope.build_diorama()
        bpy.data.scenes.remove(bpy.context.scene)
        finish(fake_link)
        assert [error.code for error in fake_link.errors] == ["scene-gone"]
        assert "Diorama of meadow.png" in fake_link.errors[0].sentence
        assert not roots()

    def test_new_depth_finds_its_diorama_under_another_name(self, photograph, fake_link):
        bpy.ops.zograscope.build_diorama()
        finish(fake_link)
        (root,) = roots()
        bpy.ops.zograscope.update_depth()
        root.name = "Renamed"
        finish(fake_link)
        assert not fake_link.errors
        assert roots() == [root]


class TestASketchOfWhatLiesBehind:
    """A diorama stands as soon as its depth is known, and is painted behind afterwards."""

    @pytest.fixture
    def asked(self, photograph, fake_link, monkeypatch) -> list[tuple[str, dict]]:
        """What the server is asked, in turn."""
        asked, submit = [], fake_link._client.submit

        def note(task, parameters, inputs, job_id=None):
            asked.append((task, parameters))
            return submit(task, parameters, inputs, job_id)

        monkeypatch.setattr(fake_link._client, "submit", note, raising=False)
        return asked

    @staticmethod
    def paint(link, colour) -> None:
        """Let the server answer with a background and a dome of one colour."""
        (job,) = link.jobs
        picture = encode_png(np.full((20, 30, 3), colour, np.uint8))
        nowhere = np.zeros((9, 9), np.float32)
        job.finish(background=picture, background_disparity=nowhere, dome=picture)
        job.result.metadata["background"] = {"rectangle": [-3, -2, WIDTH + 3, HEIGHT + 2]}
        link.tick()

    @staticmethod
    def colour_of(part: str) -> tuple[int, ...]:
        (layer,) = [item for item in bpy.data.objects if item.get("zograscope_part") == part]
        nodes = layer.data.materials[0].node_tree.nodes
        (image,) = {n.image for n in nodes if n.type == "TEX_IMAGE" and n.image}
        return tuple(round(255 * value) for value in image.pixels[:3])

    def test_is_painted_when_the_diorama_stands(self, asked, fake_link):
        bpy.ops.zograscope.build_diorama()
        assert asked[0][1]["sketch"] is True
        finish(fake_link)
        (root,) = roots()
        assert root["zograscope_sketched"]
        task, parameters = asked[1]
        assert task == "paint_background" and parameters["matte"] is True
        assert parameters["focal_length"] == pytest.approx(1.1 * WIDTH)
        before = self.colour_of("background"), self.colour_of("dome")
        self.paint(fake_link, (255, 255, 0))
        assert (self.colour_of("background"), self.colour_of("dome")) == ((255, 255, 0),) * 2
        assert not root["zograscope_sketched"] and not fake_link.jobs
        undo()
        assert (self.colour_of("background"), self.colour_of("dome")) == before
        assert len(roots()) == 1

    def test_can_be_painted_later(self, asked, fake_link, zograscope):
        background, diorama = (
            importlib.import_module(f"{zograscope.__name__}.depth.{name}")
            for name in ("plates.background", "diorama")
        )
        bpy.ops.zograscope.build_diorama()
        finish(fake_link)
        (root,) = roots()
        found = diorama.find_diorama(root)
        assert not background.is_left_unpainted(found), "it is on its way"
        fake_link.jobs[0].finish("cancelled")
        fake_link.tick()
        assert background.is_left_unpainted(found)
        with bpy.context.temp_override(object=root, scene=root.users_scene[0]):
            bpy.ops.zograscope.paint_background()
        self.paint(fake_link, (255, 255, 0))
        assert not background.is_left_unpainted(found)

    def test_waits_where_the_server_is_gone(self, photograph, fake_link, monkeypatch):
        from zograscope_protocol.errors import ZograscopeError

        gone = ZograscopeError("out-of-memory")

        def submit(task, *given):
            raise gone

        bpy.ops.zograscope.build_diorama()
        monkeypatch.setattr(fake_link._client, "submit", submit, raising=False)
        finish(fake_link)
        assert len(roots()) == 1 and roots()[0]["zograscope_sketched"]
        assert fake_link.errors == [gone]


class TestEsc:
    """It asks before it stops anything, and is left to whatever else waits for it."""

    @pytest.fixture
    def stop(self, zograscope):
        module = importlib.import_module(f"{zograscope.__name__}.job_operators")
        return module.ZOGRASCOPE_OT_stop_latest

    @staticmethod
    def screen(**changes) -> SimpleNamespace:
        shown = {"is_animation_playing": False, "show_fullscreen": False}
        return SimpleNamespace(screen=SimpleNamespace(**shown | changes))

    def test_nothing_waits_in_a_modal_operator(self, zograscope, photograph, fake_link):
        assert not hasattr(bpy.types, "ZOGRASCOPE_OT_watch_jobs")

    def test_without_a_job_it_is_blender_s(self, stop, fake_link):
        assert not stop.poll(self.screen())

    def test_in_playback_it_ends_playback(self, stop, photograph, fake_link):
        bpy.ops.zograscope.build_diorama()
        assert stop.poll(self.screen())
        assert not stop.poll(self.screen(is_animation_playing=True))
        assert not stop.poll(self.screen(show_fullscreen=True))
        assert not stop.poll(SimpleNamespace(screen=None))
        assert fake_link.jobs[0].asked == ""

    def test_the_esc_that_ended_playback_ends_nothing_else(
        self, zograscope, stop, photograph, fake_link, monkeypatch
    ):
        """Blender passes it on when it has done so."""
        operators = importlib.import_module(stop.__module__)
        monkeypatch.setitem(operators._playback, "ended", float("-inf"))  # and back, afterwards
        bpy.ops.zograscope.build_diorama()
        assert operators._note_end_of_playback in bpy.app.handlers.animation_playback_post
        operators._note_end_of_playback()
        assert not stop.poll(self.screen())
        later = operators.time.monotonic() + 2 * operators.SAME_KEY
        monkeypatch.setattr(operators, "time", SimpleNamespace(monotonic=lambda: later))
        assert stop.poll(self.screen())

    def test_it_asks_with_the_name_of_the_latest(self, stop, photograph, fake_link):
        bpy.ops.zograscope.build_diorama()
        asked = {}
        manager = SimpleNamespace(invoke_confirm=lambda operator, event, **what: asked.update(what))
        stop.invoke(None, SimpleNamespace(window_manager=manager), None)
        assert asked["title"] == "Stop: Diorama of meadow.png?"
        assert fake_link.jobs[0].asked == ""
        bpy.ops.zograscope.stop_latest()
        assert fake_link.jobs[0].asked == "cancel"
        assert not stop.poll(self.screen()), "it was stopped already"


class TestImporting:
    def test_while_a_job_runs_it_waits_for_its_turn(self, photograph, fake_link, tmp_path):
        bpy.ops.zograscope.build_diorama()
        other = file(tmp_path / "other.png")
        assert bpy.ops.zograscope.import_photograph(filepath=other) == {"FINISHED"}
        assert len(dioramas(fake_link)) == 1
        finish(fake_link)
        titles = [pending.waiting.title for pending in dioramas(fake_link)]
        assert titles == ["Diorama of other.png"]
        finish(fake_link)
        assert sorted(root.name for root in roots()) == ["meadow", "other"]
        assert not fake_link.errors

    def test_each_of_several_files_is_built(self, scene, fake_link, tmp_path):
        names = ["a.png", "b.png", "c.png"]
        for name in names:
            file(tmp_path / name)
        files = [{"name": name} for name in names]
        bpy.ops.zograscope.import_photograph(directory=str(tmp_path), files=files)
        for _ in names:
            assert len(dioramas(fake_link)) == 1
            finish(fake_link)
        assert sorted(root.name for root in roots()) == ["a", "b", "c"]

    def test_one_that_is_not_there_does_not_stop_the_others(self, scene, fake_link, tmp_path):
        files = [{"name": "gone.png"}, {"name": "here.png"}]
        file(tmp_path / "here.png")
        bpy.ops.zograscope.import_photograph(directory=str(tmp_path), files=files)
        fake_link.tick()
        assert [error.code for error in fake_link.errors] == ["file-not-found"]
        finish(fake_link)
        assert [root.name for root in roots()] == ["here"]


PATHS = [
    *(("zograscope_depth", name) for name in ("photograph", "depth_map")),
    *(("zograscope_mosaic", name) for name in ("collection", "mask", "similar_to")),
    *(("zograscope_portrait", name) for name in ("picture", "driver")),
    *(("zograscope_generative", name) for name in ("sound", "picture", "train_collection")),
]


@pytest.mark.parametrize(("settings", "name"), PATHS)
def test_a_path_beside_the_file_is_no_cause_for_alarm(scene, settings, name):
    choice = getattr(scene, settings).bl_rna.properties[name]
    assert choice.is_path_supports_blend_relative


class TestInTheArtistSOwnScene:
    @pytest.fixture
    def built(self, photograph, fake_link, scene):
        camera = bpy.data.objects.new("my camera", bpy.data.cameras.new("my camera"))
        scene.collection.objects.link(camera)
        scene.camera, scene.frame_start, scene.frame_end = camera, 3, 250
        scene.zograscope_depth.own_scene = False
        bpy.ops.zograscope.build_diorama()
        finish(fake_link)
        (root,) = roots()
        return root

    def parts(self, root) -> dict:
        return {item["zograscope_part"]: item for item in root.children_recursive}

    def test_length_camera_and_colours_stay(self, built, scene):
        assert (scene.frame_start, scene.frame_end) == (3, 250)
        assert scene.camera.name == "my camera"
        assert scene.view_settings.view_transform == "AgX"
        bpy.ops.zograscope.apply_camera()
        assert scene.frame_end == 250

    def test_the_surround_is_a_choice(self, built):
        dome = self.parts(built)["dome"]
        assert dome.hide_render and dome.hide_viewport
        bpy.ops.zograscope.show_dome()
        assert not dome.hide_render and not dome.hide_viewport
        bpy.ops.zograscope.show_dome()
        assert dome.hide_render

    def test_its_camera_and_colours_can_be_had(self, built, scene):
        bpy.ops.zograscope.use_camera(resolution=False)
        assert scene.camera == self.parts(built)["camera"]
        assert scene.render.resolution_x == 1920
        bpy.ops.zograscope.use_camera()
        assert (scene.render.resolution_x, scene.render.resolution_y) == (WIDTH, HEIGHT)
        bpy.ops.zograscope.match_colours()
        assert scene.view_settings.view_transform == "Standard"
        bpy.ops.zograscope.apply_camera()
        assert scene.frame_end == 12, "it shows the diorama alone now"

    def test_it_can_be_seen_in_another_scene_too(self, built):
        other = bpy.data.scenes.new("other")
        bpy.ops.zograscope.bring_into_scene(scene="other")
        assert built.name in other.objects
        assert bpy.ops.zograscope.bring_into_scene(scene="other") == {"CANCELLED"}


class TestDeleting:
    def test_a_diorama_leaves_nothing_and_its_scene_goes_too(self, photograph, fake_link, scene):
        before = contents()
        bpy.ops.zograscope.build_diorama()
        finish(fake_link)
        (root,) = roots()
        assert bpy.context.window_manager.windows[0].scene != scene
        with bpy.context.temp_override(scene=root.users_scene[0], object=root):
            bpy.ops.zograscope.delete_diorama()
        assert contents() == before
        assert bpy.context.window_manager.windows[0].scene == scene

    def test_what_others_use_stays(self, photograph, fake_link, scene):
        scene.zograscope_depth.own_scene = False
        for _ in range(2):
            bpy.ops.zograscope.build_diorama()
            finish(fake_link)
        first, second = roots()
        shared = next(item for item in second.children if item["zograscope_part"] == "photograph")
        scene.collection.objects.link(bpy.data.objects.new("copy", shared.data))
        bpy.context.view_layer.objects.active = second
        bpy.ops.zograscope.delete_diorama()
        assert roots() == [first]
        assert {"mine", "copy"} <= {item.name for item in scene.objects}
        assert bpy.data.objects["copy"].data.materials[0] is not None
        assert len(bpy.data.node_groups) > 0, "the first one lives by them"

    def test_a_mosaic_leaves_nothing(self, scene, zograscope):
        builders = importlib.import_module(f"{zograscope.__name__}.mosaic.builders")
        before = contents()
        mosaic = builders.build_mosaic(*make_mosaic_result(5, 2), "numbers", scene)
        bpy.context.view_layer.objects.active = mosaic.tiles
        bpy.ops.zograscope.delete_mosaic()
        assert contents() == before


class TestMosaics:
    @pytest.fixture
    def builders(self, zograscope):
        return importlib.import_module(f"{zograscope.__name__}.mosaic.builders")

    def answer(self, link, cloud: float = 1.0) -> None:
        (job,) = link.jobs
        arrays, facts = make_mosaic_result(9, 3)
        arrays["layout.0"] = arrays["layout.0"] * np.float32(cloud)
        job.finish(**arrays)
        job.result.metadata.update(facts)
        link.tick()

    def test_it_is_rebuilt_in_its_place(self, scene, fake_link, builders, tmp_path):
        scene.zograscope_mosaic.collection = str(tmp_path)
        bpy.ops.zograscope.build_mosaic()
        self.answer(fake_link)
        (mosaic,) = builders.mosaics(bpy.context.scene)
        mosaic.tiles.name, mosaic.tiles.location.y = "Renamed", 2.0
        count = {kind: len(names) for kind, names in contents().items()}
        bpy.ops.zograscope.rebuild_mosaic()
        self.answer(fake_link)
        assert not fake_link.errors
        (built,) = builders.mosaics(bpy.context.scene)
        assert (built.tiles.name, built.tiles.location.y) == ("Renamed", 2.0)
        assert bpy.context.scene.camera == built.camera
        assert {kind: len(names) for kind, names in contents().items()} == count

    def test_the_camera_of_an_overview_sees_the_whole_cloud(
        self, scene, fake_link, builders, tmp_path
    ):
        settings = scene.zograscope_mosaic
        settings.collection, settings.journey, settings.frames = str(tmp_path), "overview", 12
        bpy.ops.zograscope.build_mosaic()
        self.answer(fake_link, cloud=4.0)
        (mosaic,) = builders.mosaics(scene)
        distance = mosaic.camera.location.length
        bpy.ops.zograscope.morph_to(layout=0, animate=False)
        assert mosaic.camera.location.length > 1.5 * distance


class TestRebuilding:
    def test_it_takes_the_place_of_the_former(self, photograph, fake_link, scene):
        bpy.ops.zograscope.build_diorama()
        finish(fake_link)
        (root,) = roots()
        own = root.users_scene[0]
        root.name, root.location.x = "Renamed", 3.0
        count = {kind: len(names) for kind, names in contents().items()}
        with bpy.context.temp_override(scene=own, object=root):
            bpy.ops.zograscope.rebuild_diorama()
            finish(fake_link)
        assert not fake_link.errors
        (built,) = roots()
        assert (built.name, built.location.x) == ("Renamed", 3.0)
        assert built.users_scene == (own,)
        assert own.camera.parent.parent == built
        assert {kind: len(names) for kind, names in contents().items()} == count

    def test_a_former_one_that_is_gone_is_built_as_new(self, photograph, fake_link, scene):
        bpy.ops.zograscope.build_diorama()
        finish(fake_link)
        (root,) = roots()
        with bpy.context.temp_override(scene=root.users_scene[0], object=root):
            bpy.ops.zograscope.rebuild_diorama()
            bpy.ops.zograscope.delete_diorama()
        fake_link.tick()
        assert not roots()


class TestViewports:
    """They show what was built, and look as before where it is not shown any more."""

    @pytest.fixture
    def looks(self, zograscope):
        module = importlib.import_module(f"{zograscope.__name__}.viewport_looks")
        module._forget()
        return module

    @pytest.fixture
    def space(self) -> bpy.types.SpaceView3D:
        areas = bpy.context.window_manager.windows[0].screen.areas
        return next(area.spaces.active for area in areas if area.type == "VIEW_3D")

    @pytest.fixture
    def before(self, space, looks):
        space.shading.type, space.shading.color_type = "SOLID", "MATERIAL"
        space.overlay.show_floor, space.overlay.show_cursor = True, True
        space.shading.show_object_outline = True
        space.region_3d.view_perspective = "PERSP"
        return looks.look_of(space)

    def test_going_back_and_returning(self, photograph, fake_link, scene, looks, space, before):
        bpy.ops.zograscope.build_diorama()
        finish(fake_link)
        window, (root,) = bpy.context.window_manager.windows[0], roots()
        built = looks.look_of(space)
        assert built["region_3d.view_perspective"] == "CAMERA"
        assert not built["overlay.show_floor"]
        assert not built["shading.show_object_outline"]
        window.scene = scene
        fake_link.tick()
        assert looks.look_of(space) == before
        window.scene = root.users_scene[0]
        fake_link.tick()
        assert looks.look_of(space) == built
        window.scene = scene
        fake_link.tick()
        assert looks.look_of(space) == before

    def test_undo(self, fake_link, scene, looks, space, before, tmp_path):
        scene.zograscope_depth.photograph = file(tmp_path / "meadow.png")
        undo_step("before")
        bpy.ops.zograscope.build_diorama()
        finish(fake_link)
        assert space.region_3d.view_perspective == "CAMERA"
        undo()
        assert not roots()
        fake_link.tick()
        assert looks.look_of(space) == before

    def test_deleting(self, photograph, fake_link, looks, space, before):
        bpy.ops.zograscope.build_diorama()
        finish(fake_link)
        (root,) = roots()
        with bpy.context.temp_override(scene=root.users_scene[0], object=root):
            bpy.ops.zograscope.delete_diorama()
        fake_link.tick()
        assert looks.look_of(space) == before

    def test_two_builds_have_one_before(self, photograph, fake_link, scene, looks, space, before):
        for _ in range(2):
            bpy.ops.zograscope.build_diorama()
            finish(fake_link)
        bpy.context.window_manager.windows[0].scene = scene
        fake_link.tick()
        assert looks.look_of(space) == before

    def test_what_is_built_next_leaves_the_former_as_it_was(
        self, zograscope, photograph, fake_link, scene, looks, space, before
    ):
        """As a mosaic does, which is seen by EEVEE, after a diorama, which Workbench shows."""
        bpy.ops.zograscope.build_diorama()
        finish(fake_link)
        window, (root,) = bpy.context.window_manager.windows[0], roots()
        diorama = looks.look_of(space)
        scenes = importlib.import_module(f"{zograscope.__name__}.scenes")
        other = bpy.data.scenes.new("mosaic")
        other.camera = bpy.data.objects.new("eye", bpy.data.cameras.new("eye"))
        other.collection.objects.link(other.camera)
        window.scene = other
        scenes.look_through_camera(other, "MATERIAL")
        mosaic = looks.look_of(space)
        assert mosaic["shading.type"] == "MATERIAL"
        for shown, look in (
            (root.users_scene[0], diorama), (other, mosaic), (scene, before),
            (root.users_scene[0], diorama),
        ):  # fmt: skip
            window.scene = shown
            fake_link.tick()
            assert looks.look_of(space) == look

    def test_nothing_of_it_is_kept_for_another_file(self, photograph, fake_link, looks):
        bpy.ops.zograscope.build_diorama()
        finish(fake_link)
        assert looks._changed
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        assert not looks._changed and not looks._left


class TestWhatIsToldOfTheServer:
    @pytest.fixture
    def panel(self, zograscope):
        return importlib.import_module(f"{zograscope.__name__}.server_panel")

    def test_nothing_of_a_sentence_is_hidden_by_icon_and_button(self, panel):
        context = SimpleNamespace(
            region=SimpleNamespace(width=280),
            preferences=SimpleNamespace(system=SimpleNamespace(ui_scale=1.0)),
        )
        sentence = "The zograscope program was not found. Install the server (see the README)."
        first, *rest = panel.wrapped(sentence, context, beside=panel.BESIDE_ERROR)
        most = max(map(len, panel.wrapped(sentence, context)))
        assert len(first) <= most - panel.BESIDE_ERROR + 2
        assert " ".join([first, *rest]) == sentence

    def test_diagnostics_have_neither_paths_nor_keys(self, zograscope, fake_link, tmp_path):
        from zograscope_protocol.errors import ZograscopeError

        diagnostics = importlib.import_module(f"{zograscope.__name__}.diagnostics")
        key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
        details = (
            f'File "{tmp_path}/server.py", line 3\nC:\\Users\\Ann\\x.py and \\\\share\\secret\n'
            f"connected to tcp://render-1:7345 with {key}\nValueError: near 0.5/2 is wrong"
        )
        fake_link.tell(owner(fake_link), ZograscopeError("internal", details))
        fake_link.tell(
            owner(fake_link), ZograscopeError("file-not-found", path="/home/ann/a b.png")
        )
        text = diagnostics.describe(fake_link)
        for secret in (str(tmp_path), "Users", "share", "render-1", key, "home/ann"):
            assert secret not in text, text
        assert "Error internal: Something went wrong" in text
        assert "ValueError: near 0.5/2 is wrong" in text
        assert bpy.app.version_string in text

    def test_details_are_drawn_line_by_line(self, panel, fake_link):
        from zograscope_protocol.errors import ZograscopeError

        context = SimpleNamespace(region=None, preferences=None)
        fake_link.tell(owner(fake_link), ZograscopeError("internal", "one\ntwo\n" + "x" * 9000))
        lines = panel.details_of(0, context)
        assert 2 < len(lines) <= panel.MOST_DETAIL_LINES
        assert panel.details_of(7, context) == ["There is nothing more to say"]

    def test_a_server_that_was_killed_did_start(self, zograscope, fake_link, monkeypatch):
        fake_link._client.state = "lost"
        stand_in = SimpleNamespace(failure="somebody ended it (signal 9)", served=True)
        stand_in.running = False
        monkeypatch.setattr(fake_link, "process", stand_in)
        assert fake_link.state == "Ended: somebody ended it (signal 9)"
        stand_in.served = False
        assert fake_link.state.startswith("Did not start: ")

    def test_a_server_that_runs_already_is_found(
        self, zograscope, server_link, tmp_path, monkeypatch
    ):
        from zograscope_protocol.connection import Connection

        monkeypatch.setenv("ZOGRASCOPE_HOME", str(tmp_path))
        link = server_link.link
        link.reconnect()
        link.look_for_server()
        assert link._client is None, "where there is none, nothing is waited for"
        Connection(f"ipc://{tmp_path}/s").write(tmp_path)
        link.look_for_server()
        assert link._client is not None
        link.reconnect()


def owner(link):
    name = link.__module__.replace("server_link", "pending_jobs")
    return importlib.import_module(name).NOBODY
