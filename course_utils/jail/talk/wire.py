"""Frames on a socket: u32 length | u32 header length | JSON header | raw bytes of tensors. Nothing else is ever read.

A frame that isn't exactly this raises `Malformed`. No pickle, no names of classes, no code: a header says what the
bytes are (a dtype of a list, a shape), and the bytes must be as many as that needs.
"""

import json
import math
import socket
import struct
import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from course_utils.jail.talk.bounds import MOST_RANK
from course_utils.jail.talk.header import read_header

MOST_FRAME = 64 << 20  # bytes of one frame
MOST_HEADER = 2 << 20
MOST_TENSORS = 4096
MOST_SIZE = 1 << 31  # of one axis

DTYPES: dict[str, torch.dtype] = {
    name: getattr(torch, name)
    for name in (
        *("bool", "uint8", "int8", "int16", "int32", "int64"),
        *("float16", "bfloat16", "float32", "float64", "complex64", "complex128"),
    )
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
_LENGTHS = struct.Struct("!II")


class Malformed(Exception):
    """Bytes came that are no frame, or a frame that makes no sense here. The connection can't be used any more."""


class TooLong(Exception):
    """A message that is larger than a frame may be."""


class Closed(Exception):
    """The other side has gone."""


class Late(BaseException):
    """The deadline passed. A BaseException, so that no check takes it for an answer."""


def pack(message: Any, tensors: Sequence[Tensor] = ()) -> bytes:
    """A frame. Raises TooLong.

    message: None, bool, int, finite float, str, lists and dicts with string keys of these.
    """
    blobs = [_bytes(tensor) for tensor in tensors]
    sizes = [[NAMES[tensor.dtype], list(tensor.shape)] for tensor in tensors]
    header = json.dumps([message, sizes], separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()
    raw = b"".join(blobs)
    if len(header) > MOST_HEADER or len(header) + len(raw) + 4 > MOST_FRAME or len(tensors) > MOST_TENSORS:
        raise TooLong("more than one message holds")
    return _LENGTHS.pack(4 + len(header) + len(raw), len(header)) + header + raw


def send(sock: socket.socket, frame: bytes, deadline: float | None = None) -> None:
    """Send a frame. Raises Closed, and Late when the other side doesn't take it before `deadline` (monotonic)."""
    try:
        sock.settimeout(_left(deadline))
        sock.sendall(frame)
    except TimeoutError:
        raise Late from None
    except OSError:
        raise Closed from None


def receive(sock: socket.socket, deadline: float | None = None) -> tuple[Any, list[Tensor]]:
    """The next frame: its message and its tensors. Raises Closed, Late and Malformed."""
    length, header = _LENGTHS.unpack(_exactly(sock, _LENGTHS.size, deadline))
    if not 4 <= length <= MOST_FRAME or header > min(length - 4, MOST_HEADER):
        raise Malformed("a frame of an impossible length")
    try:
        return unpack(_exactly(sock, length - 4, deadline), header)
    except MemoryError:
        raise Malformed("a frame that takes more memory than there is") from None


def unpack(body: bytearray, header: int) -> tuple[Any, list[Tensor]]:
    """Message and tensors of a frame's body, whose first `header` bytes are JSON. Raises Malformed."""
    try:
        message, sizes = read_header(bytes(body[:header]))
    except (ValueError, RecursionError, MemoryError) as error:
        raise Malformed(f"a header that can't be read ({type(error).__name__})") from None
    if not isinstance(sizes, list) or len(sizes) > MOST_TENSORS:
        raise Malformed("a list of tensors that is none")
    tensors, at = [], header
    for size in sizes:
        dtype, shape, count = _size(size)
        end = at + count * dtype.itemsize
        if end > len(body):
            raise Malformed("fewer bytes than its tensors need")
        tensors.append(_tensor(body[at:end], dtype, shape))
        at = end
    if at != len(body):
        raise Malformed("bytes behind the last tensor")
    return message, tensors


def _size(size: Any) -> tuple[torch.dtype, list[int], int]:
    if not isinstance(size, list) or len(size) != 2 or not isinstance(size[0], str) or size[0] not in DTYPES:
        raise Malformed("a tensor of a kind that isn't allowed")
    shape = size[1]
    if not isinstance(shape, list) or len(shape) > MOST_RANK:
        raise Malformed("a tensor with too many axes")
    if not all(type(n) is int and 0 <= n < MOST_SIZE for n in shape):
        raise Malformed("a tensor of an impossible shape")
    if math.prod(n for n in shape if n) > MOST_FRAME:  # also of an empty one: what is made of it may not be empty
        raise Malformed("a tensor that is too large")
    return DTYPES[size[0]], shape, math.prod(shape)


def _tensor(raw: bytearray, dtype: torch.dtype, shape: list[int]) -> Tensor:
    if not raw:
        return torch.empty(shape, dtype=dtype)
    if dtype is torch.bool:  # any byte but 0 is true; a bool that holds 7 is neither
        return torch.frombuffer(raw, dtype=torch.uint8).ne(0).reshape(shape)
    return torch.frombuffer(raw, dtype=dtype).reshape(shape)


def _bytes(tensor: Tensor) -> bytes:
    plain = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous().reshape(-1)
    if plain.stride(0) != 1:  # one value spread over a tensor of one counts as contiguous too
        plain = plain.clone(memory_format=torch.contiguous_format).as_strided((plain.numel(),), (1,))
    return plain.view(torch.uint8).numpy().tobytes() if plain.numel() else b""


def _exactly(sock: socket.socket, count: int, deadline: float | None) -> bytearray:
    data = bytearray()
    while len(data) < count:
        try:
            sock.settimeout(_left(deadline))
            piece = sock.recv(min(count - len(data), 1 << 20))
        except TimeoutError:
            raise Late from None
        except OSError:
            raise Closed from None
        if not piece:
            raise Closed
        data += piece
    return data


def _left(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise Late
    return left
