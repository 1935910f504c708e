import errno
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.broker import broker as broker_module
from zograscope_server.broker.job_store import JobStore
from zograscope_server.broker.spool import MOST_OPEN_RESULTS, Spool, let_old_results_go
from zograscope_server.result_file import write_result

JOB = "0123456789abcdef" * 2
RUN = "01234567"
KEYS = [f"{number:064x}" for number in range(4)]


def put(spool: Spool, key: str, kilobytes: int) -> None:
    temporary = spool.begin_result(JOB, RUN)
    write_result(spool.result_path(key), temporary, {"a": np.ones(kilobytes << 10, np.uint8)}, {})
    assert spool.open_result(key)


def test_an_upload_goes_on_where_it_stopped(tmp_path):
    spool = Spool(tmp_path, 1 << 30)
    spool.reserve_inputs(JOB, [6])
    first = spool.inputs.open_upload(JOB, 0, 6)
    first.write(memoryview(b"abc"))
    # Neither closed nor told: a killed broker has no time for that.
    again = Spool(tmp_path, 1 << 30).inputs.open_upload(JOB, 0, 6)
    assert again.received == 3
    again.write(memoryview(b"def"))
    assert spool.inputs.path(JOB, 0).read_bytes() == b"abcdef"


def test_an_upload_into_a_used_file_starts_from_nothing(tmp_path):
    spool = Spool(tmp_path, 1 << 30)
    spool.reserve_inputs(JOB, [6])
    spool.inputs.open_upload(JOB, 0, 6).write(memoryview(b"abcdef"))
    assert spool.inputs.are_here(JOB, [6])
    used = spool.inputs.path(JOB, 0).stat().st_ino
    spool.remove_inputs(JOB)
    other = JOB[::-1]
    spool.reserve_inputs(other, [4])
    assert not spool.inputs.are_here(other, [4])
    upload = spool.inputs.open_upload(other, 0, 4)
    assert spool.inputs.path(other, 0).stat().st_ino == used, "the file was not used again"
    assert upload.received == 0
    upload.write(memoryview(b"ghij"))
    assert spool.inputs.path(other, 0).read_bytes() == b"ghij"


def test_a_result_that_is_being_fetched_is_never_written_over(tmp_path):
    spool = Spool(tmp_path, 300 << 20)
    keys = [f"job-{number:032x}" for number in range(4)]
    write_result(spool.result_path(keys[0]), tmp_path / "t", {"a": np.full(100, 7)}, {})
    view = spool.open_result(keys[0]).buffer("a")
    for key in keys[1:]:
        put(spool, key, 40 << 10)
        spool.drop_private_results()
    assert spool.open_result(keys[0]) is None
    for attempt in range(3):
        begun = spool.begin_result(JOB, f"{attempt:08x}")
        begun.write_bytes(b"x" * (begun.stat().st_size if begun.exists() else 10_000))
    np.testing.assert_array_equal(np.frombuffer(view, np.int64), np.full(100, 7))


def test_private_results_make_way_before_those_that_answer_others(tmp_path):
    spool = Spool(tmp_path, 1 << 30)
    private = [f"job-{number:032x}" for number in range(3)]
    put(spool, KEYS[0], 1)
    for key in private:
        put(spool, key, 40 << 10)
        spool.drop_private_results()
    kept = [key for key in (*KEYS, *private) if spool.result_path(key).exists()]
    assert kept == [KEYS[0], private[-1]]


def test_after_a_power_cut_the_spool_is_empty_and_after_a_crash_it_is_not(tmp_path):
    spool = Spool(tmp_path, 1 << 30)
    put(spool, KEYS[0], 1)
    assert Spool(tmp_path, 1 << 30).open_result(KEYS[0]), "the broker alone had crashed"
    (tmp_path / "boot").write_text("1000000.0")
    assert Spool(tmp_path, 1 << 30).open_result(KEYS[0]) is None
    again = Spool(tmp_path, 1 << 30)
    put(again, KEYS[0], 1)
    again.close()
    assert Spool(tmp_path, 1 << 30).open_result(KEYS[0]), "it had been closed in good order"


