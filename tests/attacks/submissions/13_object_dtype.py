# attack 13: numpy arrays of objects that equal everything
# expect gelu_new: wrong
import numpy as np

class Equal:
    def __eq__(self, other):
        return True

    def __sub__(self, other):
        return 0.0

    def __abs__(self):
        return 0.0

def gelu_new(x):
    answer = np.empty(tuple(x.shape), dtype=object)
    answer.fill(Equal())
    return answer
