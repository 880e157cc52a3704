# attack 37: asks for more memory than it may have
# expect gelu_new: out_of_memory
import torch

def gelu_new(x):
    kept = []
    while True:
        kept.append(torch.ones(64 << 20))
