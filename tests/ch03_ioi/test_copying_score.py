"""Checks for copying_score, coarse to fine: a head made to copy, and tiny random models with biases."""

import torch

from course_utils.grading import Accepted, Mutant, agree
from course_utils.model import HookedTransformer, HookedTransformerConfig

SIZES = {"n_layers": 2, "d_model": 12, "n_heads": 3, "d_head": 5, "n_ctx": 8, "d_vocab": 11, "attn_only": True}


def tiny(seed):
    model = HookedTransformer(HookedTransformerConfig(**SIZES, normalization_type="LN"))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(0.6 * torch.randn(parameter.shape, generator=generator) + 0.2)
            if name == "unembed.b_U":
                parameter.mul_(8)
    stream = 2 * torch.randn(401, 12, generator=generator) + 0.5
    return model.requires_grad_(False), stream, 3 + torch.randint(7, (401,), generator=generator)  # names are 3 to 9


def copier(sign):
    """Head 1.2 writes what it sees (with this sign); the names 0 to 4 have one coordinate each, up and down."""
    cfg = HookedTransformerConfig(**SIZES, normalization_type="LNPre")
    model = HookedTransformer(cfg).requires_grad_(False)
    names = torch.zeros(5, 12)
    names[range(5), range(5)], names[range(5), range(5, 10)] = 1.0, -1.0
    model.unembed.W_U.copy_(torch.zeros(12, 11))
    model.unembed.W_U[:, :5] = names.T
    model.blocks[1].attn.W_V[2] = names.T
    model.blocks[1].attn.W_O[2] = sign * names
    return model, names


def slowly(model, layer, head, stream, names, k, lowest):
    hits, attn = 0, model.blocks[layer].attn
    value = model.blocks[layer].ln1(stream) @ attn.W_V[head] + attn.b_V[head]
    said = model.ln_final(value @ attn.W_O[head]) @ model.W_U
    for logits, name in zip(said.tolist(), names.tolist(), strict=True):
        before = [other for other in logits if (other < logits[name] if lowest else other > logits[name])]
        hits += len(before) < k
    return hits / len(names)


def test_a_head_that_writes_what_it_sees(copying_score):
    model, names = copier(1.0)
    ids = torch.arange(5)
    says = "Head 1.2 writes what it sees: each of the 5 names is the highest of its own logits, so the share is 1."
    agree(copying_score(model, 1, 2, names, ids, k=1), 1.0, says)
    order, ids = [1, 2, 0, 3, 4], torch.tensor([1, 2, 0, 4, 3])
    agree(copying_score(model, 1, 2, names[order], ids, k=1), 0.6, "Two of five names are wrong here.")


def test_a_head_that_strikes_out_what_it_sees(copying_score):
    model, names = copier(-1.0)
    says = "Head 1.2 writes the opposite of what it sees: with lowest=True each name is found among the k lowest."
    agree(copying_score(model, 1, 2, names, torch.arange(5), k=2, lowest=True), 1.0, says)
    agree(copying_score(model, 1, 2, names, torch.arange(5), k=2), 0.0, "With lowest=False it's not among the highest.")


def test_the_way_from_stream_to_logits(copying_score):
    for seed, (layer, head) in enumerate([(1, 0), (0, 1), (1, 2), (0, 2), (1, 1)], start=11):
        model, stream, names = tiny(seed)
        says = f"Head {layer}.{head} of a random model: LayerNorm, values with b_V, W_O of this head, final LayerNorm, W_U."
        got = copying_score(model, layer, head, stream, names, k=3)
        agree(got, slowly(model, layer, head, stream, names, 3, False), says)


def test_k_and_lowest(copying_score):
    model, stream, names = tiny(9)
    for k, lowest in [(1, False), (4, True), (2, True), (7, False)]:
        expected = slowly(model, 1, 0, stream, names, k, lowest)
        says = f"The share of names among the {k} {'lowest' if lowest else 'highest'} logits."
        agree(copying_score(model, 1, 0, stream, names, k=k, lowest=lowest), expected, says)
    agree(
        copying_score(model, 1, 0, stream, names), slowly(model, 1, 0, stream, names, 5, False), "k is 5 if not given."
    )


