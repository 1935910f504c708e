"""What answers must be: what is declared passes, and whatever else comes is refused in words."""

import importlib
import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zograscope_protocol.answers import read_models, read_status
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.job import Job, JobResult, Part
from zograscope_protocol.options import Options, options_of
from zograscope_protocol.picture_files import picture_size
from zograscope_protocol.readable import drawable, readable
from zograscope_protocol.results import (
    Result,
    listed,
    maybe,
    number,
    numbers,
    one_of,
    picture,
    record,
    several,
    suffix,
    text,
    whole,
)

CAPABILITIES = ("depth", "mosaic", "portrait", "generative")

HEIGHTS = Result(
    {
        "heights": numbers("f4", "rows", "columns", least=0.0, most=1.0),
        "names": numbers("i4", "rows", least=0, most=9, optional=True),
        "page.#": numbers("u1", None, least=0, most=255, count="pages"),
        "more.*": numbers("f4", "columns"),
    },
    {
        "rows": whole(1, 100, "rows"),
        "pages": whole(0, 8, "pages"),
        "camera": record(near=number(0.1, 10.0), title=maybe(text)),
        "suffix": maybe(suffix),
        "kind": one_of("print", "photograph"),
        "place": several(number(0, 1), number(0, 1)),
        "words": listed(text, most=3),
    },
)


def sound() -> tuple[dict, dict]:
    arrays = {
        "heights": np.full((2, 3), 0.5, np.float32),
        "names": np.array([1, 2], np.int32),
        "page.0": np.zeros(4, np.uint8),
        "page.1": np.zeros(0, np.uint8),
        "more.depth": np.zeros(3, np.float32),
    }
    facts = {
        "rows": 2,
        "pages": 2,
        "camera": {"near": 1, "title": "A"},
        "kind": "print",
        "place": [0, 0.5],
        "words": ["one", "two"],
    }
    return arrays, facts


def test_what_is_declared_passes_and_nothing_else_is_handed_on():
    arrays, facts = sound()
    more = {"surprise": np.zeros(2), "page.9": np.zeros(2)}
    taken, known = HEIGHTS.read(arrays | more, facts | {"more": 1, "camera": {"near": 1, "x": 2}})
    assert set(taken) == set(arrays)
    assert known == facts | {"camera": {"near": 1.0}}


def test_an_array_of_another_width_is_brought_to_its_own():
    arrays, facts = sound()
    arrays["heights"] = arrays["heights"].astype(">f8")
    arrays["names"] = arrays["names"].astype("u1")
    taken, _ = HEIGHTS.read(arrays, facts)
    assert (taken["heights"].dtype, taken["names"].dtype) == (np.float32, np.int32)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        ({"heights": None}, "lacks the array 'heights'"),
        ({"page.1": None}, "lacks the array 'page.1'"),
        ({"heights": np.full((2, 3), np.nan, np.float32)}, "not from 0 to 1"),
        ({"heights": np.full((2, 3), np.inf, np.float32)}, "not from 0 to 1"),
        ({"heights": np.full((2, 3), 1.5, np.float32)}, "not from 0 to 1"),
        ({"heights": np.full((3, 3), 0.5, np.float32)}, r"has the shape \[3, 3\]"),
        ({"heights": np.full(6, 0.5, np.float32)}, r"has the shape \[6\]"),
        ({"heights": np.zeros((2, 3), np.uint8)}, "is of uint8"),
        ({"names": np.array([1, 10], np.int32)}, "not from 0 to 9"),
        ({"more.depth": np.zeros(4, np.float32)}, "has the shape"),
        ({"more.depth": np.full(3, np.nan, np.float32)}, "not from"),
        ({"more.depth": np.zeros(3, np.complex64)}, "is of complex64"),
    ],
)
def test_a_wrong_array_is_refused_in_words(array, words):
    arrays, facts = sound()
    arrays = {name: value for name, value in (arrays | array).items() if value is not None}
    with pytest.raises(ZograscopeError, match=words) as refused:
        HEIGHTS.read(arrays, facts)
    assert refused.value.code == "result-wrong"


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        ({"rows": 3}, "has the shape"),
        ({"rows": 0}, "its rows is 0"),
        ({"rows": True}, "its rows is True"),
        ({"rows": "2"}, "its rows is '2'"),
        ({"rows": 2.0}, "its rows is 2.0"),
        ({"pages": 10**30}, "no whole number"),
        ({"camera": 1}, "no object"),
        ({"camera": {}}, "its near is None"),
        ({"camera": {"near": math.nan}}, "its near is nan"),
        ({"camera": {"near": 10**400}}, "its near is 1000"),
        ({"camera": {"near": 1, "title": 3}}, "its title is 3"),
        ({"suffix": "/../x.wav"}, "no suffix"),
        ({"suffix": ".w\\..\\x"}, "no suffix"),
        ({"kind": "other"}, "none of print, photograph"),
        ({"kind": ["print"]}, "none of"),
        ({"place": [0]}, "no list of 2"),
        ({"place": "00"}, "no list of 2"),
        ({"words": ["a"] * 4}, "no list as it should be"),
        ({"words": [1]}, "its words is 1"),
    ],
)
def test_a_wrong_fact_is_refused_in_words(fact, words):
    arrays, facts = sound()
    with pytest.raises(ZograscopeError, match=words):
        HEIGHTS.read(arrays, facts | fact)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
