# attack 5: declares the failure expected
# expect gelu_new: not_loadable
import pytest

def gelu_new(x):
    pytest.xfail("as expected")
