"""Unpacks what a command makes."""

import zipfile
from pathlib import Path

import numpy as np
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.saving import write_file


def unpack(data: np.ndarray, folder: Path) -> None:
    """Unpack a zip into a folder; nothing goes outside of it.

    Raises ZograscopeError `output-exists` where the folder cannot be written, and `internal` for a
    zip that leads out of it.
    """
    archive_path = folder.with_name(f".{folder.name}.zip")
    write_file(archive_path, data)
    try:
        with zipfile.ZipFile(archive_path) as archive:
            for name in archive.namelist():
                if not (folder / name).resolve().is_relative_to(folder.resolve()):
                    raise ZograscopeError("internal", f"{name!r} leads out of {folder}")
            archive.extractall(folder)
    except OSError as error:
        raise ZograscopeError("output-exists", str(error), path=str(folder)) from error
    finally:
        archive_path.unlink(missing_ok=True)
