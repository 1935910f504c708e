"""What makes a network quicker changes nothing of what it answers."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from zograscope_server.portrait.networks import blocks

RATIOS = st.sampled_from([(2, 2), (4, 4), (1, 2), (1, 2, 2), (2, 1, 3)])


@settings(max_examples=20)
@given(ratios=RATIOS, side=st.integers(1, 5), seed=st.integers(0, 99))
def test_an_enlargement_and_a_convolution_are_one_transposed_convolution(ratios, side, seed):
    torch.manual_seed(seed)
    plain = blocks.CONVOLUTIONS[len(ratios)](3, 2, 3, padding=1)
    features = torch.randn(2, 3, *[side] * len(ratios))
    expected = plain(blocks.enlarge(features, ratios))
    torch.testing.assert_close(
        blocks.enlarging(plain, ratios)(features), expected, atol=1e-5, rtol=1e-5
    )


def unsettle(network: nn.Module) -> None:
    """Give batch norms something to do."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d):
            for values in (module.weight, module.bias, module.running_mean, module.running_var):
                values.data.uniform_(0.5, 1.5)


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("closing", [False, True])
def test_a_folded_hourglass_answers_the_same(dimensions, closing):
    torch.manual_seed(0)
    network = blocks.Hourglass(dimensions, 3, 4, closing=closing).eval()
    unsettle(network)
    features = torch.randn(1, 3, *[2] * (dimensions - 2), 32, 64)
    with torch.no_grad():
        expected = network(features)
        blocks.fold(network)
        answer = network(features)
    assert answer.shape == (1, 7, *features.shape[2:])
    torch.testing.assert_close(answer, expected, atol=1e-4, rtol=1e-4)
    left = {type(module) for module in network.modules()}
    assert not left & {nn.BatchNorm2d, nn.BatchNorm3d}


@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_folded_residual_block_answers_the_same(dimensions):
    torch.manual_seed(0)
    network = blocks.Residual(dimensions, 4).eval()
    unsettle(network)
    features = torch.randn(1, 4, *[6] * dimensions)
    with torch.no_grad():
        expected = network(features)
        blocks.fold(network)
        torch.testing.assert_close(network(features), expected, atol=1e-5, rtol=1e-5)


def test_a_spectral_norm_divides_by_the_largest_stretch():
    torch.manual_seed(0)
    layer = blocks.SpectralConvolution(3, 4, 1, bias=False)
    left, sizes, right = torch.linalg.svd(layer.weight_orig.detach().flatten(1))
    layer.weight_u.copy_(left[:, 0])
    layer.weight_v.copy_(right[0])
    features = torch.randn(1, 3, 5, 5)
    expected = torch.conv2d(features, layer.weight_orig / sizes[0])
    torch.testing.assert_close(layer(features), expected)
    blocks.fold(layer)
    torch.testing.assert_close(layer(features), expected)
    assert [*layer.state_dict()] == ["weight"]


def test_places_are_x_first_and_reach_both_ends():
    places = blocks.coordinates((2, 3, 5), torch.zeros(1))
    assert places.shape == (2, 3, 5, 3)
    assert places[0, 0, -1].tolist() == [1, -1, -1]
    assert places[-1, 0, 0].tolist() == [-1, -1, 1]
    assert places[0, 1, 2].tolist() == [0, 0, -1]
