"""A card travels as JSON, and reads as a page."""

import json
import math

import pytest
from zograscope_server.generative.training.card import ModelCard

CARD = ModelCard(
    name="maps",
    collection="Map | patches",
    location="/maps",
    rights="public domain\nby age",
    images=112,
    size=(96, 64),
    colours="grey",
    crop="tiles",
    kind="styled",
    shown=40_000,
    minutes=10.04,
    date="2026-11-28",
    seed=3,
    version="0.1.0",
    finished=True,
    metrics={"frechet": 0.421, "diversity": 0.9, "other": None},
    warnings=("There are few images.",),
)


def test_a_card_comes_back_as_it_was():
    assert ModelCard.from_json(json.loads(json.dumps(CARD.to_json()))) == CARD
    assert ModelCard.from_json({"name": "only"}) == ModelCard("only")


def test_what_a_later_version_added_is_left_aside():
    assert ModelCard.from_json({**CARD.to_json(), "mood": "blue"}) == CARD


def test_json_has_no_number_that_is_none():
    card = ModelCard("odd", metrics={"frechet": math.nan, "nearest": math.inf})
    assert json.loads(json.dumps(card.to_json(), allow_nan=False))["metrics"]["nearest"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {},
        {"name": 3},
        {"name": "a", "images": "many"},
        {"name": "a", "finished": 1},
        {"name": "a", "size": [1]},
        {"name": "a", "size": ["1", "2"]},
        {"name": "a", "metrics": [1]},
        {"name": "a", "metrics": {"frechet": "x"}},
        {"name": "a", "minutes": "x"},
        {"name": "a", "warnings": 5},
    ],
)
def test_what_is_no_card_is_refused(wrong):
    with pytest.raises(ValueError):
        ModelCard.from_json(wrong)


def test_a_page_says_what_an_artist_wants_to_know():
    page = CARD.in_words()
    for words in ("# maps", "112 tiles of images", "96 x 64 pixels, in grey", "0.42"):
        assert words in page
    assert "| other | not measured |" in page
    assert "| Rights of the collection | public domain by age |" in page
    assert "Map \\| patches" in page
    assert "- There are few images." in page
    assert "not finished" not in page and "not finished" in ModelCard("a").in_words()
    assert "not told" in ModelCard("a").in_words()
