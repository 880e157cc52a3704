# attack 2: leaves the process with status 0 in the middle of a call
# expect gelu_new: crashed
import os

def gelu_new(x):
    os._exit(0)