every_array = st.builds(
    lambda dtype, shape: np.zeros(shape, dtype),
    st.sampled_from(["<f4", ">f8", "u1", "<i8", "?", "<c8"]),
    st.lists(st.integers(0, 3), max_size=4),
)
modules = [importlib.import_module(f"zograscope_protocol.{name}.results") for name in CAPABILITIES]
declared = [thing for module in modules for thing in vars(module).values()]
declared = [thing for thing in declared if isinstance(thing, Result)]


@settings(max_examples=60)
@given(st.data())
def test_whatever_comes_is_read_or_refused(data):
    result = data.draw(st.sampled_from([HEIGHTS, *declared]))
    names = [name.replace("#", "0").replace("*", "x") for name in result.arrays]
    arrays = data.draw(st.dictionaries(st.sampled_from([*names, "else"]), every_array))
    facts = data.draw(
        json_values | st.dictionaries(st.sampled_from([*result.facts, "else"]), json_values)
    )
    try:
        taken, known = result.read(arrays, facts)
    except ZograscopeError as error:
        assert error.code == "result-wrong"
    else:
        assert set(taken) <= set(arrays)
        assert set(known) <= set(facts)


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_every_task_declares_what_it_answers(capability):
    tasks = importlib.import_module(f"zograscope_protocol.{capability}.tasks")
    options = [
        thing
        for thing in vars(tasks).values()
        if isinstance(thing, type) and issubclass(thing, Options) and "task" in vars(thing)
    ]
    assert options
    for thing in options:
        assert isinstance(thing.result, Result), thing
        assert options_of(thing.task) is thing


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_all_that_is_declared_is_described(capability):
    module = importlib.import_module(f"zograscope_protocol.{capability}.tasks")
    page = Path(module.__file__).with_name("TASKS.md").read_text("utf-8")
    _, *sections = re.split(r"^## `(\w+)`$", page, flags=re.MULTILINE)
    described = dict(zip(sections[::2], sections[1::2], strict=True))
    for task, words in described.items():
        options = options_of(task)
        for result in (options.result, options.part):
            for name in (*result.arrays, *result.facts) if result else ():
                plain = name.split("*")[0].split("#")[0].strip(".")
                assert re.search(rf"`{plain}|as of|as those of|All as", words), f"{task}: {name}"


