"""Camera journeys over a mosaic: stations, and the smooth way between them.

Pure numpy. Between two stations the camera rises, crosses and descends on the path of van Wijk and
Nuij ("Smooth and efficient zooming and panning", 2003), on which the picture seems to move at one
even speed. A camera that faces a tile has the tile's own rotation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .places import Places

RHO = 1.3  # how readily the camera rises to cross: 1.42 is people's taste, less is calmer
AIR = 1.04  # of the distance from which a whole mosaic fits
TILE_SHARE = 0.42  # of the picture's height that a visited tile takes
CLUSTER_AIR = 1.5
FEWEST_TILES_SEEN = 6.0  # across, where a cluster is shown
HOLD = 0.9  # of a station, against the length of the way to it
DRIFT = 0.9  # of its first width that an overview ends at
MOST_CLUSTERS = 6
ENCLOSED = 180.0  # degrees of bend from which the camera stays inside
ENCLOSED_SHARE = 0.7  # of the mosaic's diameter that it then keeps from its middle


@dataclass(frozen=True)
class Station:
    """A place to look at.

    Attributes:
        target: (3,) what is in the middle of the picture.
        rotation: (2,) radians about x and z, of what is looked at.
        width: of what is seen there, in scene units.
    """

    target: np.ndarray
    rotation: np.ndarray
    width: float


@dataclass(frozen=True)
class Journey:
    """A camera's motion: positions (frames, 3) and Euler rotations (frames, 3), in radians."""

    positions: np.ndarray
    rotations: np.ndarray


@dataclass(frozen=True)
class Lens:
    """A camera's picture.

    Attributes:
        aspect: width / height.
        half_angle: tangent of half the horizontal field of view.
    """

    aspect: float
    half_angle: float


def overview(places: Places, lens: Lens, bend: float | None = None) -> Station:
    """Look at all tiles, square on; from inside, where they bend around the viewer.

    Args:
        places: where they are.
        lens: whose picture they fill.
        bend: degrees that a cylinder or dome spans; None for flat shapes.
    """
    corners = places.corners.reshape(-1, 3)
    low, high = corners.min(axis=0), corners.max(axis=0)
    middle = (low + high) / 2
    rotation = np.array([np.pi / 2, 0.0]) if bend is not None else places.rotations.mean(axis=0)
    upright = bool(np.sin(rotation[0]) > 0.5)
    if bend is not None:
        middle[1] = high[1]
    offsets = corners - middle
    across = np.abs(offsets[:, 0])
    up = np.abs(offsets[:, 2 if upright else 1])
    towards = -offsets[:, 1] if upright else offsets[:, 2]
    needed = np.maximum(across, up * lens.aspect) / lens.half_angle + towards
    distance = AIR * float(needed.max())
    if bend is not None and bend > ENCLOSED:
        distance = min(distance, ENCLOSED_SHARE * float(high[0] - low[0]))
    return Station(middle, rotation, 2 * lens.half_angle * distance)


def at_tile(places: Places, vertex: int, lens: Lens) -> Station:
    """Look at one tile, its neighbours around it."""
    width, height = places.sizes[vertex]
    seen = max(height / TILE_SHARE * lens.aspect, width / TILE_SHARE)
    return Station(places.positions[vertex], places.rotations[vertex], float(seen))


def at_cluster(places: Places, members: np.ndarray, lens: Lens) -> Station:
    """Look at the middle of a cluster, most of its tiles in the picture."""
    positions = places.positions[members]
    middle = np.median(positions, axis=0)
    nearest = members[np.argmin(((positions - middle) ** 2).sum(axis=1))]
    away = np.linalg.norm(positions - places.positions[nearest], axis=1)
    reach = 2 * CLUSTER_AIR * float(np.median(away))
    least = FEWEST_TILES_SEEN * float(places.sizes.max())
    width = max(reach * max(lens.aspect, 1.0), least)
    return Station(places.positions[nearest], places.rotations[nearest], width)


def drift(places: Places, lens: Lens, bend: float | None = None) -> list[Station]:
    """Come slowly closer, until all of it fills the picture."""
    whole = overview(places, lens, bend)
    return [Station(whole.target, whole.rotation, whole.width / DRIFT), whole]


def dive(places: Places, vertex: int, lens: Lens, bend: float | None = None) -> list[Station]:
    """From all of it down to one tile."""
    return [overview(places, lens, bend), at_tile(places, vertex, lens)]