@pytest.mark.parametrize("name", ["../" + JOB[3:], "", JOB + "/", JOB.upper(), JOB[:-1] + "\n"])
def test_names_from_the_network_never_become_paths(tmp_path, name):
    spool = Spool(tmp_path, 1 << 30)
    with pytest.raises(ValueError):
        spool.inputs.path(name, 0)
    with pytest.raises(ValueError):
        spool.result_path(name)


def test_the_least_recently_used_results_make_room(tmp_path):
    spool = Spool(tmp_path, 350 << 10)
    for key in KEYS[:3]:
        put(spool, key, 100)
    assert spool.open_result(KEYS[0])
    put(spool, KEYS[3], 100)
    spool.make_room()
    assert spool.open_result(KEYS[1]) is None
    assert all(spool.open_result(key) for key in (KEYS[0], KEYS[2], KEYS[3]))


def test_the_order_of_use_survives_a_restart(tmp_path):
    spool = Spool(tmp_path, 1 << 30)
    for age, key in enumerate((KEYS[1], KEYS[0], KEYS[2])):
        put(spool, key, 100)
        os.utime(spool.result_path(key), (1000 + age, 1000 + age))
    again = Spool(tmp_path, 250 << 10)
    again.make_room()
    assert not again.result_path(KEYS[1]).exists()
    assert again.result_path(KEYS[0]).exists() and again.result_path(KEYS[2]).exists()


def test_a_job_larger_than_the_spool_is_refused_in_words(tmp_path):
    spool = Spool(tmp_path, 1 << 20)
    put(spool, KEYS[0], 100)
    with pytest.raises(ZograscopeError) as caught:
        spool.reserve_inputs(JOB, [2 << 20])
    assert caught.value.code == "spool-full"
    assert spool.open_result(KEYS[0]), "results were dropped for a job that fits in no case"
    spool.reserve_inputs(JOB, [1 << 20])
    assert spool.bytes_used == 1 << 20


def test_half_written_results_are_swept_and_cut_ones_not_served(tmp_path):
    spool = Spool(tmp_path, 1 << 30)
    put(spool, KEYS[0], 1)
    os.truncate(spool.result_path(KEYS[0]), 500)
    left_behind = spool.results_folder / f".{KEYS[1]}.77"
    left_behind.write_bytes(b"half")
    again = Spool(tmp_path, 1 << 30)
    assert not left_behind.exists()
    assert again.open_result(KEYS[0]) is None
    assert not again.result_path(KEYS[0]).exists()


def test_inputs_without_a_job_are_swept(tmp_path):
    spool = Spool(tmp_path, 1 << 30)
    for job in (JOB, "f" * 32):
        spool.reserve_inputs(job, [1])
    spool.inputs.remove_all_but({JOB})
    assert [path.name for path in (tmp_path / "inputs").iterdir()] == [JOB]


def grow(spool: Spool, key: str, count: int, kilobytes: int = 10) -> None:
    """Do what a worker and the broker do for `count` parts."""
    first = spool.begin_growing(key)
    for number in range(first, first + count):
        spool.parts(key).write(number, {"a": np.ones(kilobytes << 10, np.uint8)}, {}, RUN)
        spool.has_grown(key, spool.parts(key).path(number).stat().st_size)


def test_what_grows_is_not_dropped_to_make_room_and_what_has_grown_is(tmp_path):
    spool = Spool(tmp_path, 250 << 10)
    grow(spool, KEYS[0], 10)
    put(spool, KEYS[1], 100)
    put(spool, KEYS[2], 100)
    spool.make_room()
    assert spool.parts(KEYS[0]).count() == 10
    assert spool.open_result(KEYS[1]) is None
    spool.end_growing(KEYS[0])
    assert spool.open_result(KEYS[2])
    put(spool, KEYS[3], 100)
    spool.make_room()
    assert spool.parts(KEYS[0]).count() == 0
    spool.close()
    assert list((tmp_path / "rubbish").iterdir()) == []


