"""The quick ways compute what the plain ones do."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional
from zograscope_server.generative.networks.layers import doubled_convolution


@settings(max_examples=20)
@given(
    st.integers(1, 3),
    st.integers(1, 5),
    st.integers(1, 5),
    st.integers(1, 6),
    st.integers(1, 6),
    st.booleans(),
)
def test_a_doubled_convolution_is_doubling_and_then_convolving(
    images, inputs, outputs, height, width, biased
):
    torch.manual_seed(images + 7 * height)
    given_ = [torch.randn(images, inputs, height, width), torch.randn(outputs, inputs, 3, 3)]
    if biased:
        given_.append(torch.randn(outputs))
    ours = [tensor.double().requires_grad_() for tensor in given_]
    plain = [tensor.double().requires_grad_() for tensor in given_]
    found = doubled_convolution(*ours)
    doubled = functional.interpolate(plain[0], scale_factor=2, mode="nearest")
    wanted = functional.conv2d(doubled, *plain[1:], padding=1)
    torch.testing.assert_close(found, wanted)
    weights = torch.randn_like(wanted)
    (found * weights).sum().backward()
    (wanted * weights).sum().backward()
    for one, other in zip(ours, plain, strict=True):
        torch.testing.assert_close(one.grad, other.grad)
