"""What is proposed to compute on, from what a computer shows of itself."""

import pytest

NVIDIA = "/proc/driver/nvidia/version"
AMD = {"/dev/kfd", "/sys/module/amdgpu"}


def propose(modules, system: str, paths=(), files=None) -> str:
    files = files or {}
    return modules.backends.propose(
        system, lambda path: path in {*paths, *files}, lambda path: files.get(path, "")
    )


def kernel_module(version: str) -> str:
    return f"NVRM version: NVIDIA UNIX x86_64 Kernel Module  {version}  Tue Aug 5 00:00:00 UTC 2025"


@pytest.mark.parametrize(
    ("system", "paths", "files", "name"),
    [
        ("linux-x64", (), {}, "cpu"),
        ("linux-x64", (), {"/sys/module/nvidia/version": "580.65.06\n"}, "cuda"),
        ("linux-x64", (), {NVIDIA: kernel_module("590.12")}, "cuda"),
        ("linux-x64", (), {NVIDIA: kernel_module("535.183.01")}, "cpu"),
        ("linux-x64", AMD, {}, "rocm"),
        ("linux-x64", {"/dev/kfd"}, {}, "cpu"),
        ("windows-x64", (), {}, "cpu"),
        ("windows-x64", {r"C:\Windows\System32\nvcuda.dll"}, {}, "cuda"),
        ("macos-arm64", (), {}, "mps"),
        ("macos-x64", (), {}, ""),
    ],
)
def test_the_proposal(modules, system, paths, files, name):
    assert propose(modules, system, paths, files) == name
    if name:
        assert modules.backends.named(system, name)


def test_every_platform_of_the_extension_can_have_a_server_or_says_so(modules):
    known = modules.backends.BACKENDS
    assert set(known) == {"linux-x64", "windows-x64", "macos-arm64"}
    assert modules.backends.backends_of("macos-x64") == ()
    for backends in known.values():
        assert "cpu" in [backend.name for backend in backends]
        assert all(0 < backend.download < backend.disk for backend in backends)
