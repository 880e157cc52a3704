# attack 40: gigabytes of output, in one line, with escapes and invalid UTF-8
# expect gelu_new: wrong
import os
import sys

def gelu_new(x):
    print("\x1b[2J\x1b]0;owned\x07" * 10)
    for _ in range(200):
        try:
            os.write(1, b"\xff\xfe" * (1 << 19))
            sys.stderr.write("=" * (1 << 20))
        except (OSError, ValueError):
            break
    return x * 0