def test_parts_that_alone_exceed_the_limit_are_told_in_words(tmp_path):
    spool = Spool(tmp_path, 100 << 10)
    put(spool, KEYS[1], 50)
    with pytest.raises(ZograscopeError) as caught:
        grow(spool, KEYS[0], 20)
    assert caught.value.code == "spool-full"


def test_a_result_with_parts_waits_for_its_client_though_it_is_private(tmp_path):
    spool = Spool(tmp_path, 1 << 30)
    private = [f"job-{number:032x}" for number in range(3)]
    grow(spool, private[0], 2, kilobytes=40 << 10)
    put(spool, private[0], 1)
    spool.end_growing(private[0])
    for key in private[1:]:
        put(spool, key, 40 << 10)
        spool.drop_private_results()
    assert spool.open_result(private[0])
    assert spool.parts(private[0]).count() == 2


def test_parts_are_counted_after_a_restart(tmp_path):
    spool = Spool(tmp_path, 1 << 30)
    grow(spool, KEYS[0], 5)
    again = Spool(tmp_path, 1 << 30)
    assert again.bytes_used == spool.bytes_used
    assert again.begin_growing(KEYS[0]) == 5
    assert again.bytes_used == spool.bytes_used


def checkpoint(spool: Spool, key: str, parts: int) -> None:
    (spool.checkpoints(key).begin() / "state").write_text("x" * 1000)
    spool.checkpoints(key).finish(parts)


def test_after_a_power_cut_a_job_goes_on_from_its_checkpoint(tmp_path):
    spool = Spool(tmp_path, 1 << 30)
    for key in KEYS[:3]:
        grow(spool, key, 7)
        checkpoint(spool, key, 4)
    path, temporary = spool.result_path(KEYS[2]), spool.begin_result(JOB, RUN)
    write_result(path, temporary, {"a": np.ones(3)}, {}, parts=7, durable=True)
    put(spool, KEYS[3], 1)
    for job in (JOB, "f" * 32):
        spool.reserve_inputs(job, [1])
    spool.inputs.sync(JOB)
    (tmp_path / "boot").write_text("1000000.0")
    durable = {JOB: KEYS[0], "f" * 32: KEYS[1], "e" * 32: KEYS[2]}
    again = Spool(tmp_path, 1 << 30, lambda: durable)
    assert [path.name for path in (tmp_path / "inputs").iterdir()] == [JOB]
    assert again.begin_growing(KEYS[0]) == 4, "parts after the checkpoint were not synced"
    assert again.checkpoints(KEYS[0]).latest()
    assert again.parts(KEYS[1]).count() == 0
    assert again.checkpoints(KEYS[1]).latest() is None
    assert again.open_result(KEYS[2]) and again.parts(KEYS[2]).count() == 7, "it was done"
    assert again.open_result(KEYS[3]) is None


def test_a_cancelled_job_leaves_nothing(tmp_path):
    spool = Spool(tmp_path, 1 << 30)
    grow(spool, KEYS[0], 3)
    checkpoint(spool, KEYS[0], 2)
    spool.drop(KEYS[0])
    assert spool.parts(KEYS[0]).count() == 0
    assert spool.checkpoints(KEYS[0]).latest() is None
    assert spool.bytes_used == 0


def put_private(spool: Spool, number: int, kilobytes: int, *, fetched: bool) -> str:
    key = f"job-{number:032x}"
    spool.await_fetch(key, f"{number:032x}")
    put(spool, key, kilobytes)
    if fetched:
        spool.fetched(key, f"{number:032x}")
    return key


