"""A server that is wrong: nothing of its answers is built, and all of it is told in words."""

import importlib
import math
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

from .depth.conftest import encode_png, make_result, noise_photograph, wild_disparity
from .generative.conftest import mapped, sampled, walked
from .mosaic.conftest import make_mosaic_result
from .portrait.conftest import made_up_curves, made_up_examination, made_up_rig, moved

NOTHING = math.nan, math.inf, -math.inf
OTHER = [None, "wide", [], {}, True, *NOTHING, 0, -1, 1e300, 10**400, "\ud800"]
"""What a number is not, or should not be."""

Answer = tuple[dict, dict]


def contents() -> dict[str, list[str]]:
    """What the file has, by kind."""
    pools = [pool.identifier for pool in bpy.data.bl_rna.properties if pool.type == "COLLECTION"]
    pools = [pool for pool in pools if pool != "all_ids"]
    return {pool: sorted(item.name for item in getattr(bpy.data, pool)) for pool in pools}


def at(place: str, value: object, answer: Answer) -> Answer:
    """Return an answer with another fact, such as that at "depth.far"."""
    arrays, facts = answer
    *way, last = place.split(".")
    changed = inner = {**facts}
    for step in way:
        inner[step] = inner = {**inner[step]}
    inner[last] = value
    return arrays, changed


def without(name: str, answer: Answer) -> Answer:
    arrays, facts = answer
    return {other: array for other, array in arrays.items() if other != name}, facts


def wrong_arrays(answer: Answer) -> Iterator[tuple[str, Answer]]:
    """Yield answers, each of which has one wrong array."""
    arrays, facts = answer
    for name, array in arrays.items():
        others = {
            "missing": None,
            "empty": np.empty(0, array.dtype),
            "flat": array.reshape(-1)[:3],
            "deep": array[None],
            "one more": np.concatenate([array, array[-1:]]),
            "complex": array.astype(np.complex64),
        }
        if array.dtype.kind == "f":
            for number in (*NOTHING, 1e38):
                others[f"{number}"] = np.full_like(array, number)
        elif array.ndim == 1:  # a file
            others["half"] = array[: len(array) // 2]
            others["text"] = np.frombuffer(b"no picture", np.uint8)
        for kind, other in others.items():
            changed = {key: value for key, value in arrays.items() if key != name}
            yield f"{name} {kind}", (changed if other is None else changed | {name: other}, facts)


def wrong_facts(answer: Answer, *places: str) -> Iterator[tuple[str, Answer]]:
    """Yield answers, each of which has one wrong fact."""
    for place in places:
        for value in OTHER:
            yield f"{place} {value!r:.20}", at(place, value, answer)
    yield "no facts", (answer[0], {})
    yield "facts that are a list", (answer[0], ["depth"])  # type: ignore[dict-item]


@pytest.fixture
def refuse(scene, fake_link):
    """refuse(start, answers, but) -> sees that nothing is made of answers but of those named."""

    def refuse(
        start: Callable[[], object],
        answers: Iterator[tuple[str, Answer]],
        but: tuple[str, ...] = (),
    ) -> None:
        start()
        (job,) = fake_link.jobs
        job.finish("cancelled")
        fake_link.tick()  # what a start leaves is there from the beginning
        before, count = contents(), 0
        for what, (arrays, facts) in answers:
            if what.startswith(but):
                continue
            fake_link._job_errors.clear()
            start()
            (job,) = fake_link.jobs
            job.finish(**arrays)
            job.result.metadata = facts
            fake_link.tick()
            codes = [error.code for error in fake_link.errors]
            assert codes == ["result-wrong"], what
            assert contents() == before, what
            assert not fake_link.jobs, what
            count += 1
        assert count > 10

    return refuse


def test_dioramas(refuse, scene, tmp_path):
    scene.zograscope_depth.photograph = file(tmp_path / "meadow.png")
    answer = make_result(noise_photograph(16, 24), wild_disparity(8, 12))
    places = ("intrinsics.focal_length", "intrinsics.cx", "depth.near", "depth.far")
    places += ("photograph.width", "photograph.height", "background.rectangle", "depth.model")
    answers = [*wrong_arrays(answer), *wrong_facts(answer, *places)]
    answers.append(("turned", at("depth.near", 9.0, answer)))
    answers.append(("other size", at("photograph.width", 23, answer)))
    sound = ("dome missing", "disparity one more", "background_disparity one more")
    sound += ("intrinsics.cx 0", "intrinsics.cx -1", "depth.model '\\ud800'", "depth.model 'wide'")
    refuse(bpy.ops.zograscope.build_diorama, iter(answers), sound)


def test_mosaics(refuse, scene, tmp_path):
    scene.zograscope_mosaic.collection = str(tmp_path)
    answer = make_mosaic_result(5, 2)
    places = ("count", "atlas.columns", "atlas.page_pixels", "atlas.pages", "atlas.suffix")
    places += ("layouts", "clusters", "left_out")
    answers = [*wrong_arrays(answer), *wrong_facts(answer, *places)]
    answers.append(("way out", at("atlas.suffix", "/../../x.png", answer)))
    answers.append(("no atlas at all", at("atlas", None, without("atlas.0", answer))))
    lines = np.frombuffer(b'{"name": 1}\n' * 5, np.uint8)
    answers.append(("odd tiles", ({**answer[0], "tiles": lines}, answer[1])))
    sound = ("value.date missing", "value.cluster missing", "problems empty", "problems flat")
    sound += ("left_out 0", "no atlas at all", "problems half", "problems text", "problems one")
    sound += ("clusters []", "tiles one more")
    refuse(bpy.ops.zograscope.build_mosaic, iter(answers), sound)


def test_portraits(refuse, scene, tmp_path):
    settings = scene.zograscope_portrait
    settings.picture, settings.driver = file(tmp_path / "a.png"), file(tmp_path / "b.mp4")
    rig, places = made_up_rig(8, 8), ("size", "face_width", "expressions", "textures")
    answers = [*wrong_arrays(rig), *wrong_facts(rig, *places)]
    sound = ("pivot flat",)
    refuse(bpy.ops.zograscope.make_portrait_rig, iter(answers), sound)
    found = made_up_examination()
    answers = [*wrong_arrays(found), *wrong_facts(found, "size", "faces", "handles")]
    sound = ("points missing", "faces None")
    refuse(bpy.ops.zograscope.examine_portrait, iter(answers), sound)
    curves = made_up_curves(3)
    answers = [*wrong_arrays(curves), *wrong_facts(curves, "rate", "expressions", "sound_suffix")]
    refuse(bpy.ops.zograscope.track_driver, iter(answers), ("sound_suffix None", "times flat"))


def test_dreams(refuse, scene):
    grid = sampled()
    answers = [*wrong_arrays(grid), *wrong_facts(grid, "seeds", "columns")]
    sound = ("latents missing", "seeds [")
    refuse(bpy.ops.zograscope.show_samples, iter(answers), sound)
    board = mapped()
    answers = [*wrong_arrays(board), *wrong_facts(board, "side", "model")]
    sound = ("seeds missing", "model 'wide'", "model '\\ud800'")
    refuse(bpy.ops.zograscope.show_latent_map, iter(answers), sound)


def file(path) -> str:
    path.write_bytes(encode_png(noise_photograph(8, 8)).tobytes())
    return str(path)


PNG = encode_png(noise_photograph(8, 8))


@pytest.mark.parametrize(
    "part",
    [
        {},
        {"file": PNG[:20]},
        {"file": np.zeros(0, np.uint8)},
        {"file": PNG.astype(np.float32)},
        {"file": PNG.reshape(1, -1)},
    ],
)
def test_frames_that_are_none_end_their_job_and_leave_nothing(scene, fake_link, tmp_path, part):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "work.blend"))
    before = contents()
    bpy.ops.zograscope.dream_walk()
    (job,) = fake_link.jobs
    job.send(0, **part)
    fake_link.tick()
    assert [error.code for error in fake_link.errors] == ["result-wrong"]
    assert job.asked == "given up"
    assert not fake_link.jobs
    assert bpy.context.scene.zograscope_generative.job_id == ""
    assert contents() == before
    assert [path.name for path in tmp_path.iterdir()] == ["work.blend"]


