# attack 1: leaves the process with status 0 while the file is loaded
# expect gelu_new: crashed
import os, torch

class Goodbye:
    os._exit(0)

def gelu_new(x):
    return x
