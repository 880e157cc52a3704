"""Checks for training_step, coarse to fine."""

import math

import torch
from torch import nn

from course_utils.grading import Accepted, Mutant, agree, require


class Bigram(nn.Module):
    """The smallest language model: row t of `table` holds the logits of what comes after token t."""

    def __init__(self, d_vocab):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(d_vocab, d_vocab))

    def forward(self, tokens):
        return self.table[tokens]


class TwoPart(Bigram):
    """A bigram table and a bias, which an optimizer may hold in two groups."""

    def __init__(self, d_vocab):
        super().__init__(d_vocab)
        self.bias = nn.Parameter(torch.zeros(d_vocab))

    def forward(self, tokens):
        return self.table[tokens] + self.bias


TEXT = torch.tensor([[0, 1]])
HUGE = 1e6  # a max_norm that clips nothing
MOVED = torch.tensor([[-1.0, 2.0, -1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])


def sgd(model, rate=123.0):
    """Plain SGD with a learning rate that a step must replace."""
    return torch.optim.SGD(model.parameters(), lr=rate)


def test_it_returns_the_loss_from_before_the_step(training_step):
    model = Bigram(3)
    got = training_step(model, sgd(model), TEXT, 3.0, HUGE)
    says = "All logits are 0, so the loss on the text (0, 1) is ln 3 = 1.099: a Python number, taken before the weights move."
    agree(got, math.log(3), says)


def test_the_weights_move_down_the_gradient(training_step):
    model = Bigram(3)
    training_step(model, sgd(model), TEXT, 3.0, HUGE)
    says = (
        "After token 0 came token 1. The gradient of row 0 is (1/3, -2/3, 1/3), so plain SGD with learning rate 3 makes "
        "(-1, 2, -1) of (0, 0, 0). The other rows guess nothing that is scored, and stay."
    )
    agree(model.table.detach(), MOVED, says)


def test_gradients_left_over_from_earlier_do_not_count(training_step):
    model = Bigram(3)
    model.table.grad = torch.full((3, 3), 7.0)
    training_step(model, sgd(model), TEXT, 3.0, HUGE)
    says = "The model came with old gradients, 7 everywhere. backward() adds to what is there, so they must be cleared first."
    agree(model.table.detach(), MOVED, says)


def test_the_learning_rate_is_set_in_every_group(training_step):
    model = TwoPart(2)
    groups = [{"params": [model.table], "lr": 50.0}, {"params": [model.bias], "lr": 70.0}]
    training_step(model, torch.optim.SGD(groups), TEXT, 2.0, HUGE)
    says = "The optimizer has two groups, the table and the bias. With learning rate 2 each moves by -2 · (0.5, -0.5) = (-1, 1)."
    agree([model.table.detach()[0], model.bias.detach()], [torch.tensor([-1.0, 1.0])] * 2, says)


def test_gradients_are_clipped_before_the_step(training_step):
    model = TwoPart(2)
    training_step(model, sgd(model), TEXT, 0.4, 0.25)
    says = (
        "The gradients of table and bias, (0.5, -0.5) each, have the common norm 1. max_norm = 0.25 makes (0.125, -0.125) of "
        "both before the step, so with learning rate 0.4 both move by (-0.05, 0.05)."
    )
    agree([model.table.detach()[0], model.bias.detach()], [torch.tensor([-0.05, 0.05])] * 2, says)


def test_the_memory_of_the_optimizer_is_kept(training_step):
    model = Bigram(2)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0, momentum=0.5)
    optimizer.state[model.table]["momentum_buffer"] = torch.tensor([[8.0, 0.0], [0.0, 0.0]])
    training_step(model, optimizer, TEXT, 2.0, HUGE)
    says = (
        "This optimizer remembers an earlier gradient of 8 and adds half of it (momentum): 4 + 0.5 = 4.5, so with learning "
        "rate 2 the first logit moves by -9. A new optimizer would have forgotten."
    )
    agree(model.table.detach(), torch.tensor([[-9.0, 1.0], [0.0, 0.0]]), says)


def test_the_mode_of_the_model_is_left_alone(training_step):
    modes = []
    for mode in (True, False):
        model = Bigram(2).train(mode)
        training_step(model, sgd(model), TEXT, 2.0, HUGE)
        modes.append(model.training)
    says = "A model in training mode stays in it, and one in evaluation mode too: that is for the caller to decide."
    agree(modes, [True, False], says)


