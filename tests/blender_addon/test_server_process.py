"""A server on this computer, here a few lines of shell in its place."""

import importlib
import os
import sys
import time

import pytest

PATIENCE = 20.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")


@pytest.fixture
def process(zograscope):
    module = importlib.import_module(zograscope.__name__ + ".server_process")
    process = module.ServerProcess()
    yield process
    process.stop()


@pytest.fixture
def command(tmp_path):
    """command(lines) -> the command line of a program that does them."""

    def make(lines: str) -> list[str]:
        path = tmp_path / "zograscope"
        path.write_text(f"#!/bin/sh\n{lines}\n")
        path.chmod(0o755)
        return [str(path), "serve"]

    return make


def wait_for(condition) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_it_runs_until_it_is_stopped(process, command, tmp_path):
    log = tmp_path / "log" / "server.log"
    process.start(command('echo "$@"; exec sleep 60'), log, "/models")
    wait_for(log.read_text)
    assert log.read_text() == "serve --models /models\n"
    assert process.running
    assert process.failure == ""
    process.stop()
    assert not process.running


def test_its_last_words_say_why_it_failed(process, command, tmp_path):
    process.start(
        command("echo one; echo zograscope: the disk is full >&2; exit 1"), tmp_path / "l"
    )
    wait_for(lambda: not process.running)
    assert process.failure == "zograscope: the disk is full"


def test_what_it_said_as_it_began_to_serve_is_no_reason_for_its_end(process, command, tmp_path):
    process.start(command("echo ready at ipc:///x; exit 4"), tmp_path / "log")
    wait_for(lambda: not process.running)
    assert process.failure == "it ended with status 4"


def test_who_was_killed_is_not_asked_why(process, command, tmp_path):
    process.start(command("echo ready at ipc:///x; exec sleep 60"), tmp_path / "log")
    process._process.kill()
    wait_for(lambda: not process.running)
    assert process.failure == "somebody ended it (signal 9)"


def test_a_silent_failure_has_a_number(process, command, tmp_path):
    process.start(command("exit 3"), tmp_path / "log")
    wait_for(lambda: not process.running)
    assert process.failure == "it ended with status 3"


def test_an_end_without_fault_is_no_failure(process, command, tmp_path):
    process.start(command("exit 0"), tmp_path / "log")
    wait_for(lambda: not process.running)
    assert process.failure == ""


def test_a_new_start_forgets_the_old_failure(process, command, tmp_path):
    process.start(command("exit 3"), tmp_path / "log")
    wait_for(lambda: process.failure)
    process.start(command("exec sleep 60"), tmp_path / "log")
    assert process.failure == ""


def test_what_is_no_program_is_refused(process, tmp_path):
    with pytest.raises(OSError):
        process.start([str(tmp_path / "nothing"), "serve"], tmp_path / "log")
    assert not process.running


def test_it_leads_its_own_session(process, command, tmp_path):
    """So that Ctrl-C in Blender's terminal does not end it."""
    process.start(command("exec sleep 60"), tmp_path / "log")
    pid = process._process.pid
    assert os.getsid(pid) == pid


def test_blender_comes_first(process, command, tmp_path):
    """Where a model takes every core, Blender's windows still answer."""
    process.start(command("exec sleep 60"), tmp_path / "log")
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, process._process.pid) > own
