"""The losses of the game between generator and discriminator."""

import torch
from torch import Tensor
from torch.nn import functional

LEAST_MARGIN = 0.8
PENALTY = 1.0  # of the relativistic game; half of it times the squared gradient
SAMENESS = 0.1  # of what separates styles
GUESSING = 0.2  # of what guesses how images were changed
STANDING = 0.01  # of what keeps features around zero


def hinge_of_real(logits: Tensor) -> Tensor:
    """Return what is missing of margins that are drawn from 0.8 to 1 (Liu et al. 2021)."""
    return functional.relu(_margins(logits) - logits).mean()


def hinge_of_made(logits: Tensor) -> Tensor:
    """Return by how much made images are taken for real."""
    return functional.relu(_margins(logits) + logits).mean()


def _margins(logits: Tensor) -> Tensor:
    drawn = torch.rand(logits.shape).to(logits.device, logits.dtype)
    return LEAST_MARGIN + (1 - LEAST_MARGIN) * drawn


def relativistic(winning: Tensor, losing: Tensor) -> Tensor:
    """Return how far some logits are from being above others (Jolicoeur-Martineau 2019)."""
    return functional.softplus(losing - winning).mean()


def gradient_penalty(logits: Tensor, images: list[Tensor]) -> Tensor:
    """Return half the mean squared gradient of logits in their images.

    Of real images that is R1, of made ones R2 (Mescheder et al. 2018; both in Huang et al., R3GAN,
    2024).
    """
    gradients = torch.autograd.grad(logits.mean(1).sum(), images, create_graph=True)
    return (
        sum((g.float().square().sum((1, 2, 3)).mean() for g in gradients), start=torch.zeros(()))
        / 2
    )


def restoring(restored: Tensor, wanted: Tensor) -> Tensor:
    """Return how far images are from those that were to be restored: values, and their edges."""
    wanted = functional.interpolate(wanted, restored.shape[2:], mode="area")
    return functional.l1_loss(restored, wanted) + sum(
        functional.l1_loss(restored.diff(dim=axis), wanted.diff(dim=axis)) for axis in (2, 3)
    )


def distance_preserving(features: list[Tensor], anchors: int, shares: Tensor) -> Tensor:
    """Return how far mixed styles are from looking as mixed as they are (Kong et al., MixDL, 2022).

    A style between others is to look like each of them by its share: against stairs, on which a
    walk shows one image for long and then another at once.

    Args:
        features: at some resolutions, (anchors + mixed, c, h, w), the anchors first.
        anchors: how many.
        shares: (mixed, anchors), each row adds up to 1.
    """
    total = torch.zeros((), device=shares.device)
    for layer in features:
        flat = functional.normalize(
            functional.adaptive_avg_pool2d(layer.float(), 8).flatten(1), dim=1
        )
        alike = flat[anchors:] @ flat[:anchors].T
        # Similarities lie within a hair of each other; their spread is what shares are compared to.
        spread = alike.detach().std(1, keepdim=True).clamp_min(1e-3)
        said = functional.log_softmax((alike - alike.mean(1, keepdim=True)) / spread, 1)
        total = total + functional.kl_div(said, shares, reduction="batchmean")
    return total / len(features)
