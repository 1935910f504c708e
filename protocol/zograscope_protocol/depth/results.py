"""What the tasks of dioramas answer; TASKS.md says what it means."""

from zograscope_protocol.results import (
    Arrays,
    Facts,
    Result,
    Wrong,
    file,
    flag,
    grid,
    listed,
    maybe,
    number,
    numbers,
    picture,
    record,
    several,
    side,
    text,
)

NEAREST, FARTHEST = 1e-6, 1e9
BEYOND = 1e6  # pixels from a picture's corner to whatever is told of it
FACE_POINTS = 478
MOST_LINES = 1000
# Of the focal length, in longer sides of the picture: it sees from 0.01 to 179.9 degrees.
SHORTEST, LONGEST = 1e-3, 1e4
# How far off the middle a centre of projection may lie, in widths and heights.
FARTHEST_OFF = 100.0

_edges = several(*[number(-BEYOND, BEYOND)] * 4)
_background = record(rectangle=_edges)
_words = listed(text, most=100)


def _check_diorama(arrays: Arrays, facts: Facts) -> None:
    depth, picture_facts, camera = facts["depth"], facts["photograph"], facts["intrinsics"]
    if not depth["near"] < depth["far"]:
        raise Wrong(f"its near ({depth['near']:g}) is not less than its far ({depth['far']:g})")
    width, height = picture_facts["width"], picture_facts["height"]
    if not SHORTEST * max(width, height) <= camera["focal_length"] <= LONGEST * max(width, height):
        raise Wrong(f"its focal length is {camera['focal_length']:g} pixels")
    for name, length in (("cx", width), ("cy", height)):
        if abs(camera[name] - length / 2) > FARTHEST_OFF * length:
            raise Wrong(f"its {name} is {camera[name]:g} pixels")
    if "background" in arrays and "background" not in facts:
        raise Wrong("it does not say where its background lies")
    _check_background(arrays, facts)


def _check_background(arrays: Arrays, facts: Facts) -> None:
    if ("background" in arrays) != ("background_disparity" in arrays):
        raise Wrong("it has only half of a background")
    if facts.get("background") is not None:
        left, top, right, bottom = facts["background"]["rectangle"]
        if not (left < right and top < bottom):
            raise Wrong(f"its background has the edges {facts['background']['rectangle']}")


def _check_plates(arrays: Arrays, facts: Facts) -> None:
    rectangles = arrays["rectangles"].tolist()
    for name, pixels in arrays.items():
        if name == "rectangles":
            continue
        number = int(name.partition(".")[0])
        if number >= len(rectangles):
            raise Wrong(f"it has no rectangle of layer {number}")
        left, top, right, bottom = rectangles[number]
        if pixels.shape[:2] != (bottom - top, right - left):
            raise Wrong(f"its layer {number} does not have the pixels of its rectangle")


DIORAMA = Result(
    {
        "photograph": picture("width", "height"),
        "disparity": grid("f4", None, None, least=0.0, most=1.0),
        "background": picture(optional=True),
        "background_disparity": grid("f4", None, None, least=0.0, most=1.0, optional=True),
        "faces": numbers("f4", None, FACE_POINTS, 3, least=-BEYOND, most=BEYOND, optional=True),
        "lines": numbers("f4", None, 4, least=-BEYOND, most=BEYOND, optional=True),
        "detail": grid("f4", None, None, least=0.0, most=1.0, optional=True),
        "dome": picture(optional=True),
        "matte": picture(optional=True),
    },
    {
        "photograph": record(name=maybe(text), width=side("width"), height=side("height")),
        "intrinsics": record(
            focal_length=number(0.0, 1e12), cx=number(-1e9, 1e9), cy=number(-1e9, 1e9)
        ),
        "field_of_view": maybe(number(0.0, 180.0)),
        "depth": record(
            near=number(NEAREST, FARTHEST),
            far=number(NEAREST, FARTHEST),
            metric=maybe(flag),
            model=text,
            licence=text,
        ),
        "background": maybe(_background),
        "paper_border": maybe(_edges),
        "kind": maybe(text),
        "sky_share": maybe(number(0.0, 1.0)),
        "stereo": maybe(
            record(
                left=_edges,
                right=_edges,
                matched_share=maybe(number(0.0, 1.0)),
                turn=maybe(number(-360.0, 360.0)),
                vertical_shift=maybe(number(-BEYOND, BEYOND)),
            )
        ),
        "warnings": maybe(_words),
    },
    _check_diorama,
)
FILE = Result({"file": file()})
SEGMENT = Result({"mask": grid("u1", None, None, least=0, most=255)})
BACKGROUND = Result(
    {
        "background": picture(),
        "background_disparity": grid("f4", None, None, least=0.0, most=1.0),
        "dome": picture(optional=True),
        "matte": picture(optional=True),
    },
    {"background": _background},
    _check_background,
)
PLATES = Result(
    {
        "#.pixels": grid("u1", None, None, 4, least=0, most=255),
        "rectangles": numbers("i4", None, 4, least=-BEYOND, most=BEYOND),
    },
    {"missing": maybe(_words)},
    _check_plates,
)
