"""The shipped specimens, opened once, and prompts read by them."""

from functools import cache

import pytest
import torch

from course_utils import load_specimen
from course_utils.explore.prompt import read_prompt

torch.set_num_threads(1)  # as on the site: models this small lose more by waiting than they gain

GIVING = "When Ada and Boris went to the market, Boris gave a lamp to"
OTHER = "When Ada and Boris went to the market, Ada gave a lamp to"
SPECIMENS = ("attn-only-2l", "attn-only-4l", "microworld-4l")


@cache
def specimen(name):
    return load_specimen(name)


@pytest.fixture(params=SPECIMENS)
def model(request):
    """Each specimen in turn; `model.name` says which."""
    found = specimen(request.param)
    found.name = request.param
    with torch.no_grad():
        yield found


@pytest.fixture
def giving(model):
    return read_prompt(model, GIVING)


@pytest.fixture
def other(model):
    return read_prompt(model, OTHER)
