"""Whose turn it is, what is refused, and what is taken up after a broker's end."""

import inspect
import json
import sys
import time
import types
from pathlib import Path

import pytest
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.broker.admission import STOPPED_AFTER
from zograscope_server.broker.job_store import Job, JobStore
from zograscope_server.broker.recovery import DAY, MOST_ENDS
from zograscope_server.broker.scheduler import Scheduler
from zograscope_server.broker.spool import Spool
from zograscope_server.broker.worker_pool import Worker
from zograscope_server.result_file import write_result
from zograscope_server.tasks import load_tasks

GUEST, OTHER_GUEST = "g" * 40, "h" * 40


class OneWorker:
    """In the place of the worker pool: notes what it is to run."""

    def __init__(self) -> None:
        self.worker = Worker(0, "cpu", state="idle")
        self.workers = [self.worker]
        self.ran: list[str] = []
        self.requests: list[dict] = []

    def idle_worker(self) -> Worker | None:
        return self.worker if self.worker.job is None else None

    def run(self, worker: Worker, job: str, request: dict) -> None:
        worker.job = job
        self.ran.append(job)
        self.requests.append(request)

    def cancel(self, job: str) -> None:
        pass

    def pause(self, job: str) -> None:
        pass


class Table:
    """A scheduler with a store, a spool, and a worker that is us."""

    def __init__(self, folder: Path, limit: int = 1 << 30) -> None:
        self.store = JobStore(folder / "jobs.sqlite")
        self.spool = Spool(folder / "spool", limit)
        self.pool = OneWorker()
        self.told: list[dict] = []
        self.scheduler = Scheduler(
            store=self.store,
            spool=self.spool,
            pool=self.pool,
            tasks=load_tasks(),
            models_folder=folder,
            announce=lambda job, header, buffer: self.told.append(header),
            announce_parts=lambda job: None,
        )
        self.number = 0

    def submit(self, owner: str = "", submitter: str = "", steps: int = 0) -> Job:
        """Submit a job without inputs, whose answer is its own."""
        self.number += 1
        name = f"{id(self) % 1000:016x}{self.number:016x}"
        asked = {"reply_shape": [steps or self.number]}
        job = self.scheduler.submit(name, "null", asked, [], owner, submitter)
        self.scheduler.inputs_complete(job)
        return job

    def count(self) -> Job:
        """Submit a job that streams and can pause, and let it start."""
        job = self.scheduler.submit("c" * 32, "count", {}, [])
        self.scheduler.inputs_complete(job)
        while self.scheduler.hashing:
            self.scheduler.collect_hashes()
        return job

    def upload(self, size: int, owner: str = "") -> Job:
        """Submit a job whose input never comes."""
        self.number += 1
        array = {"name": "a", "dtype": "|u1", "shape": [size], "bytes": size}
        return self.scheduler.submit(f"{self.number:032x}", "null", {}, [array], owner)

    def work(self) -> str:
        """Do what the worker was given; return the job's id."""
        job = self.scheduler.find(self.pool.worker.job)
        request = self.pool.requests[-1]
        write_result(Path(request["result"]), Path(request["temporary"]), {}, {})
        self.pool.worker.job = None
        self.scheduler.worker_said(self.pool.worker, {"type": "done", "job": job.id}, None)
        return job.id


@pytest.fixture
def table(tmp_path):
    return Table(tmp_path)


def test_a_small_job_does_not_wait_for_anothers_hundreds(table):
    many = [table.submit(submitter="a") for _ in range(100)]
    one = table.submit(submitter="b")
    assert [table.work() for _ in range(3)] == [many[0].id, one.id, many[1].id]


def test_many_connections_of_one_key_have_one_turn(table):
    many = [table.submit(GUEST, f"connection {n}") for n in range(20)]
    own = [table.submit("", "own") for _ in range(3)]
    order = [table.work() for _ in range(6)]
    assert order[1::2] == [job.id for job in own]
    assert order[::2] == [job.id for job in many[:3]]


def test_turns_are_taken_after_a_restart_too(tmp_path):
    table = Table(tmp_path)
    for _ in range(50):
        table.submit(submitter="a")
    one = table.submit(submitter="b")
    table.store.close()
    again = Table(tmp_path)
    again.scheduler.recover()
    assert one.id in [again.work() for _ in range(2)]


def test_what_guests_reserve_leaves_room_for_the_owner(tmp_path):
    table = Table(tmp_path, limit=100 << 20)
    table.upload(20 << 20, GUEST)
    with pytest.raises(ZograscopeError) as caught:
        table.upload(20 << 20, GUEST)
    assert caught.value.code == "spool-full"
    table.upload(20 << 20, OTHER_GUEST)
    table.upload(50 << 20)


def test_an_upload_that_stopped_makes_way_where_its_room_is_needed(tmp_path):
    table = Table(tmp_path, limit=100 << 20)
    stopped, going = table.upload(60 << 20), table.upload(30 << 20)
    with pytest.raises(ZograscopeError):
        table.upload(50 << 20)
    assert not stopped.finished, "it may go on any moment"
    stopped.heard -= 2 * STOPPED_AFTER
    assert not table.upload(50 << 20).finished
    assert (stopped.state, stopped.error["code"]) == ("failed", "upload-stopped")
    assert not going.finished


