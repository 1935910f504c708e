"""The certificate that marks are signed with: one that is made here, or the artist's own.

It lies in a folder: `chain.pem`, the certificate and those above it; `key.pem`, its private key;
and `trusted.pem`, where there is one, other certificates whose issue is trusted. The folder is
`certificate` in the state folder, or the one that $ZOGRASCOPE_CERTIFICATE names.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from zograscope_protocol.connection import PRIVATE_FILE, PRIVATE_FOLDER

from zograscope_server.provenance.errors import ProvenanceError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

VARIABLE = "ZOGRASCOPE_CERTIFICATE"
CHAIN, KEY, TRUSTED = "chain.pem", "key.pem", "trusted.pem"
UNNAMED = "An unnamed user of Zograscope"
SELF_MADE = "Zograscope, self-made"
"""The common name of the authority above a certificate that is made here."""

LONGEST_NAME = 64
YEARS = 25
"""Without a time stamp a mark is worth as long as its certificate."""


@dataclass(frozen=True)
class Certificate:
    """What signs.

    Attributes:
        chain: PEM, the certificate first, those above it after it.
        key: PEM, the private key.
        trusted: PEM, whose issue is trusted beside that of the chain's own root.
    """

    chain: str
    key: str = field(repr=False)
    trusted: str

    @property
    def organisation(self) -> str:
        """Whom it names."""
        return _name(self._certificates()[0].subject, "O")

    @property
    def serial_number(self) -> str:
        """Its number, in decimal digits."""
        return str(self._certificates()[0].serial_number)

    @property
    def expires(self) -> datetime:
        """When it stops being valid."""
        return self._certificates()[0].not_valid_after_utc

    @property
    def self_made(self) -> bool:
        """Whether Zograscope made it."""
        return _name(self._certificates()[-1].subject, "CN") == SELF_MADE

    @property
    def anchors(self) -> str:
        """PEM of everything whose issue is trusted."""
        from cryptography.hazmat.primitives.serialization import Encoding

        return self._certificates()[-1].public_bytes(Encoding.PEM).decode() + self.trusted

    @property
    def algorithm(self) -> str:
        """What the library calls the key's way of signing. Raises ValueError for other keys."""
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

        key = self._private_key()
        if isinstance(key, ec.EllipticCurvePrivateKey) and key.key_size in (256, 384, 521):
            return {256: "es256", 384: "es384", 521: "es512"}[key.key_size]
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return "ed25519"
        if isinstance(key, rsa.RSAPrivateKey):
            return "ps256"
        raise ValueError("its key is of a kind that content credentials do not know")

    def check(self) -> None:
        """Raise ValueError, saying why, where it cannot sign."""
        first = self._certificates()[0]
        if first.public_key() != self._private_key().public_key():
            raise ValueError("key.pem does not belong to the first certificate of chain.pem")
        if not self.organisation:
            raise ValueError("it names no organisation")
        if not first.not_valid_before_utc <= datetime.now(UTC) <= first.not_valid_after_utc:
            raise ValueError(f"it is valid until {first.not_valid_after_utc:%Y-%m-%d} only")
        _ = self.algorithm

    def _certificates(self) -> "list[x509.Certificate]":
        from cryptography import x509

        return x509.load_pem_x509_certificates(self.chain.encode())

    def _private_key(self) -> "PrivateKeyTypes":
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        return load_pem_private_key(self.key.encode(), None)


def certificate_folder(state_folder: Path) -> Path:
    """Return where the certificate lies."""
    return Path(os.environ.get(VARIABLE) or state_folder / "certificate")


def own_certificate(state_folder: Path) -> Certificate:
    """Return the certificate of this installation; the first call makes it.

    Raises ProvenanceError `certificate-missing`, `certificate-unusable`, and ServerError
    `folder-not-writable`.
    """
    folder = certificate_folder(state_folder)
    if not (folder / CHAIN).exists():
        if os.environ.get(VARIABLE):
            raise ProvenanceError("certificate-missing", folder=str(folder))
        _write(folder, make_certificate(UNNAMED), replace=False)
    try:
        trusted = folder / TRUSTED
        certificate = Certificate(
            chain=(folder / CHAIN).read_text(),
            key=(folder / KEY).read_text(),
            trusted=trusted.read_text() if trusted.exists() else "",
        )
        certificate.check()
    except (OSError, ValueError, TypeError) as error:
        raise ProvenanceError(
            "certificate-unusable", repr(error), folder=str(folder), problem=str(error)
        ) from error
    return certificate


