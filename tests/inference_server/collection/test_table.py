"""Tables of files with metadata are read as programs write them, and say what they lack."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.collection.table import open_table


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three files, which tables name and nobody opens."""
    for name in ("a.jpg", "b.jpg", "sub/ü.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    return tmp_path


def write(folder: Path, text: str, name: str = "table.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def test_known_columns_and_fields(folder: Path) -> None:
    path = write(
        folder,
        "Filename,dc:title,dcterms:created,dc:creator,dc:rights,URL,Signatur,Leer\n"
        'a.jpg,"Bern, Altstadt",ca. 1905,Anna Muster,CC0,https://example.org/a,K 12,\n',
    )
    collection = open_table(path)
    assert collection.name == "table"
    (item,) = collection.items
    assert (item.name, item.location) == ("a.jpg", str(folder / "a.jpg"))
    assert (item.title, item.date, item.creator) == ("Bern, Altstadt", 1905.5, "Anna Muster")
    assert (item.rights, item.link) == ("CC0", "https://example.org/a")
    assert item.fields == {"dcterms:created": "ca. 1905", "Signatur": "K 12"}


@pytest.mark.parametrize(
    "header",
    [
        "Datei;Titel;Jahr;Urheber;Rechte",
        "Bild;Bezeichnung;Datierung;Künstler;Lizenz",
        "Nom de fichier;Titre;Année;Auteur;Droits",
    ],
)
def test_german_and_french(folder: Path, header: str) -> None:
    path = write(folder, f"{header}\nsub/ü.png;Zürich;1910;Müller;frei\n")
    (item,) = open_table(path).items
    assert (item.title, item.date, item.creator, item.rights) == (
        *("Zürich", 1910.5, "Müller", "frei"),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_encodings_delimiters_and_line_ends(
    folder: Path, encoding: str, delimiter: str, ending: str
) -> None:
    lines = ["file,title", "sub/ü.png,Zürich", "a.jpg,Bern"]
    text = ending.join(lines).replace(",", delimiter)
    items = open_table(write(folder, text, encoding=encoding)).items
    assert [(item.name, item.title) for item in items] == [
        ("sub/ü.png", "Zürich"),
        ("a.jpg", "Bern"),
    ]


def test_missing_files_are_problems_with_their_row(folder: Path) -> None:
    path = write(folder, "title,file\nA,a.jpg\nGone,gone.jpg\n\nNameless,\nB,b.jpg\n")
    collection = open_table(path)
    assert [item.name for item in collection.items] == ["a.jpg", "b.jpg"]
    assert [problem.name for problem in collection.problems] == ["row 3 gone.jpg", "row 5"]
    assert "gone.jpg" in collection.problems[0].sentence
    assert "file" in collection.problems[1].sentence


def test_all_files_missing_is_not_a_missing_column(folder: Path) -> None:
    collection = open_table(write(folder, "file\nx.jpg\ny.jpg\n"))
    assert not collection.items
    assert len(collection.problems) == 2


def test_the_column_is_found_by_what_it_holds(folder: Path) -> None:
    path = write(
        folder, "what,scan,url\nA,a.jpg,https://example.org/1\nB,b.jpg,https://example.org/2\n"
    )
    items = open_table(path).items
    assert [item.name for item in items] == ["a.jpg", "b.jpg"]
    assert items[0].link == "https://example.org/1"


def test_a_column_called_image_may_hold_something_else(folder: Path) -> None:
    path = write(folder, "image,datei\nBern,a.jpg\nBasel,b.jpg\n")
    assert [item.fields["image"] for item in open_table(path).items] == ["Bern", "Basel"]


def test_web_addresses_are_images_too(folder: Path) -> None:
    path = write(folder, "url,title\nhttps://example.org/iiif/x%20y.jpg,X\nhttp://example.org/z,\n")
    first, second = open_table(path).items
    assert (first.name, first.location) == ("x y.jpg", "https://example.org/iiif/x%20y.jpg")
    assert (second.name, second.title) == ("z", "z")


def test_odd_addresses_are_left_to_who_fetches_them(folder: Path) -> None:
    path = write(folder, "url\nhttp://[x\nhttps://example.org/?image=1\n")
    assert [item.name for item in open_table(path).items] == [
        *("http://[x", "https://example.org/?image=1"),
    ]


def test_paths_as_on_windows_and_absolute(folder: Path) -> None:
    path = write(folder, f"file\nsub\\ü.png\n{folder / 'b.jpg'}\n")
    items = open_table(path).items
    assert [Path(item.location) for item in items] == [folder / "sub/ü.png", folder / "b.jpg"]
    assert [item.name for item in items] == ["sub/ü.png", "b.jpg"]


def test_titles_come_from_names_where_there_are_none(folder: Path) -> None:
    (folder / "old_bridge.jpg").write_bytes(b"")
    (item,) = open_table(write(folder, "file\nold_bridge.jpg\n")).items
    assert item.title == "old bridge"


def test_short_long_and_doubled_columns(folder: Path) -> None:
    path = write(folder, "file,Subject,Subject,\na.jpg,bridge,river,x,y\nb.jpg\n")
    first, second = open_table(path).items
    assert first.fields == {"Subject": "bridge; river", "column 4": "x"}
    assert second.fields == {}


def test_quoted_cells_have_lines_and_stray_quotes_lose_no_rows(folder: Path) -> None:
    (item,) = open_table(write(folder, 'file,note\na.jpg,"two\nlines, one cell"\n')).items
    assert item.fields["note"] == "two\nlines, one cell"
    tsv = write(folder, 'file\tnote\na.jpg\t"Bern\nb.jpg\tx\n', "table.tsv")
    assert [item.fields["note"] for item in open_table(tsv).items] == ['"Bern', "x"]
    with pytest.raises(ZograscopeError) as caught:
        open_table(write(folder, 'file,note\na.jpg,"Bern\nb.jpg,x\n'))
    assert caught.value.code == "table-unreadable"
    assert "line 3" in caught.value.details


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "table-unreadable"), ("\n\n", "table-unreadable"), ("a,b\n1,2\n", "table-without-files")],
)
def test_what_is_no_table_of_files(folder: Path, text: str, code: str) -> None:
    with pytest.raises(ZograscopeError) as caught:
        open_table(write(folder, text))
    assert caught.value.code == code


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ZograscopeError) as caught:
        open_table(tmp_path / "no.csv")
    assert caught.value.code == "file-not-found"


