"""Says what a file is, by the content credentials in it or beside it."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zograscope_protocol.errors import ZograscopeError

from zograscope_server.provenance.certificates import Certificate
from zograscope_server.provenance.errors import ProvenanceError
from zograscope_server.provenance.marks import (
    ANY,
    DIGEST_PREFIX,
    DIGITAL_SOURCE_TYPE,
    DREAMT,
    NAME,
    SIDECAR,
    TRAINED_ON,
)
from zograscope_server.provenance.offline import offline_context

if TYPE_CHECKING:
    import c2pa

INTACT, CHANGED, NONE = "intact", "changed", "none"
OWN, TRUSTED, UNKNOWN, EXPIRED = "own", "trusted", "unknown", "expired"

_OF_CERTIFICATES = ("signingCredential.", "timeStamp.", "claimSignature.outsideValidity")
_EXPIRED = {"signingCredential.expired", "claimSignature.outsideValidity"}
_HASHES_MATCH = (
    "assertion.dataHash.match",
    "assertion.bmffHash.match",
    "assertion.boxesHash.match",
)


@dataclass(frozen=True)
class Provenance:
    """What credentials say. All but the state is empty or None where there are none.

    Attributes:
        state: `intact`; `changed`, the file or its credentials; or `none`.
        signer: whose the certificate is: `own`, `trusted`, `unknown`, or `expired`.
        organisation: that the certificate names.
        made_by: program and version.
        zograscope: whether that is this program, by its own account.
        title: of the file.
        when: it was made, ISO 8601.
        source_name, source_digest: the picture it was made of, and the SHA-256 of its file; of a
            dream, the picture that was sought.
        source_changed: whether that picture's own credentials were broken already.
        driver_name: of the clip that gave motion.
        model: that moved it, or dreamt it.
        collection: that the model was trained on, where it dreamt all of it.
        digital_source_type: IPTC's term.
        networks: whether a trained network made pixels; None where nothing is said.
        sidecar: the file with the credentials, where they are not inside.
        problems: the library's words for what does not fit.
    """

    state: str
    signer: str = ""
    organisation: str = ""
    made_by: str = ""
    zograscope: bool = False
    title: str = ""
    when: str = ""
    source_name: str = ""
    source_digest: str = ""
    source_changed: bool = False
    driver_name: str = ""
    model: str = ""
    collection: str = ""
    digital_source_type: str = ""
    networks: bool | None = None
    sidecar: str | None = None
    problems: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return all of it for JSON."""
        return asdict(self)

    def in_words(self, name: str) -> str:
        """Return sentences for people."""
        if self.state == NONE:
            return (
                f"{name} carries no content credentials. It says nothing of where it comes from, "
                "or what it said was removed."
            )
        maker = self.made_by or "an unnamed program"
        lines = [
            f"{name} was made with {maker}, by {self.organisation or 'nobody named'}"
            + (f", at {self.when}." if self.when else ".")
        ]
        dreamt = self.digital_source_type == DREAMT.removeprefix(DIGITAL_SOURCE_TYPE)
        if dreamt and self.model:
            program = "Zograscope's" if self.zograscope else "the"
            learnt = f", trained on {self.collection}" if self.collection else ""
            lines.append(f"It is a dream: made by {program} model {self.model}{learnt}.")
        if self.source_name:
            how = "The model sought" if dreamt else "It was made of"
            lines.append(f"{how} the picture {self.source_name}.")
        if self.driver_name:
            lines.append(f"The motion is that of {self.driver_name}.")
        if self.model and not dreamt:
            lines.append(f"The model was {self.model}{_NETWORKS[self.networks]}.")
        if self.source_changed:
            lines.append("That picture had been changed since it was signed.")
        lines.append(_SIGNERS[self.signer])
        lines.append(
            "Nothing was changed since."
            if self.state == INTACT
            else "IT WAS CHANGED SINCE: it is not what was signed, or its credentials are not."
        )
        return "\n".join(lines)


_NETWORKS = {True: ", with a trained network", False: ", without a trained network", None: ""}
_WITH_NETWORKS = {
    DIGITAL_SOURCE_TYPE + kind
    for kind in ("compositeWithTrainedAlgorithmicMedia", "trainedAlgorithmicMedia")
}
_SIGNERS = {
    OWN: "The certificate is this installation's own.",
    TRUSTED: "The certificate was issued by somebody on this installation's trust list.",
    UNKNOWN: "The certificate is unknown here: anybody may have written this.",
    EXPIRED: "The certificate has expired: anybody may have written this since.",
}


