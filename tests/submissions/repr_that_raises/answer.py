import torch
from torch import Tensor, nn


class Odd:
    shape = (2, 3)

    def __repr__(self):
        raise RuntimeError


def centre(x: Tensor) -> Tensor:
    return Odd()
