import torch
from torch import Tensor, nn


def centre(x: Tensor) -> Tensor:
    print(x.mean(-1))
    print('shape', x.shape)
    return x
