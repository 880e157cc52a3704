import torch
from torch import Tensor, nn


def spin() -> None:
    while True: pass


def centre(x: Tensor) -> Tensor:
    while True:
        try:
            spin()
        except BaseException:
            pass
