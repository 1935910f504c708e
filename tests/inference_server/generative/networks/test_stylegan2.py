"""Official files make the images that a plain float64 forward of their definition makes."""

import numpy as np
import pytest
import torch
from zograscope_server.generative.generator import latents_of
from zograscope_server.generative.networks.stylegan2 import Measures, StyleGan2
from zograscope_server.generative.weights.stylegan2_pickle import read_stylegan2

# The reference: numpy, one image at a time, weights changed as the papers have it.


def numbers(tensor) -> np.ndarray:
    return tensor.detach().double().numpy()


def linear(layer, x):
    return x @ (numbers(layer.weight) * layer.weight_gain).T + numbers(layer.bias) * layer.bias_gain


def rectified(x):
    return np.where(x < 0, 0.2 * x, x) * np.sqrt(2)


def of_unit_size(x):
    return x / np.sqrt(np.mean(x * x) + 1e-8)


def mapped(mapping, z):
    x = of_unit_size(z)
    if mapping.c_dim:
        x = np.concatenate([x, of_unit_size(linear(mapping.embed, np.zeros(mapping.c_dim)))])
    for layer in range(mapping.num_layers):
        x = rectified(linear(mapping.get_submodule(f"fc{layer}"), x))
    return x


def correlated(x, weight):
    """(i, h, w) with (o, i, k, k), where the kernel lies within."""
    size = weight.shape[-1]
    height, width = (side - size + 1 for side in x.shape[1:])
    out = np.zeros((len(weight), height, width))
    for row in range(size):
        for column in range(size):
            part = x[:, row : row + height, column : column + width]
            out += np.tensordot(weight[:, :, row, column], part, 1)
    return out


def spread(x):
    """Zeros between pixels, and the filter, whose sum makes up for them."""
    zeros = np.zeros((len(x), 2 * x.shape[1], 2 * x.shape[2]))
    zeros[:, ::2, ::2] = x
    return zeros


def filtered(x):
    line = np.array([1, 3, 3, 1]) / 4
    kernel = np.outer(line, line)
    return np.concatenate([correlated(channel[None], kernel[None, None]) for channel in x])


def padded(x, before, after):
    return np.pad(x, ((0, 0), (before, after), (before, after)))


def synthesised(layer, x, style, clamp):
    weight = numbers(layer.weight) * linear(layer.affine, style)[None, :, None, None]
    weight /= np.sqrt((weight**2).sum((1, 2, 3), keepdims=True) + 1e-8)
    if layer.up == 2:  # a convolution, which turns the kernel; the other is a correlation
        x = correlated(filtered(padded(spread(x), 3, 2)), weight[:, :, ::-1, ::-1])
    else:
        x = correlated(padded(x, 1, 1), weight)
    x = x + numbers(layer.noise_const) * layer.noise_strength.item()
    x = rectified(x + numbers(layer.bias)[:, None, None])
    return x if clamp is None else np.clip(x, -clamp, clamp)


def coloured(layer, x, style, clamp):
    scales = linear(layer.affine, style) * layer.weight_gain
    x = np.tensordot(numbers(layer.weight)[:, :, 0, 0] * scales, x, 1)
    x = x + numbers(layer.bias)[:, None, None]
    return x if clamp is None else np.clip(x, -clamp, clamp)


def image_of(generator, styles):
    """The image of one style for each resolution."""
    x = image = None
    for side, style in zip(generator.synthesis.block_resolutions, styles, strict=True):
        block = generator.synthesis.get_submodule(f"b{side}")
        clamp = block.torgb.conv_clamp
        x = numbers(block.const) if side == 4 else synthesised(block.conv0, x, style, clamp)
        x = synthesised(block.conv1, x, style, clamp)
        colours = coloured(block.torgb, x, style, clamp)
        if image is not None:
            colours += filtered(padded(spread(image), 2, 1))
        image = colours
    return image


SEEDS = (0, 7, 85)

