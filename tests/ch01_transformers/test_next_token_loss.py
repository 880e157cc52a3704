"""Checks for next_token_loss, coarse to fine."""

import math

import torch

from course_utils.grading import Accepted, Mutant, agree, require


def spec(logits, tokens):
    """One surprise at a time, in plain Python."""
    surprises = []
    for text, rows in zip(tokens.tolist(), logits.tolist(), strict=True):
        for guess, token in zip(rows, text[1:], strict=False):
            total = sum(math.exp(value) for value in guess)
            surprises.append(-math.log(math.exp(guess[token]) / total))
    return torch.tensor(sum(surprises) / len(surprises))


def test_knowing_nothing_costs_the_logarithm_of_the_vocabulary(next_token_loss):
    got = next_token_loss(torch.zeros(2, 4, 5), torch.tensor([[0, 1, 2, 3], [4, 0, 3, 3]]))
    says = (
        "All logits are equal, so each of the 5 tokens has p = 1/5, and the mean surprise is ln 5 = 1.609: one number."
    )
    agree(got, torch.tensor(math.log(5)), says)


def test_each_guess_is_about_the_token_that_comes_next(next_token_loss):
    tokens = torch.tensor([[0, 1, 2, 2]])
    logits = torch.tensor([[[0.0, 20.0, 0.0], [0.0, 0.0, 21.0], [0.0, 0.0, 22.0], [0.0, 23.0, 10.0]]])
    says = "The first three rows are sure of the tokens 1, 2 and 2: the *next* tokens in the text 0, 1, 2, 2. So the loss is 0."
    agree(next_token_loss(logits, tokens), torch.tensor(0.0), says)


def test_the_last_guess_is_not_scored(next_token_loss):
    tokens = torch.tensor([[0, 1, 1]])
    logits = torch.tensor([[[0.0, 0.0], [0.0, math.log(3)], [9.0, 0.0]]])
    says = "p = 1/2 for the second token and 3/4 for the third: (ln 2 + ln 4/3) / 2. What comes after the last is not known."
    agree(next_token_loss(logits, tokens), torch.tensor((math.log(2) + math.log(4 / 3)) / 2), says)


def test_the_mean_is_over_all_tokens_of_all_texts(next_token_loss):
    tokens = torch.tensor([[0, 2, 1], [1, 1, 0]])
    logits = torch.tensor(
        [
            [[2.0, 0.0, 1.0], [1.0, -1.0, 0.0], [5.0, 0.0, 0.0]],
            [[0.0, 3.0, 2.0], [-2.0, 0.0, 4.0], [0.0, 0.0, 7.0]],
        ]
    )
    says = "Two texts with two scored tokens each: the mean of four surprises. No text's end guesses the next text's beginning."
    agree(next_token_loss(logits, tokens), spec(logits, tokens), says)


def test_hopeless_tokens_cost_a_finite_amount(next_token_loss):
    logits = torch.tensor([[[1000.0, 0.0], [0.0, 0.0]]])
    says = "The logit of the token that came is 1000 lower, so the surprise is 1000: log_softmax gets there, log(softmax) can't."
    agree(next_token_loss(logits, torch.tensor([[0, 1]])), torch.tensor(1000.0), says)


def test_gradients_can_flow_back(next_token_loss):
    logits = torch.zeros(1, 2, 2, requires_grad=True)
    loss = next_token_loss(logits, torch.tensor([[0, 1]]))
    says = "Training needs the loss as a tensor that is still connected to the logits: no .item(), no detach."
    require(isinstance(loss, torch.Tensor) and loss.requires_grad, says)
    loss.backward()
    says = "Where p = (1/2, 1/2) and token 1 came, the gradient of the loss is p minus what came: (0.5, -0.5); 0 at the last row."
    agree(logits.grad, torch.tensor([[[0.5, -0.5], [0.0, 0.0]]]), says)


