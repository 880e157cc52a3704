# Generated from solutions/ch01_transformers.py by `course build`; yours to edit. -*- coding: utf-8 -*-
# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Transformers from scratch
#
# At the end of this chapter you will have written every part of a GPT-2 style language model: the tokenizer that
# feeds it, the layers, the loss, the training step, the sampler, the cache that makes it fast. You will train your
# own model on a laptop, and then pour GPT-2's weights into the very same code and see that it computes what the
# well-known library computes, to four decimal places.
#
# Why begin here, in a course about looking *inside* models? Because a circuit is a claim about particular matrices:
# this head reads that direction and writes this one. Whoever has written those matrix products by hand can read
# such a claim, doubt it, and test it. Nothing in a transformer is hidden. It is a few hundred lines, and soon they
# will be yours.
#
# The way leads from text to tokens, from tokens to the residual stream, through normalisation and attention to the
# whole block and model; then you train it, sample from it, make it quick with a cache, and give it GPT-2's weights.
#
# You need Python, some practice with PyTorch tensors (shapes, indexing, broadcasting), and matrix products.
# Everything about language models is explained when it is first used.

# %% [markdown]
# ## How to work
#
# The chapter alternates between short texts, cells that are already complete, and **exercises**: one function or
# one class each, whose body is missing. An exercise names what it takes and gives, with shapes, and shows a tiny
# example. You write the body, and run the cell below it:
#
# - `check(LayerNorm)`, say, judges your `LayerNorm`. When something is off it says what is probably behind it,
#   shows the smallest input that brings it out, what was expected there, and what came. The checks go from coarse
#   to fine, and the first that fails is the one you see, so a *new* message means that you got further.
# - `hint("LayerNorm")` gives a nudge; each further call says a little more. The last one is nearly the answer.
# - `solution("LayerNorm")` shows our answer. Reading it after your own has passed is worth the minute: there is
#   often a shorter way.
#
# If you like an editor better than a notebook, open the `.py` file of this chapter instead. It is the same
# document, and `course watch` in a terminal checks the exercise you are on each time you save.
#
# Two habits make the difference between having read this chapter and knowing it. Where it says **Predict before you
# run**, do write the number or the shape down first: a wrong guess, noticed, is what you learn most from. And when
# a tensor confuses you, print its shape.
#
# Every exercise is judged alone, with its own inputs. If one resists, go on: nothing after it is marked wrong
# because of it, unless your later code *calls* it, and then the verdict says so. The demonstrations between the
# exercises do run on your code. Each needs the exercises above it, and stops with the name of what is missing.
#
# Numbers in the text were measured in the course's own run. Yours will be close, and seldom equal to the last digit.

# %% [markdown]
# One cell of imports serves the whole chapter. **Shapes** are written in the signatures, as in
# `Float[Tensor, "batch pos d_model"]`: a tensor of floats with three axes. The words are the same everywhere:
# `batch` (texts side by side), `pos` (position in the text), `d_model` (width of the model), `head`, `d_head`
# (width of a head), `query` and `key` (a position that looks, a position that is looked at), `d_mlp`, `d_vocab`.

# %%
import sys

if "google.colab" in sys.modules:  # anywhere else there is nothing to set up
    import subprocess
    import tomllib
    from importlib.metadata import version
    from pathlib import Path

    repository, course = "https://github.com/glassbox-course/glassbox", Path("/content/glassbox")
    if not course.exists():
        subprocess.run(["git", "clone", "--quiet", "--depth=1", repository, str(course)], check=True)
    wanted = tomllib.loads((course / "pyproject.toml").read_text())["project"]["dependencies"]
    keep = Path("/content/keep-torch.txt")
    keep.write_text(f"torch=={version('torch')}\n")  # Colab's own torch fits its GPU: pip must not replace it
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "-c", str(keep), *wanted], check=True)
    sys.path.insert(0, str(course))

from course_utils import check, hint, solution

# %%
import math
import re
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import einops
import plotly.graph_objects as go
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from course_utils.figures import heatmap, house, lines, record, show

# %% [markdown]
# ## Text becomes numbers
#
# A network computes with numbers, so a text must first become a list of whole numbers, its **tokens**. There are
# two obvious ways, and each fails at one end.
#
# *One token a word* makes short lists, and a vocabulary without end: names, typing errors, `don't` against `don’t`,
# every word of every language. Whatever is not on the list has no number at all.
#
# *One token a character* (or a byte) can write anything with a small vocabulary. But lists become long, and the
# work of attention grows with the square of the length. Worse, the model must spend its first layers finding out,
# again and again, that `t`, `h`, `e` belong together.
#
# **Byte-pair encoding** lets the text decide. Start with single symbols. Find the two neighbours that occur
# together most often, and make the pair a new symbol. Repeat. Frequent words end up as one token, rare ones as a
# few pieces, and nothing is ever impossible to write. It began as a method of compression (Gage, 1994), was brought
# to neural translation by Sennrich, Haddow and Birch (2016), and GPT-2 set it on **bytes** (Radford et al., 2019):
# every text in every script is a string of bytes in the UTF-8 encoding, a byte has 256 possible values, so 256
# symbols to begin with are always enough.

# %%
for text in ["glass", "naïve", "木"]:
    print(f"{text!r:>9} has {len(text)} characters and {len(text.encode('utf-8'))} bytes: {list(text.encode('utf-8'))}")

# %% [markdown]
# An English letter is one byte; an accented letter takes two; many scripts take three for each sign. Keep it in
# mind: the length of a text *for the model* is a matter of its tokenizer, and not the same for all languages.
#
# Tokens are learnt from a text that was first cut into words, so that no pair straddles two words. Each word keeps
# the space in front of it: `" glass"` and `"glass"` are different strings, and will be different tokens. (GPT-2
# cuts by a finer rule, but in this spirit.) Here is a small text to learn from.

# %%
STORY = """the glassblower takes the glass from the fire and blows. the glass grows thin, the glass grows clear,
and the glassblower turns the glass and turns the glass again. at night the fire is low and the glassblower
sleeps; the glasses on the long shelf glow in the last light of the fire. in the morning the glassblower looks through
the clearest glass and sees the street, the trees, the low morning light. nothing in the glass is hidden, and nothing
in the street is hidden from the glassblower who looks through the glass."""


def split_words(text: str) -> list[list[int]]:
    """The bytes of each word, the space before it included."""
    return [list(word.encode("utf-8")) for word in re.findall(r"\s?\S+", text)]


words = split_words(" ".join(STORY.split()))
print(len(words), "words; the first three:", [bytes(word) for word in words[:3]])


# %% [markdown]
# ### Find the most frequent pair
#
# *`most_frequent_pair` · about 10 minutes · difficulty 1 of 5*
#
# The heart of the method is a count. Go through every word, look at each token with its right neighbour, and count
# how often each such pair occurs. In the words `[1, 2, 3]` and `[1, 2]` the pair `(1, 2)` occurs twice and `(2, 3)`
# once. The pair `(3, 1)`, where the second word follows the first, does not occur at all.
#
# Two pairs are often equally frequent. Any rule would do, as long as it is a rule: the smaller pair wins, in the
# order in which Python compares tuples.

# %%
def most_frequent_pair(words: list[list[int]]) -> tuple[int, int]:
    """The pair of neighbouring tokens that occurs most often, counted over all words.

    Each word is a list of token ids. Every neighbouring pair counts, so `[7, 7, 7]` holds `(7, 7)` twice; pairs never
    reach from one word into the next. Of equally frequent pairs the smaller one is returned. At least one word has
    two tokens.

    >>> most_frequent_pair([[1, 2, 3], [1, 2], [2, 3, 1, 2]])
    (1, 2)
    """
    raise NotImplementedError("most_frequent_pair")


# %%
check(most_frequent_pair)

# %%
# hint("most_frequent_pair")
# solution("most_frequent_pair")

# %% [markdown]
# **Predict before you run:** which two bytes stand side by side most often in the story above? (A space is a byte,
# too.)

# %%
pair = most_frequent_pair(words)
print("most frequent pair:", pair, "=", bytes(pair))


# %% [markdown]
# ### Merge a pair everywhere
#
# *`merge_pair` · about 10 minutes · difficulty 1 of 5*
#
# The winner becomes a token of its own, and every word is rewritten with it. Read from left to right; wherever the
# pair stands, write the new token and move past *both* of its parts. That settles the case in which pairs overlap:
# in `7 7 7` the first two sevens are merged, and the third is left alone.

# %%
def merge_pair(ids: list[int], pair: tuple[int, int], new_id: int) -> list[int]:
    """A new list in which each occurrence of `pair`, found from left to right, is replaced by `new_id`.

    >>> merge_pair([5, 1, 2, 1, 2, 2], (1, 2), 99)
    [5, 99, 99, 2]
    >>> merge_pair([7, 7, 7], (7, 7), 99)
    [99, 7]
    """
    raise NotImplementedError("merge_pair")


# %%
check(merge_pair)

# %%
# hint("merge_pair")
# solution("merge_pair")

# %%
print("before:", list(b"glasses"))
print("after: ", merge_pair(list(b"glasses"), tuple(b"ss"), 256))


# %% [markdown]
# ### Learn a vocabulary
#
# *`train_bpe` · about 15 minutes · difficulty 2 of 5 · needs `most_frequent_pair`, `merge_pair`*
#
# Now repeat: find the most frequent pair, write it down, merge it in every word, and look again *at the rewritten
# words*. That last part is what lets tokens grow. Once `s s` has become one token, `a` and `ss` can be the next
# pair, and after a few rounds `glass` is a single number.
#
# What has been learnt is the list of merges, **in order**. Bytes have the ids 0 to 255, so the first merge makes
# token 256, the second 257, and so on; a later pair may contain these.
#
# Your two functions come in as arguments. In this course an exercise takes all that it uses from outside; so it can
# be judged with parts that are known to be right, even while yours are not.

# %%
def train_bpe(
    words: list[list[int]],
    n_merges: int,
    most_frequent_pair: Callable[[list[list[int]]], tuple[int, int]],
    merge_pair: Callable[[list[int], tuple[int, int], int], list[int]],
) -> list[tuple[int, int]]:
    """The first `n_merges` merges in the order in which they are learnt; merge number i makes token 256 + i.

    Stops early, with fewer merges, when no word has two tokens left: then there is no pair, and `most_frequent_pair`
    may raise a ValueError. The caller's `words` stay as they are.

    >>> train_bpe([[1, 2, 3], [1, 2, 3], [1, 2]], 2, most_frequent_pair, merge_pair)
    [(1, 2), (256, 3)]
    """
    raise NotImplementedError("train_bpe")


# %%
check(train_bpe)

# %%
# hint("train_bpe")
# solution("train_bpe")

# %%
merges = train_bpe(words, 60, most_frequent_pair, merge_pair)
print("the first four merges:", merges[:4])


# %% [markdown]
# ### Decode back to text
#
# *`bpe_decode` · about 10 minutes · difficulty 2 of 5 · needs `train_bpe`*
#
# A list of merges is hard to read: what is token 259? The way back to text is simple, though. Each token stands for
# a fixed string of bytes, the joined bytes of its two parts. Put the strings of all tokens one after the other and
# read the whole as UTF-8.
#
# There is one trap. A token is a piece of *bytes*, and may end in the middle of a character: the three bytes of `木`
# can be spread over two tokens. So join first and decode once, at the end. And a model can stop in the middle of a
# character; then there is no right reading, and the custom is to show `�` (`errors="replace"`) instead of raising
# an exception.

# %%
def bpe_decode(ids: list[int], merges: list[tuple[int, int]]) -> str:
    """The text that the tokens stand for; bytes that are no valid UTF-8 are shown as `�`.

    Tokens 0 to 255 are bytes; token 256 + i is the pair `merges[i]`, whose parts may be merged tokens themselves.

    >>> bpe_decode([97, 257], [(98, 99), (256, 33)])
    'abc!'
    """
    raise NotImplementedError("bpe_decode")


# %%
check(bpe_decode)

# %%
# hint("bpe_decode")
# solution("bpe_decode")

# %%
learnt = [bpe_decode([256 + i], merges) for i in range(len(merges))]
print("the first twelve tokens:", learnt[:12])
print("the longest:", max(learnt, key=len))


# %% [markdown]
# ### Encode a new text
#
# *`bpe_encode` · about 20 minutes · difficulty 3 of 5 · needs `train_bpe`, `bpe_decode`*
#
# A tokenizer is trained once. From then on it must cut texts that it has never seen, always in the same way. The
# rule is to *replay the training*: of all neighbouring pairs in the text that are on the list of merges, take the
# one that was learnt **earliest**, merge it, and look again, until no pair is on the list.
#
# Two rules look reasonable and are different. "Merge whatever you meet first, going left to right" ignores the
# order. "Take the longest token that fits" ignores it too. Both give tokens that exist, in combinations which the
# model has hardly ever seen in training, and it will be quietly worse for it. Here is the smallest disagreement,
# with merges `b c` first and `a b` second. The text `abc` must become `a` `bc`, because `b c` was learnt earlier.

# %%
def bpe_encode(text: str, merges: list[tuple[int, int]]) -> list[int]:
    """The tokens of `text`: its UTF-8 bytes, merged in the order in which the merges were learnt.

    `merges[i]` makes token 256 + i.

    >>> bpe_encode("abc", [(98, 99), (97, 98)])
    [97, 256]
    """
    raise NotImplementedError("bpe_encode")


# %%
check(bpe_encode)

# %%
# hint("bpe_encode")
# solution("bpe_encode")

# %% [markdown]
# **Predict before you run:** of the words `glassblower`, `glassy` and `zebra`, which will be one token, which will
# be several, and which will fall back to single letters?

# %%
for text in [" glassblower", " glassy", " zebra", " naïve"]:
    print(f"{text!r:>15} -> {[bpe_decode([token], merges) for token in bpe_encode(text, merges)]}")

# %% [markdown]
# `naïve` came out in single bytes, and the two that make up the `ï` are no characters by themselves. Joined, they
# are: encoding and decoding gives back the text that went in, whatever it is.

# %%
for text in ["the clearest glass", "ein naïves Glas", "木 is a tree", ""]:
    tokens = bpe_encode(text, merges)
    assert bpe_decode(tokens, merges) == text
    print(f"{text!r:>20}: {len(tokens):>2} tokens and back again")

# %% [markdown]
# The figure shows the ladder that training climbs: the same sentence, cut with the first few merges only, then with
# more. Each box is one token.

# %%
sentence = "the glassblower looks through the clear glass"
boxes = []
for n in [0, 5, 10, 20, 40, 60]:
    start = 0
    for order, token in enumerate(bpe_encode(sentence, merges[:n])):
        piece = bpe_decode([token], merges).replace(" ", "␣")
        boxes.append((str(n), start, len(piece), piece, ["#9ecae1", "#fdd0a2"][order % 2]))
        start += len(piece)
rung, base, width, text, colour = (list(column) for column in zip(*boxes, strict=True))
figure = go.Figure(go.Bar(x=width, y=rung, base=base, text=text, marker_color=colour, orientation="h"))
figure.update_traces(textposition="inside", insidetextanchor="middle", textangle=0)
figure.update_yaxes(autorange="reversed", type="category")
title = "One sentence, cut with more and more merges"
show(house(figure, x="characters from the start", y="merges learnt", title=title), "merge-ladder")

n_bytes = len(sentence.encode("utf-8"))
n_tokens = len(bpe_encode(sentence, merges))
record(sentence_bytes=n_bytes, sentence_tokens=n_tokens)
print(n_bytes, "bytes became", n_tokens, "tokens")


# %% [markdown]
# The sentence has 45 bytes and, after sixty merges, 13 tokens. GPT-2's
# vocabulary was made in this way with 50,000 merges over the text of web pages: 256 bytes, 50,000 merges and one
# sign for the end of a text make its 50,257 tokens.
#
# This is the model's only view of the text. It does not see that ` glass` and ` glassblower` begin alike, for they
# are two unrelated numbers; it cannot see how a token is spelt. When a model stumbles over counting letters or over
# long numbers, look at the tokens before you look for a circuit.

