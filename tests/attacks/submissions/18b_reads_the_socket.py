# attack 18: reads what the grader sends on the inherited descriptors
# expect gelu_new: timeout
import os

def gelu_new(x):
    for fd in range(3, 64):
        try:
            os.read(fd, 1 << 20)
        except OSError:
            pass
    return x
