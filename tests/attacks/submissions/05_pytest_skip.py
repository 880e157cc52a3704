# attack 5: declares the check skipped
# expect gelu_new: not_loadable
import pytest

def gelu_new(x):
    pytest.skip("not today")
