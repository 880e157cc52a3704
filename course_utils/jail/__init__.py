"""The wall between the checks and other people's code: two processes, and only plain data between them.

`driver.py` runs inside, with the submission and nothing else; `proxy.py` and `session.py` run outside, with the checks.
"""
