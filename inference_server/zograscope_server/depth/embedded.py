"""Depth by the network that comes with Zograscope: the first look at a picture, offline.

It answers in a scale of its own: 0 at the far end of the scene and 1 at the near one, and hardly
any difference on what is flat, so that maps and pages stay flat.
"""

from pathlib import Path

import cv2
import numpy as np

from zograscope_server.depth.classical import FLATNESS_OF_SHEETS, is_flat_sheet
from zograscope_server.depth.depth_map import DepthMap

WEIGHTS = Path(__file__).with_name("zograscope_small.safetensors")
INPUT_PIXELS = 192 * 256  # about as many as it was trained on, whatever the proportions
LOOKS = (1.0, 3.0)  # times so many pixels: small the whole is judged best, larger what is thin
LONGEST_ASPECT = 4.0  # wider pictures are squeezed to this
LEAST_RELIEF = 0.25  # of the network's scale, below which a picture keeps less than full relief


class EmbeddedDepth:
    """Relative disparity by the embedded network."""

    name = "zograscope-small"
    licence = "Apache-2.0"

    def __init__(self, weights: Path = WEIGHTS, *, device: str = "cpu") -> None:
        """Load the network's weights (safetensors) onto a torch device."""
        import torch

        from zograscope_server.depth.network import DepthNetwork, load_weights

        self._network = DepthNetwork()
        load_weights(self._network, weights)
        self._device = torch.device(device)
        self._network.eval().to(self._device)

    def estimate(self, pixels: np.ndarray) -> DepthMap:
        """Return the disparity of (height, width, 3) uint8 sRGB pixels, at the network's size."""
        height, width = pixels.shape[:2]
        sizes = [input_size(height, width, look) for look in LOOKS]
        seen = [cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) for size in sizes]
        looks = [self._look(picture) for picture in seen]
        finest = looks[-1].shape[::-1]
        same_size = [cv2.resize(look, finest, interpolation=cv2.INTER_CUBIC) for look in looks]
        disparity = spread_out(np.mean(same_size, axis=0))
        if is_flat_sheet(cv2.cvtColor(seen[0], cv2.COLOR_RGB2LAB).astype(np.float32)):
            # The network still sees hills in some maps; fine lines on even paper are no view.
            disparity = 0.5 + np.float32(FLATNESS_OF_SHEETS) * (disparity - 0.5)
        return DepthMap(disparity, model=self.name, licence=self.licence)

    def _look(self, pixels: np.ndarray) -> np.ndarray:
        """Return the network's answer to a picture: the mean of it and of the mirrored one's."""
        import torch

        picture = torch.from_numpy(pixels).to(self._device).permute(2, 0, 1).float() / 255
        with torch.inference_mode():
            both = self._network(torch.stack([picture, picture.flip(-1)]))
            answer: np.ndarray = ((both[0] + both[1].flip(-1)) / 2).cpu().numpy()
        return answer


def input_size(height: int, width: int, look: float = 1.0) -> tuple[int, int]:
    """Return the width and height in which the network sees a picture: multiples of its stride.

    Args:
        height: of the picture.
        width: of the picture.
        look: how many times `INPUT_PIXELS` to see.
    """
    from zograscope_server.depth.network import STRIDE

    aspect = float(np.clip(width / height, 1 / LONGEST_ASPECT, LONGEST_ASPECT))
    rows = (look * INPUT_PIXELS / aspect) ** 0.5
    width, height = (max(1, round(side / STRIDE)) * STRIDE for side in (rows * aspect, rows))
    return width, height


def spread_out(predicted: np.ndarray) -> np.ndarray:
    """Bring the network's answer to [0, 1], far to near; what is nearly flat stays about 0.5."""
    low, high = (float(value) for value in np.percentile(predicted, (0.5, 99.5)))
    spread = max(high - low, LEAST_RELIEF)
    middle = (low + high) / 2
    return np.clip((predicted - middle) / spread + 0.5, 0.0, 1.0).astype(np.float32)
