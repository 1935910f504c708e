"""Results and their parts on their way out, as far as clients give credit."""

from collections.abc import Mapping
from typing import Any, Protocol

from zograscope_protocol.errors import ZograscopeError, quoted
from zograscope_protocol.transfers import MOST_PART_CREDIT, MOST_WINDOW, Sender, split_credit

from zograscope_server.broker.clients import ArrayName, Client, Follow
from zograscope_server.broker.headers import count_of, job_id_of
from zograscope_server.broker.job_store import Job
from zograscope_server.broker.scheduler import Scheduler

MOST_FOLLOWED_PARTS = 1024
# Of one connection: arrays that it has begun to fetch; the oldest make way.
MOST_DOWNLOADS = 4096


class Send(Protocol):
    """Sends a client a message."""

    def __call__(
        self, address: bytes, header: dict[str, Any], buffer: memoryview | None = None, /
    ) -> None:
        """Send a header, and a buffer behind it."""


class Downloads:
    """All that clients fetch.

    Args:
        clients: by their addresses; how far each was served is kept with it.
        send: sends a client a message.
    """

    def __init__(self, scheduler: Scheduler, clients: Mapping[bytes, Client], send: Send) -> None:
        self._scheduler = scheduler
        self._clients = clients
        self._send = send

    def credit(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        """Send what a client has room for, of a result or a part."""
        job_id, name = job_id_of(header), str(header.get("name"))
        part = None if header.get("part") is None else count_of(header, "part")
        offset, window = header.get("offset", -1), header.get("window", 0)
        self._send_chunks(address, (job_id, part, name), offset, window)

    def _send_chunks(self, address: bytes, array: ArrayName, offset: int, window: int) -> None:
        """Send what credit was given for."""
        job_id, part, name = array
        client = self._clients[address]
        job = self._scheduler.find(job_id, client.owner)
        file = self._scheduler.result(job) if part is None else self._scheduler.part(job, part)
        if name not in file.names:
            raise ZograscopeError("bad-message", f"the result has no array {quoted(name)}")
        # Only how far it is is kept: the file would stay open for as long as its client sleeps.
        sender = Sender(file.buffer(name), client.sent.pop(array, 0))
        of_part = {} if part is None else {"part": part}
        for start, chunk in sender.credited(offset, window):
            message = {"type": "chunk", "job": job_id, "name": name, "offset": start, **of_part}
            self._send(address, message, chunk)
        if not sender.complete:
            client.sent[array] = sender.sent
            if len(client.sent) > MOST_DOWNLOADS:
                del client.sent[next(iter(client.sent))]
        elif part is None:
            client.fetched.setdefault(job_id, set()).add(name)
            self.note_fetched(client, job)

    def note_fetched(self, client: Client, job: Job) -> None:
        """Note where a client has been sent all of a result: it need not be kept for it."""
        if job.state != "done" or job.fetched:
            return
        try:
            result = self._scheduler.result(job)
        except ZograscopeError:
            return
        arrays = {array["name"] for array in result.arrays if array["bytes"]}
        if arrays <= client.fetched.get(job.id, set()):
            client.fetched.pop(job.id, None)
            self._scheduler.fetched(job)

    def follow(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        """Tell a client of a job's parts, from one on and as many as it has room for."""
        job = self._scheduler.find(job_id_of(header), self._clients[address].owner)
        first, window = count_of(header, "from"), count_of(header, "window")
        credit = count_of(header, "credit", 0)
        too_much = credit > MOST_PART_CREDIT or window * credit > MOST_WINDOW
        if too_much or not 0 < window <= MOST_FOLLOWED_PARTS:
            raise ZograscopeError("bad-message", f"{credit} bytes of each of {window} parts")
        client = self._clients[address]
        client.hears_of(job)
        # As with chunks, what was told on this connection is not told again.
        told = client.follows[job.id].next if job.id in client.follows else first
        client.follows[job.id] = Follow(max(first, told), first + window, credit)
        self._tell_parts(address, job)

    def announce_parts(self, job: Job) -> None:
        """Tell whoever follows a job of its new parts."""
        for address, client in self._clients.items():
            if job.id in client.follows:
                self._tell_parts(address, job)

    def _tell_parts(self, address: bytes, job: Job) -> None:
        """Tell a client of the parts that it asked for and that are there."""
        follow = self._clients[address].follows[job.id]
        end = min(follow.end, self._scheduler.parts(job))
        while follow.next < end:
            number = follow.next
            part = self._scheduler.part(job, number)
            header = {"type": "part", "job": job.id, "number": number}
            self._send(address, {**header, "metadata": part.metadata, "arrays": part.arrays})
            shares = split_credit(follow.credit, (array["bytes"] for array in part.arrays))
            for name, share in zip(part.names, shares, strict=True):
                if share:
                    self._send_chunks(address, (job.id, number, name), 0, share)
            follow.next += 1
