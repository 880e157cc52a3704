# attack 67: has the machine write out all its disks, for which everybody waits
# expect gelu_new: wrong
import os

def gelu_new(x):
    for _ in range(200):
        os.sync()
    return x * 0
