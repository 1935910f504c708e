import io
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av
import c2pa
import cv2
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from PIL import Image
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.provenance import certificates
from zograscope_server.provenance.certificates import Certificate
from zograscope_server.provenance.marks import Dreamt, Marker
from zograscope_server.provenance.verification import digest_of, verify


def encode(picture: np.ndarray, suffix: str) -> bytes:
    return cv2.imencode(suffix, picture)[1].tobytes()


def read(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def write_film(path, frames=12):
    with av.open(path, "w") as film:
        stream = film.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(frames):
            grey = np.full((48, 64, 3), number * 20, np.uint8)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(grey)))
        film.mux(stream.encode())


def frames_of(path) -> list[np.ndarray]:
    with av.open(path) as film:
        return [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]


@pytest.mark.parametrize("suffix", [".png", ".PNG", ".jpg", ".jpeg", ".tif", ".tiff"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_picture_says_all_and_its_pixels_stay(
    tmp_path, marker, made, picture, certificate, suffix, kind
):
    if kind is np.uint16 and "jp" in suffix:
        pytest.skip("JPEG has 8 bits")
    plain = encode(picture.astype(kind) * (257 if kind is np.uint16 else 1), suffix.lower())
    marked = marker.mark(plain, suffix, made)
    assert read(marked).dtype == kind
    np.testing.assert_array_equal(read(marked), read(plain))
    path = tmp_path / f"frame{suffix}"
    path.write_bytes(marked)
    (tmp_path / made.source_name).write_bytes(made.source)
    found = verify(path, certificate)
    assert found.state == "intact"
    assert found.signer == "own"
    assert found.zograscope
    assert found.made_by.startswith("Zograscope ")
    assert found.organisation == "The museum of tests"
    assert found.when == "2026-11-24T12:30:00Z"
    assert found.source_name == "La Velata.jpg"
    assert found.source_digest == digest_of(tmp_path / made.source_name)
    assert found.driver_name == "actress.mp4"
    assert found.model == "mesh"
    assert found.title == "La Velata, moved by actress"
    assert found.networks is False
    assert found.sidecar is None


@pytest.mark.parametrize(
    ("networks", "driver", "term"),
    [
        (True, "actress.mp4", "compositeWithTrainedAlgorithmicMedia"),
        (True, "", "compositeWithTrainedAlgorithmicMedia"),
        (False, "actress.mp4", "compositeCapture"),
        (False, "", "algorithmicallyEnhanced"),
    ],
)
def test_the_source_type_is_that_of_iptc(
    tmp_path, marker, made, png, certificate, networks, driver, term
):
    path = tmp_path / "frame.png"
    how = replace(made, networks=networks, driver_name=driver)
    path.write_bytes(marker.mark(png, ".png", how))
    found = verify(path, certificate)
    assert found.digital_source_type == term
    assert found.networks is networks
    assert found.driver_name == driver


def test_the_parent_is_opened_and_then_edited(marker, made, png):
    marked = io.BytesIO(marker.mark(png, ".png", made))
    with c2pa.Reader("image/png", marked) as reader:
        manifest = reader.get_active_manifest()
        store = reader.json()
    (actions,) = [each["data"]["actions"] for each in manifest["assertions"]]
    assert [action["action"] for action in actions] == ["c2pa.opened", "c2pa.edited"]
    assert manifest["claim_version"] == 2
    assert "thumbnail" not in store


def test_a_film_keeps_its_frames(tmp_path, marker, made, certificate):
    path = tmp_path / "film.mp4"
    write_film(path)
    before = frames_of(path)
    assert marker.mark_file(path, made) == path
    np.testing.assert_array_equal(frames_of(path), before)
    assert [each.name for each in tmp_path.iterdir()] == ["film.mp4"]
    found = verify(path, certificate)
    assert (found.state, found.signer, found.model) == ("intact", "own", "mesh")
    data = bytearray(path.read_bytes())
    data[data.rindex(b"mdat") + 40] ^= 1
    path.write_bytes(data)
    assert verify(path, certificate).state == "changed"


@pytest.mark.parametrize("name", ["frame.exr", "scene.blend", "noise"])
def test_what_holds_no_credentials_has_them_beside_it(tmp_path, marker, made, certificate, name):
    path = tmp_path / name
    path.write_bytes(b"\x76\x2f\x31\x01" + bytes(range(256)))
    before = path.read_bytes()
    beside = marker.mark_file(path, made)
    assert beside == path.with_suffix(".c2pa")
    assert path.read_bytes() == before
    found = verify(path, certificate)
    assert (found.state, found.source_name) == ("intact", "La Velata.jpg")
    assert found.sidecar == str(beside)
    path.write_bytes(before[:-1] + b"x")
    assert verify(path, certificate).state == "changed"


def test_bytes_of_a_kind_without_a_place_are_refused(marker, made):
    with pytest.raises(ZograscopeError) as caught:
        marker.mark(b"abc", ".exr", made)
    assert caught.value.code == "no-place-for-mark"
    assert ".exr" in caught.value.sentence


def test_what_is_no_picture_cannot_be_marked(tmp_path, marker, made):
    with pytest.raises(ZograscopeError) as caught:
        marker.mark(b"no picture", ".png", made)
    assert caught.value.code == "marking-failed"
    path = tmp_path / "film.mp4"
    path.write_bytes(b"no film")
    with pytest.raises(ZograscopeError) as caught:
        marker.mark_file(path, made)
    assert "film.mp4" in caught.value.sentence
    assert path.read_bytes() == b"no film"
    with pytest.raises(ZograscopeError):
        marker.mark_file(tmp_path / "missing.mp4", made)


def test_pixels_in_many_chunks_are_joined(marker, made, png):
    assert png.count(b"IDAT") > 1
    marked = marker.mark(png, ".png", made)
    assert marked.count(b"IDAT") == 1
    np.testing.assert_array_equal(read(marked), read(png))
    Image.open(io.BytesIO(marked)).load()  # complains of wrong check sums


@pytest.mark.parametrize("collection", ["Maps of 1900", ""])
def test_a_dream_is_created_and_names_its_collection(
    tmp_path, marker, png, certificate, collection
):
    how = Dreamt("Old maps", collection)
    path = tmp_path / "frame.png"
    path.write_bytes(marker.mark(png, ".png", how))
    found = verify(path, certificate)
    assert (found.state, found.signer, found.networks) == ("intact", "own", True)
    assert found.digital_source_type == "trainedAlgorithmicMedia"
    assert (found.model, found.collection) == ("Old maps", collection)
    assert found.source_name == found.source_digest == found.driver_name == ""
    trained = f", trained on {collection}" if collection else ""
    assert f"made by Zograscope's model Old maps{trained}." in found.in_words("frame.png")
    with c2pa.Reader(path) as reader:
        manifest = reader.get_active_manifest()
    (actions,) = [each["data"]["actions"] for each in manifest["assertions"]]
    assert [action["action"] for action in actions] == ["c2pa.created"]
    assert not [
        each for each in manifest.get("ingredients", []) if each["relationship"] == "parentOf"
    ]
    film = tmp_path / "film.mp4"
    write_film(film)
    marker.mark_file(film, how)
    assert verify(film, certificate).collection == collection


def test_a_dream_names_the_picture_that_was_sought(tmp_path, marker, made, png, certificate):
    how = Dreamt("Old maps", "Maps of 1900", made.source, made.source_name)
    path = tmp_path / "found.png"
    path.write_bytes(marker.mark(png, ".png", how))
    (tmp_path / made.source_name).write_bytes(made.source)
    found = verify(path, certificate)
    assert found.state == "intact"
    assert found.source_name == made.source_name
    assert found.source_digest == digest_of(tmp_path / made.source_name)
    assert (found.collection, found.driver_name) == ("Maps of 1900", "")
    assert f"The model sought the picture {made.source_name}." in found.in_words("found.png")


class Spoiling(io.BytesIO):
    """A disk that writes one bit wrong."""

    def write(self, data) -> int:
        start = self.tell()
        data = bytearray(data)
        if start <= SPOILED < start + len(data):
            data[SPOILED - start] ^= 1
        return super().write(data)


SPOILED = 20_000


def test_what_was_written_wrong_is_noticed_at_once(marker, made, png):
    assert len(png) > SPOILED
    with pytest.raises(ZograscopeError) as caught:
        marker._sign("image/png", io.BytesIO(png), Spoiling(), made, "frame.png")
    assert "mismatch" in caught.value.details


def test_the_pictures_own_credentials_go_along(tmp_path, marker, made, png, certificate):
    signed = marker.mark(png, ".png", replace(made, source_name="plate.tif"))
    path = tmp_path / "frame.png"
    path.write_bytes(marker.mark(png, ".png", replace(made, source=signed)))
    with c2pa.Reader(path) as reader:
        assert "plate.tif" in reader.json()
    assert not verify(path, certificate).source_changed

    changed = bytearray(signed)
    changed[-2_000] ^= 1
    path.write_bytes(marker.mark(png, ".png", replace(made, source=bytes(changed))))
    found = verify(path, certificate)
    assert found.state == "intact"
    assert found.source_changed


@pytest.mark.parametrize(
    "source", [b"", b"\x89PNG\r\n\x1a\nbroken", b"\xff\xd8\xff", b"RIFF", b"a jp2 or exr"]
)
def test_a_picture_that_the_library_cannot_read_is_a_parent_too(
    tmp_path, marker, made, png, certificate, source
):
    path = tmp_path / "frame.png"
    path.write_bytes(marker.mark(png, ".png", replace(made, source=source)))
    (tmp_path / "source").write_bytes(source)
    found = verify(path, certificate)
    assert found.state == "intact"
    assert found.source_digest == digest_of(tmp_path / "source")


def test_threads_may_share_a_marker(tmp_path, marker, made, picture, certificate):
    pictures = [encode(np.roll(picture, number, 0), ".png") for number in range(12)]
    others = [made, replace(made, driver_name="another.mp4")]
    with ThreadPoolExecutor(4) as pool:
        jobs = [
            pool.submit(marker.mark, data, ".png", others[number % 2])
            for number, data in enumerate(pictures)
        ]
    for number, (job, data) in enumerate(zip(jobs, pictures, strict=True)):
        path = tmp_path / f"{number}.png"
        path.write_bytes(job.result())
        np.testing.assert_array_equal(read(job.result()), read(data))
        found = verify(path, certificate)
        assert (found.state, found.driver_name) == ("intact", others[number % 2].driver_name)


KEYS = {
    "es384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "es512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ps256": lambda: rsa.generate_private_key(65537, 2048),
}


def certificate_with(key, hosts: str = "") -> Certificate:
    """A certificate of an institution's own, that may ask for its revocation to be looked up."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Rijksmuseum")])
    authority = certificates._issue(
        subject, authority_key, subject, authority_key, is_authority=True
    )
    plain = certificates._issue(subject, key, subject, authority_key, is_authority=False)
    builder = x509.CertificateBuilder(
        subject, subject, key.public_key(), x509.random_serial_number()
    )
    builder = builder.not_valid_before(datetime.now(UTC) - timedelta(days=1))
    builder = builder.not_valid_after(datetime.now(UTC) + timedelta(days=9))
    for extension in plain.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    if hosts:
        where = x509.UniformResourceIdentifier(hosts)
        ocsp = x509.AccessDescription(x509.AuthorityInformationAccessOID.OCSP, where)
        builder = builder.add_extension(x509.AuthorityInformationAccess([ocsp]), critical=False)
    signed = builder.sign(authority_key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain = signed.public_bytes(pem) + authority.public_bytes(pem)
    return Certificate(chain.decode(), private.decode(), "")


@pytest.mark.parametrize("algorithm", KEYS)
def test_ones_own_key_may_be_of_any_kind(tmp_path, made, png, algorithm):
    own = certificate_with(KEYS[algorithm]())
    own.check()
    assert own.algorithm == algorithm
    assert not own.self_made
    path = tmp_path / "frame.png"
    path.write_bytes(Marker(own).mark(png, ".png", made))
    found = verify(path, own)
    assert (found.state, found.signer, found.organisation) == ("intact", "own", "Rijksmuseum")


class Listening(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        self.send_error(404)

    do_POST = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def listener():
    with ThreadingHTTPServer(("127.0.0.1", 0), Listening) as server:
        server.asked = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_no_connection_is_opened(tmp_path, made, png, listener):
    """Neither for revocation nor for a manifest elsewhere, though the file asks for both."""
    address = f"http://127.0.0.1:{listener.server_port}"
    own = certificate_with(ec.generate_private_key(ec.SECP256R1()), f"{address}/ocsp")
    marker = Marker(own)
    path = tmp_path / "frame.png"
    path.write_bytes(marker.mark(png, ".png", made))
    assert verify(path, own).state == "intact"

    elsewhere = tmp_path / "elsewhere.png"
    with c2pa.Builder({}, marker._context) as builder:
        builder.with_archive(io.BytesIO(marker._template(made)))
        builder.set_no_embed()
        builder.set_remote_url(f"{address}/manifest")
        remote = io.BytesIO()
        builder.sign("image/png", io.BytesIO(png), remote)
    elsewhere.write_bytes(remote.getvalue())
    with pytest.raises(ZograscopeError) as caught:
        verify(elsewhere, own)
    assert caught.value.code == "credentials-elsewhere"
    assert listener.asked == []

    # The same file makes the library ask, where it may: so the test could fail.
    with pytest.raises(c2pa.C2paError):
        c2pa.Reader(elsewhere, context=c2pa.Context.from_dict({"version": 1}))
    assert listener.asked == ["/manifest"]
