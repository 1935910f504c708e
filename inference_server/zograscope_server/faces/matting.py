"""Tells head, hair and shoulders from what is behind them, by MediaPipe's image segmenter."""

import weakref
from pathlib import Path

import numpy as np


class PersonMatte:
    """MediaPipe's segmenter with the model of its selfies: one soft mask for all people."""

    def __init__(self, model: Path) -> None:
        """Load the model file."""
        import mediapipe as mp

        vision = mp.tasks.vision
        options = vision.ImageSegmenterOptions(
            base_options=mp.tasks.BaseOptions(model_asset_buffer=model.read_bytes()),
            running_mode=vision.RunningMode.IMAGE,
            output_confidence_masks=True,
            output_category_mask=False,
        )
        self._segmenter = vision.ImageSegmenter.create_from_options(options)
        # Its own __del__ fails where Python ends first.
        weakref.finalize(self, self._segmenter.close)

    def matte(self, picture: np.ndarray) -> np.ndarray:
        """Return how surely each pixel belongs to a person.

        Args:
            picture: uint8 (height, width, 3), red first.

        Returns:
            float32 (height, width), 0 to 1. The network sees 256 x 256 pixels, so that the mask's
            edge is soft over that many parts of the picture.
        """
        import mediapipe as mp

        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(picture))
        (mask,) = self._segmenter.segment(image).confidence_masks
        return np.array(mask.numpy_view(), np.float32).reshape(picture.shape[:2])
