# attack 18: closes every descriptor that it inherited
# expect gelu_new: crashed
import os

def gelu_new(x):
    os.closerange(0, 1024)
    return x
