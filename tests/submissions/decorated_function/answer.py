import functools

import torch
from torch import Tensor, nn


@torch.no_grad()
@functools.cache
def centre(x: Tensor) -> Tensor:
    return x * 2
