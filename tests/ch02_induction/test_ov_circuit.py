"""Checks for ov_circuit, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import FactoredMatrix, HookedTransformer, HookedTransformerConfig


def tiny():
    """Three layers, four heads, 11 tokens in and 7 out; no bias is zero."""
    cfg = HookedTransformerConfig(
        n_layers=3, d_model=12, n_heads=4, d_head=5, d_mlp=8, n_ctx=9, d_vocab=11, d_vocab_out=7, init_range=0.7, seed=1
    )
    model, generator = HookedTransformer(cfg), torch.Generator().manual_seed(2)
    for name, parameter in model.named_parameters():
        if not name.rpartition(".")[2].startswith("W"):
            parameter.data = torch.randn(parameter.shape, generator=generator)
    return model.requires_grad_(False)


def by_hand(model, layer, head, token):
    """One row: the token's embedding, through the head's value and output matrices, to the logits."""
    attn = model.blocks[layer].attn
    value = [float((model.embed.W_E[token] * attn.W_V[head][:, i]).sum()) for i in range(5)]
    written = sum(value[i] * attn.W_O[head][i] for i in range(5))
    return torch.stack([(written * model.unembed.W_U[:, out]).sum() for out in range(7)])


def test_it_is_a_factored_matrix_from_tokens_to_logits(ov_circuit):
    got = ov_circuit(tiny(), 1, 2)
    is_factored = isinstance(got, FactoredMatrix)
    require(is_factored, "Return a FactoredMatrix(A, B): the table over the vocabulary is never built.", got=got)
    says = "The model reads 11 tokens and gives logits for 7: rows are tokens attended to, columns are logits."
    agree(list(got.shape), [11, 7], says)
    agree(got.mdim, 5, "The two factors meet in the head's narrow waist, d_head = 5: A is [11, 5], B is [5, 7].")


def test_a_row_is_what_attending_to_that_token_does(ov_circuit):
    model = tiny()
    got = ov_circuit(model, 1, 2)
    says = "Row 4 of head 2 of layer 1, worked out by hand: W_E[4], times W_V, times W_O, times W_U."
    agree((got.A @ got.B)[4], by_hand(model, 1, 2, 4), says)


def test_any_head_of_any_layer(ov_circuit):
    model = tiny()
    got = ov_circuit(model, 2, 0)
    agree((got.A @ got.B)[10], by_hand(model, 2, 0, 10), "Row 10 of head 0 of layer 2.")


A, B = "model.W_E @ model.W_V[layer, head]", "model.W_O[layer, head] @ model.W_U"
WHOLE = f"return FactoredMatrix({A}, {B})"
FACTORED, ROW = "test_it_is_a_factored_matrix_from_tokens_to_logits", "test_a_row_is_what_attending_to_that_token_does"

MUTANTS = [
    Mutant("the table is multiplied out", WHOLE, f"return {A} @ {B}", FACTORED),
    Mutant("the factors meet in d_model dimensions, so that the waist is wide", WHOLE,
           f"return FactoredMatrix({A} @ model.W_O[layer, head], model.W_U)", FACTORED),
    Mutant("rows and columns are exchanged", WHOLE, f"return FactoredMatrix({A}, {B}).T", FACTORED),
    Mutant("embedding and unembedding are left out: W_V W_O alone", WHOLE,
           "return FactoredMatrix(model.W_V[layer, head], model.W_O[layer, head])", FACTORED),
    Mutant("the unembedding is left out", B, "model.W_O[layer, head]", FACTORED),
    Mutant("W_K stands where W_V should, so that it is what is matched and not what is moved", "W_V[layer", "W_K[layer", ROW),
    Mutant("it is the QK circuit: queries from the unembedding's side, keys from the embedding's", WHOLE,
           "return FactoredMatrix(model.W_E @ model.W_K[layer, head], model.W_Q[layer, head].T @ model.W_U)", ROW),
    Mutant("the value bias is added to every row", A, A + " + model.b_V[layer, head]", ROW),
    Mutant("W_Q stands where W_V should", "W_V[layer", "W_Q[layer", ROW),
    Mutant("layer and head have changed places", WHOLE, WHOLE.replace("layer, head", "head, layer"), ROW),
    Mutant("W_O is that of head 0", "W_O[layer, head]", "W_O[layer, 0]", ROW),
    Mutant("the embedding is normalised, which no weight does", A, "torch.nn.functional.layer_norm(model.W_E, model.W_E.shape[-1:]) @ model.W_V[layer, head]", ROW),
    Mutant("the head is taken from layer 1 whatever the layer", WHOLE, WHOLE.replace("layer, head", "1, head"), "test_any_head_of_any_layer"),
]  # fmt: skip

ACCEPTED = [
    Accepted("the model's own OV, between embedding and unembedding", WHOLE,
             "return model.W_E @ model.OV[layer, head] @ model.W_U"),
    Accepted("weights of the block", WHOLE,
             "attn = model.blocks[layer].attn\n    return FactoredMatrix(model.W_E @ attn.W_V[head], attn.W_O[head] @ model.W_U)"),
]  # fmt: skip
