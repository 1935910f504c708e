"""What the tasks of dreaming answer; TASKS.md says what it means."""

from zograscope_protocol.results import (
    SENTENCES,
    Arrays,
    Facts,
    Result,
    Wrong,
    check_sound,
    file,
    grid,
    json_object,
    listed,
    maybe,
    number,
    numbers,
    picture,
    several,
    side,
    suffix,
    text,
    whole,
)

LONGEST = 1_000_000  # frames
LATEST = 1e9  # seconds
LARGEST = 1e12  # of what is measured
STRONGEST = 1e6  # of a latent's numbers
MOST_SEED = 2**63 - 1
MOST_SAMPLES = 100_000
MOST_STYLES, MOST_NUMBERS = 64, 65_536

_size = several(side(), side())
_measure = maybe(number(-LARGEST, LARGEST))
_seed = whole(0, MOST_SEED)


def _check_samples(arrays: Arrays, facts: Facts) -> None:
    originals = facts.get("originals")
    if originals is not None and len(originals) != len(facts["seeds"]):
        raise Wrong("it does not tell the originals of all samples")


def _check_latent(arrays: Arrays, facts: Facts) -> None:
    styles, count = arrays["latent"].shape
    if styles > MOST_STYLES or count > MOST_NUMBERS:
        raise Wrong(f"its latent has {styles} x {count} numbers")


TRAINING = Result(
    {"model": file(), "grid": picture(), "memorised": picture()},
    {"name": text, "card": maybe(json_object), "warnings": SENTENCES},
)
LOOK = Result(
    {"grid": picture()},
    {
        "images": maybe(whole(0, 2**53)),
        **dict.fromkeys(("minutes", "frechet", "diversity", "nearest", "remaining"), _measure),
    },
)
WALK = Result(
    {
        "times": numbers("f8", "frames", least=0.0, most=LATEST, empty=False),
        "steps": numbers("f4", None, least=-LARGEST, most=LARGEST, optional=True),
        "sound": file(optional=True),
    },
    {
        "rate": number(0.1, 1000.0),
        "size": _size,
        "frames": whole(1, LONGEST),
        "first": maybe(whole(0, LONGEST)),
        "model": maybe(text),
        "sound_suffix": maybe(suffix),
        "warnings": SENTENCES,
    },
    check_sound,
)
FRAME = Result(
    {"file": picture()},
    {"frame": maybe(whole(0, LONGEST)), "time": maybe(number(-LATEST, LATEST))},
)
SAMPLES = Result(
    {
        "grid": picture(),
        "latents": numbers(
            "f4", "samples", None, None, least=-STRONGEST, most=STRONGEST, optional=True
        ),
    },
    {
        "seeds": listed(_seed, 1, MOST_SAMPLES, "samples"),
        "columns": whole(1, MOST_SAMPLES),
        "size": maybe(_size),
        "model": text,
        "directions": maybe(whole(0, 100_000)),
        "originals": maybe(listed(maybe(several(text, number(-LARGEST, LARGEST))))),
    },
    _check_samples,
)
SAMPLE = Result({"file": picture()}, {"seed": maybe(_seed)})
LATENT_MAP = Result(
    {"map": picture(), "seeds": numbers("i8", "side", "side", optional=True)},
    {"side": whole(2, 1000, "side"), "size": maybe(_size), "model": text},
)
PROJECTION = Result(
    {
        "latent": grid("f4", None, None, least=-STRONGEST, most=STRONGEST),
        "picture": picture(),
        "wanted": picture(optional=True),
    },
    {"size": maybe(_size), "model": maybe(text), "difference": _measure},
    _check_latent,
)
