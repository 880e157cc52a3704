# attack 20: writes the answer into its input, and gives that back
# expect causal_mask: wrong
import torch

def causal_mask(scores):
    above = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    return scores.masked_fill_(above, -torch.inf)
