"""The jobs, on disk: what a restarted broker knows about the work it had taken on."""

import json
import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zograscope_protocol.messages import FINISHED_STATES

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY,
    task TEXT NOT NULL,
    parameters TEXT NOT NULL,
    inputs TEXT NOT NULL,
    created REAL NOT NULL,
    state TEXT NOT NULL,
    result_key TEXT,
    attempts INTEGER NOT NULL,
    cached INTEGER NOT NULL,
    error TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, created);
"""


@dataclass
class Job:
    """One job. `inputs` are the array descriptions of its submit; `error` is an error's header."""

    id: str
    task: str
    parameters: dict[str, Any]
    inputs: list[dict[str, Any]]
    created: float = field(default_factory=time.time)
    state: str = "receiving"
    result_key: str | None = None
    attempts: int = 0
    cached: bool = False
    error: dict[str, Any] | None = None
    # How far it is: known to the running broker only, and worth nothing after a restart.
    fraction: float | None = None
    stage: str = ""

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in FINISHED_STATES


class JobStore:
    """A SQLite file (WAL mode) of jobs. Every method commits before it returns."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.row_factory = sqlite3.Row
        self._database.execute("PRAGMA journal_mode = WAL")
        # Losing the last moments to a power cut costs a repeated job, never a broken store.
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        self._database.close()

    def save(self, job: Job) -> None:
        """Insert the job, or replace what is known of it."""
        self._database.execute(
            "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                job.id,
                job.task,
                json.dumps(job.parameters),
                json.dumps(job.inputs),
                job.created,
                job.state,
                job.result_key,
                job.attempts,
                job.cached,
                None if job.error is None else json.dumps(job.error),
            ),
        )

    def get(self, job_id: str) -> Job | None:
        """Return the job, or None when there is none of that id."""
        row = self._database.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
        return None if row is None else _job_of(row)

    def unfinished(self) -> list[Job]:
        """Return the jobs that are neither done nor failed nor cancelled, oldest first."""
        return self._select("state NOT IN ('done', 'failed', 'cancelled') ORDER BY created, id")

    def recent(self, count: int) -> list[Job]:
        """Return the `count` youngest finished jobs, youngest first."""
        return self._select(
            "state IN ('done', 'failed', 'cancelled') ORDER BY created DESC LIMIT ?", count
        )

    def forget(self, job_id: str) -> None:
        """Remove the job."""
        self._database.execute("DELETE FROM jobs WHERE id = ?", (job_id,))

    def forget_finished_before(self, moment: float) -> None:
        """Remove the finished jobs that were created before `moment` (seconds since the epoch)."""
        self._database.execute(
            "DELETE FROM jobs WHERE created < ? AND state IN ('done', 'failed', 'cancelled')",
            (moment,),
        )

    def _select(self, condition: str, *values: object) -> list[Job]:
        rows = self._database.execute(f"SELECT * FROM jobs WHERE {condition}", values)
        return [_job_of(row) for row in rows]


def _job_of(row: sqlite3.Row) -> Job:
    return Job(
        id=row["id"],
        task=row["task"],
        parameters=json.loads(row["parameters"]),
        inputs=json.loads(row["inputs"]),
        created=row["created"],
        state=row["state"],
        result_key=row["result_key"],
        attempts=row["attempts"],
        cached=bool(row["cached"]),
        error=None if row["error"] is None else json.loads(row["error"]),
    )
