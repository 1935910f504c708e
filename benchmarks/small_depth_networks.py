"""Small depth networks by others, to compare with: METER and a pruned PyDNet.

METER is built here anew after the paper (Papa, Russo, Amerini, "METER: A Mobile Vision Transformer
Architecture for Monocular Depth Estimation", IEEE TCSVT 2023), with the order of layers, names and
shapes of its published code and weights (github.com/lorenzopapa5/METER, MIT): an encoder of
MobileNetV2 blocks (Sandler et al., CVPR 2018) and MobileViT blocks (Mehta, Rastegari, ICLR 2022), a
decoder that joins its finer features. PyDNet (Poggi et al., IROS 2018), trained as
monodepth2 is, comes as a TensorFlow Lite file (github.com/zshn25/Pydnet-Pytorch, MIT), which the
package ai-edge-litert runs.

All answer as any depth model of Zograscope does: `estimate(pixels)`.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from zograscope_server.depth.depth_map import (
    DepthMap,
    disparity_of_metric_depth,
    normalise_disparity,
)

HEADS, HEAD_WIDTH = 4, 8
PATCH = 2  # places at the same corner of 2 by 2 patches attend to each other

# What the published weights call the parts of `Attention`, and what they are called here.
NAMES = {
    "transformer.layers.0.0.norm.": "attention.before.",
    "transformer.layers.0.0.fn.to_qkv.": "attention.query_key_value.",
    "transformer.layers.0.0.fn.to_out.0.": "attention.mix.",
    "transformer.layers.0.1.norm.": "attention.between.",
    "transformer.layers.0.1.fn.net.0.": "attention.widen.",
    "transformer.layers.0.1.fn.net.3.": "attention.narrow.",
}


class Separated(nn.Module):
    """A convolution of 3 by 3 and then one of 1 by 1; the first mixes channels too."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.pointwise = nn.Conv2d(outputs, outputs, 1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        return self.pointwise(self.depthwise(features))


def normalised(convolution: nn.Module, width: int) -> list[nn.Module]:
    return [convolution, nn.BatchNorm2d(width), nn.ReLU()]


def pointwise(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 1, bias=False)


class InvertedResidual(nn.Module):
    """MobileNetV2's block: widen twofold, convolve each channel, narrow."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        wide = 2 * inputs
        each = nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False)
        narrow = normalised(pointwise(wide, outputs), outputs)[:-1]
        self.conv = nn.Sequential(
            *normalised(pointwise(inputs, wide), wide), *normalised(each, wide), *narrow
        )
        self.adds = stride == 1 and inputs == outputs

    def forward(self, features: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        changed = self.conv(features)
        return features + changed if self.adds else changed


class Attention(nn.Module):
    """One layer of a transformer, normalised before each of its halves, with ReLU."""

    def __init__(self, width: int, wide: int) -> None:
        super().__init__()
        inner = HEADS * HEAD_WIDTH
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * inner, bias=False)
        self.mix = nn.Linear(inner, width)
        self.widen, self.narrow = nn.Linear(width, wide), nn.Linear(wide, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """(n, places, width) to the same."""
        n, places, _ = tokens.shape
        parts = self.query_key_value(self.before(tokens)).view(n, places, 3, HEADS, HEAD_WIDTH)
        seen = functional.scaled_dot_product_attention(*parts.permute(2, 0, 3, 1, 4))
        tokens = tokens + self.mix(seen.transpose(1, 2).flatten(2))
        return tokens + self.narrow(functional.relu(self.widen(self.between(tokens))))


class MobileViTBlock(nn.Module):
    """Look around, then at the whole picture, and join that to what came in."""

    def __init__(self, channels: int, width: int, wide: int) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(*normalised(Separated(channels, channels), channels))
        self.conv2 = nn.Sequential(*normalised(pointwise(channels, width), width))
        self.attention = Attention(width, wide)
        self.conv3 = nn.Sequential(*normalised(pointwise(width, channels), channels))
        self.conv4 = nn.Sequential(*normalised(Separated(2 * channels, channels), channels))

    def forward(self, features: Tensor) -> Tensor:
        """(n, channels, h, w) to the same; h and w are even."""
        local = self.conv2(self.conv1(features))
        n, width, h, w = local.shape
        patches = local.view(n, width, h // PATCH, PATCH, w // PATCH, PATCH)
        tokens = patches.permute(0, 3, 5, 2, 4, 1).reshape(n * PATCH**2, -1, width)
        tokens = self.attention(tokens)
        patches = tokens.view(n, PATCH, PATCH, h // PATCH, w // PATCH, width)
        seen = patches.permute(0, 5, 3, 1, 4, 2).reshape(n, width, h, w)
        return self.conv4(torch.cat([self.conv3(seen), features], 1))


class Encoder(nn.Module):
    """METER's encoder of the smallest size, "xxs"."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(*normalised(Separated(3, 16, stride=2), 16))
        self.mv2 = nn.ModuleList(
            [
                InvertedResidual(16, 16),
                InvertedResidual(16, 24, stride=2),
                InvertedResidual(24, 24),
                InvertedResidual(24, 24),
                InvertedResidual(24, 48, stride=2),
                InvertedResidual(48, 64, stride=2),
                InvertedResidual(64, 80, stride=2),
            ]
        )
        self.mvit = nn.ModuleList(
            [MobileViTBlock(48, 64, 128), MobileViTBlock(64, 80, 320), MobileViTBlock(80, 96, 384)]
        )
        self.conv2 = nn.Sequential(*normalised(pointwise(80, 160), 160))

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """(n, 3, h, w) to features at 1/4, 1/8, 1/16 and 1/32 of the size."""
        quarter = self.mv2[1](self.mv2[0](self.conv1(pictures)))
        eighth = self.mv2[4](self.mv2[3](self.mv2[2](quarter)))
        sixteenth = self.mv2[5](self.mvit[0](eighth))
        coarse = self.mvit[2](self.mv2[6](self.mvit[1](sixteenth)))
        return [quarter, eighth, sixteenth, self.conv2(coarse)]


