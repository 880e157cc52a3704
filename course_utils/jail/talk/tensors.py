"""Tensors on the wire: plain values, arguments whose changes come back, parameters, views of what both sides know.

Gradients flow across: a tensor that needs one arrives as a leaf, and what is computed from it leaves with the number of
a tape (`tape.py`).
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.grading.kinds import is_ordinary
from course_utils.jail.talk.bounds import are_sizes, empty_shape
from course_utils.jail.talk.codec import Codec, Decoder, Form
from course_utils.jail.talk.links import TensorRecord
from course_utils.jail.talk.names import subclass
from course_utils.jail.talk.values import read_dtype


def _encode_tensor(codec: Codec, value: Tensor) -> Any:
    if not is_ordinary(value):
        return _encode_strange(codec, value)
    if type(value) is nn.Parameter:
        return encode_parameter(codec, value)
    if not codec.sharing and not (codec.asking and value.requires_grad):
        view = None if value.requires_grad else _as_view(codec, value)
        if view is not None:
            return view
        return _encode_taped(codec, value) if value.requires_grad else ["t", codec.blob(value), None]
    alias = codec.home.alias_of(value) if not value.requires_grad else None
    if alias is not None:
        reference = codec.known(alias)
        return ["a", codec.own(value, TensorRecord(value)), reference]
    number = codec.own(value, TensorRecord(value))
    codec.home.remember(value)
    return ["X", number, codec.blob(value), value.requires_grad, value.is_leaf, value.is_contiguous()]


def _encode_taped(codec: Codec, value: Tensor) -> Any:
    if (known := codec.taped.get(id(value))) is None:  # `codec.tensors` keeps it alive
        known = codec.taped[id(value)] = [codec.blob(value), codec.home.keep_tape(value)]
    return ["t", *known]


def encode_parameter(codec: Codec, value: nn.Parameter) -> Any:
    """A parameter, which keeps its identity: whatever changes on one side changes on the other."""
    if (known := codec.known(value)) is not None:
        return known
    number = codec.own(value, TensorRecord(value))
    gradient = None if value.grad is None else codec.blob(value.grad.detach())
    return ["P", number, codec.blob(value), value.requires_grad, gradient]


def _as_view(codec: Codec, value: Tensor) -> Any:
    """How a tensor lies in the memory of one that both sides know, if it does."""
    whole = codec.home.alias_of(value, whole=False)
    if whole is None or not codec.bounds.view(value.numel(), value.element_size(), whole.numel()):
        return None
    reference = codec.known(whole)
    return ["w", reference, value.storage_offset() - whole.storage_offset(), list(value.shape), list(value.stride())]


def _encode_strange(codec: Codec, value: Tensor) -> Any:
    kind = "plain" if type(value) in (Tensor, nn.Parameter) else type(value).__name__
    if kind != "plain":
        return ["st", "subclass", kind, [], None]
    if value.is_quantized or (value.device.type != "meta" and value.layout is not torch.sparse_coo):
        return ["st", "subclass", "Tensor", [], None]
    what = "meta" if value.device.type == "meta" else "sparse"
    return ["st", what, "", empty_shape(value.shape), str(value.dtype).removeprefix("torch.")]


def _decode_strange(codec: Codec, what: str, name: str, shape: Any, dtype: Any) -> Any:
    """Something of the same kind and without its values: no check takes it for a right answer."""
    if not are_sizes(shape) or empty_shape(shape) != shape:
        raise ValueError("no shape of a tensor without values")
    if what == "sparse":
        return torch.empty(shape, dtype=read_dtype(codec, dtype), layout=torch.sparse_coo)
    if what == "meta":
        return torch.empty(shape, dtype=read_dtype(codec, dtype), device="meta")
    return torch.empty(0).as_subclass(subclass(Tensor, codec.home.name(name)))


def _decode_tensor(codec: Codec, index: Any, tape: Any) -> Tensor:
    if tape is None:
        return codec.tensor(index)
    return codec.home.on_tape(torch.empty(0), tape)  # whose values were read with the tape


def _decode_shared(codec: Codec, number: Any, index: Any, needs: Any, leaf: Any, contiguous: Any) -> Tensor:
    values = codec.tensor(index)
    if needs is True and (values.is_floating_point() or values.is_complex()):
        values.requires_grad_()
        seen = values if leaf is True else values.clone()  # what is no leaf may be written to, a view of one may not
        codec.home.leaves[False, number] = values
    else:
        seen = values
    codec.take(number, seen, TensorRecord(seen))
    if contiguous is True:
        codec.home.remember(seen)
    return seen


def _decode_parameter(codec: Codec, number: Any, index: Any, needs: Any, gradient: Any) -> nn.Parameter:
    values = codec.tensor(index)
    parameter = nn.Parameter(values, requires_grad=needs is True)
    if gradient is not None:
        parameter.grad = codec.tensor(gradient)
    codec.take(number, parameter, TensorRecord(parameter))
    codec.home.leaves[False, number] = parameter
    return parameter


def _decode_alias(codec: Codec, number: Any, reference: Any) -> Tensor:
    other = codec.decode(reference).detach()
    return codec.take(number, other, TensorRecord(other))


def _decode_view(codec: Codec, reference: Any, offset: Any, shape: Any, stride: Any) -> Tensor:
    whole = codec.decode(reference)
    if not isinstance(whole, Tensor) or not (are_sizes([offset]) and are_sizes(shape) and are_sizes(stride)):
        raise ValueError("no view")
    if len(shape) != len(stride) or not whole.is_contiguous():
        raise ValueError("no view of that")
    if not codec.bounds.view(math.prod(shape), whole.element_size(), whole.numel()) and not codec.home.inside:
        raise ValueError("a view of more than there is")
    reach = offset + sum((n - 1) * step for n, step in zip(shape, stride, strict=True)) if math.prod(shape) else 0
    if reach >= max(whole.numel(), 1):
        raise ValueError("a view beyond its tensor")
    return whole.detach().as_strided(shape, stride, whole.storage_offset() + offset)


FORMS: list[Form] = [(lambda value: isinstance(value, Tensor), _encode_tensor)]
READERS: dict[str, Decoder] = {
    "t": _decode_tensor,
    "X": _decode_shared,
    "P": _decode_parameter,
    "w": _decode_view,
    "st": _decode_strange,
}
GIVEN: dict[str, Decoder] = {"a": _decode_alias}
