"""Which exercises an exercise builds on, by its text, in time linear in it."""

import time

import pytest

from course_utils.staff.blame import exercises_used

NAMES = {"one", "two", "Three"}


@pytest.mark.parametrize(
    ("code", "used"),
    [
        ("def two(x):\n    return one(x)\n", {"one"}),
        ("def two(x):\n    return list(map(one, x))\n", {"one"}),
        ("class two(Three):\n    pass\n", {"Three"}),
        ("@wrap(one)\ndef two(x):\n    return x\n", {"one"}),
        ("two = lambda x: one(x)\n", {"one"}),
        ("def two(\n    x,\n):\n    return one(x)\n", {"one"}),
        ("def help(x): return one(x)\ndef two(x): return help(x)\n", {"one"}),
        ("def one(x): return Three(x)\ndef two(x): return one(x)\n", {"one", "Three"}),
        ("def two(x):\n    return x\n\none(3)\n", set()),
        ("one(3)\ndef two(x): return x\n", set()),
        ("def two(x):\n    '''See one(x).'''\n    return x  # not one\n", set()),
        ("def two(x):\n    return x.one(one=3)\n", set()),
        ("def two(one):\n    return one(3)\n", set()),
        ("def two(x): return one(x)\ndef two(x): return x\n", set()),
        ("one = two(3)\ndef two(x):\n    return x\n", set()),
        ("def two(x): return two(x - 1)\n", set()),
        ("", set()),
    ],
)
def test_uses(code: str, used: set[str]):
    assert exercises_used(code, NAMES)["two"] == used


@pytest.mark.parametrize(
    "code",
    [
        '"\\"' * 600_000,
        '"""' * 600_000,
        "'" * 2_000_000,
        "def f(" * 300_000,
        "lambda " * 300_000,
        "(" * 2_000_000,
        "@\n" * 1_000_000,
        "def two(" + "\t" * 2_000_000,
        "two" + " " * 2_000_000 + "!",
        "def two(x):\n" + "  one\n" * 300_000,
    ],
    ids=range(10),
)
def test_hostile_text_costs_no_more_than_its_length(code: str):
    started = time.process_time()
    exercises_used(code, NAMES)
    assert time.process_time() - started < 5
