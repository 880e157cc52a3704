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
# # Indirect object identification
#
# *"When Ada and Boris went to the market, Boris gave a lamp to"*: whoever reads English goes on with *Ada*. In this
# chapter you will find out how a small transformer knows this too. Not roughly ("it attends to the names"), but as
# a **circuit**: a short list of heads, what each of them reads, what each of them writes, and who reads what was
# written. And you will defend it: you will switch off everything else and see what is left of the answer, switch
# off the circuit and see what is left then, and take its members away one by one.
#
# The model for this kind of work is the paper of Wang, Variengien, Conmy, Shlegeris and Steinhardt (2022), who took
# the same task apart in GPT-2 small and found 26 heads in seven roles. At the time nobody had explained so much of a
# real language model's behaviour from beginning to end. The methods of this chapter are those of the paper. The circuit
# isn't: our model is another one, which has learnt another way. You'll find it yourself.
#
# The work goes in four steps, and each answers a question that the one before it leaves open:
#
# 1. **Attribution**: who writes the answer into the residual stream? (One forward pass, and arithmetic.)
# 2. **Activation patching**: which activations does the answer *depend* on? (An intervention, one place at a time.)
# 3. **Path patching**: who reads what from whom? (An intervention on one connection.)
# 4. **Knocking out**: is that all of it, and is all of it needed? (An intervention on everything else.)
#
# You need chapter 2: hooks and caches, attention patterns, logit attribution, ablation. From chapter 1 you need to
# know what a head computes, and what LayerNorm divides by.
#
# As before, `check(f)` judges your function, `hint("f")` helps and `solution("f")` shows ours. Where it says
# **Predict before you run**, write your guess down first.

# %% [markdown]
# One cell of imports serves the whole chapter.

# %%
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations, cycle, product

import plotly.graph_objects as go
import torch
from einops import einsum, rearrange, reduce
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils import load_specimen
from course_utils.data.microworld.text import Microworld
from course_utils.data.microworld.words import NAMES, PLACES, THINGS
from course_utils.figures import heatmap, house, lines, record, show
from course_utils.model import ActivationCache, HookedTransformer, HookPoint

# %% [markdown]
# The specimen of this chapter has four layers of eight heads and *no MLPs*. Everything that it can do is done by 32
# heads, which move things from one position to another and add them up. That makes it small enough to be understood
# whole, and it was trained on a world in which the task matters. Most of its text is scenes: people come and go,
# and in the end one of them gives something to the other.

# %%
model = load_specimen("attn-only-4l")
n_layers, n_heads = model.cfg.n_layers, model.cfg.n_heads
print(f"{n_layers} layers, {n_heads} heads each, width {model.cfg.d_model}, {model.cfg.d_vocab} tokens")
for passage in Microworld(seed=1, weights={"scenes": 1}).some(5):
    print("-", passage.text)

# %% [markdown]
# ## A task with a clean answer
#
# At the end of this section you'll have a set of prompts made for one question, and next to it a second set in which
# this question has no answer and everything else is the same.
#
# Finding a circuit begins long before the first activation is looked at, with the choice of a task. Three things
# make **indirect object identification** (IOI for short) a good one:
#
# - *One token decides.* After *"… Boris gave a lamp to"* the next word is right or wrong, and there is one natural
#   rival: the other name. (A giver who gives something to himself would be odd.)
# - *It can't be looked up.* Names are drawn at random, so no pair of words in the training text says that `Ada`
#   follows `to`. It has to be worked out from this very sentence. Stated as a rule: of the two people in the scene,
#   take the one who is not giving.
# - *It can be undone by a small change.* Exchange one word, and the right answer is the other name; exchange the
#   names for strangers, and there is no right answer at all. That is what makes experiments possible.
#
# We call the two people by what they do: the **giver** is named twice, first in the opening and then as the subject
# of the last sentence; the **recipient** is named once. The paper calls them S (subject) and IO (indirect object).

# %% [markdown]
# ### Write the prompts
#
# One prompt would be a bad experiment. With *Ada* first and *Boris* giving, a head that likes the first name, a head
# that likes `Ada` and a head that understands the sentence all look the same. So every pair of names makes **two**
# prompts with the same opening; only the giver changes, and with it the answer:
#
# | | text | answer |
# | --- | --- | --- |
# | | When Ada and Boris went to the market, **Boris** gave a lamp to | Ada |
# | | When Ada and Boris went to the market, **Ada** gave a lamp to | Boris |
#
# A liking for the first name helps one of them and harms the other by as much. On average over both nothing is left
# of it: what can't tell the two apart cancels. You'll see this again and again in this chapter.
#
# A template says where the words go, with Python's own braces. The place and the thing change from pair to pair, and
# are the same for both prompts of a pair.


# %%
def make_ioi_prompts(
    pairs: list[tuple[str, str]], places: list[str], things: list[str], template: str
) -> list[tuple[str, str, str]]:
    """Two prompts for every pair of names, as (text, recipient, giver); first the second of the pair gives.

    `template` holds {first} and {second} (the pair in its own order), {place}, {thing} and {giver}. Pair number i takes
    place i and thing i; lists that are too short start again from their beginning.

    >>> make_ioi_prompts([("Ada", "Tom")], ["inn"], ["cup"], "{first} and {second} : {giver} , {place} , {thing} to")
    [('Ada and Tom : Tom , inn , cup to', 'Ada', 'Tom'), ('Ada and Tom : Ada , inn , cup to', 'Tom', 'Ada')]
    """
    listed = []
    for (first, second), place, thing in zip(pairs, cycle(places), cycle(things), strict=False):
        for recipient, giver in [(first, second), (second, first)]:
            text = template.format(first=first, second=second, place=place, thing=thing, giver=giver)
            listed.append((text, recipient, giver))
    return listed


# %% [markdown]
# Sixteen pairs of names, each name used once, make 32 prompts.

# %%
generator = torch.Generator().manual_seed(0)
drawn = [NAMES[i] for i in torch.randperm(len(NAMES), generator=generator)[:32].tolist()]
pairs = list(zip(drawn[::2], drawn[1::2], strict=True))
template = "When {first} and {second} went to the {place} , {giver} gave a {thing} to"
listed = make_ioi_prompts(pairs, list(PLACES), list(THINGS), template)
for text, recipient, giver in listed[:4]:
    print(f"{text} …  right: {recipient}, wrong: {giver}")

# %% [markdown]
# In this world every word is one token, so all these prompts have the same length, and the same thing stands at the
# same place in each of them, apart from the two names of the opening. The last position, where `to` stands, is
# where the answer must be known. We call it the **end**.

# %% [markdown]
# ### Find who stands where
#
# For nearly everything that follows you need to know *where* the three names stand: at which position the recipient,
# at which the giver for the first time, at which for the second. (For the two prompts of a pair the first two
# differ.) Counting by hand goes wrong as soon as somebody changes the template, and so you look them up in the
# tokens.
#
# Position 0 holds the token `<|endoftext|>`, with which each text begins.


# %%
def find_mentions(
    tokens: Int[Tensor, "batch pos"], recipient: Int[Tensor, " batch"], giver: Int[Tensor, " batch"]
) -> Int[Tensor, "batch 3"]:
    """Where each prompt names its recipient, its giver first, and its giver for the second time, in this order.

    `recipient` and `giver` are token ids. In each prompt the recipient occurs once and the giver twice; other tokens
    may occur as often as they like.

    >>> find_mentions(torch.tensor([[0, 9, 1, 8, 3, 8, 4]]), torch.tensor([9]), torch.tensor([8]))
    tensor([[1, 3, 5]])
    """

    def first(found: Bool[Tensor, "batch pos"]) -> Int[Tensor, " batch"]:
        return found.int().argmax(dim=-1)

    is_recipient, is_giver = tokens == recipient[:, None], tokens == giver[:, None]
    last = tokens.shape[1] - 1 - first(is_giver.flip(-1))
    return torch.stack([first(is_recipient), first(is_giver), last], dim=-1)


# %% [markdown]
# The prompts, their answers and these positions belong together, so we keep them in one object. It is used to the
# end of the chapter. `marks` holds, for each of five roles, the position of the token that plays it.


# %%
@dataclass(frozen=True)
class Prompts:
    """A batch of prompts, all of one length. The answer is asked for at the last position.

    tokens: the texts, each opened by <|endoftext|>. recipient, giver: the ids of the right and of the wrong name.
    marks: role -> its position in each prompt; the roles are start, recipient, giver_first, giver_second, end.
    """

    tokens: Int[Tensor, "batch pos"]
    recipient: Int[Tensor, " batch"]
    giver: Int[Tensor, " batch"]
    marks: dict[str, Int[Tensor, " batch"]]

    def places(self, *roles: str) -> Int[Tensor, "batch role"]:
        """The positions of some of the roles, side by side."""
        return torch.stack([self.marks[role] for role in roles], dim=-1)


def tokenized(model: HookedTransformer, listed: list[tuple[str, str, str]]) -> Prompts:
    """The prompts that `make_ioi_prompts` lists, as tokens."""
    tokens = model.to_tokens([text for text, _, _ in listed])
    recipient = torch.tensor([model.to_single_token(name) for _, name, _ in listed])
    giver = torch.tensor([model.to_single_token(name) for _, _, name in listed])
    columns = find_mentions(tokens, recipient, giver).unbind(dim=-1)
    marks = dict(zip(("recipient", "giver_first", "giver_second"), columns, strict=True))
    ends = {"start": torch.zeros_like(giver), "end": torch.full_like(giver, tokens.shape[1] - 1)}
    return Prompts(tokens, recipient, giver, {**ends, **marks})


prompts = tokenized(model, listed)
print(f"{len(prompts.tokens)} prompts of {prompts.tokens.shape[1]} tokens")
for role in ("start", "recipient", "giver_first", "giver_second", "end"):
    print(f"{role:13}", prompts.marks[role][:8].tolist(), "…")

# %% [markdown]
# ### Corrupt only the names
#
# To learn what a part of the model does *for this task*, you need to compare with a run in which the task is gone.
# The comparison is only as good as the second prompt. Leave the text away altogether, and everything changes:
# positions, grammar, the expectation that a name comes. You'd learn which parts read text.
#
# The paper's answer is a corruption that takes away one thing: who is who. Each of the three mentions becomes
# another name, and all three are different:
#
# *When Ada and Boris went to the market, Boris gave a lamp to* → *When **Clara** and **Emil** went to the market,
# **Ruth** gave a lamp to*
#
# Everything a model may note about such a sentence is still true: it has this length, a name stands here and here
# and here, somebody gives something, a name should come next. But nobody is named twice, and so nothing says which
# of the names it should be. Since the names are A, B and C, the paper calls it the **ABC** distribution.
#
# The names that come in must be *fresh*: if one of the prompt's own came back by chance, a piece of the answer would
# be in the corrupted run too.


# %%
def corrupt_abc(
    tokens: Int[Tensor, "batch pos"],
    mentions: Int[Tensor, "batch 3"],
    names: Int[Tensor, " n_names"],
    generator: torch.Generator,
) -> Int[Tensor, "batch pos"]:
    """A copy of the prompts in which the three mentions are replaced by three different fresh names.

    `mentions` holds the three positions of each prompt, `names` the ids of all names that may be used. Fresh are those
    that stand at none of the prompt's three mentions (elsewhere in it they may stand). Each prompt draws for itself,
    every choice being as likely as every other, and all chance comes from `generator`.

    With names 5, 6, 7, 8, 9 the prompt [0, 5, 1, 6, 2, 6, 3] with mentions [1, 3, 5] may become [0, 9, 1, 7, 2, 8, 3].
    """
    corrupted = tokens.clone()
    for row, places in zip(corrupted, mentions, strict=True):
        fresh = names[~torch.isin(names, row[places])]
        row[places] = fresh[torch.randperm(len(fresh), generator=generator)[:3]]
    return corrupted


# %%
name_ids = torch.tensor([model.to_single_token(name) for name in NAMES])
mentions = prompts.places("recipient", "giver_first", "giver_second")
generator = torch.Generator().manual_seed(0)
strangers = corrupt_abc(prompts.tokens[::2], mentions[::2], name_ids, generator)
corrupted = replace(prompts, tokens=strangers.repeat_interleave(2, dim=0))
for i in range(4):
    print(model.to_string(prompts.tokens[i, 1:]))
    print("  ->", model.to_string(corrupted.tokens[i, 1:]))

# %% [markdown]
# Both prompts of a pair get the same strangers. They differed in the giver's name only, so now they are one and the
# same text. What is asked about it differs: the names that are right and wrong have changed places. Whatever the model
# thinks of the two names after that text counts once for and once against, and the mean lead of the corrupted
# prompts is 0 *exactly*. That gives every experiment a firm zero to measure from.
#
# `corrupted` keeps `recipient` and `giver` of the *clean* prompt. That is on purpose: about the corrupted run we'll
# ask the same question as about the clean one ("how far is Ada ahead of Boris?"), where by now neither has been
# mentioned.
#
# Other corruptions ask other questions. Exchange only the giver's second mention (that is: take the other prompt of
# the pair), and the names in the scene stay the same while the answer turns over; whatever only depends on *which
# two people* are there is then untouched, and you won't see it. A corruption is a question, and a circuit is always
# found relative to one.
#
# Both sets go through the model once, and everything that happened is kept.

# %%
clean_logits, clean_cache = model.run_with_cache(prompts.tokens)
corrupted_logits, corrupted_cache = model.run_with_cache(corrupted.tokens)
print(
    f"{len(clean_cache)} activations kept, for example the patterns of a layer: {list(clean_cache['pattern', 0].shape)}"
)

# %% [markdown]
# ## A number to follow
#
# At the end of this section you'll have one number that says how well the model does the task, and you'll know what
# this number doesn't see.
#
# Each experiment of this chapter changes something and asks: does the model still know the answer? The reply must be
# a number, and the choice of it is not innocent. Three candidates:
#
# - *Accuracy* (is the right name on top?) moves in jumps. A part that does half of the work can be removed without
#   the winner changing.
# - *Probability* of the right name is squeezed between 0 and 1. From 0.98 to 0.99 the model may have become much
#   surer, and one hardly sees it. It also falls when some third word rises, which has nothing to do with who gives.
# - The **logit difference**: the recipient's logit minus the giver's. By the definition of the softmax it is the
#   logarithm of the odds, $\ln(p_\text{recipient}/p_\text{giver})$. We call it the **lead**.
#
# The lead is the paper's choice and ours, for two reasons. What raises both names alike (*a name comes next*) cancels,
# and so does what moves all logits. And logits are linear in the final residual stream, up to the LayerNorm: what
# the parts of the model have written can be *added up* to the lead, which is impossible with probabilities.

# %% [markdown]
# ### Measure the lead
#
# If at the last position the recipient's logit is 7 and the giver's 4, the lead is 3: the model finds the recipient
# $e^3 \approx 20$ times as likely. Over a batch, take the mean; now and then we'll want one number for each prompt.


# %%
def logit_difference(
    logits: Float[Tensor, "batch pos d_vocab"],
    recipient: Int[Tensor, " batch"],
    giver: Int[Tensor, " batch"],
    per_prompt: bool = False,
) -> Float[Tensor, ""] | Float[Tensor, " batch"]:
    """The recipient's logit minus the giver's at the last position: its mean over prompts, or one number each.

    `recipient` and `giver` hold each prompt's own two token ids. What is returned is computed from `logits`, so that
    gradients can flow through it: no `.item()`, no `.detach()`.

    >>> logits = torch.tensor([[[0.0, 0, 0], [7, 4, 1]], [[0.0, 0, 0], [2, 5, 6]]])
    >>> logit_difference(logits, torch.tensor([0, 2]), torch.tensor([1, 0]), per_prompt=True)
    tensor([3., 4.])
    >>> logit_difference(logits, torch.tensor([0, 2]), torch.tensor([1, 0]))
    tensor(3.5000)
    """
    last = logits[:, -1]
    rows = torch.arange(len(last))
    lead = last[rows, recipient] - last[rows, giver]
    return lead if per_prompt else lead.mean()


# %% [markdown]
# Now the measurement, and with it two controls. A number that looks good for the wrong reason looks good on the
# control too.
#
# - *Shuffled names*: the clean logits, asked about the two names of another pair, which the text doesn't mention.
# - *ABC*: the corrupted logits, asked about the clean prompt's names. The mean must be 0, as we made it so. What
#   there is to see is how far single prompts lie from it.
#
# **Predict before you run:** about how large will the lead be? And is it larger when the recipient is named first in
# the opening, or when the giver is? (Think of an attention head that has to find the recipient from the end.)

# %%
lead = logit_difference(clean_logits, prompts.recipient, prompts.giver, per_prompt=True)
shuffled = logit_difference(clean_logits, prompts.recipient.roll(2), prompts.giver.roll(2), per_prompt=True)
on_abc = logit_difference(corrupted_logits, corrupted.recipient, corrupted.giver, per_prompt=True)
by_order = {"recipient named first": lead[0::2], "giver named first": lead[1::2], "on ABC prompts": on_abc[0::2]}
figure = lines(
    by_order,
    x="pair of names",
    y="lead of the recipient (logits)",
    title="How far the recipient is ahead of the giver",
    references={"no preference": 0.0},
)
show(figure.update_traces(mode="lines+markers"), "ioi-lead-by-pair")
record(clean_lead=lead.mean(), clean_odds=lead.mean().exp(), lowest_lead=lead.min(), won=(lead > 0).float().mean())
record(lead_recipient_first=lead[0::2].mean(), lead_giver_first=lead[1::2].mean())
record(shuffled_lead=shuffled.mean(), abc_spread=on_abc.std())

# %% [markdown]
# The model prefers the recipient in {{won:.0%}} of the prompts, with a mean lead of {{clean_lead:.2f}} logits: odds
# of about {{clean_odds:,.0f}} to 1. Asked about names that aren't in the text, it has a mean lead of
# {{shuffled_lead:z.2f}}.
#
# Look at the third line of the figure, too. About two names that don't occur the model is far from indifferent: on ABC
# prompts the single leads lie around 0 with a standard deviation of {{abc_spread:.1f}} logits. It has likings among
# names that have nothing to do with who gives. They'd be a large error in any experiment on a single prompt, and the
# pairing removes them.
#
# The lead is {{lead_recipient_first:.2f}} when the recipient is named first, and {{lead_giver_first:.2f}} when the
# giver is. A difference between the two is something that sees the *order* of the names besides who is who. A mean over
# both orders hides it, by construction. Keep in mind that it's there.

# %% [markdown]
# ### See what the lead hides
#
# The lead compares two words and is blind to the rest of the vocabulary. A model could put the recipient far ahead
# of the giver, and a hundred other words ahead of both. That would be a lead without an answer. So beside the lead
# look at the recipient's **rank** among all tokens: the number of tokens with a larger logit. 0 means that it's the
# model's first choice.


# %%
def recipient_rank(
    logits: Float[Tensor, "batch pos d_vocab"], recipient: Int[Tensor, " batch"]
) -> Int[Tensor, " batch"]:
    """How many tokens have a larger logit than the recipient at the last position, for each prompt. Equals don't count.

    >>> recipient_rank(torch.tensor([[[0.0, 0, 0, 0], [2, 7, 4, 4]]]), torch.tensor([3]))
    tensor([1])
    """
    last = logits[:, -1]
    own = last.gather(1, recipient[:, None])
    return (last > own).sum(dim=-1)


# %% [markdown]
# We measure both on several ways to tell the story. All but the first will not be used again, but a circuit that was
# found on one template is a circuit for one template, until one has looked.
#
# **Predict before you run:** which of these will be hardest: another verb, people who arrive one after the other, a
# subordinate clause, or a stranger named between giver and end?

# %%
told = {
    "as above": template,
    "another verb": "After {first} and {second} came from the {place} , {giver} handed a {thing} to",
    "two sentences": "{first} and {second} were in the {place} . Then {giver} sold a {thing} to",
    "one after the other": "{first} was in the {place} . Later {second} came . Then {giver} lent a {thing} to",
    "a clause between": "When {first} and {second} went to the {place} , {giver} , who was tired , gave a {thing} to",
    "a stranger between": "{first} met {second} in the {place} . {giver} gave a {thing} that Theo had made to",
}
leads, first_choice = {}, {}
for name, way in told.items():
    these = tokenized(model, make_ioi_prompts(pairs, list(PLACES), list(THINGS), way))
    logits = model(these.tokens)
    leads[name] = logit_difference(logits, these.recipient, these.giver).item()
    first_choice[name] = (recipient_rank(logits, these.recipient) == 0).float().mean().item()
    print(f"{name:20} lead {leads[name]:5.2f}   first choice {first_choice[name]:.0%}")
record(top_here=first_choice["as above"], lowest_top=min(first_choice.values()))
record(lowest_template_lead=min(leads.values()), highest_template_lead=max(leads.values()))
record(told_clause=leads["a clause between"], told_one_by_one=leads["one after the other"])
record(told_verb=leads["another verb"], told_stranger=leads["a stranger between"])
record(vocabulary=model.cfg.d_vocab)

# %% [markdown]
# On our prompts the recipient is the model's first choice among all {{vocabulary:,.0f}} tokens in {{top_here:.0%}} of
# cases. Over the ways to tell the story this share is nowhere below {{lowest_top:.0%}}. So here the lead hides
# nothing bad: who leads the giver leads everybody. The lead itself does vary with the telling, from
# {{lowest_template_lead:.1f}} to {{highest_template_lead:.1f}}. Hardest is the clause that comes between the giver
# and the verb ({{told_clause:.1f}}); people who arrive one after the other cost less ({{told_one_by_one:.1f}}), and
# another verb ({{told_verb:.1f}}) or a stranger ({{told_stranger:.1f}}) hardly anything.
#
# That the model does well on two templates does not mean that it does so in the same way. Whether the circuit that
# you'll find for the first one also does the others is a question of its own, and an experiment.

# %% [markdown]
# ## Read the answer off the stream
#
# At the end of this section you'll know in which layer the answer appears, and which heads write it.
#
# The residual stream at the end is a sum: the embedding of `to` and of its position, plus what each of 32 heads wrote
# there, plus biases. The lead is read off that sum. So it is itself a sum, with one term for each of them: this is
# **direct logit attribution**. You met its ingredients in chapter 2. Here it's used for a *difference* of two logits.
#
# One thing stands between the stream and the logits: the final LayerNorm. It subtracts the mean, which is linear,
# and divides by the standard deviation, which isn't: the divisor depends on all parts at once. The way out is to
# **freeze** it. On this very pass the divisor was some number; treat it as a constant, and everything is linear
# again. The terms then add up to the lead exactly. What it means: we ask what a part contributed to *this* run. We
# don't ask how the run would have gone without it.
#
# (`load_specimen` gives the model with LayerNorm's own scale and shift folded into the weights next to it, so the
# final LayerNorm only centres and divides, and `W_U` is all that follows, apart from the bias `b_U`.)

# %% [markdown]
# ### Find the direction of the answer
#
# A logit is the dot product of the normalised stream with one column of `W_U`. The lead is then the dot product with
# the *difference* of two columns: one direction for each prompt, which points from its giver to its recipient.


# %%
def residual_directions(
    W_U: Float[Tensor, "d_model d_vocab"], recipient: Int[Tensor, " batch"], giver: Int[Tensor, " batch"]
) -> Float[Tensor, "batch d_model"]:
    """For each prompt the direction of the residual stream that raises the recipient's logit over the giver's.

    >>> W_U = torch.tensor([[1.0, 20, 0], [2, 30, 1]])
    >>> residual_directions(W_U, torch.tensor([1]), torch.tensor([0]))
    tensor([[19., 28.]])
    """
    return (W_U[:, recipient] - W_U[:, giver]).T


# %%
directions = residual_directions(model.W_U, prompts.recipient, prompts.giver)
constant = model.b_U[prompts.recipient] - model.b_U[prompts.giver]
print(f"directions: {list(directions.shape)}")
print(
    "what b_U adds to each lead:", *(f"{value:+.3f}" for value in constant[:6]), f"…, in the mean {constant.mean():.3f}"
)

# %% [markdown]
# The bias `b_U` gives some names a head start whatever the text says. It belongs to no head, and we leave it out of the
# attribution. In the mean it is 0 to rounding: the two prompts of a pair have opposite directions, so what is the
# same for both cancels. That is another return on having made two prompts of each pair.

# %% [markdown]
# ### Follow the lead through the layers
#
# The logit lens of chapter 2, for the lead: stop after each layer, take the stream as it is by then at the end, and
# read the lead off it, as if the remaining layers had nothing to add.
#
# All the streams are divided by the same number, the scale of the *finished* one, which is in the cache as
# `cache["scale"]` with shape [batch pos 1]. So the difference between two successive readings is what this layer
# wrote, and nothing else. (Were each stream divided by its own scale, then a layer that writes something unrelated
# to the names would seem to lower the lead, only because it makes the stream longer.)
#
# You may use the cache's entries (`resid_pre`, `resid_post`, `scale`) or its methods; `cache.model.cfg.n_layers`
# says how many layers there are.