def test_a_job_hands_on_what_its_task_declares():
    arrays = {"file": np.ones(3, np.uint8), "else": np.ones(3)}
    job = Job("1", "export_depth", "done", result=JobResult({"x": 1}, arrays, cached=True))
    job.check_result()
    job.check_result()
    assert job.result is not None
    assert (set(job.result.arrays), job.result.metadata) == ({"file"}, {})
    assert job.result.cached
    with pytest.raises(ZograscopeError, match="lacks the array 'file'"):
        Job("1", "walk").checked_part(Part(0, {}, {}))
    of_nobody = Job("1", "a task of tomorrow", "done", result=JobResult({}, arrays))
    of_nobody.check_result()
    assert of_nobody.result.arrays == arrays
    assert of_nobody.checked_part(Part(0, {}, arrays)).arrays == arrays


class TestPictures:
    """They are judged by their beginning and their end, and never decoded."""

    @pytest.mark.parametrize("form", ["PNG", "JPEG"])
    @pytest.mark.parametrize("size", [(1, 1), (300, 7), (17, 2000)])
    def test_their_size_is_read(self, form, size):
        image = pytest.importorskip("PIL.Image")
        assert picture_size(encoded(image, size, form)) == size

    @pytest.mark.parametrize("form", ["PNG", "JPEG"])
    def test_half_a_file_is_none(self, form):
        file = encoded(pytest.importorskip("PIL.Image"), (20, 30), form)
        assert picture_size(file[: len(file) // 2]) is None
        assert picture_size(file[:0]) is None

    @given(st.binary(max_size=60))
    def test_no_bytes_raise(self, data):
        for start in (b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"):
            for end in (b"", b"\xff\xd9", b"IEND\xaeB`\x82"):
                picture_size(np.frombuffer(start + data + end, np.uint8))

    def test_one_of_another_size_than_was_told_is_refused(self):
        file = encoded(pytest.importorskip("PIL.Image"), (20, 30), "PNG")
        result = Result({"p": picture("w", "h")}, {"w": whole(1, 99, "w")})
        result.read({"p": file}, {"w": 20})
        with pytest.raises(ZograscopeError, match="another size"):
            result.read({"p": file}, {"w": 21})

    def test_a_bomb_is_refused(self):
        header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (90_000).to_bytes(4, "big") * 2
        file = np.frombuffer(header + b"IEND\xaeB`\x82", np.uint8)
        with pytest.raises(ZograscopeError, match="90000 x 90000 pixels"):
            Result({"p": picture()}).read({"p": file}, {})


def encoded(image, size: tuple[int, int], form: str) -> np.ndarray:
    import io

    file = io.BytesIO()
    image.new("RGB", size).save(file, form)
    return np.frombuffer(file.getvalue(), np.uint8)


class TestTexts:
    @given(st.text(st.characters()) | st.integers() | st.none(), st.integers(1, 50))
    def test_a_line_can_be_drawn(self, value, most):
        line = readable(value, most)
        assert len(line) <= most
        assert line == "" or line.isprintable()
        line.encode()

    def test_half_a_character_is_replaced(self):
        assert readable("a\ud800b\nc") == "a?b c"
        assert drawable({"\udfff": ["\ud800", 1, None]}) == {"?": ["?", 1, None]}

    def test_what_can_be_read_stays(self):
        assert readable("Größe 3 µm, 漢字") == "Größe 3 µm, 漢字"


def test_a_status_is_read_as_far_as_it_makes_sense():
    workers, jobs = read_status(
        {
            "workers": [{"device": "cpu", "state": {}}, 1, {"device": "cpu", "state": "idle"}],
            "jobs": "none",
        }
    )
    assert workers == [{"device": "cpu", "state": "idle"}]
    assert jobs == []


def test_models_are_read_as_far_as_they_make_sense():
    model = {"name": "m", "title": "M", "task": "depth", "licence": "MIT", "commercial": True}
    model |= {"good_for": "All.", "bytes": 3, "installed": True, "default": False}
    told = [model | {"title": ["M"]}, model | {"embedded": True, "new": 1}, "m"]
    assert read_models({"models": told}) == [model | {"embedded": True}]
    assert read_models({}) == []
