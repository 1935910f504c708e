"""The look of archives and cameras, laid over clean renders.

    picture = archive_look(picture, rng, disparity)
    picture, disparity, inside = paper_border(picture, disparity, rng)

Every ingredient is a pure function of a picture, (height, width, 3) float32 sRGB in [0, 1], and a
generator, and returns a new picture of the same shape and range. Recipes at the end of the module
say how likely each ingredient is, in the order in which light, emulsion, age and scanner act.
"""

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
from numpy.random import Generator

from training.depth.chance import pick

Ingredient = Callable[[np.ndarray, Generator], np.ndarray]
Recipe = tuple[tuple[Ingredient, float], ...]  # each with its chance

BANK = 768  # pixels; banks are tileable, so pictures may be larger
BANK_SEED = 1839
LUMA = np.array((0.299, 0.587, 0.114), np.float32)
GREY_MIXES = (
    (0.299, 0.587, 0.114),  # panchromatic
    (0.33, 0.34, 0.33),
    (0.6, 0.35, 0.05),  # behind a red filter: dark skies
    (0.1, 0.8, 0.1),
    (0.05, 0.45, 0.5),  # orthochromatic: dark reds
    (-0.05, 0.2, 0.85),  # blue-sensitive: white skies
)
TINTS = (  # shadow and light of two-tone pictures
    ((0.16, 0.09, 0.04), (0.98, 0.92, 0.80)),  # sepia
    ((0.10, 0.06, 0.05), (0.95, 0.90, 0.84)),  # albumen
    ((0.03, 0.10, 0.27), (0.90, 0.96, 0.98)),  # cyanotype
    ((0.07, 0.08, 0.12), (0.95, 0.96, 1.00)),  # selenium
    ((0.20, 0.05, 0.04), (1.00, 0.93, 0.86)),  # red chalk
    ((0.02, 0.12, 0.10), (0.96, 0.97, 0.88)),  # green toning
)
INKS = ((0.05, 0.05, 0.05), (0.12, 0.08, 0.05), (0.05, 0.07, 0.18), (0.25, 0.09, 0.06))
PAPERS = ((0.97, 0.97, 0.96), (0.95, 0.92, 0.84), (0.90, 0.84, 0.72), (0.84, 0.82, 0.79))
MOUNTS = (*PAPERS, (0.55, 0.54, 0.52), (0.45, 0.38, 0.30), (0.07, 0.07, 0.07))
SCREEN_ANGLES = np.radians((15.0, 75.0, 0.0)).astype(np.float32)  # of cyan, magenta and yellow dots
FINEST, COARSEST = 2.4, 4.8  # pixels between dots or lines of a print whose short side is ...
PRINT_SIDE = 192


def archive_look(
    picture: np.ndarray, rng: Generator, disparity: np.ndarray | None = None
) -> np.ndarray:
    """Lay a random look over a picture: mild photograph, aged photograph, print or painting.

    The picture is (height, width, 3) float32 sRGB in [0, 1], and so is the result. `disparity`,
    (height, width) in [0, 1] with 1 near, lets a lens throw things out of focus by their depth.
    """
    look = pick_recipe(rng, LOOKS)
    if disparity is not None and look is not PRINT and rng.random() < DEFOCUS_CHANCE:
        picture = defocus_by_depth(picture, disparity, rng)
    return cook(picture, look, rng)


def cook(picture: np.ndarray, recipe: Recipe, rng: Generator) -> np.ndarray:
    """Apply a recipe's ingredients in order, each by its chance."""
    picture = np.asarray(picture, np.float32)
    for ingredient, chance in recipe:
        if rng.random() < chance:
            picture = ingredient(picture, rng)
    return np.clip(picture, 0.0, 1.0)


def pick_recipe(rng: Generator, choices: tuple[tuple[Recipe, float], ...]) -> Recipe:
    """Draw one of several recipes, each with its weight."""
    recipes, weights = zip(*choices, strict=True)
    return pick(rng, recipes, [weight / sum(weights) for weight in weights])


# --- light and colour ---------------------------------------------------------------------------


