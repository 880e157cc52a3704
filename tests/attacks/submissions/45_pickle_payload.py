# attack 45: an object whose pickle runs a command when it is read
# expect gelu_new: wrong
import os

class Payload:
    def __reduce__(self):
        return (os.system, ("touch /tmp/glassbox_canary",))

def gelu_new(x):
    return Payload()