VALUES = "values = block.ln1(stream) @ block.attn.W_V[head] + block.attn.b_V[head]"
SAID = "said = model.ln_final(values @ block.attn.W_O[head]) @ model.W_U"
RETURN = "(extreme == names[:, None]).any(dim=-1).float().mean().item()"
WAY, COPY = "test_the_way_from_stream_to_logits", "test_a_head_that_writes_what_it_sees"
MUTANTS = [
    Mutant("hits are counted, and not their share", RETURN, "(extreme == names[:, None]).any(dim=-1).float().sum().item()", COPY),
    Mutant("the share is of all k places, and not of names", RETURN, "(extreme == names[:, None]).float().mean().item()",
           "test_a_head_that_strikes_out_what_it_sees"),
    Mutant("the row's own number is looked for, and not the name", "== names[:, None]", "== torch.arange(len(names))[:, None]", COPY),
    Mutant("highest and lowest are confused", "largest=not lowest", "largest=lowest", COPY),
    Mutant("always the highest are asked", "largest=not lowest", "largest=True", "test_a_head_that_strikes_out_what_it_sees"),
    Mutant("only the k-th is compared", RETURN, "(extreme[:, -1] == names).float().mean().item()",
           "test_a_head_that_strikes_out_what_it_sees"),
    Mutant("the head's LayerNorm is left out", "block.ln1(stream)", "stream", WAY),
    Mutant("the LayerNorm of the first layer is taken for every head", "block.ln1(stream)", "model.blocks[0].ln1(stream)", WAY),
    Mutant("the final LayerNorm is left out", SAID, "said = values @ block.attn.W_O[head] @ model.W_U", WAY),
    Mutant("b_V is left out", " + block.attn.b_V[head]", "", WAY),
    Mutant("b_U takes part", SAID, SAID + " + model.unembed.b_U", WAY),
    Mutant("b_O takes part", "values @ block.attn.W_O[head]", "values @ block.attn.W_O[head] + block.attn.b_O", WAY),
    Mutant("both b_O and b_U take part", SAID,
           "said = model.ln_final(values @ block.attn.W_O[head] + block.attn.b_O) @ model.W_U + model.unembed.b_U", WAY),
    Mutant("the output matrix is that of head 0", "block.attn.W_O[head]", "block.attn.W_O[0]", COPY),
    Mutant("the name that looks is taken for the name that is looked at: W_Q in place of W_V", "block.attn.W_V[head]",
           "block.attn.W_Q[head]", COPY),
    Mutant("the stream itself is added, as if the logit lens were asked", "values @ block.attn.W_O[head]",
           "stream + values @ block.attn.W_O[head]", WAY),
    Mutant("a name counts when it is among the highest of any row", RETURN,
           "torch.isin(names, extreme).float().mean().item()", COPY),
    Mutant("names are ranked among names only, and not among all words", "extreme = said.topk(k, largest=not lowest).indices",
           "extreme = names.unique()[said[:, names.unique()].topk(min(k, len(names.unique())), largest=not lowest).indices]", WAY),
    Mutant("k is 5, whatever was asked for", "topk(k,", "topk(5,", WAY),
    Mutant("k is one less than asked for when it can be", "topk(k,", "topk(max(1, k - 1),", WAY),
    Mutant("the size is compared, whatever the sign", "said.topk", "said.abs().topk", "test_a_head_that_strikes_out_what_it_sees"),
    Mutant("k is 1 if not given", "k: int = 5", "k: int = 1", "test_k_and_lowest"),
]  # fmt: skip

ACCEPTED = [
    Accepted.whole(
        "ranks counted, weights stacked over layers",
        """
def copying_score(model, layer, head, stream, names, k=5, lowest=False):
    z = model.blocks[layer].ln1(stream) @ model.W_V[layer, head] + model.b_V[layer, head]
    logits = model.ln_final(z @ model.W_O[layer, head]) @ model.W_U
    logits = -logits if lowest else logits
    own = logits.gather(1, names[:, None])
    return ((logits > own).sum(dim=-1) < k).float().mean().item()
""",
    ),
    Accepted.whole(
        "scale of the final LayerNorm left to the unembedding, as ranks don't depend on it",
        """
def copying_score(model, layer, head, stream, names, k=5, lowest=False):
    attn = model.blocks[layer].attn
    written = einsum(model.blocks[layer].ln1(stream), attn.W_V[head], "n m, m d -> n d") + attn.b_V[head]
    logits = model.unembed(model.ln_final(written @ attn.W_O[head])) - model.unembed.b_U
    best = logits.argsort(dim=-1, descending=not lowest)[:, :k]
    return sum(name in row for name, row in zip(names.tolist(), best.tolist())) / len(names)
""",
    ),
]
