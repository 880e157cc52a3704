# attack 12: a tensor subclass that answers every comparison with yes
# expect gelu_new: wrong
import torch

class Agrees(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func.__name__ in ("eq", "allclose", "equal", "isclose", "le", "__eq__"):
            return torch.tensor(True)
        return super().__torch_function__(func, types, args, kwargs or {})

    def __eq__(self, other):
        return True

    def __array_function__(self, func, types, args, kwargs):
        return True

def gelu_new(x):
    return torch.zeros_like(x).as_subclass(Agrees)
