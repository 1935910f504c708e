import os

import numpy as np
import pytest
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.broker.spool import Spool
from zograscope_server.result_file import write_result

JOB = "0123456789abcdef" * 2
KEYS = [f"{number:064x}" for number in range(4)]


def put(spool: Spool, key: str, kilobytes: int) -> None:
    temporary = spool.begin_result(JOB, 1)
    write_result(spool.result_path(key), temporary, {"a": np.ones(kilobytes << 10, np.uint8)}, {})
    assert spool.open_result(key)


def test_an_upload_goes_on_where_it_stopped(tmp_path):
    spool = Spool(tmp_path, 1 << 30)
    spool.reserve_inputs(JOB, [6])
    first = spool.open_upload(JOB, 0, 6)
    first.write(memoryview(b"abc"))
    # Neither closed nor told: a killed broker has no time for that.
    again = Spool(tmp_path, 1 << 30).open_upload(JOB, 0, 6)
    assert again.received == 3
    again.write(memoryview(b"def"))
    assert spool.input_path(JOB, 0).read_bytes() == b"abcdef"


def test_an_upload_into_a_used_file_starts_from_nothing(tmp_path):
    spool = Spool(tmp_path, 1 << 30)
    spool.reserve_inputs(JOB, [6])
    spool.open_upload(JOB, 0, 6).write(memoryview(b"abcdef"))
    assert spool.has_inputs(JOB, [6])
    used = spool.input_path(JOB, 0).stat().st_ino
    spool.remove_inputs(JOB)
    other = JOB[::-1]
    spool.reserve_inputs(other, [4])
    assert not spool.has_inputs(other, [4])
    upload = spool.open_upload(other, 0, 4)
    assert spool.input_path(other, 0).stat().st_ino == used, "the file was not used again"
    assert upload.received == 0
    upload.write(memoryview(b"ghij"))
    assert spool.input_path(other, 0).read_bytes() == b"ghij"


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
        begun = spool.begin_result(JOB, attempt)
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
        spool.input_path(name, 0)
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
    spool.remove_inputs_except({JOB})
    assert [path.name for path in (tmp_path / "inputs").iterdir()] == [JOB]
