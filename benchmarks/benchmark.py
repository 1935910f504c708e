"""What every benchmark takes and leaves: --toy, --output, and figures in JSON."""

import argparse
import json
from pathlib import Path
from typing import Any


def argument_parser(documentation: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that all benchmarks have; the rest each adds itself."""
    parser = argparse.ArgumentParser(
        description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, metavar="FILE.json", help="where to write figures")
    parser.add_argument(
        "--toy",
        action="store_true",
        help="run in seconds on something small, to see that it runs; limits do not count then",
    )
    return parser


def write_figures(figures: Any, output: Path | None) -> None:
    """Write figures as JSON where they are wanted."""
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
