"""Checks for direct_logit_attribution, coarse to fine, on a tiny random model with biases and outputs of mean not 0."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import HookedTransformer, HookedTransformerConfig

SIZES = {"n_layers": 3, "d_model": 12, "n_heads": 2, "n_ctx": 8, "d_vocab": 11, "attn_only": True}
TOKENS = torch.tensor([[0, 3, 1, 4, 9], [0, 2, 6, 5, 3], [0, 7, 7, 8, 10], [0, 1, 10, 2, 6]])
WHO, OTHER = torch.tensor([3, 5, 1, 9]), torch.tensor([4, 2, 10, 6])


def tiny():
    model = HookedTransformer(HookedTransformerConfig(**SIZES, normalization_type="LNPre"))
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.7 * torch.randn(parameter.shape, generator=generator))
        for block in model.blocks:
            block.attn.W_O.add_(0.5)  # so that what a head writes has a mean to be taken away
    return model.requires_grad_(False)


def asked(direct_logit_attribution, model, batch=4):
    logits, cache = model.run_with_cache(TOKENS[:batch])
    directions = (model.W_U[:, WHO[:batch]] - model.W_U[:, OTHER[:batch]]).T
    return logits, cache, directions, direct_logit_attribution(cache, directions)


def lead_of(model, cache, written, directions):
    """The mean lead of something written at the last position [batch d_model], at the final scale."""
    leads = []
    for i in range(len(directions)):
        end = cache["resid_post", 2][i, -1]
        root = ((end - end.mean()).square().mean() + model.cfg.eps).sqrt()
        leads.append(((written[i] - written[i].mean()) / root) @ directions[i])
    return torch.stack(leads).mean()


def unchanged(cache, before):
    """Every entry of the cache is what it was."""
    for name, value in before.items():
        says = f"You wrote into the cache: {name} is no longer what it was, and whoever uses it next is misled."
        require(torch.equal(cache[name], value), says, got=cache[name])


def test_the_cache_stays_as_it_is(direct_logit_attribution):
    model = tiny()
    _, cache = model.run_with_cache(TOKENS)
    before = {entry: value.clone() for entry, value in cache.items()}
    direct_logit_attribution(cache, (model.W_U[:, WHO] - model.W_U[:, OTHER]).T)
    unchanged(cache, before)


def test_one_number_for_each_head(direct_logit_attribution):
    *_, got = asked(direct_logit_attribution, tiny())
    agree(tuple(got.shape), (3, 2), "3 layers of 2 heads: one row for each layer, one column for each head.")


def test_a_head_that_writes_nothing_adds_nothing(direct_logit_attribution):
    model = tiny()
    model.blocks[1].attn.W_O[0] = 0
    *_, got = asked(direct_logit_attribution, model)
    agree(got[1, 0], torch.tensor(0.0), "W_O of head 1.0 was set to 0: it adds nothing, and b_O is not its doing.")


def test_with_embeddings_and_biases_it_adds_up(direct_logit_attribution):
    model = tiny()
    logits, cache, directions, got = asked(direct_logit_attribution, model)
    lead = torch.stack([logits[i, -1, WHO[i]] - logits[i, -1, OTHER[i]] for i in range(4)]).mean()
    rest = cache["resid_pre", 0][:, -1] + sum(block.attn.b_O for block in model.blocks)
    rest_lead = lead_of(model, cache, rest, directions) + (model.b_U[WHO] - model.b_U[OTHER]).mean()
    agree(got.sum() + rest_lead, lead, "All heads, the embeddings, b_O of each layer and b_U add up to the lead.")


def test_each_head_by_itself(direct_logit_attribution):
    model = tiny()
    for batch in (1, 4):
        _, cache, directions, got = asked(direct_logit_attribution, model, batch)
        expected = torch.zeros(3, 2)
        for layer in range(3):
            for head in range(2):
                written = cache["z", layer][:, -1, head] @ model.blocks[layer].attn.W_O[head]
                expected[layer, head] = lead_of(model, cache, written, directions)
        says = (
            f"{batch} prompt(s): what a head writes at the last position, centred, divided by the final scale there, and "
            "taken along the direction of its own prompt; then the mean over prompts."
        )
        agree(got, expected, says)


WRITTEN = 'written = einsum(z, block.attn.W_O, "batch head d_head, head d_head d_model -> batch head d_model")'
NORMAL = 'normalized = centred / cache["scale"][:, -1, None]'
MUTANTS = [
    Mutant("z is divided by the scale in place, inside the cache", NORMAL,
           'z /= cache["scale"][:, -1, None]\n        normalized = centred / cache["scale"][:, -1, None]',
           check="test_the_cache_stays_as_it_is"),
    Mutant("each head is charged with the whole of b_O", WRITTEN, WRITTEN + " + block.attn.b_O",
           check="test_a_head_that_writes_nothing_adds_nothing"),
    Mutant("the sign is turned round: what each head does for the giver", "torch.stack(rows)", "-torch.stack(rows)",
           check="test_with_embeddings_and_biases_it_adds_up"),
    Mutant("the position before the last is read", 'cache["z", layer][:, -1]', 'cache["z", layer][:, -2]',
           check="test_with_embeddings_and_biases_it_adds_up"),
    Mutant("all heads of all layers stand in one row", "torch.stack(rows)", "torch.cat(rows)",
           check="test_one_number_for_each_head"),
    Mutant("layers and heads have changed places", "torch.stack(rows)", "torch.stack(rows).T",
           check="test_one_number_for_each_head"),
    Mutant("heads are summed to their layer", "torch.stack(rows)", "torch.stack(rows).sum(dim=-1)",
           check="test_one_number_for_each_head"),
    Mutant("each head is charged with its share of b_O", WRITTEN, WRITTEN + " + block.attn.b_O / z.shape[1]",
           check="test_a_head_that_writes_nothing_adds_nothing"),
    Mutant("what a head writes is not centred", "written - written.mean(dim=-1, keepdim=True)", "written",
           check="test_with_embeddings_and_biases_it_adds_up"),
    Mutant("the final scale is not divided by", NORMAL, "normalized = centred", check="test_with_embeddings_and_biases_it_adds_up"),
    Mutant("what each head writes is brought to unit size by itself", NORMAL,
           "normalized = centred / (centred.square().mean(dim=-1, keepdim=True) + 1e-5).sqrt()",
           check="test_with_embeddings_and_biases_it_adds_up"),
    Mutant("the scale of the layer's own LayerNorm is divided by, and not the final one", 'cache["scale"][:, -1, None]',
           'cache["scale", layer, "ln1"][:, -1, None]', check="test_with_embeddings_and_biases_it_adds_up"),
    Mutant("the first position is read", 'cache["z", layer][:, -1]', 'cache["z", layer][:, 0]',
           check="test_with_embeddings_and_biases_it_adds_up"),
    Mutant("all positions are averaged", 'cache["z", layer][:, -1]', 'cache["z", layer].mean(dim=1)',
           check="test_with_embeddings_and_biases_it_adds_up"),
    Mutant("prompts are summed", "/ len(directions)", "* 1", check="test_with_embeddings_and_biases_it_adds_up"),
    Mutant("every prompt is read along every prompt's direction", "batch head d_model, batch d_model -> head",
           "batch head d_model, other d_model -> head", check="test_with_embeddings_and_biases_it_adds_up"),
    Mutant("the values are read in place of what attention gathered", 'cache["z", layer]', 'cache["v", layer]',
           check="test_with_embeddings_and_biases_it_adds_up"),
    Mutant("layers are listed from the last to the first", "torch.stack(rows)", "torch.stack(rows[::-1])",
           check="test_each_head_by_itself"),
]  # fmt: skip

ACCEPTED = [
    Accepted.whole(
        "the cache's own methods",
        """
def direct_logit_attribution(cache, directions):
    written = cache.stack_head_results(pos_slice=-1, apply_ln=True)
    leads = (written * directions).sum(dim=-1).mean(dim=-1)
    return leads.reshape(cache.model.cfg.n_layers, -1)
""",
    ),
]
