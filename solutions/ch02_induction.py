# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Induction heads
#
# Show a language model some random words, and then the same words again. The second time it knows what comes next,
# although nobody can have taught it these words in this order. Somewhere inside, it looks back, finds the place
# where it read the present word before, and says what came after it there.
#
# At the end of this chapter you will have found the machine that does it, in a trained model, and proved it three
# times over by three different kinds of evidence: by where its heads *look* (patterns), by what is lost when they are
# taken away (ablation), and by what is written in their *weights* (composition). You will have watched it come into
# being during training, and have a detector of your own that finds such heads in any model.
#
# The machine is known as the **induction circuit** (Elhage et al., 2021; Olsson et al., 2022). It is the best
# understood circuit there is, and the first one that needs two layers: one head prepares what another then uses. More
# important than the circuit are the tools. Everything that later chapters do is a refinement of what is done here.
#
# You need chapter 1, or to have written a transformer somewhere else: the residual stream, attention patterns,
# LayerNorm and logits should be old acquaintances. Some linear algebra (products, norms) will do.

# %% [markdown]
# ## How this chapter works
#
# As in chapter 1: you write functions, `check(...)` judges them, `hint("...")` nudges, `solution("...")` shows ours.
# Where it says **Predict before you run**, write your guess down first.
#
# One thing is new. From here on the object of study is a trained model, and the text makes claims about it. So each
# section ends with two questions: what does the measurement show, and **what can it not show**? The second one is
# the reason that there will be three proofs, and not one.

# %% [markdown]
# One cell of imports serves the whole chapter. `HookedTransformer` is a transformer like the one that you wrote, with
# a hook on every activation; its names are those of TransformerLens, a widely used library.

# %%
import itertools
import math
from collections.abc import Callable, Iterable, Sequence

import plotly.graph_objects as go
import torch
from einops import einsum, rearrange, reduce
from jaxtyping import Float, Int
from torch import Tensor

from course_utils import load_specimen
from course_utils.data.microworld.kinds.repeats import LONGEST, SHORTEST
from course_utils.data.microworld.text import Microworld
from course_utils.data.microworld.tokenizer import encode_passage, ids_by_word
from course_utils.figures import heatmap, house, lines, record, show
from course_utils.model import ActivationCache, FactoredMatrix, HookedTransformer, HookPoint
from course_utils.specimens.files import recipe_of

# %% [markdown]
# ## The model from the inside
#
# The **specimen** of this chapter has two layers of attention and nothing else: no MLPs. That is as small as a model
# can be in which one head makes use of another's work. It was trained on the *microworld*, a made-up English in which
# every word is one token, and which is written by a grammar, so that we always know what a text says.

# %%
model = load_specimen("attn-only-2l")
for name in ["n_layers", "n_heads", "d_model", "d_head", "d_vocab", "n_ctx", "attn_only"]:
    print(f"{name:10} {getattr(model.cfg, name)}")

mixture = recipe_of("attn-only-2l").mixture
world = Microworld(seed=1)
for kind, share in mixture.items():
    print(f"{share / sum(mixture.values()):4.0%} {kind:10} {world.some(1, kind)[0].text[:90]!r}")
# `record` only notes down a number, which the text below quotes. It does nothing for the experiment; read past it.
record(repeats_percent=100 * mixture["repeats"] / sum(mixture.values()))

# %% [markdown]
# Note the first kind. {{repeats_percent:.0f}} % of the passages that it was trained on are random words, said twice.
# Our specimen was *asked* for induction; it had to find out how, but not why. Models of human language are not asked.
# They come upon it because names, phrases and whole sentences recur in what people write, and they find the same
# solution (Olsson et al., 2022). Keep the difference in mind wherever a number in this chapter is very high or very
# low.
#
# The weights come to you in a form that is easier to read: LayerNorm's own scale and shift have been multiplied into
# the matrices that read its output, whatever writes to the stream has mean zero, the value biases sit in `b_O`, and
# $W_U$ is centred: a word's logit says how far it is above the average word. No probability is changed by all
# that. `load_specimen("attn-only-2l", raw=True)` gives the weights as they were trained.

# %%
passage = world.some(1, "scenes")[0]
tokens = torch.tensor([encode_passage(passage)])
raw = load_specimen("attn-only-2l", raw=True)
gap = (model(tokens).log_softmax(-1) - raw(tokens).log_softmax(-1)).abs().max()
print(model.to_str_tokens(tokens[0]))
print(f"raw and rewritten weights: log-probabilities differ by up to {gap.item():.1e}")

# %% [markdown]
# `<|endoftext|>` opens every text. The rest are words.
#
# A plain transformer takes tokens and gives logits, and what happened between is gone. Ours passes everything that
# it computes through **hook points**, each with a name. `run_with_cache` runs the model and keeps what passed:

# %%
logits, cache = model.run_with_cache(tokens)
for name, activation in cache.items():
    print(f"{name:32} {list(activation.shape)}")

# %% [markdown]
# Read the list from top to bottom: it is the forward pass. `hook_embed` and `hook_pos_embed` are the two vectors that
# start the stream; `hook_resid_pre` is the stream before a layer; `ln1` normalises it; then queries, keys, values,
# scores, the pattern, what each head has gathered (`z`), what the layer adds (`hook_attn_out`), the stream after it.
#
# The axes are `batch pos head d_head` for queries, keys, values and `z`, and `batch head query key` for scores and
# pattern. `cache["pattern", 0]` is short for `cache["blocks.0.attn.hook_pattern"]`, and
# `run_with_cache(tokens, names_filter="*hook_pattern")` keeps patterns only. Big models make that necessary.
#
# To see that a cache holds no secrets, recompute one of its entries from two others.

# %% [markdown]
# ### Recompute a pattern
#
# From the queries and keys of a layer, make its attention pattern: scale, hide the future, softmax. It is the middle
# of chapter 1's `Attention`, on activations that are there already.
#
# The check falsifies the patterns and scores that lie in the cache, so looking them up won't do.


# %%
def pattern_from_cache(cache: ActivationCache, layer: int) -> Float[Tensor, "batch head query key"]:
    """The attention pattern of a layer, computed from `cache["q", layer]` and `cache["k", layer]`.

    Both are [batch pos head d_head]. Scores are divided by sqrt(d_head); a query sees itself and what comes before.

    With one text, one head and d_head = 1: if all queries are 0, all visible keys get the same weight, and the rows
    of the pattern are (1, 0, 0), (1/2, 1/2, 0), (1/3, 1/3, 1/3).
    """
    q, k = cache["q", layer], cache["k", layer]
    scores = einsum(q, k, "batch query head d_head, batch key head d_head -> batch head query key")
    scores = scores / math.sqrt(q.shape[-1])
    later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(diagonal=1)
    return scores.masked_fill(later, -torch.inf).softmax(dim=-1)


# %%
for layer in range(model.cfg.n_layers):
    gap = (pattern_from_cache(cache, layer) - cache["pattern", layer]).abs().max()
    print(f"layer {layer}: your pattern and the model's differ by up to {gap.item():.1e}")

# %% [markdown]
# ## A hook can also write
#
# A cache is made by hooks that only read. A hook is a function of two arguments: what passes the hook point, and the
# point itself. If it returns a tensor, that tensor goes on in place of the old one, and everything downstream is
# computed from it. It is the scalpel of this whole course. (What a hook *writes into* the tensor that it is given
# takes effect too, returned or not. A hook that is meant to change something always returns it in this course, so that
# one sees it; one that is meant only to read must not write.)
#
# **Predict before you run:** the hook below wipes out the position embeddings, so that every position looks alike to
# the model apart from its word. Will the loss on ordinary text rise a little, or to that of a guess among all words?


# %%
def wipe(activation: Tensor, hook: HookPoint) -> Tensor:
    """Zeros in place of whatever passes."""
    return torch.zeros_like(activation)


shared = [p for p in Microworld(seed=2, weights=mixture).some(400) if p.kind != "repeats" and len(p.words) >= 20]
text_tokens = torch.tensor([encode_passage(p)[:21] for p in shared[:32]])  # so that all have one length

as_it_is = model(text_tokens, return_type="loss")
without_order = model.run_with_hooks(text_tokens, fwd_hooks=[("hook_pos_embed", wipe)], return_type="loss")
again = model(text_tokens, return_type="loss")
record(loss_text=as_it_is, loss_no_order=without_order, loss_uniform=math.log(model.cfg.d_vocab))
print(f"as it is {as_it_is:.2f}, without positions {without_order:.2f}, once more as it is {again:.2f}")

# %% [markdown]
# The loss goes from {{loss_text:.2f}} to {{loss_no_order:.2f}} nats a word (a **nat** is the unit of $-\ln p$, as a bit
# is that of $-\log_2 p$); a uniform guess among all tokens would cost {{loss_uniform:.2f}}. So word order matters a
# great deal to this model. The third number is the first again: `run_with_hooks` takes its hooks off when it is done,
# even if something fails in between. Hooks that stay on unnoticed are the commonest cause of irreproducible results in
# this trade; prefer the forms that clean up.
#
# A hook's name must exist: a misspelt one is an error that lists the nearest. And a filter may stand for many:
# `"*hook_pattern"` means the patterns of all layers.

# %% [markdown]
# ## What a head looks at
#
# A pattern is the part of a model that one can simply look at: `pattern[query, key]` says how much of what the query
# position receives comes from the key position. Here is one head, on one text. Each row is a query, and its weights
# sum to 1; nothing is above the diagonal, because nobody sees the future.

# %%
logits, cache = model.run_with_cache(tokens)
labels = model.to_str_tokens(tokens[0])
title = "Head 0.0 on a scene"
show(heatmap(cache["pattern", 0][0, 0], x="key", y="query", title=title, rows=labels, columns=labels), "head-on-text")

# %% [markdown]
# (Head 0.0 means layer 0, head 0; we always count from 0.) This one looks at the word just before. It is not the head
# that you built by hand in chapter 1, though it does the same; training has made it.
#
# Three habits of looking are so common, in models of all sizes, that they have names (Clark et al., 2019, describe
# them in BERT; Vig and Belinkov, 2019, in GPT-2):
#
# - a **current-token head** looks at the very position that asks;
# - a **previous-token head** looks one back;
# - a **first-token head** looks at the first token of the text.
#
# One picture proves little: it is one text. So let us turn each habit into a number, a mean over many positions of
# many texts, and list the heads in which it is above a threshold.

# %% [markdown]
# ### Heads that look at themselves
#
# Position 0 must be left out. It has only itself to look at, so in *every* head its weight on itself is 1, and to
# count it would give each head a little of every habit for nothing.


# %%
def current_token_heads(cache: ActivationCache, threshold: float = 0.4) -> list[tuple[int, int]]:
    """The heads, as (layer, head), whose mean attention from a position to itself is above `threshold`.

    The mean is over all texts and all query positions but 0; the list is in the order of layers, then heads. The
    patterns are `cache["pattern", layer]`, [batch head query key], for `cache.model.cfg.n_layers` layers.

    With one text and the pattern (1, 0, 0), (0.2, 0.8, 0), (0.3, 0.3, 0.4), the score is (0.8 + 0.4) / 2 = 0.6.
    """
    found = []
    for layer in range(cache.model.cfg.n_layers):
        on_itself = cache["pattern", layer].diagonal(dim1=-2, dim2=-1)  # batch head pos
        scores = reduce(on_itself[..., 1:], "batch head pos -> head", "mean")
        found += [(layer, head) for head, score in enumerate(scores.tolist()) if score > threshold]
    return found


# %% [markdown]
# ### Heads that look one back
#
# The same for the position before. Which query has no predecessor?


# %%
def previous_token_heads(cache: ActivationCache, threshold: float = 0.4) -> list[tuple[int, int]]:
    """The heads, as (layer, head), whose mean attention from a position to the one before it is above `threshold`.

    The mean is over all texts and all query positions that have one before them, in the order of layers, then heads.
    The patterns are `cache["pattern", layer]`, [batch head query key], for `cache.model.cfg.n_layers` layers.

    With one text and the pattern (1, 0, 0), (0.2, 0.8, 0), (0.3, 0.3, 0.4), the score is (0.2 + 0.3) / 2 = 0.25.
    """
    found = []
    for layer in range(cache.model.cfg.n_layers):
        one_back = cache["pattern", layer].diagonal(offset=-1, dim1=-2, dim2=-1)  # batch head pos-1
        scores = reduce(one_back, "batch head pos -> head", "mean")
        found += [(layer, head) for head, score in enumerate(scores.tolist()) if score > threshold]
    return found


# %% [markdown]
# ### Heads that look at the beginning
#
# And for the first token. Which query can't do otherwise, and should not count?


# %%
def first_token_heads(cache: ActivationCache, threshold: float = 0.4) -> list[tuple[int, int]]:
    """The heads, as (layer, head), whose mean attention to position 0 is above `threshold`.

    The mean is over all texts and all query positions but 0; the list is in the order of layers, then heads. The
    patterns are `cache["pattern", layer]`, [batch head query key], for `cache.model.cfg.n_layers` layers.

    With one text and the pattern (1, 0, 0), (0.2, 0.8, 0), (0.3, 0.3, 0.4), the score is (0.2 + 0.3) / 2 = 0.25.
    """
    found = []
    for layer in range(cache.model.cfg.n_layers):
        on_first = cache["pattern", layer][:, :, 1:, 0]  # batch head query
        scores = reduce(on_first, "batch head query -> head", "mean")
        found += [(layer, head) for head, score in enumerate(scores.tolist()) if score > threshold]
    return found


# %% [markdown]
# Now the specimen, on {{texts}} passages of the microworld, none of them a repeated one.
#
# **Predict before you run:** there are 12 heads. How many will have one of the three habits, and in which layer will
# the previous-token heads be?

# %%
_, text_cache = model.run_with_cache(text_tokens, names_filter="*hook_pattern")
print("current token: ", current_token_heads(text_cache))
print("previous token:", previous_token_heads(text_cache))
print("first token:   ", first_token_heads(text_cache))
first_words = text_tokens[:, 1:]  # the same texts without the token that opens them
_, cut_cache = model.run_with_cache(first_words, names_filter="*hook_pattern")
print("first token, where the text has no opening token:", first_token_heads(cut_cache))

record(texts=len(text_tokens), n_current=len(current_token_heads(text_cache)))
record(n_previous=len(previous_token_heads(text_cache)), n_first=len(first_token_heads(text_cache)))
record(previous_score=text_cache["pattern", 0][:, 0].diagonal(-1, -2, -1).mean())

# %% [markdown]
# {{n_current}} heads look at themselves, {{n_previous}} looks one back (with {{previous_score:.2f}} of its attention,
# on average), {{n_first}} look at the beginning. The previous-token head is in layer 0. Remember it.
#
# The last line is a warning about names. When the token `<|endoftext|>` is cut off, so that an ordinary word comes
# first, the first-token heads are gone: what they look for is not the first *place* but that *token*. A name such as
# "first-token head" is short for a measurement on some texts. On other texts the head may do something else, and
# soon these two will.

# %% [markdown]
# ## What a pattern cannot show
#
# A pattern shows where a head looks. It does not show three things, and each of them has led people astray (Jain and
# Wallace, 2019, began a long dispute about it):
#
# - *how much* is moved from there. The head moves the weight times the value, and the value may be tiny;
# - *what* is moved. In layer 1 a position no longer holds its own word only, but what layer 0 wrote there too;
# - *whether it matters*: whether anything downstream reads what was written.
#
# The first can be mended at once. A source position that gets the weight $a$ contributes the vector
# $a \cdot v W_O$ to the stream. Its length (norm) is a better measure of attention than $a$ alone (Kobayashi et al.,
# 2020).

# %% [markdown]
# ### Weigh attention by what it moves


# %%
def value_weighted_pattern(
    pattern: Float[Tensor, "batch head query key"],
    v: Float[Tensor, "batch key head d_head"],
    W_O: Float[Tensor, "head d_head d_model"],
) -> Float[Tensor, "batch head query key"]:
    """Each entry of the pattern, times the norm of the vector `v @ W_O` that its key position has to offer.

    That is the length of what this key position writes into the stream at this query position, through this head.

    With one text, one head and d_head = 1: if W_O is (3, 4) and the values at two positions are 1 and -2, they offer
    vectors of norm 5 and 10. The pattern (1, 0), (1/2, 1/2) becomes (5, 0), (2.5, 5).
    """
    offered = einsum(v, W_O, "batch key head d_head, head d_head d_model -> batch key head d_model")
    return pattern * rearrange(offered.norm(dim=-1), "batch key head -> batch head 1 key")


# %% [markdown]
# Heads look at the first token surprisingly often, in all language models. One explanation: the weights of a query
# must sum to 1, so a head that has found nothing must look *somewhere*, and learns to look at a place that has little
# to offer: a place of rest, or attention sink (Vig and Belinkov, 2019; Xiao et al., 2023).
#
# **Predict before you run:** if it is so here, what happens to the share of the first token when attention is
# weighed by what it moves?

# %%
_, text_cache = model.run_with_cache(text_tokens)
shares = torch.zeros(2, model.cfg.n_layers, model.cfg.n_heads)
for layer in range(model.cfg.n_layers):
    pattern = text_cache["pattern", layer]
    moved = value_weighted_pattern(pattern, text_cache["v", layer], model.W_O[layer])
    for row, weights in enumerate([pattern, moved / moved.sum(dim=-1, keepdim=True)]):
        shares[row, layer] = reduce(weights[:, :, 1:, 0], "batch head query -> head", "mean")
for layer, head in first_token_heads(text_cache, threshold=0.25):
    attention, moved = shares[:, layer, head].tolist()
    print(
        f"head {layer}.{head}: {attention:.0%} of its attention goes to the first token, {moved:.0%} of what it moves"
    )

