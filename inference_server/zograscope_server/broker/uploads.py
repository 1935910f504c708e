"""The inputs of jobs on their way in: opened, credited, written chunk by chunk, complete."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.transfers import Receiver

from zograscope_server.broker.clients import Client
from zograscope_server.broker.headers import job_id_of
from zograscope_server.broker.inputs import Upload
from zograscope_server.broker.job_store import Job
from zograscope_server.broker.scheduler import Scheduler
from zograscope_server.broker.spool import Spool


@dataclass
class _Input:
    """An input array that is coming in, and the client that credit was given to last."""

    upload: Upload
    receiver: Receiver
    credited: bytes = b""


class Uploads:
    """All inputs that are coming in.

    Args:
        clients: by their addresses.
        send: sends a client a header.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        spool: Spool,
        clients: Mapping[bytes, Client],
        send: Callable[[bytes, dict[str, Any]], None],
    ) -> None:
        self._scheduler = scheduler
        self._spool = spool
        self._clients = clients
        self._send = send
        self._inputs: dict[tuple[str, str], _Input] = {}

    def chunk(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        """Take a piece of an input."""
        job_id, name = job_id_of(header), str(header.get("name"))
        incoming = self._inputs.get((job_id, name))
        # What is not expected was under way when the job was cancelled, or to an earlier server, or
        # comes from the slower of two clients, which is told where to go on.
        if incoming is None or buffer is None:
            return
        job = self._scheduler.find(job_id, self._clients[address].owner)
        if not incoming.receiver.expects(header.get("offset"), buffer.nbytes):
            self._give_credit(address, job_id, name, anew=True)
            return
        job.heard = time.monotonic()
        try:
            self._spool.write(incoming.upload, buffer)
        except ZograscopeError as error:
            self.close(job)
            self._scheduler.fail(job, error)
            return
        incoming.receiver.took(buffer.nbytes)
        if incoming.receiver.complete:
            self._go_on_when_complete(job)
        else:
            self._give_credit(address, job_id, name)

    def begin(self, address: bytes, job: Job) -> None:
        """Let a client send a job's inputs, or go on with them."""
        self._open(job)
        for array in job.inputs:
            self._give_credit(address, job.id, array["name"], anew=True)
        self._go_on_when_complete(job)

    def _open(self, job: Job) -> None:
        """Open the files of a job's inputs, to go on where an earlier server stopped."""
        for index, array in enumerate(job.inputs):
            if (job.id, array["name"]) not in self._inputs:
                upload = self._spool.inputs.open_upload(job.id, index, array["bytes"])
                receiver = Receiver(array["bytes"], upload.received)
                self._inputs[job.id, array["name"]] = _Input(upload, receiver)

    def _give_credit(self, address: bytes, job_id: str, name: str, *, anew: bool = False) -> None:
        incoming = self._inputs[job_id, name]
        # Credit is for one connection: who sends is not to wait for what another one was given.
        credit = incoming.receiver.credit(anew=anew or incoming.credited != address)
        if credit is not None:
            incoming.credited = address
            self._send(address, {"type": "credit", "job": job_id, "name": name, **credit})

    def _go_on_when_complete(self, job: Job) -> None:
        if all(self._inputs[job.id, array["name"]].receiver.complete for array in job.inputs):
            self.close(job)
            self._scheduler.inputs_complete(job)

    def close(self, job: Job) -> None:
        """Take no more of a job's inputs."""
        for array in job.inputs:
            self._inputs.pop((job.id, array["name"]), None)