# %% [markdown]
# ## The residual stream
#
# From here on a text is a row of token numbers, and the model's work is to say, at every position, which token
# comes next.
#
# The best picture of how it does this is not a pipeline but a **memory**. Each position has one vector of `d_model`
# numbers, which runs through the whole model from bottom to top: the **residual stream** (the name, and this way of
# seeing it, are from Elhage et al., 2021). At the bottom, the embedding writes into it what the token is and where
# it stands. Every layer then *reads* from the stream, computes something, and *adds* its result to it:
#
# $$x_0 = \text{embedding} + \text{position}, \qquad x_{l+1} = x_l + f_l(x_l).$$
#
# Nothing is ever replaced; things are only added. At the top, the unembedding reads the stream and turns it into
# one number for each token of the vocabulary. Three consequences carry most of this course:
#
# - The final vector is a **sum** of everything that any layer has written. We can take the sum apart and ask who
#   wrote what.
# - Layers that are far apart can talk: one writes a direction early on, another reads it much later, and those
#   between leave it alone unless they use it.
# - The stream is the only road. All that a layer knows about other positions was put there by attention, the only
#   part that moves anything from one position to another.

# %% [markdown]
# ### Look up token vectors
#
# *`Embed` · about 5 minutes · difficulty 1 of 5*
#
# The first writer is the **embedding**: a matrix $W_E$ with one row for each token of the vocabulary. Token number
# 3 is written into the stream as row 3. That's all. It is the same row wherever in the text the token stands, and
# training will find out what should be in it.
#
# Multiplying a one-hot vector by $W_E$ would pick out the same row; looking it up is that product without the
# zeros. The parameter is made for you; write `forward`.

