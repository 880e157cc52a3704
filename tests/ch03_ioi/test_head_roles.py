"""Checks for head_roles: the answer is held against measurements on the specimen, on prompts with other names."""

from functools import cache

import torch

from course_utils import load_specimen
from course_utils.data.microworld.words import NAMES, PLACES, THINGS
from course_utils.grading import Accepted, Mutant, require

ROLES = {"suppressors": "the giver's second mention", "movers": "the recipient"}
CLEARLY, A_LITTLE = 0.6, 0.3  # logits: who adds more to the lead must be named, who adds less must not
SEEN, SHARE = 0.15, 0.75  # of the attention from the end; of what layers 1 and 2 do to the lead by the movers' queries
HEARD = 0.2  # logits that the lead falls by when the movers' queries no longer hear one suppressor
Z, AT = "blocks.*.attn.hook_z", {"recipient": 0, "giver": 1, "giver again": 11}


@cache
def measured():
    """The specimen, its prompts, both runs; and for every head where it looks and what it adds to the lead by itself."""
    model, generator = load_specimen("attn-only-4l"), torch.Generator().manual_seed(5)
    rows = []
    for i in range(12):
        one, other, *strangers = [NAMES[j] for j in torch.randperm(len(NAMES), generator=generator)[:5].tolist()]
        for to, by in [(one, other), (other, one)]:
            scene = f"went to the {PLACES[i % len(PLACES)]} ,"
            end = f"gave a {THINGS[i % len(THINGS)]} to"
            told = f"When {one} and {other} {scene} {by} {end}"
            rows.append(
                (told, f"When {strangers[0]} and {strangers[1]} {scene} {strangers[2]} {end}", to, by, by == one)
            )
    tokens, others = model.to_tokens([row[0] for row in rows]), model.to_tokens([row[1] for row in rows])
    names = torch.tensor([[model.to_single_token(name) for name in row[2:4]] for row in rows])
    first = torch.tensor([2 if row[4] else 4 for row in rows])
    places = torch.stack([6 - first, first, torch.full_like(first, 11)])
    (_, here), (_, there) = model.run_with_cache(tokens), model.run_with_cache(others)
    n, looks, adds = torch.arange(len(rows)), torch.zeros(3, 4, 8), torch.zeros(4, 8)
    for layer, block in enumerate(model.blocks):
        for i, place in enumerate(places):
            looks[i, layer] = here["pattern", layer][n, :, -1, place].mean(dim=0)
        written = torch.einsum("nhd,hdm->nhm", here["z", layer][:, -1], block.attn.W_O) / here["scale"][:, -1, None]
        leads = model.W_U[:, names[:, 0]] - model.W_U[:, names[:, 1]]
        adds[layer] = torch.einsum("nhm,mn->h", written, leads) / len(rows)
    return model, tokens, names, here, there, looks, adds


def lead(logits):
    names = measured()[2]
    return (logits[:, -1].gather(1, names[:, :1]) - logits[:, -1].gather(1, names[:, 1:])).mean().item()


def let(heads, speak_of):
    """A hook that lets these heads say what they say in another run."""

    def put(z, hook):
        for layer, head in heads:
            if layer == hook.layer():
                z[:, :, head] = speak_of[hook.name][:, :, head]

    return put


def named(head_roles, last="movers"):
    """Both lists as sorted pairs, if that is what they are; `last` is asked for last, as a report shows the last call."""
    says = "For each role a list of (layer, head), layers 0 to 3, heads 0 to 7, and no head twice, nor in both roles."
    pairs = {}
    for role in sorted(ROLES, key=lambda role: role == last):
        heads = head_roles(role)
        require(isinstance(heads, list | tuple) and len(heads) > 0, f"Role {role!r}. {says}", got=heads)
        for head in heads:
            pair = isinstance(head, list | tuple) and len(head) == 2 and all(type(i) is int for i in head)
            fits = pair and head[0] in range(4) and head[1] in range(8)
            require(fits, f"Role {role!r}. {says}", got=heads)
        pairs[role] = sorted(tuple(head) for head in heads)
    every = [*pairs["suppressors"], *pairs["movers"]]
    require(len(set(every)) == len(every), says, got=pairs)
    return pairs


def test_heads_are_named_by_layer_and_head(head_roles):
    named(head_roles)


def test_they_look_where_they_should(head_roles):
    looks = measured()[5]
    for role in ROLES:
        for layer, head in named(head_roles, role)[role]:
            at, right = looks[:, layer, head], 0 if role == "movers" else 2
            got = {name: round(at[i].item(), 2) for i, name in enumerate(AT)}
            says = f"You name {layer}.{head} in {role!r}: these should look, from the end, at {ROLES[role]} more than at other names."
            require(at.argmax() == right and at[right] > SEEN, says, expected=f"above {SEEN} and the others", got=got)


def test_they_speak_up(head_roles):
    adds = measured()[6]
    for role in ROLES:
        for layer, head in named(head_roles, role)[role]:
            says = f"You name {layer}.{head} in {role!r}: these should raise the lead themselves by what they write at the end."
            got = adds[layer, head].item()
            require(got > A_LITTLE, says, expected=f"above {A_LITTLE} logits", got=round(got, 2))


