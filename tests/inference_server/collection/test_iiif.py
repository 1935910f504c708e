"""IIIF manifests of both versions give images of a useful size with what is known of them."""

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.collection.errors import CollectionError
from zograscope_server.collection.fetching import Fetcher
from zograscope_server.collection.iiif import open_manifest
from zograscope_server.collection.iiif_image import LONG_SIDE, image_service

from ..conftest import ServeWeb

BASE = "https://library.example/"


class Web:
    """Stands for a Fetcher: what is at which address; all else is unreachable."""

    def __init__(self, **files: Any) -> None:
        self.files = {f"{BASE}{name}": content for name, content in files.items()}
        self.asked: list[str] = []

    def get(self, url: str) -> bytes:
        self.asked.append(url)
        if url not in self.files:
            raise CollectionError("fetch-failed", url=url)
        content = self.files[url]
        return content if isinstance(content, bytes) else json.dumps(content).encode()

    def open(self, name: str, **options: Any):
        return open_manifest(BASE + name, self, **options)  # type: ignore[arg-type]


def canvas3(name: str = "p1", **more: Any) -> dict[str, Any]:
    service = {"id": f"{BASE}iiif/{name}.jp2", "type": "ImageService3", "profile": "level2"}
    body = {"id": f"{BASE}{name}.jpg", "type": "Image", "service": [service]}
    annotation = {"type": "Annotation", "motivation": "painting", "body": body}
    page = {"type": "AnnotationPage", "items": [annotation]}
    return {"id": f"{BASE}{name}", "type": "Canvas", "items": [page], **more}


def manifest3(name: str = "m", canvases: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "@context": "http://iiif.io/api/presentation/3/context.json",
        "id": BASE + name,
        "type": "Manifest",
        "label": {"en": [f"Manifest {name}"]},
        "items": [canvas3()] if canvases is None else canvases,
        **more,
    }


def manifest2(name: str = "m", **more: Any) -> dict[str, Any]:
    service = {
        "@context": "http://iiif.io/api/image/2/context.json",
        "@id": f"{BASE}iiif/p1",
        "profile": "http://iiif.io/api/image/2/level2.json",
    }
    resource = {"@id": f"{BASE}p1.jpg", "@type": "dctypes:Image", "service": service}
    canvas = {"@type": "sc:Canvas", "label": "f. 1", "images": [{"resource": resource}]}
    return {
        "@id": BASE + name,
        "@type": "sc:Manifest",
        "label": f"Manifest {name}",
        "sequences": [{"canvases": [canvas]}, {"canvases": [canvas]}],
        **more,
    }


def collection3(name: str, items: list[Any]) -> dict[str, Any]:
    return {"id": BASE + name, "type": "Collection", "label": {"none": [name]}, "items": items}


def reference(name: str, kind: str = "Manifest") -> dict[str, Any]:
    return {"id": BASE + name, "type": kind, "label": {"en": [f"Reference {name}"]}}


def test_version_3() -> None:
    manifest = manifest3(
        navDate="1905-06-01T00:00:00Z",
        rights="http://creativecommons.org/publicdomain/zero/1.0/",
        requiredStatement={"label": {"en": ["Credit"]}, "value": {"en": ["<b>Library</b> of X"]}},
        homepage=[{"id": "https://library.example/page", "type": "Text"}],
        metadata=[
            {"label": {"de": ["Künstler"]}, "value": {"none": ["Anna Muster"]}},
            {"label": {"en": ["Subject"]}, "value": {"en": ["bridge", "<a href='x'>river</a>"]}},
        ],
    )
    collection = Web(m=manifest).open("m")
    assert collection.name == "Manifest m"
    (item,) = collection.items
    assert item.location == f"{BASE}iiif/p1.jp2/full/!1024,1024/0/default.jpg"
    assert (item.name, item.title, item.creator) == ("p1.jp2", "Manifest m", "Anna Muster")
    assert item.date == pytest.approx(1905 + 151.5 / 365)
    assert item.rights == "Library of X; http://creativecommons.org/publicdomain/zero/1.0/"
    assert item.link == "https://library.example/page"
    assert item.fields == {"Subject": "bridge; river"}
    assert not collection.problems


