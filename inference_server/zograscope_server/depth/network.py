"""The embedded depth network: a small convolutional network with a look at the whole picture.

An encoder that has learnt to name things halves the picture five times (`encoder.py`); at the
coarsest size each place attends to every other one, since depth is a matter of the whole scene; a
decoder adds finer features step by step (Ranftl et al., "Towards Robust Monocular Depth
Estimation", TPAMI 2020, has the loss it was trained with). `training/` holds how it was made,
`docs/depth_network.md` what it can and cannot do.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from zograscope_server.depth.encoder import WIDTHS, Encoder

STRIDE = 32  # sides of the input must be multiples of this
MEAN, SPREAD = 0.5, 0.5  # of sRGB values in [0, 1], as the encoder knows them
ATTENTION_WIDTH, ATTENTION_BLOCKS, HEADS = 256, 3, 8
DECODER_WIDTHS = (32, 48, 96, 128)  # channels at 1/2, 1/4, 1/8 and 1/16


def convolution(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolve and normalise."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs)
    )


class AttentionBlock(nn.Module):
    """Every place looks at every other one (Vaswani et al., 2017), after a normalisation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.mix = nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """(n, places, width) to the same."""
        n, places, width = tokens.shape
        parts = self.query_key_value(self.before(tokens))
        query, key, value = parts.view(n, places, 3, HEADS, width // HEADS).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value)
        tokens = tokens + self.mix(seen.transpose(1, 2).reshape(n, places, width))
        return tokens + self.narrow(functional.gelu(self.widen(self.between(tokens))))


class Fusion(nn.Module):
    """Bring coarse features to the size of finer ones and join them."""

    def __init__(self, coarse: int, fine: int, outputs: int) -> None:
        super().__init__()
        self.lateral = convolution(fine, outputs, 1)
        self.reduce = convolution(coarse, outputs, 1)
        self.mend = convolution(outputs, outputs)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """(n, coarse, h, w) and (n, fine, 2h, 2w) to (n, outputs, 2h, 2w)."""
        enlarged = functional.interpolate(
            self.reduce(coarse), size=fine.shape[-2:], mode="bilinear", align_corners=False
        )
        joined = functional.relu(enlarged + self.lateral(fine))
        return functional.relu(joined + self.mend(joined))


class DepthNetwork(nn.Module):
    """Relative disparity of pictures.

    Its scale is fixed by training: 0 where the farthest parts of the scene are and 1 where the
    nearest are; a flat picture is 0.5 all over.
    """

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.gather = convolution(WIDTHS[-1], ATTENTION_WIDTH, 1)
        self.places = nn.Linear(2, ATTENTION_WIDTH)
        self.attention = nn.Sequential(
            *(AttentionBlock(ATTENTION_WIDTH) for _ in range(ATTENTION_BLOCKS))
        )
        coarser = (*DECODER_WIDTHS[1:], ATTENTION_WIDTH)
        self.fusions = nn.ModuleList(
            Fusion(coarse, fine, outputs)
            for coarse, fine, outputs in zip(coarser, WIDTHS, DECODER_WIDTHS, strict=False)
        )
        self.head = nn.Sequential(
            convolution(DECODER_WIDTHS[0], 16), nn.ReLU(), nn.Conv2d(16, 1, 3, padding=1)
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Estimate disparity.

        Args:
            pictures: (n, 3, h, w) float sRGB in [0, 1]; h and w are multiples of 32.

        Returns:
            (n, h / 2, w / 2) disparity, about [0, 1].
        """
        pyramid = self.encoder((pictures - MEAN) / SPREAD)
        features = self.gather(pyramid[-1])
        height, width = features.shape[-2:]
        tokens = features.flatten(2).transpose(1, 2)
        corners = place_grid(height, width, pictures).flatten(2).transpose(1, 2)
        tokens = self.attention(tokens + self.places(corners))
        features = tokens.transpose(1, 2).reshape(features.shape)
        for fusion, fine in zip(reversed(self.fusions), reversed(pyramid[:-1]), strict=True):
            features = fusion(features, fine)
        disparity: Tensor = self.head(features)[:, 0]
        return disparity


def place_grid(height: int, width: int, like: Tensor) -> Tensor:
    """(1, 2, height, width) place across and down, each in [-1, 1] over the picture."""
    down = (torch.arange(height, device=like.device, dtype=like.dtype) + 0.5) * (2 / height) - 1
    across = (torch.arange(width, device=like.device, dtype=like.dtype) + 0.5) * (2 / width) - 1
    return torch.stack([across.expand(height, width), down[:, None].expand(height, width)])[None]


def load_weights(network: DepthNetwork, path: Path) -> None:
    """Give a network the weights of a file (safetensors); raises ValueError for another's."""
    state = {name: value.float() for name, value in load_file(path).items()}
    # Counters of training are not kept; everything else must be there.
    missing, unknown = network.load_state_dict(state, strict=False)
    if unknown or [name for name in missing if not name.endswith("num_batches_tracked")]:
        raise ValueError(f"{path} holds another network's weights.")
