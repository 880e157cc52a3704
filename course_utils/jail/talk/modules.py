"""Modules on the wire: one stays where it was made, and the other side gets a stand-in with the same parameters, whose
forward pass is a call.
"""

from typing import Any

import torch
from torch import nn

from course_utils.jail.talk.codec import Codec, Decoder, Form
from course_utils.jail.talk.optimizers import decode_optimizer, encode_optimizer
from course_utils.jail.talk.signatures import signature_data


class ModeRecord:
    """Whether a module is in training mode."""

    def __init__(self, module: nn.Module) -> None:
        self.module, self.mode = module, module.training

    def changes(self, codec: Codec) -> Any:
        if self.module.training is self.mode:
            return None
        self.mode = self.module.training
        return self.mode

    def apply(self, codec: Codec, told: Any) -> bool:
        self.mode = told is True
        self.module.train(self.mode)
        return False

    def restore(self) -> None:
        pass


def encode_module(codec: Codec, value: nn.Module) -> Any:
    """A module of one side's own, with its parameters and buffers."""
    codec.holding = True
    number = codec.own(value, ModeRecord(value))
    with codec.whole((True, number)):
        parameters = [[name, codec.encode(one)] for name, one in value.named_parameters()]
        buffers = [[name, codec.encode(one)] for name, one in value.named_buffers()]
    told: dict[str, Any] = {"name": type(value).__name__, "training": value.training}
    if codec.home.inside:
        told["call"] = signature_data(codec, value.forward)
    return ["M", number, told, parameters, buffers]


def _decode_module(codec: Codec, number: Any, told: Any, parameters: Any, buffers: Any) -> nn.Module:
    codec.holding = True
    module = codec.home.mirror(codec, number, told)
    with codec.whole((False, number)):
        for name, data in parameters:
            codec.home.made(name.count("."))
            holder, last = place_in(module, name)
            parameter = codec.decode(data)
            if not isinstance(parameter, nn.Parameter):
                raise ValueError("no parameter")
            holder._parameters[last] = parameter
        for name, data in buffers:
            codec.home.made(name.count("."))
            holder, last = place_in(module, name)
            holder._buffers[last] = codec.decode(data)
    module.train(told["training"] is True)
    return codec.take(number, module, ModeRecord(module))


def place_in(module: nn.Module, name: str) -> tuple[nn.Module, str]:
    """The submodule that a dotted name stands in, made if need be, and the name's last part."""
    *path, last = name.split(".")
    if len(path) > 16 or not all(part.isidentifier() or part.isdigit() for part in (*path, last)):
        raise ValueError("no name of a parameter")
    for part in path:
        if part not in module._modules:
            module._modules[part] = nn.Module()  # not add_module, which would ask a stand-in for the attribute
        module = module._modules[part]  # type: ignore[assignment]
    return module, last


FORMS: list[Form] = [
    (lambda value: isinstance(value, torch.optim.Optimizer), encode_optimizer),
    (lambda value: isinstance(value, nn.Module), encode_module),
]
READERS: dict[str, Decoder] = {"M": _decode_module}
GIVEN: dict[str, Decoder] = {"O": decode_optimizer}
