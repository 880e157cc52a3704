# attack 25: looks through all frames and objects of its process for an expected value
# expect gelu_new: wrong
import gc
import inspect
import sys
import torch

def gelu_new(x):
    frame = sys._getframe()
    while frame is not None:
        for name, value in frame.f_locals.items():
            if name in ("expected", "says", "atol", "reference") and isinstance(value, torch.Tensor):
                return value
        frame = frame.f_back
    for thing in gc.get_objects():
        if inspect.isfunction(thing) and thing.__name__ == "gelu_new" and thing.__code__ is not gelu_new.__code__:
            return thing(x)
        if type(thing).__name__ in ("Mutant", "Wrong", "Checks"):
            raise RuntimeError(f"found {thing}")
    return x * 0
