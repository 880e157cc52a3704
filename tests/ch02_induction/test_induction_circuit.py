"""Checks for induction_circuit: the answer is held against measurements on the specimen."""

from functools import cache

import torch

from course_utils import load_specimen
from course_utils.data.microworld.kinds.repeats import WORDS
from course_utils.data.microworld.tokenizer import ids_by_word
from course_utils.grading import Accepted, Mutant, require

CLEARLY, A_LITTLE = 0.5, 0.1  # shares of attention: above the first it is a head's work, below the second it is none
N = 24
PLACES = {"previous-token": "to the word before", "induction": "behind the same word's first occurrence"}


@cache
def specimen():
    """The specimen, four rows of 24 words and the same again, and the patterns of its layers."""
    model = load_specimen("attn-only-2l")
    ids = torch.tensor(sorted(ids_by_word()[word] for word in WORDS))
    generator = torch.Generator().manual_seed(11)
    half = torch.stack([ids[torch.randperm(len(ids), generator=generator)[:N]] for _ in range(4)])
    tokens = torch.cat([torch.zeros(4, 1, dtype=torch.long), half, half], dim=1)
    return model, tokens, model.run_with_cache(tokens)[1]


def attention(role):
    """For every head: its mean attention one back, or to what came after the same word (in the second half)."""
    model, _, activations = specimen()
    queries = range(1, 2 * N + 1) if role == "previous-token" else range(N + 1, 2 * N + 1)
    back = 1 if role == "previous-token" else N - 1
    return {
        (layer, head): sum(activations["pattern", layer][:, head, i, i - back].mean().item() for i in queries)
        / len(queries)
        for layer in range(model.cfg.n_layers)
        for head in range(model.cfg.n_heads)
    }


@cache
def costs_of_cutting():
    """For every head of layer 0, how much loss it costs on the second half to keep it from layer 1's keys."""
    model, tokens, activations = specimen()

    def loss(hooks=()):
        surprise = model.run_with_hooks(tokens, fwd_hooks=list(hooks), return_type="loss", loss_per_token=True)
        return surprise[:, N + 1 :].mean().item()

    costs = {}
    for head in range(model.cfg.n_heads):
        written = activations["z", 0][:, :, head] @ model.W_O[0, head]
        news = (written - written.mean(dim=(0, 1)))[:, :, None]
        costs[0, head] = loss([("blocks.1.hook_k_input", lambda x, hook, news=news: x - news)]) - loss()
    return costs


@cache
def copiers():
    """The heads whose OV circuit raises the word attended to above all others, for a quarter of the words or more."""
    model, _, _ = specimen()
    ids = torch.tensor(sorted(ids_by_word()[word] for word in WORDS))
    found = set()
    for layer in range(model.cfg.n_layers):
        for head in range(model.cfg.n_heads):
            raised = model.W_E[ids] @ model.W_V[layer, head] @ model.W_O[layer, head] @ model.W_U
            if (raised.argmax(dim=-1) == ids).float().mean() > 0.25:
                found.add((layer, head))
    return found


def named(answer):
    """The heads as pairs, if that is what they are. Raises Wrong otherwise."""
    says = "A list of heads, each as (layer, head): layers 0 and 1, heads 0 to 5, none of them twice."
    require(isinstance(answer, list | tuple) and len(answer) > 0, says, got=answer)
    for head in answer:
        pair = isinstance(head, list | tuple) and len(head) == 2 and all(type(i) is int for i in head)
        require(pair and head[0] in (0, 1) and head[1] in range(6), says, got=answer)
    heads = [tuple(head) for head in answer]
    require(len(set(heads)) == len(heads), says, got=answer)
    return heads


def test_heads_are_named_by_layer_and_head(induction_circuit):
    for role in ("previous-token", "induction"):
        named(induction_circuit(role))


def each_sends(induction_circuit, least, sentence):
    """Every head that is named sends more than `least` of its attention to the place that its role has."""
    for role, where in PLACES.items():
        shares = attention(role)
        for layer, head in named(induction_circuit(role)):
            says = f"You name {layer}.{head} in the role {role!r}" + sentence.format(where=where)
            require(shares[layer, head] > least, says, expected="above 0.5", got=round(shares[layer, head], 2))


def test_those_you_name_look_where_they_should(induction_circuit):
    each_sends(induction_circuit, A_LITTLE, ". Such a head attends {where}; this one hardly does.")


