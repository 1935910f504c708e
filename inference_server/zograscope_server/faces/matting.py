"""Tells head, hair and shoulders from what is behind them, by MediaPipe's image segmenter."""

from pathlib import Path

import numpy as np


class PersonMatte:
    """MediaPipe's segmenter with the model of its selfies: one soft mask for all people."""

    def __init__(self, model: Path) -> None:
        """Read the model file. Each picture gets a segmenter of its own, which is quick.

        One that lives until Python ends cannot be closed any more.
        """
        import mediapipe as mp

        vision = mp.tasks.vision
        options = vision.ImageSegmenterOptions(
            base_options=mp.tasks.BaseOptions(model_asset_buffer=model.read_bytes()),
            running_mode=vision.RunningMode.IMAGE,
            output_confidence_masks=True,
            output_category_mask=False,
        )
        self._options = options

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
        with mp.tasks.vision.ImageSegmenter.create_from_options(self._options) as segmenter:
            (mask,) = segmenter.segment(image).confidence_masks
            return np.array(mask.numpy_view(), np.float32).reshape(picture.shape[:2])
