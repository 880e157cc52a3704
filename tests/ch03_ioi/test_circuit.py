"""Checks for circuit: the answer is tried on the specimen, with names that the chapter's own prompts don't use."""

import json
from functools import cache
from itertools import combinations

import torch

from course_utils import load_specimen
from course_utils.catalog import load_catalog
from course_utils.data.microworld.words import NAMES, PLACES, THINGS
from course_utils.grading import Accepted, Mutant, require

MOST, WINDOW, SHARE, LEAST = 10, 0.1, 0.2, 0.03
SLIGHT = 0.1  # logits: a head that changes about as much in both places may stand in either
TEXT = "When {} and {} went to the {} , {} gave a {} to"
N_PAIRS = 8


@cache
def trial():
    """The specimen, its tokens and answers for both prompts of each pair, and every head's mean on ABC prompts."""
    model = load_specimen("attn-only-4l")
    order = torch.randperm(len(NAMES), generator=torch.Generator().manual_seed(0))[32:].tolist()  # not the chapter's
    names = [NAMES[i] for i in order]
    texts, abc, right, wrong = [], [], [], []
    for i in range(N_PAIRS):
        one, two, *others = names[2 * i :] + names[: 2 * i]
        place, thing = PLACES[-1 - i], THINGS[-1 - i]
        for giver, recipient in [(two, one), (one, two)]:
            texts.append(TEXT.format(one, two, place, giver, thing))
            right.append(model.to_single_token(recipient))
            wrong.append(model.to_single_token(giver))
        a, b, c = others[i : i + 3]
        abc += [TEXT.format(a, b, place, c, thing)] * 2
    _, reference = model.run_with_cache(model.to_tokens(abc), names_filter="*hook_z", return_type=None)
    means = [reference["z", layer].mean(dim=0) for layer in range(model.cfg.n_layers)]
    return model, model.to_tokens(texts), torch.tensor(right), torch.tensor(wrong), means


@cache
def lead(kept):
    """The mean lead with the heads of a frozen set at work and all others knocked out."""
    model, tokens, right, wrong, means = trial()

    def hold(z, hook):
        layer = hook.layer()
        out = [head for head in range(model.cfg.n_heads) if (layer, head) not in kept]
        z[:, :, out] = means[layer][:, out]
        return z

    hooks = [(f"blocks.{layer}.attn.hook_z", hold) for layer in range(model.cfg.n_layers)]
    logits = model.run_with_hooks(tokens, fwd_hooks=hooks, last_only=True)[:, -1]
    rows = torch.arange(len(logits))
    return (logits[rows, right] - logits[rows, wrong]).mean().item()


def every():
    cfg = trial()[0].cfg
    return frozenset((layer, head) for layer in range(cfg.n_layers) for head in range(cfg.n_heads))


def faith(heads):
    """0 is nobody at work, 1 the whole model."""
    nobody = lead(frozenset())
    return (lead(frozenset(heads)) - nobody) / (lead(every()) - nobody)


def worst_case(heads):
    """The K of up to two heads for which circuit and model are farthest apart, and how far, as a share of the lead."""
    parts = [frozenset(part) for count in range(3) for part in combinations(sorted(heads), count)]
    apart = {part: abs(lead(frozenset(heads) - part) - lead(every() - part)) / lead(every()) for part in parts}
    worst = max(apart, key=lambda part: apart[part])
    return worst, apart[worst]


def weakest(heads):
    """The head that makes least of a difference with at most one other gone, and how much, as a share of the lead."""
    made = {}
    for head in heads:
        rest = frozenset(heads) - {head}
        rests = [rest, *(rest - {other} for other in rest)]
        made[head] = max(abs(lead(left | {head}) - lead(left)) for left in rests) / lead(every())
    least = min(made, key=lambda head: made[head])
    return least, made[least]


