"""Checks for Unembed, coarse to fine."""

import itertools

import torch

from course_utils.grading import Accepted, Mutant, agree, require


def made(unembed, W_U, b_U):
    layer = unembed(len(W_U), len(b_U))
    with torch.no_grad():
        layer.W_U.copy_(torch.tensor(W_U))
        layer.b_U.copy_(torch.tensor(b_U))
    return layer


def test_every_position_gets_a_logit_for_every_token(unembed):
    got = unembed(4, 5)(torch.ones(2, 3, 4))
    says = "2 texts, 3 positions, d_vocab = 5: the logits have the shape [batch pos d_vocab], at all positions."
    require(tuple(got.shape) == (2, 3, 5), says, expected=[2, 3, 5], got=list(got.shape))


def test_a_logit_is_a_dot_product_with_the_column_of_its_token(unembed):
    layer = made(unembed, [[2.0, 1.0, 0.0], [-1.0, 4.0, 3.0]], [0.0, 0.0, 0.0])
    says = "With W_U = [[2, 1, 0], [-1, 4, 3]] and no bias, (3, 1) gives 3·2 - 1·1 = 5, 3·1 + 1·4 = 7, and 1·3 = 3."
    agree(layer(torch.tensor([[[3.0, 1.0]]])), torch.tensor([[[5.0, 7.0, 3.0]]]), says)


def test_each_token_has_its_own_bias(unembed):
    layer = made(unembed, [[1.0, 2.0]], [0.5, -4.0])
    says = (
        "With W_U = [[1, 2]] and b_U = (0.5, -4), the stream 0 gives just the biases, and the stream 3 gives 3.5 and 2."
    )
    agree(layer(torch.tensor([[[0.0], [3.0]]])), torch.tensor([[[0.5, -4.0], [3.5, 2.0]]]), says)


def test_every_text_and_position_is_read_for_itself(unembed):
    layer = made(unembed, [[1.0, 10.0]], [0.0, 0.0])
    x = torch.tensor([[[1.0], [2.0], [-3.0]], [[5.0], [0.0], [4.0]]])
    says = "W_U = [[1, 10]]: each stream value x gives the two logits x and 10x, whatever stands elsewhere."
    agree(layer(x), torch.cat([x, 10 * x], dim=-1), says)


def test_training_can_change_the_weights(unembed):
    layer = made(unembed, [[1.0, 2.0]], [0.0, 0.0])
    got = layer(torch.tensor([[[3.0], [4.0]]]))
    says = "The logits must stay connected to W_U and b_U (no detach, data or item), else training can't change them."
    require(got.requires_grad, says)
    got.sum().backward()
    says = (
        "The stream is 3 and 4: a change of W_U is felt 3 + 4 = 7 times, and one of b_U twice, once at each position."
    )
    agree([layer.W_U.grad, layer.b_U.grad], [torch.tensor([[7.0, 7.0]]), torch.tensor([2.0, 2.0])], says)


def test_it_holds_for_numbers_drawn_at_random(unembed):
    x, W_U, b_U = torch.randn(2, 3, 4), torch.randn(4, 5).tolist(), torch.randn(5).tolist()
    expected = torch.zeros(2, 3, 5)
    for text, pos, token in itertools.product(range(2), range(3), range(5)):
        expected[text, pos, token] = sum(float(x[text, pos, i]) * W_U[i][token] for i in range(4)) + b_U[token]
    agree(made(unembed, W_U, b_U)(x), expected, "Random weights, biases and streams: every logit worked out by itself.")


RETURN = "return x @ self.W_U + self.b_U"
MUTANTS = [
    Mutant(
        "only the last position gets logits",
        RETURN,
        "return x[:, -1] @ self.W_U + self.b_U",
        check="test_every_position_gets_a_logit_for_every_token",
    ),
    Mutant(
        "the likeliest token is returned, and not the logits",
        RETURN,
        "return (x @ self.W_U + self.b_U).argmax(dim=-1)",
        check="test_every_position_gets_a_logit_for_every_token",
    ),
    Mutant(
        "the logits went through a softmax",
        RETURN,
        "return (x @ self.W_U + self.b_U).softmax(dim=-1)",
        check="test_a_logit_is_a_dot_product_with_the_column_of_its_token",
    ),
    Mutant(
        "the logits went through a log-softmax",
        RETURN,
        "return (x @ self.W_U + self.b_U).log_softmax(dim=-1)",
        check="test_a_logit_is_a_dot_product_with_the_column_of_its_token",
    ),
    Mutant(
        "the logits are divided by the root of d_model",
        RETURN,
        "return x @ self.W_U / math.sqrt(x.shape[-1]) + self.b_U",
        check="test_a_logit_is_a_dot_product_with_the_column_of_its_token",
    ),
    Mutant(
        "the stream is normalised first (that is ln_final's job)",
        RETURN,
        "return nn.functional.layer_norm(x, x.shape[-1:]) @ self.W_U + self.b_U",
        check="test_a_logit_is_a_dot_product_with_the_column_of_its_token",
    ),
    Mutant("b_U is left out", " + self.b_U", "", check="test_each_token_has_its_own_bias"),
    Mutant("b_U is subtracted", "+ self.b_U", "- self.b_U", check="test_each_token_has_its_own_bias"),
    Mutant(
        "the average of the biases is given to all tokens",
        "+ self.b_U",
        "+ self.b_U.mean()",
        check="test_each_token_has_its_own_bias",
    ),
    Mutant(
        "every text gets the logits of the first one",
        RETURN,
        "return (x[:1] @ self.W_U + self.b_U).expand(len(x), -1, -1)",
        check="test_every_text_and_position_is_read_for_itself",
    ),
    Mutant(
        "each position reads the sum of the stream up to it",
        RETURN,
        "return x.cumsum(dim=1) @ self.W_U + self.b_U",
        check="test_every_text_and_position_is_read_for_itself",
    ),
    Mutant(
        "the logits are cut off from the weights",
        RETURN,
        "return (x @ self.W_U + self.b_U).detach()",
        check="test_training_can_change_the_weights",
    ),
    Mutant(
        "the bias is cut off from the logits",
        "+ self.b_U",
        "+ self.b_U.data",
        check="test_training_can_change_the_weights",
    ),
]

ACCEPTED = [
    Accepted("einsum", RETURN, 'return einops.einsum(x, self.W_U, "b p d, d v -> b p v") + self.b_U'),
    Accepted("torch's linear layer", RETURN, "return nn.functional.linear(x, self.W_U.T, self.b_U)"),
]