KINDS = [
    {},
    {"clamp": 1.5},
    {"c_dim": 4},
    {"colours": 1, "widths": (4, 8, 3, 2), "layers": 1, "w_dim": 8, "z_dim": 3},
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_pickle_in_safetensors_out_and_the_image_is_the_same(official, tmp_path, kind, protocol):
    generator = official.Generator(**kind)
    source = official.write(tmp_path / "cats.pkl", official.content(generator), protocol)
    read_stylegan2(source).save(tmp_path / "cats.safetensors", {"from": "cats.pkl"})
    network = StyleGan2.load(tmp_path / "cats.safetensors")
    assert network.size == (generator.img_resolution, generator.img_resolution)
    assert network.colours == generator.img_channels

    latents = latents_of(SEEDS, network.latent_size)
    for truncation in (1.0, 0.5):
        styles = network.styles(torch.from_numpy(latents))
        styles = torch.lerp(network.mean_style, styles, truncation)
        found = network.images(styles[:, None].expand(-1, len(network.resolutions), -1), 0)
        for latent, image in zip(latents, found, strict=True):
            mean = numbers(generator.mapping.w_avg)
            style = mean + truncation * (mapped(generator.mapping, latent.astype(float)) - mean)
            expected = image_of(generator, [style] * len(network.resolutions))
            assert np.abs(numbers(image) - expected).max() < 1e-4
            assert expected.std() > 0.1


def test_each_resolution_has_its_own_style(official, tmp_path):
    generator = official.Generator(widths=(4, 4, 4, 4))
    network = read_stylegan2(official.write(tmp_path / "a.pkl", official.content(generator)))
    styles = torch.randn(2, 4, 5)
    for image, own in zip(network.images(styles, 0), styles, strict=True):
        assert np.abs(numbers(image) - image_of(generator, list(numbers(own)))).max() < 1e-4


def test_networks_of_tensorflow_are_the_same(official, tmp_path):
    generator = official.Generator()
    networks = official.of_tensorflow(generator, resolution=16, mapping_layers=3)
    found = read_stylegan2(official.write(tmp_path / "old.pkl", networks))
    wanted = read_stylegan2(official.write(tmp_path / "new.pkl", official.content(generator)))
    assert found.measures == wanted.measures
    for key, value in wanted.state_dict().items():
        assert torch.allclose(found.state_dict()[key], value, atol=1e-6), key
    alone = read_stylegan2(official.write(tmp_path / "Gs.pkl", networks[2]))
    assert torch.equal(alone.mean_style, found.mean_style)


@pytest.fixture
def network(official, tmp_path) -> StyleGan2:
    return read_stylegan2(
        official.write(tmp_path / "a.pkl", official.content(official.Generator()))
    )


def test_the_noise_of_a_seed_is_the_same_for_all_images(network):
    styles = torch.randn(1, 3, 5).expand(2, -1, -1)
    files, drawn = network.images(styles, 0), network.images(styles, 5)
    assert torch.allclose(drawn[0], drawn[1], atol=1e-5)
    assert torch.equal(drawn, network.images(styles, 5))
    assert (files - drawn).abs().max() > 0.01
    assert (drawn - network.images(styles, 6)).abs().max() > 0.01
    alone = network.images(styles[:1], 5)
    assert torch.allclose(alone[0], drawn[0], atol=1e-5)


def test_what_styles_are_multiplied_with(network):
    assert [weights.shape for weights in network.style_weights()] == [(6, 5), (11, 5), (9, 5)]
    wanted = network.get_parameter("synthesis.b16.conv1.affine.weight")
    assert torch.equal(network.style_weights()[2][5:], wanted)


def test_gradients_reach_the_styles(network):
    styles = torch.randn(1, 3, 5, requires_grad=True)
    network.images(styles, 0).square().sum().backward()
    assert styles.grad is not None
    assert (styles.grad.abs().sum(2) > 0).all()


GOOD = {"latent": 6, "style": 5, "labels": 0, "embedding": 0, "hidden": 5, "layers": 3,
        "learning": 0.01, "widths": (6, 5), "colours": 3, "clamp": None}  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"latent": 0}, {"style": "5"}, {"layers": 65}, {"widths": ()}, {"widths": (1,) * 12},
        {"colours": 4}, {"clamp": "256"}, {"clamp": -1}, {"learning": float("nan")},
        {"labels": -1}, {"hidden": True},
    ],
)  # fmt: skip
def test_measures_of_no_network_are_refused(wrong):
    assert Measures(**GOOD).resolutions == (4, 8)
    with pytest.raises(ValueError, match="its "):
        Measures(**{**GOOD, **wrong})
