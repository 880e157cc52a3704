"""Checks for ablation_effects, coarse to fine. The ablation itself is made up, so that only the bookkeeping is judged."""

import math

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import HookedTransformer, HookedTransformerConfig

CFG = HookedTransformerConfig(n_layers=2, d_model=12, n_heads=3, n_ctx=9, d_vocab=11, seed=1, attn_only=True)
TOKENS = torch.tensor([[0, 3, 7, 4, 2, 3, 7, 4, 2], [0, 5, 8, 1, 10, 5, 8, 1, 10]])  # n = 4
N = 4


def model_and_logits():
    model = HookedTransformer(CFG)
    return model, model(TOKENS).detach()


def test_there_is_a_number_for_each_head_of_each_layer(ablation_effects):
    model, clean = model_and_logits()
    asked = []
    agree(
        ablation_effects(model, TOKENS, lambda layer, head: (asked.append((layer, head)), clean)[1]),
        torch.zeros(2, 3),
        "Two layers of three heads, and an ablation that changes nothing: the table is [layer head], all zeros.",
    )
    wanted = [(layer, head) for layer in range(2) for head in range(3)]
    says = "Every head is ablated once, as ablate(layer, head): layers 0 and 1, heads 0, 1 and 2."
    require(sorted(asked) == wanted, says, expected=wanted, got=sorted(asked))


def test_worse_is_positive_and_stands_at_its_own_place(ablation_effects):
    model, clean = model_and_logits()
    probs = clean.softmax(-1)

    def ablate(layer, head):
        """The probability of every token that comes is halved where this is head 2 of layer 1; the others' are shuffled."""
        if (layer, head) != (1, 2):
            return clean
        changed = probs * torch.rand(probs.shape, generator=torch.Generator().manual_seed(3)).add(0.1)
        for text in range(2):
            for place in range(8):
                comes = TOKENS[text, place + 1]
                half = probs[text, place, comes] / 2
                changed[text, place, comes] = 0
                changed[text, place] *= (1 - half) / changed[text, place].sum()
                changed[text, place, comes] = half
        return changed.log()

    expected = torch.zeros(2, 3)
    expected[1, 2] = math.log(2)
    says = "Without head 2 of layer 1 the right token is half as probable everywhere: ln 2 nats more, at [1, 2]."
    agree(ablation_effects(model, TOKENS, ablate), expected, says)


def test_better_is_negative(ablation_effects):
    model, clean = model_and_logits()
    helped = clean.log_softmax(-1)
    for text in range(2):
        for place in range(8):
            helped[text, place] -= math.log(2)  # every token half as probable as it was ...
            comes = TOKENS[text, place + 1]
            helped[text, place, comes] = (0.5 + 0.5 * clean[text, place].softmax(-1)[comes]).log()  # ... but for this
    got = ablation_effects(model, TOKENS, lambda layer, head: helped)
    says = "Here every ablation helps: the right token is more probable than before. The loss falls, so effects are below 0."
    require(isinstance(got, torch.Tensor) and bool((got < -0.5).all()), says, got=got)


def test_the_first_half_does_not_count(ablation_effects):
    model, clean = model_and_logits()

    def ablate(layer, head):
        spoilt = clean.clone()
        spoilt[:, :N] = torch.randn(2, N, 11, generator=torch.Generator().manual_seed(layer + 7 * head))
        return spoilt

    says = (
        "The ablation spoils the logits at positions 0 to 3 only, which predict the words of the first half (positions "
        "1 to 4): no effect."
    )
    agree(ablation_effects(model, TOKENS, ablate), torch.zeros(2, 3), says)


def test_all_of_the_second_half_counts(ablation_effects):
    model, clean = model_and_logits()
    spoilt, rise = clean.clone(), 0.0
    for place, by in [(N, 20.0), (2 * N - 1, 9.0)]:
        for text in range(2):
            comes = TOKENS[text, place + 1]
            spoilt[text, place, comes] -= by + text
            before, after = (logits[text, place].log_softmax(-1)[comes] for logits in (clean, spoilt))
            rise += float(before - after) / (2 * N)
    says = (
        f"The first word of the second half is predicted at position {N} and the last at {2 * N - 1}; these two predictions are "
        "spoilt here, the first one more."
    )
    agree(ablation_effects(model, TOKENS, lambda layer, head: spoilt), torch.full((2, 3), rise), says)


