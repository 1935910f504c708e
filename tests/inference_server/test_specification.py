"""The specification says what is true: of every task, all it can be asked, and nothing else."""

import dataclasses
import re
from pathlib import Path

import pytest
from zograscope_protocol import messages
from zograscope_protocol.errors import ZograscopeError
from zograscope_server import capabilities
from zograscope_server.broker.broker import Broker
from zograscope_server.settings import ServerSettings
from zograscope_server.tasks import load_tasks

HEADING = re.compile(r"^#{2,3} `(\w+)`$", re.MULTILINE)
ROW = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \|", re.MULTILINE)


@pytest.fixture(scope="module")
def protocol(repository) -> Path:
    return repository / "protocol"


@pytest.fixture(scope="module")
def specified(protocol) -> dict[str, set[str]]:
    """What the pages say that each task can be asked."""
    pages = [protocol / "SPEC.md", *protocol.glob("zograscope_protocol/*/TASKS.md")]
    found = {}
    for page in pages:
        _, *sections = HEADING.split(page.read_text("utf-8"))
        for name, text in zip(sections[::2], sections[1::2], strict=True):
            assert name not in found, f"{name} is described twice"
            parameters, _, _ = text.partition("| result |")
            rows = [row for row in ROW.findall(parameters) if row != "`parameter`"]
            found[name] = {word for row in rows for word in re.findall(r"`(\w+)`", row)}
    return found


def test_every_task_is_described_and_every_description_is_of_a_task(specified):
    assert set(specified) == set(load_tasks())


@pytest.mark.parametrize("name", sorted(load_tasks()))
def test_what_a_task_can_be_asked_is_described(specified, name):
    options = load_tasks()[name].options
    assert specified[name] == {field.name for field in dataclasses.fields(options)}


def test_every_capability_with_tasks_has_its_page(protocol):
    for name in capabilities.NAMES:
        assert (protocol / "zograscope_protocol" / name / "TASKS.md").is_file()


@pytest.fixture(scope="module")
def text(protocol) -> str:
    return (protocol / "SPEC.md").read_text("utf-8")


def test_the_version_is_the_one_that_is_spoken(text):
    assert text.startswith(f"# The Zograscope protocol, version {messages.PROTOCOL_VERSION}\n")


def test_every_message_that_the_broker_takes_is_described(text, tmp_path):
    taken = Broker(ServerSettings(state_folder=tmp_path))._handlers
    described = set(re.findall(r"^\| client \| `(\w+)`", text, re.MULTILINE))
    assert set(taken) - {"chunk", "credit", "heartbeat"} == described - {"hello"}
    assert {"chunk", "credit", "heartbeat"} <= set(re.findall(r"`(\w+)`", text))


def test_every_error_of_the_protocol_that_a_server_sends_is_listed(text):
    listed = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", text.split("## 8.")[1].split("## 9.")[0]))
    assert listed <= set(ZograscopeError.SENTENCES)
    assert {"cannot-pause", "result-indescribable", "unknown-task"} <= listed