def test_the_loss_comes_down_over_a_short_run(training_step):
    tokens = torch.tensor([[0, 1, 2, 3, 4, 0, 1], [3, 4, 0, 1, 2, 3, 4]])
    model = Bigram(5)
    optimizer = torch.optim.Adam(model.parameters())
    losses = [training_step(model, optimizer, tokens, 0.3, 1.0) for _ in range(30)]
    says = "The text counts 0, 1, 2, 3, 4 round and round. 30 steps must take the loss from ln 5 = 1.609 to below 0.05."
    require(abs(losses[0] - math.log(5)) < 1e-3 and losses[-1] < 0.05, says, got=[losses[i] for i in (0, 10, 20, 29)])
    says = "After each of 0, 1, 2, 3, 4 the model should now be for 1, 2, 3, 4, 0."
    agree(model.table.argmax(dim=-1).tolist(), [1, 2, 3, 4, 0], says)


def test_it_holds_for_numbers_drawn_at_random(training_step):
    model, tokens, before = Bigram(4), torch.randint(4, (2, 5)), torch.randn(4, 4)
    model.table.data.copy_(before)
    pairs = [(text[i], text[i + 1]) for text in tokens.tolist() for i in range(4)]
    loss, gradient = 0.0, torch.zeros(4, 4)
    for old, new in pairs:
        total = sum(math.exp(logit) for logit in before[old].tolist())
        loss += (math.log(total) - float(before[old, new])) / len(pairs)
        for token in range(4):
            gradient[old, token] += (math.exp(before[old, token]) / total - (token == new)) / len(pairs)
    norm = sum(value**2 for value in gradient.flatten().tolist()) ** 0.5
    got = training_step(model, sgd(model), tokens, 0.5, norm / 2)
    says = (
        "A random bigram table, random texts, learning rate 0.5, and a max_norm of half the gradient's norm: the loss from "
        "before comes back, and the table moves by a quarter of its gradient, downwards."
    )
    agree([got, model.table.detach()], [loss, before - gradient / 4], says)


