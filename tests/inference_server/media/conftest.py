"""Clips that the tests draw."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

SOUND_RATE = 44_100


@pytest.fixture(scope="session")
def draw_clip() -> Callable[..., Path]:
    """A function that writes pictures shown at times in milliseconds, with sound if wanted."""

    def draw(
        path: Path,
        pictures: Sequence[np.ndarray],
        times: Sequence[int] | None = None,
        *,
        rate: Fraction | int = 25,
        codec: str = "ffv1",
        pixels: str = "bgr0",
        sound: np.ndarray | None = None,
        sound_delay: float = 0.0,
        aspect: Fraction | None = None,
    ) -> Path:
        """Without times, the frames come at the rate. `sound` is float32 (n,), at 44,100 Hz."""
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=Fraction(rate))
            height, width = pictures[0].shape[:2]
            stream.width, stream.height, stream.pix_fmt = width, height, pixels
            if aspect is not None:
                stream.codec_context.sample_aspect_ratio = aspect
            base = 1 / Fraction(rate) if times is None else Fraction(1, 1000)
            stream.time_base = stream.codec_context.time_base = base
            voice = None
            if sound is not None:
                voice = container.add_stream("flac", rate=SOUND_RATE, layout="mono", format="s16")
            for number, picture in enumerate(pictures):
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame = frame.reformat(format=pixels)
                frame.pts, frame.time_base = number if times is None else times[number], base
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
            if voice is not None:
                samples = (np.clip(sound, -1, 1) * 32767).astype(np.int16).reshape(1, -1)
                frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
                frame.sample_rate, frame.time_base = SOUND_RATE, Fraction(1, SOUND_RATE)
                frame.pts = round(sound_delay * SOUND_RATE)
                container.mux(voice.encode(frame))
                container.mux(voice.encode(None))
        return path

    return draw
