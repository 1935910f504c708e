"""Labels of catalogues are recognised, and nothing that they say is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zograscope_server.collection.collection import Item
from zograscope_server.collection.metadata import plain_label, with_metadata

ITEM = Item("a.jpg", "/a.jpg")


@pytest.mark.parametrize(
    "label", ["dcterms:dateIssued", "DC.Date Issued", "date_issued", " Date-Issued: "]
)
def test_labels_are_compared_by_their_letters(label: str) -> None:
    assert plain_label(label) == "dateissued"


def test_the_better_label_wins_and_the_other_is_kept() -> None:
    item = with_metadata(ITEM, {"contributor": "B", "dc:creator": "A", "publisher": "C"})
    assert item.creator == "A"
    assert item.fields == {"contributor": "B", "publisher": "C"}


def test_what_is_known_stays() -> None:
    known = Item(
        "a.jpg", "/a.jpg", title="T", date=1900.5, creator="C", rights="R", link="http://l"
    )
    pairs = {"title": "t", "date": "1950", "creator": "c", "rights": "r", "link": "http://m"}
    item = with_metadata(known, pairs)
    assert (item.title, item.date, item.creator) == ("T", 1900.5, "C")
    assert (item.rights, item.link) == ("R", "http://l")
    assert item.fields == pairs


def test_a_date_that_says_nothing_gives_way_to_one_that_does() -> None:
    item = with_metadata(ITEM, {"date": "unknown", "published": "1950"})
    assert item.date == 1950.5


def test_a_link_is_a_web_address() -> None:
    item = with_metadata(ITEM, {"link": "shelf 7", "identifier": "https://example.org/7"})
    assert item.link == "https://example.org/7"
    assert item.fields == {"link": "shelf 7"}


labels = (
    st.sampled_from(["Title", "title", "date", "Creator", "author", "url", "x", ""]) | st.text()
)


@given(st.dictionaries(labels, st.text() | st.just("http://example.org")))
def test_every_text_is_somewhere(pairs: dict[str, str]) -> None:
    item = with_metadata(ITEM, pairs)
    places = {*item.fields.values(), item.title, item.creator, item.rights, item.link}
    assert {text.strip() for text in pairs.values()} - {""} <= places
