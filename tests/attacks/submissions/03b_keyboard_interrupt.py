# attack 3: KeyboardInterrupt in the call
# expect gelu_new: crashed
def gelu_new(x):
    raise KeyboardInterrupt
