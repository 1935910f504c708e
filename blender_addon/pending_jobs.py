"""The jobs that Blender waits for: whose they are, and what happens as they go on and end."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import bpy
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.job import Job, Part

WINDOW = 8  # parts of a job that are on their way or wait here, at most
RETRY_INTERVAL = 2.0  # seconds until a part that could not be kept is tried again
PROBE = "zograscope_probe"

# While Blender does these in its own threads, they read what we would write.
READING: tuple[Literal["RENDER", "OBJECT_BAKE"], ...] = ("RENDER", "OBJECT_BAKE")


@dataclass(frozen=True)
class Owner:
    """Whose a job is.

    Attributes:
        scene: the scene's `session_uid`, which outlives renaming and Undo, but no other file; 0
            for no scene.
        capability: its name, or "".
    """

    scene: int = 0
    capability: str = ""


NOBODY = Owner()
"""Owns downloads and whatever else is for every scene."""

OnDone = Callable[[Job], None]
OnStopped = Callable[[], None]
OnPart = Callable[[Part], None]
Start = Callable[[], object]


@dataclass(frozen=True)
class Waiting:
    """What waits for a job.

    Attributes:
        title: names the job for people.
        on_done: called from the timer when its result is here.
        owner: whose it is.
        builds: whether its owner can build nothing else before it ends.
        on_stopped: called when it fails or is cancelled instead.
        on_part: called for each part of a job that streams, in order, before `on_done`. A part
            that it refuses with a ZograscopeError comes again a little later.
        first_part: number of the first part that is wanted.
        note: by which a file remembers that its owner waits for the job; "" for what it need not.
    """

    title: str
    on_done: OnDone
    owner: Owner = NOBODY
    builds: bool = False
    on_stopped: OnStopped | None = None
    on_part: OnPart | None = None
    first_part: int = 0
    note: str = ""


@dataclass
class PendingJob:
    """A job, and what waits for it.

    Attributes:
        cancelled_at: when the artist cancelled it, of the monotonic clock.
        watched: whether it stands before the artist, who can stop it with Esc.
    """

    job: Job
    waiting: Waiting
    cancelled_at: float | None = None
    watched: bool = False
    _refused: Part | None = None
    _next_try: float = 0.0

    def hand_over_parts(self, deadline: float) -> bool:
        """Give parts to who waits for them, one at least, until there are none or time is up.

        Returns whether none is left. Raises ZograscopeError for one that cannot be kept now, and
        `result-wrong` for one that is none.
        """
        if self.waiting.on_part is None:
            return True
        if self._refused is not None and time.monotonic() < self._next_try:
            return False
        while (part := self._refused or self._take_part()) is not None:
            try:
                self.waiting.on_part(part)
                self._refused = None
            except ZograscopeError:
                self._refused, self._next_try = part, time.monotonic() + RETRY_INTERVAL
                raise
            if time.monotonic() >= deadline:
                return False
        return True

    def _take_part(self) -> Part | None:
        part = self.job.take_part()
        return None if part is None else self.job.checked_part(part)


class PendingJobs:
    """All jobs that Blender waits for, oldest first."""

    def __init__(self) -> None:
        self._pending: dict[str, PendingJob] = {}
        self._later: list[tuple[Owner, Start]] = []

    def __iter__(self) -> Iterator[PendingJob]:
        return iter([*self._pending.values()])

    def __bool__(self) -> bool:
        return bool(self._pending)

    def get(self, job_id: str) -> PendingJob | None:
        """Return a job by its id, or None."""
        return self._pending.get(job_id)

    def add(self, job: Job, waiting: Waiting) -> None:
        """Wait for a job."""
        self._pending[job.id] = PendingJob(job, waiting)
        if waiting.on_part is not None:
            job.follow(waiting.first_part, WINDOW)

    def drop(self, pending: PendingJob) -> None:
        """Wait for it no longer."""
        self._pending.pop(pending.job.id, None)

    def clear(self) -> None:
        """Wait for nothing."""
        self._pending, self._later = {}, []

    def note_of(self, owner: Owner) -> str:
        """Return by what a file remembers what its owner waits for; "" where that is nothing."""
        notes = [pending.waiting.note for pending in self if pending.waiting.owner == owner]
        return next((note for note in notes if note), "")

    def latest_watched(self) -> PendingJob | None:
        """Return what Esc would stop: what was started last and was not stopped yet."""
        return next(
            (
                pending
                for pending in reversed([*self])
                if pending.watched and pending.cancelled_at is None
            ),
            None,
        )

    def build_later(self, owner: Owner, start: Start) -> None:
        """Start a build as soon as its owner builds nothing else."""
        self._later.append((owner, start))

    @property
    def builds_later(self) -> int:
        """How many builds wait for others."""
        return len(self._later)

    def next_build(self) -> tuple[Owner, Start] | None:
        """Return a build that waited, and waits no longer."""
        for place, (owner, start) in enumerate(self._later):
            if not self.is_building(owner):
                del self._later[place]
                return owner, start
        return None

    def is_building(self, owner: Owner) -> bool:
        """Whether the owner waits for something to be built."""
        return any(
            pending.waiting.builds and pending.waiting.owner == owner
            for pending in self._pending.values()
        )


def blender_can_be_changed() -> bool:
    """Whether Blender's data can be written to now.

    It cannot while Blender renders, nor where Blender only lets its interface be drawn: there it
    raises AttributeError, "Writing to ID classes in this context is not allowed". To ask costs
    next to nothing, and to find out amid building would leave half a scene.
    """
    if any(bpy.app.is_job_running(kind) for kind in READING):
        return False
    try:
        scene = next(scene for scene in bpy.data.scenes if scene.library is None)
        scene[PROBE] = 0
        del scene[PROBE]
    except AttributeError:
        return False
    return True