def name_organisation(state_folder: Path, organisation: str) -> Certificate:
    """Make a new certificate in the organisation's name; what the former signed stays trusted.

    Raises ProvenanceError `certificate-foreign` where the artist's own is there,
    `organisation-wrong`, and as `own_certificate` does.
    """
    former = own_certificate(state_folder)
    folder = certificate_folder(state_folder)
    if not former.self_made:
        raise ProvenanceError("certificate-foreign", folder=str(folder))
    made = make_certificate(organisation)
    _write(folder, Certificate(made.chain, made.key, former.anchors), replace=True)
    return own_certificate(state_folder)


def make_certificate(organisation: str) -> Certificate:
    """Make an authority and, under it, a certificate for ES256 as C2PA's profile asks.

    C2PA Technical Specification 2.x, "X.509 Certificates": version 3, basic constraints, key usage
    for signatures, extended key usage for e-mail protection, key identifiers, an organisation. The
    authority's own key is forgotten at once: nobody can make a second certificate under it.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    organisation = organisation.strip()
    if not 0 < len(organisation) <= LONGEST_NAME or not organisation.isprintable():
        raise ProvenanceError("organisation-wrong", name=organisation)
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    names = [
        x509.Name(
            [
                x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, organisation),
                x509.NameAttribute(x509.NameOID.COMMON_NAME, common),
            ]
        )
        for common in (SELF_MADE, "Zograscope")
    ]
    authority = _issue(names[0], authority_key, names[0], authority_key, is_authority=True)
    certificate = _issue(names[1], key, names[0], authority_key, is_authority=False)
    pem = serialization.Encoding.PEM
    return Certificate(
        chain=(certificate.public_bytes(pem) + authority.public_bytes(pem)).decode(),
        key=key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
        trusted="",
    )


def _issue(
    subject: "x509.Name",
    key: "ec.EllipticCurvePrivateKey",
    issuer: "x509.Name",
    issuer_key: "ec.EllipticCurvePrivateKey",
    *,
    is_authority: bool,
) -> "x509.Certificate":
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    begins = datetime.now(UTC) - timedelta(days=1)  # clocks differ
    public = key.public_key()
    usage = x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = (
        x509.CertificateBuilder(issuer, subject, public, x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(is_authority, 0 if is_authority else None), True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(above, critical=False)
    )
    if not is_authority:
        purposes = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purposes, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _write(folder: Path, certificate: Certificate, *, replace: bool) -> None:
    """Write a folder beside its place and rename it, so that key and chain always fit.

    Where two processes make the first certificate at once, the one that comes first stays.
    """
    from zograscope_server.errors import ServerError

    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".certificate") as temporary:
            made, former = Path(temporary) / "made", Path(temporary) / "former"
            if replace:
                shutil.copytree(folder, made)
            made.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            for name, content in _files(certificate).items():
                (made / name).unlink(missing_ok=True)
                file = os.open(made / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
                with os.fdopen(file, "w") as stream:
                    stream.write(content)
            if replace:
                folder.rename(former)
            try:
                made.rename(folder)
            except OSError:
                if former.exists():
                    former.rename(folder)
                if replace or not (folder / CHAIN).exists():
                    raise
    except OSError as error:
        raise ServerError("folder-not-writable", str(error), folder=str(folder)) from error


def _files(certificate: Certificate) -> dict[str, str]:
    files = {CHAIN: certificate.chain, KEY: certificate.key, TRUSTED: certificate.trusted}
    return {name: content for name, content in files.items() if content}


def _name(subject: "x509.Name", attribute: str) -> str:
    names = [each.value for each in subject if each.rfc4514_attribute_name == attribute]
    return str(names[0]) if names else ""
