"""What lies behind plates: the server paints it, whenever other parts are cut out."""

import numpy as np
from zograscope_protocol.depth.tasks import PaintBackgroundOptions
from zograscope_protocol.job import Job
from zograscope_protocol.submission import Submission

from ...pending_jobs import Owner, Waiting
from ...pictures import file_bytes
from ...scenes import find_object, push_undo
from ...server_link import link
from .. import builders, materials
from ..diorama import Diorama, disparity_of, find_diorama
from .plate import hidden_by_plates


def paint(diorama: Diorama, owner: Owner) -> Job:
    """Have the background painted anew, behind the photograph and behind its plates.

    Raises ZograscopeError where there is no server.
    """
    name, root = diorama.root.name, diorama.root.session_uid

    def show(job: Job) -> None:
        found = find_diorama(find_object(root))
        if found is not None:
            builders.set_background(found, job.result.arrays, job.result.metadata)
            push_undo("Paint Background")

    waiting = Waiting(f"Background of {name}", show, owner=owner)
    return link.submit(background_submission(diorama), waiting)


def background_submission(diorama: Diorama) -> Submission:
    """Ask for a diorama's background, with what its plates hide."""
    settings, photograph = diorama.settings(), diorama.photograph
    picture = materials.picture_of(photograph.data.materials[0])
    options = PaintBackgroundOptions(
        file_name=diorama.root.name, near=settings.near, far=settings.far
    )
    return options.submission(
        {
            "image": np.frombuffer(file_bytes(picture), np.uint8),
            "disparity": disparity_of(photograph),
            "hidden": hidden_by_plates(diorama).astype(np.uint8) * np.uint8(255),
        }
    )
