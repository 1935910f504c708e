"""Pickles are read as data: whatever they want to run is not run, and is named."""

import ast
import copyreg
import os
import pickle
import pickletools
import re
import struct
import subprocess
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.generative.weights import unpickling
from zograscope_server.generative.weights.stylegan2_pickle import read_stylegan2
from zograscope_server.generative.weights.unpickling import Record, read_pickle


def read(folder: Path, content: bytes):
    path = folder / "brought.pkl"
    path.write_bytes(content)
    return read_pickle(path)


def refusal(folder: Path, content: bytes) -> str:
    """What a file is refused for, which must be in the sentence."""
    with pytest.raises(ZograscopeError) as caught:
        read(folder, content)
    assert caught.value.code == "pickle-refused"
    told = re.search(r"it wants (.*), which is not for weights", str(caught.value))
    assert told is not None
    return ast.literal_eval(told[1])


def damage(folder: Path, content: bytes) -> str:
    with pytest.raises(ZograscopeError) as caught:
        read(folder, content)
    assert caught.value.code == "model-file-wrong"
    return caught.value.details


# What files hold


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_things_are_read(tmp_path, protocol):
    things = {
        "numbers": [0, 1, -3, 2**40, 10**50, 1.5, True, False, None],
        "texts": ("", "ä", "\ud800", "x" * 70_000),
        "within": {"a": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)], 3: [], None: {}},
    }
    things["again"] = things["within"]
    assert read(tmp_path, pickle.dumps(things, protocol)) == things


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_bytes_sets_and_dictionaries_of_classes_are_read(official, tmp_path, protocol):
    ordered = OrderedDict(a=1, b=2)
    ordered.more = 3  # an attribute beside the items
    things = [b"bytes", b"", bytes(70_000), {1, "a"}, set(), ordered, official.EasyDict(c=3)]
    found = read(tmp_path, pickle.dumps(things, protocol))
    assert found == [b"bytes", b"", bytes(70_000), {1, "a"}, set(), {"a": 1, "b": 2}, {"c": 3}]


def test_what_old_files_say_in_letters_is_read(tmp_path):
    things = {"a": [1, 2**70, 1.5, True, None], "b": ("text", "ä")}
    for protocol in (0, 1):
        assert read(tmp_path, pickle.dumps(things, protocol)) == things
    assert read(tmp_path, b"(S'text'\nU\x01aT\x01\0\0\0al.") == ["text", "a", "a"]


def test_what_refers_to_itself_is_read(tmp_path):
    things: list = [1]
    things.append(things)
    found = read(tmp_path, pickle.dumps(things))
    assert found[1] is found


TYPES = ["?", "i1", "u1", "<i2", "<i4", "<i8", "<f2", "<f4", "<f8", ">f4", ">i8"]


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize("kind", TYPES)
def test_arrays_are_read(tmp_path, kind, protocol):
    array = np.arange(24).reshape(2, 3, 4).astype(kind)
    arrays = [array, array.T, array[:, 1:2], np.asfortranarray(array), np.array(5).astype(kind)]
    for found, wanted in zip(read(tmp_path, pickle.dumps(arrays, protocol)), arrays, strict=True):
        assert found.kind == "numpy.ndarray"
        assert found.state.dtype == wanted.dtype
        assert np.array_equal(found.state, wanted)
    scalars = [array[1, 0, 0], np.float64(2.5)]
    assert read(tmp_path, pickle.dumps(scalars, protocol)) == [array[1, 0, 0].item(), 2.5]


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize("kind", ["bool", "uint8", "int8", "int16", "int32", "int64", "float16",
                                  "float32", "float64"])  # fmt: skip
def test_tensors_are_read(tmp_path, kind, protocol):
    tensor = torch.arange(48).reshape(2, 3, 4, 2).to(getattr(torch, kind))
    tensors = [
        tensor,
        tensor.to(memory_format=torch.channels_last),
        tensor[1, 1:, ::2].transpose(0, 1),
        tensor[0, 0, 0, 0],
        tensor[:0],
        torch.nn.Parameter(tensor, requires_grad=False),
    ]
    found = read(tmp_path, pickle.dumps(tensors, protocol))
    for one, wanted in zip(found, tensors, strict=True):
        assert np.array_equal(one.state, wanted.detach().numpy())


