"""Shows how far a command is."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm
from zograscope_protocol.job import Job

from zograscope_server.progress import OnProgress


@contextmanager
def progress_shown(title: str, *, quiet: bool = False) -> Iterator[OnProgress]:
    """Show a bar on standard error where a person watches; where not, a line for each new stage."""
    watched = sys.stderr.isatty() and not quiet
    told = {""}
    with tqdm(
        total=100, desc=title, disable=not watched, bar_format="{l_bar}{bar}{postfix}"
    ) as bar:

        def show(fraction: float | None, stage: str, detail: str = "") -> None:
            if watched:
                bar.set_postfix_str(f"{stage} {detail}".rstrip())
                bar.update(round(100 * (fraction or 0.0)) - bar.n)
            elif not quiet and stage not in told:
                print(f"{title}: {stage}", file=sys.stderr, flush=True)
            told.add(stage)

        yield show


def of_job(on_progress: OnProgress) -> Callable[[Job], None]:
    """Return what a client calls with the job whose progress is to be shown."""
    return lambda job: on_progress(job.fraction, job.stage, job.detail)
