# attack 19: makes every seed the same and stops the clock
# expect move_values: wrong
import random
import time
import torch

class Patch:
    torch.manual_seed = lambda seed: None
    torch.Generator.manual_seed = lambda self, seed: self
    torch.rand = torch.randn = lambda *shape, **kwargs: torch.zeros(*shape)
    random.random = lambda: 0.0
    time.time = time.perf_counter = time.monotonic = lambda: 0.0

def move_values(pattern, v):
    return torch.zeros_like(v)
