"""What the tasks of portraits answer; TASKS.md says what it means."""

from zograscope_protocol.errors import quoted
from zograscope_protocol.results import (
    SENTENCES,
    Arrays,
    Facts,
    Result,
    Wrong,
    check_sound,
    file,
    listed,
    maybe,
    number,
    numbers,
    one_of,
    picture,
    several,
    side,
    suffix,
    text,
    whole,
)

BEYOND = 1e6  # pixels, from a picture's corner
LONGEST = 1_000_000  # frames
LATEST = 1e7  # seconds
WILDEST = 1e4  # of a pose's numbers, in face widths
STRONGEST = 100.0  # of an expression
FACE_POINTS = 478
MOST_FACES = 1000
HANDLES = ("eye_right", "eye_left", "mouth_right", "mouth_left", "chin")
TEXTURES = ("picture", "eyes", "mouth", "background")

_size = several(side("width"), side("height"))
_box = several(*[number(-BEYOND, BEYOND)] * 4)
_frame = whole(0, LONGEST)


def _check_rig(arrays: Arrays, facts: Facts) -> None:
    triangles = arrays["triangles"]
    if triangles.size and triangles.max() >= len(arrays["vertices"]):
        raise Wrong("its triangles name vertices that it does not have")
    if arrays["materials"].max(initial=0) >= len(facts["textures"]):
        raise Wrong("its triangles name textures that it does not have")
    missing = [name for name in facts["textures"] if f"texture.{name}" not in arrays]
    if missing:
        raise Wrong(f"it lacks the texture {quoted(missing[0])}")


_movement = {
    "times": numbers("f8", "frames", least=0.0, most=LATEST, empty=False),
    "curves": numbers("f4", "frames", "expressions", least=-STRONGEST, most=STRONGEST),
    "poses": numbers("f4", "frames", 4, 4, least=-WILDEST, most=WILDEST),
    "sound": file(optional=True),
}
_told = {
    "rate": number(0.1, 1000.0),
    "expressions": listed(text, 1, 1000, "expressions"),
    "neutral_frame": maybe(_frame),
    "sound_suffix": maybe(suffix),
    "warnings": SENTENCES,
}
PORTRAIT = Result(
    {**_movement, "mask": picture(optional=True)},
    {
        **_told,
        "size": _size,
        "box": maybe(_box),
        "face_width": number(1e-3, BEYOND),
        "model": maybe(text),
    },
    check_sound,
)
FRAME = Result(
    {"file": picture(), "relief": picture(optional=True)},
    {"frame": maybe(_frame), "time": maybe(number(-LATEST, LATEST))},
)
TRACK = Result({**_movement, "picture": picture(optional=True)}, _told, check_sound)
EXAMINATION = Result(
    {
        "points": numbers("f4", "faces", FACE_POINTS, 3, least=-BEYOND, most=BEYOND, optional=True),
        "boxes": numbers("f4", "faces", 4, least=-BEYOND, most=BEYOND),
        "handles": numbers("f4", "faces", "handles", 2, least=-BEYOND, most=BEYOND),
        "picture": picture(),
        "driver_picture": picture(optional=True),
    },
    {
        "faces": maybe(whole(0, MOST_FACES, "faces")),
        "handles": listed(one_of(*HANDLES), 0, len(HANDLES), "handles"),
        "size": _size,
        "neutral_frame": maybe(_frame),
        "warnings": SENTENCES,
    },
)
RIG = Result(
    {
        "vertices": numbers("f4", "vertices", 3, least=-BEYOND, most=BEYOND),
        "triangles": numbers("i4", "triangles", 3, least=0, most=2**31 - 1, empty=False),
        "uv": numbers("f4", "vertices", 2, least=-1e4, most=1e4),
        "materials": numbers("u1", "triangles", least=0, most=255),
        "shape_keys": numbers("f4", "expressions", "vertices", 3, least=-BEYOND, most=BEYOND),
        "head": numbers("f4", "vertices", least=-10.0, most=10.0),
        "pivot": numbers("f4", 3, least=-BEYOND, most=BEYOND),
        "texture.*": picture(),
    },
    {
        "expressions": listed(text, 0, 1000, "expressions"),
        "textures": listed(one_of(*TEXTURES), 1, len(TEXTURES)),
        "size": _size,
        "box": maybe(_box),
        "face_width": number(1e-3, BEYOND),
    },
    _check_rig,
)
