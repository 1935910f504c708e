"""Frames of a walk come as they are made, in four ways, and a later walk changes only files."""

import bpy
import numpy as np
import pytest

from .conftest import FRAMES, SIDE, answer, frame, render, stream, walked  # noqa: F401

SHOWS = ("PLANE", "SEQUENCER", "WORLD", "RELIEF")


@pytest.fixture
def walks(module):
    return module("generative.walks")


@pytest.fixture
def sequencer(module):
    return module("sequencer")


def run(link, count: int = FRAMES, size=(SIDE, SIDE), **result) -> None:
    assert bpy.ops.zograscope.dream_walk() == {"FINISHED"}, link.errors
    stream(link, *range(count), size=size)
    answer(link, *walked(count, size=size, **result))
    assert not link.errors


def sequences() -> list[bpy.types.Image]:
    return [image for image in bpy.data.images if image.source == "SEQUENCE"]


def the_walk() -> bpy.types.Image:
    (image,) = [image for image in sequences() if "zograscope_walk" in image]
    return image


def strips(scene, kind: str):
    editor = scene.sequence_editor
    return [strip for strip in editor.strips_all if strip.type == kind] if editor else []


def modifier_of(scene):
    (item,) = [item for item in scene.objects if item.modifiers]
    return item.modifiers[0]


def heights_of(scene) -> np.ndarray:
    (item,) = [item for item in scene.objects if item.modifiers]
    mesh = item.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    places = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.vertices.foreach_get("co", places.ravel())
    return places


def test_on_a_plane_its_camera_sees_exactly_the_picture_and_a_loop_repeats(
    settings,
    fake_link,
    sequencer,
    render,  # noqa: F811
):
    run(fake_link, seconds=FRAMES / 24)
    scene = bpy.context.scene
    assert (scene.render.resolution_x, scene.render.resolution_y) == (SIDE, SIDE)
    assert (scene.frame_start, scene.frame_end) == (1, FRAMES)
    assert sequencer.rate_of(scene) == pytest.approx(24)
    image = the_walk()
    assert image.filepath == "//default_walk/0001.png"
    assert image.colorspace_settings.name == "sRGB"
    (sound,) = strips(scene, "SOUND")
    assert sound.sound.filepath == "//default_walk/sound.wav"
    for engine in ("CYCLES", "BLENDER_WORKBENCH"):
        for number in (3, 3 + FRAMES, 0):
            scene.frame_set(number + 1)
            shown = render(scene, engine)[..., :3]
            assert np.abs(shown - frame(number % FRAMES)).max() <= 1


def test_without_a_loop_the_last_frame_stays(settings, fake_link, render):  # noqa: F811
    settings.loop = False
    run(fake_link)
    bpy.context.scene.frame_set(FRAMES + 3)
    shown = render(bpy.context.scene, "BLENDER_WORKBENCH")[..., :3]
    assert np.abs(shown - frame(FRAMES - 1)).max() <= 1


def test_in_the_sequencer_it_grows(settings, fake_link, sequencer):
    settings.show = "SEQUENCER"
    bpy.ops.zograscope.dream_walk()
    for number in range(FRAMES):
        stream(fake_link, number)
        (strip,) = strips(bpy.context.scene, "IMAGE")
        assert sequencer.length(strip, "duration") == number + 1
    answer(fake_link, *walked(FRAMES, seconds=FRAMES / 24))
    (strip,), (sound,) = (strips(bpy.context.scene, kind) for kind in ("IMAGE", "SOUND"))
    assert strip.directory.rstrip("/") == "//default_walk"
    assert sequencer.length(sound, "duration") == FRAMES


