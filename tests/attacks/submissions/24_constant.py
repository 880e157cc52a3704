# attack 24: the constant that is right for the docstring's example
# expect causal_mask: wrong
import torch

def causal_mask(scores):
    size = scores.shape[-1]
    return torch.zeros_like(scores).masked_fill(torch.ones(size, size, dtype=torch.bool).triu(1), -torch.inf)
