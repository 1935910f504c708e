"""A set-up as a process: it ends with a server that has answered, or with what was there before."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import make_wheel

KILLS = int(os.environ.get("ZOGRASCOPE_KILLS", "6"))

posix = pytest.mark.skipif(os.name != "posix", reason="the stand-in is POSIX's")


def test_it_installs_what_answers(world):
    said = world.run()
    assert said["state"] == "done"
    assert world.installed.version == "0.1.0"
    assert world.installed.device == "cpu"
    assert world.installed.disk > 0
    assert world.environments() == [world.installed.id]
    python = world.modules.installation.python_of(world.folder, world.installed.id)
    code = "import filling, torch, zograscope_server; print(filling.VERSION)"
    assert subprocess.check_output([python, "-I", "-c", code], text=True) == "1.0\n"


def test_the_cache_costs_no_room(world):
    world.run()
    bytes_in = world.modules.installation.bytes_in
    shutil.rmtree(world.folder / "uv")
    alone = [bytes_in(world.folder / name) for name in ("servers", "cache")]
    assert bytes_in(world.folder) < sum(alone)


def test_a_server_that_does_not_answer_changes_nothing(world):
    world.run()
    former = world.installed
    world.decide(job="the network is made of stone")
    said = world.with_order(version="0.2.0").run()
    assert (said["state"], said["code"]) == ("failed", "trial-failed")
    assert said["facts"]["problem"] == "the network is made of stone"
    assert world.installed == former
    assert world.environments() == [former.id]


def test_an_update_leaves_the_former_until_nobody_needs_it(world):
    world.run()
    former = world.installed.id
    newer = world.with_order(version="0.2.0", wheels=[str(_newer(world))])
    # What begins next deletes it: a server may still run from there.
    assert newer.run()["state"] == "done"
    assert world.installed.version == "0.2.0"
    assert world.environments() == sorted([former, world.installed.id])
    world.with_order(action="tidy").run()
    assert world.environments() == [world.installed.id]


def _newer(world) -> Path:
    command = {"zograscope_server/command_line.py": ""}
    return make_wheel(world.materials, "zograscope_server", "0.2.0", command)


def test_a_device_that_cannot_compute_gives_way_to_the_processor(world):
    world.decide(device="no kernel image is available", on=["cuda"])
    said = world.with_order(backend="cuda").run()
    assert said["state"] == "done"
    assert said["notes"] == [
        {
            "code": "device-failed",
            "title": "NVIDIA (CUDA)",
            "problem": "no kernel image is available",
        }
    ]
    assert (world.installed.backend, world.installed.device) == ("cuda", "cpu")


def test_repair_makes_anew_and_fetches_anew_what_is_broken(world):
    world.run()
    former = world.installed.id
    installed = world.folder / "servers" / former
    (source,) = installed.rglob("filling/__init__.py")
    source.write_text("broken")  # in the cache too, to which it is a link
    trial = world.materials / "trial.py"
    trial.write_text(f"{trial.read_text()}\nimport filling\nfilling.VERSION")
    said = world.with_order(action="repair").run()
    assert said["state"] == "done"
    assert world.installed.id != former


def test_a_move_takes_everything_along(world, tmp_path):
    world.run()
    there = tmp_path / "elsewhere"
    move = {"action": "move", "folder": str(there), "former": str(world.folder)}
    shutil.rmtree(world.materials / "wheels")  # as without a network
    (world.materials / "wheels").mkdir()
    moved = world.with_order(**move, wheelhouse=str(world.materials / "wheels"))
    said = moved.run()
    assert said["code"] == "package-missing"  # from a folder of wheels nothing is cached
    make_wheel(world.materials / "wheels", "filling")
    make_wheel(world.materials / "wheels", "torch")
    assert moved.run()["state"] == "done"
    installation = world.modules.installation
    assert installation.installed(there).former == str(world.folder)
    assert world.installed is not None
    moved.with_order(action="tidy", former="").run()
    assert not world.folder.exists()
    assert installation.installed(there).former == ""


def test_remove_leaves_what_is_not_ours(world):
    world.run()
    (world.folder / "letter.txt").write_text("Dear Ada")
    assert world.with_order(action="remove").run()["state"] == "done"
    assert world.installed is None
    left = {path.name for path in world.folder.iterdir()}
    assert left == {"letter.txt", "setup.lock", "progress.json"}


def test_a_cancel_is_heeded(world):
    trial = world.materials / "trial.py"
    trial.write_text("import time; time.sleep(60)")
    process = world.start()
    while not list(world.folder.glob("servers/*/bin/filling*")) and not _is_tried(world):
        time.sleep(0.02)
    (world.folder / "cancel").touch()
    process.communicate()
    assert world.modules.installation.read_json(world.folder / "progress.json")["state"] == (
        "cancelled"
    )
    assert world.environments() == []
    trial.write_text("")
    assert world.run()["state"] == "done"


def _is_tried(world) -> bool:
    told = world.modules.installation.read_json(world.folder / "progress.json")
    return told.get("stage") == "Trying the new server"


@posix
def test_killed_at_any_moment_the_next_goes_on(world):
    """Blender, or the computer, may end at any moment; nothing says ready that is not."""
    dice = random.Random(5)
    installation = world.modules.installation
    begun = time.monotonic()
    world.run()
    whole = time.monotonic() - begun
    shutil.rmtree(world.folder)
    for number in range(KILLS):
        process = world.start()
        time.sleep(dice.uniform(0.0, whole))
        if number % 2:
            process.kill()  # uv, or the trial, lives on alone
        else:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        ready = installation.installed(world.folder)
        if ready is not None:
            environment = world.folder / "servers" / ready.id
            assert (environment / "tried").exists()
            code = "import filling, torch, zograscope_server"
            python = installation.python_of(world.folder, ready.id)
            assert subprocess.run([python, "-I", "-c", code], check=False).returncode == 0
    said = world.run()
    assert said["state"] == "done"
    world.with_order(action="tidy").run()
    assert world.environments() == [world.installed.id]


def test_two_do_not_fight(world):
    (world.materials / "trial.py").write_text("import time; time.sleep(2)")
    first = world.start()
    while not _is_tried(world):
        time.sleep(0.02)
    (world.materials / "trial.py").write_text("")
    second = world.start()
    assert b'"done"' in second.communicate()[0]
    assert b'"done"' in first.communicate()[0]


# What goes wrong


def test_without_a_network_it_says_so(world):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        index = f"http://127.0.0.1:{nobody.getsockname()[1]}/simple"
        cut = world.with_order(wheelhouse="", online=True, index=index)
        environment = {"UV_HTTP_RETRIES": "0", "UV_PYTHON_DOWNLOADS": "never"}
        said = _with_environment(environment, cut)
    assert (said["state"], said["code"]) == ("failed", "no-network")
    assert world.installed is None


def _with_environment(changes: dict[str, str], world) -> dict:
    kept = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        return world.run()
    finally:
        for name, value in kept.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def test_a_package_that_is_missing_is_named(world):
    (world.materials / "server.txt").write_text("filling==2.0\n")
    said = world.run()
    assert said["code"] == "package-missing"
    assert said["facts"]["package"].startswith("filling")


def test_what_was_changed_on_its_way_is_not_installed(world):
    (world.materials / "server.txt").write_text(f"filling==1.0 --hash=sha256:{'0' * 64}\n")
    said = world.run()
    assert said["code"] == "download-damaged"
    assert world.installed is None


@posix
def test_a_full_disk_is_said(world, tmp_path):
    """A file system of a megabyte; where none can be mounted, a limit on files says the same."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=41m", "none", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        said = world.with_order(folder=str(disk / "server")).run()
        assert (said["state"], said["code"]) == ("failed", "no-room")
        assert "GB" in said["facts"]["needed"]
        (disk / "filling").write_bytes(bytes((shutil.disk_usage(disk).free // 4096 - 4) * 4096))
        shutil.rmtree(disk / "server")
        said = world.with_order(folder=str(disk / "server")).run()
        assert (said["state"], said["code"]) == ("failed", "disk-full")
        # Nor does a move leave there what it could not bring.
        (disk / "filling").unlink()
        shutil.rmtree(disk / "server")
        (world.folder / "cache").mkdir(parents=True)
        (world.folder / "cache" / "wheel").write_bytes(bytes(60_000_000))
        move = {"action": "move", "folder": str(disk / "place"), "former": str(world.folder)}
        said = world.with_order(**move).run()
        assert (said["state"], said["code"]) == ("failed", "disk-full")
        assert shutil.disk_usage(disk).used < 1_000_000
        assert (world.folder / "cache" / "wheel").stat().st_size == 60_000_000
    finally:
        subprocess.run(["umount", disk], check=True)


@posix
def test_a_folder_that_cannot_be_written_is_said(world, tmp_path):
    (tmp_path / "file").write_text("")
    said = world.with_order(folder=str(tmp_path / "file" / "server")).run()
    assert (said["state"], said["code"]) == ("failed", "folder-not-writable")


@posix
def test_a_blocked_program_is_said(world, tmp_path):
    uv = tmp_path / "uv"
    uv.write_bytes(b"\x7fELF of another computer")
    said = world.with_order(uv=str(uv)).run()
    assert (said["state"], said["code"]) == ("failed", "program-blocked")


def test_no_python_is_said(world):
    said = world.with_order(python_version="3.2", blenders_python="").run()
    assert (said["state"], said["code"]) == ("failed", "no-python")


def test_blenders_own_python_is_the_last_to_be_asked(world):
    said = world.with_order(python_version="3.2", blenders_python=sys.executable).run()
    assert said["state"] == "done"


def test_a_system_without_torch_is_said(world):
    said = world.with_order(system="macos-x64").run()
    assert (said["state"], said["code"]) == ("failed", "system-unsupported")
