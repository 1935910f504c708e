"""Waiting for a busy host."""

import pytest
from zograscope_server.collection.waiting import wait_for_host
from zograscope_server.tasks import Cancelled, TaskContext


def test_what_is_left_is_told_and_ends():
    told = []
    wait_for_host(0.02, told.append)
    assert told == sorted(told, reverse=True)
    assert 0.0 < told[0] <= 0.02


def test_a_cancelled_job_does_not_wait_for_a_busy_host():
    context = TaskContext()
    context.cancel_asked.set()
    with pytest.raises(Cancelled):
        wait_for_host(1000.0, lambda left: context.check_cancelled())
