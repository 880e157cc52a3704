# attack 9: asks the course for the solution, as a notebook may
# expect gelu_new: crashed
def gelu_new(x):
    from course_utils import solution
    text = solution("gelu_new", anyway=True)
    space = {}
    exec("import torch, math\nfrom torch import Tensor\n" + str(text), space)
    return space["gelu_new"](x)
