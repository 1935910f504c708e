"""What the task that fetches models can be asked."""

from dataclasses import dataclass

from zograscope_protocol.options import Options, text
from zograscope_protocol.results import Result


@dataclass(frozen=True)
class DownloadOptions(Options):
    """Which model of the catalogue to fetch into the server's models folder."""

    task = "download_model"
    result = Result()
    name: str = text()
