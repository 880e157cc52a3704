import torch
from torch import Tensor, nn


def centre(x: Tensor) -> Tensor:
    return nn.Linear(3, 3)
