# attack 29: prints the hidden input
# expect move_values: wrong
def move_values(pattern, v):
    print("the hidden input is", v.flatten().tolist())
    return v * 0
