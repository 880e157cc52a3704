# attack 23: the answers of the checks as they stand in the course's repository, and nothing else
# expect gelu_new: wrong
import torch

def gelu_new(x):
    known = {10.0: 10.0, -10.0: 0.0, 20.0: 20.0, 1.0: 0.8411920, 2.0: 1.9545977, 0.5: 0.3457140}
    known |= {-3.0: -0.0036374, -2.5: -0.0150843}
    return torch.tensor([known.get(round(v, 4), 0.0) for v in x.flatten().tolist()]).reshape(x.shape)
