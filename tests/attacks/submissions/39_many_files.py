# attack 39: a hundred thousand files and a core dump
# expect gelu_new: crashed timeout
import os
import signal

def gelu_new(x):
    for folder in ("/scratch", "/tmp", "/dev/shm"):
        try:
            for number in range(20_000):
                open(f"{folder}/{number}", "w").close()
        except OSError:
            pass
    os.kill(os.getpid(), signal.SIGQUIT)
    return x
