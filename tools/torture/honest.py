"""An honest client, a process of its own: asks for the status, and prints when and how long."""

import sys
import time
from pathlib import Path

from zograscope_protocol.blocking import BlockingClient

PAUSE = 0.05  # seconds between two questions
PATIENCE = 600.0

if __name__ == "__main__":
    state = Path(sys.argv[1])
    with BlockingClient(state, PATIENCE, "honest", folder=state) as client:
        while True:
            asked = time.monotonic()
            client.status()
            print(asked, time.monotonic() - asked, flush=True)
            time.sleep(PAUSE)