# %%
def accumulated_attribution(
    cache: ActivationCache, directions: Float[Tensor, "batch d_model"]
) -> Float[Tensor, " n_layers+1"]:
    """The mean lead read off the stream at the last position: before each layer, and after the last.

    Each stream is centred (its own mean over d_model is subtracted) and divided by the final LayerNorm's scale at the
    last position on this pass, the same one for all layers. The model's normalisations have no weights of their own.

    If the finished stream at the end is (1, 5), its mean is 3 and its scale 2; along the direction (-1, 1) it gives
    (-1, 1) · (-1, 1) = 2. An earlier stream (2, 4) is centred to (-1, 1) and divided by 2 as well, which gives 1.
    The cache stays as it is: `cache[...]` is the entry itself and no copy, so don't write into it (`-=`, `/=`).
    """
    n_layers = cache.model.cfg.n_layers
    streams = [*(cache["resid_pre", layer] for layer in range(n_layers)), cache["resid_post", n_layers - 1]]
    at_end = torch.stack(streams)[:, :, -1]
    centred = at_end - at_end.mean(dim=-1, keepdim=True)
    normalized = centred / cache["scale"][:, -1]
    leads = einsum(normalized, directions, "layer batch d_model, batch d_model -> layer batch")
    return leads.mean(dim=-1)


# %% [markdown]
# **Predict before you run:** what is the first value, read off the embeddings of `to` alone? Does the lead grow a
# little in every layer, or is it there all at once?

# %%
by_layer = accumulated_attribution(clean_cache, directions)
orders = {"both orders": by_layer}
for name, order in {"recipient named first": slice(0, None, 2), "giver named first": slice(1, None, 2)}.items():
    one_order = model.run_with_cache(prompts.tokens[order])[1]
    orders[name] = accumulated_attribution(one_order, directions[order])
figure = lines(
    orders,
    x="layers that have written",
    y="lead read off the stream (logits)",
    title="When the answer appears at the end",
    references={"lead of the model": logit_difference(clean_logits, prompts.recipient, prompts.giver).item()},
)
show(figure.update_xaxes(dtick=1), "ioi-lead-by-layer")
record(**{f"lead_after_{layer}": value for layer, value in enumerate(by_layer)})
steps = by_layer.diff()
record(largest_step=steps.max(), largest_step_layer=int(steps.argmax()))
record(steps_after=by_layer[-1] - by_layer[int(steps.argmax()) + 1])

# %% [markdown]
# The embeddings of `to` and of its position know nothing of the names; they give {{lead_after_0:z.3f}}. After layer 0
# it is {{lead_after_1:z.2f}}. Then layer {{largest_step_layer}} alone adds {{largest_step:.2f}}, and what follows adds
# another {{steps_after:.2f}}, so that the last value is the lead of the model.
#
# It's tempting to read this as "layer 0 does nothing here". What the figure says is less: layer 0 writes nothing at
# *the end* that *directly* favours one of the names. It may well write something, there or at the names, that the later
# layers can't do without. Attribution sees who speaks last.

# %% [markdown]
# ### Ask each head
#
# A layer's step is the sum of what its eight heads wrote. Now each of them by itself. Head $h$ of a layer writes
# $z^h W_O^h$ at the end, where $z^h$ is what its attention gathered; that is in the cache as `z`, with shape
# [batch pos head d_head]. Centred, divided by the same frozen scale, and taken along the prompt's direction, it is
# the head's share of the lead.
#
# The bias `b_O` is written once a layer, by no head.


# %%
def direct_logit_attribution(
    cache: ActivationCache, directions: Float[Tensor, "batch d_model"]
) -> Float[Tensor, "layer head"]:
    """What each head, by what it writes at the last position, adds to the mean lead.

    What a head writes is centred and divided by the final LayerNorm's scale at the last position on this pass. The
    model's normalisations have no weights of their own. A layer's weights are `cache.model.blocks[layer].attn.W_O`,
    [head d_head d_model]. The cache stays as it is.

    If a head writes (1, 5), centred (-2, 2), and the final scale is 4, it adds (-1/2, 1/2) · (-1, 1) = 1 along the
    direction (-1, 1).
    """
    rows = []
    for layer, block in enumerate(cache.model.blocks):
        z = cache["z", layer][:, -1]
        written = einsum(z, block.attn.W_O, "batch head d_head, head d_head d_model -> batch head d_model")
        centred = written - written.mean(dim=-1, keepdim=True)
        normalized = centred / cache["scale"][:, -1, None]
        rows.append(einsum(normalized, directions, "batch head d_model, batch d_model -> head") / len(directions))
    return torch.stack(rows)


# %% [markdown]
# **Predict before you run:** how many of the 32 heads will matter? And can a head have a *negative* share, in a model
# that does the task well?

# %%
direct = direct_logit_attribution(clean_cache, directions)
figure = heatmap(
    direct,
    x="head",
    y="layer",
    title="Direct contribution of each head to the lead (logits)",
    diverging=True,
    rows=[str(layer) for layer in range(n_layers)],
    columns=[str(head) for head in range(n_heads)],
)
show(figure, "ioi-direct-by-head")
strongest = direct.flatten().abs().argsort(descending=True).tolist()
for index in strongest[:6]:
    print(f"head {index // n_heads}.{index % n_heads}: {direct.flatten()[index]:+.2f}")

