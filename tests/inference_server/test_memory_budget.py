"""Threads that read pictures stay within one budget, and all of them come to their end."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from zograscope_server.memory_budget import MemoryBudget


def test_no_more_is_held_at_once_than_the_budget_gives():
    budget = MemoryBudget(100)
    most = []

    def read(size: int) -> None:
        with budget.turn():
            budget.take(size)
            most.append(budget.held)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(read, [30, 40, 50, 20, 60] * 40))
    assert len(most) == 200
    assert max(most) <= 100
    assert budget.held == 0


def test_whoever_took_first_goes_on_so_that_nobody_waits_for_ever():
    budget = MemoryBudget(100)
    began = threading.Barrier(2)

    def read_file_then_decode(number: int) -> int:
        with budget.turn():
            budget.take(50)
            began.wait()
            budget.take(50)
            return number

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(read_file_then_decode, range(2))) == [0, 1]
    assert budget.held == 0


def test_what_needs_more_than_all_has_it_alone():
    budget = MemoryBudget(10)
    with budget.turn():
        budget.take(1000)
        with budget.turn():
            budget.take(1)
        assert budget.held == 1001, "an inner turn gave back what the outer one holds"
    assert budget.held == 0


def test_an_error_gives_back_what_was_taken():
    budget = MemoryBudget(10)
    with pytest.raises(ValueError), budget.turn():
        budget.take(10)
        raise ValueError
    assert budget.held == 0
