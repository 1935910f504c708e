"""The life of jobs: from submitted, over queued and running, to done, failed or cancelled.

Knows the store, the spool and the workers, and nothing of sockets: whoever must hear of a job is
told through `announce`. Of clients it knows their names: a job belongs to whoever submitted it, and
the owner of the server, whose name is empty, may see and do all. Clients take turns, and none holds
more than its share.
"""

import contextlib
import json
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from zograscope_protocol.errors import ZograscopeError

from zograscope_server.broker.admission import (
    ABANDONED_AFTER,
    STOPPED_AFTER,
    Admission,
    check_can_be_handed_on,
    silent_uploads,
)
from zograscope_server.broker.job_store import Job, JobStore
from zograscope_server.broker.recovery import Recovery
from zograscope_server.broker.result_keys import ResultKeys, result_key_of
from zograscope_server.broker.spool import Spool
from zograscope_server.broker.turns import Turns
from zograscope_server.broker.worker_pool import Worker, WorkerLost, WorkerPool
from zograscope_server.result_file import ResultFile
from zograscope_server.tasks import Task

logger = logging.getLogger(__name__)

MOST_DEATHS = 2
# Of whatever a job that ends so has done, another with the same question can make use.
DEATHS = ("worker-died", "out-of-memory", "spool-full", "server-died")

Announce = Callable[[Job, dict[str, Any], memoryview | None], None]


