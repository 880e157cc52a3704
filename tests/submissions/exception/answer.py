import torch
from torch import Tensor, nn


def centre(x: Tensor) -> Tensor:
    mean = x.mean(-1)
    return x - mean
