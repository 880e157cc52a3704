import time

import torch
from torch import Tensor, nn


def centre(x: Tensor) -> Tensor:
    time.sleep(3600)
    return x
