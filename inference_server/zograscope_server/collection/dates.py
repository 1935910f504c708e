"""Reads when something was made from what catalogues write about it."""

import re
from datetime import date

FIRST_YEAR, LAST_YEAR = 1000, 2100  # other numbers of four digits are hardly years

_MONTHS = {  # English, German and French, by their beginnings
    "jan": 1, "jän": 1, "fév": 2, "fev": 2, "feb": 2, "mar": 3, "mär": 3, "mrz": 3,
    "apr": 4, "avr": 4, "mai": 5, "may": 5, "juin": 6, "jun": 6, "juil": 7, "jul": 7,
    "aug": 8, "aoû": 8, "aou": 8, "sep": 9, "okt": 10, "oct": 10, "nov": 11,
    "dez": 12, "dec": 12, "déc": 12,
}  # fmt: skip
_ROMAN = {
    "xi": 11, "xii": 12, "xiii": 13, "xiv": 14, "xv": 15, "xvi": 16, "xvii": 17,
    "xviii": 18, "xix": 19, "xx": 20, "xxi": 21,
}  # fmt: skip

_YEAR = r"(?<!\d)(\d{4})(?!\d)"
_DAY = r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|\.)?"
_MONTH = rf"\b({'|'.join(_MONTHS)})[^\W\d]*\.?"
_ABOUT = r"(?:(?:ca?|um|vers)\.?\s*)?"
_TO = rf"[\s?\])]*(?:[-–—/]|\b(?:bis|to|until|and|or|und|oder|et|ou|à)\b)[\s\[(]*{_ABOUT}"
_CENTURY_WORD = r"(?:st|nd|rd|th|e|ème|\.)?[\s-]+(?:century|cent\b|c\.|jh|jahrh|siècle)"

_BEFORE_CHRIST = re.compile(r"^-\d|\bb\.?\s?c\.?(?:e\.?)?(?!\w)|\bv\.\s?chr|\bav\.\s?j")
_DECIMAL = re.compile(r"\d{4}\.\d+")
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)")
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})([-/.:])(\d{1,2})\2(\d{1,2})(?!\d)")
_YEAR_LAST = re.compile(r"(?<!\d)(\d{1,2})([-/.])\s?(\d{1,2})\2\s?(\d{4})(?!\d)")
_YEAR_AND_MONTH = re.compile(r"(?<!\d)(\d{4})[-:](\d\d)(?![-–/:]?\d)")
_DAY_MONTH_YEAR = re.compile(rf"(?:{_DAY}\s+)?{_MONTH}\s+{_YEAR}")
_MONTH_DAY_YEAR = re.compile(rf"{_MONTH}\s+{_DAY},?\s+{_YEAR}")
_CENTURY = re.compile(rf"(?<!\d)(?:(\d\d)|\b([xvi]+?)){_CENTURY_WORD}")
_YEARS = re.compile(rf"{_YEAR}{_TO}{_YEAR}")
_SHORT_YEARS = re.compile(r"(?<!\d)(\d\d)(\d\d)\s?[-–—/]\s?(\d\d)(?!\d)")
_DECADE = re.compile(r"(?<!\d)(\d{3})(?:0['’]?(?:s|er)\b|[-?xu_](?![\w-]))")
_HUNDRED = re.compile(r"(?<!\d)(\d\d)(?:00['’]?s\b|-{2}|\?{2}|[xu_]{2}(?!\w))")
_ONE_YEAR = re.compile(_YEAR)


def parse_year(text: str) -> float | None:
    """Return the decimal year that a text names, or None where it names none.

    It is the middle of what is said: "1910" gives 1910.5, "1890-1895" 1893.0, "May 1910" the
    middle of May, "18th century" and "17--" 1750.0, "189-" 1895.0. Whether it is sure ("ca.",
    "[1850?]") makes no difference. In 5/12/1910 the day comes first, unless it cannot. Of several
    dates that are no range, the first counts. Years before FIRST_YEAR are not understood.
    """
    text = text.casefold().strip()
    if _BEFORE_CHRIST.search(text):
        return None
    if _DECIMAL.fullmatch(text):
        return _plausible(float(text))
    for read in (_range, _numeric_date, _date_with_month_name, _century_or_decade, _one_year):
        year = read(text)
        if year is not None:
            return _plausible(year)
    return None


def _range(text: str) -> float | None:
    """Read 1890-1895 and 1890-95; 1905-06 is rather a month."""
    if found := _YEARS.search(text):
        first, last = int(found[1]), int(found[2])
    elif (found := _SHORT_YEARS.search(text)) and _numeric_date(text) is None:
        first, last = int(found[1] + found[2]), int(found[1] + found[3])
    else:
        return None
    return (first + last + 1) / 2 if first <= last else None


def _numeric_date(text: str) -> float | None:
    """Read 2003-05-12, 2003:05:12, 2003-05, 20030512, 12.5.1910 and 5/12/1910."""
    if found := _COMPACT.fullmatch(text):
        return _middle(int(found[1]), int(found[2]), int(found[3]))
    if found := _YEAR_FIRST.search(text):
        return _middle(int(found[1]), int(found[3]), int(found[4]))
    if found := _YEAR_LAST.search(text):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        return _middle(year, second, first) or _middle(year, first, second)
    if found := _YEAR_AND_MONTH.search(text):
        return _middle(int(found[1]), int(found[2]))
    return None


def _date_with_month_name(text: str) -> float | None:
    if found := _DAY_MONTH_YEAR.search(text):
        day, month, year = found.groups()
    elif found := _MONTH_DAY_YEAR.search(text):
        month, day, year = found.groups()
    else:
        return None
    return _middle(int(year), _MONTHS[month], int(day) if day else None)


def _century_or_decade(text: str) -> float | None:
    """Read 18th century, XVIIIe siècle, 1890s, 189- and 17--."""
    if found := _CENTURY.search(text):
        number = int(found[1]) if found[1] else _ROMAN.get(found[2])
        return None if number is None else number * 100.0 - 50
    if found := _HUNDRED.search(text):
        return int(found[1]) * 100.0 + 50
    if found := _DECADE.search(text):
        return int(found[1]) * 10.0 + 5
    return None


def _one_year(text: str) -> float | None:
    found = _ONE_YEAR.search(text)
    return int(found[1]) + 0.5 if found else None


def _middle(year: int, month: int, day: int | None = None) -> float | None:
    """Return the middle of a day or month as a decimal year, or None where there is none such."""
    try:
        begin = date(year, month, day or 1)
        year_begin, year_end = date(year, 1, 1), date(year + 1, 1, 1)
    except ValueError:
        return None
    if day is not None:
        days = 1.0
    else:
        days = ((date(year, month + 1, 1) if month < 12 else year_end) - begin).days
    return year + ((begin - year_begin).days + days / 2) / (year_end - year_begin).days


def _plausible(year: float) -> float | None:
    return year if FIRST_YEAR <= year < LAST_YEAR else None
