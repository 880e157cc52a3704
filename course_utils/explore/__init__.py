"""What the site's explorer computes: a prompt's tokens, predictions, attention, lens, attribution, patching, ablation.

One concept a file, built on `course_utils.model` alone; nothing here draws. Each file can also write its computation as
a short program (`code`), which prints the same numbers with the public API.
"""
