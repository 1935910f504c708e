"""Reads what NVIDIA's StyleGAN files hold, and runs nothing that stands in them.

A pickle is a program. Here an interpreter of its own follows it, which can make numbers, texts,
plain containers, arrays, and *records*: inert stand-ins for objects, with their data. Python's
unpickler has no part in it: nothing is imported, looked up by name, or called, except the few
functions of `_MAKERS` below, which are this module's own. What else a file names is refused by that
name before anything is made of it. The source text that official files carry (`module_src`) is
thrown away unread.

Work and memory are bounded: by the file's size, by `MOST_STEPS`, and because nothing here recurses.
"""

import io
import math
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zograscope_server.generative.errors import GenerativeError
from zograscope_server.models.errors import ModelError

MOST_STEPS = 1_000_000
"""Operations of a file; official ones have about 100 000."""

MOST_BYTES = 1 << 32
MOST_DIMENSIONS = 8
MOST_SHOWN = 4
"""Numbers in all arrays together for each byte of the file."""

PERSISTENT = "torch_utils.persistence._reconstruct_persistent_obj"
TENSORFLOW_NETWORK = "dnnlib.tflib.network.Network"

# How torch called the storages of each type of number. numpy has no bfloat16, nor have such files.
_STORAGES = {
    "torch.DoubleStorage": "<f8",
    "torch.FloatStorage": "<f4",
    "torch.HalfStorage": "<f2",
    "torch.LongStorage": "<i8",
    "torch.IntStorage": "<i4",
    "torch.ShortStorage": "<i2",
    "torch.CharStorage": "i1",
    "torch.ByteStorage": "u1",
    "torch.BoolStorage": "?",
}
_NUMBERS = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
_STORAGE_MAGIC, _STORAGE_VERSION = 0x1950A86A20F9469CFC6C, 1001


@dataclass(eq=False)
class Record:
    """Stands for an object of the file, which is never made.

    Attributes:
        kind: the name of its class, as the file has it.
        state: its data: a dictionary for objects, an array for arrays and tensors.
    """

    kind: str
    state: Any = None


class RefusedError(Exception):
    """The file wants something that is not for weights; the message is its name."""


@dataclass(frozen=True)
class _Name:
    """A global of the file: a name that is written in it, and nothing more."""

    text: str


