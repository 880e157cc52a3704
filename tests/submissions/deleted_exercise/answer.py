import torch
from torch import Tensor, nn


def helper(x):
    return x
