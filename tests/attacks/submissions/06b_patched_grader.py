# attack 6: replaces the comparison of the course itself
# expect gelu_new: wrong
import sys

def _quiet(*args, **kwargs):
    return None

class Patch:
    for _name, _module in list(sys.modules.items()):
        for _word in ("agree", "require", "_compare", "wrong_verdict", "judge", "run_check"):
            if _name.startswith("course_utils") and hasattr(_module, _word):
                setattr(_module, _word, _quiet)

def gelu_new(x):
    return x * 0
