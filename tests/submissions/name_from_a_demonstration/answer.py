# %%
import torch
from torch import Tensor, nn


# %%
data = torch.load('data.pt')

# %%
def centre(x: Tensor) -> Tensor:
    return x - data.mean()
