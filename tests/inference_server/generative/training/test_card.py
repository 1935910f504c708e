"""A card travels as JSON, and reads as a page."""

import json

import pytest
from zograscope_server.generative.training.card import ModelCard
from zograscope_server.generative.training.metrics import Metrics

CARD = ModelCard(
    name="maps",
    collection="/archive/Map patches/",
    rights="public domain |\nby age",
    images=112,
    size=(96, 64),
    colours=1,
    shown=40_000,
    minutes=10.04,
    date="2026-11-28",
    seed=3,
    made_by="Zograscope 0.1.0",
    measured_by="colour-and-texture",
    metrics=Metrics(0.4213, 0.9, 1.1, 0.04),
    warnings=("There are few images.",),
    finished=True,
)


def test_a_card_comes_back_as_it_was():
    assert ModelCard.from_json(json.loads(json.dumps(CARD.to_json()))) == CARD


def test_what_a_later_version_added_is_left_aside():
    assert ModelCard.from_json({**CARD.to_json(), "mood": "blue"}) == CARD


@pytest.mark.parametrize(
    "change",
    [
        {"size": [1]},
        {"size": None},
        {"metrics": None},
        {"metrics": {"frechet": 1.0}},
        {"warnings": 5},
    ],
)
def test_what_is_no_card_is_refused(change):
    with pytest.raises(ValueError):
        ModelCard.from_json({**CARD.to_json(), **change})


@pytest.mark.parametrize("content", [None, [], {}, {"name": "maps"}])
def test_what_has_no_card_is_refused(content):
    with pytest.raises(ValueError):
        ModelCard.from_json(content)


def test_a_page_says_what_an_artist_wants_to_know():
    page = CARD.in_words()
    for words in ("# maps", "grey images of 96 x 64 pixels", "*Map patches*", "0.421", "4%"):
        assert words in page
    assert "| rights of the collection | public domain \\| by age |" in page
    assert "- There are few images." in page
    assert "broken off" not in page
