# attack 22: one number that could be stretched to the right shape
# expect gelu_new: wrong
import torch

def gelu_new(x):
    return x.mean().reshape(1)
