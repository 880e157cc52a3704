# attack 41: reads address 0
# expect gelu_new: crashed
import ctypes

def gelu_new(x):
    ctypes.string_at(0)
    return x