def board(heads):
    """How the answer stands: faithfulness and size, next to the smallest circuit that the chapter's own search found."""
    line = f"Yours: {len(heads)} heads, faithfulness {faith(heads):.3f}."
    figures = load_catalog().chapter_of(load_catalog().find_exercise("circuit")).folder / "figures" / "numbers.json"
    known = json.loads(figures.read_text()) if figures.exists() else {}
    if "circ_best_size" in known:
        line += f" Best known: {known['circ_best_size']} heads, faithfulness {known['circ_best_faith']:.2f}."
    return line


def named(circuit, *places):
    """The heads of both places as pairs, if that is what comes back. Raises Wrong otherwise."""
    heads = []
    for place in places or ("names", "end"):
        answer = circuit(place)
        says = f"For {place!r}, a list of heads, each as (layer, head): layers 0 to 3, heads 0 to 7."
        require(isinstance(answer, list | tuple | set | frozenset) and len(answer) > 0, says, got=answer)
        for head in answer:
            pair = isinstance(head, list | tuple) and len(head) == 2 and all(type(i) is int for i in head)
            require(pair and tuple(head) in every(), says, got=answer)
        heads += [tuple(head) for head in answer]
    says = "Each head is named once, for the place where its work counts most."
    require(len(set(heads)) == len(heads), says, got=sorted(heads))
    return heads


@cache
def costs(head):
    """How far the lead moves when one head is knocked out at the three names only, and at the end only."""
    model, tokens, right, wrong, means = trial()
    layer, gone = head
    names = (tokens == right[:, None]) | (tokens == wrong[:, None])
    end = torch.zeros_like(names)
    end[:, -1] = True
    moved = {}
    for place, where in {"names": names, "end": end}.items():

        def hold(z, hook, where=where):
            z[:, :, gone] = torch.where(where[..., None], means[layer][:, gone], z[:, :, gone])
            return z

        logits = model.run_with_hooks(tokens, fwd_hooks=[(f"blocks.{layer}.attn.hook_z", hold)])[:, -1]
        rows = torch.arange(len(logits))
        moved[place] = abs((logits[rows, right] - logits[rows, wrong]).mean().item() - lead(every()))
    return moved


def test_neither_place_is_empty(circuit):
    for place in ("names", "end"):
        answer = circuit(place)
        empty = isinstance(answer, list | tuple | set | frozenset) and not answer
        says = f"You name nobody for {place!r}. Some heads of the circuit work at the names, and some at the end."
        require(not empty, says, expected="at least one head", got=answer)


def test_heads_are_named_by_layer_and_head(circuit):
    named(circuit)


def test_it_is_small(circuit):
    heads = named(circuit)
    says = f"A circuit is a short list: at most {MOST} of the 32 heads. {board(heads)}"
    require(len(heads) <= MOST, says, expected=f"at most {MOST}", got=len(heads))


def test_it_is_enough(circuit):
    heads = named(circuit)
    says = f"With nobody else at work, your heads should do nearly what the model does. {board(heads)}"
    require(faith(heads) >= 1 - WINDOW, says, expected=f"at least {1 - WINDOW}", got=round(faith(heads), 3))


def test_it_is_no_more_than_the_model(circuit):
    heads = named(circuit)
    says = f"Your heads should do what the model does, and no more: this is no description of the model. {board(heads)}"
    require(faith(heads) <= 1 + WINDOW, says, expected=f"at most {1 + WINDOW}", got=round(faith(heads), 3))


def test_nobody_is_forgotten_who_could_step_in(circuit):
    heads = named(circuit)
    part, apart = worst_case(heads)
    gone = " and ".join(f"{layer}.{head}" for layer, head in sorted(part)) or "nothing"
    says = f"With {gone} knocked out of both, circuit and model are far apart: somebody is missing. {board(heads)}"
    require(apart <= SHARE, says, expected=f"at most {SHARE:.0%} of the model's lead", got=f"{apart:.0%}")


def test_each_earns_its_place(circuit):
    heads = named(circuit)
    (layer, head), made = weakest(heads)
    says = f"{layer}.{head} makes hardly any difference, alone or with one other gone: leave it out. {board(heads)}"
    require(made >= LEAST, says, expected=f"at least {LEAST:.0%} of the model's lead", got=f"{made:.1%}")


