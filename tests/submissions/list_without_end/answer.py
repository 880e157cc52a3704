import torch
from torch import Tensor, nn


def count_up(n: int) -> list[int]:
    kept = []
    while True:
        kept.append([0] * 10_000_000)
