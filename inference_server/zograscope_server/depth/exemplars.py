"""Paints what a photograph hides with pieces of what it shows at the same depth.

Each unknown pixel is given a source: a place in the photograph whose surroundings look like its
own, and that lies as deep as what is expected there, so that the background continues the
background. At a coarse size all places are compared, from the known inwards (Criminisi, Pérez,
Toyama, "Region filling and object removal by exemplar-based image inpainting", 2004; with depth:
Daribo, Pesquet-Popescu, "Depth-aided image inpainting for novel view synthesis", 2010). Finer sizes
refine that by what fits a neighbour (Barnes, Shechtman, Finkelstein, Goldman, "PatchMatch", 2009),
in turns with painting anew by the votes of overlapping patches (Wexler, Shechtman, Irani,
"Space-time completion of video", 2007). At last whole pieces are copied, grain and all.

Close to what is known, the known itself is the better guess: its colours, carried on, and blurred
the more the farther they are carried. Pieces take over with distance, or at once where they agree.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from scipy import ndimage

SEARCH_SIZES = (96, 192, 384)  # pixels of the canvas's long side
ROUNDS = (2, 1, 1)  # of search and painting, at each of them
PATCH_RADIUS = 3  # pixels
DEPTH_TOLERANCE = 0.10  # of log depth: what differs by more is another surface
DEPTH_COST = 3000.0  # squared colour (0..255) for a source that is off by that
DISTANCE_COST = 8000.0  # squared colour (0..255) for a source as far away as the canvas is long
STEEPNESS = 3.0  # how much farther up and down counts than across, as cameras mostly move
SEEN_WEIGHT = 4.0  # of what is seen in a patch, against what is itself painted
RING_SUPPORT = 0.35  # of a patch that is known when its middle is painted
RING_SHARE = 0.7  # of the best supported: where less is known, a ring is as wide as that
STRAYING = (4.0, 2.0, 1.0)  # pixels by which a source is tried elsewhere
CHUNK = 16_384  # patches that are compared at once
SEED = 7
# Cells away, whose pieces are averaged.
VOTERS = tuple((down, across) for down in (0, -2, 2) for across in (0, -2, 2))

CARRY_SIZE = 1280  # pixels of the canvas's long side at which colours are carried on
CARRY_BLUR = 0.5  # pixels of blur for each pixel of distance
CARRY_REACH = 0.10  # of the canvas's long side: where pieces have taken over
AGREEMENT = 0.5  # of colour (0..255): pieces that differ less from what is carried on agree
TEXTURE_TOLERANCE = 1.4  # of the spread of fine structure: what may differ more in a texture
AGREEMENT_BLUR = 4.0  # pixels of CARRY_SIZE over which they are compared
FLAT = 4.0  # of colour (0..255): less fine structure hides no seam
SEAM_BLUR = 8.0  # pixels of CARRY_SIZE over which seams are evened out there
STRIP_PIXELS = 1_000_000


@dataclass(frozen=True)
class Scene:
    """A photograph on a larger canvas, all (height, width).

    Attributes:
        pixels: (height, width, 3) uint8; counts where `seen`.
        seen: bool: the photograph; the rest of the canvas is not.
        depth: float32, logarithm of the photograph's depth.
        wanted: bool: what is to be painted.
        depth_behind: float32, logarithm of the depth that is expected there.
        origin: (rows, columns, 2) float32 in [0, 1], over the canvas in any size: x and y of what
            is continued there.
    """

    pixels: np.ndarray
    seen: np.ndarray
    depth: np.ndarray
    wanted: np.ndarray
    depth_behind: np.ndarray
    origin: np.ndarray


def paint(scene: Scene) -> np.ndarray:
    """Return the canvas, (height, width, 3) uint8, with what is wanted painted.

    The same scene is always painted the same. What nothing is seen of stays as it is.
    """
    if not scene.seen.any() or not scene.wanted.any():
        return scene.pixels
    scale = min(1.0, CARRY_SIZE / max(scene.seen.shape))
    small = _resize(scene, scale)
    carried, distance = _carry_on(small)
    level, sources = _find_pieces(scene)
    voted, copied = _copy_pieces(scene, level, sources)

    # How surely the pieces are of what was carried on, seen without their fine structure.
    size = small.seen.shape[::-1]
    pieces = cv2.resize(voted, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    pieces = np.where(small.wanted[..., None], pieces, carried)
    apart = cv2.GaussianBlur(pieces - carried, (0, 0), AGREEMENT_BLUR)
    apart = cv2.dilate(np.abs(apart).max(axis=2), np.ones((5, 5), np.uint8))
    apart = cv2.GaussianBlur(apart, (0, 0), 2.0)
    calm = cv2.GaussianBlur(pieces, (0, 0), 2.0)
    fine = np.square(pieces - calm).mean(axis=2)
    texture = np.sqrt(_blurred(fine, 2.0 * AGREEMENT_BLUR))
    # In a sky the eye sees where pieces meet: their levels are evened out, their grain stays.
    flatness = np.exp(-np.square(texture / FLAT))[..., None]
    evening = flatness * (_blurred(pieces, SEAM_BLUR) - calm)
    agreement = np.exp(-np.square(apart / (AGREEMENT + TEXTURE_TOLERANCE * texture)))
    # A single piece has its full grain, but its borders show where there is nothing else.
    whole = agreement * (1.0 - flatness[..., 0])
    remoteness = np.clip(distance / (CARRY_REACH * max(size)), 0.0, 1.0)
    share = np.maximum(agreement, remoteness)

    result = scene.pixels.copy()
    full = scene.seen.shape[::-1]
    wide = [
        cv2.resize(values.astype(np.float32), full, interpolation=cv2.INTER_LINEAR)
        for values in (carried, evening, whole, share)
    ]
    for rows in _strips(scene.seen.shape):
        wanted = scene.wanted[rows]
        base, even, own, part = (values[rows][wanted] for values in wide)
        piece = voted[rows][wanted].astype(np.float32)
        piece += own[:, None] * (copied[rows][wanted] - piece) + even
        blend = base + part[:, None] * (piece - base)
        result[rows][wanted] = np.clip(np.rint(blend), 0, 255)
    return result


def smear(scene: Scene) -> np.ndarray:
    """Return the canvas with what is wanted filled by colours that go on: quick, and blurred."""
    if not scene.seen.any() or not scene.wanted.any():
        return scene.pixels
    carried, _ = _carry_on(_resize(scene, min(1.0, CARRY_SIZE / max(scene.seen.shape))))
    wide = cv2.resize(carried, scene.seen.shape[::-1], interpolation=cv2.INTER_LINEAR)
    filled = np.clip(np.rint(wide), 0, 255).astype(np.uint8)
    return np.where(scene.wanted[..., None], filled, scene.pixels)


def _carry_on(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Fill with the colour that goes on from where each pixel continues, blurred with distance.

    Returns the canvas, float32, and how far each pixel is from what is not wanted.
    """
    height, width = scene.seen.shape
    x, y = cv2.split(cv2.resize(scene.origin, (width, height), interpolation=cv2.INTER_NEAREST))
    x = np.clip((x * width).astype(int), 0, width - 1)
    y = np.clip((y * height).astype(int), 0, height - 1)
    canvas = np.where(scene.wanted[..., None], scene.pixels[y, x], scene.pixels).astype(np.float32)
    distance = cv2.distanceTransform(scene.wanted.astype(np.uint8), cv2.DIST_L2, 5)
    for blur in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0):
        share = np.clip(CARRY_BLUR * distance / blur - 0.5, 0.0, 1.0)[..., None]
        canvas += share * (_blurred(canvas, blur) - canvas)
    return canvas, distance


