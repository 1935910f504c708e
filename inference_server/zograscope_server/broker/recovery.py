"""What becomes of the jobs that an earlier broker left, which may have ended at any moment."""

import time
from collections.abc import Mapping
from typing import Literal

from zograscope_protocol.errors import ZograscopeError

from zograscope_server.broker.admission import ABANDONED_AFTER
from zograscope_server.broker.job_store import Job, JobStore
from zograscope_server.broker.result_keys import result_key_of
from zograscope_server.broker.spool import Spool
from zograscope_server.tasks import Task

# A broker may end for many reasons that are not the job's; one that ends it each time must stop.
MOST_ENDS = 10
DAY = 86_400.0
FORGOTTEN_AFTER = 30 * DAY

Step = Literal["receiving", "queued", "cancelled"]


class Recovery:
    """Looks through the store and the spool as a broker starts."""

    def __init__(self, store: JobStore, spool: Spool, tasks: Mapping[str, Task]) -> None:
        self._store = store
        self._spool = spool
        self._tasks = tasks
        # A clock that has jumped ahead makes nothing old: what is forgotten is so by its age among
        # jobs, which is no later than a day after the youngest.
        self._now = min(time.time(), store.youngest() + DAY)

    def unfinished(self) -> list[Job]:
        """Return the jobs that are not finished, oldest first; let go of what is long finished."""
        self._store.forget_finished_before(self._now - FORGOTTEN_AFTER)
        for job in self._store.unfetched():
            if job.result_key is not None:
                self._spool.await_fetch(job.result_key, job.id)
        return self._store.unfinished()

    def next_step(self, job: Job) -> Step:
        """Return what a job goes on with: its inputs, or waiting for a worker; or that it ends.

        Raises ZograscopeError where it fails: `unknown-task`, `server-died` or `spool-full`.
        """
        if job.state == "running":
            job.ends += 1
        if job.task not in self._tasks:
            raise ZograscopeError("unknown-task", task=job.task)
        if job.ends >= MOST_ENDS:
            raise ZograscopeError("server-died", count=job.ends)
        sizes = [array["bytes"] for array in job.inputs]
        if job.state == "receiving" or not self._spool.inputs.are_here(job.id, sizes):
            return self._go_on_receiving(job, sizes)
        key = result_key_of(job)
        if self._spool.open_result(key) is None:
            # It must not be dropped to make room.
            job.parts = self._spool.begin_growing(key)
        return "queued"

    def _go_on_receiving(self, job: Job, sizes: list[int]) -> Step:
        job.state = "receiving"
        job.heard = time.monotonic()
        if job.created < self._now - ABANDONED_AFTER:
            return "cancelled"
        self._spool.reserve_inputs(job.id, sizes)
        return "receiving"
