import torch
from torch import Tensor, nn


class centre:
    def __init__(self, x: Tensor) -> None:
        self.x = x - x.mean(-1, keepdim=True)
