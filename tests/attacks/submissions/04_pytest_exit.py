# attack 4: asks pytest to end with status 0
# expect gelu_new: not_loadable
import pytest

def gelu_new(x):
    pytest.exit("all passed", returncode=0)
