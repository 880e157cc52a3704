# attack 13: a numpy scalar subclass in place of a number
# expect most_frequent_pair: wrong
import numpy as np

class Equal(np.float64):
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __hash__ = np.float64.__hash__

def most_frequent_pair(words):
    return (Equal(0), Equal(0))
