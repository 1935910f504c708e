"""Pictures of any kind are cut to size once, and each step sees what its number says."""

import errno
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.generative.tasks import TrainOptions
from zograscope_server.collection.fetching import Fetcher
from zograscope_server.collection.open import open_collection
from zograscope_server.embedding.descriptor import ColourAndTexture
from zograscope_server.embedding.image_index import ImageIndex
from zograscope_server.generative.training import dataset
from zograscope_server.generative.training.dataset import (
    CONTENTS,
    PICTURES,
    TILES,
    TrainingSet,
    open_training_set,
    prepare_training_set,
)


def drawn_picture(width: int, height: int, number: int) -> Image.Image:
    """Blobs of the number's own colours and places, so that no two pictures are near."""
    random = np.random.default_rng(number)
    coarse = random.integers(0, 256, (3 + number % 4, 3 + number % 3, 3), np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture
def images(tmp_path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    return folder


@pytest.fixture
def prepare(images, tmp_path):
    """A function that prepares the folder of images."""

    def prepare(face_model=None, flips=False, on_progress=None, **asked) -> TrainingSet:
        cache = tmp_path / "cache"
        collection = open_collection(str(images), cache, lambda *told: None, False)
        with ImageIndex(cache / "index.sqlite") as index:
            return prepare_training_set(
                collection,
                TrainOptions(**asked),
                ColourAndTexture(),
                index,
                Fetcher(cache, online=False),
                face_model,
                tmp_path / "set",
                on_progress or (lambda *told: None),
                flips=flips,
            )

    return prepare


def fill(folder: Path, count: int, width: int = 90, height: int = 70) -> None:
    for number in range(count):
        drawn_picture(width, height, number).save(folder / f"{number:02}.png")


def made_set(
    shapes: list[tuple[int, int]], size=(3, 2), colours: int = 1, flips: bool = False
) -> TrainingSet:
    """A set of pictures whose pixels count up through all of them."""
    contents = {
        **{"width": size[0], "height": size[1], "colours": colours, "shapes": shapes},
        **{"names": [f"{number}.png" for number in range(len(shapes))], "warnings": []},
        **{"locations": [f"/{number}.png" for number in range(len(shapes))], "problems": []},
    }
    total = sum(h * w * colours for h, w in shapes)
    return TrainingSet(contents, np.arange(total).astype(np.uint8), flips=flips)


# What a step sees


def test_a_batch_is_a_function_of_seed_and_step():
    first, second = (made_set([(2, 3)] * 20 + [(9, 11)]) for _ in range(2))
    for step in (7, 0, 100_000, 7):
        np.testing.assert_array_equal(first.batch(step, 8, 5), second.batch(step, 8, 5))
    assert (first.batch(3, 8, 5) != first.batch(4, 8, 5)).any()
    assert (first.batch(3, 8, 5) != first.batch(3, 8, 6)).any()


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(2, 9), st.integers(3, 9)), min_size=1, max_size=5),
    st.integers(1, 7),
    st.integers(0, 2**31 - 1),
)
def test_an_epoch_sees_each_picture_as_often_as_it_has_tiles(shapes, size, seed):
    pictures = made_set(shapes)
    seen = []
    for step in range(-(-len(pictures) // size)):
        batch = pictures.batch(step, size, seed)
        assert batch.shape == (size, 2, 3, 1)
        seen += pictures._views(step * size, size, seed)
    assert sorted(seen[: len(pictures)]) == list(range(len(pictures)))
    assert len(pictures) == sum((h // 2) * (w // 3) for h, w in shapes)
    assert len(pictures.names) == len(pictures.locations) == len(pictures)


def test_tiles_lie_anywhere_in_their_picture_and_nowhere_else():
    pictures = made_set([(4, 6)])
    whole = np.arange(24).reshape(4, 6)
    corners = {whole[row, column] for row in range(3) for column in range(4)}
    shown = np.concatenate([pictures.batch(step, 16, 0) for step in range(20)])
    assert {int(tile[0, 0, 0]) for tile in shown} == corners
    for tile in shown[..., 0].astype(int):
        row, column = divmod(tile[0, 0], 6)
        np.testing.assert_array_equal(tile, whole[row : row + 2, column : column + 3])


def test_views_are_mirrored_by_chance_where_wanted():
    mirrored = made_set([(2, 3)], flips=True)
    shown = mirrored.batch(0, 64, 0)[:, 0, :, 0].tolist()
    assert shown.count([2, 1, 0]) + shown.count([0, 1, 2]) == 64
    assert 16 < shown.count([2, 1, 0]) < 48
    assert {tuple(row) for row in made_set([(2, 3)]).batch(0, 64, 0)[:, 0, :, 0]} == {(0, 1, 2)}


def test_views_for_looking_lie_side_by_side_in_the_middle():
    pictures = made_set([(2, 3), (5, 7)])
    second = np.arange(6, 6 + 35).reshape(5, 7)
    shown = pictures.pictures(range(5))[..., 0]
    np.testing.assert_array_equal(shown[0], np.arange(6).reshape(2, 3))
    np.testing.assert_array_equal(shown[1], second[0:2, 0:3])
    np.testing.assert_array_equal(shown[4], second[2:4, 3:6])
    assert pictures.names == ("0.png", *["1.png"] * 4)
    assert pictures.spread(3)[..., 0].tolist() == shown[[0, 2, 4]].tolist()


# How pictures come in


def test_modes_and_sizes_are_mixed(prepare, images):
    picture = drawn_picture(120, 90, 0)
    picture.save(images / "rgb.png")
    drawn_picture(64, 200, 1).convert("CMYK").save(images / "cmyk.jpg")
    drawn_picture(300, 100, 2).quantize(16).save(images / "palette.png")
    drawn_picture(30, 20, 3).convert("L").save(images / "small and grey.png")
    deep = np.asarray(drawn_picture(100, 100, 4).convert("L")).astype(np.uint16) * 257
    Image.fromarray(deep).save(images / "deep.png")
    clear = drawn_picture(80, 80, 5)
    clear.putalpha(Image.new("L", (80, 80), 0))
    clear.save(images / "alpha.png")
    (images / "broken.png").write_bytes((images / "rgb.png").read_bytes()[:200])
    (images / "empty.jpg").write_bytes(b"")
    pictures = prepare()
    assert len(pictures) == 6
    shown = dict(zip(pictures.names, pictures.pictures(range(6)), strict=True))
    assert all(picture.shape == (64, 64, 3) for picture in shown.values())
    assert (shown["alpha.png"] == 255).all()
    middle = picture.resize((85, 64), Image.Resampling.BOX).crop((10, 0, 74, 64))
    assert np.abs(shown["rgb.png"].astype(int) - np.asarray(middle)).mean() < 3
    assert {problem.name for problem in pictures.problems} == {"broken.png", "empty.jpg"}
    assert any("small and grey.png" in told and "enlarged" in told for told in pictures.warnings)
    assert any("only 6 images" in told for told in pictures.warnings)


def test_grey_is_luma(prepare, images):
    for name, colour in {"red": (255, 0, 0), "green": (0, 255, 0)}.items():
        Image.new("RGB", (70, 70), colour).save(images / f"{name}.png")
    pictures = prepare(colours="grey", duplicates=True).pictures([0, 1])
    assert pictures.shape == (2, 64, 64, 1)
    assert pictures[:, 5, 5, 0].tolist() == [150, 76]


def test_fine_stripes_become_grey_not_moire(prepare, images):
    fill(images, 2)
    stripes = np.zeros((640, 640, 3), np.uint8)
    stripes[:, ::2] = 255
    Image.fromarray(stripes).save(images / "stripes.png")
    pictures = prepare()
    shown = pictures.pictures([pictures.names.index("stripes.png")])
    assert np.abs(shown.astype(int) - 128).max() <= 2


def test_near_duplicates_are_left_out_unless_wanted(prepare, images):
    fill(images, 12)
    drawn_picture(90, 70, 3).save(images / "again.jpg", quality=80)
    pictures = prepare()
    assert len(pictures) == 12
    assert any("1 image was left out as near duplicates" in told for told in pictures.warnings)
    assert len(prepare(duplicates=True)) == 13


def test_what_cutting_loses_is_told_with_what_would_fit(prepare, images):
    fill(images, 3, 180, 90)
    (told,) = [told for told in prepare().warnings if "loses" in told]
    assert "loses 50%" in told and "128 x 64 would lose 0%" in told
    assert not [told for told in prepare(width=128).warnings if "loses" in told]


def test_large_pictures_are_cut_into_tiles_that_show_some_of_them(prepare, images):
    drawn_picture(2000, 1400, 0).save(images / "map.png")
    drawn_picture(150, 130, 1).save(images / "small.png")
    pictures = prepare(crop="tiles")
    shapes = pictures._shapes.tolist()
    assert shapes == [[64 * TILES, 731], [130, 150]]
    assert len(pictures) == TILES * 11 + 4


def test_pictures_for_tiles_are_bounded(prepare, images, monkeypatch):
    monkeypatch.setattr(dataset, "MOST_PIXELS", 20_000)
    fill(images, 2, 600, 500)
    pictures = prepare(crop="tiles")
    assert (pictures._shapes.prod(axis=1) <= 20_500).all()
    monkeypatch.setattr(dataset, "MOST_BYTES", 100)
    assert (prepare(crop="tiles", width=96)._shapes == (80, 96)).all()


# Too little


def test_an_empty_collection(prepare, images):
    (images / "broken.png").write_bytes(b"nothing")
    with pytest.raises(ZograscopeError) as caught:
        prepare()
    assert caught.value.code == "collection-empty"


def test_one_image_many_times_is_too_little(prepare, images):
    for name in ("a", "b", "c"):
        drawn_picture(90, 70, 0).save(images / f"{name}.png")
    with pytest.raises(ZograscopeError) as caught:
        prepare()
    assert caught.value.code == "collection-too-small"
    assert "1 images" in caught.value.sentence


def test_two_images_are_enough_but_one_is_warned(prepare, images, tmp_path):
    fill(images, 2)
    assert "only 2 images" in " ".join(prepare().warnings)
    assert sorted(path.name for path in (tmp_path / "set").iterdir()) == [CONTENTS, PICTURES]


# What is kept


def test_what_is_there_is_taken(prepare, images, tmp_path, monkeypatch):
    fill(images, 4)
    first = prepare()
    monkeypatch.setattr(dataset, "read_image", lambda *asked: pytest.fail("was read again"))
    again = prepare()
    np.testing.assert_array_equal(again.batch(3, 8, 1), first.batch(3, 8, 1))
    assert again.warnings == first.warnings
    assert open_training_set(tmp_path / "set").names == first.names


def test_other_files_or_options_are_cut_anew(prepare, images):
    fill(images, 4)
    assert prepare().size == (64, 64)
    assert prepare(width=96).size == (96, 64)
    drawn_picture(90, 70, 9).save(images / "more.png")
    assert len(prepare(width=96)) == 5


@pytest.mark.parametrize("harm", ["cut", "missing", "no json"])
def test_what_is_not_whole_is_not_taken(prepare, images, tmp_path, harm):
    fill(images, 3)
    whole = prepare().batch(0, 4, 0)
    pictures, contents = tmp_path / "set" / PICTURES, tmp_path / "set" / CONTENTS
    if harm == "cut":
        pictures.write_bytes(pictures.read_bytes()[:-1])
    elif harm == "missing":
        contents.write_text(json.dumps({"bytes": pictures.stat().st_size, "digest": "other"}))
    else:
        contents.write_text("{")
    assert open_training_set(tmp_path / "set") is None
    np.testing.assert_array_equal(prepare().batch(0, 4, 0), whole)


def test_a_cancelled_preparation_leaves_nothing(prepare, images, tmp_path):
    fill(images, 6)

    def cancel(fraction, stage, detail=""):
        if stage == "Cutting pictures":
            raise ZograscopeError("job-cancelled")

    with pytest.raises(ZograscopeError):
        prepare(on_progress=cancel)
    assert not list((tmp_path / "set").iterdir())
    assert len(prepare()) == 6


def test_a_full_disk_is_said(prepare, images, tmp_path, monkeypatch):
    fill(images, 3)

    class FullDisk:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.file.close()

        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    opened = Path.open

    def open_full(path, mode="r", **options):
        file = opened(path, mode, **options)
        return FullDisk(file) if path.name.startswith(PICTURES) and "w" in mode else file

    monkeypatch.setattr(Path, "open", open_full)
    with pytest.raises(ZograscopeError) as caught:
        prepare()
    assert caught.value.code == "spool-full"
    assert not list((tmp_path / "set").iterdir())


# Faces


def test_faces_are_cut_upright_and_alike(prepare, images, drawn, tools):
    for number, (angle, side) in enumerate([(0, 300), (25, 260)]):
        canvas = Image.new("RGB", (900, 500), (110, 110, 110))
        face = Image.fromarray(drawn.draw_face(side, mouth=0.3 * number))
        canvas.paste(face.rotate(angle, fillcolor=(110, 110, 110)), (80 + 300 * number, 90))
        canvas.save(images / f"{number}.png")
    drawn_picture(200, 200, 3).save(images / "none.png")
    pictures = prepare(tools.faces, crop="faces", width=128, height=128, duplicates=True)
    assert pictures.names == ("0.png", "1.png")
    assert [problem.name for problem in pictures.problems] == ["none.png"]
    straight, turned = pictures.pictures([0, 1]).astype(int)
    eyes = np.s_[40:70, 30:98]
    assert np.abs(straight[eyes] - turned[eyes]).mean() < 25
    assert np.abs(straight[eyes] - np.rot90(turned)[eyes]).mean() > 40


def test_where_there_is_no_face_it_is_said(prepare, images, tools):
    fill(images, 2)
    with pytest.raises(ZograscopeError) as caught:
        prepare(tools.faces, crop="faces")
    assert caught.value.code == "too-few-faces"


def test_faces_want_the_model_that_finds_them(prepare, images):
    fill(images, 2)
    with pytest.raises(ZograscopeError) as caught:
        prepare(None, crop="faces")
    assert caught.value.code == "set-up-models-missing"
