import json
import struct
import time
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.command_line.main import main
from zograscope_server.provenance import certificates
from zograscope_server.provenance.certificates import VARIABLE, make_certificate, own_certificate
from zograscope_server.provenance.marks import Marker
from zograscope_server.provenance.verification import verify


def chunks_of(png: bytes) -> list[tuple[bytes, bytes]]:
    """Return the name and content of a PNG's chunks."""
    chunks, at = [], 8
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        chunks.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + length]))
        at += 12 + length
    return chunks


def png_of(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """Return the PNG with those chunks and right check sums."""
    parts = [b"\x89PNG\r\n\x1a\n"]
    for name, content in chunks:
        sum_ = struct.pack(">I", zlib.crc32(name + content))
        parts += [struct.pack(">I", len(content)), name, content, sum_]
    return b"".join(parts)


@pytest.fixture(scope="session")
def marked(marker, made, png) -> bytes:
    return marker.mark(png, ".png", made)


@pytest.fixture(scope="session")
def scratch(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("verification") / "frame.png"


def test_one_changed_pixel_is_noticed(scratch, marked, certificate, picture):
    """The forger takes care: the file is a right PNG, one bit of one pixel aside."""
    chunks = chunks_of(marked)
    pixels = bytearray(zlib.decompress(b"".join(data for name, data in chunks if name == b"IDAT")))
    row = 1 + 3 * picture.shape[1]
    pixels[50 * row + 100] ^= 1
    first = [name for name, _ in chunks].index(b"IDAT")
    forged = [chunk for chunk in chunks if chunk[0] != b"IDAT"]
    forged.insert(first, (b"IDAT", zlib.compress(bytes(pixels))))
    scratch.write_bytes(png_of(forged))
    Image.open(scratch).load()
    found = verify(scratch, certificate)
    assert found.state == "changed"
    assert any("mismatch" in problem for problem in found.problems)
    assert "CHANGED" in found.in_words("frame.png")

    scratch.write_bytes(png_of(chunks))
    assert verify(scratch, certificate).state == "intact"


@given(data=st.data())
def test_no_byte_outside_the_credentials_can_change(scratch, marked, certificate, data):
    begin = marked.index(b"caBX") - 4
    end = begin + 12 + struct.unpack_from(">I", marked, begin)[0]
    outside = [*range(begin), *range(end, len(marked))]
    place = data.draw(st.sampled_from(outside))
    forged = bytearray(marked)
    forged[place] ^= data.draw(st.integers(1, 255))
    scratch.write_bytes(forged)
    try:
        assert verify(scratch, certificate).state != "intact"
    except ZograscopeError as error:
        assert error.code == "credentials-unreadable"


@pytest.mark.parametrize(
    ("was", "put"),
    [
        (b"compositeCapture", b"digitalCapture!!"),
        (b"La Velata.jpg", b"La Fornar.jpg"),
        (b"2026-11-24", b"1926-11-24"),
        (b"The museum of tests", b"The forger of tests"),
    ],
)
def test_changed_words_are_noticed(scratch, marked, certificate, was, put):
    assert was in marked
    chunks = [(name, data.replace(was, put)) for name, data in chunks_of(marked)]
    scratch.write_bytes(png_of(chunks))
    found = verify(scratch, certificate)
    assert found.state == "changed"
    if b"museum" in was:
        assert found.signer == "unknown"


def test_credentials_of_another_file_do_not_fit(scratch, marked, marker, made, certificate, png):
    theirs = dict(chunks_of(marked))[b"caBX"]
    chunks = chunks_of(png)
    scratch.write_bytes(png_of([chunks[0], (b"caBX", theirs), *chunks[1:]]))
    assert verify(scratch, certificate).state in ("changed", "intact")  # the same pixels
    chunks[-2] = (b"IDAT", chunks[-2][1][:-1] + b"\0")
    scratch.write_bytes(png_of([chunks[0], (b"caBX", theirs), *chunks[1:]]))
    assert verify(scratch, certificate).state == "changed"


def test_saving_anew_strips_the_credentials(scratch, marked, certificate):
    scratch.write_bytes(marked)
    Image.open(scratch).save(scratch)
    found = verify(scratch, certificate)
    assert found.state == "none"
    assert "no content credentials" in found.in_words("frame.png")


def test_whose_certificate_it_is(tmp_path, monkeypatch, made, png, certificate):
    path = tmp_path / "frame.png"
    other = make_certificate("Somebody")
    path.write_bytes(Marker(other).mark(png, ".png", made))
    assert verify(path, other).signer == "own"
    unknown = verify(path, certificate)
    assert (unknown.state, unknown.signer) == ("intact", "unknown")
    assert "anybody may have written this" in unknown.in_words("frame.png")
    listed = certificates.Certificate(certificate.chain, certificate.key, other.anchors)
    assert verify(path, listed).signer == "trusted"


def test_an_expired_certificate_is_said(scratch, monkeypatch, made, png, certificate):
    begun_before, lasts = 1, 4 / (24 * 60 * 60)  # days
    monkeypatch.setattr(certificates, "YEARS", (begun_before + lasts) / 365)
    brief = make_certificate("The past")
    marker = Marker(brief)
    scratch.write_bytes(marker.mark(png, ".png", made))
    while datetime.now(UTC) <= brief.expires + timedelta(seconds=1):
        time.sleep(0.1)
    for own in (brief, certificate):
        found = verify(scratch, own)
        assert (found.state, found.signer) == ("intact", "expired")
    with pytest.raises(ZograscopeError) as caught:
        marker.mark(png, ".png", made)
    assert caught.value.code == "marking-failed"


def test_broken_credentials_are_said(scratch, marked, certificate):
    chunks = [(n, d[: len(d) // 2] if n == b"caBX" else d) for n, d in chunks_of(marked)]
    scratch.write_bytes(png_of(chunks))
    with pytest.raises(ZograscopeError) as caught:
        verify(scratch, certificate)
    assert caught.value.code == "credentials-unreadable"


class TestCommand:
    @pytest.fixture(autouse=True)
    def state(self, tmp_path, monkeypatch):
        monkeypatch.delenv(VARIABLE, raising=False)
        self.folder = tmp_path
        self.state = str(tmp_path / "state")
        self.marker = Marker(own_certificate(tmp_path / "state"))

    def run(self, *arguments) -> int:
        return main(["verify", *map(str, arguments), "--state", self.state])

    def write(self, name, data):
        (self.folder / name).write_bytes(data)
        return self.folder / name

    def test_says_in_words_what_a_file_is(self, made, png, capsys):
        path = self.write("frame.png", self.marker.mark(png, ".png", made))
        assert self.run(path) == 0
        words = capsys.readouterr().out
        for fact in (
            *("frame.png", "Zograscope", "2026-11-24", "An unnamed user", "La Velata.jpg"),
            *("actress.mp4", "mesh", "without a trained network", "own", "Nothing was changed"),
        ):
            assert fact in words

    def test_exit_codes_and_json(self, made, png, capsys):
        marked = self.marker.mark(png, ".png", made)
        intact = self.write("intact.png", marked)
        changed = self.write("changed.png", marked[:-2_000] + b"\0" + marked[-1_999:])
        plain = self.write("plain.png", png)
        exr = self.write("film.exr", b"\x76\x2f\x31\x01")
        self.marker.mark_file(exr, made)
        assert self.run(intact, exr) == 0
        assert self.run(changed) == 3
        assert self.run(plain) == 4
        assert self.run(self.folder / "missing.png") == 1
        assert self.run(self.folder) == 1
        capsys.readouterr()
        files = [intact, changed, plain, exr, self.folder / "missing.png"]
        assert self.run(*files, "--json") == 4
        answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [answer["file"] for answer in answers] == list(map(str, files))
        states = [answer.get("state") for answer in answers]
        assert states == ["intact", "changed", "none", "intact", None]
        assert answers[3]["sidecar"].endswith("film.c2pa")
        assert answers[4]["error"]["code"] == "file-not-found"

    def test_a_picture_can_be_held_against_it(self, made, png, capsys):
        path = self.write("frame.png", self.marker.mark(png, ".png", made))
        same, other = self.write("same.jpg", made.source), self.write("other.jpg", png)
        self.run(path, "--source", same)
        assert "same.jpg is that picture" in capsys.readouterr().out
        self.run(path, "--source", other, "--json")
        assert json.loads(capsys.readouterr().out)["made_of_source"] is False

    def test_a_name_for_what_is_made(self, made, png, capsys):
        former = self.write("former.png", self.marker.mark(png, ".png", made))
        assert main(["certificate", "--state", self.state]) == 0
        assert "An unnamed user" in capsys.readouterr().out
        assert main(["certificate", "--organisation", "Prado", "--state", self.state]) == 0
        assert "Prado" in capsys.readouterr().out
        marker = Marker(own_certificate(Path(self.state)))
        path = self.write("frame.png", marker.mark(png, ".png", made))
        assert self.run(path, former, "--json") == 0
        answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [answer["organisation"] for answer in answers] == [
            "Prado",
            "An unnamed user of Zograscope",
        ]
        assert [answer["signer"] for answer in answers] == ["own", "trusted"]