def along_clusters(
    places: Places, clusters: np.ndarray, lens: Lens, bend: float | None = None
) -> list[Station]:
    """From all of it through the largest clusters and back.

    Args:
        places: where the tiles are.
        clusters: (n,) number of each tile's cluster, -1 for none, 0 for the largest.
        lens: the camera's.
        bend: see `overview`.
    """
    whole = overview(places, lens, bend)
    numbers = [number for number in np.unique(clusters) if number >= 0][:MOST_CLUSTERS]
    members = [np.flatnonzero(clusters == number) for number in numbers]
    stations = [at_cluster(places, group, lens) for group in members]
    return [whole, *in_short_order(stations, whole), whole]


def visit(
    places: Places, vertices: Sequence[int], lens: Lens, bend: float | None = None
) -> list[Station]:
    """From all of it to some tiles, in their order, and back."""
    whole = overview(places, lens, bend)
    return [whole, *(at_tile(places, vertex, lens) for vertex in vertices), whole]


def in_short_order(stations: Sequence[Station], start: Station) -> list[Station]:
    """Go to whichever station is nearest next."""
    remaining, ordered, here = list(stations), [], start.target
    while remaining:
        distances = [float(np.linalg.norm(station.target - here)) for station in remaining]
        ordered.append(remaining.pop(int(np.argmin(distances))))
        here = ordered[-1].target
    return ordered


def travel(stations: Sequence[Station], frames: int, lens: Lens) -> Journey:
    """Move through stations, with a pause at each.

    Args:
        stations: at least two.
        frames: of the whole journey.
        lens: the camera's.
    """
    legs = [_leg(start, end) for start, end in pairwise(stations)]
    ways = np.array([leg[0] for leg in legs])
    # Time goes to ways by their length, and to each station but the ends' outer sides.
    pause = HOLD * float(ways.mean()) if len(legs) > 1 else 0.0
    spans = [span for way in ways for span in (way, pause)][:-1]
    ends = np.cumsum(spans)
    moments = np.linspace(0.0, ends[-1], max(frames, 2))
    positions, rotations = np.empty((len(moments), 3)), np.zeros((len(moments), 3))
    for frame, moment in enumerate(moments):
        span = min(int(np.searchsorted(ends, moment)), len(spans) - 1)
        share = (moment - (ends[span] - spans[span])) / max(spans[span], 1e-9)
        leg = legs[span // 2]
        here = leg[1](_eased(share) if span % 2 == 0 else 1.0)
        tilt, turn = here.rotation
        normal = [np.sin(tilt) * np.sin(turn), -np.sin(tilt) * np.cos(turn), np.cos(tilt)]
        positions[frame] = here.target + np.array(normal) * here.width / (2 * lens.half_angle)
        rotations[frame] = tilt, 0.0, turn
    return Journey(positions, rotations)


def _eased(share: float) -> float:
    """Start and stop gently: speed and acceleration are 0 at both ends."""
    share = min(max(share, 0.0), 1.0)
    return share**3 * (share * (share * 6 - 15) + 10)


def _leg(start: Station, end: Station) -> tuple[float, Callable[[float], Station]]:
    """Return the length of the way between two stations, and the way for shares of it."""
    distance = float(np.linalg.norm(end.target - start.target))
    first, last = start.width, end.width
    if distance < 1e-6 * max(first, last):
        length = abs(np.log(last / first)) / RHO

        def zoomed(share: float) -> Station:
            return _between(start, end, share, share, first * (last / first) ** share)

        return max(float(length), 0.2), zoomed

    spread = RHO**4 * distance**2
    rise = (last**2 - first**2 + spread) / (2 * first * RHO**2 * distance)
    fall = (last**2 - first**2 - spread) / (2 * last * RHO**2 * distance)
    begin, finish = -np.arcsinh(rise), -np.arcsinh(fall)
    length = float((finish - begin) / RHO)

    def panned(share: float) -> Station:
        here = begin + RHO * share * length
        width = first * np.cosh(begin) / np.cosh(here)
        crossed = first / RHO**2 * (np.cosh(begin) * np.tanh(here) - np.sinh(begin)) / distance
        return _between(start, end, float(crossed), share, float(width))

    return length, panned


def _between(start: Station, end: Station, crossed: float, share: float, width: float) -> Station:
    turned = start.rotation + (end.rotation - start.rotation) * share
    return Station(start.target + (end.target - start.target) * crossed, turned, width)
