import torch
from torch import Tensor, nn


centre = nn.LayerNorm(3)
