"""Finding tiles by the words of their metadata."""

import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

KNOWN = [
    {"name": "a/1.jpg", "title": "Rue de la Paix", "creator": "Émile Zola", "date": 1900.5},
    {"name": "a/2.jpg", "title": "Bridge", "fields": {"place": "Köln", "size": "10 x 15"}},
    {"name": "b/bridge.png", "rights": "CC0"},
]


@pytest.fixture(scope="session")
def search(zograscope):
    return importlib.import_module(zograscope.__name__ + ".mosaic.search")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("bridge", [1, 2]),
        ("BRIDGE koln", [1]),
        ("emile", [0]),
        ("1900", [0]),
        ("15", [1]),
        ("cc0", [2]),
        ("a/", [0, 1]),
        ("", [0, 1, 2]),
        ("zeppelin", []),
    ],
)
def test_all_words_must_be_there_in_any_field(search, query, found):
    assert search.matching_tiles(KNOWN, query).tolist() == found


@pytest.mark.parametrize(
    ("name", "tile"), [("Bridge", 1), ("b/bridge.png", 2), ("paix", 0), ("none", None), ("", None)]
)
def test_a_tile_is_called_by_title_file_or_words(search, name, tile):
    assert search.tile_called(KNOWN, name) == tile


@given(st.text())
def test_no_query_is_too_odd(search, query):
    search.matching_tiles(KNOWN, query)
    search.tile_called(KNOWN, query)
