import torch
from torch import Tensor, nn


def centre(x: Tensor) -> Tensor:
    x -= x.mean(-1, keepdim=True)
    return x
