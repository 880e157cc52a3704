import torch
from torch import Tensor, nn


def centre(x: Tensor) -> Tensor:
    return (x - x.mean(-1, keepdim=True)) * (x / x)
