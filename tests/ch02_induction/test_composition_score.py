"""Checks for composition_score, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree
from course_utils.model import HookedTransformer, HookedTransformerConfig


def model(seed=0):
    """A tiny random model of three layers and three heads, every bias at work."""
    sizes = {"n_layers": 3, "d_model": 12, "n_heads": 3, "d_head": 5, "n_ctx": 9, "d_vocab": 11}
    made = HookedTransformer(HookedTransformerConfig(**sizes, attn_only=True, normalization_type="LNPre"))
    generator = torch.Generator().manual_seed(seed)
    for weight in made.requires_grad_(False).parameters():
        weight.copy_(0.5 * torch.randn(weight.shape, generator=generator) + 0.1)
    return made


def size(matrix):
    """The root of the sum of all squared entries."""
    return sum(value * value for row in matrix.tolist() for value in row) ** 0.5


def by_hand(model, earlier, later, kind):
    """The same with the full matrices, [d_model d_model]."""
    first, second = model.blocks[earlier[0]].attn, model.blocks[later[0]].attn
    writes = first.W_V[earlier[1]] @ first.W_O[earlier[1]]
    head = later[1]
    query_to_key = second.W_Q[head] @ second.W_K[head].T
    reads = {"Q": query_to_key, "K": query_to_key.T, "V": second.W_V[head] @ second.W_O[head]}[kind]
    return torch.tensor(size(writes @ reads) / (size(writes) * size(reads)))


def test_writing_where_nobody_reads_scores_zero(composition_score):
    made = model()
    made.blocks[0].attn.W_O[1, :, 6:] = 0  # head 0.1 writes to the first six dimensions
    for name in ("W_Q", "W_K", "W_V"):
        getattr(made.blocks[1].attn, name)[2, :6] = 0  # head 1.2 reads the others
    for kind in "QKV":
        says = f'Kind "{kind}": head 0.1 writes to six dimensions, head 1.2 reads the other six, so the score is 0.'
        agree(composition_score(made, (0, 1), (1, 2), kind), torch.tensor(0.0), says)


def test_it_does_not_depend_on_the_size_of_the_weights(composition_score):
    made = model(1)
    expected = by_hand(made, (0, 1), (1, 2), "V")
    made.blocks[0].attn.W_O.mul_(100)
    made.blocks[1].attn.W_V.mul_(0.1)
    says = 'Kind "V", |L R| / (|L| |R|). L was made 100 times as large and R a tenth: both norms are divided by.'
    agree(composition_score(made, (0, 1), (1, 2), "V"), expected, says)


def test_queries(composition_score):
    made = model(2)
    says = 'For "Q", R is W_Q W_K^T: its first axis is the one by which the query reads.'
    agree(composition_score(made, (0, 1), (1, 2), "Q"), by_hand(made, (0, 1), (1, 2), "Q"), says)


def test_keys(composition_score):
    made = model(3)
    says = 'For "K", R is the transpose: its first axis is the one by which the key reads.'
    agree(composition_score(made, (0, 1), (1, 2), "K"), by_hand(made, (0, 1), (1, 2), "K"), says)


def test_values_and_other_heads(composition_score):
    made = model(4)
    for earlier, later in [((0, 2), (1, 0)), ((1, 0), (2, 1))]:
        says = f'For "V", R is the later head\'s W_V W_O. Here {earlier} writes and {later} reads, as (layer, head).'
        agree(composition_score(made, earlier, later, "V"), by_hand(made, earlier, later, "V"), says)


RETURN = "return (writes @ reads).norm() / (writes.norm() * reads.norm())"
READS = 'reads = {"Q": model.QK[later], "K": model.QK[later].T, "V": model.OV[later]}[kind]'
SIZE = "test_it_does_not_depend_on_the_size_of_the_weights"
MUTANTS = [
    Mutant("the sides are exchanged, and R stands before L", "(writes @ reads).norm()", "(reads @ writes).norm()",
           "test_writing_where_nobody_reads_scores_zero"),
    Mutant("earlier and later have changed places", "writes = model.OV[earlier]",
           "earlier, later = later, earlier\n    writes = model.OV[earlier]", "test_writing_where_nobody_reads_scores_zero"),
    Mutant("a plain number is returned, where the signature has a tensor", RETURN, RETURN.replace("return ", "return float(") + ")",
           "test_writing_where_nobody_reads_scores_zero"),
    Mutant("L is transposed", "(writes @ reads).norm()", "(writes.T @ reads).norm()",
           "test_writing_where_nobody_reads_scores_zero"),
    Mutant("R is transposed for values too", '"V": model.OV[later]', '"V": model.OV[later].T',
           "test_writing_where_nobody_reads_scores_zero"),
    Mutant("the score is one minus the share that is read", RETURN, "return 1 - (writes @ reads).norm() / (writes.norm() * reads.norm())",
           "test_writing_where_nobody_reads_scores_zero"),
    Mutant("nothing is divided by", " / (writes.norm() * reads.norm())", "", SIZE),
    Mutant("only the norm of L is divided by", "(writes.norm() * reads.norm())", "writes.norm()", SIZE),
    Mutant("the sum of the norms is divided by", "writes.norm() * reads.norm()", "writes.norm() + reads.norm()", SIZE),
    Mutant("the squared norms are compared", RETURN,
           "return ((writes @ reads).norm() / (writes.norm() * reads.norm())) ** 2", SIZE),
    Mutant("the largest singular value stands for the norm", RETURN,
           "return (writes @ reads).S[0] / (writes.S[0] * reads.S[0])", SIZE),
    Mutant("queries and keys are exchanged", READS, 'reads = {"K": model.QK[later], "Q": model.QK[later].T, "V": model.OV[later]}[kind]',
           "test_queries"),
    Mutant("keys are read like queries: the transpose is forgotten", 'model.QK[later].T', 'model.QK[later]',
           "test_keys"),
    Mutant("the earlier head is taken from layer 0, whatever was asked for", "writes = model.OV[earlier]",
           "writes = model.OV[0, earlier[1]]", "test_values_and_other_heads"),
]  # fmt: skip

ACCEPTED = [
    Accepted(
        "with the full matrices",
        RETURN,
        "return (writes.AB @ reads.AB).norm() / (writes.AB.norm() * reads.AB.norm())",
    ),
]
