"""The task `download_model`: a download is a job, with progress, cancel and a second attempt."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from zograscope_server.tasks import TaskContext, TaskResult, task


@task("download_model", version=1, cacheable=False)
def download_model(
    inputs: Mapping[str, np.ndarray], parameters: Mapping[str, Any], context: TaskContext
) -> TaskResult:
    """Download the model of the catalogue that parameter `name` names."""
    from zograscope_server.models import downloads
    from zograscope_server.models.catalogue import find_model

    model = find_model(str(parameters.get("name", "")), context.models_folder)

    def on_progress(done: int, total: int) -> None:
        megabytes = f"{done / 1e6:.0f} of {total / 1e6:.0f} MB"
        context.progress(done / max(total, 1), f"Downloading {model.title}: {megabytes}")

    context.progress(0.0, f"Downloading {model.title}")
    downloads.download_model(model, context.models_folder, on_progress)
    return TaskResult(metadata={"name": model.name})
