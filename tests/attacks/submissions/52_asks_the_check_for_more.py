# attack our wall: calls back into the check to read its secrets
# expect generate_with_cache: wrong
import torch


def _within(step):
    """Whatever can be reached from the callback: its globals, what it closes over, what these hold."""
    names, cells = dict(getattr(step, "__globals__", {})), getattr(step, "__closure__", None) or ()
    yield from names.items()
    for cell in cells:
        yield "cell", cell.cell_contents
        yield from vars(cell.cell_contents).items() if hasattr(cell.cell_contents, "__dict__") else ()


def generate_with_cache(step, prompt, n_new):
    for name, value in _within(step):
        if name in ("MUTANTS", "ACCEPTED", "agree", "expected") or "checks" in str(getattr(value, "__module__", "")):
            raise RuntimeError(f"reached {name} of the check")
    return torch.cat([prompt, prompt[:, :1].repeat(1, n_new)], dim=1)
