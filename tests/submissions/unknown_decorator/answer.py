import torch
from torch import Tensor, nn


@jit
def centre(x: Tensor) -> Tensor:
    return x