def test_version_2() -> None:
    manifest = manifest2(
        attribution="Library",
        license="https://example.org/licence",
        related={"@id": "https://library.example/page", "format": "text/html"},
        metadata=[
            {"label": [{"@value": "Datum", "@language": "de"}], "value": "ca. 1905"},
            {
                "label": [
                    {"@value": "Ort", "@language": "de"},
                    {"@value": "Place", "@language": "en"},
                ],
                "value": "Bern",
            },
        ],
    )
    (item,) = Web(m=manifest).open("m").items
    assert item.location == f"{BASE}iiif/p1/full/!1024,1024/0/default.jpg"
    assert (item.title, item.date, item.rights) == (
        *("Manifest m", 1905.5, "Library; https://example.org/licence"),
    )
    assert item.link == "https://library.example/page"
    assert item.fields == {"Datum": "ca. 1905", "Place": "Bern"}


def test_canvases_say_more_than_their_manifest() -> None:
    own = {"label": {"en": ["Date"]}, "value": {"en": ["1920"]}}
    shared_date = {"label": {"en": ["Date"]}, "value": {"en": ["1910"]}}
    manifest = manifest3(
        canvases=[canvas3("a", label={"en": ["f. 1"]}), canvas3("b", metadata=[own], rights="CC0")],
        metadata=[shared_date],
        rights="CC-BY",
    )
    first, second = Web(m=manifest).open("m").items
    assert (first.title, first.date, first.rights) == ("Manifest m, f. 1", 1910.5, "CC-BY")
    assert (second.title, second.date, second.rights) == ("Manifest m, 2", 1920.5, "CC0")


def test_a_nav_date_at_new_year_means_the_year() -> None:
    (item,) = Web(m=manifest3(navDate="1856-01-01T00:00:00Z")).open("m").items
    assert item.date == 1856.5


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ({"de": ["Karte"], "none": ["K 1"], "en": ["Map"]}, "Map"),
        ({"de": ["Karte"], "en-GB": ["Map"]}, "Map"),
        ({"de": ["Karte"], "none": ["K 1"]}, "K 1"),
        ({"de": ["Karte", "Plan"], "fr": ["Carte"]}, "Karte; Plan"),
        ([{"@value": "Karte", "@language": "de"}, {"@value": "Map", "@language": "en"}], "Map"),
        ([{"@value": "Karte", "@language": "de"}, "K 1"], "K 1"),
        ("R&amp;D &lt;1&gt;<br/>a < b", "R&D <1> a < b"),
        ({"en": "no list"}, "no list"),
    ],
)
def test_labels(label: Any, text: str) -> None:
    assert Web(m=manifest3(label=label)).open("m").name == text


def test_collections_nest_and_may_turn_in_circles() -> None:
    web = Web(
        top=collection3(
            "top", [reference("inner", "Collection"), reference("m1"), manifest3("m3")]
        ),
        inner=collection3("inner", [reference("m2"), reference("top", "Collection")]),
        m1=manifest3("m1"),
        m2=manifest2("m2"),
    )
    collection = web.open("top")
    assert collection.name == "top"
    assert [item.title for item in collection.items] == [
        "Manifest m2",
        "Manifest m1",
        "Manifest m3",
    ]
    assert sorted(web.asked) == [BASE + name for name in ("inner", "m1", "m2", "top")]


def test_collections_of_version_2_and_their_pages() -> None:
    top = {"@id": f"{BASE}top", "@type": "sc:Collection", "label": "T", "first": f"{BASE}page1"}
    page1 = {
        "@type": "sc:Collection",
        "manifests": [{"@id": f"{BASE}m1", "@type": "sc:Manifest"}],
        "next": f"{BASE}page2",
    }
    page2 = {
        "@type": "sc:Collection",
        "collections": [
            {"@id": f"{BASE}c", "@type": "sc:Collection", "members": [manifest2("m2")]}
        ],
    }
    web = Web(top=top, page1=page1, page2=page2, m1=manifest2("m1"))
    assert [item.title for item in web.open("top").items] == ["Manifest m1", "Manifest m2"]


