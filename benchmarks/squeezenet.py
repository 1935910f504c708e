"""SqueezeNet 1.1 as ImageNet has trained it: a judge that takes no part in what it judges."""

import os
from pathlib import Path

import torch
from torch import Tensor, nn

SHARED = Path(os.environ.get("ZOGRASCOPE_SHARED", Path(__file__).resolve().parents[2] / "shared"))
SQUEEZENET = SHARED / "weights" / "derived" / "squeezenet1_1_torchvision.pth"
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def squeezenet_layers(weights: Path) -> nn.Sequential:
    """Return the layers that make features of pictures, as torchvision has them."""
    from torchvision.models import squeezenet1_1

    network = squeezenet1_1()
    network.load_state_dict(torch.load(weights, weights_only=True))
    layers: nn.Sequential = network.features.eval().requires_grad_(False)
    return layers


def as_it_learnt(images: Tensor) -> Tensor:
    """Bring (n, 3, h, w) images, 0 is black and 1 is white, to the colours of its training."""
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
    return (images - mean) / deviation