resting = (shares[0] - shares[1]).argmax().item()  # the head in which the two differ most
record(rest_layer=resting // model.cfg.n_heads, rest_head=resting % model.cfg.n_heads)
record(rest_attention=100 * shares[0].flatten()[resting], rest_moved=100 * shares[1].flatten()[resting])
first_heads = first_token_heads(text_cache)
busiest = max(first_heads, key=lambda at: shares[1][at] - shares[0][at])
record(busy_layer=busiest[0], busy_head=busiest[1])
record(busy_attention=100 * shares[0][busiest], busy_moved=100 * shares[1][busiest])

# %% [markdown]
# The explanation holds for head {{rest_layer}}.{{rest_head}}: {{rest_attention:.0f}} % of its attention, but only
# {{rest_moved:.0f}} % of what it moves, comes from the first token. It does not hold for head
# {{busy_layer}}.{{busy_head}}: {{busy_attention:.0f}} % of its attention, and {{busy_moved:.0f}} % of what it moves.
# Two heads look at the same place, and it is not the same story.
#
# What it still cannot show: whether a long vector *does* anything. It may point where nobody reads, or be taken back
# by another head. For that we need a task on which the model visibly succeeds or fails. Here it comes.

# %% [markdown]
# ## Text that repeats itself
#
# To catch a model in the act of looking something up, give it a text in which looking up is all that can help: random
# words, and then the same again. In the first half nothing foretells the next word. In the second, everything does,
# but only for a reader who remembers the first. No grammar, no fact and no frequent phrase gets in the way. (The idea
# is from Elhage et al., 2021, and Olsson et al., 2022, who repeat random tokens.)

# %% [markdown]
# ### Make texts that repeat
#
# Words within a half should all differ: if a word came twice, "what came after it" would have two answers. Different
# texts should of course hold different words. `torch.randperm(n, generator=generator)` gives the numbers below n in
# random order. Passing a **generator**, a source of random numbers with a seed of its own, makes the texts the same
# on every machine, whatever else draws random numbers.


# %%
def repeated_tokens(
    words: Int[Tensor, " word"], batch: int, length: int, bos: int, generator: torch.Generator
) -> Int[Tensor, "batch pos"]:
    """`batch` texts of 1 + 2 * length tokens: `bos`, `length` different random words, and the same words once more.

    The second half has the words of the first in the same order. All randomness comes from `generator`.
    words: the token ids to draw from, each as likely as any other.

    With words 7, 8, 9, batch 2, length 2 and bos 0, the result might be
    [[0, 9, 7, 9, 7],
     [0, 7, 8, 7, 8]].
    """
    halves = [words[torch.randperm(len(words), generator=generator)[:length]] for _ in range(batch)]
    half = torch.stack(halves)
    return torch.cat([torch.full((batch, 1), bos), half, half], dim=1)


# %% [markdown]
# The rest of the chapter uses one fixed batch of such texts, `rep_tokens`: 8 texts of 1 + 2 · 30 tokens.

# %%
HALF = 30
words = torch.tensor([token for word, token in ids_by_word().items() if word.isalnum()])  # no punctuation
bos, generator = model.tokenizer.bos, torch.Generator().manual_seed(2)
rep_tokens = repeated_tokens(words, batch=8, length=HALF, bos=bos, generator=generator)
rep_logits, rep_cache = model.run_with_cache(rep_tokens)
record(n_words=len(words))
print(f"drawn from {len(words)} words; the first text begins:")
print(model.to_string(rep_tokens[0, :11]), "…")

# %% [markdown]
# ### Predict the best possible loss
#
# Before you measure, say what a perfect reader would get, one who knows the list of words, that no word comes twice
# in a half, and when the repetition begins, but cannot see the future. The surprise at a word to which one gives the
# probability $p$ is $-\ln p$. What is it for each of the words after the opening token?


# %%
def ideal_loss(n_words: int, length: int) -> Float[Tensor, " two_length"]:
    """The surprise, in nats, of the best possible reader at each of the 2 * length words of a repeated text.

    The words of a half all differ, and are drawn from `n_words`, all equally likely. Float32, one number a word.

    With 2 words and a length of 2: the first word is one of two (ln 2), the second must be the other one (0), and
    the second half is known (0, 0). So ideal_loss(2, 2) is about (0.693, 0, 0, 0).
    """
    left = n_words - torch.arange(length)
    return torch.cat([left.log(), torch.zeros(length)])


# %% [markdown]
# ### Measure the loss at each position
#
# Chapter 1's loss was one number. Now we want it by position: how surprised was the model, on average over the texts,
# at the second token, at the third, …? Position $i$'s logits are about token $i + 1$, so there is one number fewer
# than there are tokens.


# %%
def loss_by_position(
    logits: Float[Tensor, "batch pos d_vocab"], tokens: Int[Tensor, "batch pos"]
) -> Float[Tensor, " pos_minus_1"]:
    """The surprise -ln p at each token but the first, given the tokens before it; the mean over the texts.

    Entry 0 is about the token at position 1, as foretold at position 0.

    With one text of 3 tokens and logits that are all 0, over a vocabulary of 5: (ln 5, ln 5).
    """
    log_probs = logits[:, :-1].log_softmax(dim=-1)
    chosen = log_probs.gather(dim=-1, index=tokens[:, 1:, None]).squeeze(-1)
    return reduce(-chosen, "batch pos -> pos", "mean")


# %% [markdown]
# **Predict before you run:** draw the model's curve over the ideal one. Where will it come closest? Where, in the
# second half, should even a very good model be worse than the ideal reader, who was told when the repetition begins?

# %%
loss = loss_by_position(rep_logits, rep_tokens)
curves = {"model": loss, "ideal reader": ideal_loss(len(words), HALF)}
title = "Loss on random words that are said twice"
show(lines(curves, x="word", y="loss (nats)", x_values=range(1, 2 * HALF + 1), title=title), "repeated-loss")

record(loss_first_half=loss[:HALF].mean(), loss_second_half=loss[HALF:].mean())
record(ideal_first=ideal_loss(len(words), HALF)[:HALF].mean())
record(loss_at_turn=loss[HALF], loss_after_turn=loss[HALF + 1], loss_middle=loss[HALF + 2 : -5].mean())
record(loss_end=loss[-5:].mean())
known = torch.zeros(len(rep_tokens), model.cfg.d_vocab, dtype=torch.bool).scatter(1, rep_tokens[:, 1:HALF], True)
expected_turn = (rep_logits[:, HALF - 1].softmax(dim=-1) * known).sum(dim=-1).mean()  # on words that were there already
record(first_two=loss[:2].mean(), first_steady=loss[2:20].mean(), first_last=loss[HALF - 1], too_early=expected_turn)
print(f"first half {loss[:HALF].mean():.2f}, second half {loss[HALF:].mean():.2f}; ", end="")
print(f"ideal in the first half {ideal_loss(len(words), HALF)[:HALF].mean():.2f}")
print(f"words 1 and 2 {loss[:2].mean():.2f}, words 3 to 20 {loss[2:20].mean():.2f}, word 30 {loss[HALF - 1]:.2f}")
print(f"at word 30 the model gives {expected_turn:.0%} to words that were there already")
print(f"at the turn {loss[HALF]:.2f}, the next {loss[HALF + 1]:.2f}, then {loss[HALF + 2 : -5].mean():.3f}, ", end="")
print(f"over the last five words {loss[-5:].mean():.2f}")

# %% [markdown]
# In the first half the model pays {{loss_first_half:.2f}} nats a word. The best that one can do with {{n_words}} words
# is {{ideal_first:.2f}}, and a uniform guess among *all* tokens costs {{loss_uniform:.2f}}: on average our model is no
# better there than someone with no idea. Not because it is ignorant all along: from word 3 to word 20 it pays
# {{first_steady:.2f}}, close to the best. But the first two words cost {{first_two:.2f}}, when it can't yet know what
# kind of text it has before it, and the last one {{first_last:.2f}}: there it gives {{too_early:.0%}} to words that
# were there already, as if the repetition had begun.
#
# Then the loss falls off a cliff. The word at the turn still costs {{loss_at_turn:.2f}},
# since nobody told the model that the repetition would begin here; the next one costs {{loss_after_turn:.2f}}, and
# those after it {{loss_middle:.3f}}.
#
# Two details want an explanation. {{loss_at_turn:.2f}} is a lot, but far less than {{ideal_first:.1f}}: did the model
# foresee the turn? And toward the end the loss rises again, to {{loss_end:.2f}} over the last five
# words. A hypothesis: in training no half was longer than {{longest_half:d}} words. So by word 30 the turn is due, and
# by word 60 the end of the text. A hypothesis can be tested.

# %%
record(longest_half=LONGEST)
print(f"in training, a half had {SHORTEST} to {LONGEST} words")
turns = {}
for half in [10, 20, 30]:
    longer = repeated_tokens(words, batch=32, length=half, bos=bos, generator=torch.Generator().manual_seed(4))
    turns[half] = loss_by_position(model(longer), longer)[half].item()
    print(f"halves of {half}: the word at the turn costs {turns[half]:.2f}")
at_end = rep_logits[:, 2 * HALF - 2 : 2 * HALF].softmax(dim=-1)[..., bos].mean()
print(f"probability of <|endoftext|> in place of the last two words: {at_end:.2f}")
record(turn_10=turns[10], turn_20=turns[20], turn_30=turns[30], ends_too_early=at_end)

# %% [markdown]
# With halves of 10 words the turn costs {{turn_10:.2f}} nats, with halves of 20 {{turn_20:.2f}}, with halves of 30 only
# {{turn_30:.2f}}. (The {{loss_at_turn:.2f}} from above are of our 8 texts, these of 32 others.) And in place of
# the last two words the model gives the end of the text a probability of {{ends_too_early:.2f}}. The
# hypothesis holds: the model knows the texts it was trained on, and it keeps time.
#
# So there *is* a machine. What this cannot show is which machine. "It remembers the whole first half and counts"
# would make the same curve as "it looks for the same word, and says what came next". The two differ in where heads
# look.

# %% [markdown]
# ## The first proof: a stripe
#
# Suppose you stand at a word in the second half, and wish to know what comes next. The same word stood
# `length` positions earlier. What you want is the token *after* it. A head that fetches it must look exactly there:
# from query $i$ to key $i - \text{length} + 1$. Over the whole second half these entries are a stripe in the pattern,
# parallel to the diagonal. A head with such a stripe is called an **induction head**.
#
# On short texts one can see it:

# %%
generator = torch.Generator().manual_seed(3)
short_tokens = repeated_tokens(words, batch=1, length=8, bos=bos, generator=generator)
_, short_cache = model.run_with_cache(short_tokens)
labels = model.to_str_tokens(short_tokens[0])
layer, head = busiest  # the head that gave the first token most
title = f"Head {layer}.{head} on eight words, said twice"
show(
    heatmap(short_cache["pattern", layer][0, head], x="key", y="query", title=title, rows=labels, columns=labels),
    "stripe",
)

# %% [markdown]
# Pick a row in the lower half, and read where its weight lies: one to the right of the same word. The head
# also shows its other face. In the upper half, where there is nothing to find, it looks at the first token: this
# is one of the two heads from above. The habit that we named it by is what it does where there is nothing to *find*.
# Whether it does nothing there is another question, which will have a surprising answer two sections on.

# %% [markdown]
# ### Measure the stripe
#
# Turn the stripe into a number: how much of its attention does a head give to the token after the earlier occurrence,
# on average over all queries of the second half and over the texts? Off by one is the classical error here; write
# down the pairs (query, key) for `length = 2` before you write code.


# %%
def induction_score(pattern: Float[Tensor, "batch head query key"]) -> Float[Tensor, " head"]:
    """For each head, the mean attention along the stripe, on texts that are an opening token and `length` tokens twice.

    So there are 1 + 2 * length positions. The stripe is what a query in the second half gives to the token after the
    earlier occurrence of its own token. The mean is over the `length` queries of the second half and over all texts.

    With length 2 the tokens are (bos, a, b, a, b): query 3 (a) should look at key 2 (b), and query 4 (b) at key 3 (a).
    """
    length = (pattern.shape[-1] - 1) // 2
    stripe = pattern.diagonal(offset=1 - length, dim1=-2, dim2=-1)  # from query length - 1 on
    return reduce(stripe[..., -length:], "batch head query -> head", "mean")


# %% [markdown]
# ### Measure while the model runs
#
# You could now take patterns out of `rep_cache`. For this small model that is fine. But a pattern of a large one,
# with some hundred heads and long texts, fills the memory, and all we want of it is one number a head. So measure
# where it passes: a hook on `"*hook_pattern"` that computes the scores of its layer, notes them down and forgets the
# rest.
#
# Write a function that *makes* such a hook. The hook is a function in a function, and may use what its maker was
# given. It gets the pattern, and the hook point, as an argument named `hook`; `hook.layer()` says which layer it is
# in. It only reads: it writes nothing into the pattern, and has nothing to return.


# %%
def make_induction_hook(
    scores: Float[Tensor, "layer head"],
    measure: Callable[[Float[Tensor, "batch head query key"]], Float[Tensor, " head"]],
) -> Callable[[Float[Tensor, "batch head query key"], HookPoint], None]:
    """A hook function `(pattern, hook)` that writes `measure(pattern)` into the row of `scores` of the hook's layer.

    `measure` takes a layer's pattern and gives one number a head (`induction_score`, say). The hook leaves the pattern
    as it is; all other rows of `scores` stay as they are.

    Called with a pattern at `blocks.1.attn.hook_pattern`, it fills `scores[1]`.
    """

    def hook_function(pattern: Float[Tensor, "batch head query key"], hook: HookPoint) -> None:
        scores[hook.layer()] = measure(pattern)

    return hook_function


# %% [markdown]
# **Predict before you run:** the head in the picture is in layer 1. Could a head of layer 0 have a stripe? Think of
# what it would have to know about the position that it looks at. And is this head the only one, or are there several?

# %%
stripe_scores = torch.zeros(model.cfg.n_layers, model.cfg.n_heads)
fill_in = make_induction_hook(stripe_scores, induction_score)
model.run_with_hooks(rep_tokens, fwd_hooks=[("*hook_pattern", fill_in)], return_type=None)

head_names = [str(head) for head in range(model.cfg.n_heads)]
layer_names = [str(layer) for layer in range(model.cfg.n_layers)]
title = "Induction score by head"
show(heatmap(stripe_scores, x="head", y="layer", title=title, rows=layer_names, columns=head_names), "stripe-scores")
striped = [tuple(at) for at in (stripe_scores > 0.5).nonzero().tolist()]
print("heads with a score above 0.5:", striped)

in_order = stripe_scores.flatten().sort(descending=True).values
record(n_striped=len(striped), least_striped=min(stripe_scores[at] for at in striped))
print(f"the best of the others {in_order[len(striped)]:.2f}, the best of layer 0 {stripe_scores[0].max():.3f}")
record(best_of_others=in_order[len(striped)], striped_layer=striped[0][0], best_in_layer_0=stripe_scores[0].max())

# %% [markdown]
# {{n_striped}} heads, all in layer {{striped_layer}}, with at least {{least_striped:.2f}} of their attention on the
# one right position out of dozens. No other head has more than {{best_of_others:.2f}}; in layer 0 the best has
# {{best_in_layer_0:.3f}}. There is nothing in between, so the threshold was easy to choose. Don't expect that of
# larger models.
#
# Could a head of layer 0 have had one? For layer 0 each position holds its own word and its place, and nothing else.
# The position to look at holds the *successor* of the word that asks; that it is the successor is written there only
# once some head has moved the word before it there. So not by looking for the word. (By place alone it could, if all
# halves had one length: "look 29 back". In training they didn't.)
#
# That is the first proof, and it has the weaknesses of every pattern. It does not show *what* these heads move: they
# might look at the right place and write something useless. It does not show that the model *needs* them, nor how
# they come to look there: how does a head that stands at a word know where that word's successor is? And with
# {{n_striped}} of them, do all do the same work? The last question can be answered now.

# %% [markdown]
# ## What the stream says on its way
#
# The logits are a reading of the stream after the last layer: normalise, multiply by $W_U$. Nothing stops us from
# reading the stream in the same way *earlier*, as if the model ended there. This is the **logit lens**
# (nostalgebraist, 2020). In large models it shows a guess taking shape from layer to layer.

# %% [markdown]
# ### Read the stream early
#
# For each layer, the stream before it; and last, the stream after the last one. Each goes through `model.ln_final`
# and `model.unembed`, both of which you may call. Each is normalised for itself: a stream in the middle has another
# size than the one at the end.


# %%
def logit_lens(model: HookedTransformer, cache: ActivationCache) -> Float[Tensor, "layer_plus_1 batch pos d_vocab"]:
    """The next-token logits as read off the stream before each layer, and off the one after the last layer.

    The streams are `cache["resid_pre", layer]`, and `cache["resid_post", layer]` of the last layer.

    For a model with 2 layers: 3 readings, the last of which is the model's own output.
    """
    last = model.cfg.n_layers - 1
    streams = [cache["resid_pre", layer] for layer in range(model.cfg.n_layers)]
    streams.append(cache["resid_post", last])
    return torch.stack([model.unembed(model.ln_final(stream)) for stream in streams])


# %% [markdown]
# **Predict before you run:** the lens gives three losses by position: before layer 0 (embeddings only), before layer
# 1, and at the end. How much of the way from the first to the last will layer 0 have gone?

# %%
names = ["before layer 0", "before layer 1", "at the end"]
readings = logit_lens(model, rep_cache)
early = {name: loss_by_position(reading, rep_tokens) for name, reading in zip(names, readings, strict=True)}
title = "The loss, had the model ended earlier"
show(lines(early, x="word", y="loss (nats)", x_values=range(1, 2 * HALF + 1), title=title), "lens-loss")
record(lens_0=early[names[0]][HALF:].mean(), lens_1=early[names[1]][HALF:].mean(), lens_2=early[names[2]][HALF:].mean())
record(ignorant=math.log(model.cfg.d_vocab))
print("second half:", {name: round(curve[HALF:].mean().item(), 2) for name, curve in early.items()})

# %% [markdown]
# Hardly any. In the second half the loss is {{lens_0:.1f}} before layer 0, {{lens_1:.1f}} before layer 1 and
# {{lens_2:.2f}} at the end, and the first two are *worse* than the {{ignorant:.1f}} of someone who has no idea. Read
# as a guess about the next word, the stream before layer 1 is worthless. It may hold notes all the same, written for
# layer 1 to read, in a language which $W_U$ doesn't speak. This is what the lens cannot show: that a thing is *not*
# in the stream. It shows only what is already in the form that the last layer would leave. (Belrose et al., 2023,
# learn a translation for each layer.)
#
# So layer 1 writes the answer, and layer 0 writes, perhaps, something that it needs. Which heads of layer 1 is it?

# %% [markdown]
# ## Who raises the right word
#
# The stream is a sum, and a logit is, but for one thing, linear in it. So a logit is a sum too, with one summand for
# every component that wrote into the stream. This is **direct logit attribution** (Elhage et al., 2021). The one
# thing is the last LayerNorm: it divides by the standard deviation of the *whole* stream. The remedy is to hold that
# divisor fixed at the value it had in this very run, which is in the cache as `cache["scale"]` (short for
# `ln_final.hook_scale`). We ask what each component contributed *given* the scale. What it does to the scale itself is
# left out of the account; keep that in mind.
#
# First, the summands.

# %% [markdown]
# ### Take the stream apart
#
# What a head writes is its `z`, [batch pos head d_head], times its slice of $W_O$. The embeddings are two parts that
# we count as one. The biases `b_O` belong to no head; they get a part of their own, so that the sum is exact.


# %%
def residual_parts(model: HookedTransformer, cache: ActivationCache) -> Float[Tensor, "part batch pos d_model"]:
    """Everything that was written into the final stream of an attention-only model, as a stack of parts.

    In this order: the embeddings (`cache["hook_embed"] + cache["hook_pos_embed"]`); each head's own output, layer by
    layer and within a layer head by head, from `cache["z", layer]` and `model.W_O[layer]`, [head d_head d_model]; the
    `model.b_O`, [layer d_model], of all layers together. Their sum is the stream after the last layer.

    For 2 layers of 6 heads: 1 + 12 + 1 = 14 parts.
    """
    embeddings = cache["hook_embed"] + cache["hook_pos_embed"]
    parts = [embeddings[None]]
    for layer in range(model.cfg.n_layers):
        each = "batch pos head d_head, head d_head d_model -> head batch pos d_model"
        parts.append(einsum(cache["z", layer], model.W_O[layer], each))
    parts.append(model.b_O.sum(dim=0).expand_as(embeddings)[None])
    return torch.cat(parts)


# %%
parts = residual_parts(model, rep_cache)
gap = (parts.sum(dim=0) - rep_cache["resid_post", 1]).abs().max()
print(f"{len(parts)} parts; their sum and the stream differ by up to {gap.item():.1e}")

# %% [markdown]
# ### Split a logit into its causes
#
# Now send each part the way the whole stream goes: take away its mean (the mean of a sum is the sum of the means),
# divide by the frozen scale, and take the product with the column of $W_U$ that belongs to the token which *really
# came next*. (On our specimen the mean is 0 already, and $W_U$ is centred. Models whose weights have not been rewritten
# need that step.)


# %%
def logit_attribution(
    parts: Float[Tensor, "part batch pos d_model"],
    scale: Float[Tensor, "batch pos 1"],
    W_U: Float[Tensor, "d_model d_vocab"],
    tokens: Int[Tensor, "batch pos"],
) -> Float[Tensor, "part batch pos_minus_1"]:
    """What each part adds to the logit of the correct next token, at each position but the last.

    Each part is centred (its own mean over d_model taken away) and divided by `scale`, the divisor that the final
    LayerNorm used on the whole stream. At position i the correct token is `tokens[:, i + 1]`, whose direction is a
    column of W_U.

    With one text (0, 1), one part, d_model = 2 and scale 2 everywhere: if the part is (5, 1) at position 0, it is
    centred to (2, -2) and scaled to (1, -1). If W_U's column 1 is (10, 3), it adds 10 - 3 = 7.
    """
    centred = parts - parts.mean(dim=-1, keepdim=True)
    normalised = centred[:, :, :-1] / scale[:, :-1]
    directions = W_U.T[tokens[:, 1:]]  # batch pos d_model
    return einsum(normalised, directions, "part batch pos d_model, batch pos d_model -> part batch pos")


# %% [markdown]
# **Predict before you run:** {{n_striped}} heads have the stripe. Will they share the work equally? Will the
# previous-token head of layer 0 raise the right word?

# %%
attribution = logit_attribution(parts, rep_cache["scale"], model.W_U, rep_tokens)
correct = rep_tokens[:, 1:]
whole = rep_logits[:, :-1].gather(-1, correct[..., None]).squeeze(-1)
gap = (attribution.sum(dim=0) + model.b_U[correct] - whole).abs().max()
print(f"the parts and the bias add up to the logit, but for {gap.item():.1e}")

heads = list(itertools.product(range(model.cfg.n_layers), range(model.cfg.n_heads)))
names = ["embeddings", *(f"head {layer}.{head}" for layer, head in heads), "biases"]
halves = torch.stack([attribution[:, :, :HALF].mean(dim=(1, 2)), attribution[:, :, HALF:].mean(dim=(1, 2))])
title = "What each part adds to the logit of the right word"
columns = ["first", "second"]
drawn = heatmap(halves.T, x="half of the text", y="part", title=title, rows=names, columns=columns, diverging=True)
show(drawn, "attribution-by-half")

growers = (halves[1] - halves[0]).topk(3)
curves = {names[i]: attribution[i].mean(dim=0) for i in growers.indices.tolist()}
title = "The three parts that grow most"
places = range(1, 2 * HALF + 1)
show(lines(curves, x="word", y="added to the right word's logit", x_values=places, title=title), "who-grows")
for name, value, growth in zip(curves, halves[1, growers.indices], growers.values, strict=True):
    print(f"{name}: {value:.2f} in the second half, {growth:+.2f} against the first")

by_head = halves[1, 1:-1].view(model.cfg.n_layers, model.cfg.n_heads)
order = sorted(striped, key=lambda at: by_head[at].item())
weakest, next_best, best = order[0], order[-2], order[-1]
record(logit_first=whole[:, :HALF].mean(), logit_second=whole[:, HALF:].mean())
record(best_layer=best[0], best_head=best[1], best_adds=by_head[best], best_before=halves[0][1 + heads.index(best)])
record(second_layer=next_best[0], second_head=next_best[1], second_adds=by_head[next_best])
record(weak_layer=weakest[0], weak_head=weakest[1], weak_adds=by_head[weakest], weak_score=stripe_scores[weakest])
record(previous_adds=by_head[0, 0], layer_0_adds=by_head[0].sum())
record(bias_first=halves[0, -1], bias_second=halves[1, -1])
print(f"the right word's logit: {whole[:, :HALF].mean():.1f}, then {whole[:, HALF:].mean():.1f}")
print(f"head {weakest[0]}.{weakest[1]}, with the stripe too: {by_head[weakest]:.2f}")
print(f"layer 0 together {by_head[0].sum():.2f}, of which 0.0 {by_head[0, 0]:.2f}")

# %% [markdown]
# On average the right word's logit goes from {{logit_first:.1f}} in the first half to {{logit_second:.1f}} in the
# second. Head {{best_layer}}.{{best_head}} alone adds {{best_adds:.1f}} of that ({{best_before:.2f}} before), and
# {{second_layer}}.{{second_head}} another {{second_adds:.1f}}. (These are logits above the average word:
# `load_specimen` has centred $W_U$, so that what raises all words alike doesn't show.) So the stripe was a good clue.
#
# But look at head {{weak_layer}}.{{weak_head}}. Its score is {{weak_score:.2f}}; it has nearly as fine a stripe as
# the others, and it adds {{weak_adds:.2f}}. It looks at the right place, and what it carries away says very little
# about the answer. From its pattern nobody could have known.
#
# And the heads of layer 0 add {{layer_0_adds:.2f}} all together, the previous-token head {{previous_adds:.2f}}. Here
# attribution reaches *its* limit: it counts what a component writes for the last reader, $W_U$, and nothing that it
# writes for another head. A part that adds nothing directly may still be what everything hangs on.
#
# There is a second limit, and one line of the figure gives it away. The third of the parts that grow most is the
# *biases*: {{bias_first:.2f}} in the first half, {{bias_second:.2f}} in the second. But biases are the same vector
# everywhere! They can't have grown; what they are divided by has fallen.
#
# **Predict before you run:** by which factor does the scale fall from one half to the other? And who makes it large
# in the first half, where there is nothing to say?

# %%
frozen = rep_cache["scale"]
sizes = torch.stack(
    [parts[:, :, :HALF].norm(dim=-1).mean(dim=(1, 2)), parts[:, :, HALF:-1].norm(dim=-1).mean(dim=(1, 2))]
)
print(f"scale: {frozen[:, :HALF].mean():.2f} in the first half, {frozen[:, HALF:-1].mean():.2f} in the second")


def first_half_without(head: int, freeze: bool) -> float:
    """The loss on the first half if a head of layer 1 writes nothing; with `freeze`, the last scale stays as it was."""

    def silence(z: Tensor, hook: HookPoint) -> Tensor:
        z[:, :, head] = 0.0
        return z

    def keep(scale: Tensor, hook: HookPoint) -> Tensor:
        return frozen

    hooks = [("blocks.1.attn.hook_z", silence), *([("ln_final.hook_scale", keep)] if freeze else [])]
    return loss_by_position(model.run_with_hooks(rep_tokens, fwd_hooks=hooks), rep_tokens)[:HALF].mean().item()


print(f"first half, as it is: loss {loss[:HALF].mean():.2f}")
moved_through = {}
for head in range(model.cfg.n_heads):
    long, short = sizes[:, 1 + heads.index((1, head))].tolist()
    moved_through[head] = (first_half_without(head, freeze=False), first_half_without(head, freeze=True))
    free, held = moved_through[head]
    print(f"1.{head} writes vectors of length {long:4.1f}, then {short:4.1f}; ", end="")
    print(f"without it the first half costs {free:.2f}, with the scale frozen {held:.2f}")

longest = int(sizes[0, 1 + model.cfg.n_heads : -1].argmax())
record(scale_first=frozen[:, :HALF].mean(), scale_second=frozen[:, HALF:-1].mean(), longest_head=longest)
record(scale_ratio=frozen[:, :HALF].mean() / frozen[:, HALF:-1].mean())
for who, head in [("longest", longest), ("weak", weakest[1]), ("best", best[1])]:
    record(**{f"{who}_free": moved_through[head][0], f"{who}_held": moved_through[head][1]})
    record(
        **{f"{who}_size": sizes[0, 1 + heads.index((1, head))], f"{who}_later": sizes[1, 1 + heads.index((1, head))]}
    )

# %% [markdown]
# The scale is {{scale_first:.2f}} in the first half and {{scale_second:.2f}} in the second. Everything that is said in
# the first half is divided by {{scale_ratio:.1f}} times as much, so its logits lie close together, as they should where
# one can't know. And the heads that you may have taken for idle are those who bring it about. Head
# {{weak_layer}}.{{weak_head}} writes vectors of length {{weak_size:.1f}} there (later {{weak_later:.1f}}), head
# 1.{{longest_head:d}} of {{longest_size:.1f}} (later {{longest_later:.1f}}). Without the one, the first half costs
# {{weak_free:.2f}} nats in place of {{loss_first_half:.2f}}; without the other, {{longest_free:.2f}}; without
# {{best_layer}}.{{best_head}}, which rests on the first token there, {{best_free:.2f}}. Hold the scale fixed at the
# same time, and it is {{weak_held:.2f}}, {{longest_held:.2f}} and {{best_held:.2f}}. So in the first half the first
# two work through the scale and through nothing else, the third for the greater part: they say loudly something that
# favours hardly any word, and so drown the rest. "It rests on the first token" was no rest.
#
# That is what direct logit attribution cannot show. It freezes the scale, and is blind to whoever works *through* it.
# Nor will the yardstick of the next sections see it, which measures on the second half only. A head may be idle where
# you measure and busy where you don't.
#
# For what hangs on a head in the second half, take it away there.

# %% [markdown]
# ## Take a head away
#
# So far you have watched. Watching shows where a head looks and what it seems to write, but not whether anything
# depends on it. For that there is a blunter question, borrowed from the study of brains: **remove the part and see
# what is lost**. This is called **ablation**, and it will be the second proof. At the end of this section you can
# remove a head from a model in three ways, and of each you will know what it asks.
#
# The place to cut is `hook_z`: what a head has gathered, one vector of `d_head` numbers for each position, before
# `W_O` writes it into the stream. All that a head does to the rest of the model goes through `z`. (The bias `b_O`
# belongs to the layer as a whole; no head owns it, and it stays.)
#
# There is no such thing as *nothing* in a network, though. Every number must have some value, so "without the head"
# has to mean "with something else in place of its `z`". What else? That choice is what tells the three kinds apart.

# %% [markdown]
# ### Put nothing in its place
#
# The obvious choice is zero: the head writes nothing, as if it weren't there.
#
# A hook function gets the activation, `[batch pos head d_head]`, and the hook point, and returns what shall go on in
# its place. It may write into the tensor that it gets: what is written takes effect. (The course returns it all the
# same, so that one sees what goes on.)


# %%
def zero_ablate(
    model: HookedTransformer, tokens: Int[Tensor, "batch pos"], layer: int, head: int
) -> Float[Tensor, "batch pos d_vocab"]:
    """The model's logits when one head gathers nothing: its z (`blocks.<layer>.attn.hook_z`) is 0 at every position.

    The other heads of the layer and everything else run as ever, and afterwards the model has no hook on it.

    If a layer's two heads would write 3 and 4 into the stream, and `b_O` adds 1, then with head 0 ablated the layer
    adds 4 + 1 = 5 in place of 8.
    """

    def silence(z: Float[Tensor, "batch pos head d_head"], hook: HookPoint) -> Tensor:
        z[:, :, head] = 0.0
        return z

    return model.run_with_hooks(tokens, fwd_hooks=[(f"blocks.{layer}.attn.hook_z", silence)])


# %% [markdown]
# Zero looks like the neutral choice. Is it? The layers behind a head are used to what it writes. If there are words
# at which it writes nothing, then zero is something that they know; if there are none, they have never met it. So let
# us see how long the vectors `z` are: the shortest that occurs, and the average *vector*, both as a share of the
# typical length.
#
# **Predict before you run:** we take the `z` at all 8 · 60 words of `rep_tokens`. If a head's `z` pointed in all
# directions alike, the average of so many vectors would be short. As a share of the typical length, will it be nearer
# to 5% or to 50%?

# %%
constant_share = torch.zeros(model.cfg.n_layers, model.cfg.n_heads)
shortest_share = torch.zeros(model.cfg.n_layers, model.cfg.n_heads)
for layer in range(model.cfg.n_layers):
    z = rep_cache["z", layer][:, 1:].flatten(0, 1)  # without the first position, which sees only itself
    lengths = z.norm(dim=-1)  # [position of all texts, head]
    constant_share[layer] = z.mean(dim=0).norm(dim=-1) / lengths.mean(dim=0)
    shortest_share[layer] = lengths.min(dim=0).values / lengths.mean(dim=0)
head_labels = [f"{layer}.{head}" for layer in range(model.cfg.n_layers) for head in range(model.cfg.n_heads)]
for label, constant, shortest in zip(
    head_labels, constant_share.flatten().tolist(), shortest_share.flatten().tolist(), strict=True
):
    print(f"head {label}: average z has {constant:4.0%} of the typical length, the shortest z {shortest:4.0%}")
record(constant_low=constant_share.min(), constant_high=constant_share.max(), shortest_low=shortest_share.min())

# %% [markdown]
# Between {{constant_low:.0%}} and {{constant_high:.0%}}. In some heads, most of what is written is the *same* vector
# every time, whatever the text. Everything downstream has learnt to live with that constant part; it is no
# information, but more like a bias. And no `z` was ever near zero: the shortest has {{shortest_low:.0%}} of the
# typical length.
#
# So a zero is something that the rest of the model never saw in training. It is **off-distribution**, and what goes
# wrong behind it may be due to the missing information, or to the missing constant. The number doesn't say which.

# %% [markdown]
# ### Put its average in its place
#
# **Mean ablation** keeps the constant part, and takes away whatever *varies*: the head says at every position what it
# says on average. The average is one vector of `d_head` numbers, taken over all texts and all positions of some
# reference prompts; they come in as a cache, and need not be the prompts (nor of the number and length of those) that
# the model is run on.


# %%
def mean_ablate(
    model: HookedTransformer,
    tokens: Int[Tensor, "batch pos"],
    layer: int,
    head: int,
    reference: ActivationCache,
) -> Float[Tensor, "batch pos d_vocab"]:
    """The model's logits when one head's z is, at every position, its mean over batch and position of `reference`.

    `reference["z", layer]` is [batch pos head d_head], of other prompts perhaps: more or fewer, longer or shorter.
    The cache stays as it is.

    If the head's z in the reference was (1, 5) and (3, 9) at the two positions of the one text, it becomes (2, 7).
    """
    mean = reference["z", layer][:, :, head].mean(dim=(0, 1))  # [d_head]

    def hold(z: Float[Tensor, "batch pos head d_head"], hook: HookPoint) -> Tensor:
        z[:, :, head] = mean
        return z

    return model.run_with_hooks(tokens, fwd_hooks=[(f"blocks.{layer}.attn.hook_z", hold)])


# %% [markdown]
# ### Put another prompt's value in its place
#
# The third kind asks for no average at all. **Resample ablation** runs the model on *other* prompts of the same kind
# and puts in what the head said there, at the same position. Every value that goes in is one that the head really has
# when it reads such a text, so nobody behind it sees a vector that can't occur; only the combination is new, of one
# head's report on one text with everybody else's on another. (Chan et al., 2022, build a whole theory of testing
# hypotheses on this move.)
#
# Mind the direction: it is the run on `tokens` that goes on and gives the logits, and the other run only lends one
# head's `z`.


# %%
def resample_ablate(
    model: HookedTransformer,
    tokens: Int[Tensor, "batch pos"],
    layer: int,
    head: int,
    other_tokens: Int[Tensor, "batch pos"],
) -> Float[Tensor, "batch pos d_vocab"]:
    """The model's logits on `tokens` when one head's z is what it is on `other_tokens`, row by row and place by place.

    Text i at position p gets the head's z of other text i at position p. If the other tokens are the same, nothing
    changes.

    With tokens [[5, 8]] and other_tokens [[5, 3]], the head tells position 1 about 3 what it should tell about 8,
    while position 0 hears what it would have heard anyway.
    """
    where = f"blocks.{layer}.attn.hook_z"
    _, other = model.run_with_cache(other_tokens, names_filter=where)

    def lend(z: Float[Tensor, "batch pos head d_head"], hook: HookPoint) -> Tensor:
        z[:, :, head] = other[where][:, :, head]
        return z

    return model.run_with_hooks(tokens, fwd_hooks=[(where, lend)])


# %% [markdown]
# ## Every head in turn
#
# Three ways to take a head away, and twelve heads. What is lost each time? The yardstick is the loss on the second
# half of the repeated texts, where only induction helps: the words are random, so whoever does not look back can only
# guess. (What a head does in the first half, such as keeping the scale large, doesn't count on this yardstick.)

# %% [markdown]
# ### Measure what each head is worth
#
# The kind of ablation comes in as a function: give it a layer and a head, and it gives back the logits of the model
# without that head. `lambda layer, head: zero_ablate(model, rep_tokens, layer, head)` is such a function. That way
# one sweep serves all three kinds, and any fourth that you may think of.
#
# Be careful with the halves. The text is one opening token and then `n` words, twice: positions 1 to `n`, and `n + 1`
# to `2n`. The logits *at* position `p` are the prediction *of* position `p + 1`. You have solved that once, in
# `loss_by_position`; what you need is the mean of its last `n` numbers. An exercise may call an earlier one of yours
# in the same file (if that one is still unsolved, the check says so); or write its two lines again, as we do.


# %%
def ablation_effects(
    model: HookedTransformer,
    tokens: Int[Tensor, "batch pos"],
    ablate: Callable[[int, int], Float[Tensor, "batch pos d_vocab"]],
) -> Float[Tensor, "layer head"]:
    """By how much the loss on the second half rises when each head is ablated, in nats; positive where it gets worse.

    `tokens` are one opening token and then n words twice, so pos = 2n + 1. The loss is the mean, over texts and over
    all n tokens of the second half, of minus the log-probability of the token that comes.
    `ablate(layer, head)` gives the logits on these tokens with that head ablated.

    If the model as it is has a loss of 0.5 there, and without head 2 of layer 1 one of 2.0, entry [1, 2] is 1.5.
    """
    n = (tokens.shape[1] - 1) // 2

    def loss(logits: Float[Tensor, "batch pos d_vocab"]) -> Tensor:
        log_probs = logits[:, -n - 1 : -1].log_softmax(dim=-1)
        return -log_probs.gather(-1, tokens[:, -n:, None]).mean()

    as_it_is = loss(model(tokens))
    effects = torch.zeros(model.cfg.n_layers, model.cfg.n_heads)
    for layer in range(model.cfg.n_layers):
        for head in range(model.cfg.n_heads):
            effects[layer, head] = loss(ablate(layer, head)) - as_it_is
    return effects


# %% [markdown]
# For resampling, each text borrows from its neighbour in the batch: another repeated text, of the same length.
#
# **Predict before you run:** from the patterns, which heads should matter? Write down the three or four that you
# expect, and whether you expect the three kinds to agree.

# %%
neighbours = rep_tokens.roll(1, dims=0)
effects_by_kind = {
    "zero": ablation_effects(model, rep_tokens, lambda layer, head: zero_ablate(model, rep_tokens, layer, head)),
    "mean": ablation_effects(
        model, rep_tokens, lambda layer, head: mean_ablate(model, rep_tokens, layer, head, rep_cache)
    ),
    "resample": ablation_effects(
        model, rep_tokens, lambda layer, head: resample_ablate(model, rep_tokens, layer, head, neighbours)
    ),
}
figure = heatmap(
    torch.stack([effects.flatten() for effects in effects_by_kind.values()]),
    x="head",
    y="what takes the place of its z",
    title="Rise of the second half's loss without each head (nats)",
    diverging=True,
    rows=list(effects_by_kind),
    columns=head_labels,
)
show(figure, "ablation-effects")
for kind, effects in effects_by_kind.items():
    print(f"{kind:9}", [[round(effect, 2) for effect in row] for row in effects.tolist()])

# %%
# The heads that the text speaks of, found by what was measured.
n_heads = model.cfg.n_heads
strongest = int(effects_by_kind["resample"][1].argmax())  # in layer 1
by_rank = effects_by_kind["resample"][1].argsort(descending=True).tolist()
second = by_rank[1]
clock = int((effects_by_kind["mean"] - effects_by_kind["resample"])[1].argmax())
record(strongest=strongest, second=second, clock=clock)
for kind, effects in effects_by_kind.items():
    record(**{f"strongest_{kind}": effects[1, strongest], f"second_{kind}": effects[1, second]})
    record(**{f"clock_{kind}": effects[1, clock]})
needed = [divmod(i, n_heads) for i, effect in enumerate(effects_by_kind["resample"].flatten().tolist()) if effect > 0.5]
print("Resampling these costs more than half a nat:", needed)
largest = {divmod(int(effects.argmax()), n_heads) for effects in effects_by_kind.values()}
print("The largest effect, over all three kinds:", largest)
assert len(largest) == 1, "the text says that one head has the largest effect in all kinds"
record(largest_layer=min(largest)[0], largest_head=min(largest)[1])
record(n_needed=len(needed), n_needed_first=sum(layer == 0 for layer, _ in needed))
n_half = rep_tokens.shape[1] // 2
as_it_is_loss = model.loss_fn(model(rep_tokens), rep_tokens, per_token=True)[:, -n_half:].mean()
record(second_half_loss=as_it_is_loss, guess_loss=math.log(model.cfg.d_vocab))
one_after = [rep_cache["pattern", 1][:, head].diagonal(1 - n_half, -2, -1)[:, 2:].mean() for head in range(n_heads)]
record(
    n_looking=sum(weight > 0.5 for weight in one_after),
    strongest_pattern=one_after[strongest],
    second_pattern=one_after[second],
)

# %% [markdown]
# With resampling, the picture is clear: {{n_needed:d}} heads matter, {{n_needed_first:d}} of them in layer 0, and the
# rest don't. In layer 1 these are 1.{{strongest:d}} and 1.{{second:d}}, both of which you know from their patterns.
#
# But the three kinds disagree, and the disagreements teach more than the rest.
#
# **Head 1.{{clock:d}}** costs {{clock_zero:.1f}} nats when zeroed, {{clock_mean:.1f}} with its mean, and
# {{clock_resample:.2f}} when resampled. Is it part of the circuit, or isn't it? Ask the model what it says instead.

# %%
without_clock = mean_ablate(model, rep_tokens, 1, clock, rep_cache)
says_instead = without_clock[:, -11:-1].argmax(dim=-1)  # in place of the last ten words of each text
common = says_instead.flatten().mode().values.item()
print(
    f"most often: {model.tokenizer.decode([common])!r}, in {(says_instead == common).float().mean():.0%} of the cases"
)
record(instead_share=(says_instead == common).float().mean())

z_clock = rep_cache["z", 1][:, :, clock]
not_repeats = torch.cat([rep_tokens[:, : n_half + 1], neighbours[:, n_half + 1 :]], dim=1)
_, plain_cache = model.run_with_cache(not_repeats, names_filter="*hook_z")
by_position = plain_cache["z", 1][:, :, clock].mean(dim=0)  # what it says at each position of random words
total = (z_clock - z_clock.mean(dim=(0, 1)))[:, 1:].square().sum()
unexplained = (z_clock - by_position)[:, 1:].square().sum() / total
record(clock_by_position=1 - unexplained)
print(f"{1 - unexplained:.0%} of the variance of its z is explained by the position")

# %% [markdown]
# In {{instead_share:.0%}} of the last ten places it says `<|endoftext|>`. This head is a clock:
# {{clock_by_position:.0%}} of the variance of its `z` is told by what it says, on average, at the same position of
# *other* texts, which are not even repeats. What it says early on is not what it says late, so at a late position its
# *average* is a wrong time, and the model takes it for the end of the text. The effect is real, but it is an effect
# of the wrong time and says nothing about induction. Resampling puts in what the clock said at the *same* position of
# another text: the right time, and nothing is lost.
#
# **Head 1.{{strongest:d}}** goes the other way: {{strongest_mean:.1f}} nats with its mean, {{strongest_resample:.1f}}
# when resampled. Added to the {{second_half_loss:.2f}} that the model starts from, that is more than a uniform guess
# among all tokens would cost ({{guess_loss:.1f}}). For the head has not been silenced: it speaks, with confidence,
# about another text. Resampling doesn't remove what a head says, it makes the head *lie*.
#
# So each kind asks a question of its own:
#
# - **Zero:** what if it wrote nothing? The rest has never met that, so its answer mixes loss and confusion.
# - **Mean:** what if it said what it says on average? Fair where the average is something that it might say; not fair
#   where what it says depends on the position, or is one of several things with nothing in between.
# - **Resample:** does it carry something about *this* prompt that other prompts don't share? The other prompts are
#   part of the question. Ours are repeated texts of the same length: so "this is a repeat" and "it is late" are
#   shared, and are not counted.
#
# None of the three is the right one, and papers differ: Olsson et al. (2022) ablate with zeros, Wang et al. (2022)
# with means over a set of prompts. Say which you used, and over which prompts.

# %% [markdown]
# ## What ablation cannot show
#
# It is tempting to read the figure as a list of parts: what has an effect is in the circuit, and what has none is
# not. Head 1.{{second:d}} warns us. It gives {{second_pattern:.0%}} of its attention to the place one after the
# previous occurrence, as 1.{{strongest:d}} does with {{strongest_pattern:.0%}}. And with its mean in its place, it
# costs {{second_mean:.2f}} nats: next to nothing.
#
# **Predict before you run:** put the mean in place of both at once. If effects were simply additive, what should come
# out? And what do you expect?


# %%
def averaged(heads: Sequence[tuple[int, int]]) -> Tensor:
    """The logits on the repeated texts with the mean in place of the z of several heads at once."""

    def hold(z: Tensor, hook: HookPoint) -> Tensor:
        for layer, head in heads:
            if layer == hook.layer():
                z[:, :, head] = rep_cache["z", layer][:, :, head].mean(dim=(0, 1))
        return z

    return model.run_with_hooks(rep_tokens, fwd_hooks=[("*hook_z", hold)])


def cost(heads: Sequence[tuple[int, int]]) -> Tensor:
    """By how much that raises the loss on the second half."""
    return model.loss_fn(averaged(heads), rep_tokens, per_token=True)[:, -n_half:].mean() - as_it_is_loss


def lead(heads: Sequence[tuple[int, int]]) -> Tensor:
    """By how much the right word's logit is then above the highest of the others: the median over the second half."""
    candidates, right = averaged(heads)[:, -n_half:-1], rep_tokens[:, -n_half + 1 :, None]
    others = candidates.scatter(-1, right, -torch.inf).max(dim=-1).values
    return (candidates.gather(-1, right)[..., 0] - others).median()


beyond = torch.zeros(n_heads, n_heads)
for one, two in itertools.combinations(range(n_heads), 2):
    beyond[one, two] = beyond[two, one] = cost([(1, one), (1, two)]) - cost([(1, one)]) - cost([(1, two)])
labels_1 = head_labels[n_heads:]
title = "Two heads mean-ablated: rise of the loss beyond the sum of the two (nats)"
show(
    heatmap(beyond, x="head", y="head", title=title, diverging=True, rows=labels_1, columns=labels_1), "ablation-pairs"
)

pair = [(1, strongest), (1, second)]
record(lead_behind=-lead(pair), pair_sum=cost(pair[:1]) + cost(pair[1:]), pair_together=cost(pair))
for name, heads in [("whole", []), ("strongest", pair[:1]), ("second", pair[1:]), ("both", pair)]:
    record(**{f"lead_{name}": lead(heads)})
    print(f"{name:9} mean-ablated: loss {cost(heads):+.2f}, the right word leads by {lead(heads):+.2f}")

# %% [markdown]
# The two alone cost {{pair_sum:.1f}} nats in sum; together they cost {{pair_together:.1f}}. Look at the logits to see
# why. Ordinarily the right word is {{lead_whole:.1f}} ahead of its nearest rival. Without 1.{{second:d}} it is still
# {{lead_second:.1f}} ahead, and the loss hardly notices: with such a lead the probability is still near 1.
# Without 1.{{strongest:d}} it is ahead by {{lead_strongest:.1f}}, and without both behind by {{lead_behind:.1f}}.
# Head 1.{{second:d}} contributed all the time; the yardstick was at its end.
#
# This is **redundancy**, and single ablations are blind to it. In models with more layers it can be worse: later
# heads notice that one is missing and take its place (the **backup heads** of Wang et al., 2022; McGrath et al.,
# 2023, call it the Hydra effect). Such heads await you in chapter 3.
#
# So this is what ablation, of any kind, can't show:
#
# - *No effect* does not mean *no part*. It may be redundant, or backed up, or needed on other prompts than yours.
# - *A large effect* does not mean *that is what it does*: think of the clock. Nor that the head knows the answer:
#   whoever cuts the power stops every machine in the house. Head {{largest_layer:d}}.{{largest_head:d}} has the largest
#   effect of all, whatever the kind, and those that do the work in layer 1 stand on it and others of layer 0.
# - *Effects don't add up*, neither to the whole nor to anything else.
#
# There is one more case.

# %%
idle = max(set(range(n_heads)) - {strongest, second}, key=lambda head: one_after[head].item())
record(idle=idle, idle_pattern=one_after[idle])
record(**{f"idle_{kind}": effects[1, idle].abs() for kind, effects in effects_by_kind.items()})
record(idle_beyond=beyond[idle, strongest])
for kind, effects in effects_by_kind.items():
    print(f"1.{idle}, {kind}: {effects[1, idle]:+.3f} nats")

# %% [markdown]
# Head 1.{{idle:d}} gives {{idle_pattern:.0%}} of its attention to the right place. To judge by its pattern it is an
# induction head. Taking it away moves the loss by {{idle_zero:.2f}} nats with zeros, {{idle_mean:.2f}} with the mean,
# {{idle_resample:.2f}} resampled; only where 1.{{strongest:d}} is missing too does its loss cost {{idle_beyond:.1f}}
# nats more than the sum. (On *this* yardstick. You have seen what it does in the first half.) It looks where an
# induction head looks. What does it say there? Its weights may tell.

# %% [markdown]
# ## What a head says, read from its weights
#
# For the third kind of evidence we don't run the model at all. At the end of this section you can say what a head
# does to each of {{vocabulary:,}} tokens, by multiplying matrices.
#
# The idea is from Elhage et al. (2021). A head has two separate parts, and each is one product of matrices:
#
# - The **QK circuit**, $W_Q W_K^T$, says *where* it looks. It takes what the stream holds at the query and at the
#   key, and gives a score.
# - The **OV circuit**, $W_V W_O$, says *what* it writes if it looks there. It takes what the stream holds at the key,
#   and gives what is added to the stream at the query.
#
# Put the embedding in front and the unembedding behind, and the OV circuit becomes a table over words,
#
# $$W_E \, W_V \, W_O \, W_U,$$
#
# in which row $s$, column $t$ says: if this head attends to word $s$, by how much does it raise the logit of word
# $t$? It is the **direct path** through this one head, and all of it can be known before the model has read a single
# text.

# %%
record(vocabulary=model.cfg.d_vocab, table_million=model.cfg.d_vocab**2 / 1e6, d_head=model.cfg.d_head)
record(table_gpt2=50257**2 / 1e9)

# %% [markdown]
# ### Factor the OV circuit
#
# The table has {{table_million:.1f}} million entries here, and {{table_gpt2:.1f}} thousand million for GPT-2: don't
# build it. Its rank is `d_head` at most, {{d_head:d}}, for everything passes through that narrow waist. So keep it as
# two thin factors, and multiply out only the rows or columns that you need. `FactoredMatrix(A, B)` stands for the
# product `A @ B`: it knows its `shape`, `A` and `B` can be read from it, `M[rows]` picks rows, and `M.AB` does
# multiply.


# %%
def ov_circuit(model: HookedTransformer, layer: int, head: int) -> FactoredMatrix:
    """What one head does to the logits when it attends to each token: `W_E W_V W_O W_U`, [d_vocab d_vocab_out].

    Rows are tokens attended to, columns tokens whose logit is raised or lowered. The product is not multiplied out: the
    two factors meet in the head's own d_head dimensions. Weights only; biases and positions are left out.

    With d_model = d_head = 1, W_E = (1, 2) for two tokens, W_V = 3, W_O = 10 and W_U = (1, -1), attending to token 1
    gives the logits (60, -60).
    """
    return FactoredMatrix(model.W_E @ model.W_V[layer, head], model.W_O[layer, head] @ model.W_U)


# %% [markdown]
# Here is a corner of the table of head 1.{{strongest:d}}: fourteen words, as attended to (rows) and as predicted
# (columns).
#
# **Predict before you run:** what must the table of an induction head look like, if the head is to do its work alone?

# %%
sample = torch.linspace(300, model.cfg.d_vocab - 20, 14).long()
sample_labels = [model.tokenizer.decode([token]).strip() for token in sample.tolist()]
table = ov_circuit(model, 1, strongest)
corner = table.A[sample] @ table.B[:, sample]
title = f"OV circuit of head 1.{strongest}: effect on logits (before LayerNorm's division)"
figure = heatmap(
    corner,
    x="word predicted",
    y="word attended to",
    title=title,
    diverging=True,
    rows=sample_labels,
    columns=sample_labels,
)
show(figure, "ov-corner")
record(corner_diagonal=corner.diagonal().mean(), corner_rest=(corner.sum() - corner.trace()) / (14 * 13))

# %% [markdown]
# The diagonal stands out: {{corner_diagonal:.2f}} on average, against {{corner_rest:.2f}} elsewhere. Whichever word
# this head attends to, it raises the logit of *that* word: it **copies**. An induction head needs exactly this: its
# QK circuit finds the word to say, its OV circuit says it.
#
# (The numbers are small because the stream is small: LayerNorm divides by its size before anything is read, which
# makes them larger. More on that below.)

# %% [markdown]
# ### Add circuits without multiplying out
#
# When several heads attend to the same word, what they write adds up, and so do their tables. Is the sum of factored
# matrices again a factored matrix? It is, with a waist as wide as all of theirs together. Put the left factors side
# by side, and the right ones one below the other:
#
# $$A_1 B_1 + A_2 B_2 = \begin{pmatrix} A_1 & A_2 \end{pmatrix} \begin{pmatrix} B_1 \\ B_2 \end{pmatrix}.$$


# %%
def sum_of_circuits(circuits: Sequence[FactoredMatrix]) -> FactoredMatrix:
    """The sum of factored matrices of one shape, factored: nothing is multiplied out, and the waists add up.

    If A is [5, 2] and B is [2, 7] in one, and [5, 3] and [3, 7] in another, the sum has A [5, 5] and B [5, 7].
    """
    return FactoredMatrix(
        torch.cat([circuit.A for circuit in circuits], dim=-1), torch.cat([circuit.B for circuit in circuits], dim=-2)
    )


# %% [markdown]
# ## Does it copy? Two scores
#
# A corner of fourteen words is an anecdote. Two numbers say it for the whole vocabulary (the second is due to Elhage
# et al., 2021).

# %% [markdown]
# ### Count the words that come out on top
#
# The first is plain: for what fraction of words does attending to the word raise *its own* logit more than that of
# any other token in the vocabulary? Each row of the table has one largest entry; is it the one on the diagonal?
#
# Every row has to be multiplied out for that, but not all at once: take `chunk` rows, look where their maxima are,
# and let them go.


# %%
def top1_copying(ov: FactoredMatrix, tokens: Int[Tensor, " n"], chunk: int = 256) -> float:
    """The fraction of `tokens` whose own logit is the largest of their row of `ov` [d_vocab d_vocab].

    A token's own logit competes with those of the whole vocabulary, not only of `tokens`. At most `chunk` rows are
    multiplied out at a time.

    For the table (3, 1, 0), (5, 2, 1), (0, 0, 4) and the tokens 0, 1, 2 it is 2/3: row 1 has its largest entry in
    column 0.
    """
    hits = 0
    for rows in tokens.split(chunk):
        hits += int(((ov.A[rows] @ ov.B).argmax(dim=-1) == rows).sum())
    return hits / len(tokens)


# %% [markdown]
# ### Ask the eigenvalues
#
# The second score needs no rows at all. Think of a table $M$ and a mixture of words $x$ (a row of numbers, one for
# each word). If attending to the mixture raises the very same mixture, then $x M = \lambda x$ with $\lambda > 0$: the
# mixture is an **eigenvector**, and $\lambda$ its eigenvalue. A head that copies has positive eigenvalues; one that
# suppresses what it sees has negative ones; one that turns words into other words has eigenvalues on all sides,
# complex ones included. So the score
#
# $$\frac{\sum_i \lambda_i}{\sum_i |\lambda_i|}$$
#
# is 1 for perfect copying, −1 for perfect suppression, and near 0 if there is no system. Complex eigenvalues of a
# real matrix come in conjugate pairs, so the sum is real.
#
# A table over the vocabulary has {{vocabulary:,}} eigenvalues, and finding them is slow; for GPT-2's it is hopeless.
# But at most {{d_head:d}} of them are not zero, and these are the eigenvalues of the *small* product $BA$, which is
# `d_head` by `d_head`. (If $x\,AB = \lambda x$, then $(xA)\,BA = \lambda\,(xA)$.)


# %%
def copying_eigenvalue_score(ov: FactoredMatrix) -> float:
    """The sum of the eigenvalues of `ov` [d_vocab d_vocab], divided by the sum of their absolute values; -1 to 1.

    Computed from the small product of the factors in the other order, [d_head d_head], which has the same eigenvalues
    apart from zeros. Eigenvalues may be complex; the absolute value of a + bi is the root of a² + b².

    Eigenvalues 3, -1 and 0 give (3 - 1) / (3 + 1) = 0.5.
    """
    eigenvalues = torch.linalg.eigvals(ov.B @ ov.A)
    return (eigenvalues.sum().real / eigenvalues.abs().sum()).item()


# %% [markdown]
# All twelve heads, on all {{n_scored:,}} words (the vocabulary also has single bytes, which the specimen has never
# seen).
#
# **Predict before you run:** which heads will copy? You have the patterns and the ablations to go by. Write down what
# you expect of 1.{{idle:d}}, too.

# %%
word_ids = torch.arange(257, model.cfg.d_vocab)
record(n_scored=len(word_ids))
copying = torch.zeros(2, model.cfg.n_layers, n_heads)
for layer, head in itertools.product(range(model.cfg.n_layers), range(n_heads)):
    table = ov_circuit(model, layer, head)
    copying[:, layer, head] = torch.tensor([copying_eigenvalue_score(table), top1_copying(table, word_ids)])
title = "Copying, read from the weights"
figure = heatmap(
    copying.flatten(1),
    x="head",
    y="score",
    title=title,
    diverging=True,
    rows=["eigenvalues", "own word on top"],
    columns=head_labels,
)
show(figure, "copying-scores")
both = top1_copying(sum_of_circuits([ov_circuit(model, 1, head) for head in (strongest, second)]), word_ids)
record(top1_strongest=copying[1, 1, strongest], top1_second=copying[1, 1, second], top1_both=both)
record(eigen_strongest=copying[0, 1, strongest], eigen_second=copying[0, 1, second])
record(top1_idle=copying[1, 1, idle], eigen_idle=copying[0, 1, idle])
others = [head for head in range(n_heads) if head not in (strongest, second)]
record(top1_others=copying[1, 1, others].max())
record(eigen_layer_0=copying[0, 0].max(), top1_layer_0=copying[1, 0].max())
print("eigenvalues:    ", [[round(score, 2) for score in row] for row in copying[0].tolist()])
print("own word on top:", [[round(score, 3) for score in row] for row in copying[1].tolist()])

# %% [markdown]
# Two heads stand out: the two of layer 1 whose resampling hurt. For 1.{{strongest:d}} the word attended to comes out
# on top for {{top1_strongest:.0%}} of all words, for 1.{{second:d}} for {{top1_second:.0%}}, and for their sum for
# {{top1_both:.0%}}; in no other head of layer 1 for more than {{top1_others:.1%}}. Their eigenvalue scores are
# {{eigen_strongest:.2f}} and {{eigen_second:.2f}}. Nothing of this came from running the model.
#
# And 1.{{idle:d}}, which looks at the right place? Its own word comes out on top for {{top1_idle:.1%}}, and its
# eigenvalue score is {{eigen_idle:.2f}}: on this path it says the word that it sees faintly at best. That a pattern
# is no proof was a warning before; now you have a case of your own: its pattern says "induction head", and both the
# ablation and the weights contradict it.
#
# The two scores need not agree. In layer 0 some heads have eigenvalue scores up to {{eigen_layer_0:.2f}}, and yet the
# word attended to comes out on top for no more than {{top1_layer_0:.1%}}. Such a head raises whole mixtures of words
# by which many words share something (being a name, say), and within the mixture another word may always be ahead.
# A score of the weights is a measurement like any other: it says what it counts, and no more.

# %% [markdown]
# ## What the table leaves out
#
# How far can one trust such a table? Four things stand between it and the model, and it is worth knowing which of
# them matter.
#
# **LayerNorm at the source.** The head reads the stream divided by its standard deviation, a number that differs from
# position to position. (Scale and shift of LayerNorm are no trouble: they have been folded into the weights.) So each
# row of the table gets multiplied by a positive number that we don't know.
#
# **LayerNorm at the end.** The same happens to the sum of all that was written, before it is unembedded.
#
# Positive factors don't change *which* entry of a row is largest: for the direct path of one head, `top1_copying` is
# exact. They do change eigenvalues, so that score is an approximation: with each row divided by the spread of its own
# embedding, which is what LayerNorm would do if there were nothing else in the stream, the score of 1.{{strongest:d}}
# goes from {{eigen_strongest:.3f}} to {{eigen_divided:.3f}}, which is no great matter here. The sizes of the logits
# are in arbitrary units until one puts in a scale measured in a run.
#
# **The rest of the stream.** At layer 1, what the head reads at the word attended to is not its embedding alone.
# There is the position, and there is what layer 0 wrote there. The table covers the direct path, one term of several.
#
# **The others.** Whether the raised logit ends up on top also depends on everything else that is written.
#
# How much does the third one matter? In layer 0 there are heads that look at their own position: what they write is
# one more function of the same word. Add it to the embedding (divided by the measured scale, as LayerNorm would), and
# ask again. The scale is in the cache: `cache["scale", 0, "ln1"]` is short for `cache["blocks.0.ln1.hook_scale"]`, the
# number by which the LayerNorm before layer 0's attention divides at each position, [batch pos 1].
#
# **Predict before you run:** the table predicted that what 1.{{second:d}} attends to comes out on top for
# {{top1_second:.0%}} of words. In a run, does what it actually writes favour the word attended to more often than
# that?

# %%
first_scale = rep_cache["scale", 0, "ln1"][:, 1:].mean()
own_attention = rep_cache["pattern", 0].diagonal(dim1=-2, dim2=-1)[..., 1:].mean(dim=(0, 2))
on_themselves = [head for head in range(n_heads) if own_attention[head] > 0.5]
richer = model.W_E + sum(model.W_E / first_scale @ model.W_V[0, head] @ model.W_O[0, head] for head in on_themselves)
for head, name in [(strongest, "strongest"), (second, "second"), (idle, "idle")]:
    direct = ov_circuit(model, 1, head)
    with_layer_0 = top1_copying(FactoredMatrix(richer @ model.W_V[1, head], direct.B), word_ids)
    written = rep_cache["z", 1][:, n_half + 1 : -1, head] @ direct.B  # [batch, place in the second half, logit]
    looked_at = rep_tokens.gather(1, rep_cache["pattern", 1][:, head].argmax(dim=-1))[:, n_half + 1 : -1]
    in_run = (written.argmax(dim=-1) == looked_at).float().mean()
    print(f"1.{head}: embedding {copying[1, 1, head]:.0%}, with layer 0 {with_layer_0:.0%}, in the run {in_run:.0%}")
    record(**{f"richer_{name}": with_layer_0, f"in_run_{name}": in_run})
record(n_themselves=len(on_themselves))

table = ov_circuit(model, 1, strongest)
divided = FactoredMatrix(table.A / model.W_E.std(dim=-1, keepdim=True), table.B)
record(eigen_divided=copying_eigenvalue_score(divided))
print(f"eigenvalue score of 1.{strongest} with every row divided: {copying_eigenvalue_score(divided):.2f}")

# %% [markdown]
# For 1.{{second:d}} the table alone says {{top1_second:.0%}}. With what the {{n_themselves:d}} heads of layer 0 that
# look at themselves write about the same word it says {{richer_second:.0%}}; in the run, with positions and all the
# rest of the stream, the word attended to is the top of what this head writes in {{in_run_second:.0%}} of the places.
# For 1.{{strongest:d}} the three numbers are {{top1_strongest:.0%}}, {{richer_strongest:.0%}} and
# {{in_run_strongest:.0%}}; for 1.{{idle:d}}, {{top1_idle:.0%}}, {{richer_idle:.0%}} and {{in_run_idle:.0%}}.
#
# So the prediction from the weights is right about *which* heads copy, and only roughly right about how often. Other
# terms of the stream help and disturb. When a head reads what another head wrote, its OV circuit continues that of
# the other one: **V-composition**. In a deeper model such longer paths get many, and the direct one gets less
# important.

# %% [markdown]
# ## Where a head looks, read from its weights
#
# The OV circuit said *what*. Now *where*: the QK circuit. At the end of this section you will have found the
# previous-token head from its weights and one measured number.
#
# In layer 0 the stream at a position is its word's embedding plus the position's: $e_i + p_i$, and the normalised
# stream divides that by its size $s$. Multiply out query times key, and there are four terms: word with word, word
# with position, position with word, and position with position,
#
# $$\frac{p_i}{s} W_Q \cdot \frac{p_j}{s} W_K .$$
#
# A head that looks at the previous position *whatever the words* has to live by the last one. It can be computed for
# all pairs of positions: a whole attention pattern, from weights and one number $s$.

# %% [markdown]
# ### A pattern from positions alone
#
# Compute what a head's pattern would be if the words had no say: the queries and keys come from `W_pos / scale`, the
# query bias is added (a bias knows neither words nor positions, and it is always there), and then as ever: the dot
# products are divided by $\sqrt{d_{head}}$, the future is hidden, each query's weights sum to 1.
#
# The key bias may be left out: it adds the same number, $q_i \cdot b_K / \sqrt{d_{head}}$, to all scores of query $i$,
# and the softmax doesn't notice. (It is the parameter of chapter 1 that does nothing.)


# %%
def positional_qk(model: HookedTransformer, layer: int, head: int, scale: float) -> Float[Tensor, "query key"]:
    """The attention pattern [n_ctx n_ctx] of a head that sees the position vectors only, each divided by `scale`.

    Queries are `W_pos / scale @ W_Q + b_Q`, keys `W_pos / scale @ W_K`, one for each of the n_ctx positions. Scores are
    divided by sqrt(d_head), keys after the query are hidden, and each row sums to 1.

    If all of W_Q and b_Q are 0, all scores are 0, and the rows are (1, 0, 0, ...), (1/2, 1/2, 0, ...), and so on.
    """
    positions = model.W_pos / scale
    q = positions @ model.W_Q[layer, head] + model.b_Q[layer, head]
    k = positions @ model.W_K[layer, head]
    scores = q @ k.T / math.sqrt(q.shape[-1])
    later = torch.ones_like(scores, dtype=torch.bool).triu(diagonal=1)
    return scores.masked_fill(later, -torch.inf).softmax(dim=-1)


# %% [markdown]
# The scale is the one thing that the weights don't give us: we take the average from a run, `first_scale` from above.
# In layer 0 it lies between {{scale_low:.2f}} and {{scale_high:.2f}}, depending on the word and the place.
#
# **Predict before you run:** for how many of the heads of layer 0 will the pattern from positions look like the
# pattern in a run? For which will it *not*?

# %%
every_scale = rep_cache["scale", 0, "ln1"][:, 1:]
record(scale_low=every_scale.min(), scale_high=every_scale.max())
from_weights, from_run, apart = [], [], torch.zeros(n_heads)
for head in range(n_heads):
    from_weights.append(positional_qk(model, 0, head, first_scale.item())[: rep_tokens.shape[1], : rep_tokens.shape[1]])
    from_run.append(rep_cache["pattern", 0][:, head].mean(dim=0))
    shares = [p.diagonal(-1).mean().item() for p in (from_weights[-1], from_run[-1])]
    apart[head] = (from_weights[-1] - from_run[-1]).abs().sum(dim=-1).mean() / 2  # attention that is elsewhere
    print(f"0.{head}: one back {shares[0]:.0%} (weights), {shares[1]:.0%} (run); {apart[head]:.0%} of it elsewhere")

one_back = max(range(n_heads), key=lambda head: from_weights[head].diagonal(-1).mean().item())
record(previous=one_back, previous_weights=from_weights[one_back].diagonal(-1).mean())
record(previous_run=from_run[one_back].diagonal(-1).mean(), previous_apart=apart[one_back])
record(n_positional=(apart < 0.1).sum(), apart_worst=apart.max(), worst=apart.argmax())
record(worst_first=from_run[int(apart.argmax())][1:, 0].mean())
title = f"Head 0.{one_back}: pattern from positions alone, first 20 positions"
show(heatmap(from_weights[one_back][:20, :20], x="key position", y="query position", title=title), "positional-pattern")

# %% [markdown]
# Head 0.{{previous:d}} is a previous-token head by its weights alone: {{previous_weights:.0%}} of its attention would
# go one back if it saw nothing but positions, and {{previous_run:.0%}} goes there in a run. Only
# {{previous_apart:.0%}} of its attention is in another place than predicted.
#
# Of the six patterns, {{n_positional:d}} come out right to within a tenth of the attention. The others are not to be
# had from positions, for these heads look at words: 0.{{worst:d}}, of which {{apart_worst:.0%}} is elsewhere, gives
# {{worst_first:.0%}} to `<|endoftext|>`, which is a token and no position. That is the limit of the method: it leaves
# out three of the four terms. The scale is a second one. We took one number for all positions; in the model, a larger
# stream makes all of a query's scores smaller, and its attention more even.
#
# Now put the pieces side by side. By their patterns, {{n_looking:d}} heads of layer 1 look one after the previous
# occurrence. By resampling, two of them matter, and so does 0.{{previous:d}}. By their weights, these two copy, and
# 0.{{previous:d}} looks one back. One thing is missing: how does a head of layer 1 *know* where its word occurred
# before? No pattern tells, and no ablation. It must be in the weights as well, in the way in which the QK circuits of
# layer 1 read what 0.{{previous:d}} has written. That is **composition**, and it comes next.

# %% [markdown]
# ## Two heads in a row
#
# You know by now who looks where, and whose absence hurts. One question is left, and it is the deepest one: *how does
# an induction head find its place?* It stands on a word, and looks at the position **after** the last place where
# this word stood. That position holds another word. Nothing in its own embedding says what stood before it.
#
# Somebody must have told it. A head of layer 0 that looks one back can do so: it writes at each position "the word
# before me was …", and a head of layer 1 that uses *this note* as a key finds, for the word it stands on, the
# position that has the word in its note. The two heads are one machine.
#
# When a head reads what an earlier head wrote, the two **compose**. There are three ways to, since a head reads
# three times (Elhage et al., 2021): the earlier head can decide what the later one asks for (**Q-composition**), what
# a position offers to be found by (**K-composition**), or what is carried off (**V-composition**). The story above
# says: K-composition with a previous-token head.
#
# A story. In this section you learn to take a single attention score apart, into what each writer contributed to it.
# Then the story becomes a table of numbers.

# %% [markdown]
# ### Take apart what layer 1 reads
#
# What the heads of layer 1 read is the stream after layer 0, normalised. The stream is a plain sum: token embedding,
# position embedding, what each head of layer 0 wrote ($z W_O$ for that head), and the layer's bias $b_O$. LayerNorm
# takes away the mean over `d_model`, which is linear, and divides by one number a position, its **scale**. Hold that
# number at what it was (we *freeze* it, and the cache knows it), and the normalised stream is a sum as well:
#
# $$
# \text{LN}(x) = \frac{x - \bar x}{s} = \sum_c \frac{x_c - \bar x_c}{s}, \qquad x = \sum_c x_c.
# $$
#
# Each part is centred by its own mean, and all are divided by the *same* scale: that of their sum.


# %%
def decompose_qk_input(cache: ActivationCache) -> Float[Tensor, "component batch pos d_model"]:
    """What the heads of layer 1 read, in parts that add up to `cache["normalized", 1, "ln1"]`.

    The parts, in this order: the token embedding (`cache["hook_embed"]`), the position embedding
    (`cache["hook_pos_embed"]`), what each head of layer 0 wrote (its `cache["z", 0]`, [batch pos head d_head], times
    its `W_O`), and layer 0's bias b_O. So there are 3 + n_heads. Weights are in `cache.model`: `W_O` is
    [layer head d_head d_model], `b_O` is [layer d_model].

    Each is centred over d_model and divided by layer 1's frozen scale, `cache["scale", 1, "ln1"]`, [batch pos 1]. The
    model has no MLPs, and its LayerNorms have no weights of their own.

    If a part is (1, 3) where the scale is 2, it becomes (-1, 1) / 2 = (-0.5, 0.5).
    """
    W_O, b_O = cache.model.W_O[0], cache.model.b_O[0]
    heads = einsum(cache["z", 0], W_O, "batch pos head d_head, head d_head d_model -> head batch pos d_model")
    embed, pos_embed = cache["hook_embed"], cache["hook_pos_embed"]
    parts = torch.cat([embed[None], pos_embed[None], heads, b_O.expand_as(embed)[None]])
    return (parts - parts.mean(dim=-1, keepdim=True)) / cache["scale", 1, "ln1"]


# %%
_, rep_cache = model.run_with_cache(rep_tokens)
parts = decompose_qk_input(rep_cache)
part_names = ["token", "position", *(f"0.{head}" for head in range(model.cfg.n_heads)), "bias"]
gap = (parts.sum(dim=0) - rep_cache["normalized", 1, "ln1"]).abs().max()
print(f"{len(parts)} parts; their sum differs from what layer 1 reads by up to {gap.item():.1e}")
for name, size in zip(part_names, parts.norm(dim=-1).mean(dim=(1, 2)).tolist(), strict=True):
    print(f"{name:10} has length {size:.2f} on average")

# %% [markdown]
# Nothing has been lost and nothing estimated: it is an equation. The approximation comes later, if we *use* the parts
# to say what would happen without one of them, because then the scale would be another one.

# %% [markdown]
# ### Take apart a score
#
# A score is a product of two sides, $q \cdot k / \sqrt{d_{head}}$, and both are now sums. So a score is a sum over
# *pairs*: what writer $a$ put into the query, times what writer $c$ put into the key.
#
# $$
# \frac{1}{\sqrt{d_{head}}}\Big(\sum_a x_a W_Q + b_Q\Big) \cdot \Big(\sum_c x_c W_K + b_K\Big)
# $$
#
# The head's own biases are a writer too: give them a row and a column, after all others.


# %%
def decompose_scores(
    parts: Float[Tensor, "component batch pos d_model"],
    W_Q: Float[Tensor, "d_model d_head"],
    b_Q: Float[Tensor, " d_head"],
    W_K: Float[Tensor, "d_model d_head"],
    b_K: Float[Tensor, " d_head"],
) -> Float[Tensor, "query_part key_part batch query key"]:
    """The attention scores of one head, split by who wrote the query and who wrote the key.

    `parts` add up to what the head reads. The last of the `component + 1` query parts is the bias b_Q, the last key
    part b_K. Scores are divided by sqrt(d_head); all keys are kept, later ones too. The sum over the first two axes is
    the head's score.

    With d_model = d_head = 1, one text of one position, the parts 2 and 3, W_Q = 1, W_K = 10, b_Q = 4, b_K = 50, the
    query parts are 2, 3, 4 and the key parts 20, 30, 50. The result is their table of products, first row 40, 60, 100.
    """
    batch, pos = parts.shape[1:3]
    q = torch.cat([parts @ W_Q, b_Q.expand(1, batch, pos, -1)])
    k = torch.cat([parts @ W_K, b_K.expand(1, batch, pos, -1)])
    pairs = "query_part batch query d_head, key_part batch key d_head -> query_part key_part batch query key"
    return einsum(q, k, pairs) / math.sqrt(W_Q.shape[-1])


# %% [markdown]
# For softmax only *differences* between the keys of a query count. So here is the number to look at: by how much is
# the score at the right key, the one on the stripe, higher than at the other keys that this query sees, on average?
# We split that advantage, over all queries in the second half of repeated text, by pairs of writers, for head
# 1.{{strongest:d}}, the one whose resampling costs most.
#
# **Predict before you run:** which cell of the table will be the largest? Write down a row (who wrote the query) and
# a column (who wrote the key) before you look.


# %%
def stripe_advantage(scores: Float[Tensor, "*parts batch query key"], length: int) -> Float[Tensor, "*parts"]:
    """How much higher scores are on the induction stripe than at the other visible keys, in repeats of this length."""
    gaps = []
    for query in range(length + 1, 2 * length + 1):
        right = query - length + 1
        others = scores[..., query, [key for key in range(query + 1) if key != right]].mean(dim=-1)
        gaps.append(scores[..., query, right] - others)
    return torch.stack(gaps).mean(dim=(0, -1))


length = (rep_tokens.shape[1] - 1) // 2
reading = [getattr(model, name)[1, strongest] for name in ("W_Q", "b_Q", "W_K", "b_K")]
table = stripe_advantage(decompose_scores(parts, *reading), length)

title = f"Head 1.{strongest}: who gives the stripe its advantage? (score)"
rows = [*part_names, "own b"]
figure = heatmap(table, x="wrote the key", y="wrote the query", title=title, rows=rows, columns=rows, diverging=True)
show(figure.update_yaxes(automargin=True, title_standoff=12), "score-pairs")
best = table.flatten().argsort(descending=True)[:4]
for i in best.tolist():
    print(f"query from {rows[i // len(rows)]:8} key from {rows[i % len(rows)]:8} {table.flatten()[i].item():+.2f}")
print(f"all together {table.sum().item():+.2f}")

carriers = table.sum(dim=0)
record(stripe_total=table.sum())
record(key_share=100 * carriers.max() / table.sum(), key_writer=carriers.argmax() - 2)
record(embed_query=table[0, carriers.argmax()])
from_heads = table[2:-2, carriers.argmax()].argsort(descending=True)[:2]
record(query_head=from_heads[0], second_query_head=from_heads[1])
record(query_head_gap=table[2 + from_heads[0], carriers.argmax()])
record(second_query_gap=table[2 + from_heads[1], carriers.argmax()])

# %% [markdown]
# One *column* holds nearly everything: {{key_share:.0f}} % of head 1.{{strongest:d}}'s advantage
# ({{stripe_total:.1f}} in all) comes by keys that head 0.{{key_writer}} wrote, the previous-token head. That is the
# K-composition of the story, found in the model.
#
# The *rows* hold a surprise. If you wrote down "token", you followed the usual account: the query says which word
# stands here. It does, with {{embed_query:.1f}}. But more comes from two heads of layer 0: {{query_head_gap:.1f}}
# from 0.{{query_head}} and {{second_query_gap:.1f}} from 0.{{second_query_head}}. Both are current-token heads. They
# look at the word that stands here and write it down once more, louder. So this model has *Q-composition* as well. In
# the two-layer model that Elhage et al. (2021) took apart there was little of it. Look before you believe a story,
# even one that is right in the main.

# %% [markdown]
# **What it cannot show.** An average over all other keys hides the single one that would have won. And a table of
# what *is there* doesn't say what would happen if it weren't: without a part the scale is another, and the softmax
# may still be sure. Next we ask that question directly.

# %% [markdown]
# ## Cut one path
#
# Ablating head 0.0 altogether would prove little. It writes into the stream that *everybody* reads: layer 1's
# queries, keys and values, and the logits. What we claim is narrower: the **keys** of layer 1 need it. So cut this
# one path, and leave all others as they are.

# %% [markdown]
# ### Cut a path between two layers
#
# The hooked model lets each head read its query, key and value inputs from copies of the stream that can be edited
# one by one: `blocks.1.hook_q_input`, `hook_k_input`, `hook_v_input`, all [batch pos head d_model], from before
# LayerNorm. They exist when you name them in a hook. Likewise `blocks.0.attn.hook_result`, [batch pos head d_model],
# is what each head writes. It is large, so it is computed only where it is named: `run_with_cache(tokens)` without
# `names_filter` doesn't hold it, and whoever asks that cache for it reads "was not cached: widen names_filter to have
# it".
#
# Mind the two head axes. In `hook_result` it counts heads of layer 0, those that write; in `hook_k_input` heads of
# layer 1, those that read. Every reader loses what the one writer said.
#
# On one of the three, take away what one head of layer 0 wrote and put its mean in place, over all texts and
# positions: so the stream keeps its usual size and its constant part, and loses only what that head knew about the
# text.


# %%
def cut_path(
    model: HookedTransformer, tokens: Int[Tensor, "batch pos"], head: int, side: str
) -> Float[Tensor, "batch pos d_vocab"]:
    """The logits when one side of layer 1 no longer learns what one head of layer 0 wrote.

    side: "q", "k" or "v": for this input of all heads of layer 1, what `head` of layer 0 wrote is replaced by its mean
    over texts and positions. The other two sides, and whoever else reads the stream, see everything. LayerNorm is
    computed from what is left. The model has no hooks before and none afterwards.
    """
    _, cache = model.run_with_cache(tokens, names_filter="blocks.0.attn.hook_result", return_type=None)
    written = cache["result", 0][:, :, [head]]  # batch pos 1 d_model: the same for every head that reads it
    news = written - written.mean(dim=(0, 1), keepdim=True)

    def without_news(read: Float[Tensor, "batch pos head d_model"], hook: HookPoint) -> Tensor:
        return read - news

    return model.run_with_hooks(tokens, fwd_hooks=[(f"blocks.1.hook_{side}_input", without_news)])


# %% [markdown]
# There are six heads in layer 0 and three sides in layer 1: eighteen cuts. For each we measure the loss on the second
# half of repeated text.
#
# **Predict before you run:** which cuts will hurt? The table of scores makes a prediction about the keys, and another
# one about the queries. Does it say anything about values?


# %%
def second_half_loss(logits: Float[Tensor, "batch pos d_vocab"], tokens: Int[Tensor, "batch pos"]) -> float:
    """The mean loss where the answer could be copied: on all tokens of the second half but its first."""
    half = (tokens.shape[1] - 1) // 2
    return loss_by_position(logits, tokens)[half + 1 :].mean().item()


uncut = second_half_loss(model(rep_tokens), rep_tokens)
cuts = torch.tensor(
    [
        [second_half_loss(cut_path(model, rep_tokens, head, side), rep_tokens) for side in "qkv"]
        for head in range(model.cfg.n_heads)
    ]
)
heads_0 = [f"0.{head}" for head in range(model.cfg.n_heads)]
sides = ["queries", "keys", "values"]
title = "Loss on the second half with one path cut (nats)"
show(heatmap(cuts, x="cut from layer 1's", y="writer", title=title, rows=heads_0, columns=sides), "cut-paths")

for head in range(model.cfg.n_heads):
    print(f"without 0.{head}:", ", ".join(f"{side} {cuts[head, i]:.2f}" for i, side in enumerate(sides)))
key_cuts = cuts[:, 1].argsort(descending=True)
query_cuts = cuts[:, 0].argsort(descending=True)
record(new_word_loss=model(rep_tokens[:, : length + 1], return_type="loss"))
record(uncut_loss=uncut, cut_key_head=key_cuts[0], cut_key_loss=cuts[key_cuts[0], 1])
record(cut_key_second=key_cuts[1], cut_key_second_loss=cuts[key_cuts[1], 1])
record(cut_query_head=query_cuts[0], cut_query_loss=cuts[query_cuts[0], 0])
record(cut_query_second=query_cuts[1], cut_query_second_loss=cuts[query_cuts[1], 0])
record(same_head_other_side=cuts[key_cuts[0], 0], most_by_value=cuts[:, 2].max())


def cut_but_for_the_place(head: int, side: str) -> float:
    """The loss when the mean is taken over the texts only, so that each position keeps what is said there anyway."""
    _, cache = model.run_with_cache(rep_tokens, names_filter="blocks.0.attn.hook_result")
    news = cache["result", 0][:, :, [head]] - cache["result", 0][:, :, [head]].mean(dim=0, keepdim=True)
    hooks = [(f"blocks.1.hook_{side}_input", lambda read, hook: read - news)]
    return second_half_loss(model.run_with_hooks(rep_tokens, fwd_hooks=hooks), rep_tokens)


placed = [cut_but_for_the_place(int(head), "k") for head in key_cuts[:2]]
print(
    "the same with the mean of each position:",
    ", ".join(f"0.{head} {loss:.2f}" for head, loss in zip(key_cuts[:2], placed, strict=True)),
)
record(placed_first=placed[0], placed_second=placed[1])

# %% [markdown]
# Uncut, the loss is {{uncut_loss:.2f}}. (Not {{second_half_loss:.2f}}, as in the second proof: there the first word of
# the second half was counted too, which nobody can foresee for certain.) Without head 0.{{cut_key_head}} in the keys
# it is {{cut_key_loss:.2f}}. On the first half, where nothing can be copied, it was {{new_word_loss:.2f}}: what remains
# is worse than no memory. The same head cut from the *queries*: {{same_head_other_side:.2f}}. So it matters, and it
# matters there. In the queries, 0.{{cut_query_head}} and 0.{{cut_query_second}} matter ({{cut_query_loss:.2f}} and
# {{cut_query_second_loss:.2f}}), the two current-token heads of the table. This is causal evidence for a path, and not
# just for a head.
#
# One number the table did not lead us to expect. Cut head 0.{{cut_key_second}} from the keys, and the loss is
# {{cut_key_second_loss:.2f}}, though it adds little to the stripe. A second path? Remember the clock: our mean is over
# texts *and positions*, so what a head says at a place, whatever the text, is taken away as well. The last line
# printed keeps it, with a mean for each position: {{placed_second:.2f}}. So hardly anything of this *text* was missed,
# only the place; while for 0.{{cut_key_head}} it is still {{placed_first:.2f}}. Cutting values costs up to
# {{most_by_value:.2f}}: what the heads of layer 1 carry off is in part what layer 0 made of a word.
#
# **What it cannot show.** A cut tells that the path is *needed*, on these texts. It doesn't show that it is enough,
# nor what would happen where other words, or other lengths, are repeated.

# %% [markdown]
# ## The third proof: weights
#
# Patterns and cuts are measurements on some texts. A claim about *weights* holds for all texts at once. If 0.0 and an
# induction head are one machine, we must be able to multiply their matrices, without running the model at all, and
# see in the product what it does.

# %% [markdown]
# ### Factor the circuit of two heads
#
# Take a word $b$ at the query and ask: how well does it fit a key position *before which* the word $a$ stood, going
# only by what the previous-token head noted there? The query is $W_E[b]\,W_Q$. The note is $W_E[a]\,W_V^p W_O^p$, and
# the key made from it is that times $W_K$. So the score, up to LayerNorm, biases and the root of `d_head`, is entry
# $(b, a)$ of
#
# $$
# M = \big(W_E W_Q\big)\,\big(W_E W_V^p W_O^p W_K\big)^{\!\top}.
# $$
#
# That is a matrix of all words by all words, but a product of two thin ones: it never needs to be multiplied out.
# Return a `FactoredMatrix` whose inner size is at most `d_head`.


# %%
def k_composition_circuit(model: HookedTransformer, earlier: tuple[int, int], later: tuple[int, int]) -> FactoredMatrix:
    """How well each word as a query fits each word noted by the earlier head: [d_vocab d_vocab], factored.

    earlier, later: heads as (layer, head). Row b is the word at the query position of the later head, taken by its
    embedding; column a is the word that the earlier head moved to the key position, through W_E W_V W_O. LayerNorm,
    biases and the division by sqrt(d_head) are left out. The inner size of the product is `d_head`.

    If d_model = d_head = 1, W_E = (1, 2), and the earlier head has W_V = 3, W_O = 5, the later one W_Q = 10, W_K = 1,
    the queries are 10, 20, the keys 15, 30, and the matrix is (150, 300), (300, 600).
    """
    (from_layer, from_head), (to_layer, to_head) = earlier, later
    query = model.W_E @ model.W_Q[to_layer, to_head]
    noted = model.W_E @ model.W_V[from_layer, from_head] @ model.W_O[from_layer, from_head]
    key = noted @ model.W_K[to_layer, to_head]
    return FactoredMatrix(query, key.mT)


# %% [markdown]
# If the pair of heads does induction, each word must fit best where the *same* word was noted: the largest entry of
# each row must lie on the diagonal. We count how often it does, for all 36 pairs of a head of layer 0 and one of
# layer 1, over every word that repeated text is made of.
#
# **Predict before you run:** there are {{n_fitted_words:,.0f}} words. What share of hits would chance give?

# %%
from course_utils.data.microworld.kinds.repeats import WORDS

repeat_ids = torch.tensor(sorted(ids_by_word()[word] for word in WORDS))
hits = torch.zeros(model.cfg.n_heads, model.cfg.n_heads)
for earlier, later in itertools.product(range(model.cfg.n_heads), repeat=2):
    circuit = k_composition_circuit(model, (0, earlier), (1, later))
    fits = circuit.A[repeat_ids] @ circuit.B[:, repeat_ids]
    hits[earlier, later] = (fits.argmax(dim=-1) == torch.arange(len(repeat_ids))).float().mean()

heads_1 = [f"1.{head}" for head in range(model.cfg.n_heads)]
title = "Share of words that fit best where they were noted"
show(heatmap(hits, x="later head", y="earlier head", title=title, rows=heads_0, columns=heads_1), "diagonal-hits")
best_pairs = hits.flatten().argsort(descending=True)[:4]
for i in best_pairs.tolist():
    print(f"0.{i // model.cfg.n_heads} then 1.{i % model.cfg.n_heads}: {hits.flatten()[i].item():.1%}")
record(n_fitted_words=len(repeat_ids), chance_hit=100 / len(repeat_ids), best_hit=100 * hits.max())
record(third_hit=100 * hits.flatten()[best_pairs[2]], fourth_hit=100 * hits.flatten()[best_pairs[3]])

# %% [markdown]
# Chance would give {{chance_hit:.2f}} %. Three pairs stand out: previous-token head 0.0 with each of the three heads
# that have a stripe, the best with {{best_hit:.0f}} % and the third with {{third_hit:.0f}} %; the next best pair has
# {{fourth_hit:.0f}} %. No text was read for this. Nobody asked two heads of different layers to fit each other, and
# training has made them as key and lock. (The third pair is 0.0 with 1.{{idle:d}}. That head finds its place as
# the others do. What it lacks is in the other circuit, OV: it doesn't copy what it finds.)
#
# And since we know that the query is also written by two current-token heads, we can put them in: the query side
# becomes $W_E + \sum_h \frac{W_E}{s} W_V^h W_O^h$ over these heads. What a head reads has been divided by LayerNorm's
# scale $s$, and without it their part would be much too small beside the embedding; we take `first_scale` again.

# %%
louder = model.W_E + sum(
    model.W_E / first_scale @ model.W_V[0, head] @ model.W_O[0, head] for head in from_heads.tolist()
)
louder_hits = []
for later in (i % model.cfg.n_heads for i in best_pairs[:3].tolist()):
    circuit = k_composition_circuit(model, (0, 0), (1, later))
    fits = (louder[repeat_ids] @ model.W_Q[1, later]) @ circuit.B[:, repeat_ids]
    with_heads = (fits.argmax(dim=-1) == torch.arange(len(repeat_ids))).float().mean().item()
    print(f"0.0 then 1.{later}: {hits[0, later].item():.1%}, with the current-token heads {with_heads:.1%}")
    louder_hits.append(100 * with_heads)
    if later == strongest:
        record(louder_hit=100 * with_heads, plain_hit=100 * hits[0, later])
record(least_louder_hit=min(louder_hits))

# %% [markdown]
# For head 1.{{strongest:d}} the share rises from {{plain_hit:.1f}} to {{louder_hit:.1f}} %, and none of the three is
# left below {{least_louder_hit:.1f}} %. What the product still leaves out (one scale for all places, the biases, the
# attention of 0.0 that isn't exactly on the word before) hardly matters for *which* word fits best.

# %% [markdown]
# ### Score how much one head reads of another
#
# The diagonal was a test for a known purpose. To *search* for composition one wants a number that asks for no
# purpose: of what the earlier head writes, how much lies in directions that the later one reads? For matrices $L$
# (what is written) and $R$ (what is read), Elhage et al. (2021) take
#
# $$
# \frac{\lVert L R \rVert}{\lVert L \rVert\, \lVert R \rVert},
# $$
#
# with Frobenius norms (the root of the sum of all squared entries). It is between 0 (nothing of it is read) and 1.
# $L$ is the earlier head's $W_V W_O$. $R$ is what the later head does with its input, beginning with the axis by
# which it reads: for values that is $W_V W_O$; for queries, the head's $W_Q W_K^\top$. And for keys? In the score
# $x_q\, W_Q W_K^\top\, x_k^\top$ the key comes from the other side.
#
# Only the small factors should ever be multiplied: `FactoredMatrix` does that for you, with `@`, `.T` and `.norm()`;
# `model.QK[layer, head]` and `model.OV[layer, head]` are factored already.


# %%
def composition_score(
    model: HookedTransformer, earlier: tuple[int, int], later: tuple[int, int], kind: str
) -> Float[Tensor, ""]:
    """How much the later head reads of what the earlier one writes: |L R| / (|L| |R|), in Frobenius norms.

    earlier, later: heads as (layer, head). kind: "Q", "K" or "V", the side on which the later head reads. L is the
    earlier head's W_V W_O. R is W_Q W_K^T, its transpose, or W_V W_O: whichever has the axis that is read first.
    LayerNorm and biases are left out.

    With d_model = d_head = 1 every score is 1: there is only one direction. It is 0 if L writes where R does not read.
    """
    writes = model.OV[earlier]
    reads = {"Q": model.QK[later], "K": model.QK[later].T, "V": model.OV[later]}[kind]
    return (writes @ reads).norm() / (writes.norm() * reads.norm())


# %% [markdown]
# A score of 0.2: is that much? In `d_model` dimensions two matrices that have nothing to do with each other still
# overlap by chance. Without knowing by how much, the number says nothing.

# %% [markdown]
# ### Measure what chance would give
#
# So make random heads: of the same shape as real ones, a product of two thin matrices each, with normally distributed
# entries. Draw many pairs and note the mean and standard deviation of their scores. The two heads of a pair must be
# two draws: that is what "nothing to do with each other" means. (See to that yourself. A random head with *itself*
# scores almost the same, so no number would give you away.) And every pair is drawn anew: no matrix serves in two.
#
# Hundreds of small products are best done as one batched product. A `FactoredMatrix` takes leading axes, so all pairs
# fit into two of them, and `@` and `.norm()` treat each pair by itself. A Python loop that makes and multiplies them
# one by one comes to the same, and is slow.


# %%
def random_composition_baseline(d_model: int, d_head: int, samples: int = 200, seed: int = 0) -> tuple[float, float]:
    """The mean and standard deviation of the composition score of random heads.

    For each sample, L = A B and R = C D with A, C [d_model d_head] and B, D [d_head d_model], all entries independent
    and standard normal, and no matrix shared between samples. The same seed gives the same answer. The standard
    deviation is that of single scores; whether its mean of squares is over `samples` or `samples - 1` makes no
    difference here.

    In one dimension (d_model = d_head = 1) every score is 1, so the answer is (1.0, 0.0).
    """
    generator = torch.Generator().manual_seed(seed)
    A, B, C, D = torch.randn(4, samples, d_model, d_head, generator=generator)
    writes, reads = FactoredMatrix(A, B.mT), FactoredMatrix(C, D.mT)
    scores = (writes @ reads).norm() / (writes.norm() * reads.norm())
    return scores.mean().item(), scores.std(correction=0).item()


# %% [markdown]
# **Predict before you run:** the specimen has `d_model` = 192 and `d_head` = 32. Think of a random direction in 192
# dimensions, and of what share of its length falls on a given axis. What will the mean be?

# %%
chance, spread = random_composition_baseline(model.cfg.d_model, model.cfg.d_head)
print(f"random heads score {chance:.4f} ± {spread:.4f}; one over the root of d_model is {model.cfg.d_model**-0.5:.4f}")
above = torch.zeros(model.cfg.n_heads, 3, model.cfg.n_heads)
for earlier, later in itertools.product(range(model.cfg.n_heads), repeat=2):
    for i, kind in enumerate("QKV"):
        above[earlier, i, later] = composition_score(model, (0, earlier), (1, later), kind) - chance

columns = [f"{kind} 1.{head}" for kind in "QKV" for head in range(model.cfg.n_heads)]
title = "Composition scores, minus those of random heads"
grid = above.flatten(1)
show(
    heatmap(grid, x="later head", y="earlier head", title=title, rows=heads_0, columns=columns, diverging=True),
    "composition-scores",
)
for i in grid.flatten().argsort(descending=True)[:8].tolist():
    print(f"0.{i // grid.shape[1]} → {columns[i % grid.shape[1]]}: {chance + grid.flatten()[i].item():.3f}")
by_keys = above[:, 1].flatten().argsort(descending=True)
record(chance=chance, spread=spread, root=model.cfg.d_model**-0.5)
record(top_key_score=chance + above[:, 1].max(), third_key_score=chance + above[:, 1].flatten()[by_keys[2]])
record(fourth_key_score=chance + above[:, 1].flatten()[by_keys[3]])
record(top_query_from=above[:, 0].flatten().argmax() // model.cfg.n_heads)
record(top_value_score=chance + above[:, 2].max(), top_query_score=chance + above[:, 0].max())
value_pair = above[:, 2].flatten().argmax().item()
record(value_from=value_pair // model.cfg.n_heads, value_to=value_pair % model.cfg.n_heads)
record(lowest_in_spreads=(grid.min() / spread).abs())
record(value_cut=cuts[value_pair // model.cfg.n_heads, 2])

# %% [markdown]
# Random heads score {{chance:.3f}} ± {{spread:.4f}}; the mean is $1/\sqrt{d_{model}}$ = {{root:.3f}}. Among the
# K-compositions the first three places are held by head 0.0 with the three heads of the stripe ({{top_key_score:.2f}}
# down to {{third_key_score:.2f}}; the fourth has {{fourth_key_score:.2f}}). Of the Q-compositions, those of
# current-token head 0.{{top_query_from}} come first, with up to {{top_query_score:.2f}}. Patterns, cuts and weights
# tell the same story: this is the third proof.
#
# **What it cannot show.** Look again at the figure before you trust it. The highest score of all is a V-composition,
# of 0.{{value_from}} with 1.{{value_to}}: {{top_value_score:.2f}}. Yet when we cut 0.{{value_from}} from all values
# of layer 1, the loss on repeated text came to {{value_cut:.2f}}, against {{uncut_loss:.2f}} uncut. A score says that
# directions *match*, not that anything is sent along them on the texts at hand. And the baseline is a low bar. Trained
# matrices use few directions, so two of them meet more than random ones would, or else miss each other: some scores
# lie {{lowest_in_spreads:.0f}} standard deviations *below* chance. "Significant" is not "important".

# %% [markdown]
# ## Name the circuit
#
# You have three kinds of evidence. Say what you have found.

# %% [markdown]
# ### Say which heads they are
#
# This exercise wants an answer and not a computation. Which heads of the specimen are the **previous-token** heads
# whose notes the machine needs, and which are the **induction** heads? The check holds your answer against
# measurements on the specimen: where the heads look, what is lost without the ones you name, whose notes their keys
# are made of, and what they say.
#
# An **induction head**, here, looks behind the earlier occurrence of a word *and* copies what it finds there. Who does
# both must be named. A head that looks there and hardly copies may be named or not, as you see it. To look somewhere
# means, here, to send more than half of one's attention there, on average over the queries: a head that does a little
# of a job is not named for it.


# %%
def induction_circuit(role: str) -> list[tuple[int, int]]:
    """The heads of `attn-only-2l` that play a role in its induction circuit, each as (layer, head).

    role: "previous-token" (heads that look one back, and whose notes the induction heads' keys need) or "induction"
    (heads that look behind the earlier occurrence of a word, and copy; one that only looks may be named too). To look
    there is to send more than half of the attention there, on average. The order doesn't matter.

    `[(0, 3), (1, 2)]` would mean head 3 of layer 0 and head 2 of layer 1.
    """
    circuit = {"previous-token": [(0, 0)], "induction": [(1, 0), (1, 4)]}
    return circuit[role]


# %% [markdown]
# Here is the circuit as a drawing, with your heads in it, for the text *A B … A*, after which *B* must come.

# %%
note_writers, induction = induction_circuit("previous-token"), induction_circuit("induction")
current = sorted(from_heads.tolist())


def named(heads: Iterable[tuple[int, int]]) -> str:
    """Heads in the usual notation."""
    return ", ".join(f"{layer}.{head}" for layer, head in heads)


places = {"A": (0.0, 0.0), "B": (1.0, 0.0), "…": (2.0, 0.0), "A again": (3.0, 0.0)}
boxes = {
    **{word: (x, y, word.removesuffix(" again")) for word, (x, y) in places.items()},
    "note": (1.0, 1.0, f"<b>{named(note_writers)}</b><br>“before me: A”"),
    "ask": (3.0, 1.0, f"<b>{named((0, head) for head in current)}</b><br>“here: A”, louder"),
    "out": (3.0, 2.0, f"<b>{named(induction)}</b><br>“next: B”"),
}
arrows = [
    ("A", "note", "looks one back"),
    ("A again", "ask", "looks at itself"),
    ("ask", "out", "query"),
    ("note", "out", "key"),
    ("B", "out", "value"),
]
fig = house(go.Figure(), title="The induction circuit of the specimen", x="position in the text", y="written by")
for start, end, says in arrows:
    (x0, y0, _), (x1, y1, _) = boxes[start], boxes[end]
    fig.add_annotation(
        x=x1, y=y1 - 0.24, ax=x0, ay=y0 + 0.14, xref="x", yref="y", axref="x", ayref="y", arrowhead=2, arrowwidth=2
    )
    fig.add_annotation(x=(x0 + x1) / 2, y=(y0 + y1) / 2, text=says, showarrow=False, bgcolor="white")
for x, y, says in boxes.values():
    fig.add_annotation(x=x, y=y, text=says, showarrow=False, bgcolor="#dbe9f6", borderpad=5)
fig.update_xaxes(range=[-0.4, 3.6], tickvals=[0, 1, 2, 3], ticktext=["1", "2", "…", "n"], showgrid=False)
fig.update_yaxes(range=[-0.4, 2.4], tickvals=[0, 1, 2], ticktext=["words", "layer 0", "layer 1"], showgrid=False)
show(fig.update_yaxes(automargin=True, title_standoff=12), "induction-circuit")

# %% [markdown]
# Ours leaves 1.{{idle:d}} out: it has the stripe, and its keys read the same notes, but it says almost nothing about
# the word that it finds. Where a text speaks of "the heads of the stripe", it is among them; where it speaks of the
# circuit, it isn't.
#
# A circuit is a *hypothesis*, and this one is not the whole model: other heads matter for other texts, and some for
# this one. How to say how much of a behaviour a circuit explains is a subject of chapter 3.

# %% [markdown]
# ## The phase change
#
# How did this machine come to be? A head that looks for notes is of no use until somebody writes them, and notes that
# nobody reads are of no use either. One would expect neither to be learnt. And yet it happens, and quickly. In every
# model of more than one layer that Olsson et al. (2022) looked at, there is a short window early in training in which
# induction heads form and the model begins to make use of its context. It shows in the loss as a bump. They called it
# a **phase change**.
#
# The specimen ships checkpoints on both sides of it: `load_specimen("attn-only-2l", step=N)`.

# %%
from course_utils.specimens.files import steps_of

steps = [*steps_of("attn-only-2l"), recipe_of("attn-only-2l").steps]


def at_step(step: int) -> HookedTransformer:
    """The specimen as it was after so many steps; the last one is the specimen itself."""
    return load_specimen("attn-only-2l", step=step) if step != steps[-1] else model


def loss_of_halves(model: HookedTransformer, tokens: Int[Tensor, "batch pos"]) -> tuple[float, float]:
    """The mean loss on the first half of repeated text, and on what can be copied in the second."""
    loss, half = loss_by_position(model(tokens), tokens), (tokens.shape[1] - 1) // 2
    return loss[:half].mean().item(), loss[half + 1 :].mean().item()


first_half, second_half = zip(*(loss_of_halves(at_step(step), rep_tokens) for step in steps), strict=True)
for step, new, again in zip(steps, first_half, second_half, strict=True):
    print(f"step {step:4}: first half {new:.2f}, second half {again:.2f}")

# %% [markdown]
# ### Find the phase change
#
# Between which two checkpoints does it happen? Where the loss on the second half falls *fastest*. Note that the
# checkpoints are not evenly spaced: a long interval gives the loss more time to fall, and that is not speed.


# %%
def phase_change_step(steps: Int[Tensor, " checkpoint"], losses: Float[Tensor, " checkpoint"]) -> tuple[int, int]:
    """The two neighbouring checkpoints, as training steps, between which the loss falls fastest per step.

    The steps differ from each other but may come in any order; `losses[i]` belongs to `steps[i]`.

    With steps (0, 100, 200, 1000) and losses (9, 8, 4, 1) the answer is (100, 200): 4 in 100 steps.
    """
    steps, order = steps.sort()
    speed = -losses[order].diff() / steps.diff()
    i = int(speed.argmax())
    return int(steps[i]), int(steps[i + 1])


# %% [markdown]
# **Predict before you run:** the printed losses hold the answer. And the heads? Will 0.0 have learnt to look back
# *before* the induction heads appear, or after?

# %%
before, after = phase_change_step(torch.tensor(steps), torch.tensor(second_half))
record(before=before, after=after)
show(
    lines(
        {"first half": first_half, "second half": second_half},
        x_values=steps,
        x="training step",
        y="loss (nats)",
        title="Loss on repeated random words, in training",
    ),
    "phase-change-loss",
)

looks_back, stripe = [], []
for step in steps:
    _, cache = at_step(step).run_with_cache(rep_tokens, names_filter="*hook_pattern", return_type=None)
    looks_back.append(cache["pattern", 0][:, 0].diagonal(-1, -2, -1).mean().item())
    stripe.append(induction_score(cache["pattern", 1]))
series = {"head 0.0, one back": looks_back}
series |= {f"head {named([at])}, stripe": [float(scores[at[1]]) for scores in stripe] for at in striped}
title = "The heads of the circuit, in training"
show(
    lines(series, x_values=steps, x="training step", y="attention (share)", title=title),
    "phase-change-heads",
)
at_before, at_after = steps.index(before), steps.index(after)
record(back_before=looks_back[at_before], back_after=looks_back[at_after])
record(stripe_before=max(stripe[at_before]), stripe_after=max(stripe[at_after]))
record(second_before=second_half[at_before], second_after=second_half[at_after])
record(back_early=looks_back[at_before - 1], stripe_early=max(stripe[at_before - 1]), early_step=steps[at_before - 1])
worst_first = max(range(len(steps)), key=lambda i: first_half[i])
record(first_worst=first_half[worst_first], first_worst_step=steps[worst_first], first_begin=first_half[0])

# %% [markdown]
# Between steps {{before}} and {{after}} the loss on the second half falls from {{second_before:.2f}} to
# {{second_after:.2f}}. In the same interval the best induction head goes from {{stripe_before:.2f}} to
# {{stripe_after:.2f}} of its attention on the stripe, and head 0.0 from {{back_before:.2f}} to {{back_after:.2f}} on
# the word before. One checkpoint earlier, at step {{early_step}}, these had been {{stripe_early:.2f}} and
# {{back_early:.2f}}: looking back was further on than the stripe. It is tempting to say that the one made the other
# possible, and that from then on each pulled the other up. It may be so; these curves don't show it, and nothing in
# this chapter tests it.
#
# One thing moves in the *wrong* direction: on the first half, where nothing can be copied, the loss rises to
# {{first_worst:.2f}} at step {{first_worst_step}}, from {{first_begin:.2f}} at the first checkpoint. An explanation
# comes to mind at once: a model that has just learnt to copy copies where it shouldn't. Keep it in mind for a moment.

# %% [markdown]
# **What it cannot show.** Two curves that turn at the same moment are a *correlation*. Perhaps the heads make the
# loss fall. Perhaps something else happens at that time, which lowers the loss, and the heads come along. With a
# single training run, everything that happens at that step is correlated with everything else. Olsson et al. (2022)
# put six arguments side by side for that reason, and the strong ones are interventions: change the architecture so
# that induction heads form earlier, and see the bump move; take the heads away at the end, and see the ability go.
#
# The second of these costs us a moment: at each checkpoint, take away the three heads that come to have a stripe
# (their mean in place of what they gather; all three, so that none can stand in for another) and measure again.

# %%
at_heads = [head for _, head in striped]  # all of layer 1


def take_away(z: Float[Tensor, "batch pos head d_head"], hook: HookPoint) -> Tensor:
    """The mean over texts and positions in place of what the heads of the stripe have gathered."""
    z[:, :, at_heads] = z[:, :, at_heads].mean(dim=(0, 1), keepdim=True)
    return z


knocked, knocked_new = [], []
for step in steps:
    with at_step(step).hooks([("blocks.1.attn.hook_z", take_away)]) as without_heads:
        new, again = loss_of_halves(without_heads, rep_tokens)
    knocked.append(again)
    knocked_new.append(new)
show(
    lines(
        {"as it is": second_half, "without the heads of the stripe": knocked},
        x_values=steps,
        x="training step",
        y="loss on the second half (nats)",
        title="The phase change, with and without the heads of the stripe",
    ),
    "phase-change-ablated",
)
for step, as_is, gone in zip(steps, second_half, knocked, strict=True):
    print(f"step {step:4}: {as_is:.2f}, without the heads of the stripe {gone:.2f}")
record(knocked_lowest=round(min(knocked), 2), knocked_last=round(knocked[-1], 2), second_last=second_half[-1])
record(knocked_worst=round(max(knocked), 2), knocked_worst_step=steps[knocked.index(max(knocked))])
record(first_worst_knocked=knocked_new[worst_first])

# %% [markdown]
# Without these three heads the phase change is gone: the loss on the second half never falls below
# {{knocked_lowest:.2f}}, at any checkpoint. At the end it is {{knocked_last:.2f}} without them, and
# {{second_last:.2f}} with them. So the fall of this loss goes *through* these heads. What still can't be said from one
# run is why they formed at that step and not at another.
#
# In between it is worse than not knowing: {{knocked_worst:.2f}} at step {{knocked_worst_step}}, where a uniform guess
# costs {{loss_uniform:.2f}}. A loss above that means that the model is sure of something wrong. Mean ablation measures
# both, the news that is missing and the confusion, and doesn't tell them apart.
#
# And the explanation of the bump? If the induction heads copied where they shouldn't, the first half should be easier
# without them. At step {{first_worst_step}} it costs {{first_worst_knocked:.2f}} without them and {{first_worst:.2f}}
# with them. They are not to blame, or not by themselves; the explanation was a story. It would have been in the text,
# had we not tried it.

# %% [markdown]
# ## A detector
#
# You found these heads in a model of two layers, by eye and by hand. A model that is used in earnest has hundreds.
# What you need is a function that reads a whole model and says: this head does that.

# %% [markdown]
# ### Detect the heads of any model
#
# One run on repeated text is enough. Its rows are one opening token, $n$ tokens, and the same $n$ again: position $i$
# with $n < i$ holds the token of position $i - n$. Five habits, each as the mean attention over all texts and over
# the queries at which the habit can show:
#
# | habit | from query $i$ to key | queries |
# | --- | --- | --- |
# | `"previous"` | $i - 1$ | all but position 0 |
# | `"current"` | $i$ | all but position 0 |
# | `"first"` | 0 | all but position 0 |
# | `"duplicate"` | $i - n$, the same token | the second half: $i = n + 1, \dots, 2n$ |
# | `"induction"` | $i - n + 1$, what came after it | the second half |


# %%
def find_heads(
    model: HookedTransformer, tokens: Int[Tensor, "batch pos"], threshold: float = 0.4
) -> dict[str, dict[tuple[int, int], float]]:
    """The heads that have a habit on repeated text, with their scores.

    tokens: rows of an opening token, n tokens, and the same n again: pos = 1 + 2n.
    model: ours, but later TransformerLens's too, where a filter is a function, a list or one exact name: no asterisk.

    The answer has the keys "previous", "current", "first", "duplicate" and "induction". Each holds the heads, as
    (layer, head), whose mean attention is above the threshold, and that mean as a plain number:
    {"previous": {(0, 0): 0.98}, "current": {}, ...}.
    """
    n = (tokens.shape[1] - 1) // 2
    every, second = torch.arange(1, 2 * n + 1), torch.arange(n + 1, 2 * n + 1)
    habits = {
        "previous": (every, every - 1),
        "current": (every, every),
        "first": (every, torch.zeros_like(every)),
        "duplicate": (second, second - n),
        "induction": (second, second - n + 1),
    }
    _, cache = model.run_with_cache(tokens, names_filter=lambda name: name.endswith("hook_pattern"))
    found: dict[str, dict[tuple[int, int], float]] = {habit: {} for habit in habits}
    for layer in range(model.cfg.n_layers):
        for habit, (queries, keys) in habits.items():
            scores = cache["pattern", layer][:, :, queries, keys].mean(dim=(0, 2)).tolist()
            found[habit] |= {(layer, head): score for head, score in enumerate(scores) if score > threshold}
    return found


# %% [markdown]
# **Predict before you run:** there are twelve heads, and you have met several. How many will the detector leave
# without a name? And will a head without a name be one that doesn't matter on repeated text?

# %%
found = find_heads(model, rep_tokens)
for habit, heads in found.items():
    print(f"{habit:10}", ", ".join(f"{layer}.{head} ({score:.2f})" for (layer, head), score in heads.items()) or "none")

everything = find_heads(model, rep_tokens, threshold=-1.0)
grid = torch.tensor([list(heads.values()) for heads in everything.values()])
title = "Habits of all heads on repeated text (share of attention)"
figure = heatmap(grid, x="head", y="habit", title=title, rows=list(everything), columns=heads_0 + heads_1)
show(figure.update_yaxes(automargin=True, title_standoff=12), "habits")
record(n_named=len(set().union(*found.values())), n_all=model.cfg.n_layers * model.cfg.n_heads)
record(n_induction_found=len(found["induction"]))
unnamed = sorted(set(everything["previous"]) - set().union(*found.values()))
print("without a name:", named(unnamed), "(and what the loss on the second half then does)")

averaged_costs, resampled_costs = (effects_by_kind[kind] for kind in ("mean", "resample"))
for at in unnamed:
    print(f"without {named([at])} it rises by {averaged_costs[at]:.2f} averaged, {resampled_costs[at]:.2f} resampled")
costly = max(unnamed, key=lambda at: averaged_costs[at] if at[0] == 0 else 0.0)
record(n_unnamed=len(unnamed), clock_habit=max(heads[1, clock] for heads in everything.values()))
record(unnamed_most=max(resampled_costs[at] for at in unnamed))
record(costly_head=costly[1], costly_mean=averaged_costs[costly], costly_resample=resampled_costs[costly])

# %% [markdown]
# The detector names {{n_named}} of {{n_all}} heads, {{n_induction_found}} of them induction heads: the three that have
# a stripe. That one of these doesn't copy it cannot know. What it makes of a head is a label for *where it looks on
# this text*, and you know the limits of that.
#
# Of the {{n_unnamed}} heads without a name, none carries much that another repeated text of the same length wouldn't
# tell as well: resampled, they cost {{unnamed_most:.2f}} nats at most. Two look costly when averaged. One is
# your clock, 1.{{clock:d}} ({{clock_mean:.1f}} nats; its highest score in the five lists is {{clock_habit:.2f}}). The
# other is 0.{{costly_head}} ({{costly_mean:.1f}} averaged, {{costly_resample:.2f}} resampled), of which the keys of
# layer 1, too, needed what depends on the place and not on the text. To keep time is useful work, and there is no line
# for it in the table. A detector finds what one already knows to look for.

# %% [markdown]
# ## The same with TransformerLens
#
# You have worked with the course's own hooked model. In the field most people use **TransformerLens** (Nanda and
# Bloom, 2022). Its `TransformerBridge` wraps a model of the `transformers` library and gives it hook points, under
# the names that you know. Our specimens are stored as ordinary GPT-2 checkpoints, so the library can open the very
# same folder. `enable_compatibility_mode` rewrites the weights as `load_specimen` does: LayerNorm folded in, writing
# weights centred.
#
# (These cells need the optional packages: `pip install "glassbox[lens]"`. Without them they say so, and do nothing.)

# %%
import os
from importlib.util import find_spec

if os.environ.get("GLASSBOX_ONLINE") != "1":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # before the library is imported: it shall not look for a network

has_lens = all(find_spec(package) for package in ("transformer_lens", "circuitsvis"))


def open_with_bridge(folder: str):
    """A GPT-2 checkpoint in TransformerLens, its weights rewritten as ours are."""
    import contextlib
    import io
    import warnings

    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):  # a progress bar, and old news
        warnings.simplefilter("ignore")
        from transformer_lens.model_bridge import TransformerBridge

        bridge = TransformerBridge.boot_transformers(folder, device="cpu")
        bridge.enable_compatibility_mode(disable_warnings=True)
    return bridge.requires_grad_(False)


from course_utils.specimens.files import folder_of

shown = torch.cat([rep_tokens[:1, :9], rep_tokens[:1, 1:9]], dim=1)  # eight words and the same eight again
if not has_lens:
    print('Skipped: TransformerLens or circuitsvis is not installed. `pip install "glassbox[lens]"` gets both.')
else:
    bridge = open_with_bridge(str(folder_of("attn-only-2l").resolve()))
    _, their_cache = bridge.run_with_cache(rep_tokens)
    for name in ["hook_embed", "blocks.0.attn.hook_z", "blocks.1.attn.hook_pattern", "blocks.1.hook_resid_post"]:
        gap = (their_cache[name] - rep_cache[name]).abs().max()
        print(f"{name:28} {list(their_cache[name].shape)} differs by up to {gap.item():.0e}")

    theirs = find_heads(bridge, rep_tokens, threshold=-1.0)  # your function, on their model
    score_gap = max(abs(theirs[habit][at] - everything[habit][at]) for habit in theirs for at in theirs[habit])
    print(f"your find_heads on both: scores differ by up to {score_gap:.0e}")
    with_typo = [("blocks.1.attn.hook_patern", lambda pattern, hook: 0 * pattern)]
    changed = (bridge.run_with_hooks(shown, fwd_hooks=with_typo) != bridge(shown)).sum().item()
    print(f"a misspelt hook on the bridge changes {changed} logits")
    their_loss = second_half_loss(bridge(rep_tokens), rep_tokens)
    print(f"loss on the second half: theirs {their_loss:.4f}, ours {uncut:.4f}")
    composition_gap = (bridge.all_composition_scores("K") - model.all_composition_scores("K")).abs().max()
    own_gap = abs(bridge.all_composition_scores("K")[0, 0, 1, strongest] - (above[0, 1, strongest] + chance))
    print(f"K-composition, all pairs: {composition_gap:.0e}; your composition_score against theirs: {own_gap:.0e}")
    record(score_gap=score_gap, composition_gap=max(composition_gap, own_gap))
    assert score_gap < 1e-4 and composition_gap < 1e-4 and own_gap < 1e-4 and abs(their_loss - uncut) < 1e-3

# %% [markdown]
# `find_heads` is the function that you wrote, unchanged: it asks a model for `run_with_cache` and `cfg`, and the
# bridge has both. The scores differ by at most {{score_gap:.0e}}, composition scores by {{composition_gap:.0e}}.
#
# Three differences are worth knowing. A misspelt hook name is an error here; there it is silently ignored (see the
# line printed above), so make sure that a hook of yours *did* something. There, a hook that writes into the tensor it
# is given may change other entries of the cache that share its memory; here it gets a copy. And filters are
# functions, lists or exact names there: `"*hook_pattern"` with an asterisk is ours alone, and `find_heads` had to do
# without.
#
# To look at many heads at once people use **circuitsvis** (Cooney and Nanda, 2022), which draws patterns in the
# browser: hover over a token, click on a head. It takes its JavaScript from the network unless told otherwise, and
# treats tokens as HTML, so that `<bos>` would vanish. The function below does it right.


# %%
def draw_patterns(tokens: Sequence[str], patterns: Float[Tensor, "head query key"]):
    """Attention patterns as circuitsvis draws them, complete in one piece: nothing is fetched from anywhere."""
    import html

    from circuitsvis.attention import attention_patterns
    from IPython.display import HTML

    drawn = attention_patterns(tokens=[html.escape(token) for token in tokens], attention=patterns)
    return HTML(drawn.local_src)


drawing = None
if has_lens:
    _, shown_cache = bridge.run_with_cache(shown)
    shown_words, patterns = model.to_str_tokens(shown[0]), shown_cache["pattern", 1][0]
    title, axes = f"Head 1.{strongest}, as the library sees it", {"rows": shown_words, "columns": shown_words}
    figure = heatmap(patterns[strongest], x="key", y="query", title=title, **axes)
    show(figure.update_yaxes(automargin=True, title_standoff=12), "library-pattern")
    drawing = draw_patterns(shown_words, patterns)
drawing

# %% [markdown]
# ## GPT-2 small
#
# Does any of it hold in a model that nobody built for a course? GPT-2 small has 12 layers of 12 heads, MLPs, and was
# trained on human language. The function below does with it what you did with the specimen: random tokens, the same
# again, loss on both halves, and your `find_heads`.
#
# Where such heads have been reported: Wang et al. (2022) name 5.5 and 6.9 as induction heads (and 5.8 and 5.9,
# weaker), 2.2 and 4.11 as previous-token heads, 0.1, 3.0 and 0.10 as duplicate-token heads.
#
# **Predict before you run:** of 144 heads, how many will have more than 0.4 of their attention on the stripe?


# %%
from course_utils.catalog import CourseError

REPORTED = {
    "induction": [(5, 5), (5, 8), (5, 9), (6, 9)],
    "previous": [(2, 2), (4, 11)],
    "duplicate": [(0, 1), (0, 10), (3, 0)],
}


def heads_of_gpt2(
    model: HookedTransformer, length: int = 40, batch: int = 4, seed: int = 0
) -> tuple[tuple[float, float], dict[str, dict[tuple[int, int], float]]]:
    """The losses on both halves of repeated random tokens, and the score of every head for every habit."""
    bos = model.tokenizer.bos
    generator = torch.Generator().manual_seed(seed)
    half = torch.randint(model.cfg.d_vocab - 1, (batch, length), generator=generator)
    half += half >= bos  # any token but the one that opens a text
    tokens = torch.cat([torch.full((batch, 1), bos), half, half], dim=1)
    loss = model(tokens, return_type="loss", loss_per_token=True)
    losses = loss[:, :length].mean().item(), loss[:, length + 1 :].mean().item()
    return losses, find_heads(model, tokens, threshold=-1.0)


def tell(losses: tuple[float, float], scores: dict[str, dict[tuple[int, int], float]]) -> None:
    """Print them: the losses; for each habit how many heads are above 0.4, the five highest, those reported."""
    print(f"loss on the first half {losses[0]:.2f}, on the second {losses[1]:.2f}")
    for habit, heads in scores.items():
        top = sorted(heads, key=lambda at: -heads[at])[:5]
        count = sum(score > 0.4 for score in heads.values())
        highest = ", ".join(f"{layer}.{head} {heads[layer, head]:.2f}" for layer, head in top)
        print(f"{habit:10} {count} of {len(heads)} heads above 0.4; the highest: {highest}")
        if reported := [at for at in REPORTED.get(habit, []) if at in heads]:
            print("  reported:", ", ".join(f"{layer}.{head} {heads[layer, head]:.2f}" for layer, head in reported))


def gpt2_small() -> HookedTransformer | None:
    """GPT-2 small from this machine, or over the network where GLASSBOX_ONLINE=1 allows it; None if there is none."""
    try:
        return HookedTransformer.from_pretrained("gpt2").requires_grad_(False)
    except CourseError:
        print("Skipped: no copy of GPT-2 on this machine. With a network, set GLASSBOX_ONLINE=1 and run this again.")
        return None


if gpt2 := gpt2_small():
    tell(*heads_of_gpt2(gpt2))

# %% [markdown]
# Two things to compare when you have run it. The *pattern* of a GPT-2 induction head is less sharp than the
# specimen's, since it has other things to do as well. And there are more of them, in several layers: what one fails
# to find, another does. Chapter 3 meets such **backup** at work.

# %% [markdown]
# ## What you found, and how to read older material
#
# An induction circuit, in three ways: by patterns, by what is lost, by weights. One head writes notes, two find and
# copy. With it came things that no textbook story had promised: two heads that make the query louder, a head with a
# fine stripe that says next to nothing, and heads that keep time and look vital only to those who average them. You
# will find such things in every model that you look at closely.
#
# Names that you will meet elsewhere:
#
# - `HookedTransformer` is the older class of TransformerLens (and of EasyTransformer before that). Versions up to 3,
#   such as the one that the optional packages bring, have it beside `TransformerBridge.boot_transformers(name)`;
#   version 4.0 removed it, and leaves the bridge. Hook names, `run_with_cache`, `run_with_hooks` are the same.
# - `HookedTransformer.from_pretrained("gpt2")` in a tutorial folds LayerNorm and centres weights, as ours does. With
#   the bridge, that is `enable_compatibility_mode()`; without it, you see the weights as they were trained.
# - `transformer_lens.utils` has become `transformer_lens.utilities`.
# - `attn_scores` and `attn_logits`: the scores before softmax. `pattern`, `probs`, `weights`: after it.
# - **Virtual weights** (Elhage et al., 2021): products such as $W_O W_K$, of which `composition_score` takes the
#   norm.
# - **Induction head** is used in a strict sense (copies what came after the same token: ours) and in a loose one, for
#   any head that continues a pattern by analogy ("fuzzy" induction; Olsson et al., 2022).
# - **Prefix matching score**: another name for the induction score.

# %% [markdown]
# ## Now on your own
#
# No checks here, and for some no known answer.
#
# 1. **The wrong place.** Head 0.{{costly_head}}, averaged over all places, confuses the keys of layer 1. Where do the
#    induction heads look when it is cut? Compare the scores with the *best* other key, not with the mean.
# 2. **Who keeps time?** 1.{{clock:d}} and 0.{{costly_head}} both say something that depends on the place. Is it one
#    clock or two? Swap in what 0.{{costly_head}} says ten words later: does 1.{{clock:d}} then expect the end sooner?
# 3. **Copy what?** Repeat not words but *pairs* (A B … A C … A): what follows the third A? Does the circuit average,
#    or prefer the later one? Which head decides?
# 4. **Induction at a distance.** Put other text between the two halves. How fast does the stripe fade, and is it the
#    previous-token head or the induction heads that fail?
# 5. **Another seed.** Train the specimen again with another seed (`course specimens train`). Which heads are it now?
#    Does the query again get help from layer 0? Does the phase change come at the same step?
# 6. **More layers.** Run `find_heads` on `microworld-4l`. In how many layers are induction heads, and which of them
#    does the loss need?
# 7. **A bump of your own.** Olsson et al. let each head see the keys of the position before (a "smeared" key), and
#    one-layer models then had induction heads. Add such a term to the attention of chapter 1 and train it on repeats.