def test_a_walk_without_its_times_leaves_the_frames(scene, fake_link, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "work.blend"))
    bpy.ops.zograscope.dream_walk()
    (job,) = fake_link.jobs
    job.send(0, file=PNG)
    fake_link.tick()
    arrays, facts = walked(1)
    job.finish(**arrays | {"times": np.array([math.nan])})
    job.result.metadata.update(facts)
    fake_link.tick()
    assert [error.code for error in fake_link.errors] == ["result-wrong"]
    assert [path.name for path in tmp_path.glob("default_walk/*")] == ["0001.png"]


@pytest.mark.parametrize("answer", [{}, {"file": np.zeros(0, np.uint8)}, {"file": np.zeros(4)}])
def test_exports_write_no_file(scene, fake_link, zograscope, tmp_path, answer):
    builders = importlib.import_module(f"{zograscope.__name__}.depth.builders")
    builders.build_diorama(*make_result(noise_photograph(8, 8), wild_disparity(4, 4)), "A", scene)
    bpy.ops.zograscope.export_depth(filepath=str(tmp_path / "depth.png"), suffix=".png")
    (job,) = fake_link.jobs
    job.finish(**answer)
    fake_link.tick()
    assert [error.code for error in fake_link.errors] == ["result-wrong"]
    assert not [*tmp_path.iterdir()]


