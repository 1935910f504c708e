"""What the task that fetches models can be asked."""

from dataclasses import dataclass

from zograscope_protocol.options import Options, text


@dataclass(frozen=True)
class DownloadOptions(Options):
    """Which model of the catalogue to fetch into the server's models folder."""

    task = "download_model"
    name: str = text()
