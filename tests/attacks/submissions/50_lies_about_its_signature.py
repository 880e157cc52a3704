# attack our wall: claims another signature, and to be a class
# expect gelu_new: wrong
import inspect

class Claims:
    __signature__ = inspect.Signature()
    __name__ = "gelu_new"
    __wrapped__ = None

    def __call__(self, *args, **kwargs):
        return None

    def __instancecheck__(cls, other):
        return True

def gelu_new(*args, **kwargs):
    return Claims()

class Patch:
    gelu_new.__wrapped__ = None
    gelu_new.__signature__ = inspect.Signature()
