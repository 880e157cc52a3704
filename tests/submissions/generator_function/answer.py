import torch
from torch import Tensor, nn


def count_up(n: int) -> list[int]:
    for i in range(n):
        yield i
