import torch
from torch import Tensor, nn


def centre(x: Tensor, axis: int) -> Tensor:
    return x - x.mean(axis, keepdim=True)
