"""Depth by trained networks, through transformers: Depth Anything, DPT, Depth Pro and their kin.

The network is called directly: the library's pipeline would round depth to 8 bits and drop the
field of view. Only safetensors, or state dicts without pickled code, are read, and no code of a
checkpoint is ever run.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from zograscope_server.depth.depth_map import (
    DepthMap,
    disparity_of_metric_depth,
    normalise_disparity,
)
from zograscope_server.models.errors import ModelError

_METRIC = "metric"
NARROWEST, WIDEST = 1.0, 170.0  # degrees; a network that answers otherwise has not understood


class LearnedDepth:
    """A depth network from a Hugging Face checkpoint folder."""

    def __init__(self, folder: Path, *, device: str = "cpu", name: str = "", licence: str = ""):
        """Load it.

        Args:
            folder: with config.json, weights, and (usually) preprocessor_config.json.
            device: of torch.
            name: what results call it; the folder's name by default.
            licence: of the weights.

        Raises:
            ZograscopeError: `model-file-wrong`.
        """
        from transformers import AutoImageProcessor, AutoModelForDepthEstimation

        self.name = name or folder.name
        self._licence = licence
        self._device = device
        local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        safe = any(folder.glob("*.safetensors"))
        try:
            _refuse_own_code(folder)
            self._model = AutoModelForDepthEstimation.from_pretrained(
                folder, use_safetensors=safe, weights_only=True, **local
            )
            self._model.to(device).eval()
            self._processor = AutoImageProcessor.from_pretrained(folder, **local)
        except Exception as error:
            problem = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ModelError(
                "model-file-wrong", str(error), name=str(folder), problem=problem
            ) from error

    def estimate(self, pixels: np.ndarray) -> DepthMap:
        """Return the depth of (height, width, 3) uint8 sRGB pixels, at the network's own size."""
        import torch

        values = self._processor(images=Image.fromarray(pixels), return_tensors="pt")
        with torch.inference_mode():
            output = self._model(values["pixel_values"].to(self._device))
        predicted = output.predicted_depth.float().squeeze().cpu().numpy()
        field_of_view = getattr(output, "field_of_view", None)
        degrees = 0.0 if field_of_view is None else float(field_of_view.float().reshape(-1)[0])
        if NARROWEST < degrees < WIDEST:
            focal_length = 0.5 * pixels.shape[1] / np.tan(np.radians(degrees) / 2.0)
            return self._metric_map(
                _canonical_depth(predicted, pixels.shape[1], focal_length), degrees
            )
        if self._gives_depth():
            return self._metric_map(predicted, None)
        disparity = normalise_disparity(predicted)
        return DepthMap(disparity, model=self.name, licence=self._licence)

    def _metric_map(self, depth: np.ndarray, field_of_view: float | None) -> DepthMap:
        disparity, near, far = disparity_of_metric_depth(depth)
        return DepthMap(disparity, near, far, field_of_view, self.name, self._licence)

    def _gives_depth(self) -> bool:
        """Whether the network answers in metres, not in relative disparity."""
        config = self._model.config
        return getattr(config, "depth_estimation_type", "") == _METRIC or config.model_type in (
            "zoedepth",
            "glpn",
        )


def _canonical_depth(inverse_depth: np.ndarray, width: int, focal_length: float) -> np.ndarray:
    """Depth in metres from Depth Pro's canonical inverse depth (Bochkovskii et al. 2024, 3.1)."""
    metric = inverse_depth * (width / focal_length)
    return 1.0 / np.clip(metric, 1e-4, 1e4)


def _refuse_own_code(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if "auto_map" in config:
        raise ValueError("it wants to run code of its own, which Zograscope never does")
