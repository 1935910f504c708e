"""Each error has its page: a sentence of the code, and words about it."""

import re

import pytest

from tools.documentation import errors


@pytest.fixture(scope="module")
def codes():
    return errors.all_codes()


@pytest.fixture(scope="module")
def pages():
    return errors.pages()


def test_every_code_of_every_house_is_found(codes, repository):
    """By another way: keys of tables, as they are written."""
    houses = (repository / house for house in errors.HOUSES)
    written = {
        code
        for house in houses
        for path in house.rglob("errors.py")
        for code in re.findall(r'^        "([a-z0-9-]+)":', path.read_text("utf-8"), re.MULTILINE)
    }
    assert len(written) > 150
    assert set(codes) == written


def test_every_code_has_words_and_no_words_are_left_over(codes):
    """Whoever adds a code says in docs/errors.md what it means and what to do."""
    assert set(errors.read_words()) == set(codes)


def test_a_code_without_words_is_told(monkeypatch, codes):
    monkeypatch.setattr(errors, "all_codes", lambda: codes | {"new-one": errors.Code("new-one")})
    with pytest.raises(ValueError, match="new-one"):
        errors.pages()


@pytest.mark.parametrize("text", ["It broke.", "**What to do.** Mend it.", "\n**What to do.**\n"])
def test_words_say_both_what_it_means_and_what_to_do(tmp_path, text):
    page = tmp_path / "errors.md"
    page.write_text(f"# Errors\n\n## A\n\n### broken\n\n{text}\n")
    with pytest.raises(ValueError, match="broken"):
        errors.read_words(page)


def test_every_fact_of_a_sentence_has_an_example(codes):
    facts = {
        fact for code in codes.values() for _, said in code.said for fact in errors.facts_of(said)
    }
    assert facts == set(errors.EXAMPLES)


def test_each_page_quotes_who_says_what(codes, pages):
    for code in codes.values():
        page = pages[f"errors/{code.code}.md"]
        assert page.startswith(f"# {code.code}\n")
        assert page.count("\n> <small>as ") == len(code.said)
    assert "the extension in Blender" in pages["errors/sound-unreadable.md"]
    assert "the server" in pages["errors/sound-unreadable.md"]


def test_the_list_leads_to_each(codes, pages):
    listed = re.findall(r"\| \[([a-z0-9-]+)\]\(\1\.md\)", pages["errors/index.md"])
    assert sorted(listed) == sorted(codes)
