"""Frames: what is sent arrives, and nothing but a frame is ever taken for one."""

import contextlib
import json
import math
import socket
import struct
import threading
import time

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.jail.talk import wire
from course_utils.jail.talk.wire import Closed, Late, Malformed, pack, receive, unpack

TENSORS = [
    torch.tensor([[1.5, -2.0], [math.nan, math.inf]]),
    torch.tensor(7),
    torch.empty(0, 3),
    torch.tensor([True, False]),
    torch.arange(6).reshape(2, 3).T,
    torch.tensor([1 + 2j]).conj(),
    torch.ones(1, 1).expand(3, 1)[:1],
    torch.tensor([0.1], dtype=torch.bfloat16),
]


def through(frame):
    here, there = socket.socketpair()
    with here, there:
        threading.Thread(target=lambda: here.sendall(frame)).start()
        return receive(there, time.monotonic() + 5)


def test_tensors_arrive_as_they_were():
    message, got = through(pack({"a": [1, 2.5, None, True, "é"]}, TENSORS))
    assert message == {"a": [1, 2.5, None, True, "é"]}
    for one, other in zip(got, TENSORS, strict=True):
        assert one.dtype == other.dtype
        assert torch.allclose(one, other, equal_nan=True)
        assert one.shape == other.shape


def body(message, sizes, raw=b""):
    header = json.dumps([message, sizes]).encode() if not isinstance(message, bytes) else message
    return bytearray(header + raw), len(header)


@pytest.mark.parametrize(
    ("sizes", "raw"),
    [
        ([["float32", [2]]], b"\0" * 7),
        ([["float32", [2]]], b"\0" * 9),
        ([["object", [1]]], b"\0" * 8),
        ([["float32", [-1]]], b""),
        ([["float32", [2**31, 2**31]]], b""),
        ([["float32", [0, 2**30, 2**30]]], b""),
        ([["float32", [1.0]]], b"\0" * 4),
        ([["float32", [True]]], b"\0" * 4),
        ([["float32", [1] * 17]], b"\0" * 4),
        ([["uint8", [0]]] * 5000, b""),
        ("float32", b""),
        ([["float32"]], b""),
        ([{"float32": [1]}], b"\0" * 4),
    ],
)
def test_sizes_that_make_no_sense(sizes, raw):
    with pytest.raises(Malformed):
        unpack(*body(None, sizes, raw))


@pytest.mark.parametrize(
    "header",
    [
        b'[{"a": 1, "a": 2}, []]',
        b"[NaN, []]",
        b"[Infinity, []]",
        b"[1e999, []]",
        b"[" + b"1" * 50 + b", []]",
        b'["\\ud800", []]',
        b"\xff\xff",
        b"[" * 100_000,
        b"[" * 80 + b"]" * 80,
        b"[1]",
        b"[1, [], 2]",
        b"{}",
        b"",
    ],
)
def test_headers_that_make_no_sense(header):
    with pytest.raises(Malformed):
        unpack(*body(header, None))


@pytest.mark.parametrize("lengths", [(2**32 - 1, 10), (3, 0), (100, 200), (2**20, 2**21), (0, 0)])
def test_lengths_that_make_no_sense(lengths):
    with pytest.raises(Malformed):
        through(struct.pack("!II", *lengths) + b"\0" * 64)


def test_a_side_that_leaves_and_one_that_waits():
    here, there = socket.socketpair()
    here.sendall(pack(1)[:-1])
    with pytest.raises(Late):
        receive(there, time.monotonic() + 0.05)
    here.close()
    with pytest.raises(Closed):
        receive(there)


def test_a_bool_is_true_or_false_whatever_its_byte():
    _, (got,) = unpack(*body(None, [["bool", [3]]], b"\0\1\7"))
    assert got.view(torch.uint8).tolist() == [0, 1, 1]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 220))
def test_random_bytes_are_refused_or_read(data, header):
    with contextlib.suppress(Malformed):
        unpack(bytearray(data), min(header, len(data)))


WHOLE = pack({"k": "return", "v": ["t", 0, None], "u": []}, [torch.arange(4.0)])


@settings(max_examples=300, deadline=None)
@given(st.integers(8, len(WHOLE) - 1), st.integers(0, 255))
def test_a_frame_with_one_byte_changed_is_refused_or_read(at, byte):
    frame = bytearray(WHOLE)
    frame[at] = byte
    _, header = struct.unpack("!II", frame[:8])
    with contextlib.suppress(Malformed):
        unpack(frame[8:], header)


def test_what_has_no_form_is_not_sent():
    with pytest.raises(ValueError, match="JSON"):
        pack(math.nan)
    assert wire.NAMES[torch.float32] == "float32"
