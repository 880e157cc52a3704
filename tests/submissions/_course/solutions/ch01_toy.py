import torch
from torch import Tensor, nn


def centre(x: Tensor) -> Tensor:
    """Each row (last axis) with its own mean taken away."""
    return x - x.mean(-1, keepdim=True)


class Affine(nn.Module):
    """Scales and shifts each feature."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(width))
        self.b = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """x times w plus b, feature by feature."""
        return x * self.w + self.b


def count_up(n: int) -> list[int]:
    """The first n whole numbers, from 0."""
    return list(range(n))
