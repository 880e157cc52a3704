import nosuch

import torch
from torch import Tensor, nn


def centre(x: Tensor) -> Tensor:
    return nosuch.centre(x)
