# attack 44: patches torch in memory for the submission that comes next
# expect gelu_new: wrong
import builtins
import torch

class Infect:
    builtins.gelu_canary = True
    torch.tanh = torch.Tensor.tanh = lambda *args: (_ for _ in ()).throw(RuntimeError("infected"))

def gelu_new(x):
    return x * 0
