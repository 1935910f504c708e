"""Whose turn it is: clients take turns, and so do the connections of each."""

from zograscope_server.broker.job_store import Job

MOST_REMEMBERED = 8000


class Turns:
    """When clients had their latest turns, by their own names and those of their connections."""

    def __init__(self) -> None:
        self._turns: dict[str, int] = {}
        self._turn = 0

    def latest(self, job: Job) -> tuple[int, int]:
        """Return when the client of a job had its latest turn, and then the connection.

        Who waits longest has the lowest; of those alike, the oldest job is next.
        """
        return self._turns.get(_owner(job), 0), self._turns.get(job.submitter, 0)

    def had(self, job: Job) -> None:
        """Note that a job has its turn."""
        self._turn += 1
        if len(self._turns) > MOST_REMEMBERED:
            latest = sorted(self._turns.items(), key=lambda turn: turn[1])
            self._turns = dict(latest[MOST_REMEMBERED // 2 :])
        self._turns[_owner(job)] = self._turns[job.submitter] = self._turn


def _owner(job: Job) -> str:
    return f"owner {job.owner}"