def test_objects_of_persistent_classes_are_records_without_their_source(official, tmp_path):
    official.write(tmp_path / "a.pkl", official.content(official.Generator()))
    content = read_pickle(tmp_path / "a.pkl")
    generator = content["G_ema"]
    assert isinstance(generator, Record)
    assert generator.kind == "Generator"
    assert set(generator.state["_modules"]) == {"mapping", "synthesis"}
    assert content["training_set_kwargs"]["resolution"] == 16
    assert "print" not in repr(generator.state)


# What files must not do


class Trap:
    """Calls something where it is unpickled."""

    def __init__(self, call, *given):
        self.call, self.given = call, given

    def __reduce__(self):
        return self.call, self.given


def traps(proof: Path) -> dict[str, tuple[bytes, str]]:
    """By way: a pickle that makes the file where it is unpickled, and how it is refused."""
    command = f"touch {proof}"
    text = command.encode()
    unicode = b"X" + struct.pack("<I", len(text)) + text
    code = f"open({str(proof)!r}, 'w').close()"
    system = "posix.system"
    found = {
        "eval": (pickle.dumps(Trap(eval, code)), "builtins.eval"),
        "exec": (pickle.dumps(Trap(exec, code)), "builtins.exec"),
        "open": (pickle.dumps(Trap(open, str(proof), "w")), "_io.open"),
        "process": (pickle.dumps(Trap(subprocess.Popen, command.split())), "subprocess.Popen"),
        "path": (pickle.dumps(Trap(Path.touch, proof), 4), "pathlib"),
        "getattr": (b"cbuiltins\ngetattr\n(cos\n__dict__\nVkeys\ntR.", "builtins.getattr"),
        "instance": (b"(S'%s'\nios\nsystem\n." % text, "os.system"),
        "object": (b"(cos\nsystem\n%so." % unicode, "os.system"),
        "new object": (b"\x80\x02csubprocess\nPopen\n(]%satt\x81." % unicode, "subprocess.Popen"),
        "dotted": (b"\x80\x04\x8c\x08builtins\x8c\x04exec\x93V%s\n\x85R." % code.encode(),
                   "builtins.exec"),
    }  # fmt: skip
    for protocol in range(6):
        found[f"protocol {protocol}"] = (pickle.dumps(Trap(os.system, command), protocol), system)
    return found


WAYS = sorted(traps(Path("proof")))


@pytest.mark.skipif(os.name != "posix", reason="the traps are for a POSIX shell")
@pytest.mark.parametrize("way", WAYS)
def test_a_trap_is_not_sprung_and_is_named(tmp_path, way):
    proof = tmp_path / "proof"
    content, wanted = traps(proof)[way]
    if way not in ("getattr", "new object", "path"):  # which end in an error after all
        made = pickle.loads(content)
        if isinstance(made, subprocess.Popen):
            made.wait()
        assert proof.exists(), "the trap itself is none"
        proof.unlink()
    assert wanted in refusal(tmp_path, content)
    assert not proof.exists()


@pytest.fixture
def proof(tmp_path) -> Path:
    return tmp_path / "proof"


def test_extensions_that_this_python_knows_are_not_looked_up(tmp_path, proof):
    copyreg.add_extension("posix", "system", 0x77)
    try:
        content = pickle.dumps(Trap(os.system, f"touch {proof}"), 2)
        assert b"\x82\x77" in content
        assert "EXT1" in refusal(tmp_path, content)
    finally:
        copyreg.remove_extension("posix", "system", 0x77)
    assert not proof.exists()


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"Pname\n.", "PERSID"),
        (b"NQ.", "BINPERSID"),
        (b"(\x91.", "FROZENSET"),
        (b"\x80\x05\x97.", "NEXT_BUFFER"),
        (b"\x80\x05N\x98.", "READONLY_BUFFER"),
        (b"\x80\x04ccollections\nOrderedDict\n)}\x92.", "NEWOBJ_EX"),
        (b"\x80\x04\x8c\x05torch\x8c\x19_utils._rebuild_tensor_v2\x93.", "_utils._rebuild"),
        (b"ctorch\n_utils._rebuild_tensor_v2\n.", "_utils._rebuild"),
        (b"cnumpy\nndarray\n(tR.", "a call of numpy.ndarray"),
        (b"ctorch\nFloatStorage\n(tR.", "a call of torch.FloatStorage"),
        (b"cnumpy\ndtype\n(X\x02\x00\x00\x00O8tR.", "numpy's type O8"),
        (b"c__main__\nOrderedDict\n.", "__main__.OrderedDict"),
        (b"\x80\x04\x8c\x06p\xc3\xb6six\x8c\x06system\x93.", "pösix.system"),
        (b"c" + b"x" * 500 + b"\nsystem\n.", "x" * 200),
    ],
)
def test_other_ways_are_refused(tmp_path, content, wanted):
    assert wanted in refusal(tmp_path, content)


