"""Checks for logit_lens, coarse to fine, on a small random model with LayerNorm weights and all biases."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import HookedTransformer, HookedTransformerConfig

CLOSE = 1e-4  # normalising a stream first changes nothing but the share of eps: a few hundred-thousandths of a logit
TOKENS = torch.tensor([[1, 5, 3, 5, 2], [4, 4, 0, 9, 10]])


def random_model(seed=0):
    cfg = HookedTransformerConfig(n_layers=3, d_model=12, n_heads=4, d_head=6, n_ctx=8, d_vocab=11, attn_only=True)
    model = HookedTransformer(cfg).requires_grad_(False)
    rng = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.copy_(0.6 * torch.randn(parameter.shape, generator=rng))
    return model


def read(model, stream):
    """The final LayerNorm and the unembedding, written out."""
    centred = stream - stream.mean(dim=-1, keepdim=True)
    normal = centred / (centred.square().mean(dim=-1, keepdim=True) + model.cfg.eps).sqrt()
    return (normal * model.ln_final.w + model.ln_final.b) @ model.W_U + model.b_U


def test_there_is_a_reading_before_each_layer_and_one_at_the_end(logit_lens):
    model = random_model()
    got = logit_lens(model, model.run_with_cache(TOKENS)[1])
    says = "3 layers, 2 texts of 5 tokens, a vocabulary of 11: 4 readings (before layers 0, 1 and 2, and at the end)."
    require(isinstance(got, torch.Tensor) and tuple(got.shape) == (4, 2, 5, 11), says, expected=[4, 2, 5, 11], got=got)


def test_the_last_reading_is_the_models_own_output(logit_lens):
    model = random_model()
    logits, cache = model.run_with_cache(TOKENS)
    agree(
        logit_lens(model, cache)[-1],
        logits,
        "After the last layer the stream is read as the model reads it: the model's own logits.",
        atol=CLOSE,
    )


def test_the_first_reading_is_of_the_embeddings(logit_lens):
    model = random_model()
    got = logit_lens(model, model.run_with_cache(TOKENS)[1])[0]
    stream = model.W_E[TOKENS] + model.W_pos[:5]
    says = "Before layer 0 the stream is the embeddings of tokens and positions, normalised for itself, through W_U, plus b_U."
    agree(got, read(model, stream), says, atol=CLOSE)


def test_the_readings_in_between(logit_lens):
    model = random_model(seed=1)
    got = logit_lens(model, model.run_with_cache(TOKENS)[1])
    for layer in (1, 2):
        says = f"Reading {layer} is of the stream before layer {layer}: what was written by then, all of it."
        agree(got[layer], read(model, model(TOKENS, stop_at_layer=layer)), says, atol=CLOSE)


def test_the_cache_is_left_as_it_was(logit_lens):
    model = random_model()
    cache = model.run_with_cache(TOKENS)[1]
    before = {name: value.clone() for name, value in cache.items()}
    logit_lens(model, cache)
    changed = [name for name in before if not torch.equal(before[name], cache[name])]
    require(not changed, "What is in the cache belongs to others too: don't write into it (`+=`, `-=`).", got=changed)


THERE, LAST = (
    "test_there_is_a_reading_before_each_layer_and_one_at_the_end",
    "test_the_last_reading_is_the_models_own_output",
)
FIRST, BETWEEN, CACHE = (
    "test_the_first_reading_is_of_the_embeddings",
    "test_the_readings_in_between",
    "test_the_cache_is_left_as_it_was",
)
STREAMS = 'streams = [cache["resid_pre", layer] for layer in range(model.cfg.n_layers)]'
READ = "model.unembed(model.ln_final(stream))"
END = 'streams.append(cache["resid_post", last])'
MUTANTS = [
    Mutant("the stream after the last layer is missing", END, "", check=THERE),
    Mutant("the stream before layer 0 is missing", STREAMS, STREAMS.replace("range(", "range(1, "), check=THERE),
    Mutant("only the last position is read", "for stream in streams", "[:, -1:] for stream in streams", check=THERE),
    Mutant("the streams are returned, unread", READ, "stream", check=THERE),
    Mutant("the streams are read in the order from the end to the beginning", "for stream in streams]", "for stream in streams[::-1]]", check=LAST),
    Mutant("the final LayerNorm is left out", READ, "model.unembed(stream)", check=LAST),
    Mutant("the bias b_U is left out", READ, "model.ln_final(stream) @ model.W_U", check=LAST),
    Mutant("the streams are only divided by the scale in the cache: not centred, and without the weights of ln_final", READ,
           'model.unembed(stream / cache["scale"])', check=LAST),
    Mutant("the streams are centred and divided by the scale in the cache, but the weights of ln_final are left out", READ,
           'model.unembed((stream - stream.mean(dim=-1, keepdim=True)) / cache["scale"])', check=LAST),
    Mutant("probabilities are returned in place of logits", READ, READ + ".softmax(dim=-1)", check=LAST),
    Mutant("the last stream is normalised before it is read, and once more in the reading", END,
           'streams.append(model.ln_final(cache["resid_post", last]))', check=LAST),
    Mutant("all streams are divided by the scale of the last one", READ,
           'model.unembed((stream - stream.mean(dim=-1, keepdim=True)) / cache["scale"] * model.ln_final.w + model.ln_final.b)', check=FIRST),
    Mutant("all streams are divided by the scale of the last one before ln_final, which makes the early ones so small that eps counts",
           READ, 'model.unembed(model.ln_final(stream / cache["scale"]))', check=FIRST),
    Mutant("the first stream has no position embeddings", STREAMS, STREAMS + '\n    streams[0] = cache["hook_embed"]', check=FIRST),
    Mutant("each stream is normalised by its layer's own LayerNorm first", STREAMS,
           'streams = [model.blocks[layer].ln1(cache["resid_pre", layer]) for layer in range(model.cfg.n_layers)]', check=FIRST),
    Mutant("what a layer adds is read, and not the stream", STREAMS,
           STREAMS + '\n    streams[1:] = [cache["attn_out", layer] for layer in range(last)]', check=BETWEEN),
    Mutant("the cached streams are centred in place", STREAMS,
           STREAMS + "\n    for stream in streams:\n        stream -= stream.mean(dim=-1, keepdim=True)", check=CACHE),
]  # fmt: skip

ACCEPTED = [
    Accepted("all streams at once", "return torch.stack([model.unembed(model.ln_final(stream)) for stream in streams])",
             "return model.unembed(model.ln_final(torch.stack(streams)))"),
    Accepted("accumulated_resid", STREAMS + "\n    " + END, "streams = cache.accumulated_resid()"),
    Accepted("normalised once before, by its own spread: the final LayerNorm undoes any factor", READ,
             "model.unembed(model.ln_final((stream - stream.mean(-1, keepdim=True)) / stream.std(-1, correction=0, keepdim=True)))"),
    Accepted("normalised once before, with eps", READ,
             "model.unembed(model.ln_final(torch.nn.functional.layer_norm(stream, stream.shape[-1:])))"),
    Accepted("W_U and b_U", READ, "model.ln_final(stream) @ model.W_U + model.b_U"),
]  # fmt: skip
