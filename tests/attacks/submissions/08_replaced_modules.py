# attack 8: puts modules of its own in the place of the tests, the reference and torch
# expect gelu_new: wrong
import sys
import types

class Anything(types.ModuleType):
    def __getattr__(self, name):
        return lambda *args, **kwargs: True

class Replace:
    for _name in ("reference", "tests", "torch", "numpy", "course_utils.grading", "course_utils.grading.compare"):
        sys.modules[_name] = Anything(_name)

def gelu_new(x):
    import torch
    return torch.tanh(x)
