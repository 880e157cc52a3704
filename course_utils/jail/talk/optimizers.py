"""Optimizers on the wire: the other side gets one of the same kind, over its own copies of the parameters."""

from typing import Any

import torch
from torch import Tensor, nn

from course_utils.jail.talk.codec import Codec

KINDS = ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "NAdam", "RAdam", "Adamax", "Adadelta")
PLAIN = (bool, int, float, str, tuple, type(None), Tensor)


class OptimizerRecord:
    """Options of the groups, and what is remembered for each parameter: told in full every time, for it is little."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer = optimizer

    def changes(self, codec: Codec) -> Any:
        return [_options(codec, self.optimizer), _state(codec, self.optimizer)]

    def apply(self, codec: Codec, told: Any) -> bool:
        options, state = told
        for group, given in zip(self.optimizer.param_groups, options, strict=True):
            for name, data in given:
                value = codec.decode(data)
                if name in group and name != "params" and isinstance(value, PLAIN):
                    group[name] = value
        for parameter, items in state:
            known = codec.decode(parameter)
            if not isinstance(known, nn.Parameter):
                raise ValueError("no parameter")
            self.optimizer.state[known] = {name: _value(codec, data) for name, data in items}
        return False

    def restore(self) -> None:
        pass


def _value(codec: Codec, data: Any) -> Any:
    value = codec.decode(data)
    if not isinstance(value, PLAIN):
        raise ValueError("nothing that an optimizer remembers")
    return value


def _options(codec: Codec, optimizer: torch.optim.Optimizer) -> Any:
    return [
        [[name, codec.encode(value)] for name, value in group.items() if name != "params" and isinstance(value, PLAIN)]
        for group in optimizer.param_groups
    ]


def _state(codec: Codec, optimizer: torch.optim.Optimizer) -> Any:
    plain = Codec(codec.links, codec.tensors, home=codec.home)  # copies: who remembers what is no business of the other
    return [
        [codec.known(parameter), [[name, plain.encode(value)] for name, value in remembered.items()]]
        for parameter, remembered in optimizer.state.items()
        if codec.links.ref(parameter) is not None
    ]


def encode_optimizer(codec: Codec, value: torch.optim.Optimizer) -> Any:
    """An optimizer of ours; None for one of the learner's, or of another kind."""
    kind = type(value).__name__
    if codec.home.inside or type(value) is not getattr(torch.optim, kind, None) or kind not in KINDS:
        return None
    number = codec.own(value, OptimizerRecord(value))
    with codec.whole((True, number)):
        groups = [codec.several(group["params"]) for group in value.param_groups]
    return ["O", number, kind, groups, _options(codec, value), _state(codec, value)]


def decode_optimizer(codec: Codec, number: Any, kind: str, groups: Any, options: Any, state: Any) -> Any:
    """An optimizer of the same kind over the parameters that stand in for ours."""
    if kind not in KINDS:
        raise ValueError("no optimizer")
    with codec.whole((False, number)):
        parameters = [{"params": [codec.decode(one) for one in group]} for group in groups]
    made = getattr(torch.optim, kind)(parameters, lr=1e-3)
    record = OptimizerRecord(made)
    for group, given in zip(made.param_groups, options, strict=True):
        group.update({name: codec.decode(data) for name, data in given})
    record.apply(codec, [[[] for _ in made.param_groups], state])
    return codec.take(number, made, record)
