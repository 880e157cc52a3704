"""The wall between the checks and other people's code: two processes, and only plain data between them.

`walls/` holds the process that runs a submission; `talk/` is what the two sides say to each other. `talk/driver.py`
runs inside, with the submission and nothing else; `talk/proxy.py` and `talk/session.py` run outside, with the checks.
"""
