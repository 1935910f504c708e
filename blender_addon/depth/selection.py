"""The diorama that the artist means, and how it was asked for."""

import json
from collections.abc import Iterable
from typing import Any

import bpy

from ..capabilities import Presets
from ..job_operators import BuildOperator
from ..selection import selected_or_only
from .diorama import Diorama, dioramas, find_diorama

SOURCE = "zograscope_source"
"""On the root: how the diorama was asked for, as JSON."""

WARNINGS = "zograscope_warnings"
"""On the root: what the last result warns of, a sentence a line."""


RELIEF_PRESETS = Presets(
    "depth_relief",
    "bpy.context.scene.zograscope_depth.relief",
    ('["near"]', '["far"]', '["relief_strength"]', '["cut_threshold"]', '["smoothing"]'),
    changed=lambda context: context.scene.zograscope_depth.relief.update_tag(),
)
"""Of how a relief looks; how fine it is, pictures and computers decide."""


def selected_diorama(context: bpy.types.Context) -> Diorama | None:
    """Return the diorama of the active object, or the scene's only one."""
    return selected_or_only(context, find_diorama, dioramas)


class NeedsDiorama:
    """What operators and panels of a diorama begin with: there must be one."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where there is a diorama."""
        return selected_diorama(context) is not None


class NeedsLiveDiorama:
    """What changes a diorama's relief begins with: it must still follow the artist's settings."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where there is a diorama that was not baked."""
        diorama = selected_diorama(context)
        return diorama is not None and diorama.is_live


class FromFile(BuildOperator):
    """An operator that asks for the selected diorama anew, as its file is known to have been."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a diorama that was made from a file."""
        return made_from_file(context) and super().poll(context)


def made_from_file(context: bpy.types.Context) -> bool:
    """Whether a diorama is selected of which is known how it was asked for."""
    diorama = selected_diorama(context)
    return diorama is not None and SOURCE in diorama.root


def source_of(diorama: Diorama) -> dict[str, Any]:
    """Return how a diorama was asked for: photograph, depth map, parameters, paper border."""
    return json.loads(diorama.root[SOURCE])


def warn_of(diorama: Diorama, warnings: Iterable[str]) -> None:
    """Let the panel show what the last result warns of, in place of what it showed."""
    diorama.root[WARNINGS] = "\n".join(warnings)


def warnings_of(diorama: Diorama) -> list[str]:
    """Return what the last result warned of, sentences."""
    return str(diorama.root.get(WARNINGS, "")).splitlines()
