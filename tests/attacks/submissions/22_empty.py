# attack 22: an empty answer, which is close to everything
# expect gelu_new: wrong
import torch

def gelu_new(x):
    return torch.empty(0)
