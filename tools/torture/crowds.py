"""Many clients at once, and some for long."""

import random
import time
from dataclasses import dataclass

from zograscope_protocol.client import Client
from zograscope_protocol.connection import client_keys
from zograscope_protocol.job import Job
from zograscope_server.broker.authentication import allow_key

from tools.torture.server import Figures, Honest, Server, wait_until, watched

JOBS_AT_ONCE = 12
LOOKS = 12  # at what the broker holds, in all of a soak


@dataclass
class _Sent:
    """A job, and what must come back: its salt, or the sum of its parts."""

    client: Client
    job: Job
    salt: bytes | None
    total: int = 0
    cancelled: bool = False

    def is_right(self) -> bool:
        """Whether the job, which has ended, did so as it must."""
        if self.job.result is None:
            return self.cancelled and self.job.state == "cancelled"
        if self.salt is not None:
            return self.job.result.bytes("salt") == self.salt
        return int(self.job.result.arrays["sum"]) == self.total


def crowd(
    server: Server, honest: Honest, chance: random.Random, clients: int, jobs: int
) -> Figures:
    """Have so many clients upload so many jobs each, at once, and compare what comes back."""
    figures: Figures = {"clients": clients, "jobs": clients * jobs}
    with watched(server, honest, figures):
        asking = [Client(server.state, f"client {n}", server.state) for n in range(clients)]
        sent = [_upload(client, chance) for client in asking for _ in range(jobs)]
        wait_until(lambda: all(one.job.finished for one in sent), asking)
        figures["lost"] = sum(not one.is_right() for one in sent)
        for client in asking:
            client.close()
    figures["half_files"] = server.half_files()
    return figures


def soak(
    server: Server, honest: Honest, chance: random.Random, guests: int, minutes: float
) -> Figures:
    """Have the owner and guests do all kinds of jobs for so long; see whether anything grows."""
    figures: Figures = {"minutes": minutes, "clients": guests + 1, "jobs": 0, "lost": 0}
    clients = [Client(server.state, "owner", server.state)]
    for number in range(guests):
        folder = server.state.parent / f"guest {number}"
        allow_key(server.state / "allowed_keys", f"guest-{number}", client_keys(folder)[0])
        clients.append(Client(server.state, f"guest {number}", folder))
    with watched(server, honest, figures):
        begin = time.monotonic()
        looks: list[dict[str, float]] = []
        sent: list[_Sent] = []
        while sent or time.monotonic() < begin + 60 * minutes:
            if len(sent) < JOBS_AT_ONCE and time.monotonic() < begin + 60 * minutes:
                sent.append(_any_job(chance.choice(clients), chance))
                figures["jobs"] += 1
            for client in clients:
                client.poll(0.002)
            time.sleep(0.002)
            for one in [one for one in sent if one.job.finished]:
                figures["lost"] += not one.is_right()
                one.client.forget(one.job)
                sent.remove(one)
            if time.monotonic() > begin + len(looks) * 60 * minutes / LOOKS:
                looks.append(server.held())
        for client in clients:
            client.close()
    figures["held"] = looks
    figures["half_files"] = server.half_files()
    return figures


def _upload(client: Client, chance: random.Random) -> _Sent:
    salt = chance.randbytes(1 << 18)
    return _Sent(client, client.submit("null", {}, {"salt": salt}), salt)


def _any_job(client: Client, chance: random.Random) -> _Sent:
    """Submit a job: an upload, or one that streams; now and then cancel, pause or follow it."""
    if chance.random() < 0.4:
        sent = _upload(client, chance)
    else:
        parts = chance.randrange(1, 30)
        options = {"parts": parts, "part_bytes": chance.randrange(8, 100_000, 8)}
        job = client.submit("count", {**options, "seconds": 0.001}, {})
        sent = _Sent(client, job, None, total=parts * (parts - 1) // 2)
        if chance.random() < 0.3:
            job.pause()
            job.resume()
    if chance.random() < 0.1:
        sent.job.cancel()
        sent.cancelled = True
    return sent