LOGITS, CUT = "logits[:, -n - 1 : -1].log_softmax(dim=-1)", "tokens[:, -n:, None]"
PLACED = "effects[layer, head] = loss(ablate(layer, head)) - as_it_is"
EVERY, PLACE = (
    "test_there_is_a_number_for_each_head_of_each_layer",
    "test_worse_is_positive_and_stands_at_its_own_place",
)
BETTER = "test_better_is_negative"
EARLY, LATE = "test_the_first_half_does_not_count", "test_all_of_the_second_half_counts"
LOSS = "return -log_probs.gather(-1, " + CUT + ").mean()"

MUTANTS = [
    Mutant("the loss itself is returned, not its rise", PLACED, "effects[layer, head] = loss(ablate(layer, head))", EVERY),
    Mutant("the table is [head layer]", "return effects", "return effects.T", EVERY),
    Mutant("the table is flat", "return effects", "return effects.flatten()", EVERY),
    Mutant("the loss is divided by the one as it is", PLACED, "effects[layer, head] = loss(ablate(layer, head)) / as_it_is", EVERY),
    Mutant("the last layer is left out", "range(model.cfg.n_layers)", "range(model.cfg.n_layers - 1)", EVERY),
    Mutant("head and layer are handed to the ablation in the wrong order", PLACED, PLACED.replace("layer, head)", "head, layer)"), EVERY),
    Mutant("the sign is turned: worse is negative", PLACED, "effects[layer, head] = as_it_is - loss(ablate(layer, head))", PLACE),
    Mutant("the rise is given as a share of the loss", PLACED, "effects[layer, head] = loss(ablate(layer, head)) / as_it_is - 1", PLACE),
    Mutant("only the size of the difference is kept", PLACED, "effects[layer, head] = (loss(ablate(layer, head)) - as_it_is).abs()", BETTER),
    Mutant("what helps is counted as no effect", PLACED, "effects[layer, head] = (loss(ablate(layer, head)) - as_it_is).clamp(min=0)", BETTER),
    Mutant("losses are summed and not averaged", LOSS, LOSS.replace("mean()", "sum()"), PLACE),
    Mutant("probabilities are compared, and not their logarithms", LOGITS, LOGITS.replace("log_softmax", "softmax"), PLACE),
    Mutant("logits are compared without softmax", LOGITS, "logits[:, -n - 1 : -1]", PLACE),
    Mutant("the logarithm is to base 2", LOSS, LOSS.replace("mean()", "mean() / math.log(2)"), PLACE),
    Mutant("the logits at a position are compared with the token at the same position", LOGITS, "logits[:, -n:].log_softmax(dim=-1)", PLACE),
    Mutant("the shift is one too many: a token is looked up two positions before it", LOGITS, "logits[:, -n - 2 : -2].log_softmax(dim=-1)", PLACE),
    Mutant("the highest logit counts, and not that of the token that comes", LOSS, "return -log_probs.max(dim=-1).values.mean()", PLACE),
    Mutant("the loss is over the whole text", LOSS, "return -logits[:, :-1].log_softmax(dim=-1).gather(-1, tokens[:, 1:, None]).mean()", EARLY),
    Mutant("the last word of the first half is counted as well", LOSS,
           "return -logits[:, -n - 2 : -1].log_softmax(dim=-1).gather(-1, tokens[:, -n - 1 :, None]).mean()", EARLY),
    Mutant("the first half is counted in place of the second", LOSS,
           "return -logits[:, :n].log_softmax(dim=-1).gather(-1, tokens[:, 1 : n + 1, None]).mean()", EARLY),
    Mutant("the first word of the second half is left out", LOSS, "return -log_probs.gather(-1, " + CUT + ")[:, 1:].mean()", LATE),
    Mutant("the last word is left out", LOSS, "return -log_probs.gather(-1, " + CUT + ")[:, :-1].mean()", LATE),
    Mutant("only the last word counts", LOSS, "return -log_probs.gather(-1, " + CUT + ")[:, -1].mean()", LATE),
    Mutant("only the first text counts", LOSS, "return -log_probs.gather(-1, " + CUT + ")[0].mean()", LATE),
]  # fmt: skip

ACCEPTED = [
    Accepted("cross_entropy", LOSS, "return torch.nn.functional.cross_entropy(logits[:, n:-1].flatten(0, 1), tokens[:, n + 1 :].flatten())"),
    Accepted("the model's own loss", LOSS, "return model.loss_fn(logits, tokens, per_token=True)[:, n:].mean()"),
    Accepted("the difference of the losses of each token", PLACED,
             "effects[layer, head] = (model.loss_fn(ablate(layer, head), tokens, True) - model.loss_fn(model(tokens), tokens, True))[:, n:].mean()"),
]  # fmt: skip
