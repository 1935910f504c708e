"""The options of tasks: what is asked arrives as it was meant, or is refused in words."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zograscope_protocol.depth.tasks import (
    DEPTH_FORMATS,
    KINDS,
    MESH_FORMATS,
    NEAR_TONES,
    QUALITIES,
    STEREO,
    DioramaOptions,
    ExportDepthOptions,
    ExportMeshOptions,
    ExportPlatesOptions,
    ImportPlatesOptions,
    PaintBackgroundOptions,
    SegmentOptions,
)
from zograscope_protocol.diagnostics import CountOptions, NullOptions, SleepOptions
from zograscope_protocol.errors import MOST_QUOTED, ZograscopeError, quoted
from zograscope_protocol.generative.tasks import (
    LatentMapOptions,
    ProjectOptions,
    SamplesOptions,
    TrainOptions,
    WalkOptions,
)
from zograscope_protocol.models import DownloadOptions
from zograscope_protocol.mosaic.tasks import (
    LARGEST_SEED,
    LAYOUTS,
    NEIGHBOURHOODS,
    POSTER_SUFFIXES,
    SHAPES,
    MosaicOptions,
    OriginalsOptions,
    PageOptions,
    PosterOptions,
    SimilarOptions,
)
from zograscope_protocol.portrait.tasks import (
    ExaminePortraitOptions,
    PortraitOptions,
    PortraitRigOptions,
    TrackDriverOptions,
)

layouts = st.sampled_from(LAYOUTS) | st.text(min_size=1).map(lambda name: f"column:{name}")
colours = st.tuples(*[st.integers(0, 255)] * 3)
pictures = {
    "width_pixels": st.integers(1, 200_000),
    "tile_size": st.floats(0.01, 10.0),
    "margin": st.floats(0.0, 1000.0),
    "background": colours,
    "crop": st.booleans(),
    "extent": st.none() | st.tuples(*[st.floats(0.01, 1e8)] * 2),
}
all_options = st.one_of(
    st.builds(
        DioramaOptions,
        file_name=st.text(),
        model=st.text(),
        quality=st.sampled_from(QUALITIES),
        crop=st.sampled_from(("auto", "none")) | st.tuples(*[st.integers(-(10**9), 10**9)] * 4),
        depth_map_name=st.text(),
        depth_map_near=st.sampled_from(NEAR_TONES),
        field_of_view=st.none() | st.floats(1.0, 170.0),
        kind=st.sampled_from(KINDS),
        background=st.booleans(),
        stereo=st.sampled_from(STEREO),
    ),
    st.builds(
        ExportMeshOptions,
        format=st.sampled_from(MESH_FORMATS),
        layers=st.lists(st.text(), min_size=1),
    ),
    st.builds(
        ExportDepthOptions,
        format=st.sampled_from(DEPTH_FORMATS),
        near=st.floats(1e-6, 1.0),
        far=st.floats(1.5, 1e9),
    ),
    st.builds(
        MosaicOptions,
        collection=st.text(),
        model=st.text(),
        layouts=st.lists(layouts, min_size=1),
        shape=st.sampled_from(SHAPES),
        aspect=st.floats(0.05, 20.0),
        mask_name=st.text(),
        neighbourhood=st.sampled_from(NEIGHBOURHOODS),
        stack=st.booleans(),
        tile_pixels=st.none() | st.integers(8, 1024),
        atlas=st.booleans(),
        online=st.booleans(),
        seed=st.integers(0, LARGEST_SEED),
        keep_map=st.booleans(),
    ),
    st.builds(PosterOptions, suffix=st.sampled_from(POSTER_SUFFIXES), **pictures),
    st.builds(PageOptions, title=st.text(), clusters=st.lists(st.text()), **pictures),
    st.builds(SimilarOptions, model=st.text(), tile=st.none() | st.integers(0, 2**31)),
    st.builds(OriginalsOptions, long_side=st.integers(64, 16384)),
)


@given(all_options)
def test_what_is_asked_arrives_as_it_was_meant(options):
    travelled = json.loads(json.dumps(options.parameters()))
    assert type(options).read(travelled) == options


@given(all_options, st.dictionaries(st.text().map(lambda name: f"new {name}"), st.integers()))
def test_what_is_left_out_takes_its_default_and_what_is_unknown_is_ignored(options, unknown):
    assert type(options).read(options.parameters() | unknown) == options
    if not isinstance(options, ExportMeshOptions):  # which layers has no default
        assert type(options).read(unknown) == type(options)()


@given(all_options)
def test_a_submission_names_its_task(options):
    task, parameters, inputs = options.submission({"image": b"bytes"})
    assert task == options.task
    assert parameters == options.parameters()
    assert inputs == {"image": b"bytes"}
    assert options.submission().inputs == {}


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        (DioramaOptions, {"crop": "some"}),
        (DioramaOptions, {"crop": [1, 2, 3]}),
        (DioramaOptions, {"crop": [1, 2, 3, "4"]}),
        (DioramaOptions, {"field_of_view": 0}),
        (DioramaOptions, {"field_of_view": 180}),
        (DioramaOptions, {"field_of_view": "wide"}),
        (DioramaOptions, {"field_of_view": float("nan")}),
        (DioramaOptions, {"field_of_view": True}),
        (DioramaOptions, {"kind": "film"}),
        (DioramaOptions, {"quality": 1024}),
        (DioramaOptions, {"background": "yes"}),
        (DioramaOptions, {"stereo": True}),
        (DioramaOptions, {"file_name": 3}),
        (ExportMeshOptions, {"layers": []}),
        (ExportMeshOptions, {"layers": "photograph"}),
        (ExportMeshOptions, {"layers": [1]}),
        (ExportMeshOptions, {"format": "fbx", "layers": ["a"]}),
        (MosaicOptions, {"layouts": []}),
        (MosaicOptions, {"layouts": "tsne"}),
        (MosaicOptions, {"layouts": ["spiral"]}),
        (MosaicOptions, {"layouts": ["column:"]}),
        (MosaicOptions, {"layouts": [["tsne"]]}),
        (MosaicOptions, {"aspect": 1e9}),
        (MosaicOptions, {"shape": ["mask"]}),
        (MosaicOptions, {"tile_pixels": 3}),
        (MosaicOptions, {"tile_pixels": 8.5}),
        (MosaicOptions, {"seed": -1}),
        (MosaicOptions, {"seed": LARGEST_SEED + 1}),
        (MosaicOptions, {"stack": 1}),
        (PosterOptions, {"suffix": ".exe"}),
        (PosterOptions, {"width_pixels": 0}),
        (PosterOptions, {"background": [0, 0, 256]}),
        (PosterOptions, {"background": [0.5, 0, 0]}),
        (PosterOptions, {"background": "red"}),
        (PosterOptions, {"extent": [1, 0]}),
        (PosterOptions, {"extent": [1, float("nan")]}),
        (PosterOptions, {"extent": [1]}),
        (PageOptions, {"clusters": [None]}),
        (SimilarOptions, {"tile": -1}),
        (OriginalsOptions, {"long_side": float("inf")}),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(kind, parameters):
    for make in (kind.read, lambda values: kind(**values)):
        with pytest.raises(ZograscopeError) as refusal:
            make(parameters)
        assert refusal.value.code == "bad-parameters"
        assert next(iter(parameters)).replace("_", " ") in refusal.value.sentence


@pytest.mark.parametrize(("near", "far"), [(0, 1), (2, 2), (5, 1), (-1, 1), ("a", 2)])
def test_a_depth_range_that_makes_no_sense_is_refused(near, far):
    with pytest.raises(ZograscopeError, match="near") as refusal:
        ExportDepthOptions(near=near, far=far)
    assert refusal.value.code == "bad-parameters"


def test_whole_numbers_may_be_written_as_others():
    assert MosaicOptions.read({"tile_pixels": 64.0}).tile_pixels == 64
    assert type(PosterOptions.read({"width_pixels": 300.0}).width_pixels) is int


def test_options_cannot_be_changed_behind_their_checks():
    with pytest.raises(AttributeError):
        DioramaOptions().quality = "best"


# Whatever a message holds, it is read or refused in a sentence that can be sent

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), 2**63, -1, 0])
    | st.floats()
    | st.text(st.characters(), max_size=300)
    | st.sampled_from(["default", "auto", "chin", "tsne", "0", "..", "\0", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        | st.tuples(inner, inner, inner).map(list)
        | st.lists(st.lists(inner, min_size=2, max_size=3), max_size=2)
    ),
    max_leaves=12,
)
KINDS_OF_OPTIONS = [
    *(DioramaOptions, ExportMeshOptions, ExportDepthOptions),
    *(SegmentOptions, PaintBackgroundOptions, ExportPlatesOptions, ImportPlatesOptions),
    *(MosaicOptions, PosterOptions, PageOptions, SimilarOptions, OriginalsOptions),
    *(PortraitOptions, ExaminePortraitOptions, TrackDriverOptions, PortraitRigOptions),
    *(TrainOptions, WalkOptions, SamplesOptions, LatentMapOptions, ProjectOptions),
    *(NullOptions, SleepOptions, CountOptions, DownloadOptions),
]


@given(kind=st.sampled_from(KINDS_OF_OPTIONS), data=st.data())
def test_no_parameter_is_too_odd(kind, data):
    names = [field.name for field in dataclasses.fields(kind)]
    asked = data.draw(st.dictionaries(st.sampled_from(names), JSON, min_size=1, max_size=3))
    try:
        options = kind.read(asked)
    except ZograscopeError as error:
        assert error.code == "bad-parameters"
        assert len(error.sentence) < 600
    else:
        assert kind.read(json.loads(json.dumps(options.parameters()))) == options


OF_SEEDS = [
    (kind, field.name)
    for kind in KINDS_OF_OPTIONS
    for field in dataclasses.fields(kind)
    if field.name.endswith("seed")
]
NO_SEEDS = st.integers(max_value=-1) | st.integers(min_value=2**63)


@given(of=st.sampled_from(OF_SEEDS), seed=NO_SEEDS | st.sampled_from([10**5000, -1.0, 2.0**63]))
def test_what_is_no_seed_is_refused_in_words(of, seed):
    kind, name = of
    with pytest.raises(ZograscopeError, match=name.replace("_", " ")) as caught:
        kind.read({name: seed})
    assert caught.value.code == "bad-parameters"


@given(st.integers(max_value=-1) | st.integers(min_value=2**31) | st.just("9" * 5000) | st.text())
def test_what_is_no_seed_among_samples_is_refused_in_words(text):
    text = str(text)
    if text.isascii() and text.isdigit() and len(text) < 11 and int(text) < 2**31:
        text = f"{text}."
    with pytest.raises(ZograscopeError, match="no seed") as caught:
        SamplesOptions.read({"seeds": ["0", text]})
    assert caught.value.code == "bad-parameters"


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        (PortraitOptions, {"handles": [["chin", float("nan"), 3]]}),
        (PortraitOptions, {"handles": [["chin", 10**400, 3]]}),
        (WalkOptions, {"directions": [[float("nan"), 1]]}),
        (WalkOptions, {"directions": [[float("inf"), 1]]}),
        (WalkOptions, {"directions": [[0, float("nan")]]}),
        (WalkOptions, {"seed": 10**400}),
        (MosaicOptions, {"aspect": 10**400}),
        (MosaicOptions, {"seed": float("inf")}),
        (DioramaOptions, {"crop": [0, 0, 10**400, 5]}),
        (NullOptions, {"reply_shape": [2**31, 2**31, 2**31]}),
    ],
)
def test_numbers_that_are_none_are_refused(kind, parameters):
    with pytest.raises(ZograscopeError) as caught:
        kind.read(parameters)
    assert caught.value.code == "bad-parameters"


def test_what_is_quoted_is_never_long():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    for value in ("x" * 10_000, 10**10_000, deep, [1] * 10_000):
        assert len(quoted(value)) <= MOST_QUOTED + 3
    assert quoted("tsne") == "'tsne'"
