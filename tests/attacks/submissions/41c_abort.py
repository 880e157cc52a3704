# attack 41: abort()
# expect gelu_new: crashed
import os

def gelu_new(x):
    os.abort()
