"""What the broker knows of each client: who it is, what it hears of, and how far it was served."""

import secrets
from dataclasses import dataclass, field

from zograscope_server.broker.job_store import Job

# Of one connection: jobs that it hears of; the oldest make way.
MOST_HEARD_OF = 4096


@dataclass
class Follow:
    """How far a client follows the parts of a job.

    Those from `next` to before `end` are told, and the first `credit` bytes of each sent with it.
    """

    next: int
    end: int
    credit: int


ArrayName = tuple[str, int | None, str]
"""A job's id, the number of a part or None for the result itself, and an array's name."""


@dataclass
class Client:
    """A client that said hello: the jobs it hears of and follows, and the arrays it fetches.

    Attributes:
        connection: that it said hello on.
        key: that CURVE has proved; None on a socket without keys.
        owner: of its jobs: the key, or nothing for the server's own user, who may see all.
        name: of this connection, for turns.
        sent: how much of the arrays was sent that it fetches.
        fetched: the names of the arrays of results that were sent to their ends.
    """

    connection: int
    key: str | None
    owner: str
    last_heard: float
    name: str = field(default_factory=lambda: secrets.token_hex(8))
    jobs: dict[str, None] = field(default_factory=dict)
    follows: dict[str, Follow] = field(default_factory=dict)
    sent: dict[ArrayName, int] = field(default_factory=dict)
    fetched: dict[str, set[str]] = field(default_factory=dict)

    def hears_of(self, job: Job) -> None:
        """Note that it wants to hear of a job."""
        self.jobs.pop(job.id, None)
        self.jobs[job.id] = None
        while len(self.jobs) > MOST_HEARD_OF:
            self.forgets(next(iter(self.jobs)))

    def forgets(self, job_id: str) -> None:
        """Note that it wants to hear no more of a job."""
        self.jobs.pop(job_id, None)
        self.follows.pop(job_id, None)
        self.fetched.pop(job_id, None)
