"""Checks for k_composition_circuit, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import FactoredMatrix, HookedTransformer, HookedTransformerConfig


def model(seed=0):
    """A tiny random model of three layers and three heads."""
    sizes = {"n_layers": 3, "d_model": 12, "n_heads": 3, "d_head": 5, "n_ctx": 9, "d_vocab": 11}
    made = HookedTransformer(HookedTransformerConfig(**sizes, attn_only=True, normalization_type="LNPre"))
    generator = torch.Generator().manual_seed(seed)
    for weight in made.requires_grad_(False).parameters():
        weight.copy_(0.5 * torch.randn(weight.shape, generator=generator) + 0.1)
    return made


def by_hand(model, earlier, later, asks, noted):
    """One entry: the word `asks` at the query against the word `noted` in the key, vector by vector."""
    first, second = model.blocks[earlier[0]].attn, model.blocks[later[0]].attn
    query = model.embed.W_E[asks] @ second.W_Q[later[1]]
    note = model.embed.W_E[noted] @ first.W_V[earlier[1]] @ first.W_O[earlier[1]]
    return query @ (note @ second.W_K[later[1]])


def test_it_is_factored_and_thin(k_composition_circuit):
    got = k_composition_circuit(model(), (0, 1), (1, 2))
    says = "A FactoredMatrix keeps the two thin matrices: here [11 5] and [5 11], which multiply to [11 11]."
    require(isinstance(got, FactoredMatrix), says, expected="a FactoredMatrix", got=got)
    agree((*got.shape, got.mdim), (11, 11, 5), says)


def test_rows_ask_and_columns_were_noted(k_composition_circuit):
    made = model(1)
    got = k_composition_circuit(made, (0, 1), (1, 2)).AB
    says = "Row 3: the word 3 stands at the query of head 1.2, each word in turn was noted by head 0.1 at the key."
    agree(got[3], torch.stack([by_hand(made, (0, 1), (1, 2), 3, noted) for noted in range(11)]), says)


def test_any_two_heads(k_composition_circuit):
    made = model(2)
    for earlier, later in [((1, 0), (2, 1)), ((0, 2), (2, 0))]:
        expected = torch.stack(
            [torch.stack([by_hand(made, earlier, later, b, a) for a in range(11)]) for b in range(11)]
        )
        says = f"For head {earlier} before head {later}: heads are given as (layer, head)."
        agree(k_composition_circuit(made, earlier, later).AB, expected, says)


RETURN = "return FactoredMatrix(query, key.mT)"
ROWS = "test_rows_ask_and_columns_were_noted"
MUTANTS = [
    Mutant("the product is multiplied out", RETURN, "return query @ key.mT", "test_it_is_factored_and_thin"),
    Mutant(
        "the middle of the product is d_model wide",
        RETURN,
        "return FactoredMatrix(query @ model.W_K[to_layer, to_head].mT, noted.mT)",
        "test_it_is_factored_and_thin",
    ),
    Mutant("rows and columns are exchanged", RETURN, "return FactoredMatrix(key, query.mT)", ROWS),
    Mutant(
        "the later head's keys are made from the words themselves, and not from the notes",
        "key = noted @",
        "key = model.W_E @",
        ROWS,
    ),
    Mutant("W_O is left out of the note, for the root that both share", " @ model.W_O[from_layer, from_head]",
           " @ model.W_V[from_layer, from_head].mT", ROWS),
    Mutant("the note is put into the query", RETURN,
           "return FactoredMatrix(noted @ model.W_Q[to_layer, to_head], (model.W_E @ model.W_K[to_layer, to_head]).mT)",
           ROWS),
    Mutant("W_Q and W_K have changed places", RETURN,
           "return FactoredMatrix(model.W_E @ model.W_K[to_layer, to_head], (noted @ model.W_Q[to_layer, to_head]).mT)", ROWS),
    Mutant("the query is made with W_K, as the key is", "query = model.W_E @ model.W_Q[to_layer, to_head]",
           "query = model.W_E @ model.W_K[to_layer, to_head]", ROWS),
    Mutant("the key is made with W_Q, as the query is", "noted @ model.W_K[to_layer, to_head]",
           "noted @ model.W_Q[to_layer, to_head]", ROWS),
    Mutant("earlier and later have changed places", "(from_layer, from_head), (to_layer, to_head) = earlier, later",
           "(from_layer, from_head), (to_layer, to_head) = later, earlier", ROWS),
    Mutant("the note is written by the later head's W_V and W_O, and not the earlier one's",
           "model.W_V[from_layer, from_head] @ model.W_O[from_layer, from_head]",
           "model.W_V[to_layer, to_head] @ model.W_O[to_layer, to_head]", ROWS),
    Mutant("queries and keys are the earlier head's own", RETURN,
           "query = model.W_E @ model.W_Q[from_layer, from_head]\n    key = noted @ model.W_K[from_layer, from_head]\n    "
           + RETURN, ROWS),
    Mutant(
        "the note is unembedded: W_U stands in place of W_E",
        "noted = model.W_E",
        "noted = model.W_U.mT",
        ROWS,
    ),
    Mutant("scores are divided by the root of d_head", RETURN, "return FactoredMatrix(query, key.mT / math.sqrt(model.cfg.d_head))",
           ROWS),
    Mutant("the layers are taken to be 0 and 1, whatever was asked for",
           "(from_layer, from_head), (to_layer, to_head) = earlier, later",
           "from_layer, from_head, to_layer, to_head = 0, earlier[1], 1, later[1]", "test_any_two_heads"),
]  # fmt: skip

ACCEPTED = [
    Accepted(
        "with QK and OV",
        RETURN,
        "return model.W_E @ model.QK[later] @ model.OV[earlier].T @ model.W_E.mT",
    ),
]
