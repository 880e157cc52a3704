import torch
from torch import Tensor, nn


def centre(x: Tensor) -> Tensor:
    mean = x.mean(-1, keepdim=True
    return x - mean
