"""Changes that real and made images undergo alike before they are judged.

Differentiable augmentation (Zhao et al., 2020): the judge never sees an image as it is, so that it
cannot learn a few images by heart, and the generator learns none of the changes.
"""

import torch
from torch import Tensor
from torch.nn import functional

FARTHEST = 0.125  # share of the side that an image is moved by
CUT = 0.25  # share of the side that is cut out
CHANGES = 7
"""Numbers that say how an image was changed: light, saturation, contrast, place, what was cut."""


def draw_changes(count: int, device: torch.device) -> Tensor:
    """Draw how `count` images are changed: (count, 7), each from 0 to 1."""
    return torch.rand(count, CHANGES).to(device)


def augment(images: Tensor, changes: Tensor) -> Tensor:
    """Change (n, colours, h, w) images in light and colour, move them, and cut a part out.

    Args:
        images: -1 to 1.
        changes: (n, 7) as `draw_changes` gives them. The same changes of a smaller image give the
            smaller image of the changed one, but for pixels that do not fit whole.
    """
    light, saturation, contrast = (
        changes[:, number, None, None, None].to(images.dtype) for number in range(3)
    )
    images = images + (light - 0.5)
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * (2 * saturation)
    mean = images.mean((1, 2, 3), keepdim=True)
    images = mean + (images - mean) * (0.5 + contrast)
    return _cut(_move(images, changes[:, 3:5]), changes[:, 5:7])


def _move(images: Tensor, places: Tensor) -> Tensor:
    """Move each image by whole pixels; what comes in is black, as beside all images."""
    count, _, height, width = images.shape
    farthest = torch.tensor([height, width], device=images.device) * FARTHEST
    far = torch.round((2 * places - 1) * farthest).long()
    pad_y, pad_x = (int(side) for side in torch.round(farthest))
    padded = functional.pad(images, (pad_x, pad_x, pad_y, pad_y))
    rows = torch.arange(height, device=images.device)[None] + pad_y + far[:, :1]
    columns = torch.arange(width, device=images.device)[None] + pad_x + far[:, 1:]
    number = torch.arange(count, device=images.device)
    moved = padded.permute(0, 2, 3, 1)[number[:, None, None], rows[:, :, None], columns[:, None, :]]
    return moved.permute(0, 3, 1, 2)


def _cut(images: Tensor, places: Tensor) -> Tensor:
    """Blacken a rectangle of each image."""
    height, width = images.shape[2:]
    side = torch.tensor([height, width], device=images.device)
    middle = torch.round(places * side)
    half = torch.round(side * CUT / 2)
    rows = torch.arange(height, device=images.device)[None]
    columns = torch.arange(width, device=images.device)[None]
    in_rows = (rows - middle[:, :1]).abs() < half[0]
    in_columns = (columns - middle[:, 1:]).abs() < half[1]
    kept = ~(in_rows[:, :, None] & in_columns[:, None, :])
    return images * kept[:, None].to(images.dtype)
