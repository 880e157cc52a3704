# attack 47: a tensor of 2^60 numbers that takes no memory
# expect gelu_new: wrong
import torch

def gelu_new(x):
    return torch.zeros(1).expand(2**30, 2**30)
