"""The worker process: runs one job after the other on one device. Started by the broker only."""

import signal
import sys

from zograscope_server.worker.broker_link import BrokerLink, leave_with_broker
from zograscope_server.worker.settings import WorkerSettings
from zograscope_server.worker.worker import Worker


def main() -> None:
    """Take the settings from standard input and work until the broker lets go of it."""
    # Ctrl-C in the server's terminal reaches its whole group; the broker is the one to answer it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = WorkerSettings.from_line(sys.stdin.buffer.readline())
    leave_with_broker()
    Worker(settings, BrokerLink(settings)).run()


if __name__ == "__main__":
    main()
