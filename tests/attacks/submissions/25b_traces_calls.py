# attack 25: traces every call of its process
# expect gelu_new: wrong
import sys
import torch

_seen = []

def _trace(frame, event, argument):
    for value in list(frame.f_locals.values()):
        if isinstance(value, torch.Tensor):
            _seen.append(value)
    return _trace

def gelu_new(x):
    sys.settrace(_trace)
    for value in _seen:
        if value.shape == x.shape and not torch.equal(value, x):
            return value
    return x * 0
