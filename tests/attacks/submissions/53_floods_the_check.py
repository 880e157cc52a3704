# attack our wall: calls back into the check without end
# expect generate_with_cache: timeout
def generate_with_cache(step, prompt, n_new):
    while True:
        step(prompt, None)
