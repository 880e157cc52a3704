# attack 37: the same without torch
# expect gelu_new: out_of_memory
def gelu_new(x):
    kept = []
    while True:
        kept.append(bytearray(64 << 20))
