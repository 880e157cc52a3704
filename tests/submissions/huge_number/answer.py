import torch
from torch import Tensor, nn


def count_up(n: int) -> list[int]:
    return [0, 10**5000, 2]