def read_pickle(path: Path) -> Any:
    """Return what a pickle holds: numbers, texts, bytes, containers, and `Record`s.

    Raises:
        ZograscopeError: `pickle-refused` for what wants anything but weights, `model-file-wrong`
            for what is damaged or no pickle.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError("it is larger than any such file")
        content = path.read_bytes()
        return _Interpreter(len(content)).run(io.BytesIO(content))
    except RefusedError as refused:
        raise GenerativeError("pickle-refused", name=path.name, wanted=str(refused)) from None
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"
        problem = "it is damaged, or no .pkl file of StyleGAN2"
        raise ModelError("model-file-wrong", detail, name=str(path), problem=problem) from error


class _Interpreter:
    """Follows the pickles of one file, and counts what it does."""

    def __init__(self, size: int) -> None:
        """Begin with a file of so many bytes."""
        self.steps = 0
        self.left = MOST_SHOWN * size

    def run(self, stream: io.BytesIO, *, in_storage: bool = False) -> Any:  # noqa: PLR0912, PLR0915
        """Return what the pickle makes that begins here; the stream is left behind its end.

        In a storage nothing is made of names, but what lies outside of its pickles can be named.
        """
        stack: list[Any] = []
        marks: list[int] = []
        memo: dict[int, Any] = {}

        def since_mark() -> list[Any]:
            mark = marks.pop()
            values = stack[mark:]
            del stack[mark:]
            return values

        argument: Any
        for opcode, argument, _ in pickletools.genops(stream):
            self._step()
            match opcode.name:
                case "PROTO" | "FRAME":
                    pass
                case "STOP":
                    return stack.pop()

                case "NONE":
                    stack.append(None)
                case "NEWTRUE":
                    stack.append(True)
                case "NEWFALSE":
                    stack.append(False)
                case "BININT" | "BININT1" | "BININT2" | "LONG1" | "LONG4" | "INT" | "LONG":
                    stack.append(argument)
                case "BINFLOAT" | "FLOAT":
                    stack.append(argument)
                case "BINUNICODE" | "SHORT_BINUNICODE" | "BINUNICODE8" | "UNICODE":
                    stack.append(argument)
                case "STRING" | "BINSTRING" | "SHORT_BINSTRING":
                    stack.append(argument)
                case "BINBYTES" | "SHORT_BINBYTES" | "BINBYTES8" | "BYTEARRAY8":
                    stack.append(bytes(argument))

                case "MARK":
                    marks.append(len(stack))
                case "POP":
                    stack.pop()
                case "POP_MARK":
                    since_mark()
                case "DUP":
                    stack.append(stack[-1])
                case "MEMOIZE":
                    memo[len(memo)] = stack[-1]
                case "BINPUT" | "LONG_BINPUT" | "PUT":
                    memo[argument] = stack[-1]
                case "BINGET" | "LONG_BINGET" | "GET":
                    stack.append(memo[argument])

                case "EMPTY_TUPLE":
                    stack.append(())
                case "TUPLE1" | "TUPLE2" | "TUPLE3":
                    count = int(opcode.name[-1])
                    stack[-count:] = [tuple(_last(stack, count))]
                case "TUPLE":
                    stack.append(tuple(since_mark()))
                case "EMPTY_LIST":
                    stack.append([])
                case "LIST":
                    stack.append(since_mark())
                case "APPEND":
                    value = stack.pop()
                    _checked(stack[-1], list).append(value)
                case "APPENDS":
                    values = since_mark()
                    _checked(stack[-1], list).extend(values)
                case "EMPTY_DICT":
                    stack.append({})
                case "DICT":
                    stack.append(_dictionary(since_mark()))
                case "SETITEM":
                    pair = _last(stack, 2)
                    del stack[-2:]
                    _checked(stack[-1], dict).update(_dictionary(pair))
                case "SETITEMS":
                    pairs = since_mark()
                    _checked(stack[-1], dict).update(_dictionary(pairs))
                case "EMPTY_SET":
                    stack.append(set())
                case "ADDITEMS":
                    members = _keys(since_mark())
                    _checked(stack[-1], set).update(members)

                case "GLOBAL":
                    stack.append(_name(*argument.split(" ", 1)))
                case "STACK_GLOBAL":
                    module, name = _last(stack, 2)
                    stack[-2:] = [_name(_checked(module, str), _checked(name, str))]
                case "REDUCE" | "NEWOBJ" if not in_storage:
                    made_by, given = _last(stack, 2)
                    stack[-2:] = [self._make(_checked(made_by, _Name), _checked(given, tuple))]
                case "BUILD" if not in_storage:
                    state = stack.pop()
                    _fill(stack[-1], state)
                    self._show(stack[-1])
                case "BINPERSID" if in_storage:
                    stack.append(_storage_type(stack.pop()))

                case "INST":
                    raise RefusedError(argument.replace(" ", ".")[:200])
                case other:
                    raise RefusedError(f"the operation {other}")
        raise ValueError("it has no end")

    def _step(self, count: int = 1) -> None:
        self.steps += count
        if self.steps > MOST_STEPS:
            raise ValueError("it has more operations than any such file")

    def _make(self, name: _Name, given: tuple[Any, ...]) -> Any:
        if name.text == "torch.storage._load_from_bytes":
            return self._storage(*given)
        if name.text not in _MAKERS:
            raise RefusedError(f"a call of {name.text}")
        self._step(sum(len(items) for items in given if isinstance(items, list)))  # are copied
        made = _MAKERS[name.text](*given)
        self._show(made)
        return made

    def _show(self, made: Any) -> None:
        """Refuse a small file that becomes large, by showing the same numbers again and again."""
        if isinstance(made, Record) and isinstance(made.state, np.ndarray):
            self.left -= made.state.size
        if self.left < 0:
            raise ValueError("it shows the same numbers again and again")

    def _storage(self, content: bytes) -> Record:
        """Return the numbers of a torch storage, which torch wrote as a small file in the file.

        It is four pickles (a mark, a version, facts on the machine, what the storage is), then the
        list of all storages, which is this one, then the count of numbers, and the numbers.
        """
        stream = io.BytesIO(_checked(content, bytes))
        mark, version, machine, storage, all_storages = (
            self.run(stream, in_storage=True) for _ in range(5)
        )
        if (mark, version) != (_STORAGE_MAGIC, _STORAGE_VERSION) or len(all_storages) != 1:
            raise ValueError("a storage is not as torch writes it")
        if machine["little_endian"] is not True:
            raise ValueError("a storage has its bytes in another order")
        count = int.from_bytes(stream.read(8), "little")
        type_ = np.dtype(_STORAGES[_checked(storage, Record).kind])
        if len(content) - stream.tell() != count * type_.itemsize:
            raise ValueError("a storage has another length")
        return Record(storage.kind, np.frombuffer(content, type_, count, stream.tell()))


def _name(module: str, name: str) -> _Name:
    text = f"{module}.{name}"
    if text not in _ALLOWED or "." in name:
        raise RefusedError(text[:200])
    return _Name(text)


def _last(stack: list[Any], count: int) -> list[Any]:
    if len(stack) < count:
        raise ValueError("it takes more than there is")
    return stack[-count:]


def _checked(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise ValueError(f"there is a {type(value).__name__} in place of a {kind.__name__}")
    return value


def _keys(values: list[Any]) -> list[Any]:
    """Check that values are plain: tuples within tuples could take for ever to be hashed."""
    if not all(value is None or type(value) in (str, int, float, bool) for value in values):
        raise ValueError("a key is not plain")
    return values


def _dictionary(items: list[Any]) -> dict[Any, Any]:
    return dict(zip(_keys(items[::2]), items[1::2], strict=True))


# What the names of the file make.


def _persistent(meta: dict[str, Any]) -> Record:
    """Stand for an object of a class whose source the file brings: only its data is taken."""
    return Record(_checked(meta["class_name"], str), _checked(meta["state"], dict))


def _tensor(
    storage: Record, offset: int, shape: tuple, strides: tuple, _gradient: Any, _hooks: Any = None
) -> Record:
    """View a storage as torch does: in any order, but never outside it, nor larger than it."""
    numbers = _checked(_checked(storage, Record).state, np.ndarray)
    if numbers.ndim != 1:
        raise ValueError("a tensor has no storage")
    _check_sizes(shape)
    _check_sizes(strides)
    if type(offset) is not int or not 0 <= offset <= len(numbers) or len(shape) != len(strides):
        raise ValueError("a tensor lies outside its storage")
    count = math.prod(shape)
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if count and (count > len(numbers) or last >= len(numbers)):
        raise ValueError("a tensor lies outside its storage")
    part = numbers[offset:] if count else numbers[:0]
    in_bytes = [stride * numbers.itemsize for stride in strides]
    return Record("torch.Tensor", np.lib.stride_tricks.as_strided(part, shape, in_bytes))


def _parameter(tensor: Record, _gradient: Any, _hooks: Any) -> Record:
    return _checked(tensor, Record)


def _storage_type(told: Any) -> Record:
    """Return the type of a storage; what of it lies on which device is no matter."""
    word, kind = _checked(told, tuple)[:2]
    if word != "storage" or _checked(kind, _Name).text not in _STORAGES:
        raise ValueError("a storage is of no known type")
    return Record(kind.text)


def _number_type(code: str, _align: Any = False, _copy: Any = True) -> Record:
    if _checked(code, str) not in _NUMBERS:
        raise RefusedError(f"numpy's type {code[:20]}")
    return Record("numpy.dtype", np.dtype(code))


def _array(_kind: _Name, _shape: tuple, _code: Any) -> Record:
    """Return an empty array, which BUILD fills."""
    return Record("numpy.ndarray")


def _array_of_buffer(content: bytes, type_: Record, shape: tuple, order: str = "C") -> Record:
    """Return an array as protocol 5 has it."""
    return Record("numpy.ndarray", _shaped(content, type_, shape, order == "F"))


def _shaped(content: bytes, type_: Record, shape: tuple, by_column: bool) -> np.ndarray:
    if not isinstance(_checked(type_, Record).state, np.dtype):
        raise ValueError("an array has no type")
    _check_sizes(shape)
    return np.frombuffer(_checked(content, bytes), type_.state).reshape(
        shape, order="F" if by_column else "C"
    )


def _scalar(type_: Record, content: bytes) -> float:
    return _shaped(content, type_, (), False).item()


def _check_sizes(sizes: tuple) -> None:
    if len(_checked(sizes, tuple)) > MOST_DIMENSIONS:
        raise ValueError("an array has too many dimensions")
    if not all(type(size) is int and 0 <= size <= MOST_BYTES for size in sizes):
        raise ValueError("an array has sizes of no array")


def _mapping(items: list | None = None) -> dict[Any, Any]:
    """Return a dictionary in place of one with a class of its own."""
    return _dictionary([part for item in items or [] for part in _checked(item, list)])


def _set(members: list | None = None) -> set[Any]:
    return set(_keys(_checked(members or [], list)))


def _network() -> Record:
    """Stand for a network of TensorFlow's time, which BUILD fills."""
    return Record(TENSORFLOW_NETWORK)


