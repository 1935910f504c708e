"""What is heard in a sound, frame by frame, and how it drives a walk.

Onsets are where the spectrum grows (spectral flux on logarithmic magnitudes, Bello et al. 2005).
Bands tell how loud low, middle and high sounds are, each in proportion to its own quietest and
loudest in the piece.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

SAMPLE_RATE = 22_050
HOP = 220  # samples: 10 ms
WINDOW = 1024
SUM_OF_WINDOW = WINDOW / 2  # of Hann's, by which a full tone has magnitude 0.5
COMPRESSION = 1000.0  # magnitudes above one thousandth count by their logarithm
EDGES = (20.0, 200.0, 2000.0, 11_025.0)  # hertz, of the bands
BANDS = len(EDGES) - 1
SURROUNDINGS = 0.5  # seconds about an onset by which it is judged
RINGING = 0.25  # seconds in which an onset dies away, to a third
CALM = 0.06  # seconds over which bands are smoothed
FADE = 0.5  # seconds at both ends of a loop in which bands grow from nothing
QUIET = 0.05  # of a full scale: what moves less than this all the time is silence
DOUBLINGS = 2.0  # of speed from rest to the loudest, at strength 1
BLOCK = 4096  # windows that are analysed at once


@dataclass(frozen=True)
class Heard:
    """What is heard in each frame; all are float64 from 0 to 1.

    Attributes:
        onsets: (frames,), how strongly something begins.
        bands: (frames, 3), how loud low, middle and high sounds are.
    """

    onsets: np.ndarray
    bands: np.ndarray


@dataclass(frozen=True)
class Drive:
    """How a sound drives a walk.

    Attributes:
        shares: (frames,) float64, how much of the walk is behind in each frame; never less than in
            the frame before. A loop's would be 1 in the frame after the last.
        amounts: (frames, 3) float64, spreads by which the first directions are moved.
    """

    shares: np.ndarray
    amounts: np.ndarray


def listen(samples: np.ndarray, rate: float, frames: int) -> Heard:
    """Hear a sound.

    Args:
        samples: (n,) float32 at `SAMPLE_RATE`; after its end it is silent.
        rate: frames for each second.
        frames: how many.
    """
    from scipy.ndimage import gaussian_filter1d

    flux, loudness = _analyse(samples, round(frames / rate * SAMPLE_RATE) // HOP + 1)
    # What a window begins to contain came in with its last hop.
    frame = (np.maximum(np.arange(len(flux)) - 0.5, 0) * HOP / SAMPLE_RATE * rate).astype(np.int64)
    inside = frame < frames
    onsets = np.zeros(frames)
    np.maximum.at(onsets, frame[inside], _peaks(flux)[inside])
    bands, heard = np.zeros((frames, BANDS)), np.zeros((frames, 1))
    np.add.at(bands, frame[inside], loudness[inside])
    np.add.at(heard, frame[inside], 1)
    bands = bands / np.maximum(heard, 1)
    if rate > SAMPLE_RATE / HOP:  # then there are frames between two windows
        known = np.flatnonzero(heard)
        bands = np.stack([np.interp(np.arange(frames), known, row[known]) for row in bands.T], 1)
    bands = gaussian_filter1d(bands, max(CALM * rate, 1e-3), axis=0, mode="nearest")
    loudest = max(float(np.quantile(onsets, 0.98)), 0.5 * float(onsets.max()))
    low, high = np.quantile(bands, [0.05, 0.98], axis=0)
    return Heard(_scaled(onsets, 0.0, loudest), _scaled(bands, low, high))


def drive(heard: Heard, rate: float, strength: float, *, loop: bool) -> Drive:
    """Return how a sound drives a walk.

    Speed grows with onsets, which die away, and with loudness; low, middle and high sounds move the
    first three directions.

    Args:
        heard: in each frame of the walk.
        rate: frames for each second.
        strength: 0 leaves the walk as it is without sound.
        loop: whether the walk returns: then directions are at rest at both ends.
    """
    frames = len(heard.onsets)
    ringing = np.empty(frames)
    kept, latest = np.exp(-1 / (RINGING * rate)), 0.0
    for number, onset in enumerate(heard.onsets):
        latest = ringing[number] = max(onset, latest * kept)
    liveliness = np.maximum(ringing, heard.bands.mean(axis=1))
    speed = 2.0 ** (DOUBLINGS * strength * (liveliness - liveliness.max()))
    behind = np.concatenate([[0.0], np.cumsum(speed)])
    whole = behind[frames] if loop else behind[max(frames - 1, 1)]
    amounts = strength * heard.bands
    if loop:
        numbers = np.arange(frames)
        ends = np.minimum(numbers, frames - numbers) / max(FADE * rate, 1)
        rising = np.clip(ends, 0, 1)
        amounts = amounts * (rising**2 * (3 - 2 * rising))[:, None]
    return Drive(behind[:frames] / whole, amounts)


def _analyse(samples: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (count,) flux and (count, 3) logarithmic loudness of windows, each a hop later."""
    padded = np.zeros(WINDOW + count * HOP, np.float32)
    known = samples[: count * HOP]
    padded[WINDOW : WINDOW + len(known)] = known
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:count]
    pitches = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE)
    in_band = np.array(
        [(pitches >= low) & (pitches < high) for low, high in pairwise(EDGES)]
    ).astype(np.float64)
    taper = np.hanning(WINDOW)
    flux, loudness, before = np.zeros(count), np.zeros((count, BANDS)), None
    for begin in range(0, count, BLOCK):
        block = slice(begin, begin + BLOCK)
        magnitudes = np.abs(np.fft.rfft(windows[block] * taper)) / SUM_OF_WINDOW
        levels = np.log1p(COMPRESSION * magnitudes)
        previous = np.concatenate([levels[:1] * 0 if before is None else before, levels[:-1]])
        flux[block] = np.maximum(levels - previous, 0).mean(axis=1)
        loudness[block] = np.log1p(COMPRESSION * np.sqrt(magnitudes**2 @ in_band.T))
        before = levels[-1:]
    return flux, loudness / np.log1p(COMPRESSION)


def _peaks(flux: np.ndarray) -> np.ndarray:
    """Return flux where it is the greatest near by and above what is usual there; else 0."""
    from scipy.ndimage import maximum_filter1d, median_filter, uniform_filter1d

    size = int(SURROUNDINGS * SAMPLE_RATE / HOP) | 1
    usual = median_filter(flux, size, mode="nearest") + 0.5 * uniform_filter1d(
        flux, size, mode="nearest"
    )
    peak = flux == maximum_filter1d(flux, 7, mode="constant")
    return np.where(peak, np.maximum(flux - usual, 0), 0)


def _scaled(values: np.ndarray, low: float | np.ndarray, high: float | np.ndarray) -> np.ndarray:
    """Bring values to 0..1; where they hardly move, they stay at 0."""
    return np.clip((values - low) / np.maximum(high - low, QUIET), 0, 1)
