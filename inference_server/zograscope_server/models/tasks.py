"""The task `download_model`: a download is a job, with progress, cancel and a second attempt."""

from collections.abc import Mapping

import numpy as np
from zograscope_protocol.models import DownloadOptions

from zograscope_server.tasks import TaskContext, TaskResult, task


@task(DownloadOptions, version=1, cacheable=False)
def download_model(
    inputs: Mapping[str, np.ndarray], options: DownloadOptions, context: TaskContext
) -> TaskResult:
    """Download a model of the catalogue."""
    from zograscope_server.models import downloads
    from zograscope_server.models.catalogue import find_model

    model = find_model(options.name, context.settings.models_folder)
    stage = f"Downloading {model.title}"

    def on_progress(done: int, total: int) -> None:
        megabytes = f"{done / 1e6:.0f} of {total / 1e6:.0f} MB"
        context.progress(done / max(total, 1), stage, megabytes)

    context.progress(0.0, stage)
    downloads.download_model(model, context.settings.models_folder, on_progress)
    return TaskResult(metadata={"name": model.name})
