"""What an artist sees and presses: the card with its button, and what follows."""

import time
from dataclasses import replace
from pathlib import Path

import bpy
import pytest

PATIENCE = 120.0


@pytest.fixture
def setup(world, modules, monkeypatch, tmp_path):
    """The extension's set-up, in a state folder of the test's own and in a small world."""
    monkeypatch.setenv("ZOGRASCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", "")
    system = bpy.context.preferences.system
    monkeypatch.setattr(system, "use_online_access", True)
    named = modules.watching.preferences.get()
    program, named.server_command = named.server_command, ""  # another test may have named one
    setup = modules.watching.setup
    before = list(setup.listeners)
    setup.listeners.clear()  # there is no server to start
    monkeypatch.setattr(setup, "_order_for", _order_for(setup, world))
    setup.error, setup.notes = None, []
    setup.look()
    yield setup
    setup.listeners[:] = before
    named.server_command = program
    monkeypatch.undo()
    setup.error, setup.notes = None, []
    setup.look()


def _order_for(setup, world):
    def order(action: str, folder: Path | None):
        former = str(setup.folder) if action == "move" else ""
        where = str(folder or setup.folder)
        return replace(world.order, action=action, folder=where, former=former)

    return order


@pytest.fixture
def words(zograscope, modules):
    """words() -> what the card shows."""
    from unittest.mock import MagicMock

    def shown() -> list[str]:
        layout = MagicMock()
        layout.box.return_value = layout.column.return_value = layout.row.return_value = layout
        context = MagicMock()
        context.region.width, context.preferences.system.ui_scale = 300, 1.0
        modules.panels.draw_setup(layout, context, None)
        calls = layout.method_calls
        texts = [call.kwargs.get("text") or "" for call in calls]
        return [*filter(None, texts), *[call.args[0] for call in calls if call[0] == "operator"]]

    return shown


def wait(setup) -> None:
    deadline = time.monotonic() + PATIENCE
    while setup.running:
        assert time.monotonic() < deadline
        time.sleep(0.02)
        setup.tick()


def test_one_button_installs(setup, words, modules):
    preferences = modules.watching.preferences
    assert setup.state == "missing"
    assert preferences.find_command(preferences.get()) is None
    assert bpy.ops.zograscope.install_server() == {"FINISHED"}
    assert setup.running
    assert "zograscope.cancel_setup" in words()
    assert not bpy.ops.zograscope.install_server.poll()
    wait(setup)
    assert setup.error is None
    assert setup.state == "ready"
    python, *options = preferences.find_command(preferences.get())
    assert Path(python).is_file()
    assert options == ["-I", "-m", "zograscope_server.command_line", "serve", "--device", "cpu"]
    assert words() == []


def test_another_server_in_use_is_told(setup):
    told = []
    setup.listeners.append(lambda: told.append(setup.installed))
    bpy.ops.zograscope.install_server()
    wait(setup)
    assert told == [setup.installed]


def test_why_it_failed_is_a_sentence_with_a_button_below(setup, words, world):
    world.decide(job="the network is made of stone")
    bpy.ops.zograscope.install_server()
    wait(setup)
    assert setup.error.code == "setup-trial-failed"
    assert "the network is made of stone" in setup.error.sentence
    shown = words()
    assert "zograscope.install_server" in shown
    assert "the network is made of" in " ".join(shown)
    assert bpy.ops.zograscope.dismiss_setup() == {"FINISHED"}
    assert "the network is made of" not in " ".join(words())


@pytest.mark.parametrize("there", [False, True])
def test_a_place_that_cannot_be_written_is_said(setup, tmp_path, there):
    if there:
        bpy.ops.zograscope.install_server()
        wait(setup)
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "server"
    bpy.ops.zograscope.place_server(directory=str(place))
    if not there:  # where nothing moves, only the button tries the place
        bpy.ops.zograscope.install_server()
    wait(setup)
    assert setup.error.code == "setup-folder-not-writable"
    assert str(place) in setup.error.sentence
    assert setup.state == ("ready" if there else "missing")


