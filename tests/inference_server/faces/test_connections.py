"""Finding faces opens no connection: a process that would be killed for one lives."""

import platform
import signal
import subprocess
import sys

import pytest

SOCKET_CALLS = {"x86_64": 41, "aarch64": 198}
NO_SECCOMP = 42

# A filter of the kernel, for all threads to come: the call `socket` with AF_INET or AF_INET6 kills.
# (https://docs.kernel.org/userspace-api/seccomp_filter.html; each row is code, jt, jf, k.)
FILTER = """
import ctypes, struct, sys
rows = [(0x20, 0, 0, 0), (0x15, 0, 4, {call}), (0x20, 0, 0, 16),
        (0x15, 1, 0, 2), (0x15, 0, 1, 10), (0x06, 0, 0, 0x80000000), (0x06, 0, 0, 0x7FFF0000)]
program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in rows))
class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("rows", ctypes.c_void_p)]
prctl = ctypes.CDLL(None, use_errno=True).prctl
filter = Filter(len(rows), ctypes.addressof(program))
if prctl(38, 1, 0, 0, 0) or prctl(22, 2, ctypes.byref(filter), 0, 0):
    sys.exit({no_seccomp})
"""

FIND = """
from pathlib import Path
from skimage import data
from zograscope_server.models.loading import load_model
picture = data.astronaut()
with load_model("default", Path("/nonexistent"), "cpu", "faces").landmarker(clip=True) as faces:
    found = [len(faces.find(picture, 40 * frame)) for frame in range(3)]
matte = load_model("default", Path("/nonexistent"), "cpu", "matting").matte(picture)
print(found, matte.max() > 0.9)
"""


@pytest.fixture
def run_without_sockets():
    call = SOCKET_CALLS.get(platform.machine())
    if sys.platform != "linux" or call is None:
        pytest.skip("Linux' filters of system calls are what watches")

    def run(program: str) -> subprocess.CompletedProcess:
        source = FILTER.format(call=call, no_seccomp=NO_SECCOMP) + program
        command = [sys.executable, "-c", source]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == NO_SECCOMP:
            pytest.skip("this kernel takes no filter of system calls")
        return done

    return run


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6"])
def test_a_connection_would_be_noticed(run_without_sockets, family):
    done = run_without_sockets(f"import socket; socket.socket(socket.{family}); print('alive')")
    assert done.returncode == -signal.SIGSYS
    assert done.stdout == ""


def test_finding_faces_and_people_opens_none(run_without_sockets):
    done = run_without_sockets(FIND)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[1, 1, 1] True\n"