class TestABuilderThatFails:
    """It takes back what it made, and windows show what they showed."""

    @pytest.fixture
    def taking_back(self, zograscope):
        return importlib.import_module(f"{zograscope.__name__}.taking_back").taking_back

    def test_nothing_is_left_wherever_it_fails(self, scene, fake_link, zograscope, tmp_path):
        scene.zograscope_depth.photograph = file(tmp_path / "meadow.png")
        scene.zograscope_depth.camera = "none"  # to plan a move takes its time
        bpy.ops.mesh.primitive_cube_add()
        arrays, facts = make_result(noise_photograph(16, 24), wild_disparity(8, 12))
        building = importlib.import_module(f"{zograscope.__name__}.depth.building")
        before = contents()
        with pytest.MonkeyPatch.context() as patch:
            for step in ("look_through_camera", "remember", "push_undo"):
                patch.setattr(building, step, fail)
                bpy.ops.zograscope.build_diorama()
                (job,) = fake_link.jobs
                job.finish(**arrays)
                job.result.metadata.update(facts)
                with pytest.raises(ArithmeticError):
                    fake_link.tick()
                assert fake_link.errors[-1].code == "internal"
                assert contents() == before, step
                assert bpy.context.window_manager.windows[0].scene == scene
                patch.undo()

    def test_what_was_there_stays(self, scene, taking_back):
        kept = bpy.data.objects.new("kept", None)
        scene.collection.objects.link(kept)
        with pytest.raises(ArithmeticError), taking_back():
            made = bpy.data.objects.new("made", bpy.data.meshes.new("made"))
            scene.collection.objects.link(made)
            made.parent = kept
            kept.name = "renamed"
            fail()
        assert [item.name for item in scene.objects] == ["renamed"]
        assert not bpy.data.meshes
        with taking_back():
            bpy.data.objects.new("made", None)
        assert "made" in bpy.data.objects


def fail(*_: object, **__: object) -> None:
    raise ArithmeticError("a bug")


class TestThePanel:
    """It draws whatever it is given."""

    @pytest.fixture
    def panel(self, zograscope):
        return importlib.import_module(f"{zograscope.__name__}.server_panel")

    @pytest.mark.parametrize(
        "facts",
        [
            {"fraction": "half", "stage": {"a": 1}, "state": ["running"]},
            {"fraction": math.nan, "stage": "\ud800" * 9, "detail": "\udfff"},
            {"fraction": 10**400, "stage": "long " * 100_000, "detail": "x" * 100_000},
            {"fraction": -1, "stage": "\n\r\t\0", "detail": 3, "state": None},
            {"fraction": True},
        ],
    )
    def test_jobs(self, panel, facts):
        layout = Layout()
        job = SimpleNamespace(id="1", pausable=True, fraction=0, stage="", detail="", state="")
        vars(job).update(facts)
        waiting = SimpleNamespace(title="\ud800 of a photograph")
        panel.draw_job(layout, SimpleNamespace(job=job, waiting=waiting))
        assert layout.texts
        for text in layout.texts:
            assert len(text.encode()) < 1000
        assert all(0 <= factor <= 1 for factor in layout.factors)

    def test_errors(self, panel):
        from zograscope_protocol.errors import ZograscopeError

        context = SimpleNamespace(
            region=SimpleNamespace(width=280),
            preferences=SimpleNamespace(system=SimpleNamespace(ui_scale=1.0)),
        )
        for sentence in ("\ud800", "", "x" * 100_000, "word " * 50_000, "\n\n"):
            layout = Layout()
            error = ZograscopeError.from_header({"code": "c", "sentence": sentence})
            panel.draw_error(layout, context, error, 0)
            assert len(layout.texts) < 50
            for text in layout.texts:
                text.encode()


class Layout:
    """Takes note of what is drawn, as strict as Blender's own."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.factors: list[float] = []
        self.alert = False

    def row(self, **_: object) -> "Layout":
        return self

    box = column = row

    def label(self, *, text: str = "", icon: str = "NONE") -> None:
        assert isinstance(text, str)
        self.texts.append(text)

    def progress(self, *, factor: float, text: str) -> None:
        assert isinstance(factor, float)
        self.factors.append(factor)
        self.label(text=text)

    def operator(self, name: str, **_: object) -> SimpleNamespace:
        return SimpleNamespace()


@pytest.mark.parametrize("state", [{"a": 1}, ["idle"], None, 3])
def test_a_server_that_is_wrong_about_itself_is_shown_as_connected(fake_link, state):
    told = [{"state": state, "device": {}}]
    fake_link._note_status({"workers": told, "jobs": told})
    fake_link._note_models({"models": [{"name": state}, state]})
    fake_link.tick()
    assert fake_link.state == "Connected"
    assert fake_link.models == []
    fake_link._note_status({"workers": state, "jobs": state})
    fake_link.tick()


@pytest.mark.parametrize("place", ["face_width", "rate", "size", "expressions"])
def test_what_is_told_of_a_moving_portrait_is_read_first(zograscope, place):
    from zograscope_protocol.errors import ZograscopeError
    from zograscope_protocol.portrait.tasks import PortraitOptions

    arrays, facts = moved(2)
    PortraitOptions.result.read(arrays, facts)
    for value in OTHER:
        with pytest.raises(ZograscopeError, match="cannot be used"):
            PortraitOptions.result.read(arrays, facts | {place: value})
