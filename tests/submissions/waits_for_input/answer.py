import torch


def centre(x):
    axis = int(input("axis: "))
    return x - x.mean(axis, keepdim=True)
