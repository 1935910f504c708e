"""Nothing is lost, nothing is in the way: what needs a real window to be seen.

State is read from inside Blender; out/window keeps a picture of each test. The same defects without
a window are in tests/blender_addon/test_nothing_is_lost.py.
"""

import time
from pathlib import Path

import numpy as np
import pytest

LANDSCAPE, PORTRAIT = (480, 320), (240, 640)  # width and height
LARGE = (4800, 3200)  # which takes the server some seconds
MARGIN = 1.0  # pixels
ANOTHER_KEY = 0.5  # seconds after which Esc is no longer the one that ended playback


def photograph(folder: Path, size: tuple[int, int], name: str) -> Path:
    """Draw a picture that is always another one, so that no answer is there already."""
    import cv2

    width, height = size
    y, x = np.mgrid[:height, :width]
    noise = np.random.default_rng().integers(0, 32, (height, width))
    sky = np.clip(220 - 150 * y / height, 0, 255)
    tower = (abs(x - width / 2) < width / 8) & (y > height / 4)
    grey = np.where(tower, 90 + noise, sky + noise / 4)
    picture = np.stack([grey, grey * 0.95, grey * 0.8], axis=2).clip(0, 255).astype(np.uint8)
    path = folder / f"{name}.png"
    cv2.imwrite(str(path), picture)
    return path


def read(picture: Path) -> np.ndarray:
    import cv2

    return cv2.imread(str(picture))


@pytest.fixture
def build(window, folder):
    """build(name, size) presses Build Diorama for a new picture."""

    def build(name: str, size: tuple[int, int] = LANDSCAPE) -> None:
        window.ask("build", photograph=window.name_of(photograph(folder, size, name)))

    return build


def test_from_an_empty_user_folder_the_sidebar_is_there(window):
    assert window.ask("show_tab") == "Zograscope"
    assert window.ask("state")["errors"] == []
    assert len(np.unique(read(window.picture("sidebar")))) > 100, "nothing was drawn"


def test_undo_and_a_new_name_while_the_job_runs_lose_nothing(window, build):
    build("undone")
    window.ask("add_empty", name="mine")
    assert "mine" in window.ask("state")["objects"]
    window.ask("key", kind="Z", ctrl=True)
    state = window.state_when(lambda state: "mine" not in state["objects"], "undo")
    assert state["jobs"] and not state["dioramas"], "the picture was too quick for this test"
    window.ask("rename_scene", name="Renamed")
    state = window.built()
    assert state["errors"] == []
    assert state["dioramas"] == ["undone"]
    assert "Renamed" in state["scenes"]
    window.picture("undo")


def test_esc_in_playback_ends_playback_and_not_the_job(window, build):
    """And asks nothing, though Blender passes the same Esc on; the next one is asked about."""
    build("played", LARGE)
    window.ask("key", kind="SPACE")
    window.wait_for(lambda: window.ask("is_playing"), "playback")
    assert window.ask("state")["jobs"], "the picture was too quick for this test"
    window.ask("key", kind="ESC")
    window.wait_for(lambda: not window.ask("is_playing"), "end of playback")
    state = window.ask("state")
    assert state["jobs"] and state["questions"] == 0
    time.sleep(ANOTHER_KEY)
    window.ask("key", kind="ESC")
    window.state_when(lambda state: state["questions"] == 1 or not state["jobs"], "question")
    window.picture("esc_asks")
    window.ask("key", kind="ESC")  # answers: no
    state = window.built()
    assert state["questions"] == 1
    assert state["errors"] == []
    assert state["dioramas"] == ["played"]
    window.picture("esc")


def test_the_viewport_is_given_back(window, build):
    before = window.ask("state")
    build("deleted")
    built = window.built()
    assert built["look"] != before["look"]
    window.picture("viewport_built")
    window.ask("delete_diorama")
    after = window.state_when(lambda state: state["look"] == before["look"], "former look")
    assert after["dioramas"] == []
    assert (after["scene"], after["objects"]) == (before["scene"], before["objects"])
    window.picture("viewport_given_back")


def test_a_photograph_in_portrait_format_fits_the_view(window, build):
    build("upright", PORTRAIT)
    assert window.built()["errors"] == []
    window.picture("portrait_format")
    seen = window.ask("frame_in_view")
    left, bottom, right, top = seen["frame"]
    assert (right - left) / (top - bottom) == pytest.approx(PORTRAIT[0] / PORTRAIT[1], rel=0.01)
    _, _, width, height = seen["region"]
    assert min(left, bottom) > -MARGIN
    assert right < width + MARGIN and top < height + MARGIN
    assert top - bottom > height / 2, "it is not shown small either"