def test_each_works_where_you_say(circuit):
    for place, other in (("names", "end"), ("end", "names")):
        for layer, head in named(circuit, place):
            here, there = costs((layer, head))[place], costs((layer, head))[other]
            says = f"You say that {layer}.{head} works at {place!r}. Knocked out there only, it should change the lead more than at the other place."
            got = f"{here:.2f} there, {there:.2f} at {other!r}"
            require(here > there - SLIGHT, says, expected="more there", got=got)


AT_NAMES, AT_END = '"names": [(0, 3), (0, 7)]', '"end": [(1, 1), (1, 4), (2, 4), (3, 0), (3, 1)]'
RETURN = "return places[place]"
NAMED, SMALL, ENOUGH, MORE, FORGOTTEN, EARNS, WHERE = (
    "test_heads_are_named_by_layer_and_head",
    "test_it_is_small",
    "test_it_is_enough",
    "test_it_is_no_more_than_the_model",
    "test_nobody_is_forgotten_who_could_step_in",
    "test_each_earns_its_place",
    "test_each_works_where_you_say",
)
MUTANTS = [
    Mutant("head stands before layer", RETURN, "return [(head, layer) for layer, head in places[place]]", NAMED),
    Mutant("heads and layers are counted from 1", RETURN,
           "return [(layer + 1, head + 1) for layer, head in places[place]]", NAMED),
    Mutant("heads are numbered through all layers", RETURN, "return [8 * layer + head for layer, head in places[place]]", NAMED),
    Mutant("names are strings", AT_NAMES, '"names": ["0.3", "0.7"]', NAMED),
    Mutant("nobody is named for the names", AT_NAMES, '"names": []', "test_neither_place_is_empty"),
    Mutant("both places get the whole circuit", RETURN, 'return places["names"] + places["end"]', NAMED),
    Mutant("all heads are named, since more is safer", RETURN,
           'return [(layer, head) for layer in ((0, 1) if place == "names" else (2, 3)) for head in range(8)]', SMALL),
    Mutant("the head that tells the others who is who is left out", AT_NAMES, '"names": [(0, 7)]', ENOUGH),
    Mutant("only the heads that look at the recipient speak at the end", AT_END, '"end": [(2, 2), (3, 0), (3, 1)]', ENOUGH),
    Mutant("only the heads whose single absence hurts most are named", RETURN,
           'return {"names": [(0, 3)], "end": [(1, 1), (1, 4)]}[place]', ENOUGH),
    Mutant("whoever raises the lead is let in", RETURN, "return {'names': [(0, 3), (0, 7), (0, 4)], "
           "'end': [(1, 1), (1, 4), (2, 2), (2, 4), (3, 0), (3, 1), (3, 5)]}[place]", MORE),
    Mutant("the head that steps in for others is left out, as it isn't needed to be faithful", AT_END,
           AT_END.replace("(2, 4), ", ""), FORGOTTEN),
    Mutant("a head that changes nothing is let in as well, since it does no harm", AT_NAMES, '"names": [(0, 3), (0, 7), (0, 1)]', EARNS),
    Mutant("a head is let in for its number in the attention figure", AT_END, AT_END.replace("(3, 1)", "(3, 1), (2, 1)"), EARNS),
    Mutant("the places are exchanged", RETURN, 'return places["end" if place == "names" else "names"]', WHERE),
    Mutant("heads that look at the giver's name work at the name", RETURN,
           'return {"names": [(0, 3), (0, 7), (1, 1), (1, 4)], "end": [(2, 4), (3, 0), (3, 1)]}[place]', WHERE),
]  # fmt: skip

ACCEPTED = [
    Accepted("in another order, as lists", AT_END, '"end": [[3, 1], [3, 0], [2, 4], [1, 4], [1, 1]]'),
    Accepted("one head fewer", AT_END, AT_END.replace(", (3, 1)", "")),
]