def _find_pieces(scene: Scene) -> tuple["_Level", np.ndarray]:
    """Find the sources of what is wanted, from coarse to fine."""
    random = np.random.default_rng(SEED)
    long_side = max(scene.seen.shape)
    level, sources = None, None
    for size, rounds in zip(SEARCH_SIZES, ROUNDS, strict=True):
        finer = _Level(_resize(scene, min(1.0, size / long_side)))
        if level is None or sources is None:
            sources = finer.peel()
        else:
            sources = finer.enlarge(level, sources)
            sources = finer.search(sources, random)
        finer.vote(sources)
        for _ in range(rounds - 1):
            sources = finer.match(sources) if level is None else finer.search(sources, random)
            finer.vote(sources)
        level = finer
        if size >= long_side:
            break
    assert level is not None and sources is not None
    return level, sources


class _Level:
    """One size of the search: what is painted, from where it may be copied, how well that fits.

    Pixels are numbered row by row over the canvas; the source of a target is such a number.
    """

    def __init__(self, scene: Scene) -> None:
        self.height, self.width = scene.seen.shape
        self.photograph = scene.pixels.reshape(-1, 3).astype(np.float32)
        self.plate = self.photograph.copy()
        self.seen = scene.seen.ravel()
        self.depth = scene.depth.ravel()
        self.targets = np.flatnonzero(scene.wanted)
        self.number = np.full(scene.wanted.size, -1)  # of a pixel among the targets
        self.number[self.targets] = np.arange(len(self.targets))
        self.rows, self.columns = np.divmod(self.targets, self.width)
        self.target_depth = scene.depth_behind.ravel()[self.targets]

        reach = np.arange(-PATCH_RADIUS, PATCH_RADIUS + 1)
        down, across = (offset.ravel() for offset in np.meshgrid(reach, reach, indexing="ij"))
        self.shifts = down * self.width + across
        self.nearness = np.exp(-(down**2 + across**2) / (2 * (0.6 * PATCH_RADIUS) ** 2))
        self.nearness = (self.nearness / self.nearness.sum()).astype(np.float32)
        y, x = self.rows[:, None] + down, self.columns[:, None] + across
        inside = (y >= 0) & (y < self.height) & (x >= 0) & (x < self.width)
        self.patches = np.where(inside, y * self.width + x, 0).astype(np.int32)
        # Of a patch only what lies on the target's own surface counts, seen or painted behind.
        own = self.target_depth[:, None]
        self.is_seen = inside & self.seen[self.patches]
        self.is_seen &= np.abs(self.depth[self.patches] - own) < DEPTH_TOLERANCE
        self.is_painted = inside & (self.number[self.patches] >= 0) & ~self.is_seen
        behind = scene.depth_behind.ravel()[self.patches]
        self.is_painted &= np.abs(behind - own) < DEPTH_TOLERANCE
        # What lies deep inside is guessed from guesses.
        unknown = np.ones((self.height, self.width), np.uint8)
        unknown.ravel()[self.patches[self.is_seen]] = 0
        inwards = cv2.distanceTransform(unknown, cv2.DIST_L2, 3).ravel()[self.targets]
        self.confidence = np.maximum(np.exp(-inwards / (2 * PATCH_RADIUS)), 1e-3)
        self.best = np.zeros(len(self.targets), np.float32)

    @cached_property
    def examples(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """All that may be copied: their numbers, patches (3 patch, n) and squares (patch, n)."""
        candidates = np.flatnonzero(self.seen)
        patches = np.clip(candidates[:, None] + self.shifts, 0, self.number.size - 1)
        shown = self.photograph[patches] - np.float32(128.0)
        squares = np.square(shown).sum(axis=2).T
        return candidates, shown.reshape(len(candidates), -1).T, squares

    @cached_property
    def trust(self) -> np.ndarray:
        """How much each pixel of each target's patch counts, once all is painted."""
        return self._trust(np.arange(len(self.targets)), self.is_seen | self.is_painted)

    def peel(self) -> np.ndarray:
        """Find sources from the seen inwards, ring by ring; each ring sees those before it."""
        sources = np.full(len(self.targets), -1)
        filled = np.zeros(self.number.size, bool)
        while (rest := np.flatnonzero(sources < 0)).size:
            useful = self.is_seen[rest] | (self.is_painted[rest] & filled[self.patches[rest]])
            support = useful @ self.nearness
            ring = support >= min(RING_SUPPORT, RING_SHARE * float(support.max()))
            part = rest[ring]
            sources[part] = self._best_of_all(part, useful[ring])
            filled[self.targets[part]] = True
            self.plate[self.targets[part]] = self.photograph[sources[part]]
        self.best = self._costs(sources)
        return sources

    def match(self, sources: np.ndarray) -> np.ndarray:
        """Compare every target, as it is painted now, with all sources."""
        every = np.arange(len(sources))
        sources = self._best_of_all(every, self.is_seen | self.is_painted)
        self.best = self._costs(sources)
        return sources

    def enlarge(self, coarse: "_Level", sources: np.ndarray) -> np.ndarray:
        """Return the sources of a coarser level as they are on this one, and paint with them."""
        down, across = coarse.offsets(sources)
        rows = self.rows * coarse.height // self.height
        columns = self.columns * coarse.width // self.width
        y = self.rows + np.rint(down[rows, columns] * (self.height / coarse.height)).astype(int)
        x = self.columns + np.rint(across[rows, columns] * (self.width / coarse.width)).astype(int)
        y, x = np.clip(y, 0, self.height - 1), np.clip(x, 0, self.width - 1)
        nearest_y, nearest_x = _nearest(self.seen.reshape(self.height, self.width))
        sources = nearest_y[y, x] * self.width + nearest_x[y, x]
        self.plate[self.targets] = self.photograph[sources]
        return sources

    def offsets(self, sources: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how far down and across the sources are, (height, width); elsewhere as nearby."""
        y, x = np.divmod(sources, self.width)
        down, across = np.zeros((2, self.height, self.width), int)
        down[self.rows, self.columns] = y - self.rows
        across[self.rows, self.columns] = x - self.columns
        nearest = _nearest(self.number.reshape(self.height, self.width) >= 0)
        return down[nearest], across[nearest]

    def search(self, sources: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return better sources: those of a neighbour, moved along, or some nearby."""
        sources = sources.copy()
        strays = random.uniform(-1.0, 1.0, (len(STRAYING), 2, len(sources))).astype(np.float32)
        for start in range(0, len(sources), CHUNK):
            part = np.arange(start, min(start + CHUNK, len(sources)))
            context = self._context(part)
            self.best[part] = self._cost(sources[part], part, context)
            for step in (1, -1, self.width, -self.width):
                neighbour = self.number[np.clip(self.targets[part] - step, 0, self.number.size - 1)]
                candidate = np.where(neighbour >= 0, sources[neighbour] + step, -1)
                self._improve(sources, candidate, part, context)
            for radius, stray in zip(STRAYING, strays, strict=True):
                y, x = np.divmod(sources[part], self.width)
                dy, dx = np.rint(radius * stray[:, part]).astype(int)
                y, x = np.clip(y + dy, 0, self.height - 1), np.clip(x + dx, 0, self.width - 1)
                self._improve(sources, y * self.width + x, part, context)
        return sources

    def vote(self, sources: np.ndarray) -> None:
        """Paint every target with the average of what all patches over it would have there."""
        total = np.zeros((self.number.size, 3), np.float32)
        share = np.zeros(self.number.size, np.float32)
        typical = float(np.quantile(self.best, 0.75)) + 1.0
        confidence = self.confidence * np.exp(-self.best / (2 * typical)) + 1e-9
        for index, shift in enumerate(self.shifts):
            places = np.clip(sources + shift, 0, self.number.size - 1)
            useful = np.flatnonzero(self.is_painted[:, index] & self.seen.take(places))
            pixels, sure = self.patches[useful, index], confidence[useful]
            total[pixels] += sure[:, None] * self.photograph.take(places[useful], axis=0)
            share[pixels] += sure
        voted = self.targets[share[self.targets] > 0]
        self.plate[voted] = total[voted] / share[voted, None]

    def _improve(
        self, sources: np.ndarray, candidate: np.ndarray, part: np.ndarray, context: np.ndarray
    ) -> None:
        """Take the candidates that fit better."""
        fits = (candidate >= 0) & (candidate < self.number.size) & (candidate != sources[part])
        fits &= self.seen[np.where(fits, candidate, 0)]
        some = np.flatnonzero(fits)
        cost = self._cost(candidate[some], part[some], context[some])
        better = cost < self.best[part[some]]
        chosen = part[some[better]]
        sources[chosen], self.best[chosen] = candidate[some[better]], cost[better]

    def _context(self, part: np.ndarray) -> np.ndarray:
        """What the patches of targets show: (targets, patch, 3)."""
        patches = self.patches[part]
        context = self.plate.take(patches, axis=0)
        seen = self.is_seen[part]
        context[seen] = self.photograph[patches[seen]]
        return context

    def _trust(self, part: np.ndarray, useful: np.ndarray) -> np.ndarray:
        """How much each pixel of the targets' patches counts: (targets, patch), in sum 1."""
        trust = np.where(self.is_seen[part], np.float32(SEEN_WEIGHT), np.float32(1.0))
        trust *= useful * self.nearness
        return trust / np.maximum(trust.sum(axis=1, keepdims=True), 1e-6)

    def _costs(self, sources: np.ndarray) -> np.ndarray:
        parts = np.split(np.arange(len(sources)), range(CHUNK, len(sources), CHUNK))
        costs = [self._cost(sources[part], part, self._context(part)) for part in parts]
        return np.concatenate(costs)

    def _cost(self, sources: np.ndarray, part: np.ndarray, context: np.ndarray) -> np.ndarray:
        """How badly each source fits its target."""
        places = (sources[:, None] + self.shifts).clip(0, self.number.size - 1)
        difference = self.photograph.take(places, axis=0) - context
        trust = self.trust[part] * self.seen.take(places)
        error = np.einsum("npc,npc,np->n", difference, difference, trust)
        error /= np.maximum(trust.sum(axis=1), 0.1)
        return error + self._penalty(sources, part)

    def _best_of_all(self, part: np.ndarray, useful: np.ndarray) -> np.ndarray:
        """Return the best of all sources, comparing what is useful of the targets' patches."""
        candidates, shown, squares = self.examples
        result = np.empty(len(part), int)
        for start in range(0, len(part), CHUNK // 16):
            some = slice(start, start + CHUNK // 16)
            targets = part[some]
            trust = self._trust(targets, useful[some])
            context = (self._context(targets) - 128.0) * trust[..., None]
            # |context - shown|^2 without the part that is the same for all sources.
            cost = trust @ squares - 2.0 * (context.reshape(len(targets), -1) @ shown)
            cost += self._penalty(candidates, targets[:, None])
            result[some] = candidates[cost.argmin(axis=1)]
        return result

    def _penalty(self, sources: np.ndarray, part: np.ndarray) -> np.ndarray:
        """What a source costs for being far away, and for lying at another depth."""
        y, x = np.divmod(sources.astype(np.float32), np.float32(self.width))
        down = (y - self.rows[part].astype(np.float32)) * np.float32(STEEPNESS)
        across = x - self.columns[part].astype(np.float32)
        off = self.depth[sources] - self.target_depth[part]
        cost = np.sqrt(down * down + across * across)
        cost *= np.float32(DISTANCE_COST / max(self.width, self.height))
        cost += off * off * np.float32(DEPTH_COST / DEPTH_TOLERANCE**2)
        return cost


def _copy_pieces(scene: Scene, level: _Level, sources: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Copy pieces of the photograph at full size.

    Returns two canvases, uint8: in one the pieces of a few cells around are averaged, the better
    they fit the more they count; in the other each pixel is of its own cell's piece.
    """
    height, width = scene.seen.shape
    down, across = level.offsets(sources)
    down = np.rint(down * (height / level.height)).astype(np.int32)
    across = np.rint(across * (width / level.width)).astype(np.int32)
    # Colour and whether it is seen in four bytes, so that one look-up finds both.
    shown = cv2.merge([scene.pixels, scene.seen.astype(np.uint8)]).reshape(-1, 4).view(np.uint32)
    depths = scene.depth.ravel()
    fits = np.zeros(level.number.size, np.float32)
    typical = 2.0 * float(np.median(level.best)) + 1.0
    fits[level.targets] = np.exp(-np.minimum(level.best / typical, 20.0))
    fit = fits.reshape(level.height, level.width)
    voted, copied = scene.pixels.copy(), scene.pixels.copy()
    for strip in _strips(scene.seen.shape):
        rows, columns = (place.astype(np.int32) for place in np.nonzero(scene.wanted[strip]))
        rows += strip.start
        depth = scene.depth_behind[rows, columns]
        cells = rows * level.height // height * level.width + columns * level.width // width
        total, weight = np.zeros((len(rows), 3), np.float32), np.zeros(len(rows), np.float32)
        for dy, dx in VOTERS:
            y = np.clip(np.arange(level.height) + dy, 0, level.height - 1)[:, None]
            x = np.clip(np.arange(level.width) + dx, 0, level.width - 1)
            places = np.clip(rows + down[y, x].take(cells), 0, height - 1)
            places *= np.int32(width)
            places += np.clip(columns + across[y, x].take(cells), 0, width - 1)
            found = shown.take(places).view(np.uint8).reshape(-1, 4)
            colour = found[:, :3]
            near = np.abs(depths.take(places) - depth) < 2 * DEPTH_TOLERANCE
            good = near & (found[:, 3] > 0)
            share = (fit[y, x] + np.float32(1e-6)).take(cells)
            share[~good] = 1e-12
            total += share[:, None] * colour
            weight += share
            if (dy, dx) == (0, 0):
                own, is_good = colour, good
        average = total / weight[:, None]
        voted[rows, columns] = np.rint(average)
        copied[rows, columns] = np.where(is_good[:, None], own, np.rint(average))
    return voted, copied


def _resize(scene: Scene, scale: float) -> Scene:
    """The scene at another size; colours are averages of what is seen."""
    height, width = scene.seen.shape
    if scale == 1.0:
        return scene
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    seen = scene.seen.astype(np.float32)
    share = cv2.resize(seen, size, interpolation=cv2.INTER_AREA)
    pixels = cv2.resize(scene.pixels * scene.seen[..., None], size, interpolation=cv2.INTER_AREA)
    pixels = pixels / np.maximum(share, 1e-2)[..., None]
    wanted = cv2.resize(scene.wanted.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA)
    return Scene(
        np.clip(np.rint(pixels), 0, 255).astype(np.uint8),
        share >= min(0.6, float(share.max())),
        cv2.resize(scene.depth, size, interpolation=cv2.INTER_NEAREST),
        wanted > 0,
        cv2.resize(scene.depth_behind, size, interpolation=cv2.INTER_NEAREST),
        scene.origin,
    )


def _blurred(values: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian blur; a wide one is made on fewer pixels, which looks the same."""
    times = max(1, int(sigma / 2.0))
    height, width = values.shape[:2]
    size = max(1, width // times), max(1, height // times)
    small = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / times)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def _nearest(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return row and column of the pixel of the mask that is nearest to each pixel."""
    rows, columns = ndimage.distance_transform_edt(
        ~mask, return_distances=False, return_indices=True
    )
    return rows, columns


def _strips(shape: tuple[int, int]) -> Iterator[slice]:
    """Rows of a canvas in strips that need little memory."""
    step = max(1, STRIP_PIXELS // shape[1])
    for top in range(0, shape[0], step):
        yield slice(top, min(top + step, shape[0]))
