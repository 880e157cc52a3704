"""Checks for zero_ablate, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree
from course_utils.model import HookedTransformer, HookedTransformerConfig


def tiny():
    """A small model, always the same one: three layers, four heads, no weight and no bias zero."""
    cfg = HookedTransformerConfig(n_layers=3, d_model=12, n_heads=4, d_head=5, d_mlp=8, n_ctx=9, d_vocab=11, seed=1)
    model, generator = HookedTransformer(cfg), torch.Generator().manual_seed(2)
    for name, parameter in model.named_parameters():
        last = name.rpartition(".")[2]
        if not last.startswith("W"):
            parameter.data = 0.5 * torch.randn(parameter.shape, generator=generator) + (last == "w")
    return model


TOKENS = torch.tensor([[0, 3, 7, 3, 10, 2], [0, 5, 1, 8, 8, 4]])


def cut_off(layer, head):
    """The logits of a model whose head can't write: the rows of its W_O are 0."""
    model = tiny()
    model.blocks[layer].attn.W_O.data[head] = 0
    return model(TOKENS)


def test_the_head_no_longer_writes_into_the_stream(zero_ablate):
    says = (
        "Head 2 of layer 1 is ablated. Wanted are the logits of the same model with this head's W_O zero: what it "
        "gathers then reaches nobody, while the other heads, b_O and all positions are as ever."
    )
    agree(zero_ablate(tiny(), TOKENS, 1, 2), cut_off(1, 2), says)


def test_any_head_of_any_layer(zero_ablate):
    says = "Head 3 of layer 2, and head 0 of layer 0: the two numbers are layer and head, in this order."
    agree(zero_ablate(tiny(), TOKENS, 2, 3), cut_off(2, 3), says)
    agree(zero_ablate(tiny(), TOKENS, 0, 0), cut_off(0, 0), says)


def test_the_model_is_left_as_it_was(zero_ablate):
    model = tiny()
    zero_ablate(model, TOKENS, 1, 2)
    says = "The model's weights must be what they were: whoever runs it next relies on them. Change what passes a hook."
    agree(model.W_O, tiny().W_O, says)
    says = "After the ablation the model, run as ever, must give what it gave before: no hook stays on."
    agree(model(TOKENS), tiny()(TOKENS), says)


SET = "z[:, :, head] = 0.0"
RUN = "return model.run_with_hooks(tokens, fwd_hooks=["
RETURN = RUN + '(f"blocks.{layer}.attn.hook_z", silence)])'
FIRST = "test_the_head_no_longer_writes_into_the_stream"

MUTANTS = [
    Mutant("nothing is changed (`model.W_O` is put together anew whenever it is asked for: writing into it changes nothing)", SET, "pass", FIRST),
    Mutant("the head is zeroed in every layer", 'f"blocks.{layer}.attn.hook_z"', '"*hook_z"', FIRST),
    Mutant("all heads of the layer are zeroed", SET, "z[:] = 0.0", FIRST),
    Mutant("all heads but this one are zeroed", SET, "z *= (torch.arange(z.shape[2]) == head)[:, None]", FIRST),
    Mutant("the position with the head's number is zeroed, for all heads", SET, "z[:, head] = 0.0", FIRST),
    Mutant("one of the head's dimensions is zeroed in every head", SET, "z[..., head] = 0.0", FIRST),
    Mutant("only the last position is ablated", SET, "z[:, -1, head] = 0.0", FIRST),
    Mutant("only the first text is ablated", SET, "z[0, :, head] = 0.0", FIRST),
    Mutant("the layer after the one that was named is ablated", "blocks.{layer}.", "blocks.{layer + 1}.", FIRST),
    Mutant("what the whole layer writes is zeroed, b_O included", RETURN,
           RUN + '(f"blocks.{layer}.hook_attn_out", lambda x, hook: x * 0)])', FIRST),
    Mutant("the queries are zeroed: the head still gathers, only from everywhere alike", 'hook_z", silence', 'hook_q", silence', FIRST),
    Mutant("log-probabilities are returned in place of logits", "silence)])", "silence)]).log_softmax(-1)", FIRST),
    Mutant.whole("head and layer have changed places", """def zero_ablate(model, tokens, layer, head):
    def silence(z, hook):
        z[:, :, layer] = 0.0
        return z

    return model.run_with_hooks(tokens, fwd_hooks=[(f"blocks.{head}.attn.hook_z", silence)])
""", FIRST),
    Mutant("it is always layer 1 that is ablated", "blocks.{layer}.", "blocks.1.", "test_any_head_of_any_layer"),
    Mutant(
        "the hook is put on with add_hook and never taken off",
        RETURN,
        'model.add_hook(f"blocks.{layer}.attn.hook_z", silence)\n    return model(tokens)',
        "test_the_model_is_left_as_it_was",
    ),
    Mutant(
        "the weights of the model itself are zeroed",
        RETURN,
        "model.blocks[layer].attn.W_O.data[head] = 0\n    return model(tokens)",
        "test_the_model_is_left_as_it_was",
    ),
]  # fmt: skip

ACCEPTED = [
    Accepted("no return: the hook wrote into its own copy", SET + "\n        return z", SET),
    Accepted("values zeroed, so that there is nothing to gather", 'hook_z", silence', 'hook_v", silence'),
    Accepted("pattern zeroed", 'hook_z", silence', 'hook_pattern", lambda p, hook: p * (torch.arange(p.shape[1]) != head)[:, None, None]'),
    Accepted("a context", RETURN, 'with model.hooks(fwd_hooks=[(f"blocks.{layer}.attn.hook_z", silence)]):\n        return model(tokens)'),
]  # fmt: skip
