"""How a capability says that it can bring models for a purpose into memory.

The module `loading` of a capability has them in `LOADERS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zograscope_server import capabilities

if TYPE_CHECKING:
    from zograscope_server.models.catalogue import Model


@dataclass(frozen=True)
class ModelLoader:
    """Brings the models for one purpose into memory.

    Attributes:
        purpose: what these models are for, as the catalogue has it.
        load: takes a model, the models folder and a torch device; returns what the tasks of the
            capability work with. Raises ZograscopeError `model-not-installed`, `model-file-wrong`.
        recognises: whether the content of a config.json, of a folder that an artist brought, is
            that of such a model.
        add: makes a model of weights that an artist brought without a config.json. Takes their
            file or folder, the architecture or "", the models folder, and a name or ""; returns the
            model's name, or None where such weights are not for this purpose.
    """

    purpose: str
    load: Callable[["Model", Path, str], Any]
    recognises: Callable[[Mapping[str, Any]], bool]
    add: Callable[[Path, str, Path, str], str | None] = lambda *_: None


def all_loaders() -> list[ModelLoader]:
    """Return the loaders of all capabilities; one without models has none."""
    modules = capabilities.modules("loading")
    return [loader for module in modules for loader in getattr(module, "LOADERS", ())]
