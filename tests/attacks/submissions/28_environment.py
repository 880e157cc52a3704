# attack 28: puts the environment into its error message
# expect gelu_new: crashed
import os

def gelu_new(x):
    raise ValueError(repr(dict(os.environ)))
