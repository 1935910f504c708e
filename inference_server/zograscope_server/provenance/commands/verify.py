"""`zograscope verify`: says what a file is, and whether it was changed since it was made."""

import argparse
import json
from pathlib import Path
from typing import Any

from zograscope_protocol.errors import ZograscopeError

from zograscope_server.command_line.server_options import add_state_option

CHANGED_CODE, NONE_CODE = 3, 4


def add_parser(subparsers: Any) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "verify",
        help="say what a file is, and whether it was changed",
        epilog=f"Exit code: 0 intact, {CHANGED_CODE} changed, {NONE_CODE} no credentials, 1 it "
        "could not be said; of several files the greatest.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="pictures and films")
    parser.add_argument(
        "--source", type=Path, metavar="PICTURE", help="say whether they were made of this picture"
    )
    parser.add_argument("--json", action="store_true", help="print a line of JSON for each file")
    add_state_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what each file is; return the greatest exit code of them."""
    from zograscope_server.provenance.certificates import own_certificate
    from zograscope_server.provenance.verification import CHANGED, INTACT, NONE, digest_of, verify

    certificate = own_certificate(arguments.state)
    source_digest = digest_of(arguments.source) if arguments.source else None
    codes = {INTACT: 0, CHANGED: CHANGED_CODE, NONE: NONE_CODE}
    code = 0
    for path in arguments.files:
        try:
            provenance = verify(path, certificate)
        except ZograscopeError as error:
            answer: dict[str, Any] = {"file": str(path), "error": error.to_header()}
            words = error.sentence
            code = max(code, 1)
        else:
            answer = {"file": str(path), **provenance.to_json()}
            words = provenance.in_words(path.name)
            code = max(code, codes[provenance.state])
            if source_digest is not None:
                made_of_it = provenance.source_digest == source_digest
                answer["made_of_source"] = made_of_it
                words += f"\n{arguments.source.name} is {'' if made_of_it else 'NOT '}that picture."
        print(json.dumps(answer) if arguments.json else words + "\n")
    return code
