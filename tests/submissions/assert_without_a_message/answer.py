import torch


def centre(x):
    assert x.ndim == 1
    return x - x.mean()