def test_the_id_of_somebody_elses_job_is_not_taken_over(table):
    job = table.submit("", "own")
    with pytest.raises(ZograscopeError) as caught:
        table.scheduler.submit(job.id, "null", {}, [], GUEST)
    assert caught.value.code == "unknown-job"
    assert table.scheduler.find(job.id).owner == ""


def test_parameters_are_kept_as_text(table):
    """Deeply nested, a queue of them took a gigabyte."""
    assert json.loads(table.submit(steps=7).parameters)["reply_shape"] == [7]


def test_a_job_during_which_brokers_end_again_and_again_fails_at_last(tmp_path):
    for end in range(MOST_ENDS):
        table = Table(tmp_path)
        table.scheduler.recover()
        if end == 0:
            table.submit()
        assert len(table.pool.ran) == 1, end
        table.store.close()  # and no goodbye
    table = Table(tmp_path)
    table.scheduler.recover()
    assert table.pool.ran == []
    assert [header.get("code") for header in table.told] == ["server-died"]


def test_a_broker_that_is_stopped_in_good_order_counts_for_nothing(tmp_path):
    for end in range(MOST_ENDS + 2):
        table = Table(tmp_path)
        table.scheduler.recover()
        if end == 0:
            table.submit()
        assert len(table.pool.ran) == 1, end
        table.scheduler.close()
        table.store.close()


def test_a_clock_that_jumps_ahead_makes_nothing_forgotten(tmp_path, monkeypatch):
    table = Table(tmp_path)
    done = table.submit()
    table.work()
    coming = table.upload(1000)
    table.store.close()
    ahead = time.time() + 365 * DAY
    clock = types.SimpleNamespace(time=lambda: ahead, monotonic=time.monotonic)
    monkeypatch.setattr("zograscope_server.broker.recovery.time", clock)
    again = Table(tmp_path)
    again.scheduler.recover()
    assert again.scheduler.find(done.id).state == "done"
    assert again.scheduler.find(coming.id).state == "receiving"


def test_a_job_is_done_though_the_disk_takes_no_note_of_it(table, monkeypatch):
    job = table.submit()

    def full(*arguments, **options):
        raise ZograscopeError("spool-full")

    monkeypatch.setattr(table.store, "save", full)
    monkeypatch.setattr(
        table.spool, "remove_inputs", lambda job_id: (_ for _ in ()).throw(OSError())
    )
    table.work()
    assert table.told[-1]["type"] == "done"
    assert job.finished


def test_a_job_that_cannot_be_started_fails_and_the_next_one_is(table, monkeypatch):
    bad, good = table.upload(9), None
    begin = table.spool.begin_growing

    def refuse(key):
        if key == bad.result_key:
            raise OSError("no")
        return begin(key)

    monkeypatch.setattr(table.spool, "begin_growing", refuse)
    table.scheduler._enqueue(bad, f"job-{bad.id}")
    good = table.submit()
    assert (bad.state, good.state) == ("failed", "running")


def test_many_that_ask_the_same_are_answered_one_after_the_other(table):
    """Not one within the other, which ended with as many as Python's stack holds."""
    first = table.submit()
    same = [table.submit() for _ in range(100)]
    for job in same:
        job.result_key = first.result_key
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 80)
    try:
        table.work()
    finally:
        sys.setrecursionlimit(limit)
    assert {job.state for job in (first, *same)} == {"done"}


def test_a_full_disk_lets_old_results_go_and_tries_once_more(table):
    table.submit()
    old = table.scheduler.find(table.work())
    table.scheduler.fetched(old)
    job = table.submit()
    failed = {"type": "failed", "job": job.id, "code": "spool-full", "sentence": "", "details": ""}
    for _ in range(2):
        table.pool.worker.job = None
        table.scheduler.worker_said(table.pool.worker, failed, None)
    assert table.pool.ran.count(job.id) == 2
    assert (job.state, job.error["code"]) == ("failed", "spool-full")
    assert table.spool.open_result(old.result_key) is None


def test_a_pause_leaves_no_file_of_the_run_before(table):
    """A run may have been given a file to write over, which the next has no use for."""
    job = table.count()
    before = table.spool.temporary_path(job.id, job.run)
    before.write_bytes(b"to write over")
    table.pool.worker.job = None
    table.scheduler.worker_said(table.pool.worker, {"type": "paused", "job": job.id}, None)
    assert job.state == "running"  # again: nobody else wants the worker
    assert not before.exists()


def test_a_job_that_failed_keeps_no_half_of_a_part(table):
    job = table.count()
    parts = table.spool.parts(job.result_key)
    parts.write(0, {}, {}, job.run)
    (parts.folder / f".1.{job.run}").write_bytes(b"half")
    table.scheduler.fail(job, ZograscopeError("internal"))
    assert [path.name for path in parts.folder.iterdir()] == ["0"]
