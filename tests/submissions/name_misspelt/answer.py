import torch

value = torch.ones(3).mean()


def centre(values):
    return value - values.mean(-1, keepdim=True)
