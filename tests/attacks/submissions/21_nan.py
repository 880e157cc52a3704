# attack 21: NaN, which no `>` calls different
# expect gelu_new: wrong
import torch

def gelu_new(x):
    return torch.full_like(x, float("nan"))
