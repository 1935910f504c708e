"""Frames and sound come as they are made, and a later run changes only files."""

from pathlib import Path

import bpy
import numpy as np
import pytest

from .conftest import HEIGHT, WIDTH, answer, encode_sound, frame, moved, render, stream  # noqa: F401

FRAMES = 6
MOST_FRAMES = 500


@pytest.fixture
def sequencer(module):
    return module("sequencer")


def run(link, count: int = FRAMES, rate: float = 25.0) -> None:
    assert bpy.ops.zograscope.move_portrait() == {"FINISHED"}, link.errors
    stream(link, *range(count))
    answer(link, *moved(count, rate, count / rate))
    assert not link.errors


def the_image() -> bpy.types.Image:
    (image,) = [image for image in bpy.data.images if image.source == "SEQUENCE"]
    return image


def strips(scene, kind: str):
    return [strip for strip in scene.sequence_editor.strips_all if strip.type == kind]


def folder_of(image) -> Path:
    return Path(bpy.path.abspath(image.filepath)).parent


def test_a_portrait_moves_on_a_plane_with_its_sound(settings, fake_link, sequencer, render):  # noqa: F811
    run(fake_link)
    scene = bpy.context.scene
    assert (scene.render.resolution_x, scene.render.resolution_y) == (WIDTH, HEIGHT)
    assert (scene.frame_start, scene.frame_end) == (1, FRAMES)
    assert sequencer.rate_of(scene) == pytest.approx(25)
    (sound,) = strips(scene, "SOUND")
    assert sequencer.length(sound, "duration") == FRAMES
    assert sound.sound.filepath == "//portrait_moving/sound.wav"
    assert not strips(scene, "IMAGE")
    for engine in ("CYCLES", "BLENDER_WORKBENCH"):
        for number in (4, 0):
            scene.frame_set(number + 1)
            assert np.abs(render(scene, engine)[..., :3] - frame(number)).max() <= 1


@pytest.mark.parametrize("show", ["SEQUENCER", "BOTH"])
def test_in_the_sequencer_frames_appear_as_they_are_made(settings, fake_link, sequencer, show):
    settings.show = show
    bpy.ops.zograscope.move_portrait()
    for number in range(FRAMES):
        stream(fake_link, number)
        (strip,) = strips(bpy.context.scene, "IMAGE")
        assert sequencer.length(strip, "duration") == number + 1
    answer(fake_link, *moved(FRAMES, seconds=FRAMES / 25))
    scene = bpy.context.scene
    (strip,), (sound,) = strips(scene, "IMAGE"), strips(scene, "SOUND")
    assert strip.directory.rstrip("/") == "//portrait_moving"
    assert strip.channel != sound.channel
    planes = [item for item in scene.objects if item.type == "MESH"]
    assert len(planes) == (1 if show == "BOTH" else 0)
    assert not fake_link.errors


@pytest.mark.parametrize("rate", [24.0, 25.0, 30.0, 30 / 1.001, 24 / 1.001, 59.94, 12.5])
def test_sound_and_picture_end_together_after_500_frames(scene, sequencer, tmp_path, rate):
    sequencer.set_rate(scene, rate)
    assert sequencer.rate_of(scene) == pytest.approx(rate, rel=1e-6)
    strip = sequencer.add_frames(scene, "mark", tmp_path / "0001.png", "frames")
    sequencer.grow("mark", tmp_path, MOST_FRAMES)
    path = tmp_path / "sound.wav"
    path.write_bytes(encode_sound(MOST_FRAMES / rate).tobytes())
    sound = sequencer.set_sound(scene, "mark", path, "sound")
    for name in ("left_handle", "duration"):
        assert abs(sequencer.length(strip, name) - sequencer.length(sound, name)) <= 1
    assert sequencer.length(strip, "duration") == MOST_FRAMES
    seconds = MOST_FRAMES / sequencer.rate_of(scene)
    assert abs(seconds - MOST_FRAMES / rate) < 0.5 / rate


def test_a_later_run_keeps_the_set_up(settings, fake_link, sequencer):
    settings.show = "BOTH"
    run(fake_link)
    scene, image = bpy.context.scene, the_image()
    (plane,) = [item for item in scene.objects if item.type == "MESH"]
    plane.location, plane.name = (5, 6, 7), "my plane"
    scene.camera.location.z = 3
    material = plane.data.materials[0]
    material.name = "my material"
    (strip,), (sound,) = strips(scene, "IMAGE"), strips(scene, "SOUND")
    strip.name, strip.channel, strip.blend_alpha = "my strip", 7, 0.5
    sound.name, sound.volume, sound.channel = "my sound", 0.25, 9
    sound.keyframe_insert("volume", frame=3)
    before = {*bpy.data.objects.keys()}, {*bpy.data.scenes.keys()}, len(bpy.data.images)
    old_folder = folder_of(image)

    scene.zograscope_portrait.strength = 2.0
    run(fake_link, FRAMES + 3)
    assert ({*bpy.data.objects.keys()}, {*bpy.data.scenes.keys()}, len(bpy.data.images)) == before
    assert the_image() == image
    folder = folder_of(image)
    assert folder != old_folder
    assert len([*folder.glob("0*.png")]) == FRAMES + 3
    assert len([*old_folder.glob("0*.png")]) == FRAMES
    assert tuple(plane.location) == (5, 6, 7)
    assert plane.data.materials[0] == material
    (strip,), (sound,) = strips(scene, "IMAGE"), strips(scene, "SOUND")
    assert (strip.name, strip.channel, strip.blend_alpha) == ("my strip", 7, 0.5)
    assert strip.directory.rstrip("/") == f"//{folder.name}"
    assert sequencer.length(strip, "duration") == FRAMES + 3
    assert (sound.name, sound.channel) == ("my sound", 9)
    assert sequencer.length(sound, "duration") == FRAMES + 3
    assert Path(bpy.path.abspath(sound.sound.filepath)).parent == folder
    assert scene.frame_end == FRAMES + 3


