"""Previews of running jobs, as icons that panels can draw."""

import bpy
import bpy.utils.previews
import numpy as np
from zograscope_protocol.job import Job

LARGEST = 256  # pixels of a preview's long side, which the sidebar cannot show larger


class JobPreviews:
    """The latest preview of each job. Blender keeps their pixels until they are forgotten."""

    def __init__(self) -> None:
        self._icons: bpy.utils.previews.ImagePreviewCollection | None = None
        self._shown: dict[str, np.ndarray] = {}

    def update(self, job: Job) -> None:
        """Take up the job's preview, if there is a new one."""
        if job.preview is None or self._shown.get(job.id) is job.preview:
            return
        if self._icons is None:
            self._icons = bpy.utils.previews.new()
        icon = self._icons.get(job.id) or self._icons.new(job.id)
        pixels = icon_pixels(job.preview)
        height, width, _ = pixels.shape
        icon.image_size = (width, height)  # makes room anew, so that Blender draws it anew
        icon.image_pixels_float.foreach_set(pixels.ravel())
        self._shown[job.id] = job.preview

    def icon(self, job_id: str) -> int:
        """Return the number of a job's icon; 0 where there is none, or no window to show it."""
        icon = self._icons.get(job_id) if self._icons is not None else None
        return 0 if icon is None else icon.icon_id

    def forget(self, job_id: str) -> None:
        """Free a job's preview."""
        if self._shown.pop(job_id, None) is not None and self._icons is not None:
            del self._icons[job_id]

    def clear(self) -> None:
        """Free all of them."""
        if self._icons is not None:
            bpy.utils.previews.remove(self._icons)
        self._icons, self._shown = None, {}


def icon_pixels(preview: np.ndarray) -> np.ndarray:
    """Return float32 RGBA (h, w, 4), bottom row first, of a preview, made small.

    Args:
        preview: (h, w) or (h, w, 3), row 0 at the top, uint8 or floats from 0 to 1.
    """
    step = -(-max(preview.shape[:2]) // LARGEST)
    small = preview[::step, ::step][::-1]
    pixels = np.ones((*small.shape[:2], 4), np.float32)
    pixels[..., :3] = small if small.ndim == 3 else small[..., None]
    if preview.dtype == np.uint8:
        pixels[..., :3] /= 255
    return pixels