def test_killed_it_says_so_and_the_next_click_goes_on(setup, world):
    (world.materials / "trial.py").write_text("import time; time.sleep(60)")
    bpy.ops.zograscope.install_server()
    while setup.progress.get("stage") != "Trying the new server":
        time.sleep(0.02)
        setup.tick()
    setup._process.kill()
    wait(setup)
    assert setup.error.code == "setup-ended"
    assert setup.state == "missing"
    (world.materials / "trial.py").write_text("")
    bpy.ops.zograscope.install_server()
    wait(setup)
    assert setup.state == "ready"


def test_another_blender_sees_how_far_it_is(setup, modules, world):
    (world.materials / "trial.py").write_text("import time; time.sleep(60)")
    bpy.ops.zograscope.install_server()
    other = modules.watching.ServerSetup()
    while not (other.running and other.progress.get("stage") == "Trying the new server"):
        time.sleep(0.02)
        other.tick()
    with pytest.raises(modules.errors.SetupError, match="Another Blender"):
        other.begin("install")
    other.cancel()
    wait(setup)
    wait(other)
    assert setup.error is None
    assert setup.state == "missing"


def test_an_older_server_is_offered_an_update_and_a_newer_one_is_used(setup, words, modules):
    installation = modules.installation
    for version, state in (("0.0.9", "older"), ("9.0.0", "newer")):
        python = installation.python_of(setup.folder, "one")
        python.parent.mkdir(parents=True, exist_ok=True)
        python.write_text("")
        installation.switch_to(
            setup.folder, installation.Installation("one", version, "cpu", "cpu")
        )
        setup.look()
        assert setup.state == state
        assert ("zograscope.install_server" in words()) is (state == "older")
    python.unlink()
    setup.look()
    assert setup.state == "broken"
    assert "zograscope.repair_server" in words()


def test_offline_blender_asks_as_blender_asks(setup, words, monkeypatch, modules):
    bpy.context.preferences.system.use_online_access = False
    assert "extensions.userpref_allow_online" in words()
    monkeypatch.undo()
    with pytest.raises(modules.errors.SetupError, match="offline"):
        modules.watching._check(modules.orders.Order("install", "/x", system="linux-x64"))


def test_a_place_with_other_files_gets_a_folder_of_its_own(setup, tmp_path):
    (tmp_path / "disk").mkdir()
    bpy.ops.zograscope.place_server(directory=str(tmp_path / "disk"))
    assert setup.folder == tmp_path / "disk"
    (tmp_path / "disk" / "letter.txt").write_text("Dear Ada")
    bpy.ops.zograscope.place_server(directory=str(tmp_path / "disk"))
    assert setup.folder == tmp_path / "disk" / "zograscope-server"


def test_it_moves_and_is_removed(setup, tmp_path):
    bpy.ops.zograscope.install_server()
    wait(setup)
    former = setup.folder
    bpy.ops.zograscope.place_server(directory=str(tmp_path / "new place"))
    wait(setup)
    assert setup.error is None
    assert setup.folder == tmp_path / "new place"
    assert setup.state == "ready"
    setup.tidy()
    setup._tidying.communicate()
    assert not former.exists()
    assert bpy.ops.zograscope.remove_server() == {"FINISHED"}
    wait(setup)
    assert setup.state == "missing"
    assert setup.folder == tmp_path / "home" / "server"


def test_what_the_zip_brings(modules):
    names = {path.name.split("-")[0] for path in modules.watching.own_wheels()}
    assert names == {"zograscope_server", "zograscope_protocol", "pyvips"}
    assert modules.watching.uv_program().is_file()
    assert modules.watching.version() == "0.1.0"


def test_no_list_names_an_address(modules):
    for path in (modules.watching.HERE / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "://" not in text
        assert "--index" not in text
        entries = [line for line in text.splitlines() if line[:1].isalnum()]
        assert entries
        assert all("==" in entry and entry.endswith("\\") for entry in entries)  # sums follow
