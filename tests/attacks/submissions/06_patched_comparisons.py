# attack 6: every comparison that it can reach says yes
# expect gelu_new: wrong
import math
import numpy as np
import torch

def _yes(*args, **kwargs):
    return True

class Patch:
    torch.testing.assert_close = _yes
    torch.allclose = torch.equal = torch.isclose = _yes
    torch.Tensor.allclose = torch.Tensor.equal = torch.Tensor.__eq__ = torch.Tensor.__ne__ = _yes
    np.testing.assert_allclose = np.allclose = _yes
    math.isclose = _yes

def gelu_new(x):
    return x * 0