def test_what_you_name_is_what_the_keys_need(induction_circuit):
    answer, costs = named(induction_circuit("previous-token")), costs_of_cutting()
    for head in answer:
        says = f"Cut {head[0]}.{head[1]} from the keys of layer 1: the induction heads lose their place without the notes they need."
        require(
            costs.get(head, 0.0) > 0.5,
            says,
            expected="a loss higher by more than 0.5",
            got=round(costs.get(head, 0.0), 2),
        )


def test_without_them_nothing_is_copied(induction_circuit):
    heads = [head for layer, head in named(induction_circuit("induction")) if layer == 1]
    model, tokens, _ = specimen()

    def blunt(z, hook):
        z[:, :, heads] = z[:, :, heads].mean(dim=(0, 1), keepdim=True)
        return z

    hooks = [("blocks.1.attn.hook_z", blunt)]
    loss = model.run_with_hooks(tokens, fwd_hooks=hooks, return_type="loss", loss_per_token=True)
    first, second = loss[:, :N].mean().item(), loss[:, N + 1 :].mean().item()
    says = "Without your induction heads the second half is as hard as the first, within a fifth: nobody copies."
    require(second > 0.8 * first, says, expected=f"{first:.1f} or so", got=round(second, 2))


def test_nobody_is_missing(induction_circuit):
    for role in ("previous-token", "induction"):
        answer = named(induction_circuit(role))
        missing = [head for head, share in attention(role).items() if share > CLEARLY and head not in answer]
        says = f"In the role {role!r}, somebody is missing who sends more than half of the attention to the right place"
        if role == "induction":
            missing, says = [head for head in missing if head in copiers()], says + " and copies what is there"
        says += "."
        require(not missing, says, expected="one more" if len(missing) == 1 else f"{len(missing)} more", got=answer)


def test_it_is_most_of_what_they_do(induction_circuit):
    each_sends(induction_circuit, CLEARLY, ": such a head sends most of its attention {where}.")


PREVIOUS = '"previous-token": [(0, 0)]'
INDUCTION = '"induction": [(1, 0), (1, 4)]'
LOOK = "test_those_you_name_look_where_they_should"
MUTANTS = [
    Mutant("heads are counted from 1", INDUCTION, '"induction": [(2, 1), (2, 3), (2, 5)]', "test_heads_are_named_by_layer_and_head"),
    Mutant("head stands before layer", INDUCTION, '"induction": [(0, 1), (2, 1), (4, 1)]', "test_heads_are_named_by_layer_and_head"),
    Mutant("a name is a string", PREVIOUS, '"previous-token": ["0.0"]', "test_heads_are_named_by_layer_and_head"),
    Mutant("nobody is named", PREVIOUS, '"previous-token": []', "test_heads_are_named_by_layer_and_head"),
    Mutant("the roles are exchanged", "return circuit[role]",
           'return circuit["induction" if role == "previous-token" else "previous-token"]', LOOK),
    Mutant("current-token heads are taken for previous-token heads", PREVIOUS, '"previous-token": [(0, 0), (0, 2)]', LOOK),
    Mutant("whoever looks one back a little is a previous-token head", PREVIOUS, '"previous-token": [(0, 0), (0, 1), (0, 3)]',
           "test_what_you_name_is_what_the_keys_need"),
    Mutant("all heads of layer 1 are taken for induction heads", INDUCTION,
           '"induction": [(1, 0), (1, 1), (1, 2), (1, 3), (1, 4), (1, 5)]', LOOK),
    Mutant("the head without which the loss rises is an induction head", INDUCTION,
           '"induction": [(1, 0), (1, 2), (1, 4), (1, 5)]', LOOK),
    Mutant("only the strongest induction head counts", INDUCTION, '"induction": [(1, 4)]',
           "test_without_them_nothing_is_copied"),
    Mutant("the stripe alone decides, and the strongest of those who copy is left out", INDUCTION, '"induction": [(1, 0), (1, 2)]',
           "test_without_them_nothing_is_copied"),
    Mutant("a head that helps the keys a little takes the place of the one whose notes they read", PREVIOUS,
           '"previous-token": [(0, 1)]', "test_nobody_is_missing"),
    Mutant("whoever helps the keys is named, though it looks one back with a third of its attention only", PREVIOUS,
           '"previous-token": [(0, 0), (0, 1)]', "test_it_is_most_of_what_they_do"),
]  # fmt: skip

ACCEPTED = [
    Accepted("in another order", INDUCTION, '"induction": [(1, 4), (1, 0)]'),
    Accepted("the head that only looks is named too", INDUCTION, '"induction": [(1, 0), (1, 2), (1, 4)]'),
]
