import torch
from torch import Tensor, nn


def centre(x: Tensor) -> Tensor:
    print('\x1b[2J\x1b]0;title\x07\x1b[31mred\x1b[0m\rgone \u202eback')
    raise ValueError('\x1b[31mred\x1b[0m\x07 and \ud800')
