"""A table of image files and their metadata as a collection: CSV or TSV, as programs write them."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from zograscope_protocol.errors import ZograscopeError

from zograscope_server.collection.collection import Collection, Item, Problem
from zograscope_server.collection.errors import CollectionError
from zograscope_server.collection.fetching import is_address
from zograscope_server.collection.file_names import could_be_image, name_of, title_of
from zograscope_server.collection.files import MOST_TABLE, read_file
from zograscope_server.collection.metadata import plain_label, with_metadata
from zograscope_server.collection.readable import CheckMayRead, anything, may_read
from zograscope_server.progress import OnProgress, no_progress

FILE = (  # names of the column with the file, better ones first
    *("file", "filename", "filepath", "path", "imagefile", "imagepath", "imagefilename", "image"),
    *("img", "datei", "dateiname", "dateipfad", "pfad", "bild", "bilddatei", "fichier"),
    *("nomdefichier", "nomfichier", "chemin", "imageurl", "imageuri", "iiifimage", "url", "src"),
)
DELIMITERS = ",;\t|"
TRIED_ROWS = 50  # in which files are looked for, to find their column
TOLD_EVERY = 1000
MOST_CELLS = 50_000_000


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        place: how people find it, such as "row 7"; the row of column names is row 1.
        file: the path or address of the image, as written; may be empty.
        pairs: the texts of the other columns by the columns' names.
    """

    place: str
    file: str
    pairs: dict[str, str]


@dataclass(frozen=True)
class Table:
    """The rows of a table, and the name of the column with the files."""

    file_column: str
    rows: tuple[Row, ...]


def open_table(
    path: Path,
    on_progress: OnProgress = no_progress,
    check_may_read: CheckMayRead = anything,
) -> Collection:
    """Open a CSV or TSV file; its first row names the columns, one of which names the images.

    Images are paths from the table's folder, or web addresses. Rows whose image is missing are
    left out, as problems; so are those whose image `check_may_read` refuses.

    Raises:
        ZograscopeError: as `read_table`.
    """
    table = read_table(path, check_may_read)
    items, problems = [], []
    for number, row in enumerate(table.rows):
        if number % TOLD_EVERY == 0:
            on_progress(number / len(table.rows), "Looking for the table's images")
        try:
            items.append(_item(row, table.file_column, path.parent, check_may_read))
        except ZograscopeError as error:
            problems.append(Problem(f"{row.place} {row.file}".strip(), error.sentence))
    return Collection(path.stem, tuple(items), tuple(problems))


def read_table(path: Path, check_may_read: CheckMayRead = anything) -> Table:
    """Read a table without looking whether its images are there.

    Raises:
        ZograscopeError: as `read_file`, `table-unreadable`, `table-without-files`.
    """
    numbered = [
        (number, [cell.strip() for cell in record])
        for number, record in enumerate(_records(path), start=1)
        if any(cell.strip() for cell in record)
    ]
    if not numbered:
        raise CollectionError("table-unreadable", "it is empty", path=str(path))
    (_, header), *body = numbered
    tried = [record for _, record in body[:TRIED_ROWS]]
    column = _file_column(header, tried, path.parent, check_may_read)
    if column is None:
        raise CollectionError(
            "table-without-files", f"its columns: {', '.join(header)}", path=str(path)
        )
    rows = tuple(_row(number, header, column, record) for number, record in body)
    return Table(header[column], rows)


def find_file(folder: Path, written: str, check_may_read: CheckMayRead = anything) -> Path | None:
    """Return the file that a table in a folder means, or None where it is not there for us."""
    for name in (written, written.replace("\\", "/")):  # as on Windows
        path = folder / name
        try:
            if path.is_file() and may_read(path, check_may_read):
                return path.absolute()
        except (OSError, ValueError):  # no possible name of a file
            continue
    return None


def _decode(path: Path) -> str:
    """Return a text file's text, in Unicode or as Windows used to write it."""
    data = read_file(path, MOST_TABLE)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _records(path: Path) -> list[list[str]]:
    """Return the cells of a table; what divides them is what the first row has most of."""
    text = _decode(path)
    first_line = re.split(r"[\r\n]", text.lstrip("\r\n"), maxsplit=1)[0]
    delimiter = max(DELIMITERS, key=first_line.count)
    cells = text.count(delimiter) + text.count("\n")
    if cells > MOST_CELLS:
        raise CollectionError("table-unreadable", f"{cells} cells", path=str(path))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return list(reader)
    except csv.Error as error:
        if delimiter == "\t":  # where quotation marks are often meant as such
            return [line.split("\t") for line in text.splitlines()]
        problem = f"{error}, in or before line {reader.line_num}"
        raise CollectionError("table-unreadable", problem, path=str(path)) from error


def _file_column(
    header: Sequence[str],
    records: Sequence[Sequence[str]],
    folder: Path,
    check_may_read: CheckMayRead,
) -> int | None:
    """Find the column with images: by its name if one of them is there, else by what it holds."""

    def share_found(column: int) -> float:
        texts = [record[column] for record in records if len(record) > column and record[column]]
        found = sum(_means_image(folder, text, check_may_read) for text in texts)
        return found / max(len(texts), 1)

    labels = [plain_label(name) for name in header]
    named = [labels.index(name) for name in FILE if name in labels]
    for column in named:
        if share_found(column) > 0:
            return column
    for column in range(len(header)):
        if share_found(column) > 0.5:
            return column
    return named[0] if named else None


def _means_image(folder: Path, text: str, check_may_read: CheckMayRead) -> bool:
    if is_address(text):
        return could_be_image(name_of(text))
    return find_file(folder, text, check_may_read) is not None


def _row(number: int, header: Sequence[str], column: int, record: Sequence[str]) -> Row:
    pairs: dict[str, str] = {}
    for place, (name, text) in enumerate(zip(header, record, strict=False)):
        if place != column and text:
            label = name or f"column {place + 1}"
            pairs[label] = f"{pairs[label]}; {text}" if label in pairs else text
    return Row(f"row {number}", record[column] if len(record) > column else "", pairs)


def _item(row: Row, file_column: str, folder: Path, check_may_read: CheckMayRead) -> Item:
    """Return a row's image with its metadata; raises ZograscopeError where it is not there."""
    if not row.file:
        raise CollectionError("row-without-file", column=file_column)
    if is_address(row.file):
        item = Item(name_of(row.file), row.file)
    else:
        path = find_file(folder, row.file, check_may_read)
        if path is None:
            raise ZograscopeError("file-not-found", path=row.file)
        absolute = Path(row.file).is_absolute()  # then its folders are nobody else's business
        item = Item(path.name if absolute else row.file.replace("\\", "/"), str(path))
    item = with_metadata(item, row.pairs)
    return item if item.title else replace(item, title=title_of(item.name))
