"""Checks for patch_block_outputs, coarse to fine, on a tiny random model with biases and LayerNorm."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import HookedTransformer, HookedTransformerConfig

SIZES = {"n_layers": 3, "d_model": 12, "n_heads": 3, "d_head": 5, "n_ctx": 8, "d_vocab": 11, "d_mlp": 7}
TOKENS = torch.tensor([[0, 3, 1, 4, 9, 2], [0, 2, 6, 5, 3, 3], [0, 7, 7, 8, 10, 1], [0, 1, 10, 2, 6, 6]])
OTHER = torch.tensor([[0, 8, 5, 4, 9, 2], [0, 4, 6, 1, 2, 8], [0, 9, 3, 8, 1, 5], [0, 6, 2, 7, 5, 4]])
PLACES = torch.tensor([[1, 4], [4, 2], [3, 1], [2, 5]])  # two roles
WEIGHTS = torch.randn(4, 11, generator=torch.Generator().manual_seed(9))


def metric(logits):
    """Each prompt and token counts with a weight of its own."""
    return (logits[:, -1] * WEIGHTS[: len(logits)]).sum() / 4


def tiny():
    model = HookedTransformer(HookedTransformerConfig(**SIZES, normalization_type="LN"))
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.6 * torch.randn(parameter.shape, generator=generator))
    return model.requires_grad_(False)


def slow(model, tokens, other, places):
    """Add, in each prompt at its own place, how the two attention outputs differ to the stream between the two parts."""
    own, theirs = model.run_with_cache(tokens)[1], model.run_with_cache(other)[1]
    table = torch.zeros(3, places.shape[1])
    for layer in range(3):
        for role in range(places.shape[1]):
            stream = own["resid_mid", layer].clone()
            for i in range(len(tokens)):
                at = int(places[i, role])
                stream[i, at] += theirs["attn_out", layer][i, at] - own["attn_out", layer][i, at]
            block = model.blocks[layer]
            after = stream + block.mlp(block.ln2(stream))
            rest = model(after, start_at_layer=layer + 1) if layer < 2 else model.unembed(model.ln_final(after))
            table[layer, role] = metric(rest)
    return table


def test_nothing_is_left_behind(patch_block_outputs):
    model = tiny()
    _, cache = model.run_with_cache(OTHER)
    before = {entry: value.clone() for entry, value in cache.items()}
    patch_block_outputs(model, TOKENS, cache, metric, PLACES)
    for name, value in before.items():
        says = f"You wrote into the cache: {name} is no longer what it was, and the next sweep relies on it."
        require(torch.equal(cache[name], value), says, got=cache[name])
    says = "Afterwards the model, run as ever, must give what it gave before: a hook of yours is still on it."
    agree(model(TOKENS), tiny()(TOKENS), says)


def test_one_number_for_each_layer_and_role(patch_block_outputs):
    model = tiny()
    got = patch_block_outputs(model, TOKENS, model.run_with_cache(OTHER)[1], metric, PLACES)
    agree(
        tuple(got.shape),
        (3, 2),
        "3 layers, 2 roles, texts of 6 tokens: one row for each layer, one column for each role.",
    )


def test_a_run_patched_into_itself_stays_as_it_is(patch_block_outputs):
    model = tiny()
    logits, cache = model.run_with_cache(TOKENS)
    says = (
        "The source is a run on the very same tokens: whatever is replaced, each entry is the metric of the plain run."
    )
    agree(patch_block_outputs(model, TOKENS, cache, metric, PLACES), metric(logits).expand(3, 2).clone(), says)


def test_one_prompt_by_itself(patch_block_outputs):
    model = tiny()
    got = patch_block_outputs(model, TOKENS[:1], model.run_with_cache(OTHER[:1])[1], metric, PLACES[:1])
    says = (
        "One prompt, with role 0 at position 1 and role 1 at position 4: what the attention of one layer writes there, "
        "and only there, is the source's."
    )
    agree(got, slow(tiny(), TOKENS[:1], OTHER[:1], PLACES[:1]), says)


def test_each_prompt_at_its_own_place(patch_block_outputs):
    model = tiny()
    got = patch_block_outputs(model, TOKENS, model.run_with_cache(OTHER)[1], metric, PLACES)
    says = (
        "Four prompts, in which role 0 stands at positions 1, 4, 3, 2: prompt 0 is patched at position 1 and nowhere "
        "else, prompt 1 at position 4 and nowhere else, and so on."
    )
    agree(got, slow(tiny(), TOKENS, OTHER, PLACES), says)


SHAPE, SELF = "test_one_number_for_each_layer_and_role", "test_a_run_patched_into_itself_stays_as_it_is"
ALONE, OWN, LEFT = "test_one_prompt_by_itself", "test_each_prompt_at_its_own_place", "test_nothing_is_left_behind"
SET = "written[prompt, at] = source[hook.name][prompt, at]"
RUN = "metric(model.run_with_hooks(tokens, fwd_hooks=[hooked]))"
MUTANTS = [
    Mutant("the table is [role layer]", "return result", "return result.T", SHAPE),
    Mutant("all positions are swept, and the roles are not asked for", "return result", "return torch.zeros(model.cfg.n_layers, tokens.shape[1])", SHAPE),
    Mutant("the places are emptied, and nothing is put in", SET, "written[prompt, at] = 0.0", SELF),
    Mutant("the source's writing is added to the run's own", SET, "written[prompt, at] += source[hook.name][prompt, at]", SELF),
    Mutant("the change is returned, and not the metric", RUN, RUN + " - metric(model(tokens))", SELF),
    Mutant("the places of the first prompt are read from the source for all", "source[hook.name][prompt, at]", "source[hook.name][prompt, at[0]]", SELF),
    Mutant("all prompts get what the first prompt of the source has", "source[hook.name][prompt, at]", "source[hook.name][0, at]", SELF),
    Mutant("the stream after the layer is put in, and not what the layer writes", "source[hook.name]", 'source["resid_post", hook.layer()]', SELF),
    Mutant("the stream before the layer is patched", "hook_attn_out", "hook_resid_pre", ALONE),
    Mutant("the stream after the layer is patched", "hook_attn_out", "hook_resid_post", ALONE),
    Mutant("the MLP's writing is patched", "hook_attn_out", "hook_mlp_out", ALONE),
    Mutant("all positions are patched", SET, "written[:] = source[hook.name]", ALONE),
    Mutant("each layer is patched at the role", 'f"blocks.{layer}.hook_attn_out"', '"*hook_attn_out"', ALONE),
    Mutant("the role's number is taken for the position", "at=places[:, role]", "at=torch.full((len(tokens),), role)", ALONE),
    Mutant("all roles are patched at once", SET, "written[prompt[:, None], places] = source[hook.name][prompt[:, None], places]", ALONE),
    Mutant("places counts from the first word, and the opening token is skipped", "at=places[:, role]", "at=places[:, role] - 1", ALONE),
    Mutant("all prompts are patched at every prompt's place", SET, "written[:, at] = source[hook.name][:, at]", OWN),
    Mutant("all prompts are patched at the place of the first prompt", "at=places[:, role]", "at=places[0, role]", OWN),
    Mutant("only the first prompt is patched", SET, "written[0, at[0]] = source[hook.name][0, at[0]]", OWN),
    Mutant("hooks stay on, so that each run has all the patches of the runs before it", RUN,
           "(model.add_hook(*hooked), metric(model(tokens)))[1]", LEFT),
    Mutant("a hook is left on the model", "return result", 'model.add_hook("blocks.0.hook_attn_out", partial(patch, at=places[:, 0]))\n    return result', LEFT),
    Mutant("the source's activations are written to", SET, SET + "\n        source[hook.name][prompt, at] = 0.0", LEFT),
]  # fmt: skip

ACCEPTED = [
    Accepted("a loop over prompts", SET, "for i, place in enumerate(at.tolist()):\n            written[i, place] = source[hook.name][i, place]"),
    Accepted("the copy is edited and nothing returned", SET + "\n        return written", SET),
    Accepted("a mask", SET + "\n        return written",
             "chosen = torch.arange(written.shape[1]) == at[:, None]\n        return torch.where(chosen[..., None], source[hook.name], written)"),
]  # fmt: skip