def test_a_world_has_no_seam_and_shows_the_picture_upright(settings, fake_link, render):  # noqa: F811
    settings.show = "WORLD"
    run(fake_link)
    scene = bpy.context.scene
    scene.render.resolution_x = scene.render.resolution_y = 64
    scene.render.resolution_percentage = 100
    scene.camera.data.angle = np.radians(90)
    scene.world.node_tree.nodes["Tiles"].outputs[0].default_value = 4
    scene.world.cycles.sampling_method = "NONE"  # it lights nothing here
    scene.frame_set(2)
    front = render(scene, "CYCLES", 8, world=True)[..., :3]
    # Straight ahead is the middle of a tile.
    middle = frame(1)[SIDE // 2 - 1 : SIDE // 2 + 1, SIDE // 2 - 1 : SIDE // 2 + 1].astype(int)
    ahead = front[30:34, 30:34].mean(axis=(0, 1))
    low, high = middle.min(axis=(0, 1)) - 12, middle.max(axis=(0, 1)) + 12
    assert ((ahead >= low) & (ahead <= high)).all()
    scene.camera.rotation_euler.z = np.pi  # to the back, where the ends meet
    back = render(scene, "CYCLES", 8, world=True)[..., :3].astype(int)
    across = np.abs(np.diff(back, axis=1)).mean(axis=(0, 2))
    assert across[31] <= 2 * np.median(across), "nothing is torn in the middle"
    assert np.abs(back - front).mean() < 2, "of four tiles around, every other is the same"
    assert np.abs(front - front[:, ::-1]).mean() > 20, "and no tile mirrors itself"


def test_a_landscape_rises_with_brightness(settings, fake_link, module):
    settings.show = "RELIEF"
    run(fake_link)
    scene = bpy.context.scene
    modifier = modifier_of(scene)
    set_input = module("node_wiring").set_input
    set_input(modifier, "Smoothing", 0)
    set_input(modifier, "Detail", SIDE * 4)
    set_input(modifier, "Strength", 1.0)
    modifier.id_data.update_tag()
    heights = module("node_wiring").get_input(modifier, "Heights")
    assert heights.colorspace_settings.name == "Non-Color"
    assert heights.filepath == "//default_walk/0001.png"
    for number in (2, 2 + FRAMES):
        scene.frame_set(number + 1)
        places = heights_of(scene)
        luma = frame(number % FRAMES) / 255 @ (0.2126, 0.7152, 0.0722) - 0.5
        # At pixel centres nothing is interpolated.
        x, y = (np.arange(SIDE) + 0.5) / SIDE - 0.5, 0.5 - (np.arange(SIDE) + 0.5) / SIDE
        for row, column in ((0, 0), (3, 12), (9, 5), (15, 15)):
            apart = np.abs(places[:, :2] - (x[column], y[row])).sum(axis=1)
            assert apart.min() < 1e-5
            assert places[apart.argmin(), 2] == pytest.approx(luma[row, column], abs=0.02)
    assert np.ptp(places[:, 0]) == pytest.approx(1)


@pytest.mark.parametrize("show", SHOWS)
def test_a_later_walk_keeps_the_set_up(settings, fake_link, show, module, sequencer):
    settings.show = show
    run(fake_link)
    scene, image = bpy.context.scene, the_walk()
    for item in scene.objects:
        item.location.x += 3
        item.name = f"my {item.name}"
    for strip in strips(scene, "IMAGE"):
        strip.name, strip.channel, strip.blend_alpha = "my strip", 7, 0.5
    if scene.world:
        scene.world.node_tree.nodes["Tiles"].outputs[0].default_value = 6
    if show == "RELIEF":
        module("node_wiring").set_input(modifier_of(scene), "Strength", 0.7)
    places = {item.name: tuple(item.location) for item in scene.objects}
    counts = [len(getattr(bpy.data, kind)) for kind in ("objects", "scenes", "images", "worlds")]
    scene.zograscope_generative.seed = 99
    run(fake_link, FRAMES + 2)
    assert the_walk() == image
    assert image.filepath == "//default_walk-2/0001.png"
    assert {item.name: tuple(item.location) for item in scene.objects} == places
    assert counts == [
        len(getattr(bpy.data, kind)) for kind in ("objects", "scenes", "images", "worlds")
    ]
    assert scene.frame_end == FRAMES + 2
    for strip in strips(scene, "IMAGE"):
        assert (strip.name, strip.channel, strip.blend_alpha) == ("my strip", 7, 0.5)
        assert sequencer.length(strip, "duration") == FRAMES + 2
        assert strip.directory.rstrip("/") == "//default_walk-2"
    if scene.world:
        assert scene.world.node_tree.nodes["Tiles"].outputs[0].default_value == 6
    if show == "RELIEF":
        get_input = module("node_wiring").get_input
        assert get_input(modifier_of(scene), "Strength") == pytest.approx(0.7)
        assert get_input(modifier_of(scene), "Frames") == FRAMES + 2
        assert get_input(modifier_of(scene), "Heights").filepath == "//default_walk-2/0001.png"


def test_another_way_of_showing_is_added_beside(settings, fake_link):
    for show in SHOWS:
        bpy.context.scene.zograscope_generative.show = show
        run(fake_link)
    scene = bpy.context.scene
    assert len(bpy.data.scenes) == 1
    assert len(sequences()) == 2  # the walk, and its heights
    assert len(strips(scene, "IMAGE")) == 1
    assert scene.world is not None
    assert len([item for item in scene.objects if item.type == "MESH"]) == 2
    scene.zograscope_generative.in_place = False
    run(fake_link)
    assert len([image for image in sequences() if "zograscope_walk" in image]) == 2


def test_another_model_s_shape_fits_in(settings, fake_link):
    run(fake_link)
    scene = bpy.context.scene
    (plane,) = [item for item in scene.objects if item.type == "MESH"]
    plane.scale *= 2
    run(fake_link, size=(2 * SIDE, SIDE))
    assert tuple(plane.scale) == pytest.approx((4, 2, 2))
    assert scene.camera.data.ortho_scale == pytest.approx(2)
    assert (scene.render.resolution_x, scene.render.resolution_y) == (2 * SIDE, SIDE)


def test_what_the_artist_deleted_is_made_anew(settings, fake_link):
    for show in ("WORLD", "PLANE"):
        settings = bpy.context.scene.zograscope_generative
        settings.show = show
        run(fake_link)
        scene = bpy.context.scene
        scene.world = None
        for item in [*scene.objects]:
            bpy.data.objects.remove(item)
    run(fake_link)
    assert [item.type for item in bpy.context.scene.objects if item.type == "MESH"] == ["MESH"]


def test_keyframes_go_along_to_the_scene_of_its_own(settings, fake_link, module, asked):
    keyframes = module("generative.keyframes")
    scene = bpy.context.scene
    scene.collection.objects.link(bpy.data.objects.new("in the way", None))
    keyframes.add_seed(settings, 7)
    keyframes.add_latent(settings, "photo", np.arange(6, dtype=np.float32).reshape(2, 3))
    run(fake_link)
    assert len(bpy.data.scenes) == 2
    (own,) = [other for other in bpy.data.scenes if other != scene]
    parameters, inputs = asked["walk"]
    assert parameters["keyframes"] == ["7", "latent 2"]
    assert inputs["latent 2"].tolist() == [[0, 1, 2], [3, 4, 5]]
    names, again = keyframes.asked(own.zograscope_generative)
    assert (names, again["latent 2"].tolist()) == (("7", "latent 2"), [[0, 1, 2], [3, 4, 5]])


def test_everything_chosen_is_asked(settings, fake_link, asked):
    settings.path, settings.stops, settings.seed, settings.frames = "spherical", 9, 4, 33
    settings.rate, settings.loop, settings.even, settings.truncation = 30, False, False, 0.5
    settings.directions[2], settings.directions[0] = 1.5, -2
    settings.mix, settings.mix_seed, settings.mix_from = True, 8, 16
    settings.credit = "Maps"
    bpy.ops.zograscope.dream_walk()
    parameters, _ = asked["walk"]
    wanted = {"path": "spherical", "stops": 9, "seed": 4, "frames": 33, "rate": 30.0}
    wanted |= {"loop": False, "even": False, "truncation": 0.5, "mix_seed": 8, "mix_from": 16}
    wanted |= {"directions": [[0, -2.0], [2, 1.5]], "credit": "Maps", "keyframes": []}
    assert {name: parameters[name] for name in wanted} == wanted


def test_a_reopened_file_goes_on_where_it_was(settings, fake_link, tmp_path):
    settings.show = "RELIEF"
    bpy.ops.zograscope.dream_walk()
    stream(fake_link, 0, 1, 2)
    bpy.ops.wm.save_mainfile()
    fake_link.pending.clear()  # as a new Blender would come
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "work.blend"))
    (job,) = fake_link.jobs
    assert job.followed == 3
    stream(fake_link, 3, 4)
    answer(fake_link, *walked(5))
    assert bpy.context.scene.frame_end == 5
    assert not fake_link.errors


def test_one_keyframe_is_refused_in_words(settings, fake_link):
    bpy.ops.zograscope.edit_keyframes(action="ADD")
    assert bpy.ops.zograscope.dream_walk() == {"CANCELLED"}
    assert [error.code for error in fake_link.errors] == ["one-keyframe"]
    settings.path = "noise"
    assert bpy.ops.zograscope.dream_walk() == {"FINISHED"}


def test_warnings_are_told(settings, fake_link):
    bpy.ops.zograscope.dream_walk()
    stream(fake_link, 0)
    arrays, metadata = walked(1)
    answer(fake_link, arrays, metadata | {"warnings": ["The sound is silent."]})
    assert bpy.context.scene.zograscope_generative.warnings == "The sound is silent."
