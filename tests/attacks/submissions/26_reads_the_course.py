# attack 26: searches the disk for solutions, tests and other people's files
# expect gelu_new: crashed timeout
import os

def _answers():
    for top, folders, files in os.walk("/", topdown=True):
        folders[:] = [f for f in folders if f not in ("proc", "sys", "dev", "site-packages", "dist-packages")]
        for name in files:
            path = os.path.join(top, name)
            wanted = name.startswith(("ch01", "test_gelu", "exercises")) or "canary" in name
            if wanted and path.endswith((".py", ".ipynb", ".toml", ".txt", ".json")):
                yield path

def gelu_new(x):
    for path in _answers():
        try:
            text = open(path).read()
        except OSError:
            continue
        if "def gelu_new" in text and "tanh" in text:
            space = {}
            start = text.index("def gelu_new")
            exec("import torch, math\nfrom torch import Tensor\n" + text[start:].split("\n\n\n")[0], space)
            return space["gelu_new"](x)
        if "canary" in path:
            raise RuntimeError(text)
    raise LookupError("nothing found")
