"""What the headers of clients' messages say, checked, and the beginnings of answers."""

import json
from typing import Any

from zograscope_protocol import wire
from zograscope_protocol.errors import ZograscopeError, quoted

from zograscope_server.broker.inputs import JOB_ID

# Of an answer's header, for what it says beside its list.
ROOM_FOR_THE_REST = 8 << 10
# A request's number, as JSON's numbers are read everywhere.
MOST_REQUEST = 1 << 53


def first_that_fit(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return as many from the list's beginning as a header holds."""
    room = wire.MOST_HEADER_BYTES - ROOM_FOR_THE_REST
    for count, entry in enumerate(listed):
        room -= len(json.dumps(entry, separators=(",", ":"))) + 1
        if room < 0:
            return listed[:count]
    return listed


def reply_to(header: dict[str, Any], message_type: str) -> dict[str, Any]:
    """Return the start of a direct answer: it carries the request's number back."""
    request = header.get("request")
    numbered = type(request) is int and abs(request) <= MOST_REQUEST
    return {"type": message_type} | ({"request": request} if numbered else {})


def count_of(header: dict[str, Any], name: str, default: int | None = None) -> int:
    """Return a whole number from 0 on. Raises ZograscopeError `bad-message`."""
    value = header.get(name, default)
    if type(value) is not int or value < 0:
        raise ZograscopeError("bad-message", details=f"{name} is {quoted(value)}")
    return value


def job_id_of(header: dict[str, Any]) -> str:
    """Return the job that a message names. Raises ZograscopeError `bad-message`."""
    job_id = header.get("job")
    if not isinstance(job_id, str) or not JOB_ID.fullmatch(job_id):
        raise ZograscopeError("bad-message", details=f"not a job id: {quoted(job_id)}")
    return job_id