@given(data=st.binary(max_size=300) | st.text("file,;\t\"'\n\r\0äa.jpg/\\:").map(str.encode))
def test_any_bytes_are_a_table_or_a_clear_error(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(data)
    try:
        open_table(path)
    except ZograscopeError as error:
        assert error.code in ("table-unreadable", "table-without-files")


def test_what_must_not_be_read_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    for path in (shared / "a.jpg", tmp_path / "secret.jpg"):
        path.write_bytes(b"x")
    (shared / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    rows = ("a.jpg", "link.jpg", "../secret.jpg", str(tmp_path / "secret.jpg"), "../nothing.jpg")
    path = write(shared, "\n".join(("file", *rows)))

    def check(path: Path) -> None:
        if not path.resolve().is_relative_to(shared):
            raise ZograscopeError("file-unreadable", path=str(path))

    assert len(open_table(path).items) == 4
    collection = open_table(path, check_may_read=check)
    assert [item.name for item in collection.items] == ["a.jpg"]
    said = [problem.sentence for problem in collection.problems]
    assert said == [f"There is no file {name}. Check the name." for name in rows[1:]]


def test_a_table_of_too_many_cells_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zograscope_server.collection.table.MOST_CELLS", 1000)
    path = write(tmp_path, "file\na.jpg\n" + "," * 1000)
    with pytest.raises(ZograscopeError) as caught:
        open_table(path)
    assert caught.value.code == "table-unreadable"
