"""Plates as a PSD: what is written is read again, edited or not, or is refused in words."""

import io

import numpy as np
import pytest
from PIL import Image
from psd_tools import PSDImage
from psd_tools.constants import Compression, Tag
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.depth.layered_file import PictureLayer, read_psd, write_psd

SIZE = (40, 30)
BACKGROUND, PHOTOGRAPH, MAN = (-10, -8, 50, 38), (0, 0, 40, 30), (5, 4, 21, 25)
PLACES = {"Background": BACKGROUND, "Photograph": PHOTOGRAPH, "Müller, 3": MAN}


def noise(rectangle: tuple[int, int, int, int], seed: int) -> np.ndarray:
    left, top, right, bottom = rectangle
    shape = (bottom - top, right - left, 4)
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    pixels[..., 3] = np.where(pixels[..., 3] > 99, 255, 0)
    return pixels


@pytest.fixture
def layers() -> list[PictureLayer]:
    return [
        PictureLayer(name, noise(place, seed), place)
        for seed, (name, place) in enumerate(PLACES.items())
    ]


def edited(data: bytes, change) -> bytes:
    document = PSDImage.open(io.BytesIO(data))
    change(document)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def test_what_is_written_is_read_again_to_the_bit(layers):
    found = read_psd(write_psd(layers, *SIZE), "a.psd", SIZE, PLACES)
    assert list(found) == list(PLACES)
    for layer in layers:
        assert found[layer.name].rectangle == layer.rectangle
        assert np.array_equal(found[layer.name].pixels, layer.pixels)


def test_other_readers_see_the_layers_and_their_order(layers):
    image = Image.open(io.BytesIO(write_psd(layers, *SIZE)))
    assert image.size == SIZE
    assert (np.array(image)[..., 3] == 255).all()
    assert [name for name, *_ in image.layers][:2] == list(PLACES)[:2]
    assert [tuple(box) for _, _, box, _ in image.layers] == list(PLACES.values())


@pytest.mark.parametrize("name", ["Müller, 3", "Мужчина", "漁師", "x" * 63])
def test_names_are_written_in_unicode(name):
    """GIMP reads the other form of a name, in Mac OS Roman, as UTF-8."""
    data = write_psd([PictureLayer(name, noise(MAN, 1), MAN)], *SIZE)
    (layer,) = PSDImage.open(io.BytesIO(data))
    assert layer.tagged_blocks.get_data(Tag.UNICODE_LAYER_NAME) == name
    assert list(read_psd(data, "a.psd", SIZE, {name: MAN})) == [name]


def test_a_layer_that_was_painted_larger_grows_within_the_picture(layers):
    def change(document):
        (man,) = [layer for layer in document if layer.name == "Müller, 3"]
        man.delete_layer()
        larger = Image.new("RGBA", (30, 50), (1, 2, 3, 255))
        document.create_pixel_layer(larger, name="Müller, 3", top=-5, left=15)

    found = read_psd(edited(write_psd(layers, *SIZE), change), "a.psd", SIZE, PLACES)
    man = found["Müller, 3"]
    assert man.rectangle == (5, 0, 40, 30)
    assert (man.pixels[:, 10:] == (1, 2, 3, 255)).all()
    assert (man.pixels[:, :10] == 0).all()


def test_masks_groups_and_missing_layers_are_reckoned_with(layers):
    def change(document):
        layers = {layer.name: layer for layer in document}
        layers["Photograph"].delete_layer()
        mask = Image.new("L", (21 - 5, 25 - 4), 0)
        mask.paste(255, (0, 0, 8, 21))
        layers["Müller, 3"].create_mask(mask, top=4, left=5, compression=Compression.RAW)
        document.create_group(name="Folder", layer_list=[layers["Müller, 3"]])

    found = read_psd(edited(write_psd(layers, *SIZE), change), "a.psd", SIZE, PLACES)
    assert list(found) == ["Background", "Müller, 3"]
    alpha = found["Müller, 3"].pixels[..., 3]
    assert np.array_equal(alpha[:, :8], layers[2].pixels[:, :8, 3])
    assert not alpha[:, 8:].any()


@pytest.mark.parametrize("data", [b"", b"8BPS\x00\x01", b"\x89PNG\r\n\x1a\n" + bytes(90)])
def test_what_is_no_psd_is_refused(data):
    with pytest.raises(ZograscopeError) as refusal:
        read_psd(data, "a.psd", SIZE, PLACES)
    assert refusal.value.code == "layers-unreadable"


def test_a_damaged_file_is_refused(layers):
    data = write_psd(layers, *SIZE)
    with pytest.raises(ZograscopeError) as refusal:
        read_psd(data[: len(data) // 3], "a.psd", SIZE, PLACES)
    assert refusal.value.code == "layers-unreadable"


def test_another_size_and_other_layers_are_told_in_words(layers):
    data = write_psd(layers, *SIZE)
    with pytest.raises(ZograscopeError, match="40 x 30 pixels, but the photograph has 41 x 30"):
        read_psd(data, "a.psd", (41, 30), PLACES)
    with pytest.raises(ZograscopeError, match="'Müller, 3', which is no plate"):
        read_psd(data, "a.psd", SIZE, {"Background": BACKGROUND, "Photograph": PHOTOGRAPH})
    twice = write_psd([*layers, layers[2]], *SIZE)
    with pytest.raises(ZograscopeError, match="two layers called 'Müller, 3'"):
        read_psd(twice, "a.psd", SIZE, PLACES)
