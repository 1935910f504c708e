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
    deaths INTEGER NOT NULL,
    cached INTEGER NOT NULL,
    error TEXT,
    held INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, created);
"""

# What turns the schema of version n into that of n + 1; a store notes its own as `user_version`.
_MIGRATIONS = (
    """
    ALTER TABLE jobs RENAME COLUMN attempts TO deaths;
    ALTER TABLE jobs ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
    """,
)


@dataclass
class Job:
    """One job.

    Attributes:
        inputs: the array descriptions of its submit.
        deaths: how many workers died in it since it began, or since its latest checkpoint.
        error: an error's header.
        held: whether it was asked to pause.
        run: a name for the present run, which no other of the job has.
        yielding: whether it was asked to make way for a short job.
        parts: how many parts of its result there are.
    """

    id: str
    task: str
    parameters: dict[str, Any]
    inputs: list[dict[str, Any]]
    created: float = field(default_factory=time.time)
    state: str = "receiving"
    result_key: str | None = None
    deaths: int = 0
    cached: bool = False
    error: dict[str, Any] | None = None
    held: bool = False
    # How far it is: known to the running broker only, and worth nothing after a restart.
    fraction: float | None = None
    stage: str = ""
    detail: str = ""
    run: str = ""
    yielding: bool = False
    parts: int = 0

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
        self._migrate()
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        self._database.close()

    def _migrate(self) -> None:
        """Bring a store of an earlier version up to this one's schema."""
        is_new = not self._database.execute("SELECT 1 FROM sqlite_schema").fetchone()
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        for migration in () if is_new else _MIGRATIONS[version:]:
            self._database.executescript(f"BEGIN; {migration} COMMIT;")
        self._database.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")

    def save(self, job: Job, *, durable: bool = False) -> None:
        """Insert the job, or replace what is known of it; a durable one survives a power cut."""
        self._database.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        self._database.execute(
            "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                job.id,
                job.task,
                json.dumps(job.parameters),
                json.dumps(job.inputs),
                job.created,
                job.state,
                job.result_key,
                job.deaths,
                job.cached,
                None if job.error is None else json.dumps(job.error),
                job.held,
            ),
        )

    def get(self, job_id: str) -> Job | None:
        """Return the job, or None when there is none of that id."""
        row = self._database.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
        return None if row is None else _job_of(row)

    def unfinished(self) -> list[Job]:
        """Return the jobs that are neither done nor failed nor cancelled, oldest first."""
        return self._select("state NOT IN ('done', 'failed', 'cancelled') ORDER BY created, id")

    def done(self) -> list[Job]:
        """Return the jobs that are done."""
        return self._select("state = 'done'")

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
        deaths=row["deaths"],
        cached=bool(row["cached"]),
        error=None if row["error"] is None else json.loads(row["error"]),
        held=bool(row["held"]),
    )
