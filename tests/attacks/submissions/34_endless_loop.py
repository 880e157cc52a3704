# attack 34: a loop that ignores every signal
# expect gelu_new: timeout
import signal

def gelu_new(x):
    for number in range(1, 64):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue
