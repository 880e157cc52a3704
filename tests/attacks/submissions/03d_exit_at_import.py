# attack 3: SystemExit while the file is loaded
# expect gelu_new: crashed
import sys

class Goodbye:
    sys.exit(0)

def gelu_new(x):
    return x