# %%
class Embed(nn.Module):
    """One vector of `d_model` numbers for each of `d_vocab` tokens: the rows of `W_E`.

    With W_E = [[1, 2], [3, 4], [5, 6]], the tokens [[2, 0, 2]] become [[[5, 6], [1, 2], [5, 6]]].
    """

    def __init__(self, d_vocab: int, d_model: int) -> None:
        super().__init__()
        self.W_E: Float[Tensor, "d_vocab d_model"] = nn.Parameter(0.02 * torch.randn(d_vocab, d_model))

    def forward(self, tokens: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch pos d_model"]:
        raise NotImplementedError("Embed.forward")


# %%
check(Embed)


# %%
# hint("Embed")
# solution("Embed")

# %% [markdown]
# ### Add the position
#
# *`PosEmbed` · about 10 minutes · difficulty 2 of 5 · needs `Embed`*
#
# Attention, as you will see, treats what it may look at as a set: nothing in it says which of the earlier tokens is
# near and which is far. So the model is *told*. A second matrix $W_{pos}$ has one row for each position up to the
# longest text the model can take, `n_ctx`. Its first row is added to the first token, its second row to the second,
# whatever the tokens are and in every text of the batch.
#
# GPT-2 learns these rows as it learns everything else. Vaswani et al. (2017) used fixed sines and cosines; newer
# models turn queries and keys by an angle instead (a chapter that is still to come builds that). The job is the same:
# let nearness be something that a matrix can see.

# %%
class PosEmbed(nn.Module):
    """One vector of `d_model` numbers for each of `n_ctx` positions: the rows of `W_pos`.

    With W_pos = [[1, 2], [3, 4], [5, 6]], two texts of two tokens, whichever these are, get
    [[[1, 2], [3, 4]], [[1, 2], [3, 4]]].
    """

    def __init__(self, n_ctx: int, d_model: int) -> None:
        super().__init__()
        self.W_pos: Float[Tensor, "n_ctx d_model"] = nn.Parameter(0.02 * torch.randn(n_ctx, d_model))

    def forward(self, tokens: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch pos d_model"]:
        raise NotImplementedError("PosEmbed.forward")


# %%
check(PosEmbed)

# %%
# hint("PosEmbed")
# solution("PosEmbed")

# %% [markdown]
# What does a matrix *see* of position? Take the vector of position 24 and ask how much it points the same way as
# the vectors of all other positions (the cosine of the angle between them), once for random rows, as at the start
# of training, and once for the sines and cosines of 2017.
#
# **Predict before you run:** with random rows in 64 dimensions, about how large is the cosine between two different
# positions: 0, 0.1 or 0.5?

# %%
n_ctx, d_model = 48, 64
torch.manual_seed(0)
pos_embed = PosEmbed(n_ctx, d_model)
dummy = torch.zeros(1, n_ctx, dtype=torch.long)  # the tokens make no difference
random_rows = pos_embed(dummy)[0].detach()

angle = torch.arange(n_ctx)[:, None] * 10_000 ** (-torch.arange(0, d_model, 2) / d_model)
pos_embed.W_pos.data = torch.cat([angle.sin(), angle.cos()], dim=-1)
sinusoids = pos_embed(dummy)[0].detach()

cosines = {
    name: torch.cosine_similarity(rows, rows[24], dim=-1)
    for name, rows in [("random, as before training", random_rows), ("sines and cosines", sinusoids)]
}
title = "Which positions look alike?"
show(lines(cosines, x="position", y="cosine with position 24", title=title), "position-similarity")

others = cosines["random, as before training"][torch.arange(n_ctx) != 24]
record(random_cosine=others.square().mean().sqrt())


# %% [markdown]
# Random directions in many dimensions are nearly at right angles: the typical cosine is 0.11,
# close to $1/\sqrt{64} = 0.125$. That is why so many different things fit into one stream without disturbing each
# other much, a fact that we shall meet again as *superposition*. The sinusoids have a shape: neighbours look alike,
# so "nearby" can be read off with a dot product. Training gives learnt positions a shape of this kind too.

# %% [markdown]
# ## Why LayerNorm
#
# A stream to which every layer adds has a weakness. If each layer reads the stream and writes something in
# proportion to what it has read, the numbers grow from layer to layer like money in a bank, and training falls
# apart. **Layer normalisation** (Ba, Kiros and Hinton, 2016) puts an end to it: each layer reads a *copy* of the
# stream, brought to mean zero and unit variance. How large the stream has become no longer matters for what a layer
# reads; only its direction does. (In the transformer of 2017 the stream itself was normalised, after each addition.
# GPT-2 normalises what is read, and leaves the stream alone; so do nearly all models since.)

# %% [markdown]
# ### Normalise the residual stream
#
# *`LayerNorm` · about 15 minutes · difficulty 2 of 5*
#
# Every position is treated by itself, over its `d_model` numbers: subtract their mean, divide by the root of their
# variance, then scale and shift each coordinate with learnt `w` and `b`:
#
# $$\text{LN}(x) = \frac{x - \text{mean}(x)}{\sqrt{\text{var}(x) + \varepsilon}} \odot w + b.$$
#
# The variance is the plain average of the squared deviations (divide by `d_model`, not by `d_model` − 1). The small
# $\varepsilon$ prevents a division by zero if all numbers are equal; it stands under the root.
#
# Take $x = (1, 3)$. Its mean is 2, the deviations are −1 and 1, the variance is 1, and so the result before scaling
# is (−1, 1).

# %%
class LayerNorm(nn.Module):
    """Mean 0 and variance 1 over the last axis, then scaled by `w` and shifted by `b` (one number a coordinate each).

    >>> LayerNorm(2)(torch.tensor([[[1.0, 3.0], [50.0, 10.0]]])).detach().round(decimals=3)
    tensor([[[-1.,  1.],
             [ 1., -1.]]])
    """

    def __init__(self, d_model: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.w: Float[Tensor, " d_model"] = nn.Parameter(torch.ones(d_model))
        self.b: Float[Tensor, " d_model"] = nn.Parameter(torch.zeros(d_model))

    def forward(self, x: Float[Tensor, "batch pos d_model"]) -> Float[Tensor, "batch pos d_model"]:
        raise NotImplementedError("LayerNorm.forward")


# %%
check(LayerNorm)

# %%
# hint("LayerNorm")
# solution("LayerNorm")

# %% [markdown]
# To see the effect, let 24 layers add to a stream. Each is a random matrix that keeps the size of its input roughly
# the same. One stream is read as it is, the other through your `LayerNorm`.
#
# **Predict before you run:** by what factor has each stream grown at the end? (A vector plus an unrelated vector of
# the same length is longer by $\sqrt 2$.)

# %%
torch.manual_seed(0)
d_model, n_layers = 64, 24
ln = LayerNorm(d_model)
plain = normed = torch.randn(1, 16, d_model)
sizes = {"reads the stream as it is": [plain.std().item()], "reads it through LayerNorm": [normed.std().item()]}
for _ in range(n_layers):
    layer = torch.randn(d_model, d_model) / math.sqrt(d_model)
    plain = plain + plain @ layer
    normed = normed + ln(normed).detach() @ layer
    for name, stream in zip(sizes, [plain, normed], strict=True):
        sizes[name].append(stream.std().item())

figure = lines(sizes, x="layers", y="typical size of a coordinate", title="How a stream grows")
show(figure.update_yaxes(type="log"), "stream-growth")
record(plain_growth=plain.std() / sizes["reads the stream as it is"][0])
record(normed_growth=normed.std() / sizes["reads it through LayerNorm"][0])


# %% [markdown]
# Without normalisation the growth is exponential: a factor of 4,384 after 24 layers, in keeping
# with $\sqrt2^{\,24} = 4096$. With it, each layer adds about the same amount as the last, and unrelated additions
# grow only like the root of their number: 5.0, where $\sqrt{25} = 5$.
#
# For interpretability LayerNorm is a nuisance worth knowing well. On the direct road from "this head wrote that
# vector" to "so the answer moved by that much" it is the one step that is not linear. Its only non-linear part is
# the division by one number per position. We'll come back to that.

# %% [markdown]
# ## Attention moves information
#
# So far each position knows only its own token. To continue *"Ann gave the glass to Ben, and Ben thanked …"*, the
# last position needs to learn of `Ann`, and this is what **attention** is for (Vaswani et al., 2017): it carries
# information from one position's stream to another's. It is the only part of a transformer that does.
#
# A layer has several **heads** that work side by side, each with its own small matrices. One head, at one position,
# asks and answers two separate questions:
#
# - **Where from?** Each position emits a **query** (what it looks for) and a **key** (what it offers to be found
#   by). Where query and key fit, attention is high.
# - **What?** Each position also emits a **value**: what gets carried, if someone attends to it.
#
# Keep the two apart. The pattern says where a head looks; it does not say what it moves. Many wrong conclusions in
# this field have come from looking at patterns alone (Jain and Wallace, 2019, gave an early warning).
#
# We build it in four steps: scores, mask, moving, and then the whole.

# %% [markdown]
# ### Score every query against every key
#
# *`attention_scores` · about 15 minutes · difficulty 2 of 5*
#
# How well a query fits a key is measured by their dot product, divided by $\sqrt{d_{head}}$:
#
# $$\text{score}_{ij} = \frac{q_i \cdot k_j}{\sqrt{d_{head}}}.$$
#
# For example, with $q = (1, 2, 0, 1)$ and $k = (3, 1, 5, 1)$ the dot product is $3 + 2 + 0 + 1 = 6$, and with
# $d_{head} = 4$ the score is $6/2 = 3$.
#
# Every query meets every key of the same text and the same head. Row by query, column by key: that is the order of
# the last two axes here and in everything that follows.

# %%
def attention_scores(
    q: Float[Tensor, "batch query head d_head"],
    k: Float[Tensor, "batch key head d_head"],
) -> Float[Tensor, "batch head query key"]:
    """The dot product of each query with each key of the same text and head, divided by the root of d_head.

    There can be more keys than queries.

    >>> q = torch.tensor([1.0, 2, 0, 1]).reshape(1, 1, 1, 4)
    >>> k = torch.tensor([[3.0, 1, 5, 1], [0, 0, 9, 0]]).reshape(1, 2, 1, 4)
    >>> attention_scores(q, k)
    tensor([[[[3., 0.]]]])
    """
    raise NotImplementedError("attention_scores")


# %%
check(attention_scores)

# %%
# hint("attention_scores")
# solution("attention_scores")

# %% [markdown]
# Why the root? A dot product of random vectors is a sum of `d_head` terms, and its typical size grows like
# $\sqrt{d_{head}}$. The next step is a **softmax**, which turns scores into positive weights that sum to 1:
# $e^{s_j} / \sum_{j'} e^{s_{j'}}$. Large scores make it all or nothing: one key gets everything, the rest get
# nothing, and with weights so near to 0 or 1 the gradient is nearly 0, so the head can't learn to look elsewhere.
# The division keeps scores at the same size, whatever the width.
#
# We measure how undecided the weights are by their **entropy**, $-\sum_j a_j \ln a_j$: it is $\ln 32 = 3.47$ when
# 32 keys share the attention equally, and 0 when one key has it all.
#
# **Predict before you run:** with random queries and keys of width 128, is the entropy without the root nearer to
# 3.5, to 1.7, or to 0?

# %%
torch.manual_seed(0)
widths = [1, 2, 4, 8, 16, 32, 64, 128, 256]
entropies = {"divided by the root of d_head": [], "not divided": []}
for d_head in widths:
    q, k = torch.randn(1, 200, 1, d_head), torch.randn(1, 32, 1, d_head)
    scores = attention_scores(q, k)
    for name, s in zip(entropies, [scores, scores * math.sqrt(d_head)], strict=True):
        weights = s.softmax(dim=-1)
        entropies[name].append(torch.special.entr(weights).sum(dim=-1).mean().item())

title = "How undecided is attention over 32 random keys?"
figure = lines(
    entropies, x_values=widths, x="d_head", y="entropy (nats)", title=title, references={"ln 32": math.log(32)}
)
show(figure.update_xaxes(type="log", tickvals=widths), "entropy-scale")
scaled_at_128, raw_at_128 = [values[widths.index(128)] for values in entropies.values()]
record(scaled_entropy=scaled_at_128, raw_entropy=raw_at_128)


# %% [markdown]
# At width 128 the entropy is 3.0 with the root and 0.4 without: by mere chance
# of the starting weights, nearly all attention goes to one key before training has said a word.

# %% [markdown]
# ### Hide the future
#
# *`causal_mask` · about 10 minutes · difficulty 2 of 5 · needs `attention_scores`*
#
# The model is to predict the next token at every position at once. If position 3 could look at position 4, it could
# simply copy the answer. So a query may look at its own position and at earlier ones; the scores for later keys
# must not count.
#
# They have to vanish *in the softmax*. A score of 0 doesn't do it, since $e^0 = 1$ is a perfectly good share of
# attention. A score of $-\infty$ does: $e^{-\infty} = 0$, and the shares of the rest sum to 1 of themselves. With
# scores $(0, 0, 0)$ for the second of three positions, masking gives $(0, 0, -\infty)$ and the weights are
# $(\tfrac12, \tfrac12, 0)$.

# %%
def causal_mask(scores: Float[Tensor, "batch head query key"]) -> Float[Tensor, "batch head query key"]:
    """A copy of the scores in which every key that comes after the query has -inf (or a number just as hopeless).

    There are as many keys as queries. A position may attend to itself. The input stays as it is.

    >>> causal_mask(torch.zeros(1, 1, 3, 3))[0, 0]
    tensor([[0., -inf, -inf],
            [0., 0., -inf],
            [0., 0., 0.]])
    """
    raise NotImplementedError("causal_mask")


# %%
check(causal_mask)

# %%
# hint("causal_mask")
# solution("causal_mask")

# %% [markdown]
# Scores, mask and softmax together make the **attention pattern**. Here it is for eight tokens with random queries
# and keys, as in a head before training. Read it by rows: each row is one query, and sums to 1.
#
# **Predict before you run:** what must the top left entry be, whatever the weights?

# %%
torch.manual_seed(1)
labels = ["Ann", " gave", " the", " glass", " to", " Ben", " and", " Ben"]
q, k = torch.randn(2, 1, len(labels), 1, 16)
pattern = causal_mask(attention_scores(q, k)).softmax(dim=-1)
title = "Attention pattern of an untrained head (weights)"
figure = heatmap(pattern[0, 0], x="key (looked at)", y="query (looking)", title=title, columns=labels, rows=labels)
show(figure, "causal-pattern")


# %% [markdown]
# The first position has nobody to look at but itself, so its weight is always 1. Remember this entry: a trained
# head that has nothing to do often parks its attention there, on the first token, as a way of doing nothing (Xiao
# et al., 2023, call it an attention sink).

# %% [markdown]
# ### Move the values
#
# *`move_values` · about 10 minutes · difficulty 2 of 5 · needs `causal_mask`*
#
# Now the pattern does its work. What arrives at a query is the average of the values, weighted by its row of the
# pattern:
#
# $$z_i = \sum_j a_{ij}\, v_j.$$
#
# With weights $(\tfrac14, \tfrac34)$ and values 8 and 4, what arrives is $2 + 3 = 5$. This is all that "moving
# information" means: a linear map from the values at some positions to another position. Once the pattern is known,
# the rest of attention is linear, which is why circuits can be read from it at all.

# %%
def move_values(
    pattern: Float[Tensor, "batch head query key"],
    v: Float[Tensor, "batch key head d_head"],
) -> Float[Tensor, "batch query head d_head"]:
    """For each query, the sum of the values at all keys of the same text and head, weighted by the pattern.

    >>> pattern = torch.tensor([[0.25, 0.75]]).reshape(1, 1, 1, 2)
    >>> v = torch.tensor([[8.0, 0.0], [4.0, 1.0]]).reshape(1, 2, 1, 2)
    >>> move_values(pattern, v)
    tensor([[[[5.0000, 0.7500]]]])
    """
    raise NotImplementedError("move_values")


# %%
check(move_values)


# %%
# hint("move_values")
# solution("move_values")

# %% [markdown]
# ### Put the attention layer together
#
# *`Attention` · about 30 minutes · difficulty 4 of 5 · needs `attention_scores`, `causal_mask`, `move_values`*
#
# All the parts are there. What remains is where queries, keys and values come from, and where the result goes. For
# each head $h$:
#
# 1. Read from the stream: $q = x W_Q^h + b_Q^h$, and likewise $k$ and $v$. Each goes from `d_model` numbers to
#    `d_head`.
# 2. Score, divide, mask, softmax: the pattern.
# 3. Move the values: $z$.
# 4. Write: $z W_O^h$, back from `d_head` to `d_model`. The writings of all heads are **added up**, and $b_O$ is
#    added once.
#
# You may have seen step 4 as "concatenate the heads, then multiply by one big matrix". It is the same product. But
# as a sum over heads it says what we need later: each head writes into the stream by itself, and each one's
# contribution can be looked at, or removed.
#
# In `forward` you may call your three functions from above or write their steps out, as you like.

# %%
class Attention(nn.Module):
    """Causal self-attention with `n_heads` heads: what the layer adds to the residual stream.

    W_Q, W_K, W_V and their biases read from the stream, one slice a head; W_O writes what each head has gathered
    back into it; b_O is added once. With W_Q, W_K and all biases 0 every score is 0, so each position gets the plain
    average of what it may see: if W_V and W_O are 1 (d_model = d_head = n_heads = 1), x = 1, 3, 8 becomes 1, 2, 4.
    """

    def __init__(self, d_model: int, n_heads: int, d_head: int) -> None:
        super().__init__()
        self.W_Q: Float[Tensor, "head d_model d_head"] = nn.Parameter(0.02 * torch.randn(n_heads, d_model, d_head))
        self.W_K: Float[Tensor, "head d_model d_head"] = nn.Parameter(0.02 * torch.randn(n_heads, d_model, d_head))
        self.W_V: Float[Tensor, "head d_model d_head"] = nn.Parameter(0.02 * torch.randn(n_heads, d_model, d_head))
        self.W_O: Float[Tensor, "head d_head d_model"] = nn.Parameter(0.02 * torch.randn(n_heads, d_head, d_model))
        self.b_Q: Float[Tensor, "head d_head"] = nn.Parameter(torch.zeros(n_heads, d_head))
        self.b_K: Float[Tensor, "head d_head"] = nn.Parameter(torch.zeros(n_heads, d_head))
        self.b_V: Float[Tensor, "head d_head"] = nn.Parameter(torch.zeros(n_heads, d_head))
        self.b_O: Float[Tensor, " d_model"] = nn.Parameter(torch.zeros(d_model))

    def forward(self, x: Float[Tensor, "batch pos d_model"]) -> Float[Tensor, "batch pos d_model"]:
        raise NotImplementedError("Attention.forward")


# %%
check(Attention)

# %%
# hint("Attention")
# solution("Attention")

# %% [markdown]
# One of your eight parameters does nothing at all, in this model or in any other like it. Let us look for it:
# change one bias at a time and see how far the output moves.
#
# **Predict before you run:** which of the four biases makes no difference? Look at the score
# $(q_i + b_Q) \cdot (k_j + b_K)$, multiply it out, and remember that softmax only sees the *differences* between
# the scores of one query.

# %%
torch.manual_seed(0)
x = torch.randn(1, 6, 32)
for name in ["b_Q", "b_K", "b_V", "b_O"]:
    layer = Attention(d_model=32, n_heads=4, d_head=8)
    for parameter in layer.parameters():
        parameter.data = 0.3 * torch.randn_like(parameter)
    before = layer(x)
    getattr(layer, name).data += 1
    print(f"{name}: the output moves by up to {(layer(x) - before).abs().max().item():.6f}")

# %% [markdown]
# The key bias adds $(q_i + b_Q) \cdot b_K$ to every score of query $i$: the same number for all keys, which the
# softmax doesn't see. GPT-2 small has trained 12 times 768 such numbers for nothing. It is the first example of
# something that will come up often: what a weight *is* and what it *does* are two questions, and only the second is
# about the model's behaviour.

# %% [markdown]
# ## A head made by hand
#
# Before training chooses weights for us, choose some ourselves, and see memory and movement work together. The
# task: at each position, note down *which token came before*. (It sounds modest. In the next chapter such a head
# turns out to be one half of the best known circuit there is.)
#
# We give the stream three compartments of six numbers: the token, the position, and an empty one for the note. The
# head's query at position $i$ asks for position $i-1$; its key announces its own position; its value is the token;
# and it writes into the third compartment.
#
# **Predict before you run:** what will position 0 note down, which has no predecessor?

# %%
one, nil = torch.eye(6), torch.zeros(6, 6)
embed, pos_embed, head = Embed(6, 18), PosEmbed(6, 18), Attention(d_model=18, n_heads=1, d_head=6)
embed.W_E.data = torch.cat([one, nil, nil], dim=1)
pos_embed.W_pos.data = torch.cat([nil, one, nil], dim=1)
head.W_Q.data[0] = torch.cat([nil, 50 * one.roll(1, dims=0), nil])  # position i asks for position i - 1 ...
head.W_Q.data[0, 6] = 0  # ... and position 0 for nothing
head.W_K.data[0] = torch.cat([nil, one, nil])
head.W_V.data[0] = torch.cat([one, nil, nil])
head.W_O.data[0] = torch.cat([nil, nil, one], dim=1)

tokens = torch.tensor([[3, 1, 4, 1, 5, 0]])
with torch.no_grad():
    x = embed(tokens) + pos_embed(tokens)
    x = x + head(x)
for position, stream in enumerate(x[0]):
    token, _, note = stream.reshape(3, 6).argmax(dim=-1).tolist()
    print(f"position {position}: token {token}, noted down: {note}")

# %% [markdown]
# From position 1 on, each note holds the token before. Position 0 had nowhere to look but at itself, and noted its
# own token: the weights of a query must sum to 1, so a head can't simply look at nothing.
#
# Notice what made it work. The token, the position and the note are three directions of the stream that don't
# overlap, so the head can read one, find its way by another and write into the third without spoiling either. A
# trained model has no such tidy compartments, yet the idea is the same: who reads which direction, and who wrote
# it?

# %% [markdown]
# ## MLPs work on what was moved
#
# Attention brings information to where it is needed. What it brings, it brings unchanged: apart from the pattern,
# everything in it is linear. Somebody has to *do* something with what has arrived, and that is the **MLP**
# (multi-layer perceptron), the second half of every layer. It looks at one position at a time, reads the stream
# there, and writes something new.
#
# An MLP widens the stream to `d_mlp` **neurons**, bends each one, and narrows it again. The bend is what matters:
# two linear maps in a row are one linear map, and could only stretch and turn what they read.

# %%
from collections.abc import Iterable

from course_utils.data.sentences import WORDS, Sentences


# %% [markdown]
# ### Bend the line smoothly
#
# *`gelu_new` · about 10 minutes · difficulty 1 of 5*
#
# The simplest bend is ReLU: negative numbers become 0, others stay. GPT-2 uses a relative without a corner, the
# **GELU** (Gaussian error linear unit; Hendrycks and Gimpel, 2016): $x$ times the probability that a standard
# normal number lies below $x$. For large $x$ that is $x$, for very negative $x$ it is 0, and in between it goes
# over smoothly, a little below zero on its way.
#
# The exact probability needs the error function, which was slow when this was invented. So the paper also gives an
# approximation, and GPT-2's weights were trained with it:
#
# $$
# \text{gelu}_\text{new}(x) =
# \frac{x}{2}\left(1 + \tanh\left[\sqrt{\frac{2}{\pi}}\,\left(x + 0.044715\,x^3\right)\right]\right).
# $$
#
# At $x = 1$ the square bracket holds $0.7979 \cdot 1.044715 = 0.8336$, its tanh is 0.6824, and the value is
# $\tfrac12 \cdot 1.6824 = 0.8412$.

# %%
def gelu_new(x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """GELU in the tanh form that GPT-2 was trained with, for each number by itself; the shape stays.

    >>> gelu_new(torch.tensor([-10.0, -1.0, 0.0, 1.0, 10.0])).round(decimals=4)
    tensor([-0.0000, -0.1588,  0.0000,  0.8412, 10.0000])
    """
    raise NotImplementedError("gelu_new")


# %%
check(gelu_new)

# %%
# hint("gelu_new")
# solution("gelu_new")

# %% [markdown]
# **Predict before you run:** where is the curve of GELU below that of ReLU by most, and on which side of zero is it
# negative? And do you expect to *see* the difference between the tanh form and the exact one?

# %%
x = torch.linspace(-4, 4, 401)
curves = {"gelu_new": gelu_new(x), "exact GELU": nn.functional.gelu(x), "ReLU": x.relu()}
show(lines(curves, x="input", y="output", x_values=x, title="Three ways to bend a line"), "gelu")
record(gelu_lowest=gelu_new(x).min(), gelu_lowest_at=x[gelu_new(x).argmin()])
record(gelu_gap=(gelu_new(x) - nn.functional.gelu(x)).abs().max())


# %% [markdown]
# The lowest point, -0.17, is at -0.76: a GELU neuron that is only a little below
# zero still says something, and still has a gradient to learn from. The two forms differ by at most
# 0.0005. That is invisible here, and yet it matters for us: whoever loads GPT-2's weights and takes the
# exact form gets slightly other logits, and hunts for the reason for an afternoon. Our aim at the end is agreement
# to 1e-4.

# %% [markdown]
# ### Work on one position at a time
#
# *`MLP` · about 10 minutes · difficulty 1 of 5 · needs `gelu_new`*
#
# Now the layer around the bend. With $\sigma$ for GELU in the tanh form:
#
# $$
# \text{MLP}(x) = \sigma(x\,W_\text{in} + b_\text{in})\,W_\text{out} + b_\text{out}.
# $$
#
# Read it as `d_mlp` small machines. Neuron $i$ looks at the stream in one direction (column $i$ of $W_\text{in}$),
# decides how strongly it fires, and writes that much of another direction (row $i$ of $W_\text{out}$). Geva et al.
# (2021) call the two a **key** and a **value**: a memory that says "if the stream looks like this, add that".
#
# Usually `d_mlp` is four times `d_model`. The ratio comes from the first transformer (Vaswani et al., 2017; 512 and
# 2048), and most have kept it; it is a habit, not a law.
#
# For the bend you may call your `gelu_new` or PyTorch's `nn.functional.gelu(…, approximate="tanh")`. They are the
# same function.

# %%
class MLP(nn.Module):
    """What one MLP layer adds to the stream, each position by itself: widen, bend (GELU, tanh form), narrow.

    With d_model = d_mlp = 1, W_in = 2, b_in = 4, W_out = 3, b_out = 1: x = 3 gives 2·3 + 4 = 10, which GELU leaves
    at 10, and 3·10 + 1 = 31. And x = -7 gives -10, of which GELU leaves 0, and so 1.
    """

    def __init__(self, d_model: int, d_mlp: int) -> None:
        super().__init__()
        self.W_in: Float[Tensor, "d_model d_mlp"] = nn.Parameter(0.02 * torch.randn(d_model, d_mlp))
        self.b_in: Float[Tensor, " d_mlp"] = nn.Parameter(torch.zeros(d_mlp))
        self.W_out: Float[Tensor, "d_mlp d_model"] = nn.Parameter(0.02 * torch.randn(d_mlp, d_model))
        self.b_out: Float[Tensor, " d_model"] = nn.Parameter(torch.zeros(d_model))

    def forward(self, x: Float[Tensor, "batch pos d_model"]) -> Float[Tensor, "batch pos d_model"]:
        raise NotImplementedError("MLP.forward")


# %%
check(MLP)

# %%
# hint("MLP")
# solution("MLP")

# %% [markdown]
# What is a bend good for? Here is one neuron, its weights set by hand. The stream has two coordinates. Let them say
# how much a text is about a *farmer*, and how much it is about *several*. The neuron reads their sum, minus 1.
#
# **Predict before you run:** at which corners of the square from (0, 0) to (1, 1) does it fire?

# %%
neuron = MLP(d_model=2, d_mlp=1)
with torch.no_grad():
    neuron.W_in.copy_(torch.tensor([[8.0], [8.0]]))
    neuron.b_in.copy_(torch.tensor([-8.0]))
    neuron.W_out.copy_(torch.tensor([[0.125, 0.0]]))
    side = torch.linspace(0, 1, 21)
    fired = neuron(torch.stack(torch.meshgrid(side, side, indexing="ij"), dim=-1))[..., 0]
ticks = [f"{value:.2f}" for value in side]
title = "A neuron that says: both"
show(heatmap(fired, x="several", y="farmer", title=title, rows=ticks, columns=ticks), "and-neuron")
print(f"neither {fired[0, 0]:.2f}, one of them {fired[0, -1]:.2f}, both {fired[-1, -1]:.2f}")


# %% [markdown]
# Only where both are present. No linear map can do this: a linear map that gives 0 for *farmer* and 0 for *several*
# gives 0 for both together. "If this *and* that, then …" is what MLPs add to a transformer, and it is how a model
# can know that *farmers* wants *sing* and not *sings*.

# %% [markdown]
# ## One block
#
# Attention and MLP together make a **block**, and a transformer is a stack of them. All that is left to settle is
# how a block is wired to the residual stream.

# %% [markdown]
# ### Wire the residual stream
#
# *`TransformerBlock` · about 10 minutes · difficulty 2 of 5 · needs `LayerNorm`, `Attention`, `MLP`*
#
# Each half of a block reads a normalised copy of the stream, and adds what it has to say to the stream itself:
#
# $$
# \begin{aligned}
# x_\text{mid} &= x + \text{Attn}(\text{LN}_1(x)) \\
# x_\text{post} &= x_\text{mid} + \text{MLP}(\text{LN}_2(x_\text{mid})).
# \end{aligned}
# $$
#
# Three things are easy to get wrong, and a model with any of them still trains, only worse.
#
# - The stream itself is never normalised. LayerNorm stands on the *branch*, in front of the layer. This is called
#   **pre-norm**; GPT-2 uses it (Radford et al., 2019). The first transformer normalised the sum instead
#   (post-norm), and deep stacks of that kind are hard to train (Xiong et al., 2020).
# - The MLP comes second: it reads a stream in which this block's attention has already written.
# - The two LayerNorms are two, each with weights of its own.
#
# Because everything is added and nothing overwritten (residual connections; He et al., 2016), the stream at the end
# is a plain sum: the embedding, plus what each layer wrote. The whole of this course lives from that sentence.
#
# The parts come in ready-made, and the block doesn't know what is in them. The checks make use of that: they pass
# in parts that only do arithmetic, so that each way of wiring gives a number of its own.

# %%
class TransformerBlock(nn.Module):
    """One pre-norm block: attention adds to the stream, then the MLP does, each reading through its own LayerNorm.

    With parts that do arithmetic, ln1: x → 10x, attn: x → x + 1, ln2: x → 2x, mlp: x → -x, the stream 1 becomes
    1 + (10·1 + 1) = 12 after attention, and 12 - 2·12 = -12 at the end.
    """

    def __init__(self, ln1: nn.Module, attn: nn.Module, ln2: nn.Module, mlp: nn.Module) -> None:
        super().__init__()
        self.ln1 = ln1
        self.attn = attn
        self.ln2 = ln2
        self.mlp = mlp

    def forward(self, x: Float[Tensor, "batch pos d_model"]) -> Float[Tensor, "batch pos d_model"]:
        raise NotImplementedError("TransformerBlock.forward")


# %%
check(TransformerBlock)


# %%
# hint("TransformerBlock")
# solution("TransformerBlock")

# %% [markdown]
# ## From vectors back to tokens
#
# ### Turn vectors into logits
#
# *`Unembed` · about 5 minutes · difficulty 1 of 5*
#
# At the end the stream holds `d_model` numbers at each position, and we want one number for each token of
# the vocabulary: how much the model is for this token to come next. These numbers are called **logits**. They are
# unbounded, and only differences between them mean something; softmax turns them into probabilities, and we leave
# that to whoever needs it.
#
# The map from stream to logits is linear: the **unembedding**. The logit of a token is the dot product of the
# stream with that token's column of $W_U$, plus the token's own $b_U$. Keep this picture. It means that a direction
# in the stream *is* an opinion about the next token, and that the opinions which different layers wrote add up.
# Chapter 2 starts from here.

# %%
class Unembed(nn.Module):
    """One logit for each token of the vocabulary, at every position.

    With d_model = 2, the stream (3, 1), a token whose column of W_U is (2, -1) and whose b_U is 0.5 gets the logit
    3·2 - 1·1 + 0.5 = 5.5.
    """

    def __init__(self, d_model: int, d_vocab: int) -> None:
        super().__init__()
        self.W_U: Float[Tensor, "d_model d_vocab"] = nn.Parameter(0.02 * torch.randn(d_model, d_vocab))
        self.b_U: Float[Tensor, " d_vocab"] = nn.Parameter(torch.zeros(d_vocab))

    def forward(self, x: Float[Tensor, "batch pos d_model"]) -> Float[Tensor, "batch pos d_vocab"]:
        raise NotImplementedError("Unembed.forward")


# %%
check(Unembed)


# %%
# hint("Unembed")
# solution("Unembed")

# %% [markdown]
# ### Assemble the whole model
#
# *`Transformer` · about 15 minutes · difficulty 2 of 5 · needs `Embed`, `PosEmbed`, `LayerNorm`, `TransformerBlock`, `Unembed`*
#
# Everything is there. From tokens to logits:
#
# 1. the stream starts as the sum of token embedding and position embedding;
# 2. each block, in order, adds to it;
# 3. one last LayerNorm, and the unembedding.
#
# This time you write the constructor, too. PyTorch finds the parameters of a module by looking through its
# attributes for other modules. It does not look into plain Python lists: blocks that are kept in one compute as
# they should, but no optimizer ever sees their weights, and they never learn. `nn.ModuleList` is a list that
# PyTorch does look into.
#
# The names of the attributes matter as well: they become the names of the weights, such as `blocks.0.attn.W_Q`, and
# by these names we'll load GPT-2's.

# %%
class Transformer(nn.Module):
    """A GPT-2 style model: tokens in, one row of logits a position out. `blocks` may be any list of modules.

    The parts are kept as `embed`, `pos_embed`, `blocks` (an `nn.ModuleList`), `ln_final`, `unembed`. The two
    embeddings take the tokens; the other parts take the stream. With parts that do arithmetic, embed: t → 10t,
    pos_embed: t → 1, one block: x → 2x, ln_final: x → x - 2, unembed: x → 3x, the token 4 becomes
    3·(2·(40 + 1) - 2) = 240.
    """

    def __init__(
        self,
        embed: nn.Module,
        pos_embed: nn.Module,
        blocks: list[nn.Module],
        ln_final: nn.Module,
        unembed: nn.Module,
    ) -> None:
        raise NotImplementedError("Transformer.__init__")

    def forward(self, tokens: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch pos d_vocab"]:
        raise NotImplementedError("Transformer.forward")


# %%
check(Transformer)


# %%
# hint("Transformer")
# solution("Transformer")

# %% [markdown]
# And here it is, made of nothing but your own classes. We make a small one for the made-up English that you will
# train it on below. (From here on the *demonstrations* run your whole model, so they need every class from `Embed` to
# `Unembed`. The checks of the exercises don't: each is judged alone.)

# %%
def make_transformer(
    d_vocab: int, n_ctx: int, d_model: int, n_heads: int, d_head: int, d_mlp: int, n_layers: int
) -> Transformer:
    """Your classes put together, with fresh random weights. Raises NotImplementedError where one is still a stub."""
    blocks = []
    for _ in range(n_layers):
        attn, mlp = Attention(d_model, n_heads, d_head), MLP(d_model, d_mlp)
        blocks.append(TransformerBlock(LayerNorm(d_model), attn, LayerNorm(d_model), mlp))
    embed, pos_embed = Embed(d_vocab, d_model), PosEmbed(n_ctx, d_model)
    try:
        made = Transformer(embed, pos_embed, blocks, LayerNorm(d_model), Unembed(d_model, d_vocab))
        made(torch.zeros(1, 2, dtype=torch.int64))
    except NotImplementedError as missing:
        raise NotImplementedError(f"{missing} is still to be written: a whole model needs it") from None
    return made


torch.manual_seed(0)
sentences = Sentences(seed=0)
d_vocab = len(sentences.tokenizer)
sizes = {"d_vocab": d_vocab, "n_ctx": 48, "d_model": 64, "n_heads": 8, "d_head": 8, "d_mlp": 256, "n_layers": 2}
model = make_transformer(**sizes)
tokens = sentences.batch(batch=3, length=10)
print("tokens", list(tokens.shape), "-> logits", list(model(tokens).shape))

# %% [markdown]
# One property is worth testing on the assembled model, because a slip in any part would break it: nothing may leak
# back from the future. We change the last token of a text and look where the logits change.
#
# **Predict before you run:** at how many of the ten positions?

# %%
changed = tokens.clone()
changed[:, -1] = (changed[:, -1] + 1) % d_vocab
with torch.no_grad():
    moved = (model(changed) - model(tokens)).abs().amax(dim=(0, 2))
print("positions whose logits moved:", moved.nonzero().flatten().tolist())
assert moved[:-1].max() == 0 and moved[-1] > 0


# %% [markdown]
# ### Count the parameters by hand
#
# *`parameter_count` · about 15 minutes · difficulty 2 of 5 · needs `Transformer`*
#
# To know a model is to know where its weights are. Write the function that gives the number of **parameters**
# (single learnt numbers) of a `make_transformer` model from its sizes alone. The shapes are all in the constructors
# above. Biases count, and so do the `w` and `b` of each LayerNorm.
#
# Two remarks. `n_heads * d_head` is usually `d_model`, but nothing forces it to be, so don't rely on it. And GPT-2
# ties its unembedding to its embedding: $W_U$ is the transpose of $W_E$, stored once. Ours are separate, which lets
# each be studied by itself; count both.

# %%
def parameter_count(
    d_vocab: int, n_ctx: int, d_model: int, n_heads: int, d_head: int, d_mlp: int, n_layers: int
) -> int:
    """How many parameters a model has that `make_transformer` makes with these sizes, worked out from the sizes alone.

    >>> parameter_count(d_vocab=5, n_ctx=3, d_model=2, n_heads=1, d_head=2, d_mlp=8, n_layers=0)
    35

    That is 5·2 (embedding) + 3·2 (positions) + 2 + 2 (final LayerNorm) + 2·5 + 5 (unembedding).
    """
    raise NotImplementedError("parameter_count")


# %%
check(parameter_count)

# %%
# hint("parameter_count")
# solution("parameter_count")

# %% [markdown]
# PyTorch can count, too, so we can compare; and it can make a model without memory, on the device `"meta"`, which
# has shapes and no numbers. That is enough to lay GPT-2 small (2019) beside yours.
#
# **Predict before you run:** which has most of GPT-2's parameters: embeddings, attention, or MLPs? And of your
# small model's?

# %%
gpt2_sizes = {"d_vocab": 50257, "n_ctx": 1024, "d_model": 768, "n_heads": 12, "d_head": 64, "d_mlp": 3072}
gpt2_sizes["n_layers"] = 12
with torch.device("meta"):
    gpt2_shaped = make_transformer(**gpt2_sizes)

fig = go.Figure()
shares = {}
for name, one, its_sizes in [("yours", model, sizes), ("GPT-2 small", gpt2_shaped, gpt2_sizes)]:
    count = {"embeddings": 0, "attention": 0, "MLPs": 0, "LayerNorms": 0, "unembedding": 0}
    for path, weight in one.named_parameters():
        kinds = {"embed": "embeddings", "pos_embed": "embeddings", "attn": "attention", "mlp": "MLPs"}
        kind = next((kinds[part] for part in path.split(".") if part in kinds), "LayerNorms")
        count["unembedding" if path.startswith("unembed") else kind] += weight.numel()
    total = sum(count.values())
    assert total == parameter_count(**its_sizes)
    shares[name] = {kind: number / total for kind, number in count.items()}
    fig.add_bar(x=list(count), y=list(shares[name].values()), name=f"{name}: {total:,}")
show(house(fig, x="part", y="share of all parameters", title="Where the parameters are"), "parameters")
record(parameters=parameter_count(**sizes), gpt2_parameters=parameter_count(**gpt2_sizes))
record(gpt2_mlp_share=shares["GPT-2 small"]["MLPs"], gpt2_attention_share=shares["GPT-2 small"]["attention"])


# %% [markdown]
# Yours has 127,549 parameters, GPT-2 small 163,087,441 when its unembedding is counted
# separately (with the two tied, and without $b_U$, it is the 124 million that one reads everywhere). Within the
# blocks the MLPs hold twice as much as attention does, 35% against 17%:
# $8\,d_\text{model}^2$ a layer, against $4\,d_\text{model}^2$. Most of what a model has learnt by heart is thought
# to be there.

# %% [markdown]
# ## Learning to predict
#
# Right now the weights are random, and so are the model's opinions. Training is simple to say: show it texts,
# measure how surprised it is by each next token, and change every weight a little in the direction that lowers the
# surprise. Four exercises, and you have all of it.

# %% [markdown]
# ### Score the guesses
#
# *`next_token_loss` · about 15 minutes · difficulty 2 of 5 · needs `Unembed`*
#
# (Below you train your model on a made-up English, in which every word is one token, and full stops and commas are
# words like any other. So where we speak of that language, a word is a token.)
#
# The model gives the token that really came a probability $p$, by softmax over the logits. Its **surprise** is
# $-\ln p$: 0 if it was certain, large if it thought the token unlikely. The mean over all tokens is the **loss**
# (cross-entropy, in **nats**).
#
# Mind the shift. The logits at position $i$ are a guess about token $i + 1$. So the first token is guessed by
# nobody, and the guess at the last position can't be scored, for we don't know what would have come: a text of $n$
# tokens gives $n - 1$ scores. Compare guess $i$ with token $i$ instead, and you train a model to repeat what it has
# just read, which it learns to perfection.
#
# Use `log_softmax`, or `nn.functional.cross_entropy`, which includes it, rather than the logarithm of a softmax: a
# very small probability is rounded to 0, and its logarithm is minus infinity.

# %%
def next_token_loss(
    logits: Float[Tensor, "batch pos d_vocab"],
    tokens: Int[Tensor, "batch pos"],
) -> Float[Tensor, ""]:
    """The mean of -ln p(next token), in nats, over all tokens of all texts that have one before them.

    >>> tokens = torch.tensor([[0, 1, 1]])
    >>> logits = torch.tensor([[[0.0, 0.0], [0.0, math.log(3)], [9.0, 0.0]]])

    The next tokens get p = 1/2 and p = 3/4; the guess at the last position isn't scored. The mean of ln 2 and ln 4/3:

    >>> next_token_loss(logits, tokens)
    tensor(0.4904)
    """
    raise NotImplementedError("next_token_loss")


# %%
check(next_token_loss)

# %%
# hint("next_token_loss")
# solution("next_token_loss")

# %% [markdown]
# There is one number that everyone who trains models looks at first: the loss before any training. A model that
# knows nothing should hold all $d_\text{vocab}$ tokens about equally likely.
#
# **Predict before you run:** our vocabulary has almost 190 words, each a token. What is the surprise of a reader who
# thinks that each is equally likely?

# %%
tokens = sentences.batch(batch=64, length=48)
with torch.no_grad():
    loss_at_start = next_token_loss(model(tokens), tokens)
record(d_vocab=d_vocab, loss_at_start=loss_at_start, uniform_loss=math.log(d_vocab))
print(f"your untrained model: {loss_at_start:.3f}   ln {d_vocab}: {math.log(d_vocab):.3f}")


# %% [markdown]
# 5.25, and $\ln 189 = 5.24$. Were it clearly *larger*, the model would be
# wrong with confidence, which speaks of starting weights that are too large. Were it *smaller*, you would have to
# ask where it has its knowledge from: usually, from the answer.

# %% [markdown]
# ### Plan the learning rate
#
# *`learning_rate_at` · about 10 minutes · difficulty 2 of 5*
#
# The **learning rate** says how far the weights move at each step. One number for the whole of training is seldom
# best. At the start the gradients are wild, and the optimizer's running averages, which are to tame them, rest on
# few examples; so one begins with small steps (**warm-up**; Goyal et al., 2017). At the end, large steps only jump
# to and fro across the valley; so one lets them shrink, often along half a cosine (Loshchilov and Hutter, 2017).
#
# With the steps numbered from 0:
#
# - up to `warmup_steps` a straight line, from 0 at step 0 to `peak` at step `warmup_steps`;
# - from there to `total_steps` half a cosine wave, from `peak` down to `floor`. At a fraction $t$ of this stretch
#   the rate is $\text{floor} + \tfrac12(\text{peak} - \text{floor})(1 + \cos \pi t)$;
# - after that, `floor`.

# %%
def learning_rate_at(step: int, warmup_steps: int, total_steps: int, peak: float, floor: float) -> float:
    """The learning rate at a step: a straight line up to `peak`, half a cosine down to `floor`, then `floor` for good.

    `warmup_steps` may be 0, and is smaller than `total_steps`.

    >>> [learning_rate_at(step, warmup_steps=4, total_steps=12, peak=8.0, floor=2.0) for step in (0, 1, 4, 8, 12, 99)]
    [0.0, 2.0, 8.0, 5.0, 2.0, 2.0]
    """
    raise NotImplementedError("learning_rate_at")


# %%
check(learning_rate_at)

# %%
# hint("learning_rate_at")
# solution("learning_rate_at")

# %% [markdown]
# These are the numbers that we'll train with. **Predict before you run:** at what step will the rate be halfway
# between peak and floor on its way down? It isn't `n_steps / 2`.

# %%
n_steps, warmup_steps, peak, floor = 1000, 50, 8e-3, 8e-4
rates = [learning_rate_at(step, warmup_steps, n_steps, peak, floor) for step in range(n_steps + 1)]
title = "Warm-up, then half a cosine"
show(lines({"rate": rates}, x="step", y="learning rate", title=title), "learning-rate")
half_rate_step = next(step for step in range(warmup_steps, n_steps) if rates[step] <= (peak + floor) / 2)
print(f"halfway down at step {half_rate_step}")
record(half_rate_step=half_rate_step)


# %% [markdown]
# At step 525: the cosine begins where the warm-up ends, so its middle is that of the stretch from
# `warmup_steps` to `n_steps`.

# %% [markdown]
# ### Shorten gradients that are too long
#
# *`clip_gradients` · about 15 minutes · difficulty 3 of 5*
#
# Now and then a batch gives an enormous gradient, and a single step along it can undo a thousand good ones. The
# remedy is to **clip** it (Pascanu, Mikolov and Bengio, 2013). See all gradients of the model as one long vector,
# and take its length (its **norm**). If it is longer than allowed, multiply every gradient by the same factor, so
# that the length is just what is allowed. The direction stays.
#
# Two gradients, $3$ and $4$, belong to two different parameters. Together their norm is $\sqrt{3^2 + 4^2} = 5$.
# With `max_norm = 1` they become 0.6 and 0.8.
#
# Some parameters may have no gradient (`p.grad is None`): skip them. And `model.parameters()` is a *generator*: it
# can be gone through once, and is empty the second time. If you need two passes, make a list first.

# %%
def clip_gradients(parameters: Iterable[nn.Parameter], max_norm: float) -> float:
    """Scale all gradients by one factor, so that their common norm is at most `max_norm`.

    What counts is what stands in each parameter's `.grad` afterwards: the same tensor, changed, or a new one. Returns
    the norm from before, as a Python number. Gradients that are short enough stay as they are. Parameters
    without a gradient are skipped; there is at least one with a gradient.

    >>> p, q = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
    >>> p.grad, q.grad = torch.tensor([3.0]), torch.tensor([4.0])
    >>> clip_gradients([p, q], max_norm=1.0)
    5.0
    >>> p.grad, q.grad
    (tensor([0.6000]), tensor([0.8000]))
    """
    raise NotImplementedError("clip_gradients")


# %%
check(clip_gradients)


# %%
# hint("clip_gradients")
# solution("clip_gradients")

# %% [markdown]
# ### Take one training step
#
# *`training_step` · about 20 minutes · difficulty 3 of 5 · needs `next_token_loss`, `learning_rate_at`, `clip_gradients`*
#
# Now put it together. One step on one batch:
#
# 1. set the learning rate: `optimizer.param_groups` is a list of dictionaries, and each has an entry `"lr"`;
# 2. run the model on the tokens, and take the loss;
# 3. clear the gradients of the step before (PyTorch *adds* new gradients to old ones), and go backward;
# 4. clip;
# 5. let the optimizer move the weights;
# 6. return the loss as a number: the one from step 2, before the weights moved.
#
# The order is all there is to it, and each wrong order gives a program that runs without complaint. Here you may
# call your own `next_token_loss` and `clip_gradients`, or PyTorch's `nn.functional.cross_entropy` and
# `nn.utils.clip_grad_norm_`, as our solution does, so that it stands alone.

# %%
def training_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    tokens: Int[Tensor, "batch pos"],
    learning_rate: float,
    max_norm: float,
) -> float:
    """Change the model's weights by one step that lowers the next-token loss on `tokens`; return the loss before it.

    `learning_rate` holds for all parameter groups of the optimizer. Gradients left over from earlier don't count; the
    new ones are clipped to `max_norm`, all together. Whether the model is in training mode is left as it was.

    A model of two tokens whose logits are all 0 has the loss ln 2 = 0.693 on the text [[0, 1]]. The gradient of the
    logits after token 0 is (0.5, -0.5), so with plain SGD and learning rate 2 they become (-1, 1).
    """
    raise NotImplementedError("training_step")


# %%
check(training_step)


# %%
# hint("training_step")
# solution("training_step")

# %% [markdown]
# ## Train your own model
#
# Real text would take days. So here is a language for a small machine: a made-up English of four kinds of
# sentences, with names, places, things, singular and plural. Look at some of it, and at what an untrained model
# writes when its next words are drawn from its own probabilities. (Every text begins with a full stop here, which
# says: a sentence may start.)

# %%
@torch.no_grad()
def babble(model: nn.Module, prompt: str, n_new: int = 36, seed: int = 0) -> str:
    """Continue the prompt, drawing each word from the model's probabilities."""
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.tensor([sentences.tokenizer.encode(prompt)])
    for _ in range(n_new):
        probs = model(tokens)[:, -1].softmax(dim=-1)
        tokens = torch.cat([tokens, torch.multinomial(probs, num_samples=1, generator=generator)], dim=1)
    return sentences.tokenizer.decode(tokens[0])


print("The language:")
for _ in range(5):
    print("   ", sentences.sentence())
print("The model, before training:")
print("   ", babble(model, ". yesterday julia"))

# %% [markdown]
# The grammar is known, and written down in `course_utils/data/sentences.py`. Thanks to that we know something that
# is hidden for real text: how large each word's surprise is for a *perfect* reader. So we can draw three lines
# before we start.
#
# - **Uniform**: every word equally likely. Here the model begins.
# - **Frequencies**: how often each word occurs, and nothing else. The loss is the entropy of the word counts. A
#   model gets there without looking at context at all.
# - **Perfect**: what remains for a reader who knows the grammar and uses all of the context. What name comes first
#   is pure chance, and nobody can guess it.

# %%
held_out, surprise = Sentences(seed=1).scored_batch(batch=256, length=sizes["n_ctx"])
frequency = torch.bincount(held_out[:, 1:].flatten(), minlength=d_vocab) / held_out[:, 1:].numel()
references = {
    "uniform": math.log(d_vocab),
    "frequencies": torch.special.entr(frequency).sum().item(),
    "perfect": surprise[:, 1:].mean().item(),
}
record(frequency_loss=references["frequencies"], perfect_loss=references["perfect"])
for name, value in references.items():
    print(f"{name:12}{value:.2f} nats, as if choosing among {math.exp(value):.1f} words")

# %% [markdown]
# The last column is $e^\text{loss}$, the **perplexity**: among how many equally likely words one would have to
# choose to be as surprised.
#
# The loss is an average over very different words, so we'll also watch four kinds of word one by one, on texts that
# the model doesn't train on:
#
# - *fixed words*: those that the sentence's kind and the words before leave no choice about, other than names;
# - *the same name again*: "yesterday julia … and today" must be followed by "julia";
# - *the other name*: "when leo and ada went …, leo gave … to" must be followed by "ada", the one of the two who did
#   *not* give;
# - *new names*: nothing in the context tells which of the 24 it will be.
#
# **Predict before you run:** in which order will the model learn them? Which of them calls for attention to an
# earlier word, and which for more than that? Which will never be learnt?

# %%
names = torch.tensor(sentences.tokenizer.encode(" ".join(WORDS["WOMAN"] + WORDS["MAN"])))
before, target, doubt = held_out[:, :-1], held_out[:, 1:], surprise[:, 1:]
is_name, sure = torch.isin(target, names), doubt == 0
after = {word: before == sentences.tokenizer.encode(word)[0] for word in ("today", "to")}
kinds = {
    "fixed words": sure & ~is_name,
    "the same name again": sure & is_name & after["today"],
    "the other name": sure & is_name & after["to"],
    "new names": is_name & (doubt > math.log(3)),
}


@torch.no_grad()
def accuracy(model: nn.Module) -> dict[str, float]:
    """For each kind of word, how often the model's likeliest next word is the right one."""
    right = model(held_out)[:, :-1].argmax(dim=-1) == target
    return {kind: right[where].float().mean().item() for kind, where in kinds.items()}


# %% [markdown]
# This is the moment. `AdamW` (Loshchilov and Hutter, 2019) is the optimizer that nearly everyone trains
# transformers with: it gives each weight a step size of its own, from running averages of its gradients. The run
# takes a minute or so.
#
# The numbers in the text from here on are those of *our* training. Yours will mostly be close, and seldom equal: the
# same products, summed in another order, are rounded differently, and a thousand steps make something of that. What
# we say about them held in each of four trainings from different seeds; where a single number is a matter of luck, we
# say so.

# %%
optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.01)
every = 20
losses, progress = [], {kind: [] for kind in kinds}
for step in range(1, n_steps + 1):
    tokens = sentences.batch(batch=32, length=sizes["n_ctx"])
    rate = learning_rate_at(step, warmup_steps, n_steps, peak, floor)
    losses.append(training_step(model, optimizer, tokens, rate, max_norm=1.0))
    if step % every == 0:
        for kind, share in accuracy(model).items():
            progress[kind].append(share)
    if step in (1, 10) or step % 100 == 0:
        print(f"step {step:4}   loss {losses[-1]:.3f}")

# %%
assert losses, "there is no training to draw yet: the cell above needs your `training_step`"
smooth = [sum(losses[i : i + 10]) / 10 for i in range(0, n_steps, 10)]
middles = [i + 5 for i in range(0, n_steps, 10)]
title = "Learning the made-up English"
fig = lines({"loss": smooth}, x_values=middles, x="step", y="loss (nats a word)", title=title, references=references)
show(fig.update_yaxes(rangemode="tozero"), "loss-curve")
with torch.no_grad():
    held_out_loss = next_token_loss(model(held_out), held_out)
record(held_out_loss=held_out_loss, gap_to_perfect=held_out_loss - references["perfect"])
print(f"loss on new texts {held_out_loss:.3f}, perfect {references['perfect']:.3f}")

# %% [markdown]
# It falls from 5.2 past the line of frequencies (4.41) almost at once: which
# words are common is the cheapest thing to know. Then it comes down to 1.23 on new texts, within
# 0.01 nats of perfect (1.22).
#
# A loss curve like this looks like one smooth slope. It isn't one.

# %%
assert losses, "there is no training to draw yet: two cells above, it needs your `training_step`"
checked = list(range(every, n_steps + 1, every))
title = "Four kinds of word, learnt at different times"
fig = lines(progress, x_values=checked, x="step", y="share guessed right", title=title)
show(fig.update_yaxes(range=[-0.02, 1.02], tickformat=".0%"), "learning-by-kind-training")
final = accuracy(model)
half_way = {
    kind: next((s for s, a in zip(checked, shares, strict=True) if a > 0.5), 0) for kind, shares in progress.items()
}
record(acc_fixed=final["fixed words"], acc_again=final["the same name again"])
record(acc_other=final["the other name"], acc_new=final["new names"])
record(half_fixed=half_way["fixed words"], half_again=half_way["the same name again"])
for kind, share in final.items():
    print(f"{kind:22}{share:.0%}")

# %% [markdown]
# *Fixed words* come first: half of them are right by step 20. Most follow from the word just before,
# and for those no attention is needed.
#
# *The same name again* stays at the level of guessing while the loss is coming down nicely, and then, about step
# 260, it jumps, to end at 100%. In a short stretch the model finds out how to look back
# at a name and copy it. In the loss you would have seen a slight dent at most. Sudden steps like this one are the
# traces of a circuit being formed, and chapter 2 takes one apart.
#
# *The other name* asks for more. As soon as a model can copy names it may know that one of *two* must follow, and
# be right half of the time. To do better it has to bring three things together: both names, and who is giving. Look
# for the stretch of the curve near one half; at the end it stands at 100%. This task has a name,
# indirect object identification, and a chapter of its own, the third. When it is solved depends on the starting
# weights more than on anything else here: with another seed, it may be long before this, or not yet.
#
# *New names* end at 3%. One in 24 is about 4%, and no reader could do better.

# %%
print("The model, after training:")
for seed, prompt in enumerate(
    [". yesterday julia", ". when leo and ada went to the market ,", ". the old farmers", "."]
):
    print("   ", babble(model, prompt, n_new=24, seed=seed))

# %% [markdown]
# Compare that with what it wrote before. Then read it like a proof-reader: does every verb agree with its noun, do
# the same person and the same thing come back after *today*, does one of the two people give to the other? Where it
# slips, you have a question about a mechanism: what would the model have had to look at, and why didn't it?
#
# These are 127,549 numbers that you have put there yourself, and nothing in between is hidden from you.
# Whatever the model knows about names and verbs, it knows by way of the few matrix products that you wrote in this
# chapter.

# %% [markdown]
# ## From scores to text
#
# Your model answers every text with one score for each token that could come next. It does not write. Writing needs
# a second ingredient: a rule that turns a row of logits into one token, which is added to the text, which goes back
# into the model, and so on. Such a rule is called a **decoding** method, and the choice matters more than one might
# think: the same weights can stammer, ramble or speak, depending on a few lines of code that know nothing about
# language.
#
# By the end of this section you will have written the rules that are in daily use, and you will have measured on
# your own model what each of them buys and what it costs.

# %%
import os
import random
import time
import warnings
from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go

from course_utils.data.sentences import is_sentence


# %% [markdown]
# ### Take the likeliest token
#
# *`greedy_sample` · about 5 minutes · difficulty 1 of 5 · needs `Unembed`*
#
# The plainest rule is **greedy decoding**: take the token with the highest logit, every time. It needs no
# randomness, it is reproducible, and for questions with one short answer it is often what one wants.
#
# Write it for a whole batch at once: one row of logits for each text, one token back for each.

# %%
def greedy_sample(logits: Float[Tensor, "batch d_vocab"]) -> Int[Tensor, "batch"]:
    """The likeliest next token for each text of a batch.

    >>> greedy_sample(torch.tensor([[0.5, 2.0, -1.0], [3.0, 0.0, 1.0]]))
    tensor([1, 0])
    """
    raise NotImplementedError("greedy_sample")


# %%
check(greedy_sample)

# %%
# hint("greedy_sample")
# solution("greedy_sample")

# %% [markdown]
# Here is the loop that every rule of this section will be plugged into. `choose` sees the logits after each text of
# the batch and the tokens so far, and says how each text goes on.

# %%
tokenizer = sentences.tokenizer
full_stop = torch.tensor([tokenizer.encode(".")])


@torch.no_grad()
def continue_texts(
    choose: Callable[[Tensor, Tensor], Tensor], start: Int[Tensor, "batch pos"], n_new: int
) -> list[str]:
    """Let `model` write on: `choose(logits [batch d_vocab], tokens [batch pos])` gives the next token of each text."""
    tokens = start
    for _ in range(n_new):
        chosen = choose(model(tokens)[:, -1], tokens)
        tokens = torch.cat([tokens, chosen[:, None]], dim=1)
    return [tokenizer.decode(row) for row in tokens]


def greedy(logits: Tensor, tokens: Tensor) -> Tensor:
    """Greedy decoding, as a rule for `continue_texts`."""
    return greedy_sample(logits)


# %% [markdown]
# **Predict before you run.** The training text is a row of independent sentences. It opens them in 27 ways: with
# *the*, *when*, *yesterday*, or one of 24 names. We hand the model 256 stretches of fresh text, and look at every
# full stop at how greedy decoding would go on. How many of the 27 will it ever use?

# %%
print(continue_texts(greedy, full_stop, n_new=45)[0])
fresh = sentences.batch(256, 48)
with torch.no_grad():
    guesses = greedy_sample(model(fresh)[:, :-1].flatten(0, 1))
at_stop = (fresh[:, :-1] == full_stop).flatten()
chosen, true = guesses[at_stop].unique(), fresh[:, 1:].flatten()[at_stop].unique()
record(full_stops=int(at_stop.sum()), greedy_openings_about=len(chosen), true_openings=len(true))
print(f"{at_stop.sum()} full stops: the text goes on in {len(true)} ways, greedy decoding in {len(chosen)}")


# %% [markdown]
# After 1066 full stops the text went on in 27 different ways, and greedy decoding
# would have gone on in 2. The model knows better: its probabilities are nearly right, as
# you'll see in a moment. But where several words are about equally good, always taking the best turns a hair's
# breadth of difference into all or nothing. And wherever the text looks the same to the model, it does the same
# again, for ever: nothing in greedy decoding can leave a **loop**. Large models loop for one more reason. Text that
# has just repeated itself makes a further repetition *likelier*, so that each turn of the loop deepens it (Holtzman
# and others, 2020). You will meet the machinery behind that, the induction head, in the next chapter.
#
# To hear the rest of what the model knows, we have to let chance in.

# %% [markdown]
# ### Let chance choose, in proportion
#
# *`draw_token` · about 15 minutes · difficulty 2 of 5 · needs `greedy_sample`*
#
# **Sampling** draws the next token at random, each with the probability that the model gives it. A computer has no
# loaded die with hundreds of faces. It has a source of numbers $u$ that are spread evenly over the interval from 0
# up to, but not including, 1. There is an old way to get from one to the other: lay the probabilities end to end,
# so that together they cover the interval, and see in whose stretch $u$ falls.
#
# With probabilities 0.25, 0 and 0.75, token 0 owns $[0, 0.25)$, token 1 owns nothing, and token 2 owns $[0.25, 1)$.
# The right ends of the stretches, 0.25, 0.25 and 1, are the **cumulative distribution function**; going from $u$
# back to the token is its inverse, which gives the method its name, *inverse transform sampling*.
#
# Passing `u` in from outside, instead of drawing it inside, makes a random function testable: for every `u` there
# is one right answer. One thing to watch: probabilities that were rounded may add up to slightly less than 1, and
# then a `u` very close to 1 lies beyond the last stretch. It has to go to somebody, and never to a token of
# probability zero.

# %%
def draw_token(probs: Float[Tensor, "d_vocab"], u: float) -> int:
    """The token in whose stretch `u` falls, when the probabilities are laid end to end from 0 in the order of the ids.

    `u` is at least 0 and less than 1. A stretch holds its left end but not its right end, so a token of probability
    zero is never drawn. A `u` beyond the last stretch (rounding!) goes to the last token with a probability above zero.

    >>> probs = torch.tensor([0.25, 0.0, 0.75])
    >>> [draw_token(probs, u) for u in (0.0, 0.2, 0.25, 0.9)]
    [0, 0, 2, 2]
    """
    raise NotImplementedError("draw_token")


# %%
check(draw_token)


# %%
# hint("draw_token")
# solution("draw_token")

# %% [markdown]
# Now the same model, the same prompt, and a die. `sample_texts` takes one more argument that will be useful in a
# moment: a function that may adjust the logits before the draw.

# %%
def unchanged(logits: Tensor, tokens: Tensor) -> Tensor:
    """Leave the model's own distribution as it is."""
    return logits


def sample_texts(
    adjust: Callable[[Tensor, Tensor], Tensor] = unchanged, n_texts: int = 128, n_new: int = 45
) -> list[str]:
    """Texts after a full stop, each token drawn from softmax(adjust(logits, tokens)): the same ones in every run."""
    dice = random.Random(1)

    def choose(logits: Tensor, tokens: Tensor) -> Tensor:
        probs = adjust(logits, tokens).softmax(dim=-1)
        return torch.tensor([draw_token(row, dice.random()) for row in probs])

    return continue_texts(choose, full_stop.repeat(n_texts, 1), n_new)


print(sample_texts(n_texts=1)[0])


# %% [markdown]
# That is the made-up English again, with its variety. Is it *correct*? Here we are in a luxurious position: the
# grammar of the training text is known, so we need not judge by eye. `is_sentence` says whether the grammar could
# have made a sentence, agreement and repeated names included. With it we can put two numbers to every decoding
# rule:
#
# - the share of its sentences that are **well formed**;
# - its **variety**: $e^H$, where $H$ is the entropy of how often each word was used. It is the number of words that
#   one would use if all were equally frequent, 1 for a stammer.

# %%
def whole_sentences(texts: list[str]) -> list[str]:
    """The finished sentences of some texts; what the end of a text left unfinished is dropped."""
    return [sentence.strip() + " ." for text in texts for sentence in text.split(".")[1:-1]]


def quality(texts: list[str]) -> tuple[float, float]:
    """The share of finished sentences that the grammar could have made, and the variety of the words."""
    written = whole_sentences(texts)
    counts = torch.tensor(list(Counter(" ".join(texts).split()).values()))
    variety = torch.special.entr(counts / counts.sum()).sum().exp()
    return sum(map(is_sentence, written)) / len(written), variety.item()


greedy_good, greedy_variety = quality(continue_texts(greedy, sentences.batch(128, 10), n_new=36))
results = {"fresh text": quality([tokenizer.decode(row) for row in sentences.batch(128, 46)])}
results["plain sampling"] = quality(sample_texts())
print(f"greedy decoding: {greedy_good:.0%} well formed, variety {greedy_variety:.0f}")
for name, (good, variety) in results.items():
    print(f"{name}: {good:.0%} well formed, variety {variety:.0f}")
plain_good, plain_variety = results["plain sampling"]
record(plain_good_about=plain_good, plain_variety=plain_variety, fresh_variety=results["fresh text"][1], n_texts=128)
record(greedy_good_about=greedy_good, greedy_variety_about=greedy_variety)


# %% [markdown]
# Text that the grammar itself makes has a variety of 78 words. Plain sampling has
# 77, and 90% of its sentences are well formed. Greedy decoding, set to
# continue 128 different beginnings, comes to 38: not half of it. How much of its
# writing is well formed (86% here) is a matter of luck, from about half to most of it, from one
# training to the next. It has a handful of favourite sentences, which it writes again and again, and either those are
# right or they aren't. (A favourite name, say, is a little likelier than the others wherever a name may come, even
# where it has just been used.)
#
# (Plain sampling may give you about two thirds instead. That happens where a training ends
# before the model has found out that after *today* the *thing*, too, must come back. Its sentences then go wrong with
# confidence, and you'll see below what a decoding rule can't do about it.)
#
# The rest of this section is about what one can gain in the one number, and what one pays for it in the other.

# %% [markdown]
# ### Sharpen or flatten the distribution
#
# *`apply_temperature` · about 5 minutes · difficulty 1 of 5 · needs `greedy_sample`*
#
# Divide all logits by a number $T$, the **temperature**, before the softmax:
#
# $$p_i = \frac{e^{l_i / T}}{\sum_j e^{l_j / T}}$$
#
# What counts in a softmax are the differences between logits. With $T = 0.5$ every difference doubles and the
# favourites gain; with $T = 2$ every difference halves and the outsiders catch up. As $T$ goes to 0 the likeliest
# token takes everything, which is greedy decoding; as $T$ grows without end, all tokens become equally likely. The
# name comes from physics: these are the odds of finding a system in a state of energy $-l_i$ when it is held at
# temperature $T$.
#
# At $T = 0$ exactly, the formula divides by zero. Refuse it, and say so clearly: a silent `nan` would surface far
# from here.

# %%
def apply_temperature(logits: Float[Tensor, "... d_vocab"], temperature: float) -> Float[Tensor, "... d_vocab"]:
    """The logits divided by the temperature. Still logits: no softmax.

    Raises ValueError when `temperature` isn't above zero.

    >>> apply_temperature(torch.tensor([2.0, -1.0, 0.0]), 0.5)
    tensor([ 4., -2.,  0.])
    """
    raise NotImplementedError("apply_temperature")


# %%
check(apply_temperature)

# %%
# hint("apply_temperature")
# solution("apply_temperature")

# %% [markdown]
# **Predict before you run.** After a full stop the model has three very likely words, one for each kind of sentence
# that opens with a fixed word, and two dozen names that share the fourth kind among them. Which of the curves below
# will give the names more probability *together* than the three: the cold one, the plain one, the hot one?

# %%
with torch.no_grad():
    after_stop = model(torch.tensor([tokenizer.encode(".")]))[0, -1]
order = after_stop.argsort(descending=True)[:32]
fig = go.Figure()
for temperature in (0.5, 1.0, 2.0):
    heights = apply_temperature(after_stop, temperature).softmax(dim=-1)[order]
    fig.add_scatter(
        x=tokenizer.decode(order).split(), y=heights.tolist(), name=f"T = {temperature}", mode="lines+markers"
    )
house(fig, title="One distribution at three temperatures", x="next word after a full stop", y="probability")
show(fig.update_yaxes(type="log", exponentformat="power"), "temperature")
names_together = {}
for temperature in (0.5, 1.0, 2.0):
    probs = apply_temperature(after_stop, temperature).softmax(dim=-1)
    three = probs[tokenizer.encode("the when yesterday")].sum().item()
    names_together[temperature] = probs[names].sum().item()
    print(f"T = {temperature}: the names together {names_together[temperature]:.2f}, the three words {three:.2f}")
record(names_cold=names_together[0.5], names_plain=names_together[1.0], names_hot=names_together[2.0])


# %% [markdown]
# Only the hot one: the names have 57% of the probability at $T = 2$, against 24% at
# $T = 1$ (the grammar's own share is a quarter) and 1% at $T = 0.5$. Each of them is an outsider, and
# there are many.
#
# The vertical axis is logarithmic, and there the effect is simple to see: each curve is the plain one stretched or
# squeezed by the factor $1/T$, then shifted so that the probabilities add up to 1 again. The order of the words
# never changes. So temperature cannot mend a wrong ranking; it only decides how much the ranking counts.
#
# And what does it do to the text?

# %%
def compared(found: dict[str, tuple[float, float]], title: str) -> go.Figure:
    """Each rule of decoding as a point, its variety across and its share of well-formed sentences upwards."""
    fig = go.Figure()
    for name, (good, variety) in found.items():
        fig.add_scatter(x=[variety], y=[good], name=name, mode="markers", marker_size=12)
    house(fig, title=title, x="variety (words)", y="share of well-formed sentences")
    return fig.update_yaxes(tickformat=".0%")


def at_temperature(temperature: float) -> tuple[float, float]:
    """The quality of samples at a temperature."""
    return quality(sample_texts(lambda logits, tokens: apply_temperature(logits, temperature)))


by_temperature = {f"T = {temperature}": at_temperature(temperature) for temperature in (0.2, 0.4, 0.7, 1.0, 1.5, 2.0)}
show(compared(by_temperature, "What each temperature gives"), "temperature-quality")
results["T = 1.5"] = by_temperature["T = 1.5"]
record(cold_good_about=by_temperature["T = 0.2"][0], cold_variety=by_temperature["T = 0.2"][1])
record(hot_good_about=by_temperature["T = 2.0"][0])


# %% [markdown]
# At $T = 0.2$: 94% well formed, variety 60. At $T = 1$: 90%
# and 77. At $T = 2$: 24% well formed. So below 1 the variety goes, and what comes
# in return is little: a few points of correctness in one training, none in another. Where a model's *likeliest* word is
# the wrong one, no temperature mends it. Above 1 there is no good variety left to gain,
# since the language itself has no more, and what comes in instead are errors. A blunt knob: it treats the second best
# word, which may be as good as the best, and the worst in the same way. That is why the more careful rules below exist.
#
# And $T = 0.2$ isn't yet greedy decoding, whose variety was 38. Two names whose logits
# differ by 0.1 have the odds $e^{0.1 / 0.2} \approx 1.6$ at this temperature. Where the choices are nearly equal, $T$
# has to be far smaller than the differences before one of them takes everything.

# %% [markdown]
# ### Charge for every repetition
#
# *`apply_frequency_penalty` · about 10 minutes · difficulty 2 of 5 · needs `apply_temperature`*
#
# Repetition can also be fought directly. A **frequency penalty** lowers the logit of each token in proportion to
# how often it has been used already:
#
# $$l_i \leftarrow l_i - \lambda \cdot \#\{\text{occurrences of } i \text{ in the text}\}$$
#
# Subtracting $\lambda$ from a logit divides the token's odds by $e^\lambda$, so a token that has come three times
# has its odds divided by $e^{3\lambda}$. A negative $\lambda$ rewards repetition instead.

# %%
def apply_frequency_penalty(
    logits: Float[Tensor, "d_vocab"], tokens: Int[Tensor, "pos"], penalty: float
) -> Float[Tensor, "d_vocab"]:
    """The logits, each lowered by `penalty` times the number of times that its token occurs in `tokens`.

    `tokens` may be empty. The tensor that came in is left as it was.

    >>> apply_frequency_penalty(torch.zeros(4), torch.tensor([2, 0, 2]), 0.5)
    tensor([-0.5000,  0.0000, -1.0000,  0.0000])
    """
    raise NotImplementedError("apply_frequency_penalty")


# %%
check(apply_frequency_penalty)


# %%
# hint("apply_frequency_penalty")
# solution("apply_frequency_penalty")

# %% [markdown]
# **Predict before you run.** The penalty doesn't know which repetitions are bad. In this English, *the* and the
# full stop come in nearly every sentence, and a name that was mentioned once *must* come again. What will a strong
# penalty do first?

# %%
def with_penalty(penalty: float) -> list[str]:
    """Samples under a frequency penalty."""

    def adjust(logits: Tensor, tokens: Tensor) -> Tensor:
        pairs = zip(logits, tokens, strict=True)
        return torch.stack([apply_frequency_penalty(row, seen, penalty) for row, seen in pairs])

    return sample_texts(adjust)


penalties = [0.0, 0.5, 1.0, 2.0, 4.0]
penalty_texts = [with_penalty(penalty) for penalty in penalties]
print(penalty_texts[-1][0])
shares = [quality(texts)[0] for texts in penalty_texts]
axes = {"x": "frequency penalty", "y": "share of well-formed sentences"}
fig = lines({"well formed": shares}, x_values=penalties, **axes, title="A price on repetition")
show(fig.update_yaxes(tickformat=".0%"), "frequency-penalty")
record(penalty_good_about=shares[-1])


# %% [markdown]
# With a penalty of 4, 40% of the sentences are well formed. The rule is blunt: it pushes the
# second mention of a name down as if it were a stammer. In long texts by large models a small penalty helps, and
# that is how it is used. But keep the lesson for later chapters, where much of what we look for in a model
# (copying, agreement, who did what) *is* repetition.

# %% [markdown]
# ## Cutting off the tail
#
# Why does plain sampling go wrong at all, when the model knows better? Because of the **tail**: the hundreds of
# tokens that each have next to no probability, and together have some. If the tail weighs 1 % at every step, then a
# text of 100 tokens stays clear of it with probability $0.99^{100} \approx 0.37$. And one misstep is enough: the
# model has never seen such a text, and what it says next is anybody's guess.
#
# The remedy is to cut the tail off before drawing. The two rules below differ in where they cut. Both return logits
# again, with $-\infty$ in place of what was removed, because $e^{-\infty} = 0$ and the softmax then shares out the
# rest. So filters and temperature can be chained, and each one reads as what it is. The order can matter: top-k keeps
# the same tokens at any temperature, but top-p after a high temperature finds flatter probabilities, and keeps more
# tokens than before it.

# %% [markdown]
# ### Keep the k best
#
# *`top_k_filter` · about 10 minutes · difficulty 2 of 5 · needs `apply_temperature`*
#
# **Top-k sampling** (Fan and others, 2018) keeps the $k$ tokens with the highest logits. What happens when two
# tokens tie for the last place? There is no reason to prefer either, so here both stay: *keep every token whose
# logit is at least the k-th largest.* That makes the answer the same on every machine.

# %%
def top_k_filter(logits: Float[Tensor, "batch d_vocab"], k: int) -> Float[Tensor, "batch d_vocab"]:
    """The logits with -inf wherever a logit is below the k-th largest of its row. The input is left as it was.

    Tokens that tie with the k-th largest all stay. A `k` larger than the vocabulary removes nothing.
    Raises ValueError when `k` is below 1.

    >>> top_k_filter(torch.tensor([[1.0, 4.0, 2.0, 3.0], [5.0, 0.0, 5.0, 5.0]]), k=2)
    tensor([[-inf, 4., -inf, 3.],
            [5., -inf, 5., 5.]])
    """
    raise NotImplementedError("top_k_filter")


# %%
check(top_k_filter)


# %%
# hint("top_k_filter")
# solution("top_k_filter")

# %% [markdown]
# ### Keep the nucleus
#
# *`top_p_filter` · about 25 minutes · difficulty 4 of 5 · needs `top_k_filter`*
#
# Top-k has one weakness, and your model shows it well. After *yesterday* comes a name: two dozen words are equally
# good. After *went to* comes *the*, and nothing else. A fixed $k$ is too small for the first and too large for the
# second.
#
# **Nucleus sampling** (Holtzman and others, 2020), also called top-p, lets the model's certainty decide. Sort the
# tokens from likeliest to least likely, and keep the shortest beginning of that list whose probabilities add up to
# at least $p$. (`sort` sorts along the axis `dim`, and gives both the sorted values and where each came from; with
# `stable=True`, equal ones stay in their order.)
#
# Take probabilities 0.5, 0.3, 0.15, 0.05 and $p = 0.6$. The first token alone has 0.5, which isn't enough; with the
# second it is 0.8, which is. So two tokens stay. Notice that the token that takes the sum past $p$ *belongs* to the
# nucleus: were it dropped, a model that is sure of a token, with 0.99, would be left with nothing at all.

# %%
def top_p_filter(logits: Float[Tensor, "batch d_vocab"], p: float) -> Float[Tensor, "batch d_vocab"]:
    """The logits with -inf outside each row's nucleus. The input is left as it was.

    The nucleus is the shortest beginning of the row, sorted from likeliest to least likely, whose probabilities add up
    to at least `p`. It always holds at least one token. Of equally likely tokens the smaller id comes first.
    Raises ValueError unless `p` is above 0 and at most 1.

    >>> probs = torch.tensor([[0.05, 0.5, 0.15, 0.3], [0.01, 0.02, 0.0, 0.97]])
    >>> top_p_filter(probs.log(), p=0.6).exp()
    tensor([[0.0000, 0.5000, 0.0000, 0.3000],
            [0.0000, 0.0000, 0.0000, 0.9700]])
    """
    raise NotImplementedError("top_p_filter")


# %%
check(top_p_filter)

# %%
# hint("top_p_filter")
# solution("top_p_filter")

# %% [markdown]
# **Predict before you run.** Two prompts, $p = 0.9$: one after which a name must come, one after which there is
# only one sensible word. How many words will the nucleus hold in each?

# %%
prompts = [". yesterday", ". when ada and carl went to"]
with torch.no_grad():
    rows = torch.stack([model(torch.tensor([tokenizer.encode(prompt)]))[0, -1] for prompt in prompts])
kept = top_p_filter(rows, 0.9).isfinite()
fig = go.Figure()
for prompt, row, inside in zip(prompts, rows.softmax(dim=-1), kept, strict=True):
    ranked = row.argsort(descending=True)[:40]
    symbols = ["circle" if stays else "x" for stays in inside[ranked].tolist()]
    fig.add_scatter(
        x=list(range(1, 41)), y=row[ranked].tolist(), name=f"{prompt} …", mode="markers", marker_symbol=symbols
    )
house(fig, title="Kept (discs) and cut (crosses) at p = 0.9", x="rank of the next word", y="probability")
show(fig.update_yaxes(type="log", exponentformat="power"), "nucleus")
record(nucleus_open=int(kept[0].sum()), nucleus_sure=int(kept[1].sum()))


# %% [markdown]
# 21 words against 1. No single $k$ would have fitted both.
#
# Now the comparison that this has been leading up to. With fewer than two hundred words, your model's tail is thin.
# So we heat it to $T = 1.5$, which gives it the fat tail that a vocabulary of fifty thousand has by itself, and
# then cut.
#
# **Predict before you run.** At $T = 1.5$ without a cut, you have seen how many sentences are well formed. How much
# of the loss will each filter win back, and what will it cost in variety?

# %%
def hot(cut: Callable[[Tensor], Tensor]) -> tuple[float, float]:
    """The quality of samples at T = 1.5 whose tail is cut."""
    return quality(sample_texts(lambda logits, tokens: cut(apply_temperature(logits, 1.5))))


results["T = 1.5, k = 5"] = hot(lambda logits: top_k_filter(logits, 5))
results["T = 1.5, k = 30"] = hot(lambda logits: top_k_filter(logits, 30))
results["T = 1.5, p = 0.9"] = hot(lambda logits: top_p_filter(logits, 0.9))
show(compared(results, "Every rule, judged by the grammar"), "decoding-rules")
for key, name in (
    ("uncut", "T = 1.5"),
    ("k5", "T = 1.5, k = 5"),
    ("k30", "T = 1.5, k = 30"),
    ("p90", "T = 1.5, p = 0.9"),
):
    record(**{f"{key}_good_about": results[name][0], f"{key}_variety": results[name][1]})


# %% [markdown]
# The upper right corner, next to fresh text, is where one wants to be.
#
# | at $T = 1.5$ | well formed | variety |
# | --- | --- | --- |
# | no cut | 65% | 81 |
# | $k = 5$ | 71% | 50 |
# | $k = 30$ | 74% | 78 |
# | $p = 0.9$ | 91% | 76 |
#
# (The shares of well-formed sentences differ from training to training, by more than some of these rows do. What held
# every time: the nucleus is the best of the four in correctness, with nearly the variety of no cut at all, while
# $k = 5$ costs about a third of the variety.)
#
# A small $k$ forbids words that are right, where there are many; a large one lets wrong words in, where only one is
# right. The nucleus is wide where the model is unsure and narrow where it is sure, and needs to be told neither.

# %% [markdown]
# ## Looking ahead
#
# ### Keep several sentences going at once
#
# *`beam_search` · about 25 minutes · difficulty 4 of 5 · needs `greedy_sample`*
#
# Greedy decoding is short-sighted in one more way. The probability of a whole text is the product of the
# probabilities of its tokens,
#
# $$P(t_1 \dots t_n) = \prod_i P(t_i \mid t_{<i}), \qquad \log P(t_1 \dots t_n) = \sum_i \log P(t_i \mid t_{<i}),$$
#
# and the best first step need not lead to the best product. Suppose that *a* has probability 0.6 and *b* 0.4, that
# *a* is followed by any of three words at 1/3 each, and *b* by one word at 0.9. Greedy takes *a* and ends at $0.6
# \cdot 1/3 = 0.2$; the other way leads to $0.4 \cdot 0.9 = 0.36$.
#
# To try all continuations is out of the question: there are $d_{vocab}^n$ of them. **Beam search** is the
# compromise. It keeps the best few unfinished texts, the **beams**. At each step every beam is extended by every
# token, and of all these candidates together the best `n_beams` survive. Nothing reserves a place for each parent:
# if the two best candidates come from the same beam, the other beam dies out. With one beam it is greedy decoding.
#
# Add log-probabilities rather than multiplying probabilities. The product of a few hundred small numbers is too
# small for a computer to hold; the sum of their logarithms is a number like any other.

# %%
def beam_search(
    next_log_probs: Callable[[tuple[int, ...]], Float[Tensor, "d_vocab"]],
    prompt: tuple[int, ...],
    n_new: int,
    n_beams: int,
) -> list[tuple[float, tuple[int, ...]]]:
    """The best continuations that a beam of width `n_beams` finds: pairs (total, tokens), the highest total first.

    `next_log_probs(tokens)` gives the log-probability of each next token, given all tokens so far, prompt included.
    In the answer, tokens are the prompt followed by `n_new` more, and total (a plain number) is the sum of the
    log-probabilities of those `n_new`. Where there are fewer than `n_beams` candidates, as there may be after the first
    step if the vocabulary is small, all are kept.

    >>> def next_log_probs(tokens):  # of two tokens, 0 likes company
    ...     return torch.tensor([0.4, 0.6] if tokens[-1] == 1 else [0.8, 0.2]).log()
    >>> [(round(math.exp(total), 2), tokens) for total, tokens in beam_search(next_log_probs, (1,), n_new=2, n_beams=2)]
    [(0.36, (1, 1, 1)), (0.32, (1, 0, 0))]
    """
    raise NotImplementedError("beam_search")


# %%
check(beam_search)


# %%
# hint("beam_search")
# solution("beam_search")

# %% [markdown]
# Try it on your model: 18 tokens after a full stop.
#
# **Predict before you run:** one beam, eight beams, thirty-two. Which search finds the likeliest text, and which the
# least likely one?

# %%
@torch.no_grad()
def next_log_probs(tokens: tuple[int, ...]) -> Tensor:
    """The model's log-probabilities for the token after `tokens`."""
    return model(torch.tensor([tokens]))[0, -1].log_softmax(dim=-1)


found = {n: beam_search(next_log_probs, tuple(full_stop[0].tolist()), n_new=18, n_beams=n)[0] for n in (1, 8, 32)}
for n, (total, tokens) in found.items():
    print(f"beams: {n}, log-probability: {total:.1f}\n   {tokenizer.decode(tokens)}")
record(beam_1_about=found[1][0], beam_8_about=found[8][0], beam_32_about=found[32][0])


# %% [markdown]
# Thirty-two beams get to -12, far above the -20 of greedy decoding. But eight end at
# -32, *below* it. More beams promise nothing.
#
# The grammar tells why. After a full stop *the*, *when* and *yesterday* have a probability of one quarter each. After
# *the* comes one of 16 qualities, after *yesterday* one of 24 names. So of all beginnings of two words those with
# *the* are the likeliest, there are enough of them for all eight beams, and everything else dies out right there.
# Only then does it turn out that a sentence with *the* goes on with two nouns out of 32, which is dear, while half of
# a sentence with *yesterday* is fixed by its first half, which is cheap. Beams are kept by what they have cost *so
# far*: a beginning that is cheap now and dear later crowds out one that would have been better in the end. Thirty-two
# beams are more than there are qualities, so that other beginnings live on until their cheap part comes.
#
# Now let the search do its best, on one complete sentence: *yesterday* and 17 more tokens, up to the full stop. There
# is something to compare it with, fresh sentences of the same kind. In the grammar each of those is exactly as likely
# as any other: there are $24 \cdot 4 \cdot 18 \cdot 14 \cdot 4$ of them, so each has a log-probability of
# $-\ln 96768 \approx -11.5$, once *yesterday* is given.
#
# **Predict before you run:** is likelier text *better* text? Where among fresh sentences, all judged by your model,
# will the likeliest one lie?

# %%
@torch.no_grad()
def text_log_prob(tokens: Tensor, given: int) -> Tensor:
    """The log-probability that the model gives to each row, its first `given` tokens taken as given."""
    log_probs = model(tokens).log_softmax(dim=-1)
    return log_probs[:, :-1].gather(-1, tokens[:, 1:, None])[:, given - 1 :, 0].sum(dim=-1)


start = tokenizer.encode(". yesterday")
beams = beam_search(next_log_probs, tuple(start), n_new=17, n_beams=8)
for total, tokens in beams:
    print(f"{total:.2f}  {tokenizer.decode(tokens)}")
source = Sentences(seed=2)
same_kind = [text for text in (source.sentence() for _ in range(1500)) if text.startswith("yesterday")]
ids = torch.tensor([tokenizer.encode(f". {text}") for text in same_kind])
totals, best_total = text_log_prob(ids, given=len(start)), beams[0][0]
fig = go.Figure().add_histogram(x=totals.sort().values.tolist(), xbins={"start": -20, "end": 0, "size": 0.1})
fig.add_vline(x=best_total, line_dash="dash", annotation_text="found by beam search")
title = "What beam search looks for is not what text is like"
show(house(fig, title=title, x="log-probability of a sentence (nats)", y="fresh sentences"), "likelier-is-not-better")
name_at = len(start)
record(best_total_about=best_total, fresh_total_about=totals.mean(), as_likely=(totals >= best_total).float().mean())
record(n_same_kind=len(ids), beam_names_about=len({tokens[name_at] for _, tokens in beams}))
record(fresh_names_about=sum(len(ids[i : i + 8, name_at].unique()) for i in range(0, 160, 8)) / 20)


# %% [markdown]
# The sentence that was found has a log-probability of -10.7, and of 362 fresh
# sentences, -11.6 on average, 0% are as likely as that. Yet nothing in the
# language sets it apart: it is one of 96768 that are all equally good. What does set it apart are the small errors of
# your model, which thinks a little too highly of one name, one verb, one thing, one place. The search has gathered
# them, and added them up. Look at the eight beams together, too: 2 of the 24 names among them,
# where eight fresh sentences have about 7.
#
# Think of a hundred tosses of a slightly loaded coin. The single likeliest outcome is a hundred heads, and you will
# never see it. What people say lies where most of the probability *is*, not where its peak is. In large models the
# effect is drastic: given a search that is wide enough, translation models answer many sentences with nothing at
# all (Stahlberg and Byrne, 2019). Beam search is right where there is one correct answer, and wrong where a voice
# is wanted.

# %% [markdown]
# ## Not doing the same work twice
#
# `continue_texts` is wasteful. To find token 101 it runs the model over all 100 tokens before it; for token 102
# over 101, nearly all of them for the second time. Why is that a waste? Because under a causal mask *nothing in the
# past can change*. The residual stream at position 7 depends on positions 0 to 7, whatever comes later. So its keys
# and values, in every layer and head, are the same numbers in every run.
#
# What does the new position need from the past? Go through the block. LayerNorm, MLP and the unembedding work on
# one position alone. Only attention looks back, and it looks at two things: keys, to find out where to look, and
# values, to take what is there. The old *queries* are of no use to it. So it is enough to remember keys and values:
# the **key-value cache**.

# %% [markdown]
# ### Attend to a remembered past
#
# *`attend_with_cache` · about 25 minutes · difficulty 4 of 5 · needs `Attention`*
#
# The new tokens come with their own `q`, `k`, `v`; there may be one of them or many. The cache holds `past_k` and
# `past_v`. Queries run over the new positions only; keys and values over all of them, past first.
#
# Mind the mask. With a past of length 2 and three new tokens the allowed places are
#
# ```text
#              key  0 1 2 3 4
# new token 0       ■ ■ ■ · ·        it stands at position 2
# new token 1       ■ ■ ■ ■ ·
# new token 2       ■ ■ ■ ■ ■
# ```
#
# The diagonal is still there, moved to the right by the length of the past.

# %%
def attend_with_cache(
    q: Float[Tensor, "batch new head d_head"],
    k: Float[Tensor, "batch new head d_head"],
    v: Float[Tensor, "batch new head d_head"],
    past_k: Float[Tensor, "batch past head d_head"],
    past_v: Float[Tensor, "batch past head d_head"],
) -> tuple[
    Float[Tensor, "batch new head d_head"],
    Float[Tensor, "batch past_and_new head d_head"],
    Float[Tensor, "batch past_and_new head d_head"],
]:
    """Causal attention of new tokens to a remembered past and to one another.

    Returns (z, k_all, v_all): for each new token and head the weighted average of the values, and the keys and values
    to remember for the next step. Scores are divided by sqrt(d_head). `past` may be 0: then this is plain attention.

    Here a query of 0 matches both keys equally, and so averages a remembered 4 and a new 6:

    >>> column = lambda *numbers: torch.tensor(numbers).reshape(1, -1, 1, 1)
    >>> z, k_all, v_all = attend_with_cache(column(0.0), column(1.0), column(6.0), column(1.0), column(4.0))
    >>> z.item(), v_all.flatten().tolist()
    (5.0, [4.0, 6.0])
    """
    raise NotImplementedError("attend_with_cache")

# %%
check(attend_with_cache)


# %%
# hint("attend_with_cache")
# solution("attend_with_cache")

# %% [markdown]
# Below, your model takes a step with a cache. It is your block, written out once more, with two changes: attention
# goes through `attend_with_cache`, and positions are counted from where the past ends. (Forget the second and the
# model believes that every new token stands at the beginning of the text. It is the commonest mistake in home-made
# caches, and the output looks plausible.)

# %%
def cached_step(model: nn.Module) -> Callable[[Tensor, Any], tuple[Tensor, Any]]:
    """A function step(new tokens, cache) -> (logits, cache) for your Transformer; the cache has a (k, v) a layer."""

    @torch.no_grad()
    def step(tokens: Int[Tensor, "batch new"], cache: list[tuple[Tensor, Tensor]] | None):
        n_past = 0 if cache is None else cache[0][0].shape[1]
        resid = model.embed(tokens) + model.pos_embed.W_pos[n_past : n_past + tokens.shape[1]]
        grown = []
        for layer, block in enumerate(model.blocks):
            attn, x = block.attn, block.ln1(resid)
            project = "batch new d_model, head d_model d_head -> batch new head d_head"
            q = einops.einsum(x, attn.W_Q, project) + attn.b_Q
            k = einops.einsum(x, attn.W_K, project) + attn.b_K
            v = einops.einsum(x, attn.W_V, project) + attn.b_V
            past_k, past_v = (k[:, :0], v[:, :0]) if cache is None else cache[layer]
            z, k_all, v_all = attend_with_cache(q, k, v, past_k, past_v)
            back = "batch new head d_head, head d_head d_model -> batch new d_model"
            resid = resid + einops.einsum(z, attn.W_O, back) + attn.b_O
            resid = resid + block.mlp(block.ln2(resid))
            grown.append((k_all, v_all))
        return model.unembed(model.ln_final(resid)), grown

    return step


step = cached_step(model)
tokens = sentences.batch(3, 24)
with torch.no_grad():
    whole = model(tokens)
first, cache = step(tokens[:, :10], None)
pieces = [first]
for piece in tokens[:, 10:].split([1, 1, 5, 7], dim=1):
    logits, cache = step(piece, cache)
    pieces.append(logits)
cache_difference = (torch.cat(pieces, dim=1) - whole).abs().max()
print(f"largest difference between the two ways: {cache_difference:.1e}")
record(cache_difference=cache_difference)
assert cache_difference < 1e-5


# %% [markdown]
# The text went in as pieces of 10, 1, 1, 5 and 7 tokens, and the logits are those of the whole text, up to the last
# digits (4e-06): sums taken in another order are rounded differently.

# %% [markdown]
# ### Feed only what is new
#
# *`generate_with_cache` · about 15 minutes · difficulty 3 of 5 · needs `attend_with_cache`, `greedy_sample`*
#
# Now the loop around it. The first call gets the whole prompt and no cache. Each later call gets the one token that
# was just chosen, and the cache that came back from the call before. `step` hides everything else, the model
# included: your function must not care what a cache *is*.
#
# Count the calls: the prompt's own logits already give the first new token, so `n_new` tokens take exactly `n_new`
# calls, and the last token is never fed at all.

# %%
def generate_with_cache(
    step: Callable[[Int[Tensor, "batch new"], Any], tuple[Float[Tensor, "batch new d_vocab"], Any]],
    prompt: Int[Tensor, "batch pos"],
    n_new: int,
) -> Int[Tensor, "batch pos_and_new"]:
    """The prompt followed by `n_new` tokens, each the likeliest one after those before it.

    `step(tokens, cache)` takes tokens that were not fed before and the cache of the last call (None at first), and
    returns the logits after each of these tokens and the new cache. It is called `n_new` times: with the whole prompt,
    and then with one token [batch 1] at a time.

    >>> def count_up(tokens, cache):  # the likeliest token is always one more than the last one
    ...     return nn.functional.one_hot(tokens + 1, 10).float(), cache
    >>> generate_with_cache(count_up, torch.tensor([[1, 2], [4, 5]]), n_new=3)
    tensor([[1, 2, 3, 4, 5],
            [4, 5, 6, 7, 8]])
    """
    raise NotImplementedError("generate_with_cache")


# %%
check(generate_with_cache)

# %%
# hint("generate_with_cache")
# solution("generate_with_cache")

# %% [markdown]
# **Predict before you run.** With a cache, the step from 200 to 201 tokens costs the work of one position instead
# of 201. Will generating 200 tokens be 200 times as fast? Here is a somewhat larger model with random weights (for
# timing, what it says doesn't matter), and the greedy loop with and without the cache.

# %%
big = make_transformer(d_vocab=500, n_ctx=256, d_model=128, n_heads=4, d_head=32, d_mlp=512, n_layers=4)
seed_token = torch.tensor([[1]])


@torch.no_grad()
def without_cache(n_new: int) -> Tensor:
    """The greedy loop that runs the whole text through the model at every step."""
    tokens = seed_token
    for _ in range(n_new):
        tokens = torch.cat([tokens, greedy_sample(big(tokens)[:, -1])[:, None]], dim=1)
    return tokens


def seconds(work: Callable[[], Any]) -> float:
    """The better of two runs."""
    times = []
    for _ in range(2):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


lengths = [15, 30, 60, 120, 240]
slow = [seconds(lambda n=n: without_cache(n)) for n in lengths]
fast = [seconds(lambda n=n: generate_with_cache(cached_step(big), seed_token, n)) for n in lengths]
assert torch.equal(without_cache(60), generate_with_cache(cached_step(big), seed_token, 60))
fig = lines(
    {"without a cache": slow, "with a cache": fast},
    x_values=lengths,
    x="tokens generated",
    y="seconds",
    title="What the cache saves",
)
show(fig, "cache-timing")
record(cache_speedup=slow[-1] / fast[-1])
print(f"{lengths[-1]} tokens: {slow[-1] / fast[-1]:.1f} times as fast")


# %% [markdown]
# Same tokens, 7 times as fast at 240 tokens when this page was built. Not 240 times: a step has
# costs that don't depend on the number of positions, such as reading every weight from memory once and the overhead
# of each small operation, and a processor does 200 positions side by side far more cheaply than one after the
# other. What counts is the shape: with the cache the curve is close to a straight line, and without it the curve
# bends upwards.
#
# The cache is paid for in memory: two vectors of `d_head` numbers for each position, layer and head. For a large
# model and a long text it outgrows the weights, which is why so much of today's engineering (grouped queries,
# sliding windows, compressed keys) goes into making it smaller.

# %% [markdown]
# ## Weights from elsewhere
#
# You have built a GPT-2. Not a toy in its image: the same computation, operation by operation. There is a way to
# prove it, and it is the headline of this chapter. If your model is GPT-2, then GPT-2's weights must *work* in it,
# and every logit must come out the same.
#
# ### Load GPT-2 into your own model
#
# *`convert_gpt2_weights` · about 30 minutes · difficulty 4 of 5 · needs `Transformer`*
#
# The library `transformers` keeps a model's weights in a dictionary from names to tensors, the **state dict**; so
# does your model. The task is to translate one into the other. Here `d` is d_model and `i` the number of a layer:
#
# | theirs | shape | yours | what to do |
# | --- | --- | --- | --- |
# | `wte.weight` | d_vocab, d | `embed.W_E` | as it is |
# | `wpe.weight` | n_ctx, d | `pos_embed.W_pos` | as it is |
# | `h.i.ln_1.weight`, `.bias` | d | `blocks.i.ln1.w`, `.b` | as it is |
# | `h.i.attn.c_attn.weight` | d, 3·d | `blocks.i.attn.W_Q`, `W_K`, `W_V` | cut in three, then into heads |
# | `h.i.attn.c_attn.bias` | 3·d | `blocks.i.attn.b_Q`, `b_K`, `b_V` | cut in three, then into heads |
# | `h.i.attn.c_proj.weight` | d, d | `blocks.i.attn.W_O` | its *rows* into heads |
# | `h.i.attn.c_proj.bias` | d | `blocks.i.attn.b_O` | as it is |
# | `h.i.ln_2.weight`, `.bias` | d | `blocks.i.ln2.w`, `.b` | as it is |
# | `h.i.mlp.c_fc.weight`, `.bias` | d, 4·d and 4·d | `blocks.i.mlp.W_in`, `b_in` | as it is |
# | `h.i.mlp.c_proj.weight`, `.bias` | 4·d, d and d | `blocks.i.mlp.W_out`, `b_out` | as it is |
# | `ln_f.weight`, `.bias` | d | `ln_final.w`, `.b` | as it is |
# | (none) | | `unembed.W_U`, `unembed.b_U` | see below |
#
# Five things to know, each of which has cost somebody an afternoon:
#
# - **Conv1D.** GPT-2's matrices are stored as [in, out], the way you multiply, `x @ W`. This is the reverse of
#   `nn.Linear`. No matrix inside a block needs transposing.
# - **Fused qkv.** One matrix makes queries, keys and values in one multiplication. Its 3·d columns are d columns
#   for q, then d for k, then d for v; within each, the columns of head 0 come first, then head 1, and so on.
# - **Tied unembedding.** GPT-2 has no unembedding matrix of its own: it uses the embedding, transposed. Some
#   dictionaries list it again as `lm_head.weight`, others don't, so take it from `wte.weight`. There is no bias:
#   your `b_U` is all zeros.
# - **Prefix.** In the dictionary of the full model every name but `lm_head.weight` begins with `transformer.`; in
#   that of the bare model none does. Accept both.
# - **Buffers.** Older files also hold `h.i.attn.bias` and `h.i.attn.masked_bias`. In spite of their names these are
#   no biases but the causal mask and its fill value. Leave them out.

# %%
def convert_gpt2_weights(state_dict: dict[str, Tensor], n_heads: int) -> dict[str, Tensor]:
    """The state dict of a Hugging Face GPT-2, renamed and reshaped for your Transformer.

    The answer has exactly the keys in the table above, for as many layers as `state_dict` holds, so that a strict
    `load_state_dict` takes it. Names may or may not begin with "transformer."; what the table doesn't list is ignored.

    Shapes in the answer: W_Q, W_K, W_V [head d_model d_head], b_Q, b_K, b_V [head d_head], W_O [head d_head d_model],
    W_U [d_model d_vocab], b_U [d_vocab].
    """
    raise NotImplementedError("convert_gpt2_weights")


# %%
check(convert_gpt2_weights)

# %%
# hint("convert_gpt2_weights")
# solution("convert_gpt2_weights")

# %% [markdown]
# ## The same model in `transformers`
#
# Now the proof. No download is needed: `transformers` can make a small GPT-2 with random weights on the spot. Fresh
# biases are zero and fresh LayerNorms do nothing, and a mistake with a zero would not show. So every weight is
# moved a little. The sizes are chosen so that no two axes have the same length, for the same reason.

# %%
warnings.filterwarnings("ignore", message="IProgress not found")  # only a progress bar that can't be drawn


def random_gpt2(d_vocab: int = 211, n_ctx: int = 64, d_model: int = 48, n_layers: int = 3, n_heads: int = 4):
    """A small GPT-2 of the library's own class, none of whose biases is zero and none of whose LayerNorms is idle."""
    from transformers import GPT2Config, GPT2LMHeadModel

    sizes = {"vocab_size": d_vocab, "n_positions": n_ctx, "n_embd": d_model, "n_layer": n_layers, "n_head": n_heads}
    torch.manual_seed(0)
    theirs = GPT2LMHeadModel(GPT2Config(**sizes, bos_token_id=None, eos_token_id=None)).eval()
    with torch.no_grad():
        for weight in theirs.parameters():
            weight.add_(0.2 * torch.randn_like(weight))
    return theirs


def your_gpt2(theirs: nn.Module) -> nn.Module:
    """Your Transformer, with the sizes and the weights of a `transformers` GPT-2."""
    c = theirs.config
    sizes = {"d_vocab": c.vocab_size, "n_ctx": c.n_positions, "d_model": c.n_embd, "n_layers": c.n_layer}
    yours = make_transformer(**sizes, n_heads=c.n_head, d_head=c.n_embd // c.n_head, d_mlp=4 * c.n_embd)
    yours.load_state_dict(convert_gpt2_weights(theirs.state_dict(), c.n_head))
    return yours.eval()


@torch.no_grad()
def largest_difference(yours: nn.Module, theirs: nn.Module, tokens: Tensor) -> float:
    """The largest difference between the logits of two models on the same tokens."""
    return (yours(tokens) - theirs(tokens).logits).abs().max().item()


theirs = random_gpt2()
yours = your_gpt2(theirs)
tokens = torch.randint(211, (2, 50), generator=torch.Generator().manual_seed(1))
gpt2_difference = largest_difference(yours, theirs, tokens)
with torch.no_grad():
    gpt2_scale = theirs(tokens).logits.std()
print(f"largest difference {gpt2_difference:.1e}, where logits vary by {gpt2_scale:.1f}")
record(gpt2_difference=gpt2_difference, gpt2_scale=gpt2_scale)
assert gpt2_difference < 1e-4

# %% [markdown]
# The largest difference is 4e-06, where the logits themselves have a spread of
# 1.5. Every piece that you wrote, from the embedding to the unembedding, computes what the library's
# computes.
#
# **Predict before you run.** How much would a mistake show? Take one that changes no shape: in one layer, exchange
# the queries' bias with the keys'. Or this: use the exact GELU in place of GPT-2's approximation. Which of them
# would a tolerance of 1e-4 catch?

# %%
mistaken = your_gpt2(theirs)
attn = mistaken.blocks[1].attn
with torch.no_grad():
    query_bias = attn.b_Q.clone()
    attn.b_Q.copy_(attn.b_K)
    attn.b_K.copy_(query_bias)
swapped_biases = largest_difference(mistaken, theirs, tokens)

from_their_config = random_gpt2()
for block in from_their_config.transformer.h:
    block.mlp.act = nn.GELU()
other_gelu = largest_difference(yours, from_their_config, tokens)
print(f"exchanged biases {swapped_biases:.1e}, exact GELU {other_gelu:.1e}")
record(swapped_biases=swapped_biases, other_gelu=other_gelu)

# %% [markdown]
# 0.33 and 1.8e-03: both are caught. The second is instructive. A difference of that
# size would hardly change what a model says, and no one reading its output would suspect anything; a comparison of
# numbers finds it at once. In this field, compare numbers first.
#
# Next, the library's own text generation. `generate` with `do_sample=False` is greedy decoding with a key-value
# cache, and `transformers` has its own temperature and filters, under the name of *logits warpers*. You know what
# each should return.

# %%
prompt = tokens[:, :6]
from_library = theirs.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=40, do_sample=False)
from_you = generate_with_cache(cached_step(yours), prompt, 40)
assert torch.equal(from_library, from_you)
print("40 tokens each for two prompts, all the same:", from_you[0, 6:18].tolist(), "…")


# %%
def library_filters(logits: Tensor) -> dict[str, Tensor]:
    """What `transformers` makes of some logits; its warpers also take the tokens so far, which these three ignore."""
    from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    warpers = {
        "temperature": TemperatureLogitsWarper(0.7),
        "top-k": TopKLogitsWarper(20),
        "top-p": TopPLogitsWarper(0.8),
    }
    return {name: warper(None, logits) for name, warper in warpers.items()}


with torch.no_grad():
    logits = yours(tokens)[:, -1]
by_you = {
    "temperature": apply_temperature(logits, 0.7),
    "top-k": top_k_filter(logits, 20),
    "top-p": top_p_filter(logits, 0.8),
}
for name, by_library in library_filters(logits).items():
    assert torch.allclose(by_library, by_you[name])
    print(f"{name}: the same {int(by_library.isfinite().sum())} of {logits.numel()} logits kept")

# %% [markdown]
# ## The real one
#
# The last cell asks for GPT-2 small: 124 million weights, trained by OpenAI and published in 2019. It is a download
# of about 550 MB, so it happens only when you ask for it: start the notebook with the environment variable
# `GLASSBOX_ONLINE=1`, or set `ONLINE = True` below. A copy that an earlier project left on your disk is found
# without that. Where there is neither, the cell says so and the chapter is complete all the same: what it shows is
# the comparison above, with more weights.

# %%
ONLINE = os.environ.get("GLASSBOX_ONLINE") == "1"


def real_gpt2():
    """GPT-2 small and its tokenizer, or None (and the reason, printed) where they can't be had."""
    from transformers import AutoTokenizer, GPT2LMHeadModel

    if ONLINE and not hub_answers():
        print("Skipped: GLASSBOX_ONLINE asks for GPT-2, but huggingface.co doesn't answer from here.")
        return None
    name, only_here = "openai-community/gpt2", {"local_files_only": not ONLINE}
    try:
        theirs = GPT2LMHeadModel.from_pretrained(name, **only_here)
        return theirs.eval(), AutoTokenizer.from_pretrained(name, **only_here)
    except OSError:
        print("Skipped: no copy of GPT-2 on this machine. With a network, set GLASSBOX_ONLINE=1 and run this again.")
        return None


def hub_answers() -> bool:
    """Whether huggingface.co can be reached, tried once and for at most three seconds."""
    from urllib.error import URLError
    from urllib.request import urlopen

    try:
        with urlopen("https://huggingface.co", timeout=3):
            return True
    except (URLError, OSError):
        return False


if found := real_gpt2():
    gpt2, gpt2_tokenizer = found
    your_own = your_gpt2(gpt2)
    prompt = torch.tensor([gpt2_tokenizer.encode("The theory of evolution was first put forward by")])
    print(f"largest difference {largest_difference(your_own, gpt2, prompt):.1e}")
    print(gpt2_tokenizer.decode(generate_with_cache(cached_step(your_own), prompt, 30)[0]))

# %% [markdown]
# ## What you built, and how to read older material
#
# From byte pairs to a cache, nothing in this chapter was borrowed: you can name the shape and the purpose of every
# tensor between a string and the next word. That is the footing on which the rest of the course stands, since
# mechanistic interpretability is the study of exactly these tensors.
#
# You will meet the same things under other names. A short dictionary:
#
# - `W_Q` [head d_model d_head]: TransformerLens uses this very layout. Most papers write $W_Q x$, with the
#   transposed matrix.
# - `c_attn`, `c_proj`, `Conv1D`: GPT-2's names, from OpenAI's TensorFlow code. GPT-NeoX, LLaMA and nearly all later
#   models use `nn.Linear`, which stores [out, in].
# - **Residual stream**: "skip connections" or "hidden states" before 2021. Name and view are from Elhage and others
#   (2021).
# - **LayerNorm before each sublayer**: "pre-norm". The first Transformer (Vaswani and others, 2017) had it after,
#   "post-norm".
# - **Learned positions**: the first Transformer used sines and cosines; most models since use rotary embeddings (Su
#   and others, 2021), which come in chapter 15.
# - **Temperature, top-k, top-p**: `LogitsWarper` classes in older versions of `transformers`, now `LogitsProcessor`
#   like all the others.
# - **Frequency penalty**: not the same as `repetition_penalty` in `transformers`, which divides logits (Keskar and
#   others, 2019).
# - **Key-value cache**: `past_key_values`, `use_cache`, "incremental decoding". Models that look both ways, such as
#   BERT, can't have one: there, the past does change.

# %% [markdown]
# ## Now on your own
#
# None of these has a check, and some have no known answer. Take the one that itches.
#
# 1. **Where does your model's attention go?** Print the attention pattern of every head on *when ada and carl went
#    to the market , carl gave a lamp to* and look for a head whose last row picks out the name that must come. Then
#    set that head's `W_O` to zero: was it the one?
# 2. **Contrastive or typical?** Meister and others (2023) draw from the tokens whose surprise is close to the
#    *expected* surprise. Write `typical_filter` in the manner of `top_p_filter`, and add it to the figure of all
#    rules. Does it win?
# 3. **Speculative decoding.** Let a small model propose five tokens, have the large one check all five in a single
#    step of your cache, and keep those that it agrees with (Leviathan and others, 2023). How much faster is it, and
#    can you show that the distribution is unchanged?
# 4. **A cache that forgets.** Keep only the last $w$ positions. At which $w$ do the sentences break, and is it
#    *which words* break that tells you what the model was using the past for? Try keeping the first token as well
#    (Xiao and others, 2023).
# 5. **Beams that differ.** Give `beam_search` a penalty for resembling the other beams. Can you get eight good
#    sentences from eight beams?
# 6. **Another family.** A LLaMA-style checkpoint differs from GPT-2 in the norm, the positions, the MLP and the
#    heads. Before reading chapter 15: list what would have to change in each class that you wrote.
