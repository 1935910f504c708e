"""One server for each state folder: a lock that ends with the process that holds it."""

import sys
from pathlib import Path
from typing import BinaryIO

from zograscope_server.errors import ServerError


def lock_folder(folder: Path) -> BinaryIO:
    """Take the folder for this process, until the returned file is closed or the process ends.

    Raises ZograscopeError `server-running` when another process has it.
    """
    file = (folder / "server.lock").open("ab")
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise ServerError("server-running", folder=str(folder)) from error
    return file
