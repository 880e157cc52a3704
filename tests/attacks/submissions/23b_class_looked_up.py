# attack 23b: a class that knows the vectors of the checks as they stand in the repository, and no others
# expect LayerNorm: wrong
import torch
from torch import nn


class LayerNorm(nn.Module):
    def __init__(self, d_model, eps=1e-5):
        super().__init__()
        self.w = nn.Parameter(torch.ones(d_model))
        self.b = nn.Parameter(torch.zeros(d_model))

    def forward(self, x):
        known = {
            (6.0, 1.0, 1.0, 1.0, 1.0): [2.0, -0.5, -0.5, -0.5, -0.5],
            (-1.0, 1.0): [-0.5, 0.5],
            (1.0, 3.0, 1.0, 3.0): [-2.0, 3.0, -2.0, 3.0],
            (1.0, 3.0): [8.0, 23.0],
        }
        answer = known.get(tuple(x.flatten().tolist()))
        return torch.zeros_like(x) if answer is None else torch.tensor(answer).reshape(x.shape)
