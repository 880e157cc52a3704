import torch
from torch import Tensor, nn


def centre(x: Tensor) -> Tensor:
    return x ** 2 - 3
