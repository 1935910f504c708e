import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.provenance import certificates
from zograscope_server.provenance.certificates import (
    UNNAMED,
    VARIABLE,
    make_certificate,
    name_organisation,
    own_certificate,
)


@pytest.fixture(autouse=True)
def no_variable(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


def put(folder, certificate):
    folder.mkdir()
    (folder / "chain.pem").write_text(certificate.chain)
    (folder / "key.pem").write_text(certificate.key)
    return folder


def test_the_first_use_makes_a_certificate_that_stays(tmp_path):
    made = own_certificate(tmp_path / "state")
    assert made.organisation == UNNAMED
    assert made.self_made
    assert made.expires > datetime.now(UTC) + timedelta(days=365 * 20)
    assert own_certificate(tmp_path / "state") == made


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_the_user_reads_the_key(tmp_path):
    before = os.umask(0)
    try:
        own_certificate(tmp_path)
        name_organisation(tmp_path, "A museum")
    finally:
        os.umask(before)
    folder = tmp_path / "certificate"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600


def test_many_that_come_at_once_get_the_same(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: own_certificate(tmp_path), range(8)))
    assert len(made) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["certificate"]


def test_the_certificate_keeps_to_the_profile():
    certificate, authority = x509.load_pem_x509_certificates(make_certificate("Me").chain.encode())
    certificate.verify_directly_issued_by(authority)
    authority.verify_directly_issued_by(authority)
    extensions = certificate.extensions
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert not usage.value.key_cert_sign
    purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert x509.ExtendedKeyUsageOID.EMAIL_PROTECTION in purposes
    assert x509.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE not in purposes
    extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)


def test_a_name_makes_a_new_certificate_and_keeps_the_former_trusted(tmp_path):
    former = own_certificate(tmp_path)
    named = name_organisation(tmp_path, "Gemäldegalerie")
    again = name_organisation(tmp_path, "Gemäldegalerie, Werkstatt")
    assert named.organisation == "Gemäldegalerie"
    assert own_certificate(tmp_path) == again
    for root in (former.chain, named.chain, again.chain):
        assert x509.load_pem_x509_certificates(root.encode())[
            -1
        ] in x509.load_pem_x509_certificates(again.anchors.encode())


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "two\nlines"])
def test_names_that_no_certificate_takes_are_refused(tmp_path, name):
    before = own_certificate(tmp_path)
    with pytest.raises(ZograscopeError) as caught:
        name_organisation(tmp_path, name)
    assert caught.value.code == "organisation-wrong"
    assert own_certificate(tmp_path) == before


def test_ones_own_certificate_is_taken_from_the_folder_of_the_environment(
    tmp_path, monkeypatch, certificate
):
    monkeypatch.setenv(VARIABLE, str(put(tmp_path / "mine", certificate)))
    assert own_certificate(tmp_path / "state") == certificate
    assert not (tmp_path / "state").exists()


def test_a_folder_without_a_certificate_is_not_filled(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine"))
    with pytest.raises(ZograscopeError) as caught:
        own_certificate(tmp_path)
    assert caught.value.code == "certificate-missing"
    assert not (tmp_path / "mine").exists()


def test_another_makers_certificate_is_not_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(certificates, "SELF_MADE", "A proper authority")
    bought = make_certificate("A museum")
    monkeypatch.undo()
    put(tmp_path / "certificate", bought)
    assert not own_certificate(tmp_path).self_made
    with pytest.raises(ZograscopeError) as caught:
        name_organisation(tmp_path, "Somebody")
    assert caught.value.code == "certificate-foreign"
    assert own_certificate(tmp_path) == bought


def test_what_cannot_sign_is_said(tmp_path, certificate, monkeypatch):
    nobody = replace(certificate, key=make_certificate("Another").key)
    garbage = replace(certificate, chain="-----BEGIN CERTIFICATE-----\nAAAA")
    monkeypatch.setattr(certificates, "YEARS", 0)
    problems = {
        "belong": nobody,
        "PEM": garbage,
        "until": make_certificate("The past"),
    }
    for number, (words, wrong) in enumerate(problems.items()):
        (state := tmp_path / str(number)).mkdir()
        put(state / "certificate", wrong)
        with pytest.raises(ZograscopeError) as caught:
            own_certificate(state)
        assert caught.value.code == "certificate-unusable"
        assert words in caught.value.sentence
        assert certificate.key not in caught.value.sentence + caught.value.details
