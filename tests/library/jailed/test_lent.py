"""What the course lends of its own runs outside: small things only, whatever the jail asks for."""

import sys

import pytest
import torch

from course_utils.catalog import load_catalog
from course_utils.grading.judge import judge
from course_utils.grading.mutants import load_reference
from course_utils.jail.talk import lent as lent_module
from course_utils.jail.talk.lent import lent
from course_utils.jail.talk.things import Bag
from course_utils.model import FactoredMatrix

BY_NAME = {exercise.name: exercise for chapter in load_catalog().chapters for exercise in chapter.exercises}
LARGE = {"parameter_count", "top1_copying", "random_composition_baseline"}  # their own checks ask for more than is lent
DOUBLING = [(97, 97), *((256 + i, 256 + i) for i in range(38))]
ALIKE = [(97, 97)]


def borrowed(name):
    return lent(name, load_reference(BY_NAME[name]).thing)


@pytest.mark.parametrize("name", sorted(set(BY_NAME) - LARGE - {"training_step", "circuit", "head_roles"}))
def test_what_checks_ask_for_is_lent(name):
    assert judge(BY_NAME[name], borrowed(name)).ok


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("bpe_encode", ("ab" * 200_000, ALIKE)),
        ("bpe_encode", (b"ab" * 200_000, ALIKE)),
        ("bpe_encode", ("ab", [(97, 98)] * 3000)),
        ("bpe_encode", ("ab", Bag([(97, 98)] * 3000))),
        ("merge_pair", (range(10**12), (1, 2), 3)),
        ("train_bpe", ([[1, 2]] * 100, 10**9, max, max)),
        ("train_bpe", ([list(range(1500))], 1000, max, lambda ids, pair, new: [one.conjugate() for one in ids])),
        ("ideal_loss", (10**9, 10**9)),
        ("random_composition_baseline", (3000, 3000, 1)),
        ("random_composition_baseline", (1, 1, 10**7)),
        ("move_values", (torch.zeros(1, 1, 2000, 2000), torch.zeros(1, 2000, 1, 1))),
        ("gelu_new", (torch.zeros(40_000),)),
        ("copying_eigenvalue_score", (FactoredMatrix(torch.zeros(2000, 2000), torch.zeros(2000, 2000)),)),
    ],
)
def test_what_would_take_long_is_not(name, arguments):
    with pytest.raises(ValueError, match=f"own {name} is lent for small arguments only"):
        borrowed(name)(*arguments)


def test_a_list_that_holds_itself():
    ids = [1]
    ids.append(ids)
    with pytest.raises(ValueError, match="small arguments"):
        borrowed("merge_pair")(ids, (1, 2), 3)


@pytest.mark.parametrize(("shape", "sizes"), [((1, 20_000, 1), (1, 1, 1)), ((1, 600, 1), (1, 600, 1))])
def test_the_pass_of_a_class_is_looked_at_like_a_call(shape, sizes):
    layer = borrowed("Attention")(*sizes)
    with pytest.raises(ValueError, match="own Attention is lent for small arguments only"):
        layer(torch.zeros(shape))


def test_a_class_of_large_weights():
    with pytest.raises(ValueError, match="own Attention is lent for small arguments only"):
        borrowed("Attention")(215, 215, 215)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux counts a process's memory")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("bpe_decode", ([255 + len(DOUBLING)], DOUBLING)),
        ("decompose_scores", (torch.zeros(150, 1, 150, 1), *[torch.zeros(1, 1), torch.zeros(1)] * 2)),
    ],
)
def test_what_small_arguments_grow_into(name, arguments):
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    with pytest.raises(ValueError, match="small arguments"):
        borrowed(name)(*arguments)
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_a_function_that_comes_back_is_bounded_too():
    made = borrowed("normalized_metric")(torch.sum, torch.ones(1), torch.zeros(1))
    assert made(torch.ones(1)) == 1
    with pytest.raises(ValueError, match="small arguments"):
        made(torch.zeros(2000, 2000))


def test_whoever_looks_at_calls_is_put_back():
    seen = []
    sys.setprofile(watcher := lambda *about: seen.append(about))
    try:
        borrowed("bpe_encode")("ab", ALIKE)
        assert sys.getprofile() is watcher
    finally:
        sys.setprofile(None)


ENCODE = """
def merge_pair(ids, pair, new_id):
    try:
        bpe_encode("ab" * 200_000, [(97, 98)])
    except ValueError:
        return MERGED
"""
PASS = """
import torch
def merge_pair(ids, pair, new_id):
    layer = Attention(1, 1, 1)
    try:
        layer(torch.zeros(1, 20_000, 1))
    except ValueError:
        return MERGED
"""
TRAIN = """
def pairs(words):
    return words[0][0], words[0][1]
def merged(ids, pair, new_id):
    return [new_id, *ids[2:]]
def merge_pair(ids, pair, new_id):
    if len(train_bpe([[1, 2, 3, 4, 5]] * 2, 9, pairs, merged)) == 4:
        return MERGED
"""
RIGHT = "[*theirs(ids, tuple(pair), new_id)]"


@pytest.mark.parametrize(
    ("text", "name"), [(ENCODE, "bpe_encode"), (PASS, "Attention"), (TRAIN, "train_bpe")], ids=["text", "pass", "calls"]
)
def test_from_inside(judged, monkeypatch, text, name):
    """What the lent function asks of the jail meanwhile is none of its own steps."""
    monkeypatch.setattr(lent_module, "MOST_STEPS", 200)
    theirs = load_reference(BY_NAME["merge_pair"]).source.replace("def merge_pair", "def theirs")
    verdict = judged("merge_pair", theirs + text.replace("MERGED", RIGHT), references=[name], show_inputs=True)
    assert verdict.ok, verdict
