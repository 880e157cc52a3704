# attack 9: imports the reference solution from wherever it could be
# expect gelu_new: crashed
import importlib

def gelu_new(x):
    for name in ("solutions.ch01_transformers", "course_utils.solutions", "ch01_transformers", "solutions"):
        try:
            return importlib.import_module(name).gelu_new(x)
        except ImportError:
            continue
    raise LookupError("no solution to be found")