def expose(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Brighten or darken, as a longer or shorter exposure would."""
    return _bounded(picture * np.float32(2.0 ** rng.normal(0, 0.25)))


def bend_tones(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Change gamma and contrast about middle grey; shadows may be lifted."""
    bent = cv2.pow(picture, float(np.exp(rng.normal(0, 0.22))))
    contrast = np.exp(rng.normal(0, 0.18))
    lift = max(0.0, rng.normal(0, 0.05))
    return _bounded((bent - 0.5) * np.float32(contrast) + np.float32(0.5 + lift))


def balance(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Shift the white balance: warm and cold, green and magenta."""
    warmth, green = rng.normal(0, 0.07), rng.normal(0, 0.03)
    return _bounded(picture * np.exp((warmth, green, -warmth)).astype(np.float32))


def saturate(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Make colours stronger or paler, at times nearly grey."""
    tone = grey_of(picture)[..., None]
    return _bounded(tone + (picture - tone) * np.float32(rng.triangular(0.2, 1.0, 1.6)))


def make_grey(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Photograph in black and white, on one of several emulsions."""
    mix = GREY_MIXES[rng.integers(len(GREY_MIXES))]
    return _three(_bounded(grey_of(picture, mix)))


def tint(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Tone in two colours, one for shadows and one for light: sepia, cyanotype and others."""
    shadow, light = np.array(TINTS[rng.integers(len(TINTS))], np.float32)
    strength = np.float32(rng.uniform(0.5, 1.0))
    tone = grey_of(picture)[..., None]
    return _bounded(picture + strength * (shadow + tone * (light - shadow) - picture))


def hand_colour(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Wash the picture's own colours, blurred and simplified, over its grey tones."""
    tone = grey_of(picture)[..., None]
    chroma = cv2.GaussianBlur(picture - tone, (0, 0), rng.uniform(2, 6))
    wash = _bounded(tone + chroma * np.float32(rng.uniform(0.8, 1.8)))
    print_tone = tone * np.float32(0.9) + np.float32(0.07)
    return _bounded(print_tone + (wash - tone) * np.array((1.0, 0.9, 0.75), np.float32))


def vignette(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Darken the corners, as simple lenses do."""
    height, width = picture.shape[:2]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] - np.float32(rng.normal(0, 0.1))
    x = np.linspace(-1, 1, width, dtype=np.float32) - np.float32(rng.normal(0, 0.1))
    return picture / (1 + np.float32(rng.uniform(0.05, 0.35)) * (x * x + y * y))[..., None]


def leak_light(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Let warm or white light in at one side of the camera."""
    away = along(picture.shape, rng.uniform(0, 2 * np.pi))
    away = (away - away.min()) / np.ptp(away)
    leak = np.exp(-away / np.float32(rng.uniform(0.04, 0.2)))[..., None]
    glow = np.array((1.0, rng.uniform(0.4, 1.0), rng.uniform(0.1, 0.9)), np.float32)
    return picture + (1 - picture) * leak * glow * np.float32(rng.uniform(0.3, 0.8))


# --- lenses and sensors -------------------------------------------------------------------------


def defocus_by_depth(picture: np.ndarray, disparity: np.ndarray, rng: Generator) -> np.ndarray:
    """Blur what lies before or behind a plane of focus; disparity (height, width) in [0, 1]."""
    focus = disparity[rng.integers(disparity.shape[0]), rng.integers(disparity.shape[1])]
    radius = _scale(picture) * rng.uniform(1.0, 3.5)
    amount = np.abs(disparity.astype(np.float32) - focus)[..., None] * np.float32(2)
    soft = cv2.GaussianBlur(picture, (0, 0), radius / 2)
    softer = cv2.GaussianBlur(picture, (0, 0), radius)
    nearly = picture + (soft - picture) * np.minimum(amount, 1)
    return _bounded(nearly + (softer - soft) * np.clip(amount - 1, 0, 1))


def blur(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Lose sharpness: a soft lens, a disc of confusion or a shaken camera."""
    size = _scale(picture) * rng.uniform(0.5, 1.4)
    kind = rng.choice(("soft", "disc", "shaken"), p=(0.6, 0.2, 0.2))
    if kind == "soft":
        return cv2.GaussianBlur(picture, (0, 0), size)
    if kind == "disc":
        reach = int(np.ceil(size * 1.5))
        away = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1])
        kernel = np.clip(size * 1.5 + 0.5 - away, 0, 1)
    else:
        kernel = _stroke(size * 4, rng.uniform(0, np.pi))
    return cv2.filter2D(picture, -1, (kernel / kernel.sum()).astype(np.float32))


def sharpen(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Unsharp mask, now and then with halos."""
    soft = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.7, 2.0))
    return _bounded(picture + (picture - soft) * np.float32(rng.uniform(0.3, 1.5)))


def fringe(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Chromatic aberration: red and blue images of slightly different sizes."""
    height, width = picture.shape[:2]
    spread = rng.uniform(-0.005, 0.005)
    red, green, blue = cv2.split(picture)
    grown = [
        cv2.warpAffine(
            channel,
            cv2.getRotationMatrix2D((width / 2, height / 2), 0, scale),
            (width, height),
            borderMode=cv2.BORDER_REPLICATE,
        )
        for channel, scale in ((red, 1 + spread), (blue, 1 - spread))
    ]
    return cv2.merge((grown[0], green, grown[1]))


def resample(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Scale down and up again, as small scans and thumbnails have been."""
    height, width = picture.shape[:2]
    share = rng.uniform(0.45, 0.9)
    small = cv2.resize(
        picture, (round(width * share), round(height * share)), interpolation=cv2.INTER_AREA
    )
    way = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST)[rng.choice(3, p=(0.5, 0.4, 0.1))]
    return _bounded(cv2.resize(small, (width, height), interpolation=way))


def sensor_noise(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Colour noise, pixel by pixel, more of it in bright places."""
    noise = np.dstack([_crop("grain 0", picture.shape, rng) for _ in range(3)])
    strength = np.float32(rng.uniform(0.005, 0.04))
    return _bounded(picture + noise * strength * np.sqrt(picture + np.float32(0.1)))


def compress(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Leave the artefacts of JPEG files."""
    quality = int(rng.triangular(25, 85, 95))
    file = cv2.imencode(".jpg", _bytes(picture), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR), np.float32) / np.float32(255)


# --- emulsion, paper and age --------------------------------------------------------------------


def film_grain(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Grey grain of some size, strongest in the middle tones."""
    grain = _crop(f"grain {rng.integers(len(GRAIN_SIZES))}", picture.shape, rng)
    tone = grey_of(picture)
    weight = np.float32(rng.uniform(0.015, 0.08)) * (np.float32(0.3) + 3 * tone * (1 - tone))
    return _bounded(picture + (grain * weight)[..., None])


def paper_fibres(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Let the fibres and the unevenness of paper show."""
    fibres = _crop("fibres", picture.shape, rng) + _crop("clouds", picture.shape, rng)
    return _bounded(picture * (1 + np.float32(rng.uniform(0.01, 0.05)) * fibres)[..., None])


def fade(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Fade towards the colour of the paper, more in some places than in others."""
    paper = np.array(PAPERS[rng.integers(len(PAPERS))], np.float32)
    cover = rng.uniform(0.05, 0.3) * (1 + 0.6 * _crop("clouds", picture.shape, rng))
    cover += rng.uniform(0, 0.25) * _nearness_to_edge(picture.shape)
    return picture + (paper - picture) * np.clip(cover, 0, 0.65).astype(np.float32)[..., None]


def stain(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Water stains with a dark rim."""
    field = _crop("clouds", picture.shape, rng) - np.float32(rng.uniform(0.9, 1.6))
    rim = np.exp(-np.square(field / np.float32(0.06)))
    dark = np.float32(rng.uniform(0.05, 0.2)) * ((field > 0) + rim)
    return picture * (1 - dark[..., None] * np.array((0.5, 0.8, 1.2), np.float32))


def foxing(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Brown spots, in drifts."""
    level = rng.uniform(2.2, 2.8) - 0.5 * _crop("clouds", picture.shape, rng)
    spots = np.clip(_crop("spots", picture.shape, rng) - level, 0, 1) * rng.uniform(0.4, 1)
    return picture * (1 - spots[..., None] * np.array((0.35, 0.5, 0.65))).astype(np.float32)


def scratch(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Straight scratches and curled hairs, light or dark."""
    mask = np.zeros(picture.shape[:2], np.uint8)
    size = np.array(picture.shape[1::-1])
    for _ in range(rng.integers(1, 8)):
        curl = rng.normal(0, rng.choice((0.01, 0.35)), 12)
        heading = np.cumsum(curl) + rng.uniform(0, 2 * np.pi)
        steps = np.stack((np.cos(heading), np.sin(heading)), 1) * size.max() * rng.uniform(0, 0.06)
        points = (rng.random(2) * size + np.cumsum(steps, 0)) * 16
        cv2.polylines(
            mask, [points.astype(np.int32)], False, int(rng.integers(60, 230)), 1, cv2.LINE_AA, 4
        )
    return _cover(picture, mask, rng)


def dust(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Specks that lay on the plate or on the scanner's glass."""
    mask = np.zeros(picture.shape[:2], np.uint8)
    height, width = mask.shape
    for _ in range(rng.integers(3, 30)):
        centre = (int(rng.integers(width * 16)), int(rng.integers(height * 16)))
        radius = int(_scale(picture) * 16 * rng.gamma(2.0, 0.3))
        cv2.circle(mask, centre, radius, int(rng.integers(90, 255)), -1, cv2.LINE_AA, 4)
    return _cover(picture, mask, rng)


# --- prints -------------------------------------------------------------------------------------


def halftone(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Print in one ink, by dots that grow with darkness."""
    tone = _even_tones(grey_of(picture))
    screen = _dots(picture.shape, _pitch(picture, rng), rng.uniform(0, np.pi))
    return _printed(_threshold(tone, screen, rng.uniform(3, 8)), rng)


def colour_halftone(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Print in cyan, magenta and yellow, each with dots at its own angle."""
    pitch, hardness = _pitch(picture, rng), rng.uniform(2, 6)
    turned = SCREEN_ANGLES + rng.uniform(0, np.pi)
    inks = [
        _threshold(channel, _dots(picture.shape, pitch, angle), hardness)
        for channel, angle in zip(cv2.split(picture), turned, strict=True)
    ]
    paper = np.array(PAPERS[rng.integers(len(PAPERS))], np.float32)
    strength = np.float32(rng.uniform(0.5, 0.95))
    return _bounded((picture + (np.dstack(inks) - picture) * strength) * paper)


def engrave(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Draw with lines that swell with darkness and bend with tone; crossed where it is dark."""
    tone = _even_tones(grey_of(picture))
    form = cv2.GaussianBlur(tone, (0, 0), 4 * _scale(picture))
    pitch, angle = _pitch(picture, rng), rng.uniform(0, np.pi)
    bend = form * np.float32(rng.uniform(0, 4))
    screen = _lines(picture.shape, pitch, angle, bend)
    lines = _threshold(tone, screen, 5)
    if rng.random() < 0.6:
        crossing = _lines(picture.shape, pitch, angle + rng.uniform(0.5, 1.6), bend)
        lines = np.minimum(lines, _threshold(np.minimum(tone * 2, 1), crossing, 5))
    outline = 1 - np.clip(cv2.Laplacian(cv2.GaussianBlur(tone, (0, 0), 1), -1, ksize=3), 0, 1)
    wash = np.float32(rng.uniform(0, 0.4))  # of the plate, where ink was not wiped off
    printed = _printed((lines + (tone - lines) * wash) * outline, rng)
    if rng.random() < 0.25:
        return printed * (np.float32(0.5) + np.float32(0.5) * picture)
    return printed


def woodcut(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Cut into a few flat tones, with dark outlines and gouged hatching in the middle tones."""
    tone = _even_tones(cv2.GaussianBlur(grey_of(picture), (0, 0), _scale(picture)))
    around = cv2.GaussianBlur(tone, (0, 0), 6 * _scale(picture))
    steps = np.float32(rng.integers(2, 5))
    flat = np.round(_bounded(tone + (tone - around)) * steps) / steps
    screen = _lines(picture.shape, _pitch(picture, rng) * 1.2, rng.uniform(0, np.pi), around * 2)
    lines = _threshold(tone, screen, 6)
    return _printed(np.clip(flat + (lines - flat) * np.float32(0.5), 0, 1), rng)


def posterise(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Leave a few levels of each colour, as lithographs and screen prints do."""
    steps = np.float32(rng.integers(3, 7))
    smooth = cv2.medianBlur(_bytes(picture), 3).astype(np.float32) / np.float32(255)
    if rng.random() < 0.3:
        return np.round(smooth * steps) / steps
    tone = grey_of(smooth)[..., None] + np.float32(0.02)
    return _bounded(smooth * (np.ceil(tone * steps) - np.float32(0.5)) / (steps * tone))


# --- painting -----------------------------------------------------------------------------------


def dab(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Paint with dabs: each pixel takes the mean of its calmest quarter (Kuwahara's filter)."""
    reach = int(rng.integers(2, 5))
    side = reach + 1
    tone = grey_of(picture)
    colours, squares = (
        cv2.blur(_padded(moments, side, cv2.BORDER_REFLECT), (side, side), anchor=(0, 0))
        for moments in (picture, np.dstack((tone, tone * tone)))
    )
    variance = squares[..., 1] - np.square(squares[..., 0])
    height, width = tone.shape
    first, *others = (
        np.s_[top : top + height, left : left + width]
        for top in (side - reach, side)
        for left in (side - reach, side)
    )
    best, least = colours[first].copy(), variance[first].copy()
    for here in others:
        calmer = variance[here] < least
        np.copyto(best, colours[here], where=calmer[..., None])
        np.copyto(least, variance[here], where=calmer)
    return _bounded(best)


def smear(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Drag the colours along brush strokes of one direction or of turning ones."""
    height, width = picture.shape[:2]
    turn = rng.uniform(0, 2 * np.pi) + rng.choice((0.2, 1.5)) * _crop("clouds", picture.shape, rng)
    drag = _crop("patches", picture.shape, rng) * np.float32(_scale(picture) * rng.uniform(0.8, 2))
    x = np.arange(width, dtype=np.float32) + drag * np.cos(turn)
    y = np.arange(height, dtype=np.float32)[:, None] + drag * np.sin(turn)
    return cv2.remap(
        picture, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )  # fmt: skip


def impasto(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Light the ridges of thick paint, or the weave of a canvas."""
    surface = "weave" if rng.random() < 0.4 else "bristles"
    ridges = _crop(surface, picture.shape, rng)
    return _bounded(picture + (ridges * np.float32(rng.uniform(0.015, 0.08)))[..., None])


# --- mounts -------------------------------------------------------------------------------------


def paper_border(
    picture: np.ndarray, disparity: np.ndarray, rng: Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lay the picture, smaller and a little turned, on a sheet of paper or card.

    Takes (height, width, 3) and (height, width); returns both of the same shapes, and a boolean
    (height, width) that is true inside the picture. Outside, disparity is 0. It is moved without
    interpolation, so that no depths between near and far come into being.
    """
    height, width = picture.shape[:2]
    mount = np.array(MOUNTS[rng.integers(len(MOUNTS))], np.float32)
    sheet = paper_fibres(np.broadcast_to(mount, picture.shape), rng)
    scale, angle = rng.uniform(0.68, 0.94), rng.normal(0, 0.8)
    move = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), angle, scale), float)
    slack = (1 - scale) / 2 * np.array((width, height))
    move[:, 2] += rng.uniform(-0.8, 0.8, 2) * slack * (0.6, 1.0)

    def laid(array: np.ndarray, way: int, beyond: int = cv2.BORDER_CONSTANT) -> np.ndarray:
        return cv2.warpAffine(array, move, (width, height), flags=way, borderMode=beyond)

    cover = laid(_rounded(height, width, rng), cv2.INTER_LINEAR)
    cover *= laid(np.ones((height, width), np.float32), cv2.INTER_NEAREST)
    inside = cover > 0.5
    shown = laid(picture.astype(np.float32), cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
    if rng.random() < 0.4:
        _write_caption(sheet, inside, mount, rng)
    if rng.random() < 0.3:
        frame = cv2.dilate(cover, np.ones((5, 5), np.uint8)) - cover
        sheet = sheet * (1 - frame[..., None] * np.float32(rng.uniform(0.3, 0.9)))
    mixed = sheet + (shown - sheet) * cover[..., None]
    moved = laid(np.asarray(disparity, np.float32), cv2.INTER_NEAREST)
    return _bounded(mixed), np.where(inside, moved, np.float32(0)), inside


def _rounded(height: int, width: int, rng: Generator) -> np.ndarray:
    """Return how far (height, width) pixels belong to a card with square, round or oval corners."""
    radius = min(height, width) * rng.choice((0.0, 0.04, 0.1, 0.5), p=(0.6, 0.2, 0.1, 0.1))
    radius = max(radius, 1.0)
    x = np.abs(np.arange(width) + 0.5 - width / 2) - (width / 2 - radius)
    y = np.abs(np.arange(height) + 0.5 - height / 2) - (height / 2 - radius)
    beyond = np.hypot(np.maximum(x, 0), np.maximum(y, 0)[:, None])
    return np.clip(radius - beyond + 0.5, 0, 1).astype(np.float32)


def _write_caption(
    sheet: np.ndarray, inside: np.ndarray, mount: np.ndarray, rng: Generator
) -> None:
    """Scribble a line or two below the picture, in a colour that shows on the mount."""
    below = np.flatnonzero(inside.any(1))[-1] + 1
    height, width = inside.shape
    ink = np.where(mount.mean() > 0.5, 0.15, 0.85)
    for line in range(rng.integers(1, 3)):
        y = below + (line + 1) * 0.03 * height
        x = np.arange(width * 0.3, width * rng.uniform(0.4, 0.7), 1.5)
        wave = y + rng.normal(0, 0.006 * height, x.shape)
        pen = np.flatnonzero(rng.random(x.shape) < 0.1)  # where words end
        for word in np.split(np.stack((x, wave), 1), pen):
            points = [(word * 16).astype(np.int32)]
            cv2.polylines(sheet, points, False, (float(ink),) * 3, 1, cv2.LINE_AA, 4)


# --- what ingredients share ---------------------------------------------------------------------


def grey_of(picture: np.ndarray, mix: tuple[float, ...] | np.ndarray = LUMA) -> np.ndarray:
    """Mix the channels of (height, width, 3) into a grey (height, width)."""
    return cv2.transform(picture, np.array(mix, np.float32)[None])


def _bounded(picture: np.ndarray) -> np.ndarray:
    return np.clip(picture, 0.0, 1.0).astype(np.float32, copy=False)


def _bytes(picture: np.ndarray) -> np.ndarray:
    return cv2.convertScaleAbs(picture, alpha=255)


def _three(grey: np.ndarray) -> np.ndarray:
    return cv2.merge((grey, grey, grey))


def _scale(picture: np.ndarray) -> float:
    """Return by how much a picture is larger than the one that lengths in pixels are meant for."""
    return min(picture.shape[:2]) / PRINT_SIDE


def _pitch(picture: np.ndarray, rng: Generator) -> float:
    """Draw a distance between dots or lines, in pixels; fine ones are more common."""
    return max(FINEST, _scale(picture) * min(FINEST + rng.exponential(0.9), COARSEST))


def along(shape: tuple[int, ...], angle: float) -> np.ndarray:
    """Return for each pixel (height, width) how far along a direction it lies, in pixels."""
    x = np.arange(shape[1], dtype=np.float32) * np.float32(np.cos(angle))
    return x + np.arange(shape[0], dtype=np.float32)[:, None] * np.float32(np.sin(angle))


def _nearness_to_edge(shape: tuple[int, ...]) -> np.ndarray:
    """Return (height, width): 1 at the picture's edges, falling towards its middle."""
    y = np.abs(np.linspace(-1, 1, shape[0], dtype=np.float32))[:, None]
    x = np.abs(np.linspace(-1, 1, shape[1], dtype=np.float32))
    return np.maximum(x, y) ** 6


def _cover(picture: np.ndarray, mask: np.ndarray, rng: Generator) -> np.ndarray:
    """Mix a light or dark tone over the picture, by a byte mask (height, width)."""
    tone = np.float32(rng.choice((0.05, 0.95), p=(0.35, 0.65)))
    return picture + (tone - picture) * (mask.astype(np.float32) / np.float32(255))[..., None]


def _even_tones(tone: np.ndarray) -> np.ndarray:
    """Stretch tones to the whole scale, so that prints of dark scenes are not mere ink."""
    low, middle, high = np.quantile(tone[::3, ::3], (0.02, 0.5, 0.98))
    stretched = np.clip((tone - low) / max(high - low, 0.1), 0, 1).astype(np.float32)
    centre = np.clip((middle - low) / max(high - low, 0.1), 0.2, 0.8)
    return cv2.pow(stretched, float(np.log(0.5) / np.log(centre)))


def _dots(shape: tuple[int, ...], pitch: float, angle: float) -> np.ndarray:
    """Return a screen (height, width) in [0, 1] whose peaks form a turned square grid."""
    turn = np.float32(2 * np.pi / pitch)
    waves = np.cos(along(shape, angle) * turn) + np.cos(along(shape, angle + np.pi / 2) * turn)
    return np.float32(0.5) + np.float32(0.25) * waves


def _lines(shape: tuple[int, ...], pitch: float, angle: float, bend: np.ndarray) -> np.ndarray:
    """Return a screen (height, width) in [0, 1] of parallel lines, shifted by `bend` pitches."""
    phase = along(shape, angle) * np.float32(1 / pitch) + bend
    return np.abs(2 * (phase - np.floor(phase)) - 1)


def _threshold(tone: np.ndarray, screen: np.ndarray, hardness: float) -> np.ndarray:
    """Compare tone with a screen, softly: 1 is paper, 0 is ink."""
    return _bounded((tone * np.float32(0.9) + np.float32(0.05) - screen) * hardness + 0.5)


def _printed(light: np.ndarray, rng: Generator) -> np.ndarray:
    """Print (height, width) with an ink on a paper."""
    ink = np.array(INKS[rng.choice(len(INKS), p=(0.6, 0.2, 0.1, 0.1))], np.float32)
    paper = np.array(PAPERS[rng.integers(len(PAPERS))], np.float32)
    return ink + light[..., None] * (paper - ink)


def _stroke(length: float, angle: float) -> np.ndarray:
    """Return a kernel that is a straight stroke through its middle."""
    reach = int(np.ceil(length / 2))
    points = np.linspace(-length / 2, length / 2, 4 * reach + 1)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    rows = np.rint(reach + points * np.sin(angle)).astype(int)
    columns = np.rint(reach + points * np.cos(angle)).astype(int)
    np.add.at(kernel, (rows, columns), 1)
    return kernel


# --- banks of texture, made once per process ----------------------------------------------------

GRAIN_SIZES = (0.0, 0.6, 0.9, 1.4)  # pixels


@cache
def _bank(name: str) -> np.ndarray:
    """Make a tileable (BANK, BANK) field with mean 0 and deviation 1, the same in any process."""
    kind, _, number = name.partition(" ")
    rng = np.random.default_rng((BANK_SEED, *name.encode()))
    white = rng.standard_normal((BANK, BANK), dtype=np.float32)
    if kind == "grain":
        field = _softened(white, GRAIN_SIZES[int(number)])
    elif kind == "clouds":
        octaves = [2.0**octave * _softened(white, 3 * 2.0**octave) for octave in range(5)]
        field = np.sum(octaves, axis=0)
    elif kind == "spots":
        field = _softened(white, 2.0)
    elif kind == "fibres":
        directions = [
            _wrapped(rng.permutation(white), _stroke(9, rng.uniform(0, np.pi))) for _ in range(4)
        ]
        field = np.sum(directions, axis=0)
    elif kind == "bristles":
        field = _wrapped(white, _stroke(13, rng.uniform(0, np.pi)))
    elif kind == "weave":
        y, x = np.mgrid[:BANK, :BANK] * (2 * np.pi / 3)
        field = np.cos(x) + np.cos(y) + 0.5 * white
    elif kind == "patches":
        field = _softened(white, 1.2) + _softened(rng.permutation(white), 2.5)
    else:
        raise ValueError(f"there is no bank of {name}")
    field = np.asarray(field, np.float32)
    return (field - field.mean()) / field.std()


def _padded(picture: np.ndarray, margin: int, border: int) -> np.ndarray:
    return cv2.copyMakeBorder(picture, margin, margin, margin, margin, border)


def _softened(white: np.ndarray, size: float) -> np.ndarray:
    """Blur a tileable field with deviation 1 and give it deviation 1 again."""
    if size == 0:
        return white
    margin = min(int(4 * size) + 1, BANK)
    wrapped = _padded(white, margin, cv2.BORDER_WRAP)
    soft = cv2.GaussianBlur(wrapped, (0, 0), size)[margin:-margin, margin:-margin]
    return soft / soft.std()


def _wrapped(white: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Filter a tileable field."""
    margin = len(kernel)
    wrapped = _padded(white, margin, cv2.BORDER_WRAP)
    return cv2.filter2D(wrapped, -1, kernel)[margin:-margin, margin:-margin]


def _crop(name: str, shape: tuple[int, ...], rng: Generator) -> np.ndarray:
    """Cut (height, width) from a bank, at a random place, at times mirrored or transposed."""
    bank = _bank(name)
    if rng.random() < 0.5:
        bank = bank.T
    rows, columns = (
        (int(start) + way * np.arange(size)) % BANK
        for start, way, size in zip(
            rng.integers(BANK, size=2), rng.choice((-1, 1), 2), shape[:2], strict=True
        )
    )
    return bank[rows[:, None], columns]


# --- recipes ------------------------------------------------------------------------------------

DEFOCUS_CHANCE = 0.25


def print_or_paint(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Turn the picture into a print, a painting or a coloured photograph."""
    return cook(picture, pick_recipe(rng, TECHNIQUES), rng)


SCAN: Recipe = ((resample, 0.15), (sharpen, 0.15), (sensor_noise, 0.15), (compress, 0.4))
WEAR: Recipe = (
    (fade, 0.4),
    (stain, 0.1),
    (foxing, 0.15),
    (paper_fibres, 0.4),
    (scratch, 0.25),
    (dust, 0.35),
)
PHOTOGRAPH: Recipe = (
    (expose, 0.6),
    (vignette, 0.2),
    (blur, 0.2),
    (fringe, 0.15),
    (bend_tones, 0.6),
    (balance, 0.6),
    (saturate, 0.5),
    (film_grain, 0.15),
    (sensor_noise, 0.2),
    *SCAN,
)
OLD_PHOTOGRAPH: Recipe = (
    (expose, 0.5),
    (vignette, 0.5),
    (blur, 0.4),
    (leak_light, 0.06),
    (make_grey, 1.0),
    (bend_tones, 0.7),
    (film_grain, 0.7),
    (tint, 0.55),
    *WEAR,
    *SCAN,
)
PRINT: Recipe = ((expose, 0.3), (saturate, 0.3), (print_or_paint, 1.0), *WEAR, *SCAN)
LOOKS = ((PHOTOGRAPH, 0.45), (OLD_PHOTOGRAPH, 0.25), (PRINT, 0.30))
TECHNIQUES: tuple[tuple[Recipe, float], ...] = (
    (((halftone, 1.0),), 0.14),
    (((colour_halftone, 1.0),), 0.12),
    (((engrave, 1.0),), 0.2),
    (((woodcut, 1.0),), 0.08),
    (((posterise, 1.0), (tint, 0.1)), 0.08),
    (((hand_colour, 1.0), (film_grain, 0.5)), 0.1),
    (((dab, 1.0), (smear, 0.4), (balance, 0.6), (impasto, 0.6)), 0.16),
    (((smear, 1.0), (dab, 0.5), (balance, 0.6), (impasto, 0.7)), 0.12),
)
