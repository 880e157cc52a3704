"""Checks for generate_with_cache, coarse to fine. The models here are small counting rules that keep a diary."""

import torch
from torch import nn

from course_utils.grading import Accepted, Mutant, agree, require

D_VOCAB = 10


def count_up(tokens, cache):
    """The likeliest token is always one more than the last one."""
    return nn.functional.one_hot((tokens + 1) % D_VOCAB, D_VOCAB).float(), cache


def test_each_new_token_follows_from_the_last_one(generate_with_cache):
    says = "count_up always finds the next number likeliest: the prompt and three more, for each of the two texts."
    got = generate_with_cache(count_up, torch.tensor([[1, 2], [4, 5]]), 3)
    agree(got, torch.tensor([[1, 2, 3, 4, 5], [4, 5, 6, 7, 8]]), says)


def test_the_whole_prompt_is_fed_once_and_then_one_token_a_step(generate_with_cache):
    fed = []

    def diary(tokens, cache):
        fed.append(tokens[0].tolist())
        return count_up(tokens, cache)

    generate_with_cache(diary, torch.tensor([[1, 2, 3]]), 4)
    says = (
        "Listed are the tokens that each call of step was given. The prompt's own logits give the first new token, so four tokens "
        "take four calls: the prompt, then one token at a time. The last one is never fed."
    )
    agree(fed, [[1, 2, 3], [4], [5], [6]], says)


def test_each_step_gets_the_cache_of_the_step_before(generate_with_cache):
    def add_up(tokens, cache):
        """The cache is a list of all tokens so far; the likeliest token is their sum."""
        require(
            cache is None or cache[:3] == [1, 2, 4], "The cache of the prompt's step got lost on the way.", got=cache
        )
        seen = [*(cache or []), *tokens[0].tolist()]
        return nn.functional.one_hot(torch.full_like(tokens, sum(seen) % D_VOCAB), D_VOCAB).float(), seen

    says = (
        "This step remembers all tokens so far and finds their sum (its last digit) likeliest: 1 + 2 + 4 = 7, then 14 gives 4, "
        "then 18 gives 8. It can only add up what the cache tells it."
    )
    got = generate_with_cache(add_up, torch.tensor([[1, 2, 4]]), 3)
    agree(got, torch.tensor([[1, 2, 4, 7, 4, 8]]), says)


def test_no_new_tokens_means_the_prompt(generate_with_cache):
    prompt = torch.tensor([[1, 2]])
    agree(generate_with_cache(count_up, prompt, 0), prompt, "With n_new = 0 nothing is added, and step isn't needed.")


def test_it_holds_for_numbers_drawn_at_random(generate_with_cache):
    table, prompt = torch.randn(D_VOCAB, D_VOCAB), torch.randint(D_VOCAB, (2, 3))

    def step(tokens, cache):
        """The logits are a row of the table: the last digit of the sum of all tokens so far, which is the cache."""
        sums = tokens.cumsum(dim=1) + (0 if cache is None else cache)
        return table[sums % D_VOCAB], sums[:, -1:]

    texts = prompt.tolist()
    for text in texts:
        for _ in range(4):
            row = table[sum(text) % D_VOCAB].tolist()
            text.append(row.index(max(row)))
    says = "A random prompt, and a step with random logits, which depend on the sum of all tokens so far: four tokens more."
    agree(generate_with_cache(step, prompt, 4), torch.tensor(texts), says)


LOOP = "        logits, cache = step(fed, cache)\n        fed = logits[:, -1].argmax(dim=-1, keepdim=True)\n"
FIRST = "test_each_new_token_follows_from_the_last_one"
FED = "test_the_whole_prompt_is_fed_once_and_then_one_token_a_step"
CACHE = "test_each_step_gets_the_cache_of_the_step_before"

MUTANTS = [
    Mutant("only the new tokens are returned", "return tokens", "return tokens[:, prompt.shape[1] :]", FIRST),
    Mutant("the logits after the first token that was fed are used", "logits[:, -1]", "logits[:, 0]", FIRST),
    Mutant(
        "every text continues with the first text's token",
        "logits[:, -1].argmax(dim=-1, keepdim=True)",
        "logits[:1, -1].argmax(dim=-1, keepdim=True).expand(len(prompt), 1)",
        FIRST,
    ),
    Mutant(
        "the next token is drawn by chance",
        "logits[:, -1].argmax(dim=-1, keepdim=True)",
        "torch.multinomial(logits[:, -1].softmax(dim=-1), 1)",
        FIRST,
    ),
    Mutant("one token too many is made", "range(n_new)", "range(n_new + 1)", FIRST),
    Mutant(
        "the first new token is lost",
        "    return tokens",
        "    return torch.cat([prompt, tokens[:, prompt.shape[1] + 1 :], fed], dim=1)",
        FIRST,
    ),
    Mutant("the whole text is fed at every step", "step(fed, cache)", "step(tokens, cache)", FED),
    Mutant("the whole text is fed at every step", "step(fed, cache)", "step(tokens, None)", FED),
    Mutant(
        "the prompt is fed one token at a time",
        "    for _ in range(n_new):\n",
        "    for i in range(prompt.shape[1] - 1):\n        _, cache = step(prompt[:, i : i + 1], cache)\n"
        "    fed = prompt[:, -1:]\n    for _ in range(n_new):\n",
        FED,
    ),
    Mutant(
        "the prompt is fed for its cache only, and its last token is then fed a second time",
        "    for _ in range(n_new):\n",
        "    _, cache = step(prompt, None)\n    fed = prompt[:, -1:]\n    for _ in range(n_new):\n",
        FED,
    ),
    Mutant(
        "the last token is fed as well, to no use",
        "    return tokens",
        "    step(fed, cache)\n    return tokens",
        FED,
    ),
    Mutant("the cache that comes back is dropped", "logits, cache = step", "logits, _ = step", CACHE),
    Mutant(
        "the cache of the prompt's step is used at every step",
        "        logits, cache = step(fed, cache)\n",
        "        logits, latest = step(fed, cache)\n        cache = latest if cache is None else cache\n",
        CACHE,
    ),
    Mutant.whole(
        "the prompt's step always makes a token, also when none is wanted",
        """def generate_with_cache(step, prompt, n_new):
    logits, cache = step(prompt, None)
    new = [logits[:, -1:].argmax(dim=-1)]
    for _ in range(n_new - 1):
        logits, cache = step(new[-1], cache)
        new.append(logits[:, -1:].argmax(dim=-1))
    return torch.cat([prompt, *new], dim=1)""",
        "test_no_new_tokens_means_the_prompt",
    ),
]

ACCEPTED = [
    Accepted.whole(
        "the new tokens in a list",
        """def generate_with_cache(step, prompt, n_new):
    pieces, cache = [prompt], None
    while len(pieces) <= n_new:
        logits, cache = step(pieces[-1], cache)
        pieces.append(torch.argmax(logits[:, -1:, :], dim=-1))
    return torch.cat(pieces, dim=1)""",
    ),
]
