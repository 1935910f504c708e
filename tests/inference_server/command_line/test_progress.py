"""How a command shows how far it is."""

import io
import sys

from zograscope_protocol.job import Job
from zograscope_server.command_line.progress import of_job, progress_shown


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_where_nobody_watches_each_new_stage_is_a_line(capsys):
    with progress_shown("poster") as on_progress:
        on_progress(None, "")
        for done in range(3):
            on_progress(done / 3, "Sorting by what they are made of", f"{done} of 3")
        on_progress(0.9, "Writing 2 of")
        on_progress(None, "Sorting by what they are made of", "once more")
    assert capsys.readouterr().err.splitlines() == [
        "poster: Sorting by what they are made of",
        "poster: Writing 2 of",
    ]


def test_where_a_person_watches_there_is_a_bar(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_shown("poster") as on_progress:
        on_progress(0.5, "Drawing", "5 of 10")
        on_progress(None, "Waiting")
    drawn = terminal.getvalue()
    assert "poster" in drawn
    assert "50%" in drawn
    assert "Drawing 5 of 10" in drawn
    assert "Waiting" in drawn
    assert "\n" not in drawn.rstrip("\n")


def test_a_quiet_command_shows_nothing(capsys, monkeypatch):
    with progress_shown("poster", quiet=True) as on_progress:
        on_progress(0.5, "Drawing")
    assert capsys.readouterr().err == ""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_shown("poster", quiet=True) as on_progress:
        on_progress(0.5, "Drawing")
    assert terminal.getvalue() == ""


def test_a_jobs_progress_is_shown(capsys):
    told = []
    show = of_job(lambda *news: told.append(news))
    show(Job("a", fraction=0.25, stage="Drawing", detail="1 of 4"))
    assert told == [(0.25, "Drawing", "1 of 4")]
