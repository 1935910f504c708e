"""Which jobs are taken on: bounds for each client and for all, and room for their inputs."""

import json
import time
from collections.abc import Collection, Iterable
from typing import Any

from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.wire import MOST_HEADER_BYTES

from zograscope_server.broker.job_store import Job, JobStore
from zograscope_server.broker.spool import Spool

# Jobs that are not finished: of one client, and of all. Where a client is not the server's owner,
# its jobs' inputs may take a share of the spool.
MOST_JOBS_OF_ONE = 1000
MOST_JOBS = 4000
SHARE_OF_GUESTS = 0.25
# Seconds without a byte, after which an upload makes way where its room is needed; and after which
# nobody will go on with it.
STOPPED_AFTER = 60.0
ABANDONED_AFTER = 86_400.0
# Of a message to a worker, for what it says beside what a client chose.
_ROOM_FOR_THE_REST = 1024


class Admission:
    """Takes jobs on into the store and the spool."""

    def __init__(self, store: JobStore, spool: Spool) -> None:
        self._store = store
        self._spool = spool

    def admit(self, job: Job, unfinished: Collection[Job]) -> None:
        """Make room for a new job beside those that are not finished.

        Raises ZograscopeError `too-many-jobs` or `spool-full`.
        """
        own = [other for other in unfinished if other.owner == job.owner]
        if len(own) >= MOST_JOBS_OF_ONE or len(unfinished) >= MOST_JOBS:
            raise ZograscopeError("too-many-jobs", count=len(own))
        share = SHARE_OF_GUESTS * self._spool.limit
        held = job.input_bytes + sum(other.input_bytes for other in own)
        if job.owner and held > share:
            details = (
                f"the inputs of this client's jobs have {held} bytes, its share is {share:.0f}"
            )
            raise ZograscopeError("spool-full", details=details)
        self._spool.reserve_inputs(job.id, [array["bytes"] for array in job.inputs])
        try:
            self._store.save(job)
        except ZograscopeError:
            self._spool.remove_inputs(job.id)
            raise


def check_can_be_handed_on(request: dict[str, Any]) -> None:
    """Raise ZograscopeError `bad-parameters` for what no message to a worker could carry."""
    size = len(json.dumps(request, separators=(",", ":")))
    if size > MOST_HEADER_BYTES - _ROOM_FOR_THE_REST:
        problem = f"parameters and inputs need {size} characters to say, which is too much"
        raise ZograscopeError("bad-parameters", problem=problem)


def silent_uploads(jobs: Iterable[Job], seconds: float) -> list[Job]:
    """Return the jobs whose inputs are coming in, and have not for so long."""
    latest = time.monotonic() - seconds
    return [job for job in jobs if job.state == "receiving" and job.heard < latest]
