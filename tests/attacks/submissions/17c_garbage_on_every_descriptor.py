# attack 17: random bytes on every descriptor
# expect gelu_new: crashed
import os

def gelu_new(x):
    for fd in range(3, 256):
        try:
            os.write(fd, os.urandom(4096))
        except OSError:
            pass
    return x