def _fill(target: Any, state: Any) -> None:
    """Give an object its data: that which stands for it."""
    if isinstance(target, dict):  # with attributes beside its items, which nothing here needs
        _checked(state, dict)
    elif not isinstance(target, Record):
        raise ValueError(f"a {type(target).__name__} takes no data")
    elif target.kind == TENSORFLOW_NETWORK:
        target.state = _checked(state, dict)
    elif target.kind == "numpy.dtype":
        order = _checked(state, tuple)[1]
        target.state = target.state.newbyteorder(_checked(order, str))
    elif target.kind == "numpy.ndarray" and target.state is None:
        _version, shape, type_, by_column, content = _checked(state, tuple)
        target.state = _shaped(content, type_, shape, bool(by_column))
    else:
        raise ValueError(f"a {target.kind} takes no data")


_MAKERS: dict[str, Callable[..., Any]] = {
    PERSISTENT: _persistent,
    TENSORFLOW_NETWORK: _network,
    "dnnlib.util.EasyDict": _mapping,
    "collections.OrderedDict": _mapping,
    "builtins.set": _set,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "numpy.dtype": _number_type,
    **{
        f"{package}.{name}": maker
        for package in ("numpy.core", "numpy._core")
        for name, maker in (
            ("multiarray._reconstruct", _array),
            ("multiarray.scalar", _scalar),
            ("numeric._frombuffer", _array_of_buffer),
        )
    },
}
_ALLOWED = {*_MAKERS, *_STORAGES, "torch.storage._load_from_bytes", "numpy.ndarray"}