class Scheduler:
    """All jobs of one server. Call its methods from one thread.

    Args:
        announce: tells a message about a job to all who follow it.
        announce_parts: tells those who want a job's parts that there are more.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        spool: Spool,
        pool: WorkerPool,
        tasks: Mapping[str, Task],
        models_folder: Path,
        announce: Announce,
        announce_parts: Callable[[Job], None],
    ) -> None:
        self._store = store
        self._spool = spool
        self._pool = pool
        self._tasks = tasks
        self._admission = Admission(store, spool)
        self._keys = ResultKeys(spool.inputs, tasks, models_folder)
        self._turns = Turns()
        self._announce = announce
        self._announce_parts = announce_parts
        # The jobs that are not finished, oldest first.
        self._jobs: dict[str, Job] = {}
        self._closing = False

    # What clients ask for

    @property
    def hashing(self) -> bool:
        """Whether `collect_hashes` will soon have something to do."""
        return self._keys.hashing

    def unfinished(self) -> list[Job]:
        """Return the jobs that are not finished, oldest first."""
        return list(self._jobs.values())

    def pausable(self, job: Job) -> bool:
        """Whether the job can be paused."""
        return job.task in self._tasks and self._tasks[job.task].pausable

    def find(self, job_id: str, asker: str = "") -> Job:
        """Return the job of that id, if whoever asks may know of it.

        Raises ZograscopeError `unknown-job`, also for a job whose result the spool has dropped:
        whoever still wants it submits it again.
        """
        job = self._known(job_id)
        if job is None or asker not in ("", job.owner):
            raise ZograscopeError("unknown-job", job=job_id)
        return job

    def _known(self, job_id: str) -> Job | None:
        job = self._jobs.get(job_id) or self._store.get(job_id)
        if job is not None and job.state == "done" and self._open_result(job) is None:
            self._store.forget(job_id)
            return None
        return job

    def submit(
        self,
        job_id: str,
        task: str,
        parameters: dict[str, Any],
        inputs: list[dict[str, Any]],
        owner: str = "",
        submitter: str = "",
    ) -> Job:
        """Take a job on; one that is known already is returned as it stands.

        Args:
            owner: whose job it is: a key, or nothing for the server's own user.
            submitter: a name for the connection: they take turns.

        Raises ZograscopeError `unknown-task`, `bad-parameters`, `too-many-jobs` or `spool-full`,
        and `unknown-job` for the id of somebody else's.
        """
        if self._known(job_id) is not None:
            return self.find(job_id, owner)
        if task not in self._tasks:
            raise ZograscopeError("unknown-task", task=task)
        try:
            asked = self._tasks[task].options.read(parameters).parameters()
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise ZograscopeError("bad-parameters", problem=str(error)) from error
        job = Job(job_id, task, json.dumps(asked), inputs, owner=owner, submitter=submitter)
        job.heard = time.monotonic()
        check_can_be_handed_on(self._request(job, result_key=f"job-{job.id}", run="0" * 8))
        try:
            self._admission.admit(job, self._jobs.values())
        except ZograscopeError:
            if not self._end_stopped_uploads(STOPPED_AFTER):
                raise
            self._admission.admit(job, self._jobs.values())
        self._jobs[job_id] = job
        return job

    def end_abandoned_uploads(self) -> None:
        """End uploads that nobody went on with for a day; call it now and then."""
        self._end_stopped_uploads(ABANDONED_AFTER)

    def _end_stopped_uploads(self, seconds: float) -> bool:
        """End the uploads that have been silent for so long; say whether there were any."""
        silent = silent_uploads(self._jobs.values(), seconds)
        stopped = [job for job in silent if not self._keys.is_hashing(job)]
        for job in stopped:
            self.fail(job, ZograscopeError("upload-stopped"))
        return bool(stopped)

    def inputs_complete(self, job: Job) -> None:
        """Go on with a job whose inputs have all come."""
        if self._tasks[job.task].cacheable:
            self._keys.begin(job)
        else:
            self._enqueue(job, result_key_of(job))

    def cancel(self, job: Job) -> None:
        """Cancel the job: at once where nobody works on it, else as soon as the worker stops."""
        if job.state == "running":
            self._pool.cancel(job.id)
        elif not job.finished:
            self._finish(job, "cancelled")

    def pause(self, job: Job) -> None:
        """Pause the job: at once where nobody works on it, else at its next checkpoint.

        Raises ZograscopeError `cannot-pause`.
        """
        if not self.pausable(job):
            raise ZograscopeError("cannot-pause")
        if job.finished or job.held:
            return
        job.held = True
        self._save(job, durable=True)
        if job.state == "running":
            self._pool.pause(job.id)
        elif job.state == "queued":
            self._let_wait(job)

    def resume(self, job: Job) -> None:
        """Let a paused job go on; one that is about to pause goes on after that."""
        if job.finished or not job.held:
            return
        job.held = False
        self._save(job, durable=True)
        if job.state == "paused":
            self._let_wait(job)
            self._schedule()

    def fail(self, job: Job, error: ZograscopeError) -> None:
        """End the job with an error."""
        job.error = error.to_header()
        self._finish(job, "failed")

    def fetched(self, job: Job) -> None:
        """Note that a client has taken the job's result: it is kept for others' sake only."""
        if job.fetched or job.state != "done" or job.result_key is None:
            return
        job.fetched = True
        self._save(job)
        self._spool.fetched(job.result_key, job.id)

    def outcome(self, job: Job) -> dict[str, Any]:
        """Return the message that tells how a finished job ended."""
        if job.state == "done":
            result = self.result(job)
            return {
                "type": "done",
                "job": job.id,
                "metadata": result.metadata,
                "arrays": result.arrays,
                "cached": job.cached,
                "parts": result.parts,
            }
        return {"type": job.state, "job": job.id, **(job.error or {})}

    def progress(self, job: Job) -> dict[str, Any]:
        """Return the message that tells how far an unfinished job is."""
        return {
            "type": "progress",
            "job": job.id,
            "state": job.state,
            "fraction": job.fraction,
            "stage": job.stage,
            "detail": job.detail,
            "parts": job.parts,
        }

    def result(self, job: Job) -> ResultFile:
        """Return the result of a job. Raises ZograscopeError `unknown-job` when there is none."""
        result = self._open_result(job)
        if result is None:
            raise ZograscopeError("unknown-job", job=job.id)
        return result

    def parts(self, job: Job) -> int:
        """Return how many parts of the job's result there are."""
        if job.result_key is None or not job.finished:
            return job.parts
        if job.state == "done":
            return self.result(job).parts
        return self._spool.parts(job.result_key).count()

    def part(self, job: Job, number: int) -> ResultFile:
        """Return a part of the job's result. Raises ZograscopeError `unknown-job`."""
        part = self._spool.open_part(job.result_key, number) if job.result_key else None
        if part is None:
            raise ZograscopeError("unknown-job", job=job.id)
        return part

    # What the broker's loop brings

    def recover(self) -> None:
        """Take up what an earlier broker left: nothing that was done is computed again."""
        recovery = Recovery(self._store, self._spool, self._tasks)
        self._jobs = {job.id: job for job in recovery.unfinished()}
        for job in self.unfinished():
            try:
                if not job.finished:  # it was the same as another
                    self._take_up(job, recovery)
            except Exception as error:
                logger.exception("job %s cannot be taken up", job.id)
                self.fail(job, ZograscopeError("internal", details=repr(error)))
        self._spool.inputs.remove_all_but(set(self._jobs))

    def _take_up(self, job: Job, recovery: Recovery) -> None:
        try:
            step = recovery.next_step(job)
        except ZograscopeError as error:
            self.fail(job, error)
            return
        if step == "queued":
            self._enqueue(job, result_key_of(job))
        elif step == "cancelled":
            self._finish(job, "cancelled")

    def collect_hashes(self) -> None:
        """Queue the jobs whose inputs have been hashed since the last call."""
        for job_id, future in self._keys.collect():
            job = self._jobs.get(job_id)
            if job is None or job.state != "receiving":
                continue
            try:
                key = self._keys.key(job, future.result())
            except ZograscopeError as error:
                self.fail(job, error)
            except Exception as error:
                logger.exception("no result key for job %s", job_id)
                self.fail(job, ZograscopeError("internal", details=repr(error)))
            else:
                self._enqueue(job, key)

    def worker_said(
        self, worker: Worker, header: dict[str, Any], buffer: memoryview | None
    ) -> None:
        """Act on a worker's message."""
        job = self._jobs.get(header.get("job", ""))
        try:
            if job is not None:
                self._job_news(job, worker, header, buffer)
        finally:
            self._schedule()

    def worker_lost(self, loss: WorkerLost) -> None:
        """Give the job of a worker that is gone another chance, unless it was cancelled or done."""
        job = self._jobs.get(loss.job)
        if job is None:
            return
        if loss.error.code == "job-cancelled":
            self._finish(job, "cancelled")
        elif self._open_result(job):
            self._finish(job, "done")
        else:
            self._retry(job, loss.error)
        self._schedule()

    def pause_all(self) -> bool:
        """Ask all jobs that can to save how far they are; start no more. Say whether any runs.

        They go on at the server's next start.
        """
        running = [job for job in self._jobs.values() if job.state == "running"]
        running = [job for job in running if self.pausable(job)]
        if not self._closing:
            self._closing = True
            for job in running:
                self._pool.pause(job.id)
        return bool(running)

    def close(self) -> None:
        """Stop the hashing thread, and note that what runs was stopped in good order."""
        for job in self._jobs.values():
            if job.state == "running":
                job.state = "queued"
                self._save(job)
        self._keys.close()

    # Steps

    def _job_news(
        self, job: Job, worker: Worker, header: dict[str, Any], buffer: memoryview | None
    ) -> None:
        match header["type"]:
            case "progress":
                job.fraction, job.stage = header["fraction"], header["stage"]
                job.detail = header["detail"]
                self._announce_state(job)
            case "preview":
                self._announce(job, header, buffer)
            case "part":
                self._has_grown(job, header)
            case "checkpoint":
                self._has_checkpoint(job, header)
            case "paused":
                self._let_wait(job)
            case "done":
                self._finish(job, "done")
            case "cancelled":
                self._finish(job, "cancelled")
            case "failed" if header["code"] == "spool-full" and self._spool.let_cached_go():
                self._retry(job, ZograscopeError.from_header(header))
            case "failed" if header["code"] == "out-of-memory":
                # Its memory is in pieces: the second attempt gets a fresh process.
                error = ZograscopeError.from_header(header)
                self._pool.replace(worker, error)
                self._retry(job, error)
            case "failed":
                self.fail(job, ZograscopeError.from_header(header))

    def _has_grown(self, job: Job, header: dict[str, Any]) -> None:
        """Count a part that a worker has written."""
        assert job.result_key is not None
        job.parts = header["number"] + 1
        self._stop_when_full(job, self._spool.has_grown, header["bytes"])
        for other in [other for other in self.unfinished() if other.result_key == job.result_key]:
            other.parts = job.parts
            self._announce_parts(other)

    def _has_checkpoint(self, job: Job, header: dict[str, Any]) -> None:
        """Note that the job goes on from here whatever happens."""
        job.deaths = job.ends = 0
        self._save(job, durable=True)
        self._stop_when_full(job, self._spool.has_checkpoint, header["bytes"])

    def _stop_when_full(self, job: Job, count: Callable[[str, int], None], size: int) -> None:
        assert job.result_key is not None
        try:
            count(job.result_key, size)
        except ZograscopeError as error:
            self._pool.cancel(job.id)
            self.fail(job, error)

    def _let_wait(self, job: Job) -> None:
        """Let a job without a worker wait for one or, where it was asked to pause, be resumed."""
        if job.run:
            # The next run writes a file of its own.
            self._spool.abandon_result(job.id, job.run)
            job.run = ""
        job.state = "paused" if job.held else "queued"
        job.yielding = False
        if job.held:
            # What it has no checkpoint of yet must outlive a power cut all the same.
            self._keys.sync_inputs(job)
        self._save(job)
        self._announce_state(job)

    def _enqueue(self, job: Job, key: str) -> None:
        job.result_key = key
        if self._open_result(job):
            job.cached = job.state == "receiving"
            self._finish(job, "done")
            return
        self._let_wait(job)
        self._schedule()

    def _schedule(self) -> None:
        """Give idle workers the jobs whose turn it is; let long jobs make way for short ones."""
        if self._closing:
            return
        while (worker := self._pool.idle_worker()) and (job := self._next_job()):
            self._start(job, worker)
        self._make_way()

    def _next_job(self) -> Job | None:
        """Return the job whose turn it is: a short one before a long one, clients by turns."""
        return min(
            self._waiting(),
            key=lambda job: (self.pausable(job), *self._turns.latest(job)),
            default=None,
        )

    def _waiting(self) -> list[Job]:
        """Return the jobs that could run now, oldest first."""
        at_work = ("running", "paused")
        taken = {job.result_key for job in self._jobs.values() if job.state in at_work}
        jobs = [job for job in self._jobs.values() if job.state == "queued"]
        return [job for job in jobs if job.result_key not in taken]

    def _make_way(self) -> None:
        """Ask long jobs to pause for as many short ones as wait, where no worker comes free."""
        if any(worker.job is None for worker in self._pool.workers):
            return
        short = sum(not self.pausable(job) for job in self._waiting())
        running = [job for job in self._jobs.values() if job.state == "running"]
        leaving = sum(job.yielding for job in running)
        for job in [job for job in running if self.pausable(job) and not job.yielding]:
            if leaving >= short:
                return
            job.yielding = True
            self._pool.pause(job.id)
            leaving += 1

    def _start(self, job: Job, worker: Worker) -> None:
        assert job.result_key is not None
        self._turns.had(job)
        job.run = secrets.token_hex(4)
        try:
            job.parts = self._spool.begin_growing(job.result_key)
            self._spool.begin_result(job.id, job.run)
            self._pool.run(worker, job.id, self._request(job, job.result_key, job.run))
        except (OSError, ValueError) as error:
            # It must not keep others from their turn.
            logger.exception("job %s cannot be started", job.id)
            self.fail(job, ZograscopeError("internal", details=repr(error)))
            return
        job.state = "running"
        self._save(job)
        self._announce_state(job)

    def _request(self, job: Job, result_key: str, run: str) -> dict[str, Any]:
        """Return the message that has a worker run the job."""
        inputs = [
            {**array, "path": str(self._spool.inputs.path(job.id, index))}
            for index, array in enumerate(job.inputs)
        ]
        return {
            "task": job.task,
            "owner": job.owner,
            "parameters": json.loads(job.parameters),
            "inputs": inputs,
            "result": str(self._spool.result_path(result_key)),
            "temporary": str(self._spool.temporary_path(job.id, run)),
            "inputs_folder": str(self._spool.inputs.folder(job.id)),
            "run": run,
            "parts": job.parts,
            "parts_folder": str(self._spool.parts(result_key).folder),
            "checkpoints_folder": str(self._spool.checkpoints(result_key).folder),
        }

    def _retry(self, job: Job, error: ZograscopeError) -> None:
        job.deaths += 1
        if job.deaths >= MOST_DEATHS:
            self.fail(job, error)
            return
        logger.warning("job %s will be tried again: %s", job.id, error.sentence)
        job.fraction, job.stage, job.detail = None, "", ""
        self._let_wait(job)

    def _finish(self, job: Job, state: str) -> None:
        """End the job. Whatever goes wrong on the way, its clients hear of the end."""
        job.state = state
        self._jobs.pop(job.id, None)
        if state == "done" and job.result_key is not None:
            self._spool.await_fetch(job.result_key, job.id)
        self._save(job)
        ended = self._ended(job)
        self._announce(job, ended, None)
        if ended["type"] == "done":
            self._announce_parts(job)  # of an answer that was here, nobody has heard yet
        try:
            self._clean_up(job)
        except OSError:
            logger.exception("what job %s leaves cannot be put in order", job.id)
        if state == "done" and not job.cached:
            self._answer_the_same(job.result_key)

    def _clean_up(self, job: Job) -> None:
        """Keep of a finished job what can be of use, and remove the rest."""
        self._spool.remove_inputs(job.id)
        if job.run:
            self._spool.abandon_result(job.id, job.run)
        if job.result_key is not None:
            self._settle(job, job.result_key)
        if job.state == "done":
            self._spool.drop_private_results()
            with contextlib.suppress(ZograscopeError):
                self._spool.make_room()

    def _save(self, job: Job, *, durable: bool = False) -> None:
        """Note on disk how the job is; where the disk takes nothing, it goes on all the same."""
        try:
            self._store.save(job, durable=durable)
        except ZograscopeError as error:
            logger.error("job %s is %s, and the disk does not know: %s", job.id, job.state, error)

    def _ended(self, job: Job) -> dict[str, Any]:
        """Return the outcome; a result that is gone already has failed its job."""
        try:
            return self.outcome(job)
        except ZograscopeError as error:
            return {"type": "failed", "job": job.id, **error.to_header()}

    def _settle(self, job: Job, key: str) -> None:
        """Decide what becomes of the parts and checkpoints of a finished job."""
        if any(other.result_key == key for other in self._jobs.values()) and job.state != "done":
            return  # another job goes on with them
        if job.state == "cancelled":
            self._spool.drop(key)
            return
        if job.state == "failed":
            parts = self._spool.parts(key)
            parts.keep(parts.count())  # whoever died in it may have left half of one
        died = job.error is not None and job.error["code"] in DEATHS
        self._spool.end_growing(key, keep_checkpoint=died)

    def _answer_the_same(self, key: str | None) -> None:
        for job in self.unfinished():
            if job.state in ("queued", "paused") and job.result_key == key:
                job.cached = True
                self._finish(job, "done")

    def _announce_state(self, job: Job) -> None:
        self._announce(job, self.progress(job), None)

    def _open_result(self, job: Job) -> ResultFile | None:
        return None if job.result_key is None else self._spool.open_result(job.result_key)
