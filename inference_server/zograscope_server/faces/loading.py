"""Brings the models that find faces and people into memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zograscope_server.faces.errors import FaceError
from zograscope_server.models.catalogue import Model, installed_folder
from zograscope_server.models.loader import ModelLoader

if TYPE_CHECKING:
    from zograscope_server.faces.landmarks import Landmarker
    from zograscope_server.faces.matting import PersonMatte

FACES = "faces"
MATTING = "matting"

SILENT_VERSION = "0.10.33"
"""Of MediaPipe, as `pyproject.toml` has it; a test shows that it opens no connection."""


@dataclass(frozen=True)
class FaceModel:
    """The file of the model that finds faces: each picture or clip gets a landmarker of its own."""

    path: Path

    def landmarker(self, *, clip: bool = False, most_faces: int | None = None) -> "Landmarker":
        """Return a landmarker (see there), to be used in a `with` statement."""
        from zograscope_server.faces.landmarks import MOST_FACES, Landmarker

        most_faces = MOST_FACES if most_faces is None else most_faces
        return Landmarker(self.path, clip=clip, most_faces=most_faces)


def load_face_model(model: Model, models_folder: Path, device: str) -> FaceModel:
    """Load what finds faces (see `ModelLoader`); raises `face-library-missing` too."""
    check_library()
    return FaceModel(_file_of(model, models_folder))


def load_person_matte(model: Model, models_folder: Path, device: str) -> "PersonMatte":
    """Load what finds people (see `ModelLoader`); raises `face-library-missing` too."""
    check_library()
    from zograscope_server.faces.matting import PersonMatte

    return PersonMatte(_file_of(model, models_folder))


def check_library() -> None:
    """Raise ZograscopeError `face-library-missing` where MediaPipe cannot be loaded, with why."""
    import numpy as np

    try:
        import mediapipe as mp

        # Its own library is loaded with the first picture.
        mp.Image(image_format=mp.ImageFormat.SRGB, data=np.zeros((1, 1, 3), np.uint8))
    except (ImportError, OSError) as error:
        raise FaceError("face-library-missing", problem=str(error)) from error


def check_silence() -> None:
    """Raise ZograscopeError `face-library-reports` for a MediaPipe that opens connections."""
    from importlib.metadata import version

    found = version("mediapipe")
    if found != SILENT_VERSION:
        raise FaceError("face-library-reports", version=found, wanted=SILENT_VERSION)


def _file_of(model: Model, models_folder: Path) -> Path:
    return installed_folder(model, models_folder) / model.files[0].name


def _is_never_brought(config: Mapping[str, Any]) -> bool:
    """A folder with a config.json is of another kind of model."""
    return False


LOADERS = (
    ModelLoader(FACES, load_face_model, _is_never_brought),
    ModelLoader(MATTING, load_person_matte, _is_never_brought),
)