def test_what_nobody_fetched_stays_when_others_results_come(tmp_path, monkeypatch):
    monkeypatch.setattr("zograscope_server.broker.spool.MOST_PRIVATE_BYTES", 64 << 10)
    spool = Spool(tmp_path, 1 << 30)
    awaited = put_private(spool, 0, 30, fetched=False)
    fetched = [put_private(spool, number, 40, fetched=True) for number in (1, 2, 3)]
    spool.drop_private_results()
    assert spool.open_result(awaited)
    assert [bool(spool.open_result(key)) for key in fetched] == [False, False, True]


def test_half_of_the_limit_is_for_what_nobody_fetched(tmp_path):
    spool = Spool(tmp_path, 1000 << 10)
    awaited = [put_private(spool, number, 100, fetched=False) for number in range(7)]
    put(spool, KEYS[0], 100)
    spool.reserve_inputs(JOB, [480 << 10])
    assert spool.open_result(KEYS[0]) is None, "what was fetched goes first"
    kept = [bool(spool.open_result(key)) for key in awaited]
    assert kept == [False] * 3 + [True] * 4 or kept == [False] * 2 + [True] * 5
    with pytest.raises(ZograscopeError) as caught:
        spool.reserve_inputs(JOB[::-1], [300 << 10])
    assert caught.value.code == "spool-full"
    assert all(spool.open_result(key) for key in awaited[3:])


def test_two_jobs_of_one_result_must_both_have_fetched_it(tmp_path):
    spool = Spool(tmp_path, 300 << 10)
    for job in (JOB, JOB[::-1]):
        spool.await_fetch(KEYS[0], job)
    put(spool, KEYS[0], 100)
    spool.fetched(KEYS[0], JOB)
    put(spool, KEYS[1], 100)
    spool.reserve_inputs("f" * 32, [150 << 10])
    assert spool.open_result(KEYS[0]) and not spool.open_result(KEYS[1])


def test_a_disk_nearly_full_lets_old_results_go_before_it_refuses(tmp_path, monkeypatch):
    spool = Spool(tmp_path, 1 << 30)
    for key in KEYS[:2]:
        put(spool, key, 100)
    disk = 10 << 20

    def usage(folder):
        held = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
        return shutil._ntuple_diskusage(disk, held, disk - held - (5 << 20))

    monkeypatch.setattr(shutil, "disk_usage", usage)
    spool.reserve_inputs(JOB, [900 << 10])
    assert [bool(spool.open_result(key)) for key in KEYS[:2]] == [False, True]


def test_bytes_that_find_the_disk_full_are_written_once_old_results_are_gone(tmp_path, monkeypatch):
    spool = Spool(tmp_path, 1 << 30)
    put(spool, KEYS[0], 100)
    spool.reserve_inputs(JOB, [3])
    upload = spool.inputs.open_upload(JOB, 0, 3)
    write = type(upload).write

    def full_until_there_is_room(self, buffer):
        if spool.result_path(KEYS[0]).exists():
            raise ZograscopeError("spool-full")
        write(self, buffer)

    monkeypatch.setattr(type(upload), "write", full_until_there_is_room)
    spool.write(upload, memoryview(b"abc"))
    assert spool.inputs.are_here(JOB, [3])


def test_a_server_starts_on_a_full_disk_by_letting_old_results_go(tmp_path, monkeypatch):
    spool = Spool(tmp_path, 1 << 30)
    for age, key in enumerate(KEYS[:3]):
        put(spool, key, 100)
        os.utime(spool.result_path(key), (1000 + age, 1000 + age))

    def usage(folder):
        there = sum(spool.result_path(key).exists() for key in KEYS)
        return shutil._ntuple_diskusage(1 << 30, 0, (7 - there) << 20 if there > 1 else 5 << 20)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    usage_before = usage(tmp_path).free
    assert usage_before == 4 << 20
    monkeypatch.setattr("zograscope_server.broker.spool.DISK_RESERVE", 5 << 20)
    let_old_results_go(tmp_path)
    again = Spool(tmp_path, 1 << 30)
    assert [bool(again.open_result(key)) for key in KEYS[:3]] == [False, True, True]