def test_nothing_that_is_called_is_the_files_own(tmp_path):
    """Texts, numbers and records cannot be called."""
    for callee in (
        b"X\x02\x00\x00\x00os",
        b"K\x01",
        b"N",
        b"cnumpy\ndtype\n(X\x02\x00\x00\x00f4tR",
    ):
        assert "in place of a _Name" in damage(tmp_path, callee + b"(tR.")


def test_arrays_of_objects_are_refused(tmp_path, proof):
    array = np.array([Trap(os.system, f"touch {proof}")], object)
    assert refusal(tmp_path, pickle.dumps(array)) in ("numpy's type O8", "posix.system")
    assert not proof.exists()


@pytest.mark.parametrize("place", ["state", "storage", "source", "class", "arguments"])
def test_traps_within_are_not_sprung(official, tmp_path, proof, place):
    trap = Trap(os.system, f"touch {proof}")
    generator = official.Generator(widths=(2,))
    content = official.content(generator)
    if place == "state":
        generator.synthesis.more = trap
    elif place == "arguments":
        generator._init_kwargs["more"] = trap
    data = pickle.dumps(content, 4)
    if place == "storage":
        inner = pickle.dumps(trap, 2)
        call = b"ctorch.storage\n_load_from_bytes\n(B" + struct.pack("<I", len(inner)) + inner
        data = call + b"tR."
        assert refusal(tmp_path, data) == "posix.system"
    elif place == "source":
        source = f"import os; os.system('touch {proof}')"
        marker = b"print('code of the file was run')"
        length = bytes([len(marker)])
        longer = struct.pack("<I", len(source)) + source.encode()
        assert b"\x8c" + length + marker in data
        data = data[:2] + data[11:]  # without the frame, whose length changes
        data = data.replace(b"\x8c" + length + marker, b"X" + longer)
        (tmp_path / "a.pkl").write_bytes(data)
        assert read_stylegan2(tmp_path / "a.pkl").size == (4, 4)
    elif place == "class":
        data = (
            b"ctorch_utils.persistence\n_reconstruct_persistent_obj\n(}X\x0a\x00\x00\x00class_name"
        )
        data += b"cposix\nsystem\nstR."
        assert refusal(tmp_path, data) == "posix.system"
    else:
        assert refusal(tmp_path, data) == "posix.system"
    assert not proof.exists()


@pytest.mark.parametrize("call", [b"R", b"\x81", b"b"])
def test_storages_cannot_make_anything(tmp_path, call):
    """The small files within name types of storages, which is no way to the makers of the outer."""
    inner = b"ccollections\nOrderedDict\n)" + call + b"."
    data = b"ctorch.storage\n_load_from_bytes\n(B" + struct.pack("<I", len(inner)) + inner + b"tR."
    assert "the operation" in refusal(tmp_path, data)


def storage(count: int, numbers: bytes, kind: bytes = b"FloatStorage") -> bytes:
    """As torch writes one, with a count of numbers, in a call."""
    content = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)
    content += pickle.dumps({"little_endian": True}, 2)
    content += b"\x80\x02(X\x07\x00\x00\x00storagectorch\n" + kind + b"\nX\x01\x00\x00\x000N"
    content += b"K\x01NtQ." + pickle.dumps(["0"], 2) + struct.pack("<Q", count) + numbers
    length = struct.pack("<I", len(content))
    return b"ctorch.storage\n_load_from_bytes\n(B" + length + content + b"tR"


def tensor(of: bytes, offset: int, shape: tuple, strides: tuple) -> bytes:
    given = b"".join(pickle.dumps(thing, 2)[2:-1] for thing in (offset, shape, strides, False))
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + of + given + b"NtR."


FOUR = storage(4, bytes(16))


