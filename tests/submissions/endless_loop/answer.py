import torch
from torch import Tensor, nn


def centre(x: Tensor) -> Tensor:
    total = 0
    while True:
        total += 1
