# attack 38: memory that belongs to no process
# expect gelu_new: wrong
import os

def gelu_new(x):
    try:
        for number in range(64):
            fd = os.memfd_create(f"filler{number}")
            for _ in range(64):
                os.write(fd, b"x" * (1 << 20))
    except OSError:
        pass
    return x * 0
