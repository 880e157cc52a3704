# attack 27: attaches to its parent as a debugger
# expect gelu_new: crashed
import ctypes
import os

def gelu_new(x):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(16, os.getppid(), None, None) == 0:
        return 0.5 * x
    raise OSError(ctypes.get_errno(), "refused")
