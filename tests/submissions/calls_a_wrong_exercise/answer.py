import torch
from torch import nn


def centre(x):
    return x + x.mean(-1, keepdim=True)


class Affine(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.w = nn.Parameter(torch.ones(width))
        self.b = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return centre(x) * self.w + self.b
