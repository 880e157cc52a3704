import torch
from torch import Tensor, nn


class RowError(Exception):
    def __str__(self):
        raise ValueError


def centre(x: Tensor) -> Tensor:
    raise RowError()
