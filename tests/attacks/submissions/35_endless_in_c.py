# attack 35: one call into torch that doesn't return for long
# expect gelu_new: timeout
import torch

def gelu_new(x):
    big = torch.ones(3000, 3000)
    while True:
        big = (big @ big).clamp(0, 1)
