import sqlite3
import time

import pytest
from zograscope_server.broker.job_store import Job, JobStore


def some_job(number: int, **fields) -> Job:
    return Job(f"{number:032x}", "sleep", '{"steps": 3}', [], created=1000.0 + number, **fields)


def test_a_job_comes_back_as_it_was_saved(tmp_path):
    store = JobStore(tmp_path / "jobs.sqlite")
    job = some_job(
        1,
        state="failed",
        error={"code": "internal"},
        deaths=2,
        held=True,
        result_key=f"job-{1:032x}",
    )
    store.save(job)
    assert store.get(job.id) == job
    assert store.get("0" * 32) is None


def test_saving_again_replaces(tmp_path):
    store = JobStore(tmp_path / "jobs.sqlite")
    job = some_job(1)
    store.save(job)
    job.state = "queued"
    store.save(job)
    assert [found.state for found in store.unfinished()] == ["queued"]


def test_unfinished_jobs_come_oldest_first_and_survive_the_process(tmp_path):
    store = JobStore(tmp_path / "jobs.sqlite")
    for number, state in [(3, "queued"), (1, "running"), (2, "done"), (4, "receiving")]:
        store.save(some_job(number, state=state))
    # No close: what another process sees is what a killed broker leaves behind.
    assert [job.id for job in JobStore(tmp_path / "jobs.sqlite").unfinished()] == [
        some_job(number).id for number in (1, 3, 4)
    ]


def test_only_old_finished_jobs_are_forgotten(tmp_path):
    store = JobStore(tmp_path / "jobs.sqlite")
    now = time.time()
    old_done, old_queued, new_done = (some_job(number) for number in range(3))
    old_done.state, old_queued.state, new_done.state = "done", "queued", "done"
    new_done.created = now
    for job in (old_done, old_queued, new_done):
        store.save(job)
    store.forget_finished_before(now - 60)
    assert store.get(old_done.id) is None
    assert store.get(old_queued.id) and store.get(new_done.id)


OLD = "0123456789abcdef" * 2
OLD_SCHEMA = """
CREATE TABLE jobs (
    id TEXT PRIMARY KEY, task TEXT NOT NULL, parameters TEXT NOT NULL, inputs TEXT NOT NULL,
    created REAL NOT NULL, state TEXT NOT NULL, result_key TEXT, attempts INTEGER NOT NULL,
    cached INTEGER NOT NULL, error TEXT
) WITHOUT ROWID;
INSERT INTO jobs VALUES (
    '0123456789abcdef0123456789abcdef', 'sleep', '{}', '[]', 5.0, 'queued',
    'job-0123456789abcdef0123456789abcdef', 1, 0, NULL
);
"""


def test_a_store_of_version_0_1_is_brought_up_to_date(tmp_path):
    with sqlite3.connect(tmp_path / "jobs.sqlite") as old:
        old.executescript(OLD_SCHEMA)
    for _ in range(2):
        store = JobStore(tmp_path / "jobs.sqlite")
        (job,) = store.unfinished()
        assert (job.id, job.deaths, job.held, job.result_key) == (OLD, 1, False, f"job-{OLD}")
        assert (job.owner, job.fetched, job.ends) == ("", True, 0)
        store.close()


def damage(path, how: str) -> None:
    match how:
        case "rubbish":
            path.write_bytes(b"this is no database" * 500)
        case "cut":
            path.write_bytes(path.read_bytes()[:5000])
        case "another table":
            with sqlite3.connect(path) as other:
                other.executescript("DROP TABLE jobs; CREATE TABLE jobs (id TEXT, wrong TEXT);")


@pytest.mark.parametrize("how", ["rubbish", "cut", "another table"])
def test_a_damaged_store_is_set_aside_and_a_new_one_begun(tmp_path, how, caplog):
    path = tmp_path / "jobs.sqlite"
    store = JobStore(path)
    for number in range(200):
        store.save(some_job(number))
    store.close()
    for time_of_damage in (1, 2):
        damage(path, how)
        store = JobStore(path)
        assert store.unfinished() == []
        store.save(some_job(1))
        assert store.get(some_job(1).id)
        store.close()
        assert (tmp_path / f"jobs.sqlite.damaged-{time_of_damage}").exists()
    assert "is damaged" in caplog.text


@pytest.mark.parametrize(
    "wrong",
    [
        "parameters = '{'",
        "parameters = '[1]'",
        "inputs = '[{\"name\": 3}]'",
        "inputs = 'null'",
        "state = 'dancing'",
        "result_key = '../../etc'",
        "id = 'short'",
        "id = x'ff00ff'",
        "error = '\"text\"'",
        "created = 'yesterday'",
        "deaths = 'many'",
    ],
)
def test_a_damaged_job_is_set_aside_and_the_others_go_on(tmp_path, wrong):
    store = JobStore(tmp_path / "jobs.sqlite")
    store.save(some_job(1))
    store.save(some_job(2))
    store._database.execute(f"UPDATE jobs SET {wrong} WHERE id = ?", (some_job(1).id,))
    for _ in range(2):
        assert [job.id for job in store.unfinished()] == [some_job(2).id]
        assert store.get(some_job(1).id) is None


def test_a_store_of_a_later_version_is_left_as_it_is(tmp_path):
    store = JobStore(tmp_path / "jobs.sqlite")
    store._database.executescript(
        "ALTER TABLE jobs ADD COLUMN news TEXT; PRAGMA user_version = 99;"
    )
    store.close()
    again = JobStore(tmp_path / "jobs.sqlite")
    again.save(some_job(1))
    assert again.get(some_job(1).id)
    assert again._database.execute("PRAGMA user_version").fetchone()[0] == 99