def test_a_tensor_shows_its_storage(tmp_path):
    numbers = storage(4, np.arange(4, dtype="<f4").tobytes())
    found = read(tmp_path, tensor(numbers, 1, (1, 3), (99, 1)))
    assert found.state.tolist() == [[1, 2, 3]]


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (0, (5,), (1,)), (1, (4,), (1,)), (-1, (2,), (1,)), (5, (0,), (1,)), (0, (2, 2), (3, 1)),
        (0, (4,), (-1,)), (3, (2,), (-1,)), (0, (2,), (2**62,)), (0, (2**31, 2**31), (0, 0)),
        (0, (5,), (0,)), (0, (4, 1), (1,)), (0, (1,) * 9, (1,) * 9), (0, (True,), (1,)),
        (0, (10**4000,), (0,)), (2**70, (1,), (1,)), (0, [4], (1,)),
    ],
)  # fmt: skip
def test_a_tensor_shows_nothing_else(tmp_path, offset, shape, strides):
    damage(tmp_path, tensor(FOUR, offset, shape, strides))


@pytest.mark.parametrize(
    "broken",
    [
        storage(5, bytes(16)), storage(3, bytes(16)), storage(2**62, bytes(16)),
        storage(4, bytes(16), b"DoubleStorage"),
        FOUR.replace(b"little_endian", b"little_indian"), FOUR.replace(b"storagec", b"storegec"),
        FOUR.replace(b"M\xe9\x03", b"M\xe8\x03"),
    ],
)  # fmt: skip
def test_storages_that_are_not_as_torch_writes_them(tmp_path, broken):
    damage(tmp_path, broken + b".")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "ValueError"),
        (b".", "IndexError"),
        (b"words", ""),
        (b"N", "ValueError"),
        (b"h\x05.", "KeyError"),
        (b"a.", "IndexError"),
        (b"Na.", "IndexError"),
        (b"\x8e" + struct.pack("<Q", 2**62) + b"x.", "ValueError"),
        (b"B" + struct.pack("<I", 2**31) + b"x.", "ValueError"),
        (b"}(NNNu.", "ValueError"),
        (b"}(]Nu.", "key is not plain"),
        (b"\x8f(]\x90.", "key is not plain"),
        (b"cnumpy\ndtype\n(X\x02\x00\x00\x00f4tRNb.", "in place of a tuple"),
        (b"]Nb.", "a list takes no data"),
        (b"ctorch_utils.persistence\n_reconstruct_persistent_obj\n(}tR.", "KeyError"),
        (b"ctorch_utils.persistence\n_reconstruct_persistent_obj\n(tR.", "TypeError"),
    ],
)
def test_damage_is_told(tmp_path, content, words):
    assert words in damage(tmp_path, content)


def test_things_in_things_without_end_take_no_time(official, tmp_path):
    """A tuple of twice the tuple before, a hundred times: 2**100 things for who walks through."""
    bomb = b")" + b"2\x86" * 100
    assert "key is not plain" in damage(tmp_path, b"}" + bomb + b"Ns.")
    assert len(read(tmp_path, bomb + b".")) == 2
    for spoilt in ("architecture", "activation", "clamp"):
        generator = official.Generator(widths=(2,))
        bombed: tuple = ()
        for _ in range(100):
            bombed = (bombed, bombed)
        block = generator.synthesis.b4
        if spoilt == "architecture":
            block.architecture = bombed
        elif spoilt == "activation":
            block.conv1.activation = bombed
        else:
            block.conv1.conv_clamp = block.torgb.conv_clamp = bombed
        with pytest.raises(ZograscopeError):
            read_stylegan2(official.write(tmp_path / "a.pkl", official.content(generator)))


def test_a_small_file_does_not_become_large(tmp_path):
    """One storage, one piece of bytes, or one list is shown again and again."""
    numbers = storage(4000, bytes(16_000)) + b"q\x01"
    view = b"0" + tensor(b"h\x01", 0, (4000,), (1,))[:-1]
    kept = b"B" + struct.pack("<I", 16_000) + bytes(16_000) + b"q\x01"
    array = b"0cnumpy.core.numeric\n_frombuffer\n(h\x01cnumpy\ndtype\n(X\x02\0\0\0f4tR"
    array += pickle.dumps((4000,), 2)[2:-1] + b"tR"
    for once, again in ((numbers, view), (kept, array)):
        assert read(tmp_path, once + again + b".").state.size == 4000
        assert "again and again" in damage(tmp_path, once + again * 100 + b".")
    listed = b"](" + b"K\x01" * 1000 + b"eq\x01"
    call = b"0cbuiltins\nset\nh\x01\x85R"
    assert read(tmp_path, listed + call + b".") == {1}
    assert "more operations" in damage(tmp_path, listed + call * 1000 + b".")


