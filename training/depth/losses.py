"""What the network is trained to lower.

Affine-invariant disparity with multi-scale gradients follows Ranftl, Lasinger, Hafner, Schindler,
Koltun, "Towards Robust Monocular Depth Estimation: Mixing Datasets for Zero-shot Cross-dataset
Transfer", TPAMI 2020 (equations 4 to 7 and 11), untrimmed, since rendered truth has no outliers.
"""

import torch
from torch import Tensor

SCALES = 4
GRADIENT_WEIGHT = 0.5  # beside the affine-invariant difference
ANCHOR_WEIGHT, ANCHOR_GRADIENT_WEIGHT = 4.0, 0.05
RATIO_WEIGHT = 0.15
FARTHEST = 0.02  # disparity of the farthest distance that ratios count, the nearest being 1
FLAT_SPREAD = 0.03  # of the nearest disparity: less relief is a sheet or a wall


def depth_loss(
    predicted: Tensor, disparity: Tensor, valid: Tensor, freedom: float = 1.0
) -> dict[str, Tensor]:
    """Return the parts of the loss and their weighted sum, "total".

    Absolute differences ask for the median of all that a picture could be, which is a ramp until
    the network is sure of something; squares move with every hint. So training begins with squares
    in the anchored scale, and is given the freedom of any scale and shift later.

    Args:
        predicted: (n, h, w) disparity, about in the scale of `canonical`.
        disparity: (n, h, w) true disparity >= 0 at any scale; constant where a picture is flat.
        valid: (n, h, w) bool.
        freedom: share, in [0, 1], of what is affine-invariant.
    """
    target, flat = canonical(disparity, valid)
    relief = (~flat).float()
    aligned, wanted = robustly_scaled(predicted, valid), robustly_scaled(target, valid)
    parts = {
        "shape": (_mean((aligned - wanted).abs(), valid) * relief).mean(),
        "edges": (gradient_difference(aligned - wanted, valid) * relief).mean(),
        "ratio": (depth_ratio(predicted, target, valid) * relief).mean(),
        "anchor": _mean((predicted - target).square(), valid).mean(),
        "anchored edges": gradient_difference(predicted - target, valid).mean(),
    }
    anchored = ANCHOR_WEIGHT * parts["anchor"] + ANCHOR_GRADIENT_WEIGHT * parts["anchored edges"]
    free = parts["shape"] + GRADIENT_WEIGHT * parts["edges"] + RATIO_WEIGHT * parts["ratio"]
    parts["total"] = anchored + freedom * free
    return parts


def _mean(values: Tensor, valid: Tensor) -> Tensor:
    return (values * valid).sum((1, 2)) / valid.sum((1, 2)).clamp(min=1)


def canonical(disparity: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """Scale disparity so that its 2nd percentile is 0 and its 98th is 1; flat pictures are 0.5.

    Returns:
        (n, h, w) disparity, and (n,) bool which pictures are flat.
    """
    known = torch.where(valid, disparity, torch.nan).flatten(1)
    low, high = torch.nanquantile(known, torch.tensor([0.02, 0.98], device=known.device), dim=1)
    spread = high - low
    flat = ~(spread > FLAT_SPREAD * high.clamp(min=1e-9))
    scaled = (disparity - low[:, None, None]) / spread.clamp(min=1e-9)[:, None, None]
    return torch.where(flat[:, None, None], 0.5, scaled.clamp(-0.2, 1.5)), flat


def robustly_scaled(disparity: Tensor, valid: Tensor) -> Tensor:
    """Shift to a median of 0 and scale to a mean absolute deviation of 1."""
    known = torch.where(valid, disparity, torch.nan).flatten(1)
    median = known.nanmedian(1).values[:, None, None]
    deviation = _mean((disparity - median).abs(), valid)[:, None, None]
    return (disparity - median) / deviation.clamp(min=0.02)


def gradient_difference(difference: Tensor, valid: Tensor) -> Tensor:
    """Mean absolute gradient (n,) of a difference of disparities, summed over scales."""
    total = torch.zeros(len(difference), device=difference.device)
    for _ in range(SCALES):
        across = (difference[:, :, 1:] - difference[:, :, :-1]).abs()
        down = (difference[:, 1:] - difference[:, :-1]).abs()
        total = total + _mean(across, valid[:, :, 1:] & valid[:, :, :-1])
        total = total + _mean(down, valid[:, 1:] & valid[:, :-1])
        difference, valid = difference[:, ::2, ::2], valid[:, ::2, ::2]
    return total


def depth_ratio(predicted: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """Mean |log| ratio (n,) of depths after least-squares alignment in disparity.

    It is what AbsRel and delta measure, and makes far things count as much as near ones.
    """
    weight = valid.float()
    count = weight.sum((1, 2)).clamp(min=1)
    mean_p = (predicted * weight).sum((1, 2)) / count
    mean_t = (target * weight).sum((1, 2)) / count
    centred = (predicted - mean_p[:, None, None]) * weight
    scale = (centred * (target - mean_t[:, None, None])).sum((1, 2))
    scale = scale / centred.square().sum((1, 2)).clamp(min=1e-3)
    aligned = mean_t[:, None, None] + scale[:, None, None] * (predicted - mean_p[:, None, None])
    floor = FARTHEST / 2
    ratio = (aligned.clamp(min=floor).log() - target.clamp(min=FARTHEST).log()).abs()
    return _mean(ratio, valid)
