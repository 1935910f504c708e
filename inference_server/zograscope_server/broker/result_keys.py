"""The names of results: the same question, asked again, has the same name and so its answer.

What is asked includes the inputs' contents, which are read in a thread of their own.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from zograscope_server.broker.inputs import Inputs
from zograscope_server.broker.job_store import Job
from zograscope_server.tasks import Task


def result_key_of(job: Job) -> str:
    """Return the name of a job's result; of one that nobody can ask again, its own."""
    return job.result_key or f"job-{job.id}"


class ResultKeys:
    """Names questions, while the broker does other things."""

    def __init__(self, inputs: Inputs, tasks: Mapping[str, Task], models_folder: Path) -> None:
        self._inputs = inputs
        self._tasks = tasks
        self._models_folder = models_folder
        self._hasher = ThreadPoolExecutor(1, "hasher")
        self._hashing: dict[str, Future[list[str]]] = {}

    @property
    def hashing(self) -> bool:
        """Whether `collect` will soon have something."""
        return bool(self._hashing)

    def is_hashing(self, job: Job) -> bool:
        """Whether a job's inputs are being read."""
        return job.id in self._hashing

    def begin(self, job: Job) -> None:
        """Read a job's inputs, all of which are here."""
        paths = [self._inputs.path(job.id, index) for index in range(len(job.inputs))]
        self._hashing[job.id] = self._hasher.submit(_hash_files, paths)

    def collect(self) -> Iterator[tuple[str, Future[list[str]]]]:
        """Yield the ids of jobs whose inputs have been read, and their digests."""
        for job_id in [job_id for job_id, future in self._hashing.items() if future.done()]:
            yield job_id, self._hashing.pop(job_id)

    def key(self, job: Job, digests: list[str]) -> str:
        """Return the name of the answer: everything that the answer depends on, digested."""
        task = self._tasks[job.task]
        options = task.options.read(json.loads(job.parameters))
        # What the owner may see of this computer, a guest may not: nor that the owner has asked.
        whose = {"owner": job.owner} if job.owner else {}
        question = {
            **whose,
            "task": job.task,
            "version": task.version,
            "parameters": options.parameters(),
            "revision": task.revision(options, self._models_folder),
            "inputs": [
                [array["name"], array["dtype"], array["shape"], digest]
                for array, digest in zip(job.inputs, digests, strict=True)
            ],
        }
        return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()

    def sync_inputs(self, job: Job) -> None:
        """Have a job's inputs written to the disk for good, in the same thread."""
        self._hasher.submit(self._inputs.sync, job.id)

    def close(self) -> None:
        """Stop the thread."""
        self._hasher.shutdown(cancel_futures=True)


def _hash_files(paths: list[Path]) -> list[str]:
    digests = []
    for path in paths:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests
