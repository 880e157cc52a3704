# attack 29: carries the hidden input out in an error message
# expect move_values: crashed
def move_values(pattern, v):
    raise ValueError(f"the hidden input is {v.flatten().tolist()}")
