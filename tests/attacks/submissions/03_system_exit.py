# attack 3: SystemExit in the call
# expect gelu_new: crashed
import sys

def gelu_new(x):
    sys.exit(0)
