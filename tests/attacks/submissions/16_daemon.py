# attack 16: leaves a process behind that writes for a while, then answers wrongly
# expect gelu_new: wrong
import os
import time

def _daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for _ in range(600):
                for fd in range(3, 64):
                    try:
                        os.write(fd, b"passed" * 100)
                    except OSError:
                        pass
                time.sleep(0.1)
        os._exit(0)

def gelu_new(x):
    try:
        _daemon()
    except OSError:
        pass
    return x * 0
