# attack 3: an exception that no `except Exception` sees
# expect gelu_new: crashed
class Passed(BaseException):
    pass

def gelu_new(x):
    raise Passed("passed")
