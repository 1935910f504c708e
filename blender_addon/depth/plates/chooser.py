"""Choosing an object of the photograph by clicks; the server finds it, and it becomes a plate."""

import bpy
import numpy as np
from zograscope_protocol.depth.tasks import Click, SegmentOptions
from zograscope_protocol.job import Job
from zograscope_protocol.results import wrong_answer

from ...pending_jobs import Owner, Waiting
from ...scenes import find_object, find_scene, push_undo, select_only
from ...server_link import link
from ..diorama import Diorama, disparity_of, find_diorama
from ..pointing import Pointer, to_world
from ..relief import points_on_relief
from . import background, masks, plate

CHOICE_LONG_SIDE = 640  # pixels of the picture that the server looks at after each click


class Chooser(Pointer):
    """Turns rays from the mouse into clicks, and clicks into a mask of the photograph."""

    def __init__(self, diorama: Diorama, scene: bpy.types.Scene, owner: Owner) -> None:
        """Choose in a live diorama. Raises PlateError `picture-moves`."""
        super().__init__(diorama)
        self._scene, self._owner = scene.session_uid, owner
        self._pixels = plate.photograph_pixels(diorama)
        self._factor = -(-max(self._pixels.shape[:2]) // CHOICE_LONG_SIDE)
        self._small = masks.shrink(self._pixels[..., :3], self._factor)
        self._shown = disparity_of(diorama.photograph)
        self._asked: Job | None = None
        self.clicks: tuple[Click, ...] = ()
        self.mask: np.ndarray | None = None
        """What was found: (h, w) bool, smaller than the photograph; None where nothing is yet."""

    @property
    def waiting(self) -> bool:
        """Whether the server is looking."""
        return self._asked is not None and not self._asked.finished

    def _disparity(self, diorama: Diorama) -> np.ndarray:
        return self._shown

    def click(self, *, adds: bool = False, takes_away: bool = False) -> bool:
        """Click where the mouse is; without either, begin anew. False where that is beside it all.

        Raises ZograscopeError where there is no server.
        """
        if self.at is None or (takes_away and not self.clicks):
            return False
        former = self.clicks if adds or takes_away else ()
        self.clicks = (*former, (*self.at, not takes_away))
        if not any(belongs for _, _, belongs in self.clicks):
            self.clicks, self.mask = (), None
            return False
        self._ask()
        return True

    def _ask(self) -> None:
        scale = 1.0 / self._factor
        clicks = tuple((x * scale, y * scale, belongs) for x, y, belongs in self.clicks)
        inputs = {"pixels": self._small, "disparity": self._shown}
        if self.waiting:
            self._asked.cancel()
        waiting = Waiting("Object", self._take, owner=self._owner)
        self._asked = link.submit(SegmentOptions(clicks=clicks).submission(inputs), waiting)

    def _take(self, job: Job) -> None:
        if self._asked is not None and job.id == self._asked.id:  # else it was asked otherwise
            self.mask = _mask_of(job, self._small.shape[:2])

    def confirm(self, name: str) -> Job | None:
        """Make a plate of what was found, as soon as its outline is known to the pixel.

        Raises ZograscopeError where there is no server.
        """
        if self.mask is None:
            return None
        height, width = self._pixels.shape[:2]
        coarse = masks.enlarge(self.mask, self._factor, (width, height))
        inputs = {
            "pixels": np.ascontiguousarray(self._pixels[..., :3]),
            "disparity": self._shown,
            "mask": np.ascontiguousarray(coarse).astype(np.uint8) * np.uint8(255),
        }
        root, scene_uid, owner = self._root, self._scene, self._owner

        def make(job: Job) -> None:
            diorama, scene = find_diorama(find_object(root)), find_scene(scene_uid)
            if diorama is None or scene is None:
                return
            made = plate.cut_out(diorama, _mask_of(job, (height, width)), name)
            select_only(made, scene)
            push_undo("Make Plate")
            background.paint(find_diorama(made), owner)

        waiting = Waiting(name, make, owner=self._owner)
        return link.submit(SegmentOptions().submission(inputs), waiting)

    def outline(self) -> np.ndarray | None:
        """Return what was found as lines on the relief, (2 n, 3) in world space, or None."""
        diorama = self.diorama
        if diorama is None or self.mask is None:
            return None
        camera = diorama.intrinsics
        u, v = (masks.outline(self.mask).reshape(-1, 2) * self._factor).T
        u, v = np.clip(u, 0, camera.width), np.clip(v, 0, camera.height)
        height, width = self._shown.shape
        rows = np.minimum(v * height / camera.height, height - 1).astype(int)
        columns = np.minimum(u * width / camera.width, width - 1).astype(int)
        shown = self._shown[rows, columns]
        return to_world(diorama, points_on_relief(u, v, shown, camera, diorama.settings()))


def _mask_of(job: Job, shape: tuple[int, int]) -> np.ndarray:
    """Return the mask (h, w) that a job found, bool. Raises ZograscopeError `result-wrong`."""
    mask: np.ndarray = job.result.arrays["mask"] > 0
    if mask.shape != shape:
        raise wrong_answer(f"its mask has the shape {list(mask.shape)}")
    return mask
