import torch
from torch import Tensor, nn


def count_up(n: int) -> list[int]:
    for _ in range(10_000):
        print('y' * 9_999)
    return []
