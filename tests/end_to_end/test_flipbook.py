"""A third capability moves in: its own folders, one line in each house, and it is there."""

import difflib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.errors import ZograscopeError

FOLDER = Path(__file__).parent / "flipbook"
# Each house's folder of capabilities, and its list of them, where it has one.
HOUSES = {
    "protocol": ("zograscope_protocol", None),
    "inference_server": ("zograscope_server", "zograscope_server/capabilities.py"),
    "blender_addon": (".", "capabilities.py"),
}
LAST_NAME = '    "mosaic",\n'


@pytest.fixture(scope="module")
def town(repository, tmp_path_factory) -> Path:
    """A copy of the houses, in which the third capability lives too."""
    town = tmp_path_factory.mktemp("town")
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "build", "wheels")
    for house in (*HOUSES, "tools", "docs"):
        shutil.copytree(repository / house, town / house, ignore=ignored)
    shutil.copytree(repository, town, dirs_exist_ok=True, ignore=_folders)
    for house, (package, names) in HOUSES.items():
        shutil.copytree(FOLDER / house, town / house / package, dirs_exist_ok=True)
        if names:
            path = town / house / names
            before = path.read_text("utf-8")
            path.write_text(before.replace(LAST_NAME, f'{LAST_NAME}    "flipbook",\n'), "utf-8")
    return town


def _folders(folder: str, names: list[str]) -> list[str]:
    """Name the folders, which are left out: of the repository's root only files are copied."""
    return [name for name in names if (Path(folder) / name).is_dir()]


@pytest.fixture(scope="module")
def environment(town, tmp_path_factory, blender_python) -> dict[str, str]:
    """The environment in which these houses are the ones that are found."""
    built = tmp_path_factory.mktemp("extension")
    tool = town / "tools" / "build_extension.py"
    command = [blender_python, tool, "--platform", "current", "--output", built]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    houses = os.pathsep.join(str(town / house) for house in ("protocol", "inference_server"))
    return os.environ | {
        "PYTHONPATH": houses,
        "ZOGRASCOPE_HOME": str(tmp_path_factory.mktemp("home")),
        "ZOGRASCOPE_EXTENSION": str(built),
        "ZOGRASCOPE_BLENDER": str(blender_python),
        "OMP_NUM_THREADS": "1",
    }


def run(environment, *arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "zograscope_server.command_line", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_it_touches_its_own_folders_and_one_line_in_each_house(repository, town):
    for house, (_, names) in HOUSES.items():
        changed = [
            path.relative_to(town)
            for path in (town / house).rglob("*")
            if path.is_file()
            and "flipbook" not in path.relative_to(town).parts
            and path.read_bytes() != (repository / path.relative_to(town)).read_bytes()
        ]
        assert changed == ([Path(house, names)] if names else [])
        for path in changed:
            texts = [(root / path).read_text("utf-8").splitlines() for root in (repository, town)]
            lines = list(difflib.unified_diff(*texts, n=0, lineterm=""))[3:]
            assert lines == ['+    "flipbook",']


def test_its_command_makes_a_scene_of_ten_frames(environment, blender_python, tmp_path):
    output = tmp_path / "film.blend"
    done = run(environment, "flipbook", "Hello", "--output", output, "--size", 64)
    assert done.returncode == 0, done.stderr
    assert f"scene: {output}" in done.stdout
    frames = sorted((tmp_path / "film").iterdir())
    assert [path.name for path in frames] == [f"{number:04d}.png" for number in range(1, 11)]
    assert len({path.read_bytes() for path in frames}) == 10
    look = (
        f"import bpy, json; bpy.ops.wm.open_mainfile(filepath={str(output)!r}); scene = bpy.context"
        ".scene; image = bpy.data.images['Hello']; print(json.dumps([image.source, image.filepath,"
        " scene.frame_end, scene.render.resolution_x]))"
    )
    found = subprocess.run(
        [blender_python, "-c", look], capture_output=True, text=True, check=True
    ).stdout
    assert json.loads(found.splitlines()[-1]) == ["SEQUENCE", "//film/0001.png", 10, 64]


def test_its_sentence_reaches_the_terminal(environment, tmp_path):
    done = run(environment, "flipbook", "Incomprehensibilities", "--output", tmp_path / "a.blend")
    assert done.returncode == 1
    assert "'Incomprehensibilities' has 21 letters and does not fit on a page" in done.stderr
    done = run(environment, "flipbook", "A", "--output", tmp_path / "a.blend", "--frames", 0)
    assert "frames is 0, but must be from 1" in done.stderr


def test_its_page_describes_all_that_its_task_can_be_asked(environment, town):
    """The very test that holds the project's own specification runs in the copied houses."""
    tests = town / "tests"
    shutil.copytree(Path(__file__).parents[1] / "inference_server", tests / "inference_server")
    shutil.copy(Path(__file__).parents[1] / "conftest.py", tests)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("--rootdir", town, tests / "inference_server" / "test_specification.py"),
        ],
        env=environment,
        cwd=town,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    look = "from zograscope_server.tasks import load_tasks; print(*load_tasks())"
    tasks = subprocess.run(
        [sys.executable, "-c", look], env=environment, capture_output=True, text=True, check=True
    )
    assert "flipbook" in tasks.stdout.split()