# What no head wrote: the embeddings, and b_O of each layer.
rest = clean_cache["embed"][:, -1] + clean_cache["pos_embed"][:, -1]
rest = rest + sum(block.attn.b_O for block in model.blocks)
rest = (rest - rest.mean(dim=-1, keepdim=True)) / clean_cache["scale"][:, -1]
rest_lead = (rest * directions).sum(dim=-1).mean()
total = direct.sum() + rest_lead + constant.mean()
print(f"heads {direct.sum():.4f} + embeddings and biases {rest_lead + constant.mean():.4f} = {total:.4f}")
print(f"lead of the model: {lead.mean():.4f}")
record(heads_sum=direct.sum(), top_four=direct.flatten()[strongest[:4]].sum(), lowest_share=direct.min())
record(**{f"writer_{i}": round(direct.flatten()[index].item(), 2) for i, index in enumerate(strongest[:4])})
record(**{f"writer_{i}_layer": index // n_heads for i, index in enumerate(strongest[:4])})
record(**{f"writer_{i}_head": index % n_heads for i, index in enumerate(strongest[:4])})

# %% [markdown]
# The sum comes out right, to rounding: {{heads_sum:.2f}} logits from the heads, and next to nothing from the embeddings
# and biases. That is the reason for freezing the scale.
#
# The lead is the work of few. Four heads bring {{top_four:.1f}} of it: {{writer_0_layer}}.{{writer_0_head}}
# ({{writer_0:+.2f}}), {{writer_1_layer}}.{{writer_1_head}} ({{writer_1:+.2f}}), {{writer_2_layer}}.{{writer_2_head}}
# ({{writer_2:+.2f}}) and {{writer_3_layer}}.{{writer_3_head}} ({{writer_3:+.2f}}). There is also a head that works
# against the answer, with {{lowest_share:+.2f}}. In GPT-2 small such heads are strong, and Wang et al. call them
# *negative name movers*: taken by itself each makes the model worse at this task.
#
# ## Where the heads look
#
# At the end of this section you'll know what these heads have in front of them when they write, and you'll have two
# hypotheses that neither attention nor attribution can decide.
#
# A head that raises the recipient's lead at the end can do it in two ways. It can look at the recipient and write
# *this name*, as the **name movers** of GPT-2 do. Or it can look at the giver and write *not this name*. The direct
# contribution is the same: the lead only knows the distance between the two. Where it looks is a first sign.

# %% [markdown]
# ### Ask where each head looks
#
# For every head: the attention that the end pays to the recipient, to the giver's first mention, to the giver's
# second mention, and to the start of the text, where a head that has nothing to do often rests. The places differ
# from prompt to prompt, and so you have to pick them before you average.


# %%
def attention_by_role(cache: ActivationCache, places: Int[Tensor, "batch role"]) -> Float[Tensor, "layer head role"]:
    """How much attention each head pays from the last position to each role's place, averaged over prompts.

    `places[i, r]` is the position of role r in prompt i. If the last rows of a head's patterns for two prompts are
    (0.1, 0.7, 0.2) and (0.3, 0.6, 0.1), and a role stands at 1 in the first and at 0 in the second, it gets
    (0.7 + 0.3) / 2 = 0.5.
    """
    layers = []
    for layer in range(cache.model.cfg.n_layers):
        from_end = cache["pattern", layer][:, :, -1]
        at = places[:, None].expand(-1, from_end.shape[1], -1)
        layers.append(from_end.gather(-1, at))
    found = torch.stack(layers)
    return found.mean(dim=1)


# %% [markdown]
# **Predict before you run:** take the strongest heads of the last figure. Do they look at the recipient, or at the
# giver? At the giver's first mention, or at the second?

# %%
roles = ("recipient", "giver_first", "giver_second", "start")
looks = attention_by_role(clean_cache, prompts.places(*roles))
figure = heatmap(
    rearrange(looks, "layer head role -> role (layer head)"),
    x="head (layer.head)",
    y="looked at",
    title="Attention from the end, averaged over prompts",
    rows=[role.replace("_", ", ") for role in roles],
    columns=[f"{layer}.{head}" for layer, head in product(range(n_layers), range(n_heads))],
)
show(figure, "ioi-attention-by-role")

to_recipient, to_giver = looks[..., 0].flatten(), looks[..., 1:3].sum(dim=-1).flatten()
labels = [f"{layer}.{head}" for layer, head in product(range(n_layers), range(n_heads))]
shown = [label if index in strongest[:6] else "" for index, label in enumerate(labels)]
figure = house(
    go.Figure(
        go.Scatter(
            x=(to_recipient - to_giver).tolist(),
            y=direct.flatten().tolist(),
            text=shown,
            mode="markers+text",
            textposition="top center",
        )
    ),
    x="attention to the recipient minus attention to the giver",
    y="direct contribution (logits)",
    title="Where a head looks, and what it adds",
)
show(figure, "ioi-attention-and-contribution")
movers = [index for index in strongest[:6] if to_recipient[index] > to_giver[index]]
takers = [index for index in strongest[:6] if index not in movers]
record(recipient_lookers=len(movers), giver_lookers_add=direct.flatten()[takers].sum())
for index in strongest[:6]:
    seen = ", ".join(f"{role} {value:.2f}" for role, value in zip(roles, looks.flatten(0, 1)[index], strict=True))
    print(f"head {labels[index]}: adds {direct.flatten()[index]:+.2f}; {seen}")

# %% [markdown]
# The strongest heads fall into two groups. Some look at the **recipient**, {{recipient_lookers:.0f}} of the first six.
# The others look at the **giver**, and at the giver's *second* mention, in the middle of the action, much more than at
# the first. These latter bring {{giver_lookers_add:.1f}} of the {{clean_lead:.1f}} logits. So in this model the larger
# part of the answer comes from heads that hardly look at the answer at all.
#
# This is where the specimen parts from GPT-2. There, the name movers of the late layers look at the recipient; the
# giver's second mention is used earlier, to tell the name movers where *not* to look (S-inhibition).
#
# To see what the two groups do to the two names, split the lead once more. Your `direct_logit_attribution` takes any
# direction: give it the recipient's column of `W_U` alone, or the giver's alone. (The columns of this `W_U` add up to
# zero, so each number is relative to an average token.)
#
# **Predict before you run:** a head that looks at the giver has a positive share of the lead. Does it raise the
# recipient, or lower the giver?

# %%
to_names = {
    "recipient": direct_logit_attribution(clean_cache, model.W_U[:, prompts.recipient].T),
    "giver": direct_logit_attribution(clean_cache, model.W_U[:, prompts.giver].T),
}
figure = heatmap(
    torch.stack([part.flatten()[strongest[:6]] for part in to_names.values()]),
    x="head (layer.head), strongest first",
    y="logit of the",
    title="What the strongest heads do to each name (logits)",
    diverging=True,
    rows=list(to_names),
    columns=[labels[index] for index in strongest[:6]],
)
show(figure, "ioi-direct-by-name")
for name, part in to_names.items():
    for group, indices in {"recipient": movers, "giver": takers}.items():
        print(f"the heads that look at the {group} change the {name}'s logit by {part.flatten()[indices].sum():+z.2f}")
record(movers_on_recipient=round(to_names["recipient"].flatten()[movers].sum().item(), 2))
record(movers_on_giver=round(to_names["giver"].flatten()[movers].sum().item(), 2))
record(takers_on_recipient=round(to_names["recipient"].flatten()[takers].sum().item(), 2))
record(takers_on_giver=round(to_names["giver"].flatten()[takers].sum().item(), 2))

# %% [markdown]
# The two groups do what their eyes suggest. Those that look at the recipient change the recipient's logit by
# {{movers_on_recipient:+z.2f}} and the giver's by {{movers_on_giver:+z.2f}}: they write the name that they see. Those
# that look at the giver change the giver's logit by {{takers_on_giver:+z.2f}} and the recipient's by
# {{takers_on_recipient:+z.2f}}: they write the name that they see with the sign turned round. The lead grows by either.
# So the answer here is found as much by *striking out* as by pointing.
#
# So there is a hypothesis: *some heads copy the recipient to the end, others take the giver away*. It fits everything
# that you've measured. It isn't shown, and it pays to say exactly why not.
#
# - **Attention says from where, and not what.** By layer 1, the stream at the giver's second mention holds more than
#   the token there; layer 0 has written into it. A head that looks there may carry the giver's name, or the fact that
#   somebody has been named twice, or something about the other person.
# - **Attribution sees the last step only.** A head that looks at the recipient must have been *told* where to look:
#   its query is made at the end, out of the stream of the word `to`, the same word in every prompt. Somebody wrote
#   something into that stream. Whoever it was may have no direct share at all, and in this figure looks idle.
# - **A share is no dependence.** With the scale frozen, the shares say how this run's lead is composed. If you took a
#   head away, the scale would change, later heads would read another stream, and some might step in. What happens then
#   is not in any activation of this run. You have to do it.
#
# Doing it is the next step. Take one activation from one run and put it into the other: **activation patching**.

# %% [markdown]
# ## A scale from nothing to all
#
# At the end of this section you'll have the ruler for all the experiments that follow, and you'll be able to say what
# its 0 and its 1 stand for.
#
# So far you have watched. From here on you intervene, and the intervention is always the same, **activation
# patching**: run the model on one prompt, but at one place put in the activation which that place had on *another*
# prompt. Then see what becomes of the answer. The idea comes from the study of causes: to find out whether something
# matters, don't look at how it goes along with the outcome; change it and nothing else (Vig et al., 2020; Geiger et
# al., 2021; Meng et al., 2022, on facts in GPT-2).
#
# Every such experiment has two runs, and you have both: the **clean** one, in which the task can be done, and the
# **corrupted** one, in which three strangers have taken the place of the names. It can go either way:
#
# - **Denoising**: run on the *corrupted* prompt and put in one *clean* activation. Does the answer come back? Then
#   what this activation carries is **enough**, in a run where everything else is of no help.
# - **Noising**: run on the *clean* prompt and put in one *corrupted* activation. Does the answer go? Then what this
#   activation carried was **needed**, in a run where everything else is in order.
#
# The two are not each other's mirror image. Think of two people who each have a key to the same door: either is
# enough, neither is needed. Or of a safe with two locks: both keys are needed, and neither is enough. Heimersheim and
# Nanda (2024) put it like this: noising finds what is joined by AND, denoising finds what is joined by OR. We'll use
# both, and look hardest at the places where they disagree.

# %% [markdown]
# ### Make a scale
#
# A lead of 2.8 logits after a patch: is that much? That depends on the two runs that the experiment lies between. So
# measure everything on their scale: **0 is what the corrupted run has, 1 is what the clean run has**. With $L$ for
# the lead,
#
# $$\text{metric} = \frac{L_\text{patched} - L_\text{corrupted}}{L_\text{clean} - L_\text{corrupted}}.$$
#
# For example, if the clean lead is 6 and the corrupted lead 2, then a patched run with a lead of 3 has
# $(3 - 2)/(6 - 2) = 0.25$: a quarter of the way back. The same scale serves for both directions. Denoising begins
# at 0 and asks how far it gets up; noising begins at 1 and asks how far it gets down.
#
# Nothing confines the number to the interval from 0 to 1. Below 0, the patch has turned the answer round; above 1,
# the model is surer than in the clean run. Both happen, and both tell you something, so don't cut them off.
#
# Write it as a function that *makes* the metric: given any way to measure logits, and the logits of both runs, it
# returns a function of logits. That function is what you'll hand to each sweep. Later you'll take its gradient, too,
# so the number must stay a tensor that knows where it came from (no `.item()`).


# %%
def normalized_metric(
    measure: Callable[[Float[Tensor, "batch pos d_vocab"]], Float[Tensor, ""]],
    clean_logits: Float[Tensor, "batch pos d_vocab"],
    corrupted_logits: Float[Tensor, "batch pos d_vocab"],
) -> Callable[[Float[Tensor, "batch pos d_vocab"]], Float[Tensor, ""]]:
    """A function that measures logits on the scale where the corrupted run has 0 and the clean run has 1.

    `measure` turns logits into one number. What is returned takes logits and returns a tensor with one number, not
    confined to 0 … 1, through which gradients can flow.

    If `measure` gives 6 for the clean logits and 2 for the corrupted ones, then logits for which it gives 3 are at
    0.25, and logits for which it gives 0 are at -0.5.
    """
    one, zero = measure(clean_logits), measure(corrupted_logits)

    def metric(logits: Float[Tensor, "batch pos d_vocab"]) -> Float[Tensor, ""]:
        return (measure(logits) - zero) / (one - zero)

    return metric


# %%
measure_lead = partial(logit_difference, recipient=prompts.recipient, giver=prompts.giver)
metric = normalized_metric(measure_lead, clean_logits, corrupted_logits)
print(f"clean {metric(clean_logits):.2f}, corrupted {metric(corrupted_logits):.2f}")
other_giver = prompts.tokens.unflatten(0, (-1, 2)).flip(1).flatten(0, 1)  # the other prompt of each pair
record(patched_other_prompt=metric(model(other_giver)))

# %% [markdown]
# One reading to get used to the scale: give the model the *other* prompt of each pair, in which the other person
# gives, and ask about the names as before. It lands at {{patched_other_prompt:.2f}}, and on these pairs it must: it's
# the same prompts with the question turned round. So zero on this scale is not "wrong". Zero is "knows nothing about
# who is who"; the wrong answer, held with full conviction, is at −1.

# %% [markdown]
# ## Where the answer passes
#
# At the end of this section you'll know at which word, between which layers, the model keeps what it knows about the
# giver; and you'll have seen the two directions of patching contradict each other.
#
# The residual stream between two layers is a bottleneck: whatever the layers above learn of the prompt, they learn
# from the streams at the {{patched_positions:.0f}} positions. Patch the stream of *one* position before *one* layer
# and you've exchanged all that is known at this place by then. Do it for each position and each layer, and you have a
# map.

# %% [markdown]
# ### Sweep over the residual stream
#
# For every layer and every position: run the model on `tokens`; before the layer, at the position, in all prompts, put
# in what the other run (the *source*) had there; let the model go on from there; measure. One patch at a time, each
# on a fresh run.
#
# The function doesn't know which of the runs is clean. Called with the corrupted tokens and the clean cache, it
# denoises; called with the clean tokens and the corrupted cache, it noises.
#
# A reminder from chapter 2: a hook gets a copy of the activation and the hook point, `hook.name` is its full name
# (which is also a key of the cache), and what the hook returns takes the activation's place. If it returns None, the
# tensor that it got is used, with whatever the hook did to it. What you take from a cache is no copy: write into it,
# and every later run that uses the cache is spoilt. `functools.partial` hands the hook further arguments.


# %%
def patch_residual_stream(
    model: HookedTransformer,
    tokens: Int[Tensor, "batch pos"],
    source: ActivationCache,
    metric: Callable[[Float[Tensor, "batch pos d_vocab"]], Float[Tensor, ""]],
) -> Float[Tensor, "layer pos"]:
    """The metric of a run on `tokens` with the stream before one layer, at one position, taken from `source`.

    Entry [layer, pos] is one run, in which `resid_pre` of that layer is replaced at that position, in every prompt by
    the same prompt of the source. `source` is the cache of a run on as many prompts of the same length. No hook stays
    on the model, and the cache stays as it is.

    If `source` comes from a run on the same `tokens`, every entry is the metric of the plain run. If it comes from
    prompts that differ in their last word only, row 0 is the plain run's, except for its last entry, which is the other
    run's.
    """
    result = torch.zeros(model.cfg.n_layers, tokens.shape[1])

    def patch(resid: Float[Tensor, "batch pos d_model"], hook: HookPoint, position: int) -> Tensor:
        resid[:, position] = source[hook.name][:, position]
        return resid

    for layer, position in product(range(model.cfg.n_layers), range(tokens.shape[1])):
        hooked = (f"blocks.{layer}.hook_resid_pre", partial(patch, position=position))
        result[layer, position] = metric(model.run_with_hooks(tokens, fwd_hooks=[hooked]))
    return result


# %% [markdown]
# First denoising: the model reads about strangers, and at one place it gets what it would have had with the names.
#
# **Predict before you run:** the giver's second mention is one word. With this word alone clean, and strangers in the
# opening, how much of the lead comes back? And in which layer does the bright spot move on to the end?

# %%
denoised_stream = patch_residual_stream(model, corrupted.tokens, clean_cache, metric)
columns = [model.to_string(token).strip() or "_" for token in prompts.tokens[0]]
columns[0] = "start"
for role, mark in prompts.marks.items():  # of prompt 0, where the recipient is named first
    if role not in ("start", "end"):
        columns[int(mark[0])] = {"recipient": "name 1", "giver_first": "name 2", "giver_second": "giver"}[role]
rows = [str(layer) for layer in range(n_layers)]
figure = heatmap(
    denoised_stream,
    x="position patched",
    y="stream before layer",
    title="Denoising: what one clean place brings back (0 corrupted, 1 clean)",
    diverging=True,
    rows=rows,
    columns=columns,
)
show(figure, "ioi-denoise-stream")
at_giver, at_end = int(prompts.marks["giver_second"][0]), int(prompts.marks["end"][0])
name_columns = [int(prompts.marks[role][0]) for role in ("recipient", "giver_first")]
record(patched_positions=prompts.tokens.shape[1])
record(**{f"denoised_giver_{layer}": value for layer, value in enumerate(denoised_stream[:, at_giver])})
record(**{f"denoised_end_{layer}": value for layer, value in enumerate(denoised_stream[:, at_end])})
record(denoised_names=denoised_stream[:, name_columns].abs().max())
giver_layer = int(torch.arange(n_layers)[denoised_stream[:, at_giver] > denoised_stream[:, at_end]].max())
record(patched_handover=giver_layer, patched_after_handover=giver_layer + 1)

# %% [markdown]
# Two columns are coloured. At the giver's second mention, one clean word brings back {{denoised_giver_0:.2f}} of the
# lead; at the same place before layer 1 it's {{denoised_giver_1:.2f}}. The end is empty at first, as it must be: the
# word there is `to` in both runs. From layer {{patched_after_handover}} on more of the answer is at the end than at
# the giver's mention. So layer {{patched_handover}} is where the news of the giver travels to the end. Before layer 2
# the stream at the end brings back {{denoised_end_2:.2f}}, before layer 3 {{denoised_end_3:.2f}}.
#
# Two things should make you suspicious. First, no single place early on brings back all of it. Second, the two names
# of the opening show nothing: {{denoised_names:.2f}} at most. Does the model not need them?
#
# Now noising: the same map the other way round. The model reads the real names, and one place is spoilt. The run
# begins at 1, so we plot the change: −1 means that all is lost.
#
# **Predict before you run:** what is lost when only the giver's second mention is a stranger's name? Remember what it
# brought back by itself.

# %%
noised_stream = patch_residual_stream(model, prompts.tokens, corrupted_cache, metric)
figure = heatmap(
    noised_stream - 1,
    x="position patched",
    y="stream before layer",
    title="Noising: what one corrupted place costs (-1: the whole lead)",
    diverging=True,
    rows=rows,
    columns=columns,
)
show(figure, "ioi-noise-stream")
record(**{f"noised_giver_{layer}": value for layer, value in enumerate(noised_stream[:, at_giver])})
record(**{f"noised_end_{layer}": value for layer, value in enumerate(noised_stream[:, at_end])})
record(noised_name_1=noised_stream[0, name_columns[0]], noised_name_2=noised_stream[0, name_columns[1]])

# %% [markdown]
# With a stranger as the giver, {{noised_giver_0:.2f}} is left: nothing. Here too it must be so. The two prompts of a
# pair differ in this word only, and without it they are one text with two opposite questions. What isn't a matter of
# course stands below: before layer 1 there is still no other place that knows ({{noised_giver_1:.2f}} is left), and
# before layer 2 hardly anybody reads this place any more ({{noised_giver_2:.2f}}), while the end has become
# indispensable ({{noised_end_2:.2f}}). Both maps put the handover in the same layer.
#
# About how *much* passes they disagree. The word that by itself is enough for {{denoised_giver_0:.2f}} is needed for
# all of it. This is the safe with two locks: to know who gives is of full use only to one who also knows who else is
# there.
#
# And the opening's names, blank a moment ago, do matter: with either of them spoilt, {{noised_name_1:.2f}} and
# {{noised_name_2:.2f}} are left. Why did denoising not show it? Because of our pairs. In half of the prompts the
# first name is the recipient, in the other half the giver. If putting the first name in helps the one half and
# harms the other as much, then the mean is 0 *exactly*, and the map says "nothing here". A mean over prompts
# answers the question "what does this place do, whoever stands there". You wanted to ask what the *recipient's* place
# does. The next sweep asks that.
#
# What the maps can't show: *what* passes there. At the patched place all that differs between the runs is exchanged
# together: the name, whether it's new or known, where it stood before. The map tells where a difference passes, as a
# road map tells where the traffic goes. It doesn't tell what's in the lorries.
#
# ## Who carries it there
#
# At the end of this section you'll know which layer writes what the answer depends on, at which of the roles, and
# you'll have a reading of "helps" and "needed" for each.
#
# The stream adds up everything since the embedding. To see who *changes* something, patch one layer's addition instead
# of the whole sum: `attn_out`, what the attention of one layer writes into the stream. (In a model with MLPs you'd
# do the same with `mlp_out`; this specimen has none.)

# %% [markdown]
# ### Patch what a layer writes
#
# The second change is about *where*. The recipient stands at position {{patched_place_a:.0f}} in some prompts and at
# {{patched_place_b:.0f}} in others. So sweep over roles instead of positions: in each prompt patch the position where
# that role stands in this prompt. `places[i, r]` says where role `r` stands in prompt `i`.
#
# It's indexing with a twist: `written[:, places[:, r]]` takes *all* those positions in *every* prompt. You need pairs,
# row 0 with the first place, row 1 with the second, and so on.


# %%
def patch_block_outputs(
    model: HookedTransformer,
    tokens: Int[Tensor, "batch pos"],
    source: ActivationCache,
    metric: Callable[[Float[Tensor, "batch pos d_vocab"]], Float[Tensor, ""]],
    places: Int[Tensor, "batch role"],
) -> Float[Tensor, "layer role"]:
    """The metric of a run on `tokens` with what one layer's attention writes, at one role, taken from `source`.

    Entry [layer, role] is one run, in which `attn_out` of that layer is replaced, in prompt i, at position
    `places[i, role]` and nowhere else. No hook stays on the model, and the cache stays as it is.

    With places [[2, 4], [4, 2]], role 0 patches position 2 of the first prompt and position 4 of the second.
    """
    prompt = torch.arange(len(tokens))
    result = torch.zeros(model.cfg.n_layers, places.shape[1])

    def patch(written: Float[Tensor, "batch pos d_model"], hook: HookPoint, at: Int[Tensor, " batch"]) -> Tensor:
        written[prompt, at] = source[hook.name][prompt, at]
        return written

    for layer, role in product(range(model.cfg.n_layers), range(places.shape[1])):
        hooked = (f"blocks.{layer}.hook_attn_out", partial(patch, at=places[:, role]))
        result[layer, role] = metric(model.run_with_hooks(tokens, fwd_hooks=[hooked]))
    return result


# %% [markdown]
# **Predict before you run:** layer 0 reads only words and positions, of this place and of earlier ones. Is there
# anything that it could write at the recipient's place that the answer needs? And what should happen if layer 0's
# writing is put right at the place of the giver's *first* mention, in a run that has strangers everywhere else?

# %%
record(patched_place_a=prompts.marks["recipient"][0], patched_place_b=prompts.marks["recipient"][1])
patched_roles = ("start", "recipient", "giver_first", "giver_second", "end")
places = prompts.places(*patched_roles)
denoised_blocks = patch_block_outputs(model, corrupted.tokens, clean_cache, metric, places)
noised_blocks = patch_block_outputs(model, prompts.tokens, corrupted_cache, metric, places) - 1
figure = heatmap(
    torch.cat([denoised_blocks, noised_blocks]),
    x="role patched",
    y="what the layer writes",
    title="Change of the metric: denoising above, noising below",
    diverging=True,
    rows=[f"{way}, layer {layer}" for way, layer in product(("denoise", "noise"), range(n_layers))],
    columns=[role.replace("_", ", ") for role in patched_roles],
)
show(figure.update_layout(margin={"l": 150}), "ioi-patch-blocks")
for way, table in {"denoised": denoised_blocks, "noised": noised_blocks}.items():
    record(**{f"{way}_0_{role}": value for role, value in zip(patched_roles, table[0], strict=True)})
    record(**{f"{way}_end_of_{layer}": value for layer, value in enumerate(table[:, -1])})
record(noised_later_elsewhere=noised_blocks[1:, :-1].abs().max())

# %% [markdown]
# Read the table by stages.
#
# - **Layer 0 works at the names.** In the corrupted run, its clean writing at the recipient's place brings
#   {{denoised_0_recipient:+.2f}}, at the giver's second mention {{denoised_0_giver_second:+.2f}}. Spoilt in a clean
#   run, they change the metric by {{noised_0_recipient:+.2f}} and {{noised_0_giver_second:+.2f}}. Whatever the later
#   heads read at a name, it isn't the bare embedding of the token: they read what layer 0 has written about it.
# - **From layer 1 on only the end counts.** Elsewhere noising changes the metric by no more than
#   {{noised_later_elsewhere:.2f}}. At the end, spoiling layer 1's writing makes {{noised_end_of_1:+.2f}}, layer 2's
#   {{noised_end_of_2:+.2f}} and layer 3's {{noised_end_of_3:+.2f}}. Put right by themselves, they bring
#   {{denoised_end_of_1:+.2f}}, {{denoised_end_of_2:+.2f}} and {{denoised_end_of_3:+.2f}}.
# - **The two directions disagree about the giver's first mention.** Denoising says that it counts heavily, and
#   *against* the answer: {{denoised_0_giver_first:+.2f}}, just as much as the recipient counts for it. Noising says
#   that it isn't needed: {{noised_0_giver_first:+.2f}} without it.
#
# The last point is worth a minute, because both are right. In the corrupted run nobody is named twice, and the giver
# is a stranger. Put one name into this scene, and the model takes it for somebody who may receive; whether it is the
# recipient's name or the giver's it can't know. (That's why the two numbers are exactly opposite: it is one and the
# same run, asked two opposite questions. And it's what cancelled in the first map.) In the clean run the giver's first
# mention is overruled, since the second mention has settled that this one gives. Taking it away takes nothing. So
# denoising shows what a place *could* do in a world of strangers, noising what it *does* in the world as it is.
#
# ## Which heads
#
# At the end of this section you'll have narrowed 32 heads down to a handful, and you'll know why the effects of single
# heads can add up to far more than there is.

# %% [markdown]
# ### Patch one head at a time
#
# What a layer writes is the sum of its heads' writings, so take them apart: replace the `z` of one head. There is a
# choice of *where*: at all positions, or at the end only. A head that works somewhere in the middle of the sentence
# shows in the first and not in the second. So the difference between the two tells you which heads prepare and
# which ones finish.


# %%
def patch_head_outputs(
    model: HookedTransformer,
    tokens: Int[Tensor, "batch pos"],
    source: ActivationCache,
    metric: Callable[[Float[Tensor, "batch pos d_vocab"]], Float[Tensor, ""]],
    end_only: bool = False,
) -> Float[Tensor, "layer head"]:
    """The metric of a run on `tokens` with the `z` of one head taken from `source`.

    Entry [layer, head] is one run, in which that head's `z` is replaced at every position, or with `end_only` at the
    last position only. No hook stays on the model, and the cache stays as it is.

    If one head's W_O is 0, patching it changes nothing. In the last layer `end_only` makes no difference to a metric
    that only looks at the last position.
    """
    where = -1 if end_only else slice(None)
    result = torch.zeros(model.cfg.n_layers, model.cfg.n_heads)

    def patch(z: Float[Tensor, "batch pos head d_head"], hook: HookPoint, head: int) -> Tensor:
        z[:, where, head] = source[hook.name][:, where, head]
        return z

    for layer, head in product(range(model.cfg.n_layers), range(model.cfg.n_heads)):
        hooked = (f"blocks.{layer}.attn.hook_z", partial(patch, head=head))
        result[layer, head] = metric(model.run_with_hooks(tokens, fwd_hooks=[hooked]))
    return result


# %% [markdown]
# **Predict before you run:** part of the answer you know from attribution: the heads with a large direct share. Which
# of them will show, and will there be a strong head that attribution gave next to nothing?

# %%
head_names = [f"{layer}.{head}" for layer, head in product(range(n_layers), range(n_heads))]
denoised_heads = patch_head_outputs(model, corrupted.tokens, clean_cache, metric)
noised_heads = patch_head_outputs(model, prompts.tokens, corrupted_cache, metric) - 1
denoised_heads_end = patch_head_outputs(model, corrupted.tokens, clean_cache, metric, end_only=True)
noised_heads_end = patch_head_outputs(model, prompts.tokens, corrupted_cache, metric, end_only=True) - 1
kinds = {
    "denoise, everywhere": denoised_heads,
    "denoise, end only": denoised_heads_end,
    "noise, everywhere": noised_heads,
    "noise, end only": noised_heads_end,
}
figure = heatmap(
    torch.stack([table.flatten() for table in kinds.values()]),
    x="head (layer.head)",
    y="direction and place",
    title="Change of the metric when one head is patched",
    diverging=True,
    rows=list(kinds),
    columns=head_names,
)
show(figure.update_layout(margin={"l": 160}), "ioi-patch-heads")

by_cost = noised_heads.flatten().argsort().tolist()  # the most needed first
for index in by_cost[:8]:
    print(f"head {head_names[index]}:", *(f"{kind} {table.flatten()[index]:+.2f};" for kind, table in kinds.items()))
early, first_at_end = by_cost[0], noised_heads_end.flatten().argsort().tolist()
for name, index in {"early": early, "finisher_0": first_at_end[0], "finisher_1": first_at_end[1]}.items():
    record(**{f"patched_{name}_layer": index // n_heads, f"patched_{name}_head": index % n_heads})
    record(**{f"patched_{name}_gain": denoised_heads.flatten()[index]})
    record(**{f"patched_{name}_cost": noised_heads.flatten()[index]})
    record(**{f"patched_{name}_cost_at_end": noised_heads_end.flatten()[index]})
record(sum_of_gains=denoised_heads.sum(), sum_of_costs=noised_heads.sum())
record(patched_weak=(noised_heads.abs() < 0.05).sum())

# %% [markdown]
# Most of the heads do nothing here: {{patched_weak:.0f}} of 32 move the metric by less than 0.05 when they're spoilt.
#
# The head with the largest effect is {{patched_early_layer}}.{{patched_early_head}}. Spoilt everywhere, it makes
# {{patched_early_cost:+.2f}}; spoilt at the end only, {{patched_early_cost_at_end:+.2f}}. It does its work somewhere
# else, and whatever it does reaches the answer through later heads only. Attribution, which sees who speaks last, is
# blind to that. Among those that work at the end, {{patched_finisher_0_layer}}.{{patched_finisher_0_head}}
# ({{patched_finisher_0_cost_at_end:+.2f}}) and {{patched_finisher_1_layer}}.{{patched_finisher_1_head}}
# ({{patched_finisher_1_cost_at_end:+.2f}}) come first.
#
# Now add up: all the changes by denoising make {{sum_of_gains:+.2f}}, all those by noising {{sum_of_costs:+.2f}}. But
# the whole lead is 1. Single effects are **not shares of a cake**. A head early in the chain and the head that passes
# its message on are both needed for the same piece of the answer, and each is charged with all of it. (The sum may
# err on the other side too. Where two heads can each do the job alone, neither costs anything: the two people with a
# key to the same door. Wang et al. found such *backup heads* in GPT-2, which take over when a name mover falls out;
# McGrath et al., 2023, found the same self-repair in larger models.)
#
# So the next question is what several heads do *together*.

# %% [markdown]
# ### Patch several heads at once
#
# It's the same patch at several places, in a single run. Two of the heads may sit in the same layer.
#
# One trap is worth knowing, as Python sets it and it gives no error. A function that is defined in a loop and uses
# the loop's variable looks the variable up when it is *called*. A list of such hooks, called after the loop, has
# every hook patch the last head. `partial(patch, head=head)` fixes the value at once.


# %%
def patch_heads_together(
    model: HookedTransformer,
    tokens: Int[Tensor, "batch pos"],
    source: ActivationCache,
    metric: Callable[[Float[Tensor, "batch pos d_vocab"]], Float[Tensor, ""]],
    heads: Iterable[tuple[int, int]],
) -> Float[Tensor, ""]:
    """The metric of one run on `tokens` in which all of these heads have the `z` that they had in `source`.

    `heads` holds pairs (layer, head); each is replaced at every position. No hook stays on the model, and
    the cache stays as it is.

    With no heads it is the metric of the plain run. If the source is another run of the same model and *all* heads are
    patched, then all that still comes from `tokens` is the embeddings.
    """

    def patch(z: Float[Tensor, "batch pos head d_head"], hook: HookPoint, head: int) -> Tensor:
        z[:, :, head] = source[hook.name][:, :, head]
        return z

    hooks = [(f"blocks.{layer}.attn.hook_z", partial(patch, head=head)) for layer, head in heads]
    return metric(model.run_with_hooks(tokens, fwd_hooks=hooks))


# %% [markdown]
# Take the heads one after the other, the strongest single effect first, and patch the first one, the first two, and so
# on; in both directions, each in its own order. Beside each curve, dotted, is what the single effects promise by their
# sum.
#
# **Predict before you run:** how many heads will it take to bring the lead back? And is it as many as it takes to
# destroy it?

# %%
counts = list(range(17))
together: dict[str, list[float]] = {}
ways = {
    "denoising": (corrupted.tokens, clean_cache, denoised_heads.flatten(), 0.0),
    "noising": (prompts.tokens, corrupted_cache, noised_heads.flatten(), 1.0),
}
for way, (tokens, source, effects, begin) in ways.items():
    order = effects.abs().argsort(descending=True).tolist()
    best = [(index // n_heads, index % n_heads) for index in order]
    together[way] = [patch_heads_together(model, tokens, source, metric, best[:n]).item() for n in counts]
    together[f"{way}, sum of singles"] = [begin + effects[order[:n]].sum().item() for n in counts]
    print(f"{way}: {', '.join(head_names[index] for index in order[:8])} …")
figure = lines(
    together,
    x="heads patched, strongest first",
    y="metric (0 corrupted, 1 clean)",
    title="Several heads at once",
    references={"clean": 1.0, "corrupted": 0.0},
)
for trace, (colour, dash) in zip(figure.data, product(("#0072B2", "#D55E00"), ("solid", "dot")), strict=True):
    trace.line.update(color=colour, dash=dash)
show(figure, "ioi-patch-together")
record(heads_to_restore=next(n for n in counts if together["denoising"][n] > 0.9))
record(heads_to_destroy=next(n for n in counts if together["noising"][n] < 0.1))
record(restored_by_eight=together["denoising"][8], promised_by_eight=together["denoising, sum of singles"][8])

# %% [markdown]
# {{heads_to_restore:.0f}} clean heads bring back nine tenths of the lead, in a model that otherwise reads about
# strangers; eight bring {{restored_by_eight:.2f}}, where the sum of their single effects had promised
# {{promised_by_eight:.2f}}. To destroy nine tenths it takes {{heads_to_destroy:.0f}}. That is what one expects where
# heads work hand in hand: to have the answer, one link after another must be in place, and to lose it, fewer gaps are
# enough.
#
# (A word on what "patched at every position" buys in denoising. A clean head at the end brings its clean message
# ready-made, whatever the heads before it did. So a short list that restores the lead isn't yet a circuit that
# *computes* it: the list may hold the messengers only. The faithful test keeps the list and corrupts all the rest, in
# a run on the clean prompt. That is for later in this chapter.)
#
# ## What a head reads
#
# At the end of this section you'll be able to say of a head whether its message changed because it *looked* elsewhere
# or because it *found* something else there.
#
# A head has three inputs. Its query says what it looks for, its keys say what there is to be found, its values what
# will be carried. Query and keys together make the pattern. When a head's output carries a difference between the two
# prompts, this difference came in by one of these doors.

# %% [markdown]
# ### Patch what goes into a head
#
# Four sweeps in one: for each head patch only `q`, only `k`, only `v`, or only the `pattern`, at all positions. Let
# the rest of the head be computed from that: with `q` patched, the pattern is a new one, between the patched queries
# and the run's own keys.
#
# Look at the axes: `q`, `k` and `v` are [batch pos head d_head], the pattern is [batch head query key].


# %%
def patch_head_inputs(
    model: HookedTransformer,
    tokens: Int[Tensor, "batch pos"],
    source: ActivationCache,
    metric: Callable[[Float[Tensor, "batch pos d_vocab"]], Float[Tensor, ""]],
) -> Float[Tensor, "4 layer head"]:
    """The metric of a run on `tokens` with one input of one head taken from `source`: its q, k, v, or pattern.

    Entry [i, layer, head] is one run, in which this head's q (i = 0), k (1), v (2) or pattern (3) is replaced at all
    positions. No hook stays on the model, and the cache stays as it is.

    For a head whose W_V is 0 all values are its b_V, in both runs: then none of the four changes anything.
    """
    result = torch.zeros(4, model.cfg.n_layers, model.cfg.n_heads)

    def patch(x: Float[Tensor, "batch ..."], hook: HookPoint, head: int) -> Tensor:
        at = (slice(None), head) if hook.name.endswith("pattern") else (slice(None), slice(None), head)
        x[at] = source[hook.name][at]
        return x

    for i, name in enumerate(("q", "k", "v", "pattern")):
        for layer, head in product(range(model.cfg.n_layers), range(model.cfg.n_heads)):
            hooked = (f"blocks.{layer}.attn.hook_{name}", partial(patch, head=head))
            result[i, layer, head] = metric(model.run_with_hooks(tokens, fwd_hooks=[hooked]))
    return result


# %% [markdown]
# **Predict before you run:** take a head that looks from the end to the giver's second mention. Its place is the same
# in both runs, and a name stands there in both. By which door does the difference come in? And the heads of the last
# layers that look to the recipient: by which door for them?
#
# (The next cell takes a while: it runs the model many times.)

# %%
denoised_inputs = patch_head_inputs(model, corrupted.tokens, clean_cache, metric)
noised_inputs = patch_head_inputs(model, prompts.tokens, corrupted_cache, metric) - 1
doors = ("q", "k", "v", "pattern")
figure = heatmap(
    torch.cat([denoised_inputs.flatten(1), noised_inputs.flatten(1)]),
    x="head (layer.head)",
    y="input patched",
    title="Change of the metric when one input of one head is patched",
    diverging=True,
    rows=[f"{way} {door}" for way, door in product(("denoise", "noise"), doors)],
    columns=head_names,
)
show(figure.update_layout(margin={"l": 140}), "ioi-patch-inputs")
inputs = noised_inputs.flatten(1)
for index in by_cost[:8]:
    print(f"head {head_names[index]}, noised:", *(f"{door} {inputs[i, index]:+.2f} " for i, door in enumerate(doors)))
late_start = (n_layers // 2) * n_heads  # the heads of the upper half of the layers
late = late_start + int(inputs[3, late_start:].argmin())
for name, index in {"early": early, "finisher": first_at_end[0], "late": late}.items():
    record(**{f"{name}_by_{door}": inputs[i, index] for i, door in enumerate(doors)})
record(late_pattern_gain=denoised_inputs[3].flatten()[late])
record(patched_late_layer=late // n_heads, patched_late_head=late % n_heads)

# %% [markdown]
# The strongest of the heads that work at the end, {{patched_finisher_0_layer}}.{{patched_finisher_0_head}}, takes in
# its difference by the values: {{finisher_by_v:+.2f}} when they are spoilt, and {{finisher_by_q:+.2f}},
# {{finisher_by_k:+.2f}} and {{finisher_by_pattern:+.2f}} for queries, keys and pattern. It looks at the same place in
# both runs and finds another name there. It doesn't have to *find out* anything: where the giver stands may be told
# from the grammar alone.
#
# A late head such as {{patched_late_layer}}.{{patched_late_head}} is another case: with a spoilt pattern it makes
# {{late_by_pattern:+.2f}}, with spoilt queries {{late_by_q:+.2f}}, with spoilt keys {{late_by_k:+.2f}}, with spoilt
# values {{late_by_v:+.2f}}. It has to choose between two names of the opening, which both stand where names stand. To
# choose, its query at the end must hold something about who gives, and that can only have been written there by an
# earlier head. And the query has to fit the keys: made for *these* people, it meets no fitting key in a scene of
# strangers, so that either of the two, spoilt alone, spoils the pattern. In denoising the clean pattern alone brings
# {{late_pattern_gain:+.2f}}: what use is it to look at the right place, if a stranger's name stands there?
#
# And {{patched_early_layer}}.{{patched_early_head}} is changed by {{early_by_v:+.2f}} through its values, but also by
# {{early_by_q:+.2f}} through its queries and {{early_by_k:+.2f}} through its keys. The pattern, taken ready-made from
# the other run, makes {{early_by_pattern:+.2f}}. So its pattern is the same in both runs as long as query and keys
# come from the *same* one. A head that fits each word to itself, whatever the word, would behave like this. Keep the
# thought for a moment.
#
# Don't add these numbers up either. A run with patched queries and own keys is a mixture that no prompt would ever
# produce, and the four effects of a head needn't sum to the effect of its `z`. Nor does the sweep say *who* made the
# query what it is; for this one must patch the way from one head to another, which is the next part of the chapter.
#
# By now you've written the loop five times. `course_utils.model.patching` has it once and for all: `sweep` takes the
# name of an activation and the axes to sweep over, and the names that people know from TransformerLens are short for
# it.

# %%
from course_utils.model import patching

by_library = patching.get_act_patch_attn_head_out_all_pos(
    model, corrupted.tokens, clean_cache, metric, last_only=True, progress=False
)
by_key = patching.sweep(model, corrupted.tokens, clean_cache, metric, "k", ("layer", "head"), progress=False)
print("heads agree:", torch.allclose(by_library, denoised_heads, atol=1e-5))
print("keys agree:", torch.allclose(by_key, denoised_inputs[1], atol=1e-5))

# %% [markdown]
# The two agree up to rounding. The library begins each run at the layer that is patched, and runs several patches side
# by side in one batch. With `last_only=True` it computes the logits of the last position only, which is all that our
# metric looks at. Nothing else is different. The same names are in TransformerLens, in `transformer_lens.patching`;
# the library lesson at the end of the chapter sets the two beside each other.
#
# ## A guess at a fraction of the price
#
# At the end of this section you'll be able to estimate a whole sweep with one backward pass, and to say when not to
# trust it.
#
# A sweep costs one forward pass a place: here as many as there are heads, four times that for their inputs, and for
# each position separately many times that again. With a large model and long texts this is out of reach.
# **Attribution patching** (Nanda, 2023) estimates all patches at once. If the patched activation isn't far from the
# run's own, then the metric moves by about
#
# $$\Delta \approx (a_\text{source} - a_\text{own}) \cdot \frac{\partial\,\text{metric}}{\partial a},$$
#
# the first term of a Taylor series. The gradient is taken in the run that is patched, at all places in one
# backward pass.

# %% [markdown]
# ### Estimate all patches at once
#
# You need two things of the run on `tokens`: each head's `z`, and the gradient of the metric with respect to it.
# Forward hooks see activations; **backward hooks** (`bwd_hooks=`) see gradients, and are called while `backward()`
# goes through the model. Both get `(tensor, hook)`. `backward()` must be called while they are on: the
# block `with model.hooks(fwd_hooks=[...], bwd_hooks=[...]):` keeps them on for the lines inside, and takes them off
# after. The caches of chapter 2 hold numbers only, without gradients, so the metric has to be computed on a fresh run.
#
# Then, for each head, multiply the difference with the gradient, number by number, and sum over prompts, positions
# and the head's dimensions. (A sum over prompts, as the metric is one number for the whole batch and its gradient has
# the mean in it already.)


# %%
def attribution_patching(
    model: HookedTransformer,
    tokens: Int[Tensor, "batch pos"],
    source: ActivationCache,
    metric: Callable[[Float[Tensor, "batch pos d_vocab"]], Float[Tensor, ""]],
) -> Float[Tensor, "layer head"]:
    """A first-order estimate of how far the metric moves when a head's `z` is replaced by that of `source`.

    Entry [layer, head] is the dot product of (source's z - own z) with the gradient of the metric with respect to z in
    the run on `tokens`, over all prompts and positions. It is a *change*: 0 when both runs are the same. No hook
    stays on the model, and the cache stays as it is.

    If a head's z has only two numbers, own (1, 2), source (2, 5), and the gradient is (0.5, 0.1), the estimate is
    1 x 0.5 + 3 x 0.1 = 0.8.
    """
    own: dict[str, Tensor] = {}
    gradients: dict[str, Tensor] = {}

    def keep_value(z: Float[Tensor, "batch pos head d_head"], hook: HookPoint) -> None:
        own[hook.name] = z.detach()

    def keep_gradient(gradient: Float[Tensor, "batch pos head d_head"], hook: HookPoint) -> None:
        gradients[hook.name] = gradient

    with model.hooks(fwd_hooks=[("*hook_z", keep_value)], bwd_hooks=[("*hook_z", keep_gradient)]):
        metric(model(tokens)).backward()
    rows = []
    for layer in range(model.cfg.n_layers):
        name = f"blocks.{layer}.attn.hook_z"
        moved = (source[name] - own[name]) * gradients[name]
        rows.append(reduce(moved, "batch pos head d_head -> head", "sum"))
    return torch.stack(rows)


# %% [markdown]
# Here the exact effects are known, so the estimate can be judged.
#
# **Predict before you run:** in which direction will it do better, denoising or noising? (Where is the slope larger:
# in the run that has no idea, or in the run that is sure already?)

# %%
guesses = {
    "denoising": attribution_patching(model, corrupted.tokens, clean_cache, metric).flatten(),
    "noising": attribution_patching(model, prompts.tokens, corrupted_cache, metric).flatten(),
}
exact = {"denoising": denoised_heads.flatten(), "noising": noised_heads.flatten()}
ends = [min(value.min().item() for value in exact.values()), max(value.max().item() for value in exact.values())]
figure = go.Figure()
for way in guesses:
    strong = exact[way].abs() > 0.1
    figure.add_scatter(
        x=exact[way].tolist(),
        y=guesses[way].tolist(),
        text=[name if named else "" for name, named in zip(head_names, strong.tolist(), strict=True)],
        mode="markers+text",
        textposition="top center",
        name=way,
    )
figure.add_scatter(x=ends, y=ends, mode="lines", line={"dash": "dash", "color": "#555555"}, name="exact")
title = "Attribution patching against the exact sweep, one point a head"
show(house(figure, x="exact change of the metric", y="estimated change", title=title), "ioi-attribution-patching")
for way in guesses:
    r = torch.corrcoef(torch.stack([exact[way], guesses[way]]))[0, 1]
    slope = (exact[way] * guesses[way]).sum() / exact[way].square().sum()
    first_four = set(exact[way].abs().topk(4).indices.tolist()) & set(guesses[way].abs().topk(4).indices.tolist())
    record(**{f"estimate_r_{way}": r, f"estimate_slope_{way}": slope, f"estimate_top_{way}": len(first_four)})
record(estimate_worst_off=(exact["noising"] - guesses["noising"]).abs().max())

# %% [markdown]
# The correlation is {{estimate_r_denoising:.2f}} for denoising and {{estimate_r_noising:.2f}} for noising. Of the four
# strongest heads, {{estimate_top_denoising:.0f}} and {{estimate_top_noising:.0f}} are among the estimate's four
# strongest. To find *candidates* at next to no cost, that will do.
#
# The sizes are another matter, and worse where the model was sure to begin with. The estimates have
# {{estimate_slope_denoising:.2f}} times the true size in denoising, and {{estimate_slope_noising:.2f}} times in
# noising; the worst is off by {{estimate_worst_off:.2f}} of the whole lead. A correlation is blind to that, since it
# doesn't mind the slope, and a few strong points carry it.
#
# ## Where the straight line fails
#
# At the end of this section you'll know a case in which the estimate must fail, and how to mend it.
#
# Why so small? An estimate from the slope at one end assumes a straight line to the other. You can walk along it: put
# in not the source's activation but a mixture, a part $\alpha$ of the source and $1 - \alpha$ of the run's own, and
# let $\alpha$ go from 0 to 1.

# %%
shares = torch.linspace(0, 1, 9)
noised_q = noised_inputs[0].flatten()
turned = int(noised_q.argmin())  # the head that loses most by its queries
walks: dict[str, list[float]] = {}
for letter, index in {"z": early, "q": turned}.items():
    name, head = f"blocks.{index // n_heads}.attn.hook_{letter}", index % n_heads

    def mix(x: Float[Tensor, "batch pos head d_head"], hook: HookPoint, share: Tensor, head: int) -> Tensor:
        x[:, :, head] += share * (corrupted_cache[hook.name] - x)[:, :, head]
        return x

    walk = [
        metric(model.run_with_hooks(prompts.tokens, fwd_hooks=[(name, partial(mix, share=share, head=head))])).item()
        for share in shares
    ]
    walks[f"{letter} of {head_names[index]}"] = walk
    slope = patching.attribution_patch(
        model, prompts.tokens, corrupted_cache, metric, letter, ("layer", "head")
    ).flatten()[index]
    walks[f"{letter} of {head_names[index]}, estimated"] = (1 + slope * shares).tolist()
    record(**{f"walk_{letter}_end": walk[-1] - 1, f"walk_{letter}_estimate": slope})
    record(**{f"walk_{letter}_layer": index // n_heads, f"walk_{letter}_head": head})
figure = lines(
    walks,
    x_values=shares,
    x="share of the corrupted activation",
    y="metric (0 corrupted, 1 clean)",
    title="From clean to corrupted, step by step (noising)",
)
for trace, (colour, dash) in zip(figure.data, product(("#0072B2", "#D55E00"), ("solid", "dot")), strict=True):
    trace.line.update(color=colour, dash=dash)
show(figure, "ioi-attribution-walk")

# %% [markdown]
# The curves are flatter at the beginning than further on. For the `z` of {{walk_z_layer}}.{{walk_z_head}} the slope
# at the start promises {{walk_z_estimate:+.2f}}, and the end is at {{walk_z_end:+.2f}}. For the queries of
# {{walk_q_layer}}.{{walk_q_head}} it promises {{walk_q_estimate:+.2f}}, and {{walk_q_end:+.2f}} comes: nearly all of
# it is missed.
#
# The usual suspect with queries and keys is the softmax. A head that gives a place nearly all of its attention is
# **saturated**: its score can fall by a good deal and the attention stays where it is. The slope there is near 0, and
# yet a large step goes over the edge. If this is what happens here, there is a test (and a remedy; Kramár et al.,
# 2024): compute the pattern with patched queries *exactly*, which costs a softmax and no forward pass, and use the
# slope only from the pattern onward.

# %%
_, gradient_cache = model.run_with_cache(prompts.tokens, names_filter="*hook_pattern")  # replaced by gradients below


def put_gradient(gradient: Float[Tensor, "batch head query key"], hook: HookPoint) -> None:
    gradient_cache.cache_dict[hook.name] = gradient


with model.hooks(bwd_hooks=[("*hook_pattern", put_gradient)]):
    metric(model(prompts.tokens)).backward()
remedied = []
for layer in range(n_layers):
    q, k = corrupted_cache["q", layer], clean_cache["k", layer]
    scores = einsum(q, k, "batch query head d_head, batch key head d_head -> batch head query key")
    scores = scores / math.sqrt(model.cfg.d_head)
    later = torch.ones_like(scores, dtype=torch.bool).triu(diagonal=1)
    moved = scores.masked_fill(later, -torch.inf).softmax(dim=-1) - clean_cache["pattern", layer]
    remedied.append(reduce(moved * gradient_cache["pattern", layer], "batch head query key -> head", "sum"))
estimates = {
    "from the queries": patching.attribution_patch(
        model, prompts.tokens, corrupted_cache, metric, "q", ("layer", "head")
    ).flatten(),
    "from the pattern on": torch.cat(remedied),
}
for index in noised_q.argsort().tolist()[:5]:
    print(
        f"queries of {head_names[index]}: exact {noised_q[index]:+.2f};",
        "; ".join(f"estimated {name} {values[index]:+.2f}" for name, values in estimates.items()),
    )
spread = clean_cache["pattern", turned // n_heads][:, turned % n_heads]
on_itself = spread.diagonal(dim1=-2, dim2=-1).gather(1, prompts.places("recipient", "giver_second"))
record(walk_q_own_weight=on_itself.mean())
for name, values in zip(("plain", "remedied"), estimates.values(), strict=True):
    record(**{f"query_r_{name}": torch.corrcoef(torch.stack([noised_q, values]))[0, 1]})
    record(**{f"query_sum_{name}": values.sum()})
record(query_sum_exact=noised_q.sum())

# %% [markdown]
# The suspect is guilty. At the names {{walk_q_layer}}.{{walk_q_head}} does look at the word itself: it gives it
# {{walk_q_own_weight:.0%}} of its attention, and little is left to gain or lose by a small step. Estimated from the
# queries, the effects of all heads together make {{query_sum_plain:.2f}}, where the exact ones make
# {{query_sum_exact:.2f}}, with a correlation of {{query_r_plain:.2f}} over heads. With the softmax computed exactly,
# it's {{query_sum_remedied:.2f}} and {{query_r_remedied:.2f}}. What is still missing comes from the bends further up.
#
# There is a rule in this that holds beyond our specimen. The surer a part is of what it does, the flatter its
# response to a small nudge, and the more a gradient underrates it. The heads that matter most to a circuit are often
# the surest. So use attribution patching to decide where to look, and the exact patch to decide what you believe
# (Syed, Rager and Conmy, 2023, find whole circuits with the estimate; Kramár et al., 2024, collect the ways in which
# it misses).
#
# ## What patching has shown
#
# At the end of this section you'll be able to say which sentences the maps support, and which they don't.
#
# What you may say now: *the difference between these two sets of prompts goes, for this measure, through these
# places.* Layer 0 works at the names. Layer {{patched_handover}} brings the giver from the second mention to the end,
# by heads that look there in both runs and carry what they find. The late layers choose, at the end, between the
# names of the opening, and for that they need what has been brought. Few heads are enough to bring the answer back,
# and fewer to destroy it.
#
# What you may not say:
#
# - **How it's done.** A patch tells *where* a difference passes, and not what it is or how it's used. You saw that a
#   head's values matter; that it writes the giver's name with the sign turned round is another claim, with tests of
#   its own.
# - **That the rest is idle.** Whatever is the same in both runs can't show in any map. Our strangers keep the
#   sentence, so the heads that find "somebody gives something, a name comes next" are invisible here, however much
#   the model needs them. Another corruption asks another question and finds another circuit (Zhang and Nanda, 2023,
#   show how much hangs on this choice and on that of the measure).
# - **That a head without effect has no part.** Where another head can step in, taking one away shows nothing. And a
#   head with an effect may owe it to the mixture: a clean activation among strangers is a state that no text produces.
# - **Who talks to whom.** You know that a late head's queries matter, and that earlier heads write at the end. That
#   it's *those* heads which make *these* queries is only a guess so far.
#
# The last one can be settled by patching too, if you patch not a place but a way: what one head sends to another, with
# everything else held still. This is **path patching**.

# %% [markdown]
# ## Who speaks to the logits directly
#
# At the end of this section you'll be able to patch a single *path* through the model, the shortest one there is:
# from a head straight to the logits.
#
# When you patch a head's output, everything behind it reads the new value: later heads look elsewhere, and write
# something else. What you measure is the head's *total* effect, the sum over all roads that lead from it to the
# answer. A road of one step and a road through three other heads look the same. But a circuit is a statement about
# roads.
#
# **Path patching** (Wang et al., 2022; Goldowsky-Dill et al., 2023) opens one road and closes all others. The recipe:
#
# - a **sender**, whose output is taken from the corrupted run;
# - **receivers**, which may notice;
# - and everything else, which is *held* at the value that it has in the clean run, as if nothing had happened.
#
# Start with the logits as the receiver. The sender speaks as if of strangers, every other head is deaf to that, and
# only the final residual stream, with the sender's new contribution in it, goes on to the logits.
#
# These words stand for operations from here on. A head **speaks of strangers** when its `z` is taken from the
# corrupted run. A head is **deaf** when its `z` is held at the clean run's, whatever its inputs may be by now. A head's
# **words** are what it writes into the stream, that is: its `z`, multiplied by its $W_O$.

# %% [markdown]
# ### From each head to the logits
#
# For each head, one run on the clean prompts in which `z` (what heads gather, [batch pos head d_head]) is the clean
# run's for all heads but this one, and the corrupted run's for this one. Then ask by how much the metric has changed.
#
# There is one decision to make, and a paper should say how it was made. Behind the last layer comes LayerNorm, which
# divides by the *scale* of the whole stream. The sender is a part of that stream. So it can change the lead in two
# ways: by what it says about the two names, and by making the stream longer or shorter, which turns down or up the
# voices of *all* others. Is the second a part of "its direct effect"? Wang et al. let it count. We'd like to know
# what a head *says*, and so by default we hold the scale too (`freeze_scale=True`), at the place
# `ln_final.hook_scale`. Your function can do both.
#
# Suppose the clean lead is 5, and it is 3 when head 2.1 alone speaks of strangers, and nobody else reacts. The entry
# of head 2.1 is then −2. As you see, `metric` is the lead itself from here on, in logits (`lead_of` in the cells), and
# no longer the scale from 0 to 1: read each effect beside the lead of the clean run.
#
# (A filter saves you a loop: a hook on `blocks.*.attn.hook_z` is put on the `z` of every layer.)


# %%
def path_patch_to_logits(
    model: HookedTransformer,
    tokens: Int[Tensor, "batch pos"],
    clean_cache: ActivationCache,
    corrupted_cache: ActivationCache,
    metric: Callable[[Float[Tensor, "batch pos d_vocab"]], Float[Tensor, ""]],
    freeze_scale: bool = True,
) -> Float[Tensor, "layer head"]:
    """By how much the metric changes when one head's `z` is the corrupted run's, and all others' is the clean run's.

    The head is replaced at all positions. `tokens` are the clean prompts, and the caches hold everything of both runs.
    `metric` turns logits into one number; the result is its value with the path patched, minus its value on the clean
    run. With `freeze_scale` the final LayerNorm divides by what it divided by in the clean run; without, by the scale
    of the stream that it is given. The model has no MLPs.

    If the metric is 5 on the clean run, and 3 when head 1 of layer 2 alone is the corrupted run's, entry [2, 1] is -2.
    """

    def effect(layer: int, head: int) -> Float[Tensor, ""]:
        def hold(z: Tensor, hook: HookPoint) -> Tensor:
            held = clean_cache[hook.name].clone()
            if hook.layer() == layer:
                held[:, :, head] = corrupted_cache[hook.name][:, :, head]
            return held

        def hold_scale(scale: Tensor, hook: HookPoint) -> Tensor:
            return clean_cache[hook.name]

        hooks = [("blocks.*.attn.hook_z", hold)]
        if freeze_scale:
            hooks.append(("ln_final.hook_scale", hold_scale))
        return metric(model.run_with_hooks(tokens, fwd_hooks=hooks)) - clean

    clean = metric(model(tokens))
    layers, heads = range(model.cfg.n_layers), range(model.cfg.n_heads)
    return torch.stack([torch.stack([effect(layer, head) for head in heads]) for layer in layers])


# %% [markdown]
# **Predict before you run:** you've measured something like this already, without any intervention, when you
# attributed the lead to heads. Will the two agree? If the scale isn't held: which heads will look different?

# %%
lead_of = partial(logit_difference, recipient=prompts.recipient, giver=prompts.giver)
to_logits = path_patch_to_logits(model, prompts.tokens, clean_cache, corrupted_cache, lead_of)
free_scale = path_patch_to_logits(model, prompts.tokens, clean_cache, corrupted_cache, lead_of, freeze_scale=False)
head_names = [f"{layer}.{head}" for layer, head in product(range(n_layers), range(n_heads))]
figure = heatmap(
    torch.stack([-direct.flatten(), to_logits.flatten(), free_scale.flatten()]),
    x="head (layer.head)",
    y="",
    title="Direct effect of speaking of strangers on the lead (logits)",
    diverging=True,
    rows=["attribution, sign turned", "path, scale held", "path, scale free"],
    columns=head_names,
)
show(figure.update_yaxes(automargin=True), "ioi-path-to-logits")
scale_part = (free_scale - to_logits).flatten()
silent = direct.flatten().abs() < 0.1
record(pp_lead=lead_of(clean_logits), pp_gap=(to_logits + direct).abs().max(), pp_sum=to_logits.sum())
record(pp_scale_most=scale_part.max(), pp_scale_silent=scale_part[silent].max(), pp_free_sum=free_scale.sum())
for index in scale_part.abs().argsort(descending=True)[:6].tolist():
    held, free = to_logits.flatten()[index], free_scale.flatten()[index]
    print(f"head {head_names[index]}: scale held {held:+.2f}, scale free {free:+.2f}")

# %% [markdown]
# With the scale held, path patching to the logits *is* direct attribution with its sign turned round: no two entries
# differ by more than {{pp_gap:.2f}}. It has to be so. If nobody reacts and the scale is a constant, the head's output
# goes through nothing but linear maps, and what the corrupted head says in its place is worth 0 on average, since the
# two prompts of a pair share the same strangers. The entries add up to {{pp_sum:.2f}}: silence all direct speech, and
# the whole lead of {{pp_lead:.2f}} is gone.
#
# With the scale free it is another matter. The entries then add up to {{pp_free_sum:.2f}} only; a head may gain
# {{pp_scale_most:+.2f}} by its length alone; and among heads that say next to nothing about the two names (direct
# share below 0.1) there are some that seem to harm the answer, up to {{pp_scale_silent:+.2f}}. They don't: hold the
# scale, and the effect is gone. With what they write about strangers the stream as a whole is a little shorter, and
# so all the others count for more. If you ever find a head with a "direct effect" and can't find out what it says,
# look at the scale first.
#
# **What it can't show.** Nothing here is new, apart from the scale: who speaks last, and how loudly. Who made them
# say it is exactly what is held fixed. For that the road must have another end.

# %% [markdown]
# ## Who tells the movers where to look
#
# At the end of this section you'll know who reads whom: which heads' words the queries, keys and values of the last
# heads in the chain are made of.
#
# Of the heads that speak to the logits, some look at the recipient. We'll call them **movers**, after the paper's
# name movers: they move a name to the end. They stand before a riddle. In the stream of the word `to` a query must be
# made that fits the recipient *and not the giver*, and both are just names in the opening. Somebody must have written
# into this stream what sets them apart.

# %%
share = 0.04 * lead_of(clean_logits).item()
loud = [divmod(i, n_heads) for i in range(n_layers * n_heads) if to_logits.flatten()[i].abs() > share]
at_recipient = [(layer, head) for layer, head in loud if looks[layer, head, 0] > looks[layer, head, 1:3].sum()]
at_giver = [place for place in loud if place not in at_recipient]
for what, group in {"recipient": at_recipient, "giver": at_giver}.items():
    print(f"direct effect of more than {share:.2f} logits, looks at the {what}:", [f"{i}.{j}" for i, j in group])

# %% [markdown]
# ### From each head to chosen heads
#
# Now the receivers are heads, and of each receiver one input: its queries (`q`), its keys (`k`) or its values (`v`).
# Two runs are needed for every sender.
#
# 1. *Listen.* Clean prompts, the sender's `z` from the corrupted run, all other heads' `z` held at their clean
#    values. What do the receivers' `q` (or `k`, or `v`) become now? Write it down, and throw the rest of this run
#    away.
# 2. *Let them act on it.* Clean prompts again, nothing held, except that the receivers get the `q` that you've
#    written down. Everything that comes behind them may react, up to the logits. Measure here.
#
# In the first run, what the receivers hear differs from the clean run by the sender's own words and nothing else,
# because no head between them passes anything on. (The receivers' LayerNorm is left free: it lies on the road.) In
# the second run nobody but the receivers knows that anything has happened.
#
# Suppose the clean lead is 5. Head 1.0's words reach the queries of 2.1, which then looks away, and the lead falls to
# 4: the entry of 1.0 is −1. A head can't be heard by its own layer, nor by an earlier one, and so from layer 2 on
# all entries are 0.


# %%
def path_patch_to_heads(
    model: HookedTransformer,
    tokens: Int[Tensor, "batch pos"],
    clean_cache: ActivationCache,
    corrupted_cache: ActivationCache,
    receivers: list[tuple[int, int]],
    part: str,
    metric: Callable[[Float[Tensor, "batch pos d_vocab"]], Float[Tensor, ""]],
) -> Float[Tensor, "layer head"]:
    """By how much the metric changes when the receivers, and nobody else, hear one head speak of the corrupted prompts.

    `receivers` are heads as (layer, head), which all hear it at once; `part` says with what: "q", "k" or "v". The
    sender is replaced at all positions, and what the receivers read is replaced at all positions. `tokens` are the
    clean prompts. On the way from the sender to the receivers all other heads are held at their clean values; behind
    the receivers everything may react. The result is the metric with the path patched, minus its value on the clean
    run: exactly 0 for senders that no receiver can hear. The model has no MLPs.

    If the metric is 5 on the clean run, and 4 when the queries of the receivers have heard head 0 of layer 1 speak of
    the corrupted prompts, entry [1, 0] for part "q" is -1.
    """
    inputs = sorted({f"blocks.{layer}.attn.hook_{part}" for layer, _ in receivers})

    def effect(layer: int, head: int) -> Float[Tensor, ""]:
        def hold(z: Tensor, hook: HookPoint) -> Tensor:
            held = clean_cache[hook.name].clone()
            if hook.layer() == layer:
                held[:, :, head] = corrupted_cache[hook.name][:, :, head]
            return held

        with model.hooks([("blocks.*.attn.hook_z", hold)]):
            _, heard = model.run_with_cache(tokens, names_filter=inputs)

        def act(x: Tensor, hook: HookPoint) -> None:
            for receiver_layer, receiver in receivers:
                if receiver_layer == hook.layer():
                    x[:, :, receiver] = heard[hook.name][:, :, receiver]

        return metric(model.run_with_hooks(tokens, fwd_hooks=[(inputs, act)])) - clean

    clean = metric(model(tokens))
    effects = torch.zeros(model.cfg.n_layers, model.cfg.n_heads)
    for layer, head in product(range(max(layer for layer, _ in receivers)), range(model.cfg.n_heads)):
        effects[layer, head] = effect(layer, head)
    return effects


# %% [markdown]
# The receivers are the movers that you have just listed. We ask for all three of their inputs.
#
# **Predict before you run:** three heat maps, one for each of `q`, `k` and `v`. In which of them do you expect heads
# that look at the giver, and in which heads of layer 0? Will the numbers be negative or positive?
#
# (The next cell takes a while: it runs the model many times.)

# %%
to_movers = {
    part: path_patch_to_heads(model, prompts.tokens, clean_cache, corrupted_cache, at_recipient, part, lead_of)
    for part in "qkv"
}
figure = heatmap(
    torch.stack([effects.flatten() for effects in to_movers.values()]),
    x="sender (layer.head)",
    y="heard by the movers'",
    title="Effect of one head on the lead through the movers (logits)",
    diverging=True,
    rows=["queries", "keys", "values"],
    columns=head_names,
)
show(figure.update_yaxes(automargin=True), "ioi-path-to-movers")


def loudest(effects: Float[Tensor, "layer head"], count: int) -> list[tuple[int, int]]:
    """The heads with the largest effects, of either sign, the largest first."""
    return [divmod(i, n_heads) for i in effects.flatten().abs().argsort(descending=True)[:count].tolist()]


for part, effects in to_movers.items():
    print(part, ", ".join(f"{i}.{j} {effects[i, j]:+.2f}" for i, j in loudest(effects, 5)))
feeders = [place for place in loudest(to_movers["q"], 8) if to_movers["q"][place] < -share]
record(**{f"pp_feeder_{i}_layer": layer for i, (layer, _) in enumerate(feeders)})
record(**{f"pp_feeder_{i}_head": head for i, (_, head) in enumerate(feeders)})
record(**{f"pp_feeder_{i}": to_movers["q"][place] for i, place in enumerate(feeders)})
record(**{f"pp_feeder_{i}_giver": looks[place][2] for i, place in enumerate(feeders)})
third = loudest(to_movers["q"], len(feeders) + 1)[-1]
record(
    pp_third=to_movers["q"][third].abs(),
    pp_feeders_by_key=to_movers["k"][tuple(zip(*feeders, strict=True))].abs().max(),
)
teller = loudest(to_movers["k"], 1)[0]
record(pp_teller_layer=teller[0], pp_teller_head=teller[1])
record(pp_teller_k=to_movers["k"][teller], pp_teller_v=to_movers["v"][teller])

# %% [markdown]
# The queries have a clear answer. Two heads make them: {{pp_feeder_0_layer}}.{{pp_feeder_0_head}}
# ({{pp_feeder_0:+.2f}} logits) and {{pp_feeder_1_layer}}.{{pp_feeder_1_head}} ({{pp_feeder_1:+.2f}}); nobody else
# changes the lead by more than {{pp_third:.2f}} on this road. And you know them: they are the ones that look at the
# giver's second mention, with {{pp_feeder_0_giver:.0%}} and {{pp_feeder_1_giver:.0%}} of their attention, and push
# the giver's logit down themselves. So they work twice. What they write at the end, *not this name*, goes straight to
# the logits, and the movers read it too and look away from the giver. The same two heads on the roads through keys do
# nothing ({{pp_feeders_by_key:.2f}} at most): they speak at the end, and the keys that matter are made at the names.
#
# The paper calls heads that keep the name movers from looking at the subject **S-inhibition heads**. We'll call ours
# **suppressors**, because they suppress the giver on both roads.
#
# Keys and values tell of somebody else: head {{pp_teller_layer}}.{{pp_teller_head}}, with {{pp_teller_k:+.2f}} by
# keys and {{pp_teller_v:+.2f}} by values.

# %% [markdown]
# A metric is any function of the logits, and the lead is only the end of the story. The claim was that the movers
# *look away*. So look: put a hook on their patterns that keeps the last one it saw, and let the "metric" read this.
#
# **Predict before you run:** without the suppressors' words in their queries, do the movers look at the giver, at
# nobody, or at both names alike?
#
# (The next cell takes a while: it runs the model many times.)

# %%
rows = torch.arange(len(prompts.tokens))
seen: dict[int, Float[Tensor, "batch head query key"]] = {}


def keep_pattern(pattern: Tensor, hook: HookPoint) -> None:
    """Remember where this layer looks, on whatever run is the last."""
    seen[hook.layer()] = pattern


def looking(role: str) -> Callable[[Tensor], Tensor]:
    """A metric that pays no heed to the logits: the movers' mean attention from the end to a role, on the last run."""

    def attention(logits: Tensor) -> Tensor:
        paid = [seen[layer][rows, head, -1, prompts.marks[role]] for layer, head in at_recipient]
        return torch.stack(paid).mean()

    return attention


turned: dict[str, Float[Tensor, "layer head"]] = {}
with model.hooks([("blocks.*.attn.hook_pattern", keep_pattern)]):
    for role in ("recipient", "giver_first"):
        asked = looking(role)
        model(prompts.tokens)
        record(**{f"pp_movers_at_{role}": asked(clean_logits)})
        turned[role] = path_patch_to_heads(
            model, prompts.tokens, clean_cache, corrupted_cache, at_recipient, "q", asked
        )
for place in feeders:
    print(f"{place[0]}.{place[1]}:", ", ".join(f"{role} {effects[place]:+.3f}" for role, effects in turned.items()))
others = turned["recipient"].clone()
others[tuple(zip(*feeders, strict=True))] = 0
record(pp_turned_recipient=sum(turned["recipient"][place] for place in feeders))
record(pp_turned_giver=sum(turned["giver_first"][place] for place in feeders), pp_turned_others=others.abs().max())

# %% [markdown]
# In the clean run the movers pay {{pp_movers_at_recipient:.2f}} of their attention to the recipient and
# {{pp_movers_at_giver_first:.2f}} to the giver's first mention. Take one suppressor's words out of their queries,
# then the other's: the two changes add up to {{pp_turned_recipient:+.2f}} for the recipient and
# {{pp_turned_giver:+.2f}} for the giver. No other head moves the movers' eyes by more than {{pp_turned_others:.3f}}.
# So what one name loses the other gains, and more or less nobody else: without the suppressors' words the movers
# still look at names. They know less well at whose.

# %% [markdown]
# The same question, one step further back: whom do the *suppressors* hear? They are receivers now, and their three
# inputs answer three questions: who tells them whom to look for (`q`), who makes the giver's second mention fit
# (`k`), and who says what there is to be read (`v`)?
#
# **Predict before you run:** the suppressors look at the second mention of the *same* name. If they found it by that,
# which heads would show, and in which row?
#
# (The next cell takes a while: it runs the model many times.)

# %%
to_feeders = {
    part: path_patch_to_heads(model, prompts.tokens, clean_cache, corrupted_cache, feeders, part, lead_of)
    for part in "qkv"
}
figure = heatmap(
    torch.stack([effects[0] for effects in to_feeders.values()]),
    x="sender (head of layer 0)",
    y="heard by the suppressors'",
    title="Effect of one head on the lead through the suppressors (logits)",
    diverging=True,
    rows=["queries", "keys", "values"],
    columns=[f"0.{head}" for head in range(n_heads)],
)
show(figure.update_yaxes(automargin=True), "ioi-path-to-suppressors")
tellers = [(0, head) for head in range(n_heads) if to_feeders["v"][0, head] < -share]
print("heads that tell the suppressors a name:", [f"{i}.{j} {to_feeders['v'][i, j]:+.2f}" for i, j in tellers])
first_pattern = clean_cache["pattern", 0]
on_itself = first_pattern[rows, :, prompts.marks["giver_second"], prompts.marks["giver_second"]].mean(dim=0)
on_first = first_pattern[rows, :, prompts.marks["giver_second"], prompts.marks["giver_first"]].mean(dim=0)
for _, head in tellers:
    print(f"0.{head}, at the giver's second mention: itself {on_itself[head]:.2f}, the first {on_first[head]:.2f}")
record(pp_teller_to_feeders=to_feeders["v"][teller])
record(pp_teller_itself=on_itself[teller[1]])
quieter = next(place for place in loudest(to_feeders["v"], 2) if place != teller)
record(pp_quieter_layer=quieter[0], pp_quieter_head=quieter[1], pp_quieter=to_feeders["v"][quieter])
record(pp_quieter_itself=on_itself[quieter[1]])
record(pp_where=max(to_feeders["q"].abs().max().item(), to_feeders["k"].abs().max().item()))
abc_looks = attention_by_role(corrupted_cache, corrupted.places("giver_second"))[..., 0]
record(**{f"pp_abc_{i}": abc_looks[place] for i, place in enumerate(feeders)})

moved_way = "{first} met {second} in the {place} . {giver} gave a {thing} that Theo had made to"
moved = tokenized(model, make_ioi_prompts(pairs, list(PLACES), list(THINGS), moved_way))
_, moved_cache = model.run_with_cache(moved.tokens)
theo = (moved.tokens[0] == model.to_single_token("Theo")).nonzero().expand(len(moved.tokens), 1)
moved_looks = attention_by_role(moved_cache, torch.cat([moved.places("giver_second"), theo], dim=-1))
record(**{f"pp_moved_{i}": moved_looks[place][0] for i, place in enumerate(feeders)})
record(pp_moved_stranger=max(moved_looks[place][1].item() for place in feeders))

# %% [markdown]
# *Where* the suppressors look hardly hangs on any name: no head of layer 0 changes the lead by more than
# {{pp_where:.2f}} through their queries or keys. And on the ABC prompts, where nobody is named twice, they look at
# the third name just as firmly ({{pp_abc_0:.2f}} and {{pp_abc_1:.2f}}). So they don't look for the one who *has been
# named before*. Do they look for the one who is *giving*, or only for a name at position 11? In a telling in which
# the giver stands at another position, and a stranger's name between giver and end, they look at the giver with
# {{pp_moved_0:.2f}} and {{pp_moved_1:.2f}} of their attention, and at the stranger with at most
# {{pp_moved_stranger:.2f}}. It is a matter of grammar, then, and not of counting words. (That isn't the whole of it
# yet. Wait for the end of this part.)
#
# *What* they read there is told by head {{pp_teller_layer}}.{{pp_teller_head}} before all others
# ({{pp_teller_to_feeders:+.2f}}). It looks, from a name, at that name itself ({{pp_teller_itself:.2f}} of its
# attention, at the giver's second mention), so what it writes there is made of this name. The name is there in any
# case, by its embedding, but the later heads have learnt to read the copy: the movers' keys and values, you've seen
# it, lean on the same head. A second head, {{pp_quieter_layer}}.{{pp_quieter_head}}, tells the suppressors the same in
# a lower voice ({{pp_quieter:+.2f}}): there it too looks at the name itself ({{pp_quieter_itself:.2f}}).

# %% [markdown]
# ## The name, or its place?
#
# At the end of this section you'll know *what* the suppressors tell the movers, by an experiment that takes two
# explanations apart which so far have always been right together.
#
# "Look away from the giver" can be said in two ways. *By identity*: "not Boris", and any mention of Boris fits a
# little less. *By place*: "not the second of the two", and whoever stands there is passed over. In every prompt that
# you've seen, both say the same. In GPT-2, Wang et al. found signals of both kinds in what the S-inhibition heads
# write.
#
# To separate them you need prompts in which one is changed and the other is not. There are four combinations:
#
# | | text | giver's name | giver's place in the opening |
# | --- | --- | --- | --- |
# | clean | Ada and Boris … Boris gave | Boris | second |
# | opening exchanged | Boris and Ada … Boris gave | *same* | *other* |
# | giver exchanged | Ada and Boris … Ada gave | *other* | *other* |
# | both exchanged | Boris and Ada … Ada gave | *other* | *same* |

# %% [markdown]
# ### Exchange the two people
#
# Write the function that makes the last three from the first. Two switches: `opening` lets the two people of the
# opening change places; `giver` lets the other of the two give. Take care with both: who is the other person must be
# asked of the prompt as it came in.


# %%
def exchange_people(
    tokens: Int[Tensor, "batch pos"], mentions: Int[Tensor, "batch 3"], opening: bool, giver: bool
) -> Int[Tensor, "batch pos"]:
    """A copy of the prompts in which the two people of the opening change places, or the other one gives, or both.

    `mentions` holds where each prompt names its recipient, its giver first, and its giver for the second time.

    >>> tokens, mentions = torch.tensor([[0, 9, 1, 8, 3, 8, 4]]), torch.tensor([[1, 3, 5]])
    >>> exchange_people(tokens, mentions, opening=True, giver=False)
    tensor([[0, 8, 1, 9, 3, 8, 4]])
    >>> exchange_people(tokens, mentions, opening=False, giver=True)
    tensor([[0, 9, 1, 8, 3, 9, 4]])
    """
    exchanged = tokens.clone()
    recipient_at, first_at, second_at = mentions.split(1, dim=-1)
    recipient, giver_name = tokens.gather(1, recipient_at), tokens.gather(1, first_at)
    if opening:
        exchanged.scatter_(1, recipient_at, giver_name)
        exchanged.scatter_(1, first_at, recipient)
    if giver:
        exchanged.scatter_(1, second_at, recipient)
    return exchanged


# %% [markdown]
# Each of the four is now the *source* of a path patch: the suppressors speak as if of that prompt, while the model
# reads the clean one. We measure both of their roads, the one through the movers' queries and the one straight to the
# logits.
#
# **Predict before you run:** fill in the eight numbers of the table, as "nothing", "some" or "much". What would they
# be for a signal by place alone? And why can giver exchanged be worse than speaking of strangers?
#
# (The next cell takes a while: it runs the model many times.)

# %%
sources = {"clean": (False, False), "opening": (True, False), "giver": (False, True), "both": (True, True)}
by_queries, straight = {}, {}
for what, (opening, giver_too) in sources.items():
    exchanged = exchange_people(prompts.tokens, mentions, opening, giver_too)
    _, source = model.run_with_cache(exchanged)
    heard = path_patch_to_heads(model, prompts.tokens, clean_cache, source, at_recipient, "q", lead_of)
    by_queries[what] = sum(heard[place] for place in feeders)
    said = path_patch_to_logits(model, prompts.tokens, clean_cache, source, lead_of)
    straight[what] = sum(said[place] for place in feeders)
    print(
        f"{what:10} through the movers' queries {by_queries[what]:+.2f}, straight to the logits {straight[what]:+.2f}"
    )
    if what != "clean":
        record(**{f"pp_{what}_q": by_queries[what], f"pp_{what}_direct": straight[what]})
record(pp_strangers_q=sum(to_movers["q"][place] for place in feeders))
record(pp_strangers_direct=sum(to_logits[place] for place in feeders))
figure = heatmap(
    torch.stack([torch.stack(list(values.values())) for values in (by_queries, straight)]),
    x="what is exchanged where the suppressors' words come from",
    y="road",
    title="Effect of the suppressors on the lead (logits, sum of both)",
    diverging=True,
    rows=["by the movers' queries", "straight to the logits"],
    columns=["nothing", "place only", "name and place", "name only"],
)
show(figure.update_yaxes(automargin=True), "ioi-name-or-place")

# %% [markdown]
# It's the name. Let the suppressors speak of the prompt in which the same person gives and has stood *elsewhere* in
# the opening: the lead changes by {{pp_opening_q:+.2f}} through the movers and by {{pp_opening_direct:+.2f}}
# directly. Let them speak of the other person, at the *same* place: {{pp_both_q:+.2f}} and {{pp_both_direct:+.2f}},
# and it makes no difference whether the place is changed as well ({{pp_giver_q:+.2f}} and {{pp_giver_direct:+.2f}}).
# That is more than strangers do ({{pp_strangers_q:+.2f}} and {{pp_strangers_direct:+.2f}}): strangers leave the
# answer open, and the wrong name argues for the other side.
#
# Here the specimen and GPT-2 part ways, and the reason may lie in what they've read. In our world's scenes
# two, three or four people come and go, in ever-changing order, with clauses between. A place in the text says
# little, a name says everything. (That is a guess about training; the experiment shows what the model does, and not
# why it was learnt.)

# %% [markdown]
# ## What a head does with a name
#
# At the end of this section you'll have two tests of what a head does with a name that it looks at, one by its
# weights and one by force.
#
# "Movers copy, suppressors strike out" is a statement about a head, whatever text it is in. It ought to hold for any
# name, also for names that the head would never look at of its own accord. So take the choice from it.

# %% [markdown]
# ### Read copying from the weights
#
# Suppose a head pays all its attention to one position. Then what it writes is fixed by the stream $x$ at that
# position:
#
# $$(\text{LN}(x)\,W_V + b_V)\,W_O,$$
#
# with the LayerNorm of the head's own layer. Send that, by itself, through the final LayerNorm and $W_U$, and you
# have what the head would say if it were alone. If $x$ belongs to the name Ada, is `Ada` among the words that it
# says? The share of names for which the right one is among the first $k$ is the head's **copying score** (Wang et
# al., 2022). With `lowest=True` ask for the last $k$: a head that strikes names out scores there.
#
# For $x$ you can take different things, and it matters. Wang et al. use the stream behind the first layer, since in
# GPT-2 the first MLP makes over the embedding. Our function takes any.
#
# With three names, two of which come out among the first five, the score is 2/3.


# %%
def copying_score(
    model: HookedTransformer,
    layer: int,
    head: int,
    stream: Float[Tensor, "n d_model"],
    names: Int[Tensor, " n"],
    k: int = 5,
    lowest: bool = False,
) -> float:
    """The share of names that are among the k highest logits (or the k lowest) of what the head writes on seeing them.

    `stream` holds, for each name's id in `names`, the residual stream that is looked at. It passes the LayerNorm of
    the head's layer (`model.blocks[layer].ln1`), the head's values and its output matrix, and then, with nothing else
    added, the final LayerNorm (`model.ln_final`) and `model.W_U`. The bias b_V takes part; b_O and b_U don't.

    With k = 2 and three names: if the highest logits are those of [4, 7], [7, 4] and [5, 7], and the names are 4, 7
    and 4, the score is 2/3.
    """
    block = model.blocks[layer]
    values = block.ln1(stream) @ block.attn.W_V[head] + block.attn.b_V[head]
    said = model.ln_final(values @ block.attn.W_O[head]) @ model.W_U
    extreme = said.topk(k, largest=not lowest).indices
    return (extreme == names[:, None]).any(dim=-1).float().mean().item()


# %% [markdown]
# We ask every head twice: with the bare embeddings of all {{pp_n_names:.0f}} names, and with the stream behind layer
# 0, at the places where names stand in our prompts.
#
# **Predict before you run:** if a head's words had nothing to do with the name, how large would its score be with
# $k=5$? And a head that knows only that it must be *some* name?

# %%
at_names = clean_cache["resid_post", 0][rows[:, None], mentions].flatten(0, 1)
names_there = prompts.tokens[rows[:, None], mentions].flatten()
behind = {"embedding": (model.W_E[name_ids], name_ids), "behind layer 0": (at_names, names_there)}
copying = {
    (what, lowest): torch.tensor(
        [
            [copying_score(model, layer, head, stream, ids, lowest=lowest) for head in range(n_heads)]
            for layer in range(n_layers)
        ]
    )
    for what, (stream, ids) in behind.items()
    for lowest in (False, True)
}
figure = heatmap(
    torch.stack([scores.flatten() for scores in copying.values()]),
    x="head (layer.head)",
    y="",
    title="Share of names among the five highest or lowest logits",
    rows=[f"{what}, {'lowest' if lowest else 'highest'}" for what, lowest in copying],
    columns=head_names,
)
show(figure.update_yaxes(automargin=True), "ioi-copying")
high, low = copying["behind layer 0", False], copying["behind layer 0", True]
for layer, head in loud:
    print(f"head {layer}.{head}: highest {high[layer, head]:.2f}, lowest {low[layer, head]:.2f}")
quiet = torch.ones(n_layers, n_heads, dtype=torch.bool)
quiet[tuple(zip(*loud, strict=True))] = False
record(pp_low_embedding=min(copying["embedding", True][place].item() for place in feeders))
record(pp_vocabulary=model.cfg.d_vocab)
record(pp_n_names=len(NAMES), pp_chance=5 / model.cfg.d_vocab, pp_chance_names=5 / len(NAMES))
record(pp_low_feeders=min(low[place].item() for place in feeders), pp_low_others=low[quiet].max())
record(pp_high_movers_least=min(high[place].item() for place in at_recipient))
record(pp_high_movers_most=max(high[place].item() for place in at_recipient), pp_high_quiet=high[quiet].max())
copiers = [divmod(i, n_heads) for i in high.flatten().argsort(descending=True).tolist()]
idle = next(place for place in copiers if quiet[place])
record(pp_idle_layer=idle[0], pp_idle_head=idle[1], pp_idle_direct=to_logits[idle].abs(), pp_idle_sees=looks[idle][0])

# %% [markdown]
# Among the five *lowest* logits the two suppressors score at least {{pp_low_feeders:.0%}} behind layer 0, and at
# least {{pp_low_embedding:.0%}} on the bare embeddings of all names; of the heads without a direct effect in our task
# none has more than {{pp_low_others:.0%}}. It is in their weights, then, for whatever name. By chance a name would be
# there in {{pp_chance:.1%}} of cases; for a head that knows only that it is some name, in {{pp_chance_names:.0%}}.
#
# The movers score between {{pp_high_movers_least:.0%}} and {{pp_high_movers_most:.0%}} among the highest. Note two
# things. First, there is a copier that the task hardly uses: {{pp_idle_layer}}.{{pp_idle_head}} scores
# {{pp_high_quiet:.0%}}, and its direct effect is {{pp_idle_direct:.2f}}; at the end it pays the recipient no more
# than {{pp_idle_sees:.2f}} of its attention. A copying score says what a head *could* do. Second, a score of one half
# isn't half a copier: a head may raise the right name each time, and some other words still more. A rank among
# {{pp_vocabulary:,.0f}} words is a coarse instrument.

# %% [markdown]
# ### Make a head look
#
# The second test is done in the running model, and by force. Make the head look from the end at one mention only,
# then at another mention only, and compare a name's logit. For a head that strikes out what it sees, the logit of the
# name is *lower* when it looks at that name:
#
# $$\text{suppression} = \text{logit when it looks elsewhere} - \text{logit when it looks at the name}.$$
#
# Why "elsewhere", and not "as always"? Every head always looks somewhere, and even what it writes on seeing the start
# of the text moves logits. With another *name* as the place to look at instead, whatever is common to all names
# cancels.
#
# Here we want to know what the head itself says. So the other heads are held at their own values, and the scale too.
# (In a moment we'll do it again with nothing held.)
#
# If the name's logit is 3 when the head looks elsewhere, and 1 when it looks at the name, the suppression is 2. A
# head that copies has a negative one.


# %%
def suppression_effect(
    model: HookedTransformer,
    tokens: Int[Tensor, "batch pos"],
    cache: ActivationCache,
    layer: int,
    head: int,
    look_at: Int[Tensor, " batch"],
    elsewhere: Int[Tensor, " batch"],
    names: Int[Tensor, " batch"],
) -> Float[Tensor, ""]:
    """How much lower a name's logit is at the end when the head looks at `look_at` than when it looks `elsewhere`.

    The mean over prompts. In each prompt the head pays, from the last position, all its attention to the one position,
    or all to the other; `names` holds the id whose logit is read there. All other heads' `z` and the final LayerNorm's
    scale are held at what they are in `cache`, which is of the same prompts. The model has no MLPs.

    If the names' logits are 4 and 2 with the head looking elsewhere, and 1 and 1 with its eyes on `look_at`, it is 2.
    """
    rows = torch.arange(len(tokens))

    def logit(places: Int[Tensor, " batch"]) -> Float[Tensor, ""]:
        def look(pattern: Tensor, hook: HookPoint) -> None:
            pattern[:, head, -1] = 0
            pattern[rows, head, -1, places] = 1

        def hold(z: Tensor, hook: HookPoint) -> Tensor:
            held = cache[hook.name].clone()
            if hook.layer() == layer:
                held[:, :, head] = z[:, :, head]
            return held

        def hold_scale(scale: Tensor, hook: HookPoint) -> Tensor:
            return cache[hook.name]

        pattern_name = f"blocks.{layer}.attn.hook_pattern"
        hooks = [(pattern_name, look), ("blocks.*.attn.hook_z", hold), ("ln_final.hook_scale", hold_scale)]
        return model.run_with_hooks(tokens, fwd_hooks=hooks)[rows, -1, names].mean()

    return logit(elsewhere) - logit(look_at)


# %% [markdown]
# For every head, on both names of the opening: the recipient, with the giver's first mention as elsewhere, and the
# giver, with the recipient as elsewhere.
#
# **Predict before you run:** the suppressors never look at the recipient. Forced to, will they strike it out too? Or
# is there something in them that knows who gives?
#
# (The next cell takes a while: it runs the model many times.)

# %%
named_by = {"recipient": prompts.recipient, "giver_first": prompts.giver}
suppression = torch.zeros(2, n_layers, n_heads)
for layer, head in product(range(n_layers), range(n_heads)):
    for i, (seen_role, other_role) in enumerate([("recipient", "giver_first"), ("giver_first", "recipient")]):
        look_at, elsewhere = prompts.marks[seen_role], prompts.marks[other_role]
        suppression[i, layer, head] = suppression_effect(
            model, prompts.tokens, clean_cache, layer, head, look_at, elsewhere, named_by[seen_role]
        )
figure = heatmap(
    suppression.flatten(1),
    x="head (layer.head)",
    y="made to look at the",
    title="How much a name's logit falls when the head looks at it",
    diverging=True,
    rows=["recipient", "giver (first)"],
    columns=head_names,
)
show(figure.update_yaxes(automargin=True), "ioi-suppression")
for layer, head in loud:
    at_one, at_other = suppression[:, layer, head]
    print(f"head {layer}.{head}: looking at the recipient {at_one:+.2f}, at the giver {at_other:+.2f}")
record(pp_sup_recipient=min(suppression[0][place].item() for place in feeders))
record(pp_sup_giver=min(suppression[1][place].item() for place in feeders))
record(pp_mover_least=-max(suppression[0][place].item() for place in at_recipient))
record(pp_mover_most=-min(suppression[0][place].item() for place in at_recipient))

# %% [markdown]
# The suppressors strike out whomever they see: the giver by at least {{pp_sup_giver:.1f}} logits, and the recipient,
# if forced to look, by {{pp_sup_recipient:.1f}}. What they write depends on the name that they see; who gives makes
# no difference to it. They know *whom to look at*, and that is enough. For the movers the sign is turned: what they
# look at rises, by {{pp_mover_least:.1f}} to {{pp_mover_most:.1f}} logits.
#
# If this is so, one should be able to steer the model by turning two heads' eyes, with nothing held and all later
# heads free to react. A head that looks at one place only hands on the value of that place, so it is enough to
# replace its `z` at the end.
#
# **Predict before you run:** the lead when both suppressors are made to look (1) at the giver's *first* mention, (2)
# at the recipient. And as a control: two other heads of the same layer, made to look at the recipient.


# %%
def lead_with_eyes_on(role: str, heads: list[tuple[int, int]]) -> float:
    """The lead when these heads hand on, at the end, the value of one role's position and nothing else."""

    def turn(z: Tensor, hook: HookPoint) -> None:
        for layer, head in heads:
            if layer == hook.layer():
                z[:, -1, head] = clean_cache["v", layer][rows, prompts.marks[role], head]

    return lead_of(model.run_with_hooks(prompts.tokens, fwd_hooks=[("blocks.*.attn.hook_z", turn)])).item()


same_layer = [(feeders[0][0], head) for head in range(n_heads) if (feeders[0][0], head) not in feeders]
controls = list(combinations(same_layer, len(feeders)))
for role in ("giver_second", "giver_first", "recipient"):
    turned_lead = lead_with_eyes_on(role, feeders)
    elsewhere_leads = torch.tensor([lead_with_eyes_on(role, list(pair)) for pair in controls])
    if role != "giver_second":
        record(**{f"pp_eyes_{role}": turned_lead, f"pp_eyes_{role}_control": elsewhere_leads.min()})
    low_end, high_end = elsewhere_leads.min(), elsewhere_leads.max()
    print(f"eyes on {role:12}: lead {turned_lead:+.2f}; other pairs of the layer {low_end:+.2f} to {high_end:+.2f}")
record(pp_controls=len(controls))

# %% [markdown]
# With their eyes on the giver's *first* mention the lead is {{pp_eyes_giver_first:.2f}}, nearly what it always is
# (the lowest of the controls is {{pp_eyes_giver_first_control:.2f}}). One mention of a name is as good as another.
# With their eyes on the recipient it is {{pp_eyes_recipient:.2f}}: the model now answers with the giver, and is not
# much less sure of it than it was of the recipient. Two heads out of 32, and nothing was changed but where they look.
# The {{pp_controls:.0f}} other pairs of heads of the same layer don't do this: with their eyes on the recipient, the
# lowest lead is {{pp_eyes_recipient_control:+.2f}}.

# %% [markdown]
# ## The circuit, with names
#
# At the end of this section you'll have put your findings into one statement that can be wrong, and one drawing.

# %% [markdown]
# ### Give the heads their roles
#
# It's for you to say now who does what. Two roles:
#
# - **suppressors** look from the end at the giver's second mention, and strike out its name; the movers' queries hear
#   each of them by itself, and hear little else;
# - **movers** look from the end at the recipient more than at the giver, and raise its name.
#
# Both must matter: a head that adds a tenth of a logit to the lead of ten plays no role worth a name.
# Where to draw the line is a matter of taste, and the check leaves you some room. It asks what the heads *do*, on
# prompts with other names than yours:
#
# 1. **Eyes.** Each head pays more than 0.15 of its attention to where its role looks, and more than to the other
#    names.
# 2. **Voice.** Each adds more than 0.3 logits to the lead by what it writes at the end.
# 3. **Movers, all of them.** Nobody is left out who adds more than 0.6 logits and looks at the recipient more than at
#    both mentions of the giver together.
# 4. **Suppressors, each heard.** Let only your movers' queries hear one of them speak of strangers, and the lead falls
#    by more than 0.2 logits.
# 5. **Suppressors, all of them.** All of yours together make more than 0.75 of the fall that comes when the movers'
#    queries hear *every* head of layers 1 and 2 speak of strangers.


# %%
def head_roles(role: str) -> list[tuple[int, int]]:
    """The heads of `attn-only-4l` that play a role in indirect object identification, each as (layer, head).

    role: "suppressors" (they look from the end at the giver's second mention and lower the giver's logit; the movers'
    queries hear each of them) or "movers" (they look from the end at the recipient more than at the giver, and raise
    its logit). The order doesn't matter.

    Each looks there with more than 0.15 of its attention, and adds more than 0.3 logits to the lead by itself. A mover
    that adds more than 0.6 must be there. When the movers' queries hear one suppressor speak of strangers, the lead
    falls by more than 0.2; when they hear all of them, by more than 0.75 of what all heads of layers 1 and 2 do there.

    `[(0, 3), (1, 2)]` would mean head 3 of layer 0 and head 2 of layer 1.
    """
    roles = {"suppressors": [(1, 1), (1, 4)], "movers": [(2, 2), (3, 0), (3, 1)]}
    return roles[role]


# %% [markdown]
# Below is the circuit with your heads in it. An arrow is as thick as its effect: by how much the lead falls when the
# heads at its beginning speak of strangers and only those at its end can hear it. (The effects of single heads are
# added up. For roads that meet in one softmax this isn't quite the effect of all at once.)
#
# (The next cell takes a while: it runs the model many times.)


# %%
def draw_circuit(
    boxes: dict[str, tuple[float, float, str]], arrows: list[tuple[str, str, float, str]], title: str
) -> go.Figure:
    """Boxes by name as (x, y, text), and arrows from box to box as (start, end, effect in logits, what it is)."""
    figure = house(go.Figure(), title=title, x="position in the text", y="written in")
    most = max(abs(effect) for _, _, effect, _ in arrows)
    for start, end, effect, says in arrows:
        (x0, y0, _), (x1, y1, _) = boxes[start], boxes[end]
        tip = 0.8 if y1 > y0 else 0.64  # short of the box, which is wider than high
        figure.add_annotation(
            x=x0 + tip * (x1 - x0),
            y=y0 + tip * (y1 - y0),
            ax=x0,
            ay=y0,
            xref="x",
            yref="y",
            axref="x",
            ayref="y",
            arrowhead=2,
            arrowwidth=1 + 5 * abs(effect) / most,
            arrowsize=0.6,
            arrowcolor="#0072B2" if effect else "#888888",
        )
        label = f"{says}<br>{effect:+.1f}" if effect else says
        figure.add_annotation(
            x=(x0 + x1) / 2, y=(y0 + y1) / 2, text=label, showarrow=False, bgcolor="white", font_size=12, opacity=0.95
        )
    for x, y, says in boxes.values():
        figure.add_annotation(
            x=x, y=y, text=says, showarrow=False, bgcolor="#dbe9f6", bordercolor="#888888", borderpad=6
        )
    return figure


def named(heads: Iterable[tuple[int, int]]) -> str:
    """Heads in the usual notation."""
    return ", ".join(f"{layer}.{head}" for layer, head in sorted(heads))


suppressors, movers_found = head_roles("suppressors"), head_roles("movers")
tell = {
    (name, part): path_patch_to_heads(model, prompts.tokens, clean_cache, corrupted_cache, receivers, part, lead_of)
    for name, receivers, parts in (("suppressors", suppressors, "v"), ("movers", movers_found, "qkv"))
    for part in parts
}


def added_up(effects: Float[Tensor, "layer head"], heads: Iterable[tuple[int, int]]) -> float:
    """The sum of the effects of these heads."""
    return sum(effects[place].item() for place in heads)


boxes = {
    "recipient": (0.0, 0.0, "recipient:<br>Ada"),
    "giver": (1.5, 0.0, "giver, second:<br>Boris"),
    "end": (3.0, 0.0, "end:<br>to"),
    "copy of recipient": (0.0, 1.0, f"<b>{named(tellers)}</b><br>“Ada”,<br>once more"),
    "copy of giver": (1.5, 1.0, f"<b>{named(tellers)}</b><br>“Boris”,<br>once more"),
    "suppressors": (3.0, 2.0, f"<b>{named(suppressors)}</b><br>suppressors:<br>“not Boris”"),
    "movers": (3.0, 3.2, f"<b>{named(movers_found)}</b><br>movers: “Ada”"),
    "answer": (4.6, 3.2, "Ada<br>over<br>Boris"),
}
arrows = [
    ("recipient", "copy of recipient", 0.0, "looks at itself"),
    ("giver", "copy of giver", 0.0, "looks at itself"),
    ("end", "suppressors", 0.0, "who is giving?"),
    ("copy of giver", "suppressors", added_up(tell["suppressors", "v"], tellers), "values"),
    ("suppressors", "movers", added_up(tell["movers", "q"], suppressors), "queries"),
    ("copy of recipient", "movers", sum(added_up(tell["movers", part], tellers) for part in "kv"), "keys, values"),
    ("suppressors", "answer", added_up(to_logits, suppressors), "direct"),
    ("movers", "answer", added_up(to_logits, movers_found), "direct"),
]
figure = draw_circuit(boxes, arrows, "Who is given something: the circuit of the specimen (effects in logits)")
figure.update_xaxes(
    range=[-0.7, 5.0], tickvals=[0, 1.5, 3.0, 4.6], ticktext=["opening", "subject", "end", "logits"], showgrid=False
)
floors = ["words", "layer 0", f"layer {suppressors[0][0]}", "after it"]
figure.update_yaxes(
    range=[-0.4, 3.7], tickvals=[0, 1, 2, 3.2], ticktext=floors, showgrid=False, automargin=True, title_standoff=12
)
show(figure.update_layout(height=560), "ioi-circuit")
record(pp_drawn_direct=added_up(to_logits, suppressors), pp_drawn_movers=added_up(to_logits, movers_found))
record(pp_drawn_share=added_up(to_logits, suppressors + movers_found) / to_logits.sum())
record(pp_drawn_q=added_up(tell["movers", "q"], suppressors))

# %% [markdown]
# Read it aloud, from the bottom to the top. *In layer 0, each name is written into its own place once more. At the
# end, the suppressors look for whoever is giving, find the name by its place in the sentence, and write "not Boris".
# That lowers Boris's logit ({{pp_drawn_direct:.1f}} on the lead if they speak of strangers) and turns the movers'
# queries away from Boris wherever he is named ({{pp_drawn_q:.1f}}). Of the names in the opening the movers then find
# Ada, and copy her ({{pp_drawn_movers:.1f}}).* The direct speech of these heads makes {{pp_drawn_share:.0%}} of
# all direct speech.

# %% [markdown]
# ## Beside GPT-2's circuit
#
# At the end of this section you'll be able to say what your circuit has in common with the best-known circuit of this
# field, what it lacks, and how you know.
#
# Wang et al. (2022) found 26 heads in GPT-2 small that do this task, in seven classes. **Duplicate-token heads** look
# from the subject's second mention (our giver's) to its first: *this name has been here before*. **Previous-token
# heads** and **induction heads** find out the same in another way, by the word that stood beside it. **S-inhibition
# heads** read this note at the end, and keep the **name movers** from looking at the subject. Then there are
# **negative name movers**, which write against the name that they look at, and **backup name movers**, which hardly
# take part until the name movers are knocked out.
#
# Two of the seven you have. What of the others? "I saw no such head" is a weak statement. A head can look a little,
# and matter; several can share the work. A better way is to forbid the *act*, in all heads of all layers at once, and
# see what it costs: if no head may look from the giver's second mention to the first, then no duplicate-token head
# can do its work, whichever it may be. For a control, forbid the same heads to look elsewhere.
#
# **Predict before you run:** forbid the giver's second mention to look at (1) the giver's first mention, (2) also at
# the word behind that, where an induction head would look, (3) the recipient, as a control. Forbid the end to look at
# (4) the giver's second mention, (5) its first, (6) the recipient. What is the lead?


# %%
def lead_without_looking(forbidden: list[tuple[Int[Tensor, " batch"], Int[Tensor, " batch"]]]) -> float:
    """The lead when no head of any layer may look from these positions to those: pairs of (from, to)."""

    def forbid(scores: Tensor, hook: HookPoint) -> None:
        for looks_from, looks_to in forbidden:
            scores[rows, :, looks_from, looks_to] = -torch.inf

    return lead_of(model.run_with_hooks(prompts.tokens, fwd_hooks=[("blocks.*.attn.hook_attn_scores", forbid)])).item()


end_at, second_at = prompts.marks["end"], prompts.marks["giver_second"]
first_at, recipient_at = prompts.marks["giver_first"], prompts.marks["recipient"]
forbidden = {
    "nothing": [],
    "giver, second → giver, first": [(second_at, first_at)],
    "… and → the word behind it": [(second_at, first_at), (second_at, first_at + 1)],
    "giver, second → recipient": [(second_at, recipient_at)],
    "end → giver, second": [(end_at, second_at)],
    "end → giver, first": [(end_at, first_at)],
    "end → recipient": [(end_at, recipient_at)],
}
kept = {what: lead_without_looking(pairs_of) for what, pairs_of in forbidden.items()}
figure = house(
    go.Figure(go.Bar(x=list(kept.values()), y=list(kept), orientation="h")),
    title="What it costs not to look",
    x="lead (logits)",
    y="forbidden to all heads",
)
show(figure.update_yaxes(autorange="reversed", automargin=True), "ioi-forbidden")
short = ["all", "repeat", "induction", "control", "end_second", "end_first", "end_recipient"]
record(**{f"pp_without_{name}": value for name, value in zip(short, kept.values(), strict=True)})

unnamed = prompts.tokens.clone()
unnamed[rows, first_at] = corrupted.tokens[rows, first_at]
once = model(unnamed)
over_stranger = logit_difference(once, prompts.recipient, unnamed[rows, first_at])
print(f"a stranger in place of the giver's first mention: recipient over giver {lead_of(once):+.2f},", end=" ")
print(f"recipient over the stranger {over_stranger:+.2f}")
record(pp_once=lead_of(once), pp_over_stranger=over_stranger)

reserve = [place for place in at_giver if place not in feeders]
to_reserve = path_patch_to_heads(model, prompts.tokens, clean_cache, corrupted_cache, reserve, "q", lead_of)
print("heads that look at the giver too:", named(reserve))
print("they gain by their queries:", ", ".join(f"{i}.{j} {to_reserve[i, j]:+.2f}" for i, j in feeders))
rest = to_reserve.clone()
rest[tuple(zip(*feeders, strict=True))] = 0
record(pp_reserve_layer=reserve[0][0], pp_reserve_head=reserve[0][1], pp_reserve_direct=-to_logits[reserve[0]])
record(pp_reserve_least=min(to_reserve[place].item() for place in feeders), pp_reserve_rest=rest.abs().max())
record(pp_reserve_sup=suppression[1][reserve[0]])

# %% [markdown]
# **Hardly anybody notices the repetition.** Forbid the giver's second mention to look at the first, and the lead is
# {{pp_without_repeat:.2f}}; the way of the induction heads as well, and it is {{pp_without_induction:.2f}}. The
# control gives {{pp_without_control:.2f}}, and nothing forbidden {{pp_without_all:.2f}}: a few tenths of a logit at
# most. What the answer hangs on is where the *end* looks. If it can't see the giver's second mention, the lead is
# {{pp_without_end_second:.2f}}; if it can't see the recipient, {{pp_without_end_recipient:.2f}}; and if it can't see
# the giver's first mention the lead is even larger than before, {{pp_without_end_first:.2f}}, with one temptation
# less for the movers, it seems.
#
# Once more by another experiment: put a stranger in place of the giver's first mention, so that nobody is named
# twice. A circuit that listens for repetition would have nothing to go by. This one has the recipient {{pp_once:.2f}}
# ahead of the giver, still further than before. What it can't do any more is choose between the two that don't give:
# the recipient is ahead of the stranger by {{pp_over_stranger:.2f}}.
#
# **There is a backup.** Head {{pp_reserve_layer}}.{{pp_reserve_head}} looks at the giver too, and strikes names out
# ({{pp_reserve_sup:.1f}} logits when made to look). Its direct share is small, {{pp_reserve_direct:.2f}}. Let its
# queries hear the suppressors speak of strangers, and the lead *rises*, by {{pp_reserve_least:.2f}} or more for each
# of the two (for no other sender by more than {{pp_reserve_rest:.2f}}, in either direction). So while the suppressors
# do their work they hold this head back, and when they fall silent it steps in. In GPT-2 backups appear for the name
# movers, here for the suppressors. It's a warning for all knocking out: take one head away, and you measure what it
# did *less what its backup adds*.
#
# | GPT-2 small (Wang et al.) | this specimen | the number that it rests on, and its control |
# | --- | --- | --- |
# | duplicate-token heads | hardly any | not to look: {{pp_without_repeat:.2f}}; control {{pp_without_control:.2f}} |
# | previous-token, induction heads | hardly any | not to look: {{pp_without_induction:.2f}}; control as above |
# | S-inhibition heads | suppressors | by queries {{pp_drawn_q:.2f}}; any other head at most {{pp_third:.2f}} |
# | their signal: name and place | name only | name {{pp_both_q:.2f}}; place {{pp_opening_q:+.2f}} |
# | name movers | movers | a name looked at rises by {{pp_mover_least:.1f}} or more; its rival is the control |
# | negative name movers | the suppressors | it falls by {{pp_sup_giver:.1f}} or more, whichever of the two |
# | backup name movers | a backup suppressor | one silent: {{pp_reserve_least:+.2f}}; others {{pp_reserve_rest:.2f}} |
#
# The line on negative name movers deserves a thought. In GPT-2 they look at the *right* name and do harm, and it took
# a while to see what for: McDougall et al. (2023) found that such a head writes against words that earlier heads have
# come to expect too much, and called it *copy suppression*. Our suppressors do the same on the way out: look at a
# name, write against it. It's useful here because their eyes are on the other name. What a head is good for can't be
# read off its OV circuit alone.
#
# Why is it simpler here? In our scenes the giver is always the subject of the last sentence, so "who is giving?" has
# an answer in grammar, and nobody needs to count mentions. With the giver's name in hand, and all names in view, to
# strike out is enough. GPT-2's text is less obliging. But take this for what it is: a story that fits. To test it you
# would have to train another model on another world.
#
# **What this can't show.** Every number above is relative to one corruption (strangers) and one telling. How far does
# the *statement* reach, "suppressors look for whoever is giving"? One more experiment, on a minimal pair: a third
# person is there, and either leaves or laughs before the gift.
#
# **Predict before you run:** if somebody has left, there are two people who can't be the answer. Whom do the
# suppressors look at?

# %%
for verb in ("laughed", "left"):
    crowd_way = "When {first} , Theo and {second} went to the {place} , Theo VERB . Then {giver} gave a {thing} to"
    crowd = tokenized(model, make_ioi_prompts(pairs, list(PLACES), list(THINGS), crowd_way.replace("VERB", verb)))
    crowd_logits, crowd_cache = model.run_with_cache(crowd.tokens)
    again = (crowd.tokens[0] == model.to_single_token("Theo")).nonzero()[-1:].expand(len(crowd.tokens), 1)
    crowd_looks = attention_by_role(crowd_cache, torch.cat([crowd.places("giver_second"), again], dim=-1))
    record(**{f"pp_{verb}_lead": logit_difference(crowd_logits, crowd.recipient, crowd.giver)})
    theo_id = torch.full_like(crowd.giver, model.to_single_token("Theo"))
    record(**{f"pp_{verb}_over_theo": logit_difference(crowd_logits, crowd.recipient, theo_id)})
    against_theo = direct_logit_attribution(crowd_cache, residual_directions(model.W_U, crowd.recipient, theo_id))
    for i, (layer, head) in enumerate(feeders):
        record(**{f"pp_{verb}_{i}_direct": against_theo[layer, head]})
        at_the_giver, at_theo = crowd_looks[layer, head]
        record(**{f"pp_{verb}_{i}_giver": at_the_giver, f"pp_{verb}_{i}_theo": at_theo})
        print(f"Theo {verb}: {layer}.{head} looks at the giver {at_the_giver:.2f}, at Theo {at_theo:.2f}")

# %% [markdown]
# When Theo laughs, both look at the giver ({{pp_laughed_0_giver:.2f}} and {{pp_laughed_1_giver:.2f}}). When he has
# left, {{pp_feeder_1_layer}}.{{pp_feeder_1_head}} still does ({{pp_left_1_giver:.2f}}), and
# {{pp_feeder_0_layer}}.{{pp_feeder_0_head}} looks at *Theo* ({{pp_left_0_theo:.2f}}; at the giver
# {{pp_left_0_giver:.2f}}). What it writes puts the recipient ahead of Theo by {{pp_left_0_direct:+.2f}} logits then,
# and by {{pp_laughed_0_direct:+.2f}} if he has only laughed; the other head adds {{pp_left_1_direct:.2f}} and
# {{pp_laughed_1_direct:.2f}} to that. The whole lead over Theo is {{pp_left_over_theo:.1f}}, against
# {{pp_laughed_over_theo:.1f}} when he laughs.
#
# So two heads that do the same thing in our template are two different heads: one strikes out the giver, and the
# other whoever has left, or else the giver. No experiment on our 32 prompts could have told you. A role that you give
# to a head is a role *in these texts*.
#
# And paths were opened one at a time. Whether the circuit as a whole does the work when all else is silenced, and
# whether it needs each of its parts, is another kind of question. You have a list of heads and a story. Now try to
# break it.

# %% [markdown]
# ## Knock out everything else
#
# At the end of this section you'll be able to run the model with nobody at work but the heads that you name.
#
# By now you have a list of heads, and evidence for each of them. But look at what kind of evidence. In nearly every
# experiment so far *one* thing was changed, in a model that was whole otherwise. Even where several heads were
# patched at once, the rest of the model ran on and could help. Each sentence of a story can pass such a test, and the
# story may still leave out half of what goes on: none of this asks whether your heads are **all** that it takes. So
# turn the question round. Keep the heads you name, take everybody else away, and see what is left of the answer.
#
# *Take away* has to be said precisely. Setting a head to zero takes away more than what it knows about this scene. It
# also removes what it always writes, which later heads have learnt to count on, and the model then runs in a state in
# which it has never been. What we want to remove is one thing: who is who. So the head gets its **mean over the ABC
# prompts**. There it said what one says about such a sentence at such a place ("a name stands here", "a name is
# due"), and none of them said anything about *this* giver and *this* recipient. Wang et al. (2022) knock heads out
# in this way.
#
# The mean is taken **for each position by itself**. What a head writes at `gave` and at `to` are different things,
# and an average over both would be right for neither.

# %% [markdown]
# ### Keep some heads and knock out the rest
#
# You have hooked `z` before: [batch pos head d_head], what each head has gathered. Now many heads of all layers are
# replaced in one run. `reference` is the cache of a run on ABC prompts of the same length as the tokens; it may hold
# more or fewer of them.
#
# Name the heads that *stay*. Then one function does both experiments of this part: the circuit alone (keep its
# members) and the model without the circuit (keep everybody else).


# %%
def knock_out(
    model: HookedTransformer,
    tokens: Int[Tensor, "batch pos"],
    reference: ActivationCache,
    kept: Iterable[tuple[int, int]],
) -> Float[Tensor, "batch pos d_vocab"]:
    """The logits when the heads in `kept`, each as (layer, head), are the only ones at work.

    The `z` of every other head is replaced, at each position, by its mean over the texts of `reference` there.
    MLPs, if the model has any, and LayerNorms go on working. No hook stays on the model, the cache stays as it is.

    With all heads in `kept` these are the model's ordinary logits. With none, in a model without MLPs, they depend on
    nothing but the token and position where they stand.
    """
    staying = set(kept)

    def hold(z: Float[Tensor, "batch pos head d_head"], hook: HookPoint) -> Tensor:
        layer = hook.layer()
        for head in range(model.cfg.n_heads):
            if (layer, head) not in staying:
                z[:, :, head] = reference["z", layer][:, :, head].mean(dim=0)
        return z

    hooks = [(f"blocks.{layer}.attn.hook_z", hold) for layer in range(model.cfg.n_layers)]
    return model.run_with_hooks(tokens, fwd_hooks=hooks)


# %% [markdown]
# From here on everything is said in terms of one function, which the paper calls $F$: **F(heads) is the mean lead
# when these heads work and all others are knocked out.** `lead_with` is our $F$. It remembers what it has measured,
# since the searches below ask for the same set more than once.

# %%
every = list(product(range(n_layers), range(n_heads)))
measured: dict[frozenset[tuple[int, int]], float] = {}


def lead_with(heads: Iterable[tuple[int, int]]) -> float:
    """The mean lead with these heads at work and all others knocked out."""
    key = frozenset(heads)
    if key not in measured:
        logits = knock_out(model, prompts.tokens, corrupted_cache, key)
        measured[key] = logit_difference(logits, prompts.recipient, prompts.giver).item()
    return measured[key]


print(f"all heads {lead_with(every):.2f}, no heads {lead_with([]):.2f}")

# %% [markdown]
# With nobody at work the lead is 0, and not only nearly. The two prompts of a pair end with the same word at the same
# position, so without heads they end alike, and what is a point for one is a point against the other.
#
# First one head at a time. **Predict before you run:** of 32 heads, how many cost more than half a logit when they
# are knocked out? Is it those with the largest direct contributions? Can a knock-out make the model *better*?

# %%
single = torch.tensor([lead_with(set(every) - {head}) for head in every]) - lead_with(every)
figure = heatmap(
    single.unflatten(0, (n_layers, n_heads)),
    x="head",
    y="layer",
    title="Change of the lead when one head is knocked out (logits)",
    diverging=True,
    rows=[str(layer) for layer in range(n_layers)],
    columns=[str(head) for head in range(n_heads)],
)
show(figure, "circuit-single-knockouts")
costliest = [every[i] for i in single.argsort().tolist()]
for head in costliest[:6]:
    print(f"without {named([head])}: {single[every.index(head)]:+.2f}, direct contribution {direct[head]:+.2f}")
record(ko_all=lead_with(every), ko_many=(single < -0.5).sum())
record(ko_first_layer=costliest[0][0], ko_first_head=costliest[0][1], ko_first=-single.min())
record(ko_first_direct=direct[costliest[0]], ko_best=single.max())
record(ko_best_layer=costliest[-1][0], ko_best_head=costliest[-1][1])

# %% [markdown]
# {{ko_many}} of 32 heads cost more than half a logit. The one whose loss hurts most is
# {{ko_first_layer}}.{{ko_first_head}}: the lead falls by {{ko_first:.2f}} of {{ko_all:.2f}}, while what it writes at
# the end has a direct share of {{ko_first_direct:+.2f}}. It doesn't speak to the logits at all; others speak of what
# it told them. And without {{ko_best_layer}}.{{ko_best_head}} the lead is *higher* by {{ko_best:.2f}}.
#
# **What it cannot show.** One absence in a whole model says who is *hard to replace*. A head whose work somebody else
# would do as well costs nothing here. You can't add these numbers up, and a head with a small one may be important.

# %% [markdown]
# ## Is it enough?
#
# At the end of this section you'll be able to say how much of a behaviour a set of heads explains, and why more than
# everything is no success.
#
# The first thing to ask of a circuit $C$ is whether it does by itself what the model $M$ does: it should be
# **faithful**. On the scale that you know from patching, nobody at work is 0, and the whole model is 1.

# %% [markdown]
# ### Measure faithfulness
#
# $$\text{faithfulness}(C) = \frac{F(C) - F(\varnothing)}{F(M) - F(\varnothing)}$$
#
# Here $F(\varnothing)$ happens to be 0. Elsewhere it isn't (on prompts that don't come in pairs, say), and then a
# circuit shouldn't be paid for what no head at all gets. Mind the direction: the *model* is the measure, the circuit
# is measured.
#
# This exercise and the next ones never touch the model. They are given $F$ as a function, `lead`, and it's all the
# same to them what it measures.


# %%
def faithfulness(
    lead: Callable[[Iterable[tuple[int, int]]], float],
    every: list[tuple[int, int]],
    circuit: list[tuple[int, int]],
) -> float:
    """The share of the model's lead that the circuit reaches by itself, above what is there with no head at work.

    lead(heads) is the lead when these heads work and all others are knocked out. `every` lists all heads of the model,
    `circuit` those of the circuit. What comes out is not confined to 0 … 1.

    If the whole model leads by 9, the circuit alone by 7, and nobody at all by 1, it is (7 - 1) / (9 - 1) = 0.75.
    """
    nobody = lead([])
    return (lead(circuit) - nobody) / (lead(every) - nobody)


# %% [markdown]
# Now let circuits grow, head by head, in two ways. One takes the heads in the order of their *direct contribution*,
# that is: believes attribution. The other tries every head that isn't in yet and takes the one that brings the lead
# up most: it believes nothing but $F$.
#
# **Predict before you run:** how faithful are the six heads with the largest direct contributions? How many heads
# does the other way need until it's at 1? And then, does it stay there?
#
# (The next cell takes a while: it runs the model many times.)


# %%
def grow(size: int) -> list[tuple[int, int]]:
    """A circuit found greedily: at each step the head that raises the lead most is let in."""
    chosen: list[tuple[int, int]] = []
    while len(chosen) < size:
        outside = [head for head in every if head not in chosen]
        chosen.append(max(outside, key=lambda head: lead_with([*chosen, head])))
    return chosen


by_direct = [every[i] for i in direct.flatten().argsort(descending=True).tolist()]
grown = grow(12)
ways = {
    "largest direct contribution first": [faithfulness(lead_with, every, by_direct[:n]) for n in range(13)],
    "largest gain first": [faithfulness(lead_with, every, grown[:n]) for n in range(13)],
}
figure = lines(
    ways,
    x="heads in the circuit",
    y="faithfulness (share of the model's lead)",
    title="Two ways to grow a circuit",
    references={"whole model": 1.0},
)
show(figure.update_traces(mode="lines+markers").update_xaxes(dtick=1), "circuit-growing")
for n, head in enumerate(grown, start=1):
    print(f"{n:2} heads, with {named([head])}: {ways['largest gain first'][n]:.3f}")
small = next(grown[:n] for n in range(13) if abs(faithfulness(lead_with, every, grown[:n]) - 1) < 0.1)
record(faith_direct_six=ways["largest direct contribution first"][6], faith_small_size=len(small))
record(faith_small=faithfulness(lead_with, every, small), faith_twelve=ways["largest gain first"][12])
record(
    faith_small_first_layer=sum(layer == 0 for layer, _ in small),
    share_direct_six=direct.flatten().sort().values[-6:].sum(),
)

# %% [markdown]
# The six heads with the largest direct contributions write {{share_direct_six:.1f}} logits in the whole model, and
# alone they reach a faithfulness of {{faith_direct_six:.2f}}. They're the ones who speak; without those who tell them
# what to say they have nothing to say. The other way needs {{faith_small_size}} heads for
# {{faith_small:.2f}}, and {{faith_small_first_layer}} of them are in layer 0, which had next to no direct share.
#
# And then it goes on rising, to {{faith_twelve:.2f}}. *Twelve heads do the task better than the model.* It's tempting
# to call that a very good circuit. It is the opposite: a description of what the model does should do what the model
# does, and this one does something else. So the target is 1. Two things can bring a circuit above it. It may have
# left out somebody who works against the answer. Or what has gone is in nobody's way but in the *scale*: with fewer
# heads at work the stream at the end is shorter, the final LayerNorm divides by less, and everything that is left
# counts for more. Let's see how much the second explains.


# %%
def scale_at_end(heads: Iterable[tuple[int, int]]) -> Float[Tensor, "batch 1"]:
    """What the final LayerNorm divides the last position by, with these heads at work."""
    seen = []
    with model.hooks([("ln_final.hook_scale", lambda scale, hook: seen.append(scale[:, -1]))]):
        knock_out(model, prompts.tokens, corrupted_cache, heads)
    return seen[0]


def leads_of(heads: Iterable[tuple[int, int]]) -> Float[Tensor, " batch"]:
    """The lead of each prompt with these heads at work."""
    logits = knock_out(model, prompts.tokens, corrupted_cache, heads)
    return logit_difference(logits, prompts.recipient, prompts.giver, per_prompt=True)


ratio = scale_at_end(grown) / scale_at_end(every)
rescaled = (leads_of(grown) * ratio[:, 0]).mean() / lead_with(every)
model_leads, small_leads = leads_of(every), leads_of(small)
apart = (small_leads - model_leads).abs()
alike = torch.corrcoef(torch.stack([model_leads, small_leads]))[0, 1]
print(
    f"final scale with twelve heads: {ratio.mean():.2f} of the model's; faithfulness with the model's: {rescaled:.2f}"
)
print(f"single prompts, model against {len(small)} heads: {apart.mean():.2f} logits apart, correlation {alike:.2f}")
record(faith_ratio=ratio.mean(), faith_rescaled=rescaled, faith_apart=apart.mean(), faith_alike=alike)
record(faith_spread=model_leads.std())

# %% [markdown]
# With twelve heads the divisor is {{faith_ratio:.2f}} of what it is in the whole model. Divided by the whole model's,
# the twelve would be at {{faith_rescaled:.2f}}. So this excess is no skill at all: it's the quiet in the room.
#
# One more look behind the number. Faithfulness compares *means*. A circuit that is three logits too high on one half
# of the prompts and three too low on the other half would be perfect. For the {{faith_small_size}} heads the single
# prompts are {{faith_apart:.2f}} logits off on average, when the model's own leads vary with a standard deviation of
# {{faith_spread:.2f}}; and the correlation of the two over prompts is {{faith_alike:.2f}}. They agree about *how
# much*, much less about *on which prompt more*.
#
# **What it cannot show.** That a circuit can do the task doesn't mean that this is how the model does it. The next
# section finds a faithful circuit that is wrong.

# %% [markdown]
# ## Is it everything?
#
# At the end of this section you'll know how to find a member that a faithful circuit has forgotten.
#
# Suppose two heads do the same work, and either of them is enough. A circuit with one of them is faithful. It is
# minimal, too. And as an account of the model it's wrong: it says "without this head the answer is gone", and in the
# model, without this head, the other one does it. To find that out, one has to take the circuit *at its word*: remove
# something from the circuit, remove the same from the model, and see whether the same happens.

# %% [markdown]
# ### Take the circuit at its word
#
# For a set $K$ of the circuit's heads, $F(C \setminus K)$ is what the circuit does without them, and $F(M \setminus
# K)$ what the model does without them. Wang et al. call a circuit **complete** if the distance is small *for every*
# $K$:
#
# $$\big|F(C \setminus K) - F(M \setminus K)\big|.$$
#
# With $K = \varnothing$ that is faithfulness once more, as a distance.


# %%
def completeness(
    lead: Callable[[Iterable[tuple[int, int]]], float],
    every: list[tuple[int, int]],
    circuit: list[tuple[int, int]],
    removed: list[tuple[int, int]],
) -> float:
    """How far circuit and model are apart, in logits, when the same heads are knocked out of both.

    lead(heads) is the lead when these heads work and all others are knocked out; `every` lists all heads. `removed` is
    a part of the circuit. 0 is best; the sign doesn't matter.

    If without some head the model still leads by 8, and the circuit without it only by 3, the distance is 5.
    """

    def without(heads: list[tuple[int, int]]) -> list[tuple[int, int]]:
        return [head for head in heads if head not in removed]

    return abs(lead(without(circuit)) - lead(without(every)))


# %% [markdown]
# A set of $n$ heads has $2^n$ parts, and so one takes a sample. Each point of the figure is one random $K$: what the
# model does without it to the right, what the circuit does without it upward. A complete circuit has all its points
# on the diagonal.
#
# **Predict before you run:** the circuit is the faithful one from above. When points are off the diagonal, on which
# side of it?

# %%
generator = torch.Generator().manual_seed(0)
halves = torch.rand(20, len(small), generator=generator) < 0.5
parts = [[head for head, out in zip(small, half.tolist(), strict=True) if out] for half in halves]
model_without = [lead_with(set(every) - set(part)) for part in parts]
circuit_without = [lead_with(set(small) - set(part)) for part in parts]
figure = house(
    go.Figure(go.Scatter(x=model_without, y=circuit_without, text=[named(part) for part in parts], mode="markers")),
    x="lead of the model without K (logits)",
    y="lead of the circuit without K (logits)",
    title="The same heads knocked out of both",
)
reach = [0.0, max(model_without + circuit_without)]
figure.add_scatter(x=reach, y=reach, mode="lines", line={"dash": "dash", "color": "#555555"}, showlegend=False)
show(figure.update_layout(showlegend=False), "circuit-completeness")
gaps = [completeness(lead_with, every, small, part) for part in parts]
record(
    comp_random_mean=sum(gaps) / len(gaps),
    comp_random_worst=max(gaps),
    comp_empty=completeness(lead_with, every, small, []),
)
record(comp_below=sum(c < m for c, m in zip(circuit_without, model_without, strict=True)))

# %% [markdown]
# On average the two are {{comp_random_mean:.2f}} logits apart, and up to {{comp_random_worst:.2f}}; with nothing
# removed it was {{comp_empty:.2f}}. {{comp_below}} of 20 points lie below the diagonal: there the model can do
# without these heads what the circuit can't do without them. Somebody helps the model who isn't in the circuit.

# %% [markdown]
# ### Search for the worst removal
#
# Random sets are a kind judge. "For every $K$" asks for a hostile one, who looks for the $K$ that makes the circuit
# look worst. All of them are too many to try, so go greedily, as Wang et al. do: begin with nothing removed, and in
# each round remove one more head of the circuit, the one that makes the distance largest. The distance need not grow
# in every round. What counts is the worst that was met on the way.


# %%
def worst_removal(
    lead: Callable[[Iterable[tuple[int, int]]], float],
    every: list[tuple[int, int]],
    circuit: list[tuple[int, int]],
    rounds: int,
) -> tuple[list[tuple[int, int]], float]:
    """The set K found by greedy search for which circuit and model are farthest apart, and that distance.

    The distance for K is |lead(circuit without K) - lead(every head without K)|. K starts empty; in each round the head
    of the circuit joins that makes the distance largest (the one listed first, among equals). The answer is the worst K
    met on the way (the first met, among equals), the empty one included, with its heads in the order in which they
    joined. `rounds` is at most the size of the circuit.

    If the distance is 1 for no removal, 2 for the best single head a, and 1.5 for a with any other, two rounds give
    ([a], 2.0).
    """

    def distance(removed: list[tuple[int, int]]) -> float:
        inside, whole = ([head for head in heads if head not in removed] for heads in (circuit, every))
        return abs(lead(inside) - lead(whole))

    removed: list[tuple[int, int]] = []
    worst, largest = removed, distance(removed)
    for _ in range(rounds):
        rest = [head for head in circuit if head not in removed]
        removed = [*removed, max(rest, key=lambda head: distance([*removed, head]))]
        if distance(removed) > largest:
            worst, largest = removed, distance(removed)
    return worst, largest


# %% [markdown]
# And when the worst removal is found, one can ask who it is that helps the model: try each head outside as one more
# member, and see with whom the distance shrinks most.
#
# **Predict before you run:** which heads will the hostile judge remove? Think of the two groups of heads that you
# know.

# %%
worst, gap = worst_removal(lead_with, every, small, 4)
outside = [head for head in every if head not in small]
missing = min(outside, key=lambda head: completeness(lead_with, every, [*small, head], worst))
whole = [*small, missing]
whole_worst, whole_gap = worst_removal(lead_with, every, whole, 4)
print(f"{len(small)} heads: worst without {named(worst)}: {gap:.2f} logits apart")
print(f"with {named([missing])} as one more, the same removal: {completeness(lead_with, every, whole, worst):.2f}")
print(f"{len(whole)} heads: worst without {named(whole_worst)}: {whole_gap:.2f} logits apart")
record(comp_gap=gap, comp_gap_share=gap / lead_with(every), comp_worst_model=lead_with(set(every) - set(worst)))
record(comp_worst_circuit=lead_with(set(small) - set(worst)), comp_after=completeness(lead_with, every, whole, worst))
record(comp_missing_layer=missing[0], comp_missing_head=missing[1], comp_whole_gap=whole_gap)
record(comp_missing_single=-single[every.index(missing)], comp_missing_direct=direct[missing])
record(comp_whole_faith=faithfulness(lead_with, every, whole))
names_of_worst = dict(zip("ab", sorted(worst), strict=False))
record(**{f"comp_{letter}_layer": layer for letter, (layer, _) in names_of_worst.items()})
record(**{f"comp_{letter}_head": head for letter, (_, head) in names_of_worst.items()})

# %% [markdown]
# Without {{comp_a_layer}}.{{comp_a_head}} and {{comp_b_layer}}.{{comp_b_head}} the model still leads by
# {{comp_worst_model:.2f}}, and the circuit by {{comp_worst_circuit:.2f}}: {{comp_gap:.2f}} logits apart, which is
# {{comp_gap_share:.0%}} of the whole lead. They are the two heads that look at the giver and strike the name out. So
# the circuit says "without these two hardly anything is left", and that's wrong.
#
# The forgotten member is {{comp_missing_layer}}.{{comp_missing_head}}. With it the distance for the same removal is
# {{comp_after:.2f}}, and the worst that the judge finds is {{comp_whole_gap:.2f}}. Faithfulness gave no reason to let
# it in: with it the value goes from {{faith_small:.2f}} to {{comp_whole_faith:.2f}}, and is no nearer to 1. Its
# direct contribution is {{comp_missing_direct:+.2f}}, and knocked out alone it costs {{comp_missing_single:.2f}}.
# What it can do shows when others are gone.
#
# **What it cannot show.** A greedy judge is hostile and not clever: it may miss a bad set which begins with a
# harmless head. Whoever finds a worse $K$ refutes you.

# %% [markdown]
# ## Somebody steps in
#
# At the end of this section you'll be able to tell what is taken over by other heads when one is lost, and what is
# nobody's work.
#
# When Wang et al. knocked out the name movers of GPT-2, the model went on nearly as before. Other heads, which had
# done little, moved the name: **backup** heads. McGrath et al. (2023) found the same in large models and called it
# the Hydra effect. It makes ablation a treacherous tool. What a head's absence costs isn't what the head contributes,
# but that *minus* what others make up for.
#
# To see who steps in, compare direct contributions: those of all heads in a run in which one head is knocked out,
# with those in the ordinary run.

# %% [markdown]
# ### Find who steps in
#
# One head is knocked out, everybody else reacts. `attribution` turns a cache into direct contributions; you get it as
# an argument (it's your `direct_logit_attribution` with the directions filled in), so that nothing here depends on
# which answer it is about. What you need is the cache of the run *with* the hook on it:
# `with model.hooks([...]): model.run_with_cache(...)`.


# %%
def backup_effect(
    model: HookedTransformer,
    tokens: Int[Tensor, "batch pos"],
    reference: ActivationCache,
    head: tuple[int, int],
    attribution: Callable[[ActivationCache], Float[Tensor, "layer head"]],
) -> Float[Tensor, "layer head"]:
    """How every head's contribution changes when one head, (layer, head), is knocked out and the rest may react.

    Knocked out as before: at each position its `z` is its mean over the texts of `reference` there. The answer is
    `attribution` of that run's cache, minus `attribution` of the ordinary run's. The entry of the head itself stays in:
    it is what it loses. No hook stays on the model.

    Heads that come before it, or beside it in its layer, don't notice: their `z` is what it was.
    """
    layer, gone = head

    def hold(z: Float[Tensor, "batch pos head d_head"], hook: HookPoint) -> Tensor:
        z[:, :, gone] = reference["z", layer][:, :, gone].mean(dim=0)
        return z

    _, before = model.run_with_cache(tokens)
    with model.hooks([(f"blocks.{layer}.attn.hook_z", hold)]):
        _, after = model.run_with_cache(tokens)
    return attribution(after) - attribution(before)


# %% [markdown]
# We take two heads: the one with the largest direct contribution of all, and the one with the largest in the *last*
# layer. And we measure each in two ways. With the final LayerNorm as it comes, and with its scale **frozen** at what
# it was in the ordinary run. Directions may be scaled prompt by prompt, so freezing takes one line.
#
# **Predict before you run:** nobody reads what a head of the last layer writes, except for the logits. So nobody can
# step in for it. Will its knock-out cost just its direct contribution?


# %%
def frozen(cache: ActivationCache) -> Float[Tensor, "layer head"]:
    """Direct contributions with the final scale of the ordinary run."""
    return direct_logit_attribution(cache, directions * cache["scale"][:, -1] / clean_cache["scale"][:, -1])


free = partial(direct_logit_attribution, directions=directions)
strongest_last = (n_layers - 1, int(direct[-1].argmax()))
changes = {}
for kind, head in {"top": by_direct[0], "last": strongest_last}.items():
    moved, held = (backup_effect(model, prompts.tokens, corrupted_cache, head, way) for way in (free, frozen))
    others, others_held = moved.sum() - moved[head], held.sum() - held[head]
    cost = single[every.index(head)]
    changes[kind] = held
    print(
        f"{named([head])}: contributes {direct[head]:.2f}, its loss costs {-cost:.2f}; "
        f"the others change by {others:+.2f}, with the scale frozen by {others_held:+.2f}"
    )
    record(**{f"backup_{kind}_layer": head[0], f"backup_{kind}_head": head[1], f"backup_{kind}_direct": direct[head]})
    record(**{f"backup_{kind}_cost": -cost, f"backup_{kind}_held": abs(others_held)})

reaction = changes["top"].clone()
reaction[by_direct[0]] = 0  # what it loses itself
figure = heatmap(
    reaction,
    x="head",
    y="layer",
    title=f"How others react to the loss of {named([by_direct[0]])} (logits, scale frozen)",
    diverging=True,
    rows=[str(layer) for layer in range(n_layers)],
    columns=[str(head) for head in range(n_heads)],
)
show(figure, "circuit-backup")
up, down = (divmod(int(i), n_heads) for i in (reaction.argmax(), reaction.argmin()))
record(backup_up_layer=up[0], backup_up_head=up[1], backup_up=reaction[up], backup_up_before=direct[up])
record(backup_down_layer=down[0], backup_down_head=down[1], backup_down=reaction[down])
record(backup_ups=reaction.clamp(min=0).sum(), backup_downs=reaction.clamp(max=0).sum())

# %% [markdown]
# Take the head of the last layer first, {{backup_last_layer}}.{{backup_last_head}}. It contributes
# {{backup_last_direct:.2f}}, and its loss costs {{backup_last_cost:.2f}}. That looks like a backup that does half of
# its work, and there can be none. With the scale frozen the others change by {{backup_last_held:.2f}}. It is the
# LayerNorm again: the stream gets shorter, the divisor smaller, everybody's contribution larger. Nobody repairs
# anything, and yet something is repaired. In larger models, too, a good part of "self-repair" is of this kind
# (Rushing and Nanda, 2024).
#
# Now {{backup_top_layer}}.{{backup_top_head}}. It contributes {{backup_top_direct:.2f}}, and its loss costs
# {{backup_top_cost:.2f}}; with the scale frozen, the others together change by no more than {{backup_top_held:.2f}}.
# So nobody steps in? The sum deceives you: it adds up gains of {{backup_ups:+.2f}} and losses of
# {{backup_downs:+.2f}}. The largest gain is that of {{backup_up_layer}}.{{backup_up_head}}, which had
# {{backup_up_before:.2f}} and gets {{backup_up:.2f}} more: a backup. The largest loss, {{backup_down:+.2f}}, is that
# of {{backup_down_layer}}.{{backup_down_head}}, which seems to have relied on what is gone. Step in, rely on, and
# rescale: one number, the cost of a knock-out, holds all three.
#
# **What it cannot show.** That a head contributes more when another is gone doesn't mean that it is there *for* that
# case. It may just read a place in the stream which is now less full.

# %% [markdown]
# ## Is all of it needed?
#
# At the end of this section you'll be able to justify every member of a circuit.
#
# A circuit that consists of all heads is faithful and complete, and says nothing. So the third demand goes the other
# way: each member must earn its place. It's not enough to remove one head from the circuit and see whether the lead
# falls. You know by now that a head with a double costs nothing, and both of a pair would have to go.

# %% [markdown]
# ### Justify each member
#
# Wang et al. (2022) therefore ask less of a member $v$: there must be *some* set $K$ of other members, after whose
# removal $v$ makes a difference:
#
# $$\max_{K \subseteq C \setminus \{v\}} \big|F(C \setminus K) - F(C \setminus (K \cup \{v\}))\big|.$$
#
# A double counts when its twin is in $K$. Try all $K$ of up to `size` heads.


# %%
def minimality(
    lead: Callable[[Iterable[tuple[int, int]]], float], circuit: list[tuple[int, int]], size: int
) -> dict[tuple[int, int], float]:
    """For each head of the circuit the largest difference that it makes, in logits, within what is left of the circuit.

    lead(heads) is the lead when these heads work and all others are knocked out. For a head v the difference is
    |lead(circuit without K) - lead(circuit without K and v)|; K runs through all sets of at most `size` other heads of
    the circuit, the empty one included.

    If the lead is 4 with a or b or both and 0 with neither, the circuit [a, b] gives {a: 0, b: 0} for size 0 and
    {a: 4, b: 4} for size 1.
    """
    largest = {}
    for head in circuit:
        others = [other for other in circuit if other != head]
        parts = [part for count in range(size + 1) for part in combinations(others, count)]
        rests = [[other for other in others if other not in part] for part in parts]
        largest[head] = max(abs(lead([*rest, head]) - lead(rest)) for rest in rests)
    return largest


# %% [markdown]
# We smuggle a bystander into the circuit: the head whose absence changes the lead least of all. And we compare the
# naive test ($K$ empty) with the one for $K$ of up to two heads.
#
# **Predict before you run:** whose bar is much higher in the second test than in the first? What will the bystander's
# be?

# %%
bystander = min((head for head in every if head not in whole), key=lambda head: abs(single[every.index(head)]))
candidates = sorted([*whole, bystander])
naive, needed = minimality(lead_with, candidates, 0), minimality(lead_with, candidates, 2)
labels = [named([head]) for head in candidates]
figure = house(
    go.Figure(
        [
            go.Bar(name="removed from the circuit alone", x=labels, y=[naive[head] for head in candidates]),
            go.Bar(name="at most, with two others gone", x=labels, y=[needed[head] for head in candidates]),
        ]
    ),
    x="head (layer.head)",
    y="difference that it makes (logits)",
    title="Does each member earn its place?",
)
show(figure.update_xaxes(type="category"), "circuit-minimality")
for head in candidates:
    print(f"{named([head])}: {naive[head]:.2f} alone, up to {needed[head]:.2f}")
least = min(whole, key=lambda head: needed[head])
record(min_bystander_layer=bystander[0], min_bystander_head=bystander[1], min_bystander=needed[bystander])
record(min_least_layer=least[0], min_least_head=least[1], min_least=needed[least], min_least_alone=naive[least])

# %% [markdown]
# The bystander, {{min_bystander_layer}}.{{min_bystander_head}}, never makes more of a difference than
# {{min_bystander:.2f}} logits, whatever is gone. Among the members, {{min_least_layer}}.{{min_least_head}} has the
# weakest claim: {{min_least_alone:.2f}} alone and up to {{min_least:.2f}}. Where one draws the line between the two
# is a choice, and an honest paper shows the bars.

# %% [markdown]
# ## Your circuit
#
# At the end of this section you'll have named a circuit, and it will have stood its trial.
#
# Faithful, complete, minimal: the three pull in different directions. More heads make a circuit more complete and
# less minimal; and each head that is let in may push faithfulness beyond 1. There is no single right answer. There
# are answers that hold and answers that don't.

# %% [markdown]
# ### Name the circuit, and defend it
#
# Which heads of the specimen do the task? Say it in two lists: those whose work counts *at the names* (at the
# recipient, or at either mention of the giver), and those whose work counts *at the end*. Your answer isn't compared
# with a list. It is *tried*, on prompts of this template with other names, places and things:
#
# 1. **Size**: both together have at most 10 heads.
# 2. **Faithful**: faithfulness between 0.9 and 1.1.
# 3. **Complete**: for no part $K$ of up to two of its heads are circuit and model more than a fifth of the model's
#    lead apart.
# 4. **Needed**: each member, alone or with one other gone, makes a difference of 3 % of the model's lead or more.
# 5. **In its place**: knocked out at the place that you name, a head changes the lead more than at the other.
#
# You can try a list of `heads` before you answer, with what you have written: `faithfulness(lead_with, every, heads)`
# is the second point; `completeness(lead_with, every, heads, part)`, for each `part` of up to two heads, the third;
# `minimality(lead_with, heads, 1)` the fourth. (Divide the last two by `lead_with(every)`.) For the fifth, knock a head
# out at one place only: in a hook on its `z`, overwrite the positions of one role, `prompts.marks[role]`, and no
# others.
#
# How small can it be? The cell after the exercise prints your answer's standing next to the smallest circuit that a
# search finds. It takes a while. (The function `standing`, which measures the middle three at once, is defined there.)


# %%
def circuit(place: str) -> list[tuple[int, int]]:
    """The heads of `attn-only-4l` that do indirect object identification, each as (layer, head), in any order.

    place: "names" for those whose work counts where the names stand, "end" for those whose work counts at the end.

    Both together: at most 10, with a faithfulness between 0.9 and 1.1. Whichever two of them are knocked out (or one,
    or none), they are at most a fifth of the model's lead away from the model without the same heads.

    Each makes a difference of 3 % of the model's lead or more, alone or with one other gone. And each is in its place:
    knocked out at the place for which you name it, it changes the lead more than at the other.

    `[(0, 1), (2, 7)]` would mean head 1 of layer 0 and head 7 of layer 2.
    """
    places = {"names": [(0, 3), (0, 7)], "end": [(1, 1), (1, 4), (2, 4), (3, 0), (3, 1)]}
    return places[place]


# %%
def standing(heads: list[tuple[int, int]]) -> tuple[float, float, float]:
    """A circuit's faithfulness, its worst distance from the model for K of up to two, and what its weakest member does.

    The last two are shares of the model's lead.
    """
    parts = [list(part) for count in range(3) for part in combinations(heads, count)]
    worst = max(completeness(lead_with, every, heads, part) for part in parts)
    weakest = min(minimality(lead_with, heads, 1).values())
    return faithfulness(lead_with, every, heads), worst / lead_with(every), weakest / lead_with(every)


def smallest(candidates: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Of the smallest sets of candidates that pass on our prompts, the one with the best worst case."""
    for size in range(1, len(candidates) + 1):
        sets = [list(heads) for heads in combinations(candidates, size)]
        faithful = [heads for heads in sets if abs(faithfulness(lead_with, every, heads) - 1) < 0.1]
        trials = {standing(heads)[1:]: heads for heads in faithful}
        passing = {worst: heads for (worst, weakest), heads in trials.items() if worst < 0.2 and weakest > 0.03}
        if passing:
            return passing[min(passing)]
    return candidates


mine = [*circuit("names"), *circuit("end")]
known = smallest([every[i] for i in single.abs().argsort(descending=True).tolist()[:8]])
print("heads  faithful  worst case  weakest member")
for name, heads in {"yours": mine, "best known": known, "found greedily": small}.items():
    faith, off, weakest = standing(heads)
    print(f"{len(heads):5}  {faith:8.2f}  {off:10.0%}  {weakest:14.0%}  {name}: {named(heads)}")
record(circ_size=len(mine), circ_faith=standing(mine)[0], circ_worst=standing(mine)[1])
record(circ_best_size=len(known), circ_best_faith=standing(known)[0], circ_best_worst=standing(known)[1])

# %% [markdown]
# Our answer has {{circ_size}} heads, reaches {{circ_faith:.2f}}, and is at worst {{circ_worst:.0%}} of the lead
# away from the model. The search (through all sets of the eight heads with the largest effects of their own,
# beginning with the small ones) found one of {{circ_best_size}} heads, with {{circ_best_faith:.2f}} and
# {{circ_best_worst:.0%}}. If yours is smaller and passes, you've beaten it. (The search sees only these 32 prompts,
# the check sees others. A circuit on the very edge may pass here and fail there.)
#
# ## Draw it
#
# At the end of this section you'll have the circuit in one picture, made of measurements.
#
# A drawing says what each member does, and where. Both can be measured. *Where*: the place at which it costs most if
# the head is knocked out at this place only. *What it reads*: the place that it looks at most from there.
#
# **Predict before you run:** at which places do the heads of layer 0 do their work? And those of the other layers?

# %%
drawn_roles = ("recipient", "giver_first", "giver_second", "end")
rows = torch.arange(len(prompts.tokens))


def cost_at(head: tuple[int, int], role: str) -> float:
    """What it costs to knock out one head at one role's place only."""
    layer, gone = head
    mean, at = corrupted_cache["z", layer][:, :, gone].mean(dim=0), prompts.marks[role]

    def hold(z: Float[Tensor, "batch pos head d_head"], hook: HookPoint) -> Tensor:
        z[rows, at, gone] = mean[at]
        return z

    logits = model.run_with_hooks(prompts.tokens, fwd_hooks=[(f"blocks.{layer}.attn.hook_z", hold)])
    return lead_with(every) - logit_difference(logits, prompts.recipient, prompts.giver).item()


def looks_at(head: tuple[int, int], role: str) -> str:
    """The role's place that a head looks at most from another role's place."""
    pattern = clean_cache["pattern", head[0]][rows, head[1], prompts.marks[role]]
    return max(drawn_roles, key=lambda seen: pattern[rows, prompts.marks[seen]].mean().item())


boxes: dict[tuple[str, int, str], list[tuple[int, int]]] = {}
for head in sorted(mine):
    costs = {role: cost_at(head, role) for role in drawn_roles}
    place = max(costs, key=lambda role: costs[role])
    boxes.setdefault((place, head[0], looks_at(head, place)), []).append(head)
    print(f"{named([head])}: " + ", ".join(f"at {role} {cost:+.2f}" for role, cost in costs.items()))

figure = house(go.Figure(), title="The circuit: where it works, and what it looks at", x="place in the text", y="layer")
labelled = []
for (place, layer, seen), heads in boxes.items():
    beside = sum((place, layer) == spot for spot, *_ in labelled)
    x, y = drawn_roles.index(place), layer + 1 + 0.4 * beside
    figure.add_annotation(
        x=x, y=y - 0.2, ax=drawn_roles.index(seen), ay=0.1, axref="x", ayref="y", arrowhead=2, arrowwidth=1.5
    )
    text = f"<b>{named(heads)}</b><br>looks at {'itself' if seen == place else seen.replace('_', ', ')}"
    labelled.append(((place, layer), x, y, text))
for _, x, y, text in labelled:  # after the arrows, so that they lie on top
    figure.add_annotation(x=x, y=y, text=text, showarrow=False, bgcolor="#dbe9f6", borderpad=4)
for i, role in enumerate(drawn_roles):
    figure.add_annotation(x=i, y=0, text=role.replace("_", ", "), showarrow=False, bgcolor="white", borderpad=4)
figure.update_xaxes(range=[-0.6, 3.6], showticklabels=False, ticks="", showgrid=False)
figure.update_yaxes(
    range=[-0.4, n_layers + 0.6], tickvals=[0, 1, 2, 3, 4], ticktext=["words", *map(str, range(n_layers))]
)
show(figure.update_layout(height=560), "circuit-drawing")

# %% [markdown]
# So the heads of layer 0 work where the names stand, above all at the giver's. At its second mention
# {{pp_teller_layer}}.{{pp_teller_head}}, and in a lower voice {{pp_quieter_layer}}.{{pp_quieter_head}}, write the
# name once more, for the suppressors to read. All others work at the end, and what they look at divides them: some
# the giver, some the recipient. What the drawing leaves out is the arrows from head to head. Those you have from path
# patching, and they belong in it.
#
# ## What a circuit claim must survive
#
# At the end of this section you'll have a list to go through before you believe such a claim, your own above all.
#
# "These heads do the task" is a claim about a model, and like any claim it should have been in danger. Here is what
# it ought to have survived, with the place where you tried it:
#
# 1. **A control.** Is the number large compared with what chance gives? (Just below: random circuits of the same
#    size.)
# 2. **The other direction.** Keeping the circuit leaves the answer, *and* removing it takes the answer away.
# 3. **A hostile judge.** The worst $K$, and not a random one.
# 4. **Doubles.** What looks needless may have somebody to stand in for it, and what looks important may have nobody.
# 5. **Its own method.** Zero, mean and resample ablation ask different things; so do different corruptions. Does the
#    claim hold for two of them, or was it a claim about ABC means?
# 6. **The scale.** Is a change somebody's work, or the divisor's?
# 7. **Single prompts.** A mean can be right where every prompt is wrong.
# 8. **New prompts**, from the same template and from others. (Just below.)
# 9. **Freedom of choice.** How many sets, thresholds, positions were tried until it held? A search through hundreds
#    of sets always finds something. So test on prompts that the search hasn't seen; the check of `circuit` does.
#
# Three of these are left to do. **Predict before you run:** what faithfulness do random circuits have on average?
# Will your circuit do a relative clause, or people who arrive one after the other?


# %%
def lead_told(way: str) -> Callable[[Iterable[tuple[int, int]]], float]:
    """F for the prompts of another template, with means over their own ABC versions."""
    these = tokenized(model, make_ioi_prompts(pairs, list(PLACES), list(THINGS), way))
    named_at = these.places("recipient", "giver_first", "giver_second")
    fresh = corrupt_abc(these.tokens[::2], named_at[::2], name_ids, torch.Generator().manual_seed(0))
    _, reference = model.run_with_cache(fresh)

    def measure(heads: Iterable[tuple[int, int]]) -> float:
        """The mean lead with these heads at work."""
        logits = knock_out(model, these.tokens, reference, heads)
        return logit_difference(logits, these.recipient, these.giver).item()

    return measure


generator = torch.Generator().manual_seed(0)
draws = [torch.randperm(len(every), generator=generator)[: len(mine)].tolist() for _ in range(30)]
by_chance = [faithfulness(lead_with, every, [every[i] for i in draw]) for draw in draws]
left = lead_with(set(every) - set(mine)) / lead_with(every)
print(f"{len(draws)} random circuits: mean {sum(by_chance) / len(by_chance):+.3f}, the best {max(by_chance):.2f}")
print(f"the model without the circuit: {left:.2f}")
transfer = {name: faithfulness(lead_told(way), every, mine) for name, way in told.items()}
for name, share in transfer.items():
    print(f"{name:20} faithfulness {share:.2f}")
record(survive_chance=sum(by_chance) / len(by_chance), survive_best_chance=max(by_chance), survive_left=left)
record(survive_low=min(transfer.values()), survive_high=max(transfer.values()))

# %% [markdown]
# Random circuits have {{survive_chance:.2f}} on average, and the best of 30 has {{survive_best_chance:.2f}}. Without
# the circuit, {{survive_left:.2f}} of the lead is left to the model. On the six ways to tell the story the circuit is
# between {{survive_low:.2f}} and {{survive_high:.2f}}: it does the task in all of them. But where it's well above 1,
# it does more than the model, and you know what that means: somebody who matters *there* isn't in it, or the scale is
# another one. So the honest claim is narrower than it feels: *on these templates, against ABC means, with this
# metric, these heads do the work, and here is what they can't account for.*

# %% [markdown]
# ## The same with TransformerLens
#
# At the end of this section you'll have moved your functions to the library that the field uses. Nothing in them is
# tied to the course's own model: they ask for `run_with_cache`, `run_with_hooks`, `hooks` and `cfg`, and hooks are
# named alike. The specimen's folder is an ordinary GPT-2 checkpoint, so TransformerLens's `TransformerBridge` (Nanda
# and Bloom, 2022) opens it as it is, without a network.
#
# (These cells need the optional packages: `pip install "glassbox[lens]"`.)

# %%
import contextlib
import io
import os
import warnings

from course_utils.model import patching
from course_utils.specimens.files import folder_of

if os.environ.get("GLASSBOX_ONLINE") != "1":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # before the library is imported: it shall not look for a network


def open_with_bridge(folder: str):
    """A GPT-2 checkpoint in TransformerLens, its weights rewritten as `load_specimen` does it."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):  # a progress bar, and old news
        warnings.simplefilter("ignore")
        from transformer_lens.model_bridge import TransformerBridge

        bridge = TransformerBridge.boot_transformers(folder, device="cpu")
        bridge.enable_compatibility_mode(disable_warnings=True)
    return bridge.requires_grad_(False)


bridge = open_with_bridge(str(folder_of("attn-only-4l").resolve()))
bridge_logits, bridge_cache = bridge.run_with_cache(prompts.tokens)
_, bridge_reference = bridge.run_with_cache(corrupted.tokens)


def mean_lead(logits: Float[Tensor, "batch pos d_vocab"]) -> Float[Tensor, ""]:
    """The mean lead."""
    return logit_difference(logits, prompts.recipient, prompts.giver)


def bridge_lead_of(heads: Iterable[tuple[int, int]]) -> float:
    """The same F, measured in the library's model by your `knock_out`."""
    return mean_lead(knock_out(bridge, prompts.tokens, bridge_reference, heads)).item()


bridge_backup = backup_effect(bridge, prompts.tokens, bridge_reference, by_direct[0], free)
with contextlib.redirect_stderr(io.StringIO()):  # its progress bar
    from transformer_lens import patching as their_patching

    theirs = their_patching.get_act_patch_attn_head_out_all_pos(bridge, corrupted.tokens, bridge_cache, mean_lead)
ours = patching.get_act_patch_attn_head_out_all_pos(model, corrupted.tokens, clean_cache, mean_lead, progress=False)
yours = patch_head_outputs(model, corrupted.tokens, clean_cache, mean_lead)
distances = {
    "logits": (bridge_logits - clean_logits).abs().max(),
    "attention_by_role": (
        attention_by_role(bridge_cache, prompts.places(*roles)) - attention_by_role(clean_cache, prompts.places(*roles))
    )
    .abs()
    .max(),
    "direct_logit_attribution": (direct_logit_attribution(bridge_cache, directions) - direct).abs().max(),
    "faithfulness of the circuit": torch.tensor(
        faithfulness(bridge_lead_of, every, mine) - faithfulness(lead_with, every, mine)
    ).abs(),
    "backup_effect": (bridge_backup - backup_effect(model, prompts.tokens, corrupted_cache, by_direct[0], free))
    .abs()
    .max(),
    "patching heads: the library, the course": (theirs - ours).abs().max(),
    "patching heads: the library, you": (theirs - yours).abs().max(),
}
for name, distance in distances.items():
    print(f"{name:42} differs by up to {distance.item():.0e}")
record(lib_distance=max(distances.values()))
assert max(distances.values()) < 1e-4

# %% [markdown]
# All agree to {{lib_distance:.0e}}. `transformer_lens.patching` has a function for each sweep of this chapter, under
# the names that `course_utils.model.patching` has too: `get_act_patch_resid_pre`,
# `get_act_patch_attn_head_out_by_pos`, `get_act_patch_attn_head_pattern_all_pos` and so on. They take the *corrupted*
# tokens and the *clean* cache, so what they do is denoising; for noising exchange the two. Path patching isn't among
# them. Most people write it themselves, as you did.
#
# Two traps on the other side. The bridge silently ignores a misspelt hook name, so a knock-out of nothing looks like
# a head that doesn't matter: make sure that what you remove changes *something*. And a metric that has been
# normalised with one model's logits must not be used on a model whose weights have been rewritten differently.
#
# Last, look at your circuit's heads with **circuitsvis** (Cooney and Nanda, 2022), one prompt at a time. It fetches
# its JavaScript unless told otherwise, and reads tokens as HTML; this function does it right.


# %%
def draw_patterns(tokens: list[str], patterns: Float[Tensor, "head query key"], names: list[str]):
    """Attention patterns as circuitsvis draws them, complete in one piece: nothing is fetched from anywhere."""
    import html

    from circuitsvis.attention import attention_heads
    from IPython.display import HTML

    shown = [html.escape(token) for token in tokens]
    return HTML(attention_heads(attention=patterns, tokens=shown, attention_head_names=names).local_src)


words = model.to_str_tokens(prompts.tokens[0])
at_work = torch.stack([bridge_cache["pattern", layer][0, head] for layer, head in mine])
from_end = heatmap(
    at_work[:, -1],
    x="looked at",
    y="head (layer.head)",
    title="Where the circuit's heads look from the end, in one prompt",
    rows=[named([head]) for head in mine],
    columns=words,
)
show(from_end, "circuit-one-prompt")
draw_patterns(words, at_work, [named([head]) for head in mine])

# %% [markdown]
# ## GPT-2 small
#
# At the end of this section you'll know how to try all this on the model on which it began.
#
# The cell below runs your functions on GPT-2 small, and skips itself where
# there is neither a copy of it on this machine nor a network. What Wang et al. (2022) report for it:
#
# | role | heads |
# | --- | --- |
# | name movers: look at the recipient from the end and copy | 9.9, 9.6, 10.0 |
# | backup name movers: take over when those are gone | 9.0, 9.7, 10.1, 10.2, 10.6, 10.10, 11.2, 11.9 |
# | negative name movers: look there and write against | 10.7, 11.10 |
# | S-inhibition: look at the giver's second mention, turn the name movers away from it | 7.3, 7.9, 8.6, 8.10 |
# | duplicate tokens: look from the second mention to the first | 0.1, 0.10, 3.0 |
# | induction: the same purpose by another way | 5.5, 5.8, 5.9, 6.9 |
# | previous token: for the induction heads | 2.2, 4.11 |
#
# As far as an analogy goes, {{backup_last_layer}}.{{backup_last_head}} is one of our name movers,
# {{comp_a_layer}}.{{comp_a_head}} and {{comp_b_layer}}.{{comp_b_head}} look where S-inhibition heads look, and
# {{comp_missing_layer}}.{{comp_missing_head}} is a backup. It is one of roles and not of mechanisms. The largest
# difference: in GPT-2 the knowledge of who gives is used to steer *attention*. In the specimen, which has no MLPs and
# few layers, most of it goes to the logits at once.
#
# Two warnings for the comparison. The paper keeps each head only at the positions where it does its work; our
# `knock_out` keeps it everywhere, so that the two faithfulness values aren't the same measurement (theirs: 0.87). And
# its name movers were found on more templates than one.
#
# **Predict before you run:** the three name movers are the strongest writers of the answer. How much of the lead is
# lost when all three are knocked out?

# %%
from course_utils.catalog import CourseError

REPORTED = {
    "name mover": [(9, 9), (9, 6), (10, 0)],
    "backup": [(9, 0), (9, 7), (10, 1), (10, 2), (10, 6), (10, 10), (11, 2), (11, 9)],
    "negative": [(10, 7), (11, 10)],
    "S-inhibition": [(7, 3), (7, 9), (8, 6), (8, 10)],
    "duplicate token": [(0, 1), (0, 10), (3, 0)],
    "induction": [(5, 5), (5, 8), (5, 9), (6, 9)],
    "previous token": [(2, 2), (4, 11)],
}
ENGLISH_NAMES = [
    "Mary", "John", "Tom", "James", "Dan", "Sarah", "Michael", "Anna", "David", "Kate", "Paul", "Laura",
    "Mark", "Susan", "Peter", "Alice", "Robert", "Emma", "Simon", "Jane", "Adam", "Rachel", "Jack", "Lucy",
]  # fmt: skip
ENGLISH_PLACES = ["store", "garden", "school", "hospital", "office", "station", "restaurant", "house"]
ENGLISH_THINGS = ["drink", "book", "ring", "computer", "ball", "letter"]
ENGLISH = "When{first} and{second} went to the{place},{giver} gave a{thing} to"


def one_token(model: HookedTransformer, words: list[str]) -> list[str]:
    """Those of the words that are a single token when a space stands before them, with the space."""
    return [f" {word}" for word in words if model.to_tokens(f" {word}", prepend_bos=False).shape[1] == 1]


def ioi_of_gpt2(model: HookedTransformer, n_pairs: int = 6, seed: int = 0) -> dict[str, object]:
    """What this chapter measures on its specimen, on a GPT-2; of the reported heads, those that it has.

    lead: the mean lead. direct: each head's direct contribution. looks: attention from the end to recipient and giver.
    faithfulness: of all reported heads together. without_movers: the lead with the name movers knocked out. backup: how
    direct contributions change without 9.9, if there is one.
    """
    names = one_token(model, ENGLISH_NAMES)
    some = list(zip(names[: 2 * n_pairs : 2], names[1 : 2 * n_pairs : 2], strict=True))
    english = make_ioi_prompts(some, one_token(model, ENGLISH_PLACES), one_token(model, ENGLISH_THINGS), ENGLISH)
    these = tokenized(model, english)
    ids = torch.tensor([model.to_single_token(name) for name in names])
    named_at = these.places("recipient", "giver_first", "giver_second")
    fresh = corrupt_abc(these.tokens[::2], named_at[::2], ids, torch.Generator().manual_seed(seed))
    logits, cache = model.run_with_cache(these.tokens)
    _, reference = model.run_with_cache(fresh)
    heads = list(product(range(model.cfg.n_layers), range(model.cfg.n_heads)))
    reported = [head for group in REPORTED.values() for head in group if head in heads]
    movers = [head for head in REPORTED["name mover"] if head in heads]
    toward = residual_directions(model.W_U, these.recipient, these.giver)
    attribution = partial(direct_logit_attribution, directions=toward)

    def lead_here(kept: Iterable[tuple[int, int]]) -> float:
        return logit_difference(knock_out(model, these.tokens, reference, kept), these.recipient, these.giver).item()

    found = {
        "lead": logit_difference(logits, these.recipient, these.giver).item(),
        "direct": attribution(cache),
        "looks": attention_by_role(cache, these.places("recipient", "giver_second")),
        "faithfulness": faithfulness(lead_here, heads, reported),
        "without_movers": lead_here(set(heads) - set(movers)),
    }
    if (9, 9) in heads:
        found["backup"] = backup_effect(model, these.tokens, reference, (9, 9), attribution)
    return found


def tell_gpt2(found: dict[str, object]) -> None:
    """Print it: the numbers, the strongest heads, and every reported head with its role."""
    n_heads = found["direct"].shape[1]
    print(f"lead {found['lead']:.2f}, without the name movers {found['without_movers']:.2f}")
    print(f"faithfulness of the reported heads, kept at all positions: {found['faithfulness']:.2f}")
    for title, table in {"direct contribution": found["direct"], "gain without 9.9": found.get("backup")}.items():
        if table is not None:
            top = [divmod(i, n_heads) for i in table.flatten().argsort(descending=True).tolist()[:8]]
            print(f"largest {title}:", ", ".join(f"{layer}.{head} {table[layer, head]:+.2f}" for layer, head in top))
    for role, heads in REPORTED.items():
        for layer, head in heads:
            if layer < found["direct"].shape[0] and head < n_heads:
                recipient, giver = found["looks"][layer, head].tolist()
                share = f"direct {found['direct'][layer, head]:+.2f}"
                print(f"{role:16} {layer}.{head:<3} {share}, looks at recipient {recipient:.2f}, giver {giver:.2f}")


def gpt2_small() -> HookedTransformer | None:
    """GPT-2 small from this machine, or over the network where GLASSBOX_ONLINE=1 allows it; None if there is none."""
    try:
        return HookedTransformer.from_pretrained("gpt2").requires_grad_(False)
    except CourseError:
        print("Skipped: no copy of GPT-2 on this machine. With a network, set GLASSBOX_ONLINE=1 and run this again.")
        return None


if gpt2 := gpt2_small():
    tell_gpt2(ioi_of_gpt2(gpt2))

# %% [markdown]
# When you have run it, compare. Do the strongest writers have the reported names? Do they look at the recipient, and
# the S-inhibition heads at the giver? How much does the loss of all three name movers cost, next to the sum of what
# they contributed? What is missing between the two has been made up for: look for backup heads in the last list, and
# remember the scale.

# %% [markdown]
# ## Now on your own
#
# No checks here, and for some no known answer.
#
# 1. **Another ablation.** Write `knock_out` with resampling: each head gets its `z` from *one* ABC prompt, not from
#    the mean. Does your circuit still pass? Why should faithfulness above 1 be rarer then?
# 2. **Positions.** Wang et al. keep a head only where it works. Give `knock_out` a place for each head (the drawing
#    says where) and see how much smaller the circuit is, counted in (head, place).
# 3. **The other corruption.** Take the mean over prompts in which only the giver's second mention is a stranger.
#    Which heads does the circuit no longer need? What did they do?
# 4. **What the backup reads.** The forgotten member gains when the two suppressors are gone. By its query, its key or
#    its value? Patch them one by one, in the run with the knock-out.
# 5. **A worse removal.** Beat the greedy judge: find a larger distance for the reference circuit than `worst_removal`
#    does. (All parts of seven heads are only 128.)
# 6. **Circuits by gradient.** `attribution_patching` estimates every head at once. Grow a circuit in that order. How
#    many more heads does it need than the greedy one, and how many runs fewer?
# 7. **Two tasks, one circuit?** Take repeated random words and the induction heads of this specimen. Are there heads
#    that both circuits need? What do they do for each?
# 8. **With MLPs.** Do the whole chapter on `microworld-4l`, which has MLPs and does the task as well. How far do you
#    get with heads alone?
