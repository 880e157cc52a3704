import torch
from torch import Tensor, nn


def centre(x: Tensor) -> Tensor:
    return torch.zeros(50 * 2**30 // 4)
