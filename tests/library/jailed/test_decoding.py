"""What a jail sends may cost the outside little memory and time: a frame that would cost more is malformed."""

import builtins
import sys

import pytest
import torch

from course_utils.jail.talk import bounds, codec, hooked, standins
from course_utils.jail.talk.codec import GIVEN, READERS, Codec, Unsendable

assert hooked  # whose forms a chapter's grader reads too
MODULUS = sys.hash_info.modulus
SAME_HASH = [["i", hex(k * MODULUS)] for k in range(1, bounds.MOST_KEYS + 2)]
FUNCTION = {"kind": "function", "name": "f", "signature": None}
KNOWN = [1, 2, 3]
MODULE = {"name": "M", "training": True}


@pytest.mark.parametrize(
    ("base", "data"),
    [
        ("list", ["rg", 0, 1000, 1]),
        ("tuple", ["rg", 0, 1000, 1]),
        ("set", ["rg", 0, 1000, 1]),
        ("list", ["u", [1]]),
        ("list", "abc"),
        ("dict", ["l", []]),
        ("int", 1.5),
        ("int", "7"),
        ("float", 3),
        ("str", ["b", "00"]),
        ("list", ["sub", "L", "list", ["l", []]]),
    ],
)
def test_a_subclass_holds_what_its_base_does(base, data, refused):
    assert "no base of that kind" in refused(["sub", "L", base, data])


def test_a_subclass_is_no_copy_of_what_both_sides_know(answered, refused):
    number = answered.peer.links.own(KNOWN)
    assert "no base of that kind" in refused(["sub", "L", "list", ["@", "y", number]])


@pytest.mark.parametrize(
    ("base", "data"),
    [
        *(("list", ["l", [1, 2]]), ("dict", ["d", [["a", 1]]]), ("set", ["s", [1]]), ("tuple", ["u", [1]])),
        *(("int", 3), ("int", ["i", "0x1"]), ("float", ["f", "inf"]), ("str", "a")),
    ],
)
def test_an_honest_subclass_arrives(base, data, answered):
    assert isinstance(answered(["sub", "L", base, data]), getattr(builtins, base))


@pytest.mark.parametrize(
    "value",
    [
        ["rg", 0, 40_000_000, 1],
        ["rg", 0, ["i", "0x" + "f" * 99], 1],
        10**16,
        ["ts", "12"],
        ["ts", [["rg", 0, 9, 1]]],
        ["ts", {"1": 1}],
    ],
)
def test_what_is_long_in_few_bytes(value, refused):
    refused(value)


@pytest.mark.parametrize(
    "value",
    [
        ["s", SAME_HASH],
        ["fs", SAME_HASH],
        ["d", [[key, 1] for key in SAME_HASH]],
        ["od", [[key, 1] for key in SAME_HASH]],
        ["s", [["c", float(-1_000_003 * k), float(k)] for k in range(len(SAME_HASH))]],
        ["l", [["s", SAME_HASH[:1500]], ["s", SAME_HASH[:1500]]]],
    ],
)
def test_many_keys_that_may_have_one_hash(value, refused):
    assert "more keys" in refused(value)


def test_many_texts_and_small_numbers_are_keys(answered):
    assert len(answered(["s", list(range(20_000))])) == 20_000
    assert len(answered(["d", [[str(k), k] for k in range(20_000)]])) == 20_000
    assert len(answered(["s", SAME_HASH[1:]])) == bounds.MOST_KEYS


def test_the_jail_says_so_itself_when_it_has_more_keys(outside):
    peer, _ = outside
    peer.inside = True
    with pytest.raises(Unsendable):
        Codec(peer.links, home=peer).encode({(k, k): 1 for k in range(bounds.MOST_KEYS + 1)})
    peer.inside = False  # a check may send as many as it likes
    Codec(peer.links, home=peer).encode({(k, k): 1 for k in range(bounds.MOST_KEYS + 1)})


def test_what_only_a_check_sends_is_not_read_outside(refused, answered):
    assert {"L", "D", "S", "a", "O", "it"} == set(GIVEN)
    assert not set(GIVEN) & set(READERS)
    refused(["a", 1, ["@", "y", answered.peer.links.own(torch.ones(2))]])


@pytest.mark.parametrize(
    "value",
    [
        *(["L", 1, []], ["D", 1, []], ["S", 1, []], ["it", "iterator", []], ["O", 1, "SGD", [[]], [[]], []]),
        *(["h", 1 << 31, FUNCTION], ["h", True, FUNCTION], ["H", 1, [], [], False, [], []]),
    ],
)
def test_nor_is_a_number_that_nobody_gives(value, refused):
    refused(value)


def test_a_thing_named_often_is_gone_through_once(answered, monkeypatch):
    answered(["bag", 1, [["bag", 2 + n, []] for n in range(100)]])
    touched = []
    monkeypatch.setattr(Codec, "touch", lambda self, ref, real=Codec.touch: (touched.append(ref), real(self, ref)))
    answered(["l", [["@", "m", 1]] * 50])
    assert len(touched) == 150


@pytest.mark.parametrize(("name", "most"), [("MOST_THINGS", 20), ("MOST_PARTS", 20)])
def test_more_things_than_anybody_needs(name, most, refused, monkeypatch):
    monkeypatch.setattr(codec, name, most)
    assert "than anybody needs" in refused(["bag", 1, [["bag", 2 + n, []] for n in range(30)]])


def test_more_modules_than_anybody_needs(answered, refused, monkeypatch):
    monkeypatch.setattr(standins, "MOST_MODULES", 20)
    names = [[f"{chr(97 + n)}.b.c.d.e.w", ["P", 10 + n, n, False, None]] for n in range(4)]
    assert answered(["M", 1, MODULE, names[:4], []], [torch.ones(1)] * 4)
    names = [[name, ["P", 20 + n, n, False, None]] for n, (name, _) in enumerate(names)]
    assert "more modules" in refused(["M", 2, MODULE, names, []], [torch.ones(1)] * 4)


def test_more_values_than_anybody_needs(refused, monkeypatch):
    monkeypatch.setattr(standins, "MOST_HEARD", 20)
    assert "more values" in refused(["l", [["l", []]] * 21])


def test_memory_that_runs_out_while_a_message_is_read(refused, monkeypatch):
    def none_left(codec):
        raise MemoryError

    monkeypatch.setitem(READERS, "...", none_left)
    assert "more memory" in refused(["l", [["..."]]])