def test_deep_nesting_breaks_nothing(tmp_path):
    depth = 200_000
    found = read(tmp_path, b"]" * depth + b"a" * (depth - 1) + b".")
    for _ in range(depth - 1):
        (found,) = found
    assert found == []


def test_work_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(unpickling, "MOST_STEPS", 1000)
    assert read(tmp_path, b"N0" * 499 + b"N.") is None
    assert "more operations" in damage(tmp_path, b"N0" * 500 + b"N.")
    inner = b"N0" * 500 + b"N."
    many = b"ctorch.storage\n_load_from_bytes\n(B" + struct.pack("<I", len(inner)) + inner
    assert "more operations" in damage(tmp_path, many + b"tR.")
    monkeypatch.setattr(unpickling, "MOST_BYTES", 10)
    assert "larger" in damage(tmp_path, b"N" * 11)


# What chance makes of files


@pytest.fixture
def whole(official) -> bytes:
    """An official file without frames, whose lengths would have to be kept."""
    return pickle.dumps(official.content(official.Generator(widths=(2, 2), layers=1)), 3)


SETTINGS = {
    "deadline": None,
    "max_examples": 60,
    "suppress_health_check": [HealthCheck.function_scoped_fixture],
}


@settings(**SETTINGS)
@given(data=st.data())
def test_a_payload_is_named_wherever_it_is_planted(whole, tmp_path, data):
    """It leaves the stack as it was, so that all before it is read and all after it would be."""
    proof = tmp_path / "proof"
    places = [position for _, _, position in pickletools.genops(whole)]
    place = data.draw(st.sampled_from(places[1:]))
    text = f"touch {proof}".encode()
    unicode = b"X" + struct.pack("<I", len(text)) + text
    payload, wanted = data.draw(
        st.sampled_from(
            [
                (b"cposix\nsystem\n(" + unicode + b"tR0", "posix.system"),
                (b"cos\nsystem\n" + unicode + b"\x85R0", "os.system"),
                (b"(" + unicode + b"ios\nsystem\n0", "os.system"),
                (b"\x8c\x08builtins\x8c\x04eval\x93" + unicode + b"\x85R0", "builtins.eval"),
                (b"csubprocess\nPopen\n" + unicode + b"\x85\x810", "subprocess.Popen"),
            ]
        )
    )
    assert wanted in refusal(tmp_path, whole[:place] + payload + whole[place:])
    assert not proof.exists()


@settings(**SETTINGS)
@given(data=st.data())
def test_changed_files_run_nothing_and_break_nothing(whole, tmp_path, data):
    proof = tmp_path / "proof"
    trap = pickle.dumps(Trap(os.system, f"touch {proof}"), 3)[2:-1]
    changed = bytearray(whole[:-1] + trap + b"\x86.")
    changes = st.tuples(st.integers(0, len(changed) - 1), st.integers(0, 255))
    for place, value in data.draw(st.lists(changes, min_size=1, max_size=20)):
        changed[place] = value
    cut = data.draw(st.integers(0, 40)) * data.draw(st.booleans())
    with pytest.raises(ZograscopeError) as caught:
        read(tmp_path, bytes(changed[: len(changed) - cut]))
    assert caught.value.code in ("pickle-refused", "model-file-wrong")
    assert not proof.exists()


OPERATIONS = st.sampled_from([opcode.code.encode("latin1") for opcode in pickletools.opcodes])
ARGUMENTS = st.sampled_from(
    [b"", b"\x00", b"\x01\x00\x00\x00", b"0\n", b"posix\nsystem\n", b"numpy\ndtype\n",
     b"collections\nOrderedDict\n", b"torch.storage\n_load_from_bytes\n", b"(", b"t", b"R"]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(OPERATIONS, ARGUMENTS), max_size=30))
def test_operations_by_chance_break_nothing(tmp_path, steps):
    try:
        read(tmp_path, b"".join(part for step in steps for part in step) + b".")
    except ZograscopeError as error:
        assert error.code in ("pickle-refused", "model-file-wrong")
