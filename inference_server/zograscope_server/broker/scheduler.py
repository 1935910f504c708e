"""The life of jobs: from submitted, over queued and running, to done, failed or cancelled.

Knows the store, the spool and the workers, and nothing of sockets or clients: whoever must hear of
a job is told through `announce`.
"""

import contextlib
import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from zograscope_protocol.errors import ZograscopeError

from zograscope_server.broker.job_store import Job, JobStore
from zograscope_server.broker.spool import Spool
from zograscope_server.broker.worker_pool import Worker, WorkerLost, WorkerPool
from zograscope_server.result_file import ResultFile
from zograscope_server.tasks import Task

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 2
DAY = 86400.0
ABANDONED_AFTER = 1 * DAY
FORGOTTEN_AFTER = 30 * DAY

Announce = Callable[[Job, dict[str, Any], memoryview | None], None]


class Scheduler:
    """All jobs of one server. Call its methods from one thread."""

    def __init__(
        self,
        *,
        store: JobStore,
        spool: Spool,
        pool: WorkerPool,
        tasks: Mapping[str, Task],
        models_folder: Path,
        announce: Announce,
    ) -> None:
        self._store = store
        self._spool = spool
        self._pool = pool
        self._tasks = tasks
        self._models_folder = models_folder
        self._announce = announce
        # The jobs that are not finished, oldest first.
        self._jobs: dict[str, Job] = {}
        self._hasher = ThreadPoolExecutor(1, "hasher")
        self._hashing: dict[str, Future[list[str]]] = {}

    # What clients ask for

    @property
    def hashing(self) -> bool:
        """Whether `collect_hashes` will soon have something to do."""
        return bool(self._hashing)

    def unfinished(self) -> list[Job]:
        """Return the jobs that are not finished, oldest first."""
        return list(self._jobs.values())

    def find(self, job_id: str) -> Job:
        """Return the job of that id.

        Raises ZograscopeError `unknown-job`, also for a job whose result the spool has dropped:
        whoever still wants it submits it again.
        """
        job = self._jobs.get(job_id) or self._store.get(job_id)
        if job is not None and job.state == "done" and self._open_result(job) is None:
            self._store.forget(job_id)
            job = None
        if job is None:
            raise ZograscopeError("unknown-job", job=job_id)
        return job

    def submit(
        self, job_id: str, task: str, parameters: dict[str, Any], inputs: list[dict[str, Any]]
    ) -> Job:
        """Take a job on; one that is known already is returned as it stands.

        Raises ZograscopeError `unknown-task` or `spool-full`.
        """
        try:
            return self.find(job_id)
        except ZograscopeError:
            pass
        if task not in self._tasks:
            raise ZograscopeError("unknown-task", task=task)
        self._spool.reserve_inputs(job_id, [array["bytes"] for array in inputs])
        job = Job(job_id, task, parameters, inputs)
        self._store.save(job)
        self._jobs[job_id] = job
        return job

    def inputs_complete(self, job: Job) -> None:
        """Go on with a job whose inputs have all come."""
        if self._tasks[job.task].cacheable:
            paths = [self._spool.input_path(job.id, index) for index in range(len(job.inputs))]
            self._hashing[job.id] = self._hasher.submit(_hash_files, paths)
        else:
            self._enqueue(job, f"job-{job.id}")

    def cancel(self, job: Job) -> None:
        """Cancel the job: at once where nobody works on it, else as soon as the worker stops."""
        if job.state == "running":
            self._pool.cancel(job.id)
        elif not job.finished:
            self._finish(job, "cancelled")

    def fail(self, job: Job, error: ZograscopeError) -> None:
        """End the job with an error."""
        job.error = error.to_header()
        self._finish(job, "failed")

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
        }

    def result(self, job: Job) -> ResultFile:
        """Return the result of a job. Raises ZograscopeError `unknown-job` when there is none."""
        result = self._open_result(job)
        if result is None:
            raise ZograscopeError("unknown-job", job=job.id)
        return result

    # What the broker's loop brings

    def recover(self) -> None:
        """Take up what an earlier broker left: nothing that was done is computed again."""
        self._store.forget_finished_before(time.time() - FORGOTTEN_AFTER)
        for job in self._store.unfinished():
            self._jobs[job.id] = job
            if job.task not in self._tasks:
                self.fail(job, ZograscopeError("unknown-task", task=job.task))
            elif job.state == "receiving" or not self._has_inputs(job):
                self._recover_upload(job)
            else:
                self._enqueue(job, job.result_key or f"job-{job.id}")
        self._spool.remove_inputs_except(set(self._jobs))

    def collect_hashes(self) -> None:
        """Queue the jobs whose inputs have been hashed since the last call."""
        for job_id in [job_id for job_id, future in self._hashing.items() if future.done()]:
            future = self._hashing.pop(job_id)
            job = self._jobs.get(job_id)
            if job is None:
                continue
            try:
                key = self._result_key(job, future.result())
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
        match header["type"]:
            case "progress" if job:
                job.fraction, job.stage = header["fraction"], header["stage"]
                self._announce_state(job)
            case "preview" if job:
                self._announce(job, header, buffer)
            case "done" if job:
                self._finish(job, "done")
            case "cancelled" if job:
                self._finish(job, "cancelled")
            case "failed" if job and header["code"] == "out-of-memory":
                # Its memory is in pieces: the second attempt gets a fresh process.
                error = ZograscopeError.from_header(header)
                self._pool.replace(worker, error)
                self._retry(job, error)
            case "failed" if job:
                self.fail(job, ZograscopeError.from_header(header))
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

    def close(self) -> None:
        """Stop the hashing thread."""
        self._hasher.shutdown(cancel_futures=True)

    # Steps

    def _has_inputs(self, job: Job) -> bool:
        return self._spool.has_inputs(job.id, [array["bytes"] for array in job.inputs])

    def _recover_upload(self, job: Job) -> None:
        job.state = "receiving"
        if job.created < time.time() - ABANDONED_AFTER:
            self._finish(job, "cancelled")
            return
        try:
            self._spool.reserve_inputs(job.id, [array["bytes"] for array in job.inputs])
        except ZograscopeError as error:
            self.fail(job, error)

    def _enqueue(self, job: Job, key: str) -> None:
        job.result_key = key
        if self._open_result(job):
            job.cached = job.state == "receiving"
            self._finish(job, "done")
            return
        job.state = "queued"
        self._store.save(job)
        self._announce_state(job)
        self._schedule()

    def _schedule(self) -> None:
        """Give idle workers the oldest jobs whose answer nobody computes already."""
        while (worker := self._pool.idle_worker()) and (job := self._next_job()):
            self._start(job, worker)

    def _next_job(self) -> Job | None:
        running = {job.result_key for job in self._jobs.values() if job.state == "running"}
        for job in self._jobs.values():
            if job.state == "queued" and job.result_key not in running:
                return job
        return None

    def _start(self, job: Job, worker: Worker) -> None:
        assert job.result_key is not None
        inputs = [
            {**array, "path": str(self._spool.input_path(job.id, index))}
            for index, array in enumerate(job.inputs)
        ]
        job.state = "running"
        job.attempts += 1
        self._store.save(job)
        self._pool.run(
            worker,
            job.id,
            {
                "task": job.task,
                "parameters": job.parameters,
                "inputs": inputs,
                "result": str(self._spool.result_path(job.result_key)),
                "temporary": str(self._spool.begin_result(job.id, job.attempts)),
            },
        )
        self._announce_state(job)

    def _retry(self, job: Job, error: ZograscopeError) -> None:
        if job.attempts >= MOST_ATTEMPTS:
            self.fail(job, error)
            return
        self._spool.abandon_result(job.id, job.attempts)
        logger.warning("job %s will be tried again: %s", job.id, error.sentence)
        job.state, job.fraction, job.stage = "queued", None, ""
        self._store.save(job)
        self._announce_state(job)

    def _finish(self, job: Job, state: str) -> None:
        job.state = state
        self._store.save(job)
        self._jobs.pop(job.id, None)
        self._announce(job, self.outcome(job), None)
        self._spool.remove_inputs(job.id)
        self._spool.abandon_result(job.id, job.attempts)
        if state == "done":
            self._answer_the_same(job.result_key)
            self._spool.drop_private_results()
            with contextlib.suppress(ZograscopeError):
                self._spool.make_room()

    def _answer_the_same(self, key: str | None) -> None:
        for job in self.unfinished():
            if job.state == "queued" and job.result_key == key:
                job.cached = True
                self._finish(job, "done")

    def _announce_state(self, job: Job) -> None:
        self._announce(job, self.progress(job), None)

    def _open_result(self, job: Job) -> ResultFile | None:
        return None if job.result_key is None else self._spool.open_result(job.result_key)

    def _result_key(self, job: Job, digests: list[str]) -> str:
        """Return the name of the answer: everything that the answer depends on, digested."""
        task = self._tasks[job.task]
        question = {
            "task": job.task,
            "version": task.version,
            "parameters": job.parameters,
            "revision": task.revision(task.options.read(job.parameters), self._models_folder),
            "inputs": [
                [array["name"], array["dtype"], array["shape"], digest]
                for array, digest in zip(job.inputs, digests, strict=True)
            ],
        }
        return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()


def _hash_files(paths: list[Path]) -> list[str]:
    digests = []
    for path in paths:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests
