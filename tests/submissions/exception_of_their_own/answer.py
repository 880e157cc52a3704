import torch
from torch import Tensor, nn


class RowError(Exception):
    pass


def centre(x: Tensor) -> Tensor:
    raise RowError('no rows')
