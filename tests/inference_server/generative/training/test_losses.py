"""The losses are what their papers say."""

import torch
from zograscope_server.generative.training import losses


def test_hinges_have_margins_from_eight_tenths_to_one():
    torch.manual_seed(0)
    zero = torch.zeros(1000, 5)
    for hinge in (losses.hinge_of_real, losses.hinge_of_made):
        assert 0.89 < hinge(zero) < 0.91
    assert losses.hinge_of_real(zero + 1) == losses.hinge_of_made(zero - 1) == 0
    assert losses.hinge_of_real(zero - 1) > 1.8


def test_the_relativistic_loss_compares():
    ahead = torch.full((4, 3), 5.0)
    assert losses.relativistic(ahead, -ahead) < 1e-3
    assert losses.relativistic(-ahead, ahead) > 9.9


def test_the_penalty_is_half_the_squared_gradient():
    images = torch.randn(4, 3, 5, 5, requires_grad=True)
    weights = torch.randn(3, 5, 5)
    logits = (images * weights).sum((1, 2, 3))[:, None].expand(-1, 2)
    penalty = losses.gradient_penalty(logits, [images])
    torch.testing.assert_close(penalty, weights.square().sum() / 2)


def test_restoring_sees_values_and_edges():
    wanted = torch.rand(2, 3, 16, 16)
    small = torch.nn.functional.avg_pool2d(wanted, 2)
    assert losses.restoring(small, wanted) == 0
    assert 0.09 < losses.restoring(small + 0.1, wanted) < 0.11
    assert losses.restoring(small.flip(3), wanted) > 0.2


def test_what_looks_as_mixed_as_it_is_costs_less():
    torch.manual_seed(0)
    anchors = torch.randn(4, 8, 8, 8)
    shares = torch.distributions.Dirichlet(torch.ones(4)).sample((6,))
    mixed = torch.einsum("mn,nchw->mchw", shares, anchors)
    stairs = anchors[shares.argmax(1)]
    swapped = torch.einsum("mn,nchw->mchw", shares.flip(1), anchors)
    even, steep, wrong = (
        losses.distance_preserving([torch.cat([anchors, last])], 4, shares)
        for last in (mixed, stairs, swapped)
    )
    assert even < steep
    assert even < wrong
