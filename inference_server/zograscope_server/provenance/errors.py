"""What goes wrong with marks and certificates."""

from zograscope_protocol.errors import ZograscopeError


class ProvenanceError(ZograscopeError):
    """What goes wrong with marks and certificates."""

    SENTENCES = {
        "certificate-missing": "There is no certificate in {folder}. Put chain.pem and key.pem into it, or unset ZOGRASCOPE_CERTIFICATE to use one that Zograscope makes.",
        "certificate-unusable": "The certificate in {folder} cannot be used: {problem}. Put another there, or remove chain.pem and key.pem and run `zograscope certificate`.",
        "certificate-foreign": "The certificate in {folder} was not made by Zograscope, so that it is left as it is. Unset ZOGRASCOPE_CERTIFICATE, or remove chain.pem and key.pem, to have one made.",
        "organisation-wrong": "{name!r} cannot stand in a certificate. Give the name of a person or an institution, of at most 64 characters.",
        "marking-failed": "{name} could not be marked as made, and was not kept. Try again; where it fails again, please report it.",
        "no-place-for-mark": "A file of the kind {suffix!r} has no place for content credentials. They go into a file beside it.",
        "credentials-elsewhere": "The content credentials of {name} are kept on the web, where nothing is fetched from. Look the file up at whoever published it.",
        "credentials-unreadable": "The content credentials of {name} cannot be read. They are damaged, or of a kind that this version does not know.",
    }
