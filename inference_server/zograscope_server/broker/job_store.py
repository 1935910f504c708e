"""The jobs, on disk: what a restarted broker knows about the work it had taken on."""

import contextlib
import itertools
import json
import logging
import re
import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.messages import FINISHED_STATES
from zograscope_protocol.wire import check_descriptions

from zograscope_server.broker.inputs import JOB_ID

logger = logging.getLogger(__name__)

RESULT_KEY = re.compile(r"(job-[0-9a-f]{32}|[0-9a-f]{64})")
STATES = FINISHED_STATES | {"receiving", "queued", "running", "paused"}
_DAMAGED = "damaged"
_COLUMNS = (
    *("id", "task", "parameters", "inputs", "created", "state", "result_key", "deaths", "cached"),
    *("error", "held", "owner", "submitter", "fetched", "ends"),
)

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
    held INTEGER NOT NULL DEFAULT 0,
    owner TEXT NOT NULL DEFAULT '',
    submitter TEXT NOT NULL DEFAULT '',
    fetched INTEGER NOT NULL DEFAULT 1,
    ends INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, created);
"""

# What turns the schema of version n into that of n + 1; a store notes its own as `user_version`.
_MIGRATIONS = (
    """
    ALTER TABLE jobs RENAME COLUMN attempts TO deaths;
    ALTER TABLE jobs ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
    """,
    """
    ALTER TABLE jobs ADD COLUMN owner TEXT NOT NULL DEFAULT '';
    ALTER TABLE jobs ADD COLUMN submitter TEXT NOT NULL DEFAULT '';
    ALTER TABLE jobs ADD COLUMN fetched INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE jobs ADD COLUMN ends INTEGER NOT NULL DEFAULT 0;
    """,
)


@dataclass
class Job:
    """One job.

    Attributes:
        parameters: a JSON object, as text: read, it would take many times the memory.
        inputs: the array descriptions of its submit.
        owner: the key (Z85) of the client that submitted it; empty for the server's own user.
        submitter: a name for the connection that it was submitted on: clients take turns.
        deaths: how many workers died in it since it began, or since its latest checkpoint.
        ends: how many brokers ended, not in good order, while it ran, counted alike.
        error: an error's header.
        held: whether it was asked to pause.
        fetched: whether a client has taken its result.
        run: a name for the present run, which no other of the job has.
        yielding: whether it was asked to make way for a short job.
        parts: how many parts of its result there are.
        heard: when bytes of its inputs last came, in seconds of the monotonic clock.
    """

    id: str
    task: str
    parameters: str
    inputs: list[dict[str, Any]]
    created: float = field(default_factory=time.time)
    state: str = "receiving"
    result_key: str | None = None
    deaths: int = 0
    cached: bool = False
    error: dict[str, Any] | None = None
    held: bool = False
    owner: str = ""
    submitter: str = ""
    fetched: bool = False
    ends: int = 0
    # How far it is: known to the running broker only, and worth nothing after a restart.
    fraction: float | None = None
    stage: str = ""
    detail: str = ""
    run: str = ""
    yielding: bool = False
    parts: int = 0
    heard: float = 0.0

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in FINISHED_STATES

    @property
    def input_bytes(self) -> int:
        """Bytes of all of its inputs."""
        return sum(array["bytes"] for array in self.inputs)


class JobStore:
    """A SQLite file (WAL mode) of jobs. Every method commits before it returns.

    A file that is damaged is set aside as it is opened, beside the new one; a damaged job stays in
    the file, and is not heard of again.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._database = _opened(path)
        except sqlite3.DatabaseError as error:
            if not _is_damaged(error):
                raise OSError(f"{path}: {error}") from error
            aside = _set_aside(path)
            logger.error(
                "%s is damaged (%s). It lies at %s now, without its jobs.", path, error, aside
            )
            self._database = _opened(path)

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        self._database.close()

    def save(self, job: Job, *, durable: bool = False) -> None:
        """Insert the job, or replace what is known of it; a durable one survives a power cut.

        Raises ZograscopeError `spool-full` when the disk takes nothing more.
        """
        values = {
            "id": job.id,
            "task": job.task,
            "parameters": job.parameters,
            "inputs": json.dumps(job.inputs),
            "created": job.created,
            "state": job.state,
            "result_key": job.result_key,
            "deaths": job.deaths,
            "cached": job.cached,
            "error": None if job.error is None else json.dumps(job.error),
            "held": job.held,
            "owner": job.owner,
            "submitter": job.submitter,
            "fetched": job.fetched,
            "ends": job.ends,
        }
        names, places = ", ".join(values), ", ".join("?" * len(values))
        try:
            self._database.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._database.execute(
                f"INSERT OR REPLACE INTO jobs ({names}) VALUES ({places})", tuple(values.values())
            )
        except sqlite3.Error as error:
            raise ZograscopeError("spool-full", details=str(error)) from error

    def get(self, job_id: str) -> Job | None:
        """Return the job, or None when there is none of that id."""
        row = self._database.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
        jobs = [] if row is None else self._sound([row])
        return jobs[0] if jobs else None

    def unfinished(self) -> list[Job]:
        """Return the jobs that are neither done nor failed nor cancelled, oldest first."""
        ended = "'done', 'failed', 'cancelled', 'damaged'"
        return self._select(f"state NOT IN ({ended}) ORDER BY created, id")

    def done(self) -> list[Job]:
        """Return the jobs that are done."""
        return self._select("state = 'done'")

    def unfetched(self) -> list[Job]:
        """Return the jobs that are done and whose result no client has taken."""
        return self._select("state = 'done' AND NOT fetched ORDER BY created, id")

    def recent(self, count: int, owner: str | None = None) -> list[Job]:
        """Return the `count` youngest finished jobs (of one owner), youngest first."""
        finished = "state IN ('done', 'failed', 'cancelled')"
        if owner is None:
            return self._select(f"{finished} ORDER BY created DESC LIMIT ?", count)
        return self._select(f"{finished} AND owner = ? ORDER BY created DESC LIMIT ?", owner, count)

    def youngest(self) -> float:
        """Return when the youngest job was created, in seconds since the epoch; 0 without any."""
        (moment,) = self._database.execute("SELECT max(created) FROM jobs").fetchone()
        return moment if isinstance(moment, float) else 0.0

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
        return self._sound(rows.fetchall())

    def _sound(self, rows: list[sqlite3.Row]) -> list[Job]:
        """Return the jobs of rows, and set aside those that are damaged."""
        jobs = []
        for row in rows:
            try:
                jobs.append(_job_of(row))
            except (ValueError, TypeError, RecursionError, ZograscopeError) as error:
                logger.error("the job %.40r is damaged, and set aside: %s", row["id"], error)
                with contextlib.suppress(sqlite3.Error):
                    self._database.execute(
                        "UPDATE jobs SET state = ? WHERE id IS ?", (_DAMAGED, row["id"])
                    )
        return jobs


