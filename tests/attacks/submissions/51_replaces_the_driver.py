# attack our wall: replaces the driver's functions from within
# expect gelu_new: crashed
import sys

def _nothing(*args, **kwargs):
    return {"outcome": "passed"}

def gelu_new(x):
    for name, module in list(sys.modules.items()):
        if "jail" in name or name == "__main__":
            for word in list(vars(module)):
                if callable(vars(module)[word]) and not word.startswith("__"):
                    setattr(module, word, _nothing)
    return x * 0