def test_what_cannot_be_had_is_a_problem_and_the_rest_is_there() -> None:
    sound = canvas3("s")
    sound["items"][0]["items"][0]["body"] = {"id": f"{BASE}s.mp3", "type": "Sound"}
    here = canvas3("h")
    here["items"][0]["items"][0]["body"] = {"id": "/etc/passwd", "type": "Image"}
    web = Web(
        top=collection3("top", [reference(name) for name in ("gone", "text", "other", "m")]),
        text=b"<html>",
        other={"id": f"{BASE}other", "type": "Range", "items": []},
        m=manifest3("m", [sound, canvas3("p"), here, {}]),
    )
    collection = web.open("top")
    assert [item.name for item in collection.items] == ["p.jp2"]
    assert [problem.name for problem in collection.problems] == [
        *("Reference gone", "Reference text", "Reference other"),
        *(f"Manifest m: {BASE}s", f"Manifest m: {BASE}h", "Manifest m"),
    ]
    assert all(problem.sentence for problem in collection.problems)


def test_a_full_disk_is_no_matter_of_one_manifest() -> None:
    web = Web(top=collection3("top", [reference("m")]))

    def get(url: str) -> bytes:
        if url.endswith("m"):
            raise ZograscopeError("spool-full")
        return json.dumps(web.files[url]).encode()

    web.get = get  # type: ignore[method-assign]
    with pytest.raises(ZograscopeError) as caught:
        web.open("top")
    assert caught.value.code == "spool-full"


def test_files_of_this_machine_are_only_read_where_a_person_names_them(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(json.dumps(manifest3("m")))
    top = collection3("top", [{"id": str(tmp_path / "m.json"), "type": "Manifest"}, manifest3("x")])
    (tmp_path / "top.json").write_text("\ufeff" + json.dumps(top))
    collection = open_manifest(str(tmp_path / "top.json"), Web())  # type: ignore[arg-type]
    assert [item.title for item in collection.items] == ["Manifest x"]
    assert len(collection.problems) == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"[]", b"{}", b'{"type": "Dataset"}', b"[" * 100_000, b"\xff\xd8\xff"],
)
def test_what_is_no_manifest(content: bytes) -> None:
    with pytest.raises(ZograscopeError) as caught:
        Web(m=content).open("m")
    assert caught.value.code == "manifest-wrong"
    assert BASE in caught.value.sentence


def test_a_local_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ZograscopeError) as caught:
        open_manifest(str(tmp_path / "no.json"), Web())  # type: ignore[arg-type]
    assert caught.value.code == "file-not-found"


def test_progress_counts_manifests_and_cancels() -> None:
    web = Web(top=collection3("top", [manifest3("m1"), manifest3("m2"), reference("gone")]))
    told: list[tuple[str, str]] = []
    web.open("top", on_progress=lambda fraction, stage, detail="": told.append((stage, detail)))
    assert {stage for stage, _ in told} == {"Reading manifests"}
    assert told[-1][1].startswith("2 with ")

    class Cancelled(Exception):
        pass

    def cancel(fraction: float | None, stage: str, detail: str = "") -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        web.open("top", on_progress=cancel)


