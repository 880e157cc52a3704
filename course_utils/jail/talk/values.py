"""The forms of plain data: numbers, text, lists, tuples, dicts, sets, numpy's arrays, and subclasses of these."""

import math
import types
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from course_utils.jail.talk.codec import Codec, Decoder, Encoder, Form, Unsendable
from course_utils.jail.talk.links import ContainerRecord
from course_utils.jail.talk.names import plain_name, subclass
from course_utils.jail.talk.wire import DTYPES

READERS: dict[str, Decoder] = {}
GIVEN: dict[str, Decoder] = {}
MOST_HEX = 1 << 20  # digits of a whole number that is no JSON number
MOST_RANGE = 1 << 20  # numbers of a range, which a check may walk through


def _container(kind: type, tag: str) -> Encoder:
    def write(codec: Codec, value: Any) -> Any:
        if not codec.sharing:
            return [tag, codec.all_of(value)]
        number = codec.own(value)
        with codec.whole((True, number)):
            items = codec.all_of(value)
        codec.links.records[True, number] = ContainerRecord(value)
        return [tag.upper(), number, items]

    def read(codec: Codec, items: Any) -> Any:
        return codec.container(kind, items)

    def read_shared(codec: Codec, number: Any, items: Any) -> Any:
        value = codec.take(number, kind())
        with codec.whole((False, number)):
            _fill(value, codec.container(kind, items))
        codec.links.records[False, number] = ContainerRecord(value)
        return value

    READERS[tag], GIVEN[tag.upper()] = read, read_shared
    return write


def _fill(value: Any, items: Any) -> None:
    value.extend(items) if isinstance(value, list) else value.update(items)


def _as(tag: str, parts: Callable[[Any], list[Any]]) -> Encoder:
    return lambda codec, value: [tag, *codec.several(parts(value))]


def _write_integer(codec: Codec, value: int) -> Any:
    if value.bit_length() > 4 * (MOST_HEX - 4):  # a sign, and 0x
        raise Unsendable("a whole number that is too long")
    return ["i", hex(value)]


def _write_range(codec: Codec, value: range) -> Any:
    if codec.home.inside and value[MOST_RANGE:]:
        raise Unsendable("a range that is too long")
    return ["rg", *codec.several((value.start, value.stop, value.step))]


WRITERS: dict[type, Encoder] = {
    int: _write_integer,
    list: _container(list, "l"),
    dict: _container(dict, "d"),
    set: _container(set, "s"),
    tuple: lambda codec, value: ["u", codec.several(value)],
    frozenset: lambda codec, value: ["fs", codec.members(value)],
    torch.Size: lambda codec, value: ["ts", list(value)],
    OrderedDict: lambda codec, value: ["od", codec.pairs(value)],
    complex: _as("c", lambda value: [value.real, value.imag]),
    bytes: lambda codec, value: ["b", value.hex()],
    slice: _as("sl", lambda value: [value.start, value.stop, value.step]),
    range: _write_range,
    types.EllipsisType: lambda codec, value: ["..."],
    types.NotImplementedType: lambda codec, value: ["no"],
    torch.dtype: lambda codec, value: ["dt", str(value).removeprefix("torch.")],
    torch.device: lambda codec, value: ["dev", str(value)],
}


def _integer(codec: Codec, text: str) -> int:
    if len(text) > MOST_HEX:
        raise ValueError("a number that is too long")
    return int(text, 16)


def _range(codec: Codec, *parts: Any) -> range:
    made = range(*map(codec.decode, parts))
    if not codec.home.inside and made[MOST_RANGE:]:
        raise ValueError("a range that is too long")
    return made


def _size(codec: Codec, sizes: Any) -> torch.Size:
    if not isinstance(sizes, list) or not all(type(n) is int for n in sizes):
        raise ValueError("no sizes")
    return torch.Size(sizes)


def _reference(codec: Codec, whose: str, number: int) -> Any:
    ref = ({"m": False, "y": True}[whose], number)
    thing = codec.links.things[ref]
    codec.touch(ref)
    return thing


def read_dtype(codec: Codec, name: str) -> torch.dtype:
    """The dtype of this name. Raises ValueError for a name of anything else."""
    found = getattr(torch, name, None) if plain_name(name) else None
    if not isinstance(found, torch.dtype):
        raise ValueError("no dtype")
    return found


READERS |= {
    "i": _integer,
    "f": lambda codec, text: {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[text],
    "u": lambda codec, items: tuple(codec.decode(item) for item in items),
    "fs": lambda codec, items: codec.container(frozenset, items),
    "ts": _size,
    "od": lambda codec, items: OrderedDict(codec.container(dict, items)),
    "c": lambda codec, real, imag: complex(codec.decode(real), codec.decode(imag)),
    "b": lambda codec, text: bytes.fromhex(text),
    "sl": lambda codec, *parts: slice(*map(codec.decode, parts)),
    "rg": _range,
    "...": lambda codec: ...,
    "no": lambda codec: NotImplemented,
    "dt": read_dtype,
    "dev": lambda codec, text: torch.device({"cpu": "cpu", "meta": "meta"}[text]),
    "@": _reference,
}


# Subclasses of plain types, numpy


def _base(value: Any) -> type | None:
    return next((base for base in (int, float, str, list, dict, tuple, set) if isinstance(value, base)), None)


def _encode_subclass(codec: Codec, value: Any) -> Any:
    base = _base(value)
    assert base is not None
    fields = getattr(type(value), "_fields", None) if base is tuple else None
    if fields is not None:
        return ["nt", type(value).__name__, list(fields), codec.several(tuple(value))]
    return ["sub", type(value).__name__, base.__name__, Codec.encode(codec, base(value))]


def _decode_named(codec: Codec, name: str, fields: list[str], items: list[Any]) -> Any:
    kind = subclass(tuple, codec.home.name(name))
    if not all(isinstance(field, str) and plain_name(field) for field in fields) or len(fields) != len(items):
        raise ValueError("no named tuple")
    return kind(codec.decode(item) for item in items)


def _decode_subclass(codec: Codec, name: str, base: str, data: Any) -> Any:
    kind = {"int": int, "float": float, "str": str, "list": list, "dict": dict, "tuple": tuple, "set": set}[base]
    plain = codec.decode(data)
    # Nothing but a fresh one of that kind: of a range, or of a list that both sides know, this would make a copy.
    if type(plain) is not kind or (isinstance(data, list) and data[0] == "@"):
        raise ValueError("no base of that kind")
    return subclass(kind, codec.home.name(name))(plain)


def _encode_array(codec: Codec, value: Any) -> Any:
    tensor = torch.from_numpy(np.ascontiguousarray(value).reshape(np.shape(value)).copy())
    return ["np", codec.blob(tensor), isinstance(value, np.generic)]


def _decode_array(codec: Codec, index: Any, scalar: Any) -> Any:
    array = codec.tensor(index).numpy()
    return array[()] if scalar is True and array.ndim == 0 else array


def _is_array(value: Any) -> bool:
    ours = type(value) is np.ndarray or isinstance(value, np.generic)
    return ours and value.dtype.name in DTYPES  # numpy has no bfloat16


FORMS: list[Form] = [(_is_array, _encode_array), (lambda value: _base(value) is not None, _encode_subclass)]
READERS |= {"nt": _decode_named, "sub": _decode_subclass, "np": _decode_array}