def test_its_frames_stream_and_pause_at_the_server(environment):
    state = Path(environment["ZOGRASCOPE_HOME"])
    command = [sys.executable, "-m", "zograscope_server.command_line", "serve", "--device", "cpu"]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        assert "ready" in server.stdout.readline()
        with BlockingClient(state, folder=state) as client:
            job = client.submit("flipbook", {"word": "Slow", "frames": 12, "seconds": 0.1}, {})
            job.follow()
            while job.parts < 2:
                client.client.wait(0.1)
                client.client.poll()
            client.pause(job)
            assert 2 <= job.parts < 12
            client.resume(job)
            client.client.forget(job)
            again = client.attach(job.id)
            taken = [part.number for part in client.parts(again)]
            assert taken == list(range(12))
            with pytest.raises(ZograscopeError) as caught:
                client.run("flipbook", {"word": "Incomprehensibilities"}, {})
            assert caught.value.code == "word-too-long"
    finally:
        server.terminate()
        server.wait()


IN_BLENDER = """
import importlib, json, os, sys, time
import bpy

home, zips = os.environ["ZOGRASCOPE_HOME"], sys.argv[1:]
variant = "blender-4.5" if bpy.app.version < (5, 1, 0) else "blender-5.1"
(path,) = [path for path in zips if variant in path]
bpy.ops.extensions.package_install_files(
    filepath=path, repo="user_default", enable_on_install=True
)
name = "bl_ext.user_default.zograscope"
link = importlib.import_module(name + ".server_link").link
bpy.context.preferences.addons[name].preferences.server_command = os.environ["SERVER"]
scene = bpy.context.scene
bpy.ops.wm.save_as_mainfile(filepath=os.path.join(home, "artist.blend"))
scene.zograscope_flipbook.word = "Blender"
bpy.ops.zograscope.draw_flipbook()
assert not bpy.ops.zograscope.draw_flipbook.poll(), "one at a time for a scene"
assert bpy.ops.zograscope.build_diorama.poll(), "it stops nobody else"
deadline = time.monotonic() + 120
while link.jobs and time.monotonic() < deadline:
    time.sleep(min(link.tick(), 0.02))
image = bpy.data.images["Blender"]
own = bpy.data.scenes["Blender"]
error = str(link.errors[0]) if link.errors else ""
print(json.dumps({
    "error": error,
    "path": image.filepath,
    "end": own.frame_end,
    "panel": hasattr(bpy.types, "ZOGRASCOPE_PT_flipbook"),
    "files": len(os.listdir(os.path.join(home, "Blender"))),
}))
scene.zograscope_flipbook.word = "Incomprehensibilities"
bpy.context.window_manager.windows[0].scene = scene
bpy.ops.zograscope.draw_flipbook()
while link.jobs and time.monotonic() < deadline:
    time.sleep(min(link.tick(), 0.02))
print(json.dumps(link.errors[-1].sentence))
link.process.stop()
"""


@pytest.mark.parametrize("version", ["5.2", "4.5"])
def test_its_frames_appear_in_the_artist_s_file(environment, repository, tmp_path, version):
    python = repository / f".venv-blender-{version}" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"no Python with bpy at {python}; `make setup` makes one")
    (tmp_path / "resources").mkdir()
    here = {
        "ZOGRASCOPE_HOME": str(tmp_path),
        "BLENDER_USER_RESOURCES": str(tmp_path / "resources"),
        "SERVER": str(Path(sys.executable).with_name("zograscope")),
    }
    zips = map(str, Path(environment["ZOGRASCOPE_EXTENSION"]).glob("zograscope-*.zip"))
    done = subprocess.run(
        [python, "-c", IN_BLENDER, *zips],
        env=environment | here,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    *_, told, sentence = done.stdout.strip().splitlines()
    assert json.loads(told) == {
        "error": "",
        "path": "//Blender/0001.png",
        "end": 10,
        "panel": True,
        "files": 10,
    }
    assert "does not fit on a page" in json.loads(sentence)