def _opened(path: Path) -> sqlite3.Connection:
    """Open a store, sound and of this version's schema. Raises sqlite3.DatabaseError."""
    database = sqlite3.connect(path, isolation_level=None)
    try:
        database.row_factory = sqlite3.Row
        database.text_factory = lambda text: text.decode("utf-8", "replace")
        database.execute("PRAGMA journal_mode = WAL")
        # Losing the last moments to a power cut costs a repeated job, never a broken store.
        database.execute("PRAGMA synchronous = NORMAL")
        (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        _migrate(database)
        database.executescript(_SCHEMA)
        names = {row["name"] for row in database.execute("PRAGMA table_info(jobs)")}
        if missing := set(_COLUMNS) - names:
            raise sqlite3.DatabaseError(f"the jobs have no {', '.join(sorted(missing))}")
    except BaseException:
        database.close()
        raise
    return database


def _migrate(database: sqlite3.Connection) -> None:
    """Bring a store of an earlier version up to this one's schema; leave a later one as it is."""
    is_new = not database.execute("SELECT 1 FROM sqlite_schema").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    for migration in () if is_new else _MIGRATIONS[version:]:
        database.executescript(f"BEGIN; {migration} COMMIT;")
    if version < len(_MIGRATIONS):
        database.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")


def _is_damaged(error: sqlite3.DatabaseError) -> bool:
    """Whether the file's contents are wrong, and not the disk full or the file out of reach."""
    out_of_reach = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
    others = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY)
    # The lower byte of an extended code is the plain one.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF not in (*out_of_reach, *others)


def _set_aside(path: Path) -> Path:
    """Give a damaged file, and SQLite's beside it, another name; return it. Raises OSError."""
    aside = next(
        name
        for number in itertools.count(1)
        if not (name := path.with_name(f"{path.name}.{_DAMAGED}-{number}")).exists()
    )
    for ending in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
    path.rename(aside)
    return aside


def _job_of(row: sqlite3.Row) -> Job:
    """Return the job of a row.

    Raises ValueError, TypeError, RecursionError or ZograscopeError for a damaged one.
    """
    job = Job(
        id=row["id"],
        task=row["task"],
        parameters=row["parameters"],
        inputs=check_descriptions(json.loads(row["inputs"])),
        created=float(row["created"]),
        state=row["state"],
        result_key=row["result_key"],
        deaths=int(row["deaths"]),
        cached=bool(row["cached"]),
        error=None if row["error"] is None else json.loads(row["error"]),
        held=bool(row["held"]),
        owner=row["owner"],
        submitter=row["submitter"],
        fetched=bool(row["fetched"]),
        ends=int(row["ends"]),
    )
    sound = (
        JOB_ID.fullmatch(job.id)
        and job.state in STATES
        and (job.result_key is None or RESULT_KEY.fullmatch(job.result_key))
        and isinstance(job.task, str)
        and isinstance(json.loads(job.parameters), dict)
        and isinstance(job.error, dict | None)
        and isinstance(job.owner, str)
        and isinstance(job.submitter, str)
    )
    if not sound:
        raise ValueError("it is not what a job can be")
    return job