def verify(path: Path, certificate: Certificate) -> Provenance:
    """Say what a file is.

    Args:
        path: of any kind; a sidecar beside it is found.
        certificate: this installation's, whose trust list counts.

    Raises:
        ZograscopeError: `file-not-found`, `is-a-folder`, `file-unreadable`.
        ProvenanceError: `credentials-elsewhere`, `credentials-unreadable`.
    """
    import c2pa

    if path.is_dir():
        raise ZograscopeError("is-a-folder", path=str(path))
    context = offline_context(certificate.anchors)
    sidecar = path.with_suffix(SIDECAR)
    try:
        with path.open("rb") as file:
            beside = sidecar.read_bytes() if sidecar.is_file() and sidecar != path else None
            kind = path.suffix.lower().removeprefix(".")
            reader = None
            if kind in c2pa.Reader.get_supported_mime_types():  # what is inside comes first
                reader = c2pa.Reader.try_create(kind, file, context=context)
            if reader is None and beside is None:
                return Provenance(NONE)
            if reader is not None:
                return _read(reader, certificate, None)
            reader = c2pa.Reader(ANY, file, beside, context=context)
            return _read(reader, certificate, str(sidecar))
    except FileNotFoundError as error:
        raise ZograscopeError("file-not-found", path=str(path)) from error
    except OSError as error:
        raise ZograscopeError("file-unreadable", str(error), path=str(path)) from error
    except c2pa.C2paError as error:
        elsewhere = str(error).startswith("Remote:")
        code = "credentials-elsewhere" if elsewhere else "credentials-unreadable"
        raise ProvenanceError(code, str(error), name=path.name) from error


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal, as `source_digest` has it.

    Raises ZograscopeError `file-not-found`, `file-unreadable`.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise ZograscopeError("file-not-found", path=str(path)) from error
    except OSError as error:
        raise ZograscopeError("file-unreadable", str(error), path=str(path)) from error


def _read(reader: "c2pa.Reader", certificate: Certificate, sidecar: str | None) -> Provenance:
    manifest = reader.get_active_manifest() or {}
    results = (reader.get_validation_results() or {}).get("activeManifest", {})
    failures = {each["code"]: each.get("explanation", "") for each in results.get("failure", [])}
    matches = {each["code"] for each in results.get("success", [])}
    broken = {code for code in failures if not code.startswith(_OF_CERTIFICATES)}
    # That nothing failed is not enough: signature and hash must have been found right.
    sound = "claimSignature.validated" in matches and not matches.isdisjoint(_HASHES_MATCH)
    signature = manifest.get("signature_info", {})
    if {"signingCredential.trusted", "claimSignature.validated"} <= matches:
        is_own = signature.get("cert_serial_number") == certificate.serial_number
        signer = OWN if is_own else TRUSTED
    else:
        signer = UNKNOWN if _EXPIRED.isdisjoint(failures) else EXPIRED
    generator = (manifest.get("claim_generator_info") or [{}])[0]
    given = [each for each in _ingredients(manifest) if each.get("relationship") == "inputTo"]
    described = {str(each.get("description", "")): each for each in given}
    sought = [each for text, each in described.items() if text.startswith(DIGEST_PREFIX)]
    parents = [each for each in _ingredients(manifest) if each.get("relationship") == "parentOf"]
    parent = next(iter([*parents, *sought]), {})
    collection = described.get(TRAINED_ON, {})
    driver = next((each for each in given if each not in (parent, collection)), {})
    action = _made(manifest)
    kind = str(action.get("digitalSourceType", ""))
    description = str(parent.get("description", ""))
    prefix, digest = description[: len(DIGEST_PREFIX)], description[len(DIGEST_PREFIX) :]
    agent = action.get("softwareAgent", {})
    return Provenance(
        state=INTACT if sound and not broken else CHANGED,
        signer=signer,
        organisation=str(signature.get("issuer", "")),
        made_by=f"{generator.get('name', '')} {generator.get('version', '')}".strip(),
        zograscope=generator.get("name") == NAME,
        title=str(manifest.get("title", "")),
        when=str(action.get("when", "")),
        source_name=str(parent.get("title", "")),
        source_digest=digest if prefix == DIGEST_PREFIX else "",
        source_changed=_is_changed(parent),
        driver_name=str(driver.get("title", "")),
        model=str(agent.get("name", "") if isinstance(agent, dict) else agent),
        collection=str(collection.get("title", "")),
        digital_source_type=kind.removeprefix(DIGITAL_SOURCE_TYPE),
        networks=kind in _WITH_NETWORKS if kind else None,
        sidecar=sidecar,
        problems=tuple(f"{code}: {words}" for code, words in failures.items()),
    )


def _ingredients(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return list(manifest.get("ingredients", []))


def _made(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the last action that says what kind of source it makes, or an empty one."""
    actions = [
        action
        for assertion in manifest.get("assertions", [])
        if str(assertion.get("label", "")).startswith("c2pa.actions")
        for action in assertion.get("data", {}).get("actions", [])
        if action.get("digitalSourceType")
    ]
    return actions[-1] if actions else {}


def _is_changed(ingredient: dict[str, Any]) -> bool:
    """Whether the ingredient's own credentials were broken when it was put in."""
    results = ingredient.get("validation_results", {}).get("activeManifest", {})
    codes = [str(each["code"]) for each in results.get("failure", [])]
    return any(not code.startswith(_OF_CERTIFICATES) for code in codes)