@pytest.mark.parametrize("show", ["PLANE", "SEQUENCER"])
def test_what_the_artist_deleted_is_made_anew(settings, fake_link, show):
    settings.show = show
    run(fake_link)
    scene = bpy.context.scene
    for item in [*scene.objects]:
        bpy.data.objects.remove(item)
    for strip in [*scene.sequence_editor.strips_all]:
        scene.sequence_editor.strips.remove(strip)
    run(fake_link)
    planes = [item for item in bpy.data.objects if item.type == "MESH"]
    assert len(planes) == (show == "PLANE")
    pictures = [
        strip
        for scene in bpy.data.scenes
        if scene.sequence_editor
        for strip in strips(scene, "IMAGE")
    ]
    assert len(pictures) == (show == "SEQUENCER")


def test_a_length_that_the_artist_chose_stays(settings, fake_link):
    run(fake_link)
    bpy.context.scene.frame_end = 100
    run(fake_link, 3)
    assert bpy.context.scene.frame_end == 100


def test_in_the_present_scene_its_rate_is_asked_for(settings, fake_link, sequencer, monkeypatch):
    asked = {}
    real = type(fake_link._client).submit

    def submit(self, task, parameters, inputs, job_id=None):
        asked.update(parameters, inputs=inputs)
        return real(self, task, parameters, inputs, job_id)

    monkeypatch.setattr(type(fake_link._client), "submit", submit)
    settings.own_scene = False
    settings.strength, settings.strength_mouth, settings.strength_pose = 2.0, 1.5, 2.5
    settings.regions = {"mouth", "pose"}
    settings.find_neutral, settings.neutral_frame = False, 12
    scene = bpy.context.scene
    sequencer.set_rate(scene, 30 / 1.001)
    run(fake_link, 2, 30 / 1.001)
    assert asked["rate"] == pytest.approx(30 / 1.001)
    assert (asked["strength_mouth"], asked["strength_pose"]) == (3.0, 3.0)
    assert asked["regions"] == ["pose", "mouth"]
    assert asked["neutral_frame"] == 12
    assert bytes(asked["inputs"]["driver"]) == b"a video"
    settings.own_scene = True
    bpy.data.images.remove(the_image())
    bpy.ops.zograscope.move_portrait()
    assert asked["rate"] is None


def test_a_reopened_file_goes_on_where_it_was(settings, fake_link, tmp_path):
    settings.show = "BOTH"
    bpy.ops.zograscope.move_portrait()
    stream(fake_link, 0, 1, 2)
    bpy.ops.wm.save_mainfile()
    fake_link.pending.clear()  # as a new Blender would come
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "work.blend"))
    (job,) = fake_link.jobs
    assert job.followed == 3
    stream(fake_link, 3, 4)
    answer(fake_link, *moved(5, seconds=0.2))
    (strip,) = strips(bpy.context.scene, "IMAGE")
    assert len(strip.elements) == 5
    assert not fake_link.errors


def test_an_image_of_the_file_is_sent_as_it_looks_now(module, settings, scene):
    submissions = module("portrait.submissions")
    image = bpy.data.images.new("painted", 8, 8)
    image.generated_color = (1.0, 0.0, 0.0, 1.0)
    image.pixels[0:4] = (0.0, 1.0, 0.0, 1.0)
    file = submissions.picture_bytes(None, image)
    packed = module("pictures").image_from_bytes("again", file)
    assert tuple(packed.size) == (8, 8)
    assert packed.pixels[:8] == pytest.approx([0, 1, 0, 1, 1, 0, 0, 1], abs=1 / 255)
    assert submissions.picture_bytes(None, packed) == file


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"picture": ""}, "no-portrait"),
        ({"picture": "/gone.png"}, "file-not-found"),
        ({"driver": ""}, "no-driver"),
        ({"driver_strip": "gone"}, "no-strip"),
        ({"onto_diorama": True}, "no-diorama"),
        ({"regions": set()}, "bad-parameters"),
    ],
)
def test_what_cannot_be_is_refused_in_words(settings, fake_link, change, code):
    for name, value in change.items():
        setattr(settings, name, value)
    assert bpy.ops.zograscope.move_portrait() == {"CANCELLED"}
    assert [error.code for error in fake_link.errors] == [code]
    assert not fake_link.jobs


@pytest.mark.parametrize(
    ("suffix", "codes"), [(".wav", ["sound-unreadable"]), ("/../../evil.wav", ["result-wrong"])]
)
def test_a_sound_that_is_none_leaves_the_frames(settings, fake_link, suffix, codes):
    bpy.ops.zograscope.move_portrait()
    stream(fake_link, 0, 1)
    arrays, metadata = moved(2)
    arrays["sound"] = np.frombuffer(b"no sound", np.uint8)
    answer(fake_link, arrays, metadata | {"sound_suffix": suffix})
    assert [error.code for error in fake_link.errors] in ([], codes)
    assert (folder_of(the_image()) / "sound.wav").is_file() == (suffix == ".wav")
    assert bpy.context.scene.frame_end == 2


def test_warnings_of_the_result_are_told(settings, fake_link):
    bpy.ops.zograscope.move_portrait()
    stream(fake_link, 0)
    arrays, metadata = moved(1)
    answer(fake_link, arrays, metadata | {"warnings": ["The mouth is hidden.", "It turns far."]})
    told = bpy.context.scene.zograscope_portrait.warnings
    assert told == "The mouth is hidden.\nIt turns far."