def test_it_holds_for_numbers_drawn_at_random(next_token_loss):
    logits, tokens = torch.randn(3, 4, 6), torch.randint(6, (3, 4))
    says = "Random logits and random texts: the mean of all surprises, each worked out by itself."
    agree(next_token_loss(logits, tokens), spec(logits, tokens), says)


LOGS = "log_probs = logits[:, :-1].log_softmax(dim=-1)"
RETURN = "return -log_probs.gather(dim=-1, index=tokens[:, 1:, None]).mean()"
BOTH = f"{LOGS}\n    {RETURN}"
MUTANTS = [
    Mutant("the sign is missing", "return -log", "return log", check="test_knowing_nothing_costs_the_logarithm_of_the_vocabulary"),
    Mutant("the surprises are summed", ".mean()", ".sum()", check="test_knowing_nothing_costs_the_logarithm_of_the_vocabulary"),
    Mutant("the logarithm is to base 2, in bits", RETURN, RETURN + " / math.log(2)",
           check="test_knowing_nothing_costs_the_logarithm_of_the_vocabulary"),
    Mutant("one loss for each text is returned", ".mean()", ".mean(dim=(1, 2))",
           check="test_knowing_nothing_costs_the_logarithm_of_the_vocabulary"),
    Mutant("every token's surprise is returned", "[:, 1:, None]).mean()", "[:, 1:, None]).squeeze(-1)",
           check="test_knowing_nothing_costs_the_logarithm_of_the_vocabulary"),
    Mutant("the softmax runs over the positions", "log_softmax(dim=-1)", "log_softmax(dim=1)",
           check="test_knowing_nothing_costs_the_logarithm_of_the_vocabulary"),
    Mutant("the logits are taken for log-probabilities, without a softmax", LOGS, "log_probs = logits[:, :-1]",
           check="test_knowing_nothing_costs_the_logarithm_of_the_vocabulary"),
    Mutant("the probability is averaged, and not its logarithm", RETURN,
           "return -log_probs.gather(dim=-1, index=tokens[:, 1:, None]).exp().mean()",
           check="test_knowing_nothing_costs_the_logarithm_of_the_vocabulary"),
    Mutant("the perplexity is returned, and not its logarithm", RETURN,
           "return (-log_probs.gather(dim=-1, index=tokens[:, 1:, None]).mean()).exp()",
           check="test_knowing_nothing_costs_the_logarithm_of_the_vocabulary"),
    Mutant("guess i is compared with token i, without a shift", BOTH,
           "log_probs = logits.log_softmax(dim=-1)\n    return -log_probs.gather(dim=-1, index=tokens[:, :, None]).mean()",
           check="test_each_guess_is_about_the_token_that_comes_next"),
    Mutant("guess i is compared with token i, without a shift, over all but the last", "tokens[:, 1:, None]",
           "tokens[:, :-1, None]", check="test_each_guess_is_about_the_token_that_comes_next"),
    Mutant("the shift goes the wrong way: guess i is compared with token i - 1", BOTH,
           "log_probs = logits[:, 1:].log_softmax(dim=-1)\n    return -log_probs.gather(dim=-1, index=tokens[:, :-1, None]).mean()",
           check="test_each_guess_is_about_the_token_that_comes_next"),
    Mutant("the shift wraps around: the last guess is compared with the first token", BOTH,
           "log_probs = logits.log_softmax(dim=-1)\n"
           "    return -log_probs.gather(dim=-1, index=tokens.roll(-1, dims=1)[:, :, None]).mean()",
           check="test_each_guess_is_about_the_token_that_comes_next"),
    Mutant("the sum is divided by all tokens of a text, the unscored one included", RETURN,
           "return -log_probs.gather(dim=-1, index=tokens[:, 1:, None]).sum() / tokens.numel()",
           check="test_knowing_nothing_costs_the_logarithm_of_the_vocabulary"),
    Mutant("a softmax comes before cross_entropy, which takes logits and makes its own", BOTH,
           "guesses = logits[:, :-1].softmax(dim=-1).flatten(0, 1)\n"
           "    return nn.functional.cross_entropy(guesses, tokens[:, 1:].flatten())",
           check="test_each_guess_is_about_the_token_that_comes_next"),
    Mutant("every guess is scored against every next token: indexing with [:, :, targets] makes all pairs", RETURN,
           "return -log_probs[:, :, tokens[:, 1:]].mean()", check="test_each_guess_is_about_the_token_that_comes_next"),
    Mutant("every guess is scored against every next token: indexing with [:, :, targets] makes all pairs", RETURN,
           "return -torch.stack([rows[:, text] for rows, text in zip(log_probs, tokens[:, 1:])]).mean()",
           check="test_each_guess_is_about_the_token_that_comes_next"),
    Mutant("the last guess is compared with the last token", BOTH,
           "target = torch.cat([tokens[:, 1:], tokens[:, -1:]], dim=1)\n"
           "    return -logits.log_softmax(dim=-1).gather(dim=-1, index=target[:, :, None]).mean()",
           check="test_each_guess_is_about_the_token_that_comes_next"),
    Mutant("the texts are put end to end before the shift, so one guesses the next", BOTH,
           "log_probs = logits.flatten(0, 1)[:-1].log_softmax(dim=-1)\n"
           "    return -log_probs.gather(dim=-1, index=tokens.flatten()[1:, None]).mean()",
           check="test_the_mean_is_over_all_tokens_of_all_texts"),
    Mutant("only the first text is scored", "tokens[:, 1:, None]", "tokens[:1, 1:, None]",
           check="test_the_mean_is_over_all_tokens_of_all_texts"),
    Mutant("every text is scored against the tokens of the first", "tokens[:, 1:, None]",
           "tokens[:1].expand_as(tokens)[:, 1:, None]", check="test_the_mean_is_over_all_tokens_of_all_texts"),
    Mutant("only the last scored token of each text counts", RETURN,
           "return -log_probs.gather(dim=-1, index=tokens[:, 1:, None])[:, -1].mean()",
           check="test_the_last_guess_is_not_scored"),
    Mutant("the logarithm is taken of a softmax that has been rounded to 0", "log_softmax(dim=-1)",
           "softmax(dim=-1).log()", check="test_hopeless_tokens_cost_a_finite_amount"),
    Mutant("a small number is added under the logarithm to keep it finite", "log_softmax(dim=-1)",
           "softmax(dim=-1).add(1e-9).log()", check="test_hopeless_tokens_cost_a_finite_amount"),
    Mutant("the loss is cut off from the logits", RETURN, RETURN + ".detach()", check="test_gradients_can_flow_back"),
]  # fmt: skip

ACCEPTED = [
    Accepted("cross_entropy with the classes on axis 1", BOTH,
             "return nn.functional.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:])"),
    Accepted("cross_entropy on flattened tensors", BOTH,
             "return nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())"),
    Accepted("logsumexp by hand", BOTH,
             "guesses = logits[:, :-1]\n"
             "    chosen = guesses.gather(dim=-1, index=tokens[:, 1:, None]).squeeze(-1)\n"
             "    return (guesses.logsumexp(dim=-1) - chosen).mean()"),
    Accepted("one-hot vectors", RETURN,
             "chosen = nn.functional.one_hot(tokens[:, 1:], logits.shape[-1]) * log_probs\n"
             "    return -chosen.sum(dim=-1).mean()"),
    Accepted("a loop over positions", BOTH,
             "surprises = [-logits[:, i].log_softmax(-1)[torch.arange(len(tokens)), tokens[:, i + 1]]\n"
             "                 for i in range(tokens.shape[1] - 1)]\n"
             "    return torch.stack(surprises).mean()"),
]  # fmt: skip