class Enlargement(nn.Module):
    """Double the size and join the encoder's features of that size."""

    def __init__(self, inputs: int, joined: int, outputs: int) -> None:
        super().__init__()
        self.conv2d_transpose = nn.ConvTranspose2d(
            inputs, outputs, 3, stride=2, padding=1, output_padding=1, bias=False
        )
        self.end_up_layer = nn.Sequential(Separated(outputs + joined, outputs), nn.ReLU())

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """(n, inputs, h, w) and (n, joined, 2h, 2w) to (n, outputs, 2h, 2w)."""
        return self.end_up_layer(torch.cat([self.conv2d_transpose(coarse), fine], 1))


class Decoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv2d_in = pointwise(160, 64)
        self.ups_block_1 = Enlargement(64, 64, 32)
        self.ups_block_2 = Enlargement(32, 48, 16)
        self.ups_block_3 = Enlargement(16, 24, 8)
        self.conv2d_out = nn.Conv2d(8, 1, 3, padding=1, bias=False)

    def forward(self, pyramid: list[Tensor]) -> Tensor:
        """Features at 1/4, 1/8, 1/16 and 1/32 of the size to (n, 1, h / 4, w / 4)."""
        quarter, eighth, sixteenth, coarse = pyramid
        features = self.ups_block_1(self.conv2d_in(coarse), sixteenth)
        return self.conv2d_out(self.ups_block_3(self.ups_block_2(features, eighth), quarter))


@dataclass(frozen=True)
class Training:
    """What a METER was trained on, and so wants and answers.

    Attributes:
        name: of the model.
        file: of its weights.
        size: (width, height) in which it sees a picture.
        mean: of red, green and blue in [0, 1], which is taken off.
        spread: by which the rest is divided.
        units: of its answer in a metre.
    """

    name: str
    file: str
    size: tuple[int, int]
    mean: tuple[float, float, float]
    spread: tuple[float, float, float]
    units: float


NYU = Training(
    name="METER xxs NYU",
    file="meter_build_model_best_nyu_xxs.pth",
    size=(256, 192),
    mean=(0.485, 0.456, 0.406),
    spread=(0.229, 0.224, 0.225),
    units=100.0,
)
KITTI = Training(
    name="METER xxs KITTI",
    file="meter_build_model_best_kitti_xxs.pth",
    size=(640, 192),
    mean=(0.0, 0.0, 0.0),
    spread=(1.0, 1.0, 1.0),
    units=10.0,
)


class Meter:
    """Metric depth by METER."""

    licence = "MIT"

    def __init__(self, folder: Path, training: Training) -> None:
        self._training = training
        self._network = nn.ModuleDict({"encoder": Encoder(), "decoder": Decoder()}).eval()
        state = torch.load(folder / training.file, map_location="cpu", weights_only=True)
        self._network.load_state_dict({_renamed(key): value for key, value in state.items()})

    def estimate(self, pixels: np.ndarray) -> DepthMap:
        """Return the depth of (height, width, 3) uint8 sRGB pixels, at a quarter of its size."""
        picture = shrunk(pixels, self._training.size) - np.array(self._training.mean, np.float32)
        picture /= np.array(self._training.spread, np.float32)
        with torch.inference_mode():
            pyramid = self._network["encoder"](torch.from_numpy(picture).permute(2, 0, 1)[None])
            depth = self._network["decoder"](pyramid)[0, 0].numpy() / self._training.units
        disparity, near, far = disparity_of_metric_depth(depth)
        name = self._training.name
        return DepthMap(disparity, near, far, model=name, licence=self.licence)


def _renamed(key: str) -> str:
    for theirs, ours in NAMES.items():
        key = key.replace(theirs, ours)
    return key


class MobilePydnet:
    """Relative disparity by PyDNet, pruned and quantised."""

    name = "mobile PyDNet"
    licence = "MIT"
    file = "mobile_pydnet_pruned35.tflite"
    size = (640, 192)

    def __init__(self, folder: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(str(folder / self.file), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def estimate(self, pixels: np.ndarray) -> DepthMap:
        """Return the disparity of (height, width, 3) uint8 sRGB pixels, at half of its size."""
        picture = np.ascontiguousarray(shrunk(pixels, self.size).transpose(2, 0, 1)[None])
        self._interpreter.set_tensor(self._input, picture)
        self._interpreter.invoke()
        answer = self._interpreter.get_tensor(self._output)[0, 0]
        disparity = normalise_disparity(-answer)  # it counts down towards the viewer
        return DepthMap(disparity, model=self.name, licence=self.licence)


def shrunk(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize (height, width, 3) uint8 to `size`, (width, height), as float32 in [0, 1].

    Not smoothed: METER of NYU agrees better with measured depth so, that of KITTI a little worse.
    """
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR)
    return small.astype(np.float32) / np.float32(255)
