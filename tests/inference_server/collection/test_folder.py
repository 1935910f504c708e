"""A folder's images are found in order, whatever else lies there, and none is opened."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.collection.collection import Collection
from zograscope_server.collection.folder import natural_key, open_folder
from zograscope_server.collection.open import open_collection
from zograscope_server.collection.readable import readable_part
from zograscope_server.errors import ServerError

PERMISSIONS_HOLD = sys.platform != "win32" and os.geteuid() != 0


def fill(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"never opened")


def names(collection: Collection) -> list[str]:
    return [item.name for item in collection.items]


def test_nested_images_in_natural_order(tmp_path: Path) -> None:
    fill(tmp_path, "10.jpg", "2.PNG", "b/1.tif", "b/c d/ü.webp", "a 10/x.jpeg", "a 9/x.jpeg")
    collection = open_folder(tmp_path)
    assert names(collection) == [
        *("2.PNG", "10.jpg", "a 9/x.jpeg", "a 10/x.jpeg", "b/1.tif", "b/c d/ü.webp"),
    ]
    assert collection.name == tmp_path.name
    assert collection.items[-1].location == str(tmp_path / "b/c d/ü.webp")
    assert collection.items[-1].title == "ü"
    assert collection == open_folder(tmp_path)


def test_what_is_passed_over(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg", ".hidden.jpg", "__MACOSX/a.jpg", ".git/b.jpg", "Thumbs.db")
    (tmp_path / "metadata.csv").write_text("file\na.jpg\n")
    collection = open_folder(tmp_path)
    assert names(collection) == ["a.jpg"]
    assert not collection.problems


def test_every_other_file_is_told_with_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, "a.jpg", "notes.txt", "x", "b/IMG.HEIC", "b/page.pdf", "c.nef", "c.xmp", "y.eps")
    (tmp_path / "b" / "metadata.csv").write_text("file\na.jpg\n")
    collection = open_folder(tmp_path)
    assert names(collection) == ["a.jpg"]
    assert [problem.name for problem in collection.problems] == [
        *("c.nef", "y.eps", "b/IMG.HEIC", "b/page.pdf"),
        *("c.xmp", "notes.txt", "x", "b/metadata.csv"),
    ]
    sentences = {problem.name: problem.sentence for problem in collection.problems}
    assert sentences["b/IMG.HEIC"].startswith("b/IMG.HEIC is a HEIC picture, which cannot be read.")
    assert sentences["c.nef"].startswith("c.nef is a camera's raw file")
    assert sentences["x"].startswith("x is no picture, by its name.")
    monkeypatch.setattr("zograscope_server.collection.folder.MOST_OTHERS", 2)
    *_, last = open_folder(tmp_path).problems
    assert last.sentence == "And 2 more files that are no pictures, by their names."


def test_a_table_that_leads_out_of_a_shared_folder_is_not_there(tmp_path: Path) -> None:
    fill(tmp_path, "shared/a.jpg", "secret.jpg")
    (tmp_path / "secret.csv").write_text("file,title\na.jpg,The password\n")
    shared = tmp_path / "shared"
    (shared / "metadata.csv").symlink_to(tmp_path / "secret.csv")
    (shared / "b.jpg").symlink_to(tmp_path / "secret.jpg")

    def check(path: Path) -> None:
        if not path.resolve().is_relative_to(shared):
            raise ServerError("folder-not-shared", path=str(path))

    assert open_folder(shared).items[0].title == "The password"
    (item,) = readable_part(open_folder(shared, check_may_read=check), check).items
    assert (item.name, item.title) == ("a.jpg", "a")
    collection = open_collection(str(shared), tmp_path / "cache", check_may_read=check)
    assert collection.items == (item,)
    (problem,) = collection.problems
    assert problem.sentence == "There is no file b.jpg. Check the name."


def test_a_folder_may_be_called_like_an_image(tmp_path: Path) -> None:
    fill(tmp_path, "scan.jpg/a.png")
    assert names(open_folder(tmp_path)) == ["scan.jpg/a.png"]


def test_relative_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, "inner/a.jpg")
    monkeypatch.chdir(tmp_path / "inner")
    for folder in (".", "../inner"):
        collection = open_folder(Path(folder))
        assert collection.name == "inner"
        assert collection.items[0].location == str(tmp_path / "inner" / "a.jpg")


def test_links_do_not_lead_in_circles(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg", "inner/b.jpg")
    (tmp_path / "inner" / "up").symlink_to(tmp_path)
    (tmp_path / "linked.jpg").symlink_to(tmp_path / "a.jpg")
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nothing")
    (tmp_path / "self.jpg").symlink_to(tmp_path / "self.jpg")
    collection = open_folder(tmp_path)
    assert names(collection) == ["a.jpg", "linked.jpg", "inner/b.jpg"]
    assert [problem.name for problem in collection.problems] == ["gone.jpg", "self.jpg"]


def test_folders_that_cannot_be_read_are_problems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, "a.jpg", "locked/b.jpg", "open/c.jpg")
    locked = tmp_path / "locked"
    if PERMISSIONS_HOLD:
        locked.chmod(0)
    else:
        scan = os.scandir

        def refuse(path: Path) -> object:
            if path == locked:
                raise PermissionError(13, "Permission denied", str(path))
            return scan(path)

        monkeypatch.setattr(os, "scandir", refuse)
    try:
        collection = open_folder(tmp_path)
        with pytest.raises(ZograscopeError) as caught:
            open_folder(locked)
    finally:
        locked.chmod(0o700)
    assert names(collection) == ["a.jpg", "open/c.jpg"]
    (problem,) = collection.problems
    assert problem.name == "locked"
    assert "locked cannot be read" in problem.sentence
    assert caught.value.code == "file-unreadable"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that are no text")
def test_names_that_are_no_text_are_problems(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg")
    fill(tmp_path, os.fsdecode(b"\xff.jpg"), os.fsdecode(b"\xfe/b.jpg"))
    collection = open_folder(tmp_path)
    assert names(collection) == ["a.jpg"]
    assert len(collection.problems) == 2
    for problem in collection.problems:
        assert (problem.name + problem.sentence).encode().isascii()


def test_progress_may_cancel(tmp_path: Path) -> None:
    class Cancelled(Exception):
        pass

    def cancel(fraction: float | None, stage: str, detail: str = "") -> None:
        raise Cancelled(detail)

    fill(tmp_path, *(f"{number}.jpg" for number in range(1000)))
    with pytest.raises(Cancelled, match="1000"):
        open_folder(tmp_path, cancel)


def test_a_table_beside_the_images_tells_about_them(tmp_path: Path) -> None:
    fill(tmp_path, "old_bridge.jpg", "sub/b.jpg", "sub/c.jpg", "x/c.jpg", "unknown.jpg")
    (tmp_path / "metadata.csv").write_text(
        "Filename,Title,Year,Shelf\n"
        "old_bridge.jpg,,1905,A\n"
        "b.jpg,By its name,,B\n"
        "sub\\c.jpg,By its path,,C\n"
        f"{tmp_path / 'x' / 'c.jpg'},By its full path,,D\n"
        "c.jpg,Two have this name,,\n"
        ",,,nothing\n"
    )
    collection = open_folder(tmp_path)
    by_name = {item.name: item for item in collection.items}
    assert len(by_name) == 5
    assert by_name["old_bridge.jpg"].title == "old bridge"
    assert by_name["old_bridge.jpg"].date == 1905.5
    assert by_name["old_bridge.jpg"].fields["Shelf"] == "A"
    assert by_name["sub/b.jpg"].title == "By its name"
    assert by_name["sub/c.jpg"].title == "By its path"
    assert by_name["x/c.jpg"].title == "By its full path"
    assert by_name["unknown.jpg"].title == "unknown"
    assert [problem.name for problem in collection.problems] == [
        *("metadata.csv, row 6", "metadata.csv, row 7"),
    ]


def test_a_table_that_cannot_be_read_is_a_problem_only(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg")
    (tmp_path / "metadata.tsv").write_text("colour\tsize\nred\t3\n")
    collection = open_folder(tmp_path)
    assert names(collection) == ["a.jpg"]
    assert [problem.name for problem in collection.problems] == ["metadata.tsv"]


@given(st.data())
def test_any_names_have_one_order(data: st.DataObject) -> None:
    texts = data.draw(st.lists(st.text(max_size=12)))
    shuffled = data.draw(st.permutations(texts))
    assert sorted(texts, key=natural_key) == sorted(shuffled, key=natural_key)


@given(st.text("ab ", max_size=5), st.integers(0, 10**6), st.integers(0, 10**6))
def test_numbers_count_as_numbers(begin: str, first: int, second: int) -> None:
    keys = [natural_key(f"{begin}{number}.jpg") for number in (first, second)]
    assert (keys[0] < keys[1]) == (first < second)
