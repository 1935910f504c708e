"""What lies behind: the server paints it once a diorama stands, and when parts are cut out."""

import numpy as np
from zograscope_protocol.depth.tasks import PaintBackgroundOptions
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.job import Job
from zograscope_protocol.submission import Submission

from ...pending_jobs import Owner, Waiting
from ...pictures import file_bytes
from ...scenes import find_object, push_undo
from ...server_link import link
from .. import builders, materials
from ..diorama import SKETCHED, STILL, Diorama, disparity_of, find_diorama
from .plate import hidden_by_plates


def paint(diorama: Diorama, owner: Owner, *, surroundings: bool = False) -> Job:
    """Have painted what lies behind the photograph and its plates.

    With `surroundings` the dome and the matte of soft edges are made anew too, which plates leave
    as they are.

    Raises ZograscopeError where there is no server.
    """
    root = diorama.root.session_uid

    def show(job: Job) -> None:
        found = find_diorama(find_object(root))
        if found is not None:
            result = job.result
            builders.set_background(
                found, result.arrays, result.metadata, surroundings=surroundings
            )
            if surroundings:
                found.root[SKETCHED] = False
            push_undo("Paint Background")

    waiting = Waiting(title_of(diorama), show, owner=owner)
    return link.submit(background_submission(diorama, surroundings=surroundings), waiting)


def title_of(diorama: Diorama) -> str:
    """Name the job for people."""
    return f"Background of {diorama.root.name}"


def is_left_unpainted(diorama: Diorama) -> bool:
    """Whether what lies behind was only sketched, and no job is on its way to paint it."""
    titles = {pending.waiting.title for pending in link.pending}
    return bool(diorama.root.get(SKETCHED)) and title_of(diorama) not in titles


def paint_if_possible(diorama: Diorama, owner: Owner, *, surroundings: bool = False) -> None:
    """Have it painted as by `paint`; where there is no server, tell the owner."""
    try:
        paint(diorama, owner, surroundings=surroundings)
    except ZograscopeError as error:
        link.tell(owner, error)


def background_submission(diorama: Diorama, *, surroundings: bool = False) -> Submission:
    """Ask for a diorama's background, with what its plates hide."""
    settings, photograph = diorama.settings(), diorama.photograph
    picture = photograph.get(STILL) or materials.picture_of(photograph.data.materials[0])
    options = PaintBackgroundOptions(
        file_name=diorama.root.name,
        near=settings.near,
        far=settings.far,
        matte=surroundings,
        focal_length=diorama.intrinsics.focal_length if surroundings else None,
    )
    return options.submission(
        {
            "image": np.frombuffer(file_bytes(picture), np.uint8),
            "disparity": disparity_of(photograph),
            "hidden": hidden_by_plates(diorama).astype(np.uint8) * np.uint8(255),
        }
    )
