"""Whatever catalogues write about a date is read as a year, or as nothing."""

import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zograscope_server.collection.dates import FIRST_YEAR, LAST_YEAR, parse_year


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("1910", 1910.5),
        (" 1910.0 ", 1910.0),
        ("ca. 1905", 1905.5),
        ("c1905", 1905.5),
        ("[1850?]", 1850.5),
        ("1890-1895", 1893.0),
        ("1890–95", 1893.0),
        ("1905/06", 1906.0),
        ("1914-1918 (printed 1920)", 1916.5),
        ("[ca. 1900]-[ca. 1905]", 1903.0),
        ("between 1890 and ca. 1895", 1893.0),
        ("zwischen 1890 und 1895", 1893.0),
        ("1910, reprinted 1950", 1910.5),
        ("18th century", 1750.0),
        ("18. Jh.", 1750.0),
        ("XVIIIe siècle", 1750.0),
        ("1890s", 1895.0),
        ("1890er Jahre", 1895.0),
        ("189-", 1895.0),
        ("189?", 1895.0),
        ("19--", 1950.0),
        ("19xx", 1950.0),
    ],
)
def test_what_catalogues_write(text: str, year: float) -> None:
    assert parse_year(text) == year


@pytest.mark.parametrize(
    "text",
    [
        "2003-05-12",
        "2003-05-12T10:00:00Z",
        "2003:05:12 10:00:00",
        "20030512",
        "12.5.2003",
        "12. 5. 2003",
        "12/05/2003",
        "12 May 2003",
        "12. Mai 2003",
        "May 12, 2003",
        "12 mai 2003",
    ],
)
def test_days(text: str) -> None:
    assert parse_year(text) == pytest.approx(2003 + (31 + 28 + 31 + 30 + 11.5) / 365)


def test_the_month_comes_first_where_the_day_cannot() -> None:
    assert parse_year("5/13/2003") == parse_year("13/5/2003") == parse_year("2003-05-13")


@pytest.mark.parametrize("text", ["2003-02", "Feb. 2003", "Februar 2003", "février 2003"])
def test_months(text: str) -> None:
    assert parse_year(text) == pytest.approx(2003 + (31 + 14) / 365)


@pytest.mark.parametrize(
    "text", ["", "n.d.", "undated", "inv. 12345", "9999", "44 BC", "-0044", "1479–1458 b.c.e."]
)
def test_what_names_no_year(text: str) -> None:
    assert parse_year(text) is None


def test_a_day_that_does_not_exist_still_has_a_year() -> None:
    assert parse_year("31.2.1910") == 1910.5


@given(st.text() | st.from_regex(r"[a-z\[(]*\d{1,4}[-./ ?]{0,2}\d{0,4}[-./ ?]{0,2}\d{0,4}"))
def test_no_text_is_too_odd(text: str) -> None:
    year = parse_year(text)
    assert year is None or FIRST_YEAR <= year < LAST_YEAR


@given(st.dates(date(FIRST_YEAR, 1, 1), date(LAST_YEAR - 1, 12, 31)))
def test_days_keep_their_order_and_year(day: date) -> None:
    year = parse_year(day.isoformat())
    assert year is not None
    assert math.floor(year) == day.year
    assert year == parse_year(day.strftime("%d.%m.%Y"))
    if day.year + 1 < LAST_YEAR or day.month < 12:
        following = parse_year(date.fromordinal(day.toordinal() + 1).isoformat())
        assert following is not None
        assert year < following
