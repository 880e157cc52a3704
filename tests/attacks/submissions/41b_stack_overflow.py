# attack 41: recursion without end or limit
# expect gelu_new: timeout
import sys

class Unlimited:
    sys.setrecursionlimit(10**9)

def gelu_new(x):
    return gelu_new(x) + 1