def test_a_library_that_goes_away_half_way_is_read_on_later(
    tmp_path: Path, serve_web: ServeWeb
) -> None:
    served: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        name = request.path.strip("/")
        served.append(name)
        host = f"http://127.0.0.1:{port}/"
        numbered = [{"id": f"{host}m{number}", "type": "Manifest"} for number in range(6)]
        content = manifest3(name) if name != "top" else collection3("top", numbered)
        request.send_response(200)
        request.end_headers()
        request.wfile.write(json.dumps(content).encode())

    def close(fraction: float | None, stage: str, detail: str = "") -> None:
        if detail.startswith("3 with ") and server.socket.fileno() != -1:
            server.shutdown()
            server.server_close()

    server = serve_web(answer)
    port = server.server_port
    first = open_manifest(f"http://127.0.0.1:{port}/top", patient_fetcher(tmp_path), close)
    assert [item.title for item in first.items] == ["Manifest m0", "Manifest m1", "Manifest m2"]
    assert [problem.name.rpartition("/")[2] for problem in first.problems] == ["m3", "m4", "m5"]
    assert "start again" in first.problems[0].sentence

    serve_web(answer, port=port)
    again = open_manifest(f"http://127.0.0.1:{port}/top", patient_fetcher(tmp_path))
    assert [item.title for item in again.items] == [f"Manifest m{number}" for number in range(6)]
    assert not again.problems
    assert sorted(served) == [*(f"m{number}" for number in range(6)), "top"]


def patient_fetcher(folder: Path) -> Fetcher:
    """Waits as long as it must, in no time."""
    return Fetcher(folder, sleep=lambda seconds: None)


def test_choices_and_parts_of_images() -> None:
    first = {"type": "SpecificResource", "source": {"id": f"{BASE}a/b%20c.jpg", "type": "Image"}}
    choice = {"type": "Choice", "items": [first, {"id": f"{BASE}x.jpg", "type": "Image"}]}
    canvas = canvas3()
    canvas["items"][0]["items"][0]["body"] = choice
    (item,) = Web(m=manifest3(canvases=[canvas])).open("m").items
    assert (item.name, item.location) == ("b c.jpg", f"{BASE}a/b%20c.jpg")

    manifest = manifest2()
    resource = manifest["sequences"][0]["canvases"][0]["images"][0]["resource"]
    manifest["sequences"][0]["canvases"][0]["images"][0]["resource"] = {
        "@type": "oa:Choice",
        "default": resource,
        "item": [{"@id": f"{BASE}x.jpg", "@type": "dctypes:Image"}],
    }
    (item,) = Web(m=manifest).open("m").items
    assert item.name == "p1"


def test_an_image_request_without_a_service_is_named_by_its_image() -> None:
    canvas = canvas3()
    address = f"{BASE}iiif/map%2F7/full/max/0/default.jpg"
    canvas["items"][0]["items"][0]["body"] = {"id": address, "format": "image/jpeg"}
    (item,) = Web(m=manifest3(canvases=[canvas])).open("m").items
    assert (item.name, item.location) == ("7", address)


