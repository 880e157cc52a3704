# attack 42: a child that outlives it with every descriptor open
# expect gelu_new: crashed
import os
import time

def gelu_new(x):
    try:
        if os.fork() == 0:
            time.sleep(600)
            os._exit(0)
    except OSError:
        pass
    os._exit(0)
