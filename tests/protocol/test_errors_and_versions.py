"""Every error has a sentence for the artist, and versions say which side to update."""

import json
import pickle
import string

import pytest
from zograscope_protocol.errors import ZograscopeError, quoted
from zograscope_protocol.messages import PROTOCOL_VERSION, check_protocol

SENTENCES = ZograscopeError.SENTENCES


@pytest.mark.parametrize("code", SENTENCES)
def test_sentences_are_whole(code):
    fields = {name for _, name, _, _ in string.Formatter().parse(SENTENCES[code]) if name}
    error = ZograscopeError(code, "why", **dict.fromkeys(fields, "THIS"))
    assert error.sentence.endswith(".")
    assert error.sentence[0].isupper() or error.sentence.startswith(("THIS", "'THIS"))
    assert "{" not in error.sentence
    again = ZograscopeError.from_header(error.to_header())
    assert (again.code, again.sentence, again.details) == (code, error.sentence, "why")


def test_an_error_of_a_newer_server_is_kept():
    error = ZograscopeError.from_header({"code": "from-the-future", "sentence": "Wait."})
    assert (error.code, str(error)) == ("from-the-future", "Wait.")
    assert pickle.loads(pickle.dumps(error)).code == "from-the-future"


@pytest.mark.parametrize(
    ("theirs", "code"),
    [
        ("2.0", "protocol-too-new"),
        ("0.9", "protocol-too-old"),
        ("x", "bad-message"),
        (None, "bad-message"),
    ],
)
def test_another_major_version_is_refused(theirs, code):
    with pytest.raises(ZograscopeError) as caught:
        check_protocol(theirs)
    assert caught.value.code == code


@pytest.mark.parametrize("theirs", [PROTOCOL_VERSION, "1.7"])
def test_a_minor_version_is_welcome(theirs):
    check_protocol(theirs)


@pytest.mark.parametrize("letter", ["x", "ä", "\0", "\U0001f600", "\ud800", '"'])
def test_an_error_is_bounded_as_a_message_carries_it(letter):
    long = letter * 100_000
    error = ZograscopeError("unknown-task", details=long, task=long)
    relayed = ZograscopeError.from_header({"code": long, "sentence": long, "details": long})
    for header in (error.to_header(), relayed.to_header()):
        assert 200 < len(json.dumps(header)) < 20_000
    assert error.sentence.startswith("This server cannot do")
    assert error.sentence.endswith("Update the server.")


@pytest.mark.parametrize("letter", ["x", "ä", "\ud800"])
def test_a_quotation_is_short(letter):
    assert len(quoted(letter * 100_000)) <= 100
    assert quoted("short") == "'short'"
