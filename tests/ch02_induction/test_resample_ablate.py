"""Checks for resample_ablate, coarse to fine."""

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


TOKENS = torch.tensor([[0, 3, 7, 3, 10, 2], [0, 5, 1, 8, 8, 4], [0, 1, 1, 6, 9, 3]])
OTHER = torch.tensor([[0, 9, 9, 1, 6, 2], [0, 2, 4, 7, 10, 1], [0, 6, 5, 3, 2, 8]])


def expected(tokens, other_tokens, layer, head):
    """What the layer adds on the tokens, less what the head wrote there, plus what it writes on the other tokens."""
    model = tiny()
    where = f"blocks.{layer}.hook_attn_out"
    _, own = model.run_with_cache(tokens)
    _, other = model.run_with_cache(other_tokens)
    change = (other["z", layer] - own["z", layer])[:, :, head] @ model.W_O[layer, head]
    return model.run_with_hooks(tokens, fwd_hooks=[(where, lambda x, hook: x + change)])


def test_the_head_says_what_it_says_on_the_other_prompt(resample_ablate):
    says = (
        "One text, and another one to resample from. The run on `tokens` goes on as ever, except that head 2 of layer 1 "
        "writes, at each position, what it writes at that position of the other text."
    )
    agree(resample_ablate(tiny(), TOKENS[:1], 1, 2, OTHER[:1]), expected(TOKENS[:1], OTHER[:1], 1, 2), says)


def test_each_text_borrows_from_its_own_row(resample_ablate):
    says = "Three texts: text i gets the head's z of other text i, and of no other."
    agree(resample_ablate(tiny(), TOKENS, 0, 3, OTHER), expected(TOKENS, OTHER, 0, 3), says)


def test_the_model_is_left_as_it_was(resample_ablate):
    model = tiny()
    resample_ablate(model, TOKENS, 1, 2, OTHER)
    says = "After the ablation the model, run as ever, must give what it gave before: no hook stays on."
    agree(model(TOKENS), tiny()(TOKENS), says)


SET = "z[:, :, head] = other[where][:, :, head]"
LEND = "model.run_with_cache(other_tokens, names_filter=where)"
RETURN = "return model.run_with_hooks(tokens, fwd_hooks=[(where, lend)])"
FIRST, ROWS = "test_the_head_says_what_it_says_on_the_other_prompt", "test_each_text_borrows_from_its_own_row"

MUTANTS = [
    Mutant("the value is lent from the same run: a patch of the tokens into themselves", LEND, LEND.replace("other_tokens", "tokens"), FIRST),
    Mutant.whole(
        "the two runs have changed roles: the other text runs on, with a z from the tokens",
        '''def resample_ablate(model, tokens, layer, head, other_tokens):
    where = f"blocks.{layer}.attn.hook_z"
    _, own = model.run_with_cache(tokens, names_filter=where)

    def lend(z, hook):
        z[:, :, head] = own[where][:, :, head]
        return z

    return model.run_with_hooks(other_tokens, fwd_hooks=[(where, lend)])
''',
        FIRST,
    ),
    Mutant("the logits of the other text are returned", RETURN, "return model(other_tokens)", FIRST),
    Mutant("all heads of the layer are resampled", SET, "z[:] = other[where]", FIRST),
    Mutant("all heads but this one are resampled", SET, "z[:, :, torch.arange(z.shape[2]) != head] = other[where][:, :, torch.arange(z.shape[2]) != head]", FIRST),
    Mutant("the head is resampled in every layer", "    def lend(z: Float[Tensor, \"batch pos head d_head\"], hook: HookPoint) -> Tensor:\n        " + SET + "\n        return z\n\n    " + RETURN,
           "    _, other = model.run_with_cache(other_tokens)\n\n    def lend(z, hook):\n        z[:, :, head] = other[hook.name][:, :, head]\n        return z\n\n    return model.run_with_hooks(tokens, fwd_hooks=[(\"*hook_z\", lend)])", FIRST),
    Mutant("the hook is on every layer, so that all of them get this layer's z", "fwd_hooks=[(where, lend)]", 'fwd_hooks=[("*hook_z", lend)]', FIRST),
    Mutant("the values (hook_v) come from the other text, but are gathered with this text's pattern", 'attn.hook_z"', 'attn.hook_v"', FIRST),
    Mutant("only the last position is resampled", SET, "z[:, -1, head] = other[where][:, -1, head]", FIRST),
    Mutant("the mean over the other text's positions goes in, which is mean ablation", SET, "z[:, :, head] = other[where][:, :, head].mean(dim=1, keepdim=True)", FIRST),
    Mutant("the other head's z is added", SET, "z[:, :, head] += other[where][:, :, head]", FIRST),
    Mutant("the pattern is taken from the other text, and the values are not", 'where = f"blocks.{layer}.attn.hook_z"',
           'where = f"blocks.{layer}.attn.hook_z"\n    at = f"blocks.{layer}.attn.hook_pattern"\n    _, seen = model.run_with_cache(other_tokens, names_filter=at)\n'
           "    return model.run_with_hooks(tokens, fwd_hooks=[(at, lambda p, hook: torch.where((torch.arange(p.shape[1]) == head)[:, None, None], seen[at], p))])", FIRST),
    Mutant("all texts borrow from the first of the others", SET, "z[:, :, head] = other[where][:1, :, head]", ROWS),
    Mutant("all texts get the average of the others", SET, "z[:, :, head] = other[where][:, :, head].mean(dim=0)", ROWS),
    Mutant("each text borrows from the next row", SET, "z[:, :, head] = other[where][:, :, head].roll(-1, dims=0)", ROWS),
    Mutant("the hook is never taken off", RETURN, "model.add_hook(where, lend)\n    return model(tokens)", "test_the_model_is_left_as_it_was"),
]  # fmt: skip

ACCEPTED = [
    Accepted("the whole cache", LEND, "model.run_with_cache(other_tokens)"),
    Accepted("stopping the other run early", "names_filter=where)", "names_filter=where, stop_at_layer=layer + 1)"),
    Accepted("a copy with another shape of edit", SET + "\n        return z",
             "chosen = (torch.arange(z.shape[2]) == head)[:, None]\n        return torch.where(chosen, other[where], z)"),
]  # fmt: skip
