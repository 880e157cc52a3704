# attack 11: hooks into the notebook's shell, which isn't there
# expect gelu_new: wrong
import sys

def _yes(*args, **kwargs):
    return None

class Patch:
    sys.displayhook = sys.excepthook = _yes
    try:
        from IPython import get_ipython
        _shell = get_ipython()
        if _shell is not None:
            _shell.showtraceback = _yes
            _shell.ast_transformers = []
    except ImportError:
        pass

def gelu_new(x):
    return x * 0
