"""Checks for residual_parts, coarse to fine, on a small random model in which no bias is 0."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import HookedTransformer, HookedTransformerConfig

TOKENS = torch.tensor([[1, 5, 3, 5, 2], [4, 4, 0, 9, 10]])


def random_model(seed=0):
    cfg = HookedTransformerConfig(n_layers=3, d_model=12, n_heads=4, d_head=6, n_ctx=8, d_vocab=11, attn_only=True)
    model = HookedTransformer(cfg).requires_grad_(False)
    rng = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.copy_(0.6 * torch.randn(parameter.shape, generator=rng))
    return model


def parts_of(residual_parts, seed=0):
    model = random_model(seed)
    cache = model.run_with_cache(TOKENS)[1]
    return model, cache, residual_parts(model, cache)


def test_there_is_a_part_for_embeddings_each_head_and_biases(residual_parts):
    got = parts_of(residual_parts)[2]
    says = "3 layers of 4 heads, 2 texts of 5 tokens, d_model = 12: 1 + 3 * 4 + 1 = 14 parts."
    require(
        isinstance(got, torch.Tensor) and tuple(got.shape) == (14, 2, 5, 12), says, expected=[14, 2, 5, 12], got=got
    )


def test_the_parts_add_up_to_the_stream(residual_parts):
    _, cache, got = parts_of(residual_parts, seed=1)
    agree(
        got.sum(dim=0),
        cache["resid_post", 2],
        "All parts together are the stream after the last layer: embeddings, what each head wrote, and the b_O of every layer.",
        atol=1e-4,
    )


def test_the_embeddings_come_first(residual_parts):
    model, _, got = parts_of(residual_parts)
    agree(
        got[0], model.W_E[TOKENS] + model.W_pos[:5], "Part 0: the embedding of each token, plus that of its position."
    )


def test_the_heads_come_in_order(residual_parts):
    model, cache, got = parts_of(residual_parts)
    for layer in range(3):
        for head in range(4):
            expected = torch.zeros(2, 5, 12)
            for text in range(2):
                for pos in range(5):
                    expected[text, pos] = cache["z", layer][text, pos, head] @ model.blocks[layer].attn.W_O[head]
            says = f"Part {1 + 4 * layer + head} is what head {layer}.{head} wrote: its z times its own W_O, without any bias."
            agree(got[1 + 4 * layer + head], expected, says)


def test_the_cache_is_left_as_it_was(residual_parts):
    model = random_model()
    cache = model.run_with_cache(TOKENS)[1]
    before = {name: value.clone() for name, value in cache.items()}
    residual_parts(model, cache)
    changed = [name for name in before if not torch.equal(before[name], cache[name])]
    require(not changed, "What is in the cache belongs to others too: don't write into it (`+=`).", got=changed)


THERE, FIRST = "test_there_is_a_part_for_embeddings_each_head_and_biases", "test_the_embeddings_come_first"
ORDER, ADD_UP = "test_the_heads_come_in_order", "test_the_parts_add_up_to_the_stream"
CACHE = "test_the_cache_is_left_as_it_was"
EMBED = 'embeddings = cache["hook_embed"] + cache["hook_pos_embed"]'
HEADS = 'parts.append(einsum(cache["z", layer], model.W_O[layer], each))'
BIAS = "parts.append(model.b_O.sum(dim=0).expand_as(embeddings)[None])"
RETURN = "return torch.cat(parts)"
MUTANTS = [
    Mutant("the biases are left out", BIAS, "", check=THERE),
    Mutant("there is a part of biases for each layer", BIAS, "parts.extend(b.expand_as(embeddings)[None] for b in model.b_O)", check=THERE),
    Mutant("the heads of a layer are one part", HEADS, HEADS.replace("each))", "each).sum(dim=0, keepdim=True))"), check=THERE),
    Mutant("the embeddings are two parts", "parts = [embeddings[None]]", 'parts = [cache["hook_embed"][None], cache["hook_pos_embed"][None]]',
           check=THERE),
    Mutant("the heads of layer 0 only are there", "range(model.cfg.n_layers)", "range(1)", check=THERE),
    Mutant("the position embeddings are left out", EMBED, 'embeddings = cache["hook_embed"]', check=ADD_UP),
    Mutant("the biases come first and the embeddings last", RETURN, "return torch.cat(parts[-1:] + parts[1:-1] + parts[:1])", check=FIRST),
    Mutant("every layer writes with the W_O of layer 0", "model.W_O[layer], each", "model.W_O[0], each", check=ADD_UP),
    Mutant("the heads are sorted by head first and by layer second", RETURN,
           "heads = torch.stack(parts[1:-1]).transpose(0, 1).flatten(0, 1)\n    return torch.cat([parts[0], heads, parts[-1]])", check=ORDER),
    Mutant("each head is given an equal share of b_O", HEADS, HEADS.replace("each))", "each) + model.b_O[layer] / model.cfg.n_heads)"), check=ADD_UP),
    Mutant("the biases are shared out among the heads, and the last part is empty", RETURN,
           "heads = [part + model.b_O[layer] / model.cfg.n_heads for layer, part in enumerate(parts[1:-1])]\n"
           "    return torch.cat([parts[0], *heads, 0 * parts[-1]])", check=ORDER),
    Mutant("the biases stand before the heads", RETURN, "return torch.cat(parts[:1] + parts[-1:] + parts[1:-1])", check=ORDER),
    Mutant("the heads are in the order from the last layer to the first", "for layer in range(model.cfg.n_layers):",
           "for layer in reversed(range(model.cfg.n_layers)):", check=ORDER),
    Mutant("the biases are averaged over the layers", "b_O.sum(dim=0)", "b_O.mean(dim=0)", check=ADD_UP),
    Mutant("the biases are those of the last layer only", "model.b_O.sum(dim=0)", "model.b_O[-1]", check=ADD_UP),
    Mutant("b_V is counted among the biases, though it is in z already", "model.b_O.sum(dim=0)",
           'model.b_O.sum(dim=0) + einsum(model.b_V, model.W_O, "l h d, l h d m -> m")', check=ADD_UP),
    Mutant("the embedding of the position is added to the cached one in place", EMBED,
           'embeddings = cache["hook_embed"]\n    embeddings += cache["hook_pos_embed"]', check=CACHE),
]  # fmt: skip

ACCEPTED = [
    Accepted("resid_pre of layer 0 is the embeddings", EMBED, 'embeddings = cache["resid_pre", 0]'),
    Accepted("stack_head_results", RETURN, "return torch.cat([parts[0], cache.stack_head_results(), parts[-1]])"),
]  # fmt: skip
