"""What a server answers of itself, read before anybody shows it: its status, and its models."""

from collections.abc import Mapping
from typing import Any

from zograscope_protocol.results import Read, Wrong, flag, maybe, number, record, text

_worker = record(device=text, state=text)
_job = record(job=text, state=text)
_model = record(
    name=text,
    title=text,
    task=text,
    licence=text,
    commercial=flag,
    good_for=text,
    bytes=number(0, 1e15),
    installed=flag,
    default=flag,
    embedded=maybe(flag),
    recommended=maybe(flag),
    metric=maybe(flag),
)


def read_status(answer: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the workers and jobs that a server tells of; those that make no sense are left out."""
    workers = _those_that_make_sense(_worker, answer, "workers")
    return workers, _those_that_make_sense(_job, answer, "jobs")


def read_models(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the models that a server has; those that make no sense are left out."""
    return _those_that_make_sense(_model, answer, "models")


def _those_that_make_sense(
    read: Read, answer: Mapping[str, Any], name: str
) -> list[dict[str, Any]]:
    entries = answer.get(name)
    found = []
    for entry in entries if isinstance(entries, list) else ():
        try:
            found.append(read(name, entry, {}))
        except Wrong:
            continue
    return found
