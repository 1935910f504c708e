"""How commands say what they have made."""

import json
from collections.abc import Mapping
from typing import Any


def print_made(made: Mapping[str, str], metadata: Mapping[str, Any], *, as_json: bool) -> None:
    """Print what was made and where: a line each, or with the answer's facts as JSON."""
    if as_json:
        print(json.dumps({**made, "metadata": metadata}, indent=2))
    else:
        print("\n".join(f"{kind}: {path}" for kind, path in made.items()))