def test_there_is_room_before_the_store_is_opened(make_broker, monkeypatch):
    """SQLite opens nothing on a disk that is full to the last byte."""
    calls = []
    monkeypatch.setattr(broker_module, "let_old_results_go", lambda folder: calls.append("room"))
    monkeypatch.setattr(
        broker_module, "JobStore", lambda path: calls.append("store") or JobStore(path)
    )
    make_broker()
    assert calls == ["room", "store"]


def test_a_clock_that_is_set_is_no_power_cut(tmp_path, monkeypatch):
    if not os.path.exists("/proc/sys/kernel/random/boot_id"):  # noqa: PTH110
        pytest.skip("only the clock tells here since when the computer runs")
    spool = Spool(tmp_path, 1 << 30)
    put(spool, KEYS[0], 1)
    monkeypatch.setattr("psutil.boot_time", lambda: 1000.0)
    assert Spool(tmp_path, 1 << 30).open_result(KEYS[0])


def test_uploads_hold_no_file_open(tmp_path):
    spool = Spool(tmp_path, 1 << 30)
    before = psutil.Process().num_fds()
    spool.reserve_inputs(JOB, [3] * 50)
    uploads = [spool.inputs.open_upload(JOB, index, 3) for index in range(50)]
    for upload in uploads:
        upload.write(memoryview(b"ab"))
    assert psutil.Process().num_fds() <= before
    assert [upload.received for upload in uploads] == [2] * 50


def test_results_that_are_read_hold_few_files_open(tmp_path):
    spool = Spool(tmp_path, 1 << 30)
    keys = [f"{number:064x}" for number in range(20)]
    for key in keys:
        put(spool, key, 3 << 10)
    before = psutil.Process().num_fds()
    views = [spool.open_result(key).buffer("a") for key in keys]
    held = psutil.Process().num_fds() - before
    assert held <= (0 if sys.version_info >= (3, 13) else MOST_OPEN_RESULTS)
    assert all(view[0] == 1 for view in views)


def test_counts_that_cannot_be_right_start_an_upload_anew(tmp_path):
    spool = Spool(tmp_path, 1 << 30)
    spool.reserve_inputs(JOB, [6])
    spool.inputs.open_upload(JOB, 0, 6).write(memoryview(b"abc"))
    for count in (2**63, 7):
        (tmp_path / "inputs" / JOB / "received").write_bytes(count.to_bytes(8, "little"))
        assert spool.inputs.open_upload(JOB, 0, 6).received <= 3


@pytest.mark.parametrize("where", ["results", "parts", "checkpoints", "inputs", "blank", "rubbish"])
def test_strange_things_in_its_folders_stop_nothing(tmp_path, where):
    Spool(tmp_path, 1 << 30)
    (tmp_path / where / KEYS[0]).mkdir()
    (tmp_path / where / KEYS[1]).write_bytes(b"x")
    (tmp_path / where / KEYS[2]).symlink_to("nowhere")
    (tmp_path / where / "²").write_bytes(b"x")
    (tmp_path / where / KEYS[0] / "²").mkdir()
    spool = Spool(tmp_path, 1 << 30)
    for key in KEYS:
        assert spool.open_result(key) is None
        assert spool.begin_growing(key) == 0
    put(spool, f"{99:064x}", 1)


def test_a_job_that_found_the_disk_full_leaves_no_folder(tmp_path, monkeypatch):
    spool = Spool(tmp_path, 1 << 30)

    def full(path, data):
        path.touch()
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ZograscopeError) as caught:
        spool.reserve_inputs(JOB, [6])
    assert caught.value.code == "spool-full"
    assert list((tmp_path / "inputs").iterdir()) == []
    assert spool.bytes_used == 0
