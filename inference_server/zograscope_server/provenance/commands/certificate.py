"""`zograscope certificate`: says whose name stands in what is made here, and changes it."""

import argparse
from typing import Any

from zograscope_server.command_line.server_options import add_state_option


def add_parser(subparsers: Any) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser("certificate", help="whose name stands in what is made here")
    parser.add_argument(
        "--organisation", metavar="NAME", help="make a new certificate in this name"
    )
    add_state_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make a certificate where one is missing or wanted, and print what it is."""
    from zograscope_server.provenance.certificates import (
        certificate_folder,
        name_organisation,
        own_certificate,
    )

    if arguments.organisation is not None:
        certificate = name_organisation(arguments.state, arguments.organisation)
    else:
        certificate = own_certificate(arguments.state)
    kind = "made by Zograscope" if certificate.self_made else "your own"
    print(f"What is made here is signed for: {certificate.organisation}")
    print(f"The certificate, {kind}, is in {certificate_folder(arguments.state)}")
    print(f"It is valid until {certificate.expires:%Y-%m-%d}.")
    return 0