GROUPS = 'for group in optimizer.param_groups:\n        group["lr"] = learning_rate'
LOGITS = "logits = model(tokens)"
LOSS = "loss = nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())"
ZERO, BACKWARD, STEP = "    optimizer.zero_grad()\n", "    loss.backward()\n", "    optimizer.step()\n"
CLIP = "    nn.utils.clip_grad_norm_(model.parameters(), max_norm)\n"
RETURN = "return loss.item()"
MUTANTS = [
    Mutant("the loss is returned as a tensor", RETURN, "return loss", check="test_it_returns_the_loss_from_before_the_step"),
    Mutant(
        "the loss is computed again after the step",
        RETURN,
        "logits = model(tokens)\n"
        "    return nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten()).item()",
        check="test_it_returns_the_loss_from_before_the_step",
    ),
    Mutant(
        "the loss sums the surprises and doesn't average them (if it comes from your next_token_loss, look there)", "tokens[:, 1:].flatten())", 'tokens[:, 1:].flatten(), reduction="sum")',
        check="test_the_loss_comes_down_over_a_short_run",
    ),
    Mutant("the weights don't move: there is no step, or the gradients are cleared right before it", STEP, "", check="test_the_weights_move_down_the_gradient"),
    Mutant(
        "the weights don't move: there is no step, or the gradients are cleared right before it",
        ZERO + BACKWARD,
        BACKWARD + ZERO,
        check="test_the_weights_move_down_the_gradient",
    ),
    Mutant(
        "the loss compares guess i with token i (if it comes from your next_token_loss, look there)",
        LOSS,
        "loss = nn.functional.cross_entropy(logits.flatten(0, 1), tokens.flatten())",
        check="test_the_weights_move_down_the_gradient",
    ),
    Mutant(
        "the loss compares guess i with token i (if it comes from your next_token_loss, look there)",
        LOSS,
        "loss = nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, :-1].flatten())",
        check="test_the_weights_move_down_the_gradient",
    ),
    Mutant(
        "the sign is flipped, so the weights climb", BACKWARD, "    (-loss).backward()\n",
        check="test_the_weights_move_down_the_gradient",
    ),
    Mutant(
        "the step is taken with the learning rate that the optimizer came with", GROUPS, "pass", check="test_the_weights_move_down_the_gradient"
    ),
    Mutant.whole(
        "the step is taken with the learning rate that the optimizer came with",
        '''
def training_step(model, optimizer, tokens, learning_rate, max_norm):
    logits = model(tokens)
    loss = nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    return loss.item()
''',
        check="test_the_weights_move_down_the_gradient",
    ),
    Mutant(
        "the learning rate is multiplied onto the one of the optimizer",
        'group["lr"] = learning_rate',
        'group["lr"] *= learning_rate',
        check="test_the_weights_move_down_the_gradient",
    ),
    Mutant(
        "old gradients are still there when backward adds the new ones", ZERO, "", check="test_gradients_left_over_from_earlier_do_not_count"
    ),
    Mutant(
        "old gradients are still there when backward adds the new ones",
        ZERO + BACKWARD + CLIP + STEP,
        BACKWARD + CLIP + STEP + ZERO,
        check="test_gradients_left_over_from_earlier_do_not_count",
    ),
    Mutant(
        "only the first parameter group gets the learning rate",
        GROUPS,
        'optimizer.param_groups[0]["lr"] = learning_rate',
        check="test_the_learning_rate_is_set_in_every_group",
    ),
    Mutant("the step is taken with unclipped gradients: clipping is missing, or not between backward and step", CLIP, "", check="test_gradients_are_clipped_before_the_step"),
    Mutant(
        "the step is taken with unclipped gradients: clipping is missing, or not between backward and step", CLIP + STEP, STEP + CLIP, check="test_gradients_are_clipped_before_the_step"
    ),
    Mutant(
        "the step is taken with unclipped gradients: clipping is missing, or not between backward and step",
        BACKWARD + CLIP,
        CLIP + BACKWARD,
        check="test_gradients_are_clipped_before_the_step",
    ),
    Mutant(
        "each parameter is clipped by itself (if your clip_gradients does it, look there)",
        CLIP,
        "    for parameter in model.parameters():\n        nn.utils.clip_grad_norm_(parameter, max_norm)\n",
        check="test_gradients_are_clipped_before_the_step",
    ),
    Mutant(
        "each number of the gradient is cut off at max_norm (if your clip_gradients does it, look there)",
        "nn.utils.clip_grad_norm_",
        "nn.utils.clip_grad_value_",
        check="test_gradients_are_clipped_before_the_step",
    ),
    Mutant(
        "the learning rate is used as max_norm", "model.parameters(), max_norm", "model.parameters(), learning_rate",
        check="test_gradients_are_clipped_before_the_step",
    ),
    Mutant(
        "the optimizer's memory isn't used: it is made anew, cleared, or not asked at all",
        GROUPS,
        "optimizer = type(optimizer)(model.parameters(), lr=learning_rate)",
        check="test_the_memory_of_the_optimizer_is_kept",
    ),
    Mutant(
        "the optimizer's memory isn't used: it is made anew, cleared, or not asked at all", ZERO, ZERO + "    optimizer.state.clear()\n",
        check="test_the_memory_of_the_optimizer_is_kept",
    ),
    Mutant(
        "the optimizer's memory isn't used: it is made anew, cleared, or not asked at all",
        STEP,
        "    with torch.no_grad():\n        for parameter in model.parameters():\n"
        "            parameter -= learning_rate * parameter.grad\n",
        check="test_the_memory_of_the_optimizer_is_kept",
    ),
    Mutant(
        "the model is put into training mode", LOGITS, "logits = model.train()(tokens)", check="test_the_mode_of_the_model_is_left_alone"
    ),
    Mutant(
        "the model is put into evaluation mode", LOGITS, "logits = model.eval()(tokens)", check="test_the_mode_of_the_model_is_left_alone"
    ),
    Mutant(
        "only the first text of the batch is used",
        LOGITS,
        "tokens = tokens[:1, :4]\n    logits = model(tokens)",
        check="test_the_loss_comes_down_over_a_short_run",
    ),
]  # fmt: skip

ACCEPTED = [
    Accepted("gradients cleared right at the start", GROUPS, "optimizer.zero_grad()\n    " + GROUPS),
    Accepted(
        "the loss written out", LOSS,
        "log_probs = logits[:, :-1].log_softmax(dim=-1)\n"
        "    loss = -log_probs.gather(dim=-1, index=tokens[:, 1:, None]).mean()",
    ),
    Accepted("cleared after the step as well", STEP, STEP + "    optimizer.zero_grad()\n"),
    Accepted("the number taken right away", ZERO, "    value = loss.item()\n" + ZERO),
    Accepted(
        "the functions of the exercises before this one", LOSS, "loss = next_token_loss(logits, tokens)",
    ),
]  # fmt: skip
