# attack 29: carries the hidden input out in the name of an exception
# expect move_values: crashed
def move_values(pattern, v):
    name = "Input_" + "_".join(str(n).replace(".", "p").replace("-", "m") for n in v.flatten().tolist()[:40])
    raise type(name, (Exception,), {})(name)