ONE = {"@id": f"{BASE}i", "profile": "http://library.stanford.edu/iiif/image-api/1.1/#level1"}
TWO = {
    "@id": f"{BASE}i/",
    "profile": ["http://iiif.io/api/image/2/level2.json", {"formats": ["jpg"]}],
}
THREE = {"id": f"{BASE}i", "type": "ImageService3", "profile": "level2"}
LARGE = {"width": 4000, "height": 3000}
SIZES = {"sizes": [{"width": w, "height": w * 3 // 4} for w in (250, 1000, 2000)]}


@pytest.mark.parametrize(
    ("service", "request_part"),
    [
        (ONE | LARGE, "full/1024,/0/native"),
        (ONE, "full/1024,/0/native"),
        (ONE | {"profile": "http://library.stanford.edu/iiif/image-api/compliance.html#level2"},
         "full/!1024,1024/0/native"),
        (ONE | {"width": 800, "height": 600}, "full/full/0/native"),
        (TWO, "full/!1024,1024/0/default"),
        (TWO | LARGE, "full/!1024,1024/0/default"),
        (TWO | LARGE | SIZES, "full/1000,/0/default"),
        (TWO | LARGE | {"sizes": [{"width": 250, "height": 187}]}, "full/!1024,1024/0/default"),
        (TWO | {"profile": "http://iiif.io/api/image/2/level1.json", "width": 3000, "height": 4000},
         "full/768,/0/default"),
        (TWO | {"profile": "http://iiif.io/api/image/2/level0.json"}, "full/full/0/default"),
        (THREE | LARGE | SIZES, "full/1000,750/0/default"),
        (THREE | {"width": 800, "height": 600}, "full/max/0/default"),
        (THREE | {"profile": "level0"}, "full/max/0/default"),
        (THREE | LARGE | {"profile": "level0", "sizes": [{"width": 2000, "height": 1500}]},
         "full/2000,1500/0/default"),
        (THREE | LARGE | {"profile": "level0", "sizes": [LARGE]}, "full/max/0/default"),
    ],
)  # fmt: skip
def test_sizes_that_services_are_asked_for(service: dict[str, Any], request_part: str) -> None:
    found = image_service(service)
    assert found is not None
    assert found.image_address() == f"{BASE}i/{request_part}.jpg"


def test_other_services_are_none_of_images() -> None:
    login = {"@id": f"{BASE}login", "profile": "http://iiif.io/api/auth/1/login"}
    assert image_service(login) is None
    canvas = canvas3()
    body = canvas["items"][0]["items"][0]["body"]
    body["service"] = [login, {"@id": 7, "profile": "http://iiif.io/api/image/2/level2.json"}]
    (item,) = Web(m=manifest3(canvases=[canvas])).open("m").items
    assert item.location == f"{BASE}p1.jpg"


@pytest.mark.parametrize(
    ("body_size", "canvas_size", "asked"),
    [((3000, 4000), (30, 40), "768,"), (None, (3000, 4000), "768,"), ((600, 800), None, "600,")],
)
def test_the_shape_of_an_image_is_that_of_what_shows_it(
    body_size: tuple[int, int] | None, canvas_size: tuple[int, int] | None, asked: str
) -> None:
    """Services of level 1 need the width, which manifests rarely repeat in the service."""
    canvas = canvas3()
    body = canvas["items"][0]["items"][0]["body"]
    body["service"][0]["profile"] = "level1"
    for resource, size in ((body, body_size), (canvas, canvas_size)):
        if size is not None:
            resource["width"], resource["height"] = size
    (item,) = Web(m=manifest3(canvases=[canvas])).open("m").items
    assert f"/full/{asked}/0/" in item.location


sides = st.integers(1, 20_000)


@given(st.fixed_dictionaries({"width": sides, "height": sides}), st.sampled_from([ONE, TWO, THREE]))
def test_what_is_asked_for_fits(size: dict[str, int], service: dict[str, Any]) -> None:
    found = image_service(service | size)
    assert found is not None
    asked = found.image_address().split("/")[-3]
    if max(size.values()) <= LONG_SIDE:
        assert asked in ("max", "full")
    elif asked.startswith("!"):
        assert asked == "!1024,1024"
    else:
        width = int(asked.removesuffix(","))
        assert 1 <= width <= LONG_SIDE
        assert width == 1 or width * size["height"] / size["width"] <= LONG_SIDE + 1


KEYS = [
    *("id", "@id", "type", "items", "sequences", "canvases", "images", "resource", "body"),
    *("service", "profile", "sizes", "width", "metadata", "label", "value", "navDate", "rights"),
    *("homepage", "source", "@value", "@language", "en"),
]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner | st.sampled_from(["Manifest", "Collection", "Choice", "Image", BASE, "http://[x"]),
            max_size=5,
        )
    ),
    max_leaves=40,
)  # fmt: skip


@given(anything, anything, st.sampled_from(["Manifest", "Collection", "sc:Manifest"]))
def test_nothing_is_taken_for_granted(inner: Any, other: Any, kind: str) -> None:
    top = {"type": kind, "label": other, "items": inner, "sequences": inner, "metadata": other}
    canvas = {"items": [{"items": [{"body": inner}]}], "label": other, "rights": inner}
    for resource in (top, top | {"items": [canvas]}, collection3("c", [inner, other, top])):
        collection = Web(m=resource).open("m")
        assert all(item.location.startswith("http") for item in collection.items)
