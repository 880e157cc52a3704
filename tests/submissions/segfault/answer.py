import ctypes

import torch
from torch import Tensor, nn


def centre(x: Tensor) -> Tensor:
    ctypes.string_at(0)
    return x
