import torch
from torch import Tensor, nn


def count_up(n: int) -> list[int]:
    result = []
    result += [result] * 3
    return result
