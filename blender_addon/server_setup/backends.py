"""What a server can compute on, which of it is proposed here, and where its torch comes from."""

import functools
import platform
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SYSTEMS = {"Linux": "linux", "Windows": "windows", "Darwin": "macos"}
MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}

OLDEST_NVIDIA = 580  # driver of the CUDA that the locked torch was built with


@dataclass(frozen=True)
class Backend:
    """A build of torch for a system.

    Attributes:
        name: cpu, cuda, rocm, mps or xpu.
        title: for people.
        device: as torch calls it.
        torch_index: uv's name of the index that has it; "" where the package registry itself does.
        download, disk: megabytes of all that is fetched, and of what it becomes; about.
    """

    name: str
    title: str
    device: str
    torch_index: str
    download: int
    disk: int


_PROCESSOR = "Processor"
_NVIDIA = "NVIDIA (CUDA)"
_INTEL = "Intel Arc (XPU)"

# Nobody builds torch for Macs with Intel's processors any more, so they are missing.
BACKENDS: dict[str, tuple[Backend, ...]] = {
    "linux-x64": (
        Backend("cpu", _PROCESSOR, "cpu", "cpu", 480, 1900),
        Backend("cuda", _NVIDIA, "cuda", "", 3350, 6800),
        Backend("rocm", "AMD (ROCm)", "cuda", "rocm7.2", 4800, 15000),
        Backend("xpu", _INTEL, "xpu", "xpu", 2500, 7000),
    ),
    "windows-x64": (
        Backend("cpu", _PROCESSOR, "cpu", "", 400, 1500),
        Backend("cuda", _NVIDIA, "cuda", "cu130", 2200, 5500),
        Backend("xpu", _INTEL, "xpu", "xpu", 1800, 5500),
    ),
    "macos-arm64": (
        Backend("mps", "Apple (Metal)", "mps", "", 390, 1400),
        Backend("cpu", _PROCESSOR, "cpu", "", 390, 1400),
    ),
}

PROCESSOR_OF_LINUX_REGISTRY = Backend("cpu", _PROCESSOR, "cpu", "", 3350, 6800)
"""The registry's own torch for Linux, which brings CUDA and computes on a processor just as well:
for where the index of the small one cannot be reached."""


def system() -> str:
    """Return what this computer is, as Blender calls its platforms: `linux-x64`."""
    return (
        f"{SYSTEMS.get(platform.system(), 'other')}-{MACHINES.get(platform.machine().lower(), '?')}"
    )


def backends_of(system_name: str) -> tuple[Backend, ...]:
    """Return what a system can have, the safest first; nothing where no torch is made for it."""
    return BACKENDS.get(system_name, ())


def named(system_name: str, name: str) -> Backend:
    """Return a system's backend of a name. Raises KeyError."""
    found = {backend.name: backend for backend in backends_of(system_name)}
    return found[name]


def title_of(name: str) -> str:
    """Return what people call a backend, on any system."""
    titles = {each.name: each.title for known in BACKENDS.values() for each in known}
    return titles.get(name, name)


def propose(system_name: str, exists: Callable[[str], bool], read: Callable[[str], str]) -> str:
    """Return the name of the backend that this computer most likely can use, "" for none.

    A proposal: whether it computes is tried when it is there.

    Args:
        system_name: `linux-x64` and so on.
        exists: whether a path does.
        read: the text of a file, "" where there is none.
    """
    if system_name == "macos-arm64":
        return "mps"
    if system_name == "windows-x64":
        return "cuda" if exists(r"C:\Windows\System32\nvcuda.dll") else "cpu"
    if system_name == "linux-x64":
        if nvidia_driver(read) >= OLDEST_NVIDIA:
            return "cuda"
        return "rocm" if exists("/dev/kfd") and exists("/sys/module/amdgpu") else "cpu"
    return ""


def nvidia_driver(read: Callable[[str], str]) -> int:
    """Return the number of Linux's NVIDIA driver before its point, 0 without one."""
    text = read("/sys/module/nvidia/version") or read("/proc/driver/nvidia/version")
    found = re.search(r"\b(\d{3})\.\d+", text)
    return int(found.group(1)) if found else 0


@functools.cache
def proposed_here() -> str:
    """Return the backend that is proposed on this very computer, "" where there is none."""
    return propose(system(), lambda path: Path(path).exists(), _text)


def _text(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", errors="replace")
    except OSError:
        return ""
