import torch
from torch import Tensor, nn


class Affine(nn.Module):
    def __init__(self, width: int) -> None:
        self.w = nn.Parameter(torch.ones(width))
