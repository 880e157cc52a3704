import torch
from torch import Tensor, nn


centre = 3.5