def left(movers, senders):
    """The lead when the movers' queries, and nobody else, hear the senders speak of strangers."""
    model, tokens, _, here, there, *_ = measured()
    queries = sorted({f"blocks.{layer}.attn.hook_q" for layer, _ in movers})
    with model.hooks([(Z, lambda z, hook: here[hook.name]), (Z, let(senders, there))]):
        _, heard = model.run_with_cache(tokens, names_filter=queries)
    return lead(model.run_with_hooks(tokens, fwd_hooks=[(queries, let(movers, heard))]))


def test_no_mover_is_missing(head_roles):
    *_, looks, adds = measured()
    movers = named(head_roles, "movers")["movers"]
    clear = (adds > CLEARLY) & (looks[0] > looks[1:].sum(dim=0))
    missing = len({tuple(place) for place in clear.nonzero().tolist()} - set(movers))
    says = (
        "Among your movers somebody is missing who looks from the end at the recipient more than at both mentions of the "
        f"giver together, and adds more than {CLEARLY} logits to the lead."
    )
    require(not missing, says, expected=f"{missing} more", got=movers)


def test_each_suppressor_is_heard_by_the_movers(head_roles):
    answer = named(head_roles, "suppressors")
    whole = left(answer["movers"], [])
    for layer, head in answer["suppressors"]:
        got = whole - left(answer["movers"], [(layer, head)])
        says = (
            f"You name {layer}.{head} in 'suppressors': your movers' queries should hear each of these by itself. If only "
            "they hear it speak of strangers, the lead should fall."
        )
        require(got > HEARD, says, expected=f"a fall of more than {HEARD} logits", got=round(got, 2))


def test_the_suppressors_are_what_the_movers_hear(head_roles):
    answer = named(head_roles, "suppressors")
    whole = left(answer["movers"], [])
    everybody = left(answer["movers"], [(i, j) for i in (1, 2) for j in range(8)])
    got = (whole - left(answer["movers"], answer["suppressors"])) / (whole - everybody)
    says = "Your suppressors should do most of what all heads of layers 1 and 2 do to the lead by your movers' queries."
    require(got > SHARE, says, expected=f"a share above {SHARE}", got=round(got, 2))


SUPPRESSORS, MOVERS = '"suppressors": [(1, 1), (1, 4)]', '"movers": [(2, 2), (3, 0), (3, 1)]'
NAMED, LOOK, SPEAK = "test_heads_are_named_by_layer_and_head", "test_they_look_where_they_should", "test_they_speak_up"
HEAR, MISSING = "test_the_suppressors_are_what_the_movers_hear", "test_no_mover_is_missing"
MUTANTS = [
    Mutant("layers and heads are counted from 1", MOVERS, '"movers": [(3, 3), (4, 1), (4, 2)]', NAMED),
    Mutant("names are strings", SUPPRESSORS, '"suppressors": ["1.1", "1.4"]', NAMED),
    Mutant("heads with an effect are in both lists", SUPPRESSORS, '"suppressors": [(1, 1), (1, 4), (3, 0)]', NAMED),
    Mutant("the roles are exchanged", "return roles[role]",
           'return roles["movers" if role == "suppressors" else "suppressors"]', LOOK),
    Mutant("head stands before layer", "return roles[role]", "return [(head, layer) for layer, head in roles[role]]", NAMED),
    Mutant("who tells the movers the name is a mover", MOVERS, '"movers": [(0, 3), (2, 2), (3, 0), (3, 1)]', LOOK),
    Mutant("whoever has a large direct share is a mover", MOVERS, '"movers": [(2, 2), (3, 0), (3, 1), (2, 4)]', LOOK),
    Mutant("who works against the answer is a suppressor", SUPPRESSORS, '"suppressors": [(1, 1), (1, 4), (3, 5)]', LOOK),
    Mutant("who tells the suppressors the name is a suppressor", SUPPRESSORS, '"suppressors": [(0, 3), (1, 1), (1, 4)]', LOOK),
    Mutant("a copier by its weights is a mover", MOVERS, '"movers": [(2, 0), (2, 2), (3, 0), (3, 1)]', LOOK),
    Mutant("whoever looks at the giver is a suppressor", SUPPRESSORS, '"suppressors": [(1, 1), (1, 4), (1, 7)]', SPEAK),
    Mutant("the backup is counted as a suppressor", SUPPRESSORS, '"suppressors": [(1, 1), (1, 4), (2, 4)]',
           "test_each_suppressor_is_heard_by_the_movers"),
    Mutant("only the loudest suppressor counts", SUPPRESSORS, '"suppressors": [(1, 4)]', HEAR),
    Mutant("only the loudest mover counts", MOVERS, '"movers": [(3, 0)]', MISSING),
    Mutant("only the movers of the last layer count", MOVERS, '"movers": [(3, 0), (3, 1)]', MISSING),
    Mutant("only a copier with a copying score of 1 counts as a mover", MOVERS, '"movers": [(2, 2)]', MISSING),
]  # fmt: skip

ACCEPTED = [
    Accepted("in another order", SUPPRESSORS, '"suppressors": [(1, 4), (1, 1)]'),
    Accepted("lists in a list", MOVERS, '"movers": [[3, 0], [3, 1], [2, 2]]'),
]
