"""How far apart two eyes are, for a picture that is comfortable to look at."""

COMFORT = 1 / 30
"""Share of the picture's width by which the nearest point may be shifted against the farthest from
one eye to the other: the old rule of stereo photographers for pictures of any size."""


def interocular_distance(
    nearest: float, farthest: float, focal_length: float, width: float, share: float = COMFORT
) -> float:
    """Return the distance of two eyes that look straight ahead at a scene.

    From eyes b apart, what is at depth z is shifted by f b / z pixels; between nearest and farthest
    these differ by f b (1 / nearest - 1 / farthest).

    Args:
        nearest, farthest: depths in scene units.
        focal_length, width: of the picture, in pixels.
        share: of the width, between nearest and farthest.
    """
    spread = 1 / nearest - 1 / farthest
    # A picture without depth looks the same from any two eyes.
    return share * width / (focal_length * spread) if spread > 0 else share * nearest
