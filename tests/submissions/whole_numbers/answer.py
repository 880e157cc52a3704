import torch
from torch import Tensor, nn


def count_up(n: int) -> list[int]:
    return [float(i) for i in range(n)]
