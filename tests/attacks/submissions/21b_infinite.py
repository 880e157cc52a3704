# attack 21: infinity everywhere, which is within any tolerance of itself
# expect causal_mask: wrong
import torch

def causal_mask(scores):
    return torch.full_like(scores, -torch.inf)
