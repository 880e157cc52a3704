"""Checks for Attention, coarse to fine. Every layer starts with all parameters 0; a check sets only what it needs."""

import math

import torch

from course_utils.grading import Accepted, Mutant, agree, require

LN3 = math.log(3)


def made(attention, d_model, n_heads, d_head, **parameters):
    """A layer whose parameters are 0, but for those given (numbers are spread over the whole parameter)."""
    layer = attention(d_model, n_heads, d_head)
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            parameter.copy_(torch.as_tensor(parameters.get(name, 0.0)).expand_as(parameter))
    return layer


def column(*numbers):
    """One text with one number at each position (d_model = 1)."""
    return torch.tensor(numbers).reshape(1, -1, 1)


def test_gives_one_vector_a_position(attention):
    got = attention(5, 4, 6)(torch.ones(2, 3, 5))
    says = "2 texts of 3 positions with d_model = 5: what is added to the stream has the shape of the stream."
    require(tuple(got.shape) == (2, 3, 5), says, expected=[2, 3, 5], got=list(got.shape))


def test_equal_scores_give_the_average_of_the_past(attention):
    layer = made(attention, 1, 1, 1, b_Q=2.0, b_K=3.0, W_V=1.0, W_O=1.0)
    says = (
        "Every query is b_Q = 2 and every key b_K = 3, so all scores are 6, and the weights equal: each position gets the "
        "average of itself and the past: 1, (1 + 3) / 2, (1 + 3 + 8) / 3."
    )
    agree(layer(column(1.0, 3.0, 8.0)), column(1.0, 2.0, 4.0), says)


def test_queries_look_for_keys(attention):
    # Coordinate 0 asks, coordinate 1 offers itself to be found, coordinate 2 is what is carried.
    coordinate = torch.eye(3)[:, :, None]
    layer = made(attention, 3, 1, 1, W_Q=LN3 * coordinate[0], W_K=coordinate[1], W_V=coordinate[2])
    with torch.no_grad():
        layer.W_O[0, 0, 2] = 1.0
    says = (
        "Position 1 asks (its query is ln 3); the keys are 2 at position 0 and 1 at position 1. The scores 2 ln 3 and ln 3 "
        "make the weights 3/4 and 1/4, and the values 8 and 4 become 7."
    )
    x = torch.tensor([[[0.0, 2.0, 8.0], [1.0, 1.0, 4.0]]])
    agree(layer(x), torch.tensor([[[0.0, 0.0, 8.0], [0.0, 0.0, 7.0]]]), says)


def test_scores_are_divided_by_the_root_of_d_head(attention):
    layer = made(attention, 2, 3, 4, W_Q=torch.tensor([[1.0], [0.0]]), W_K=torch.tensor([[LN3 / 2], [0.0]]))
    with torch.no_grad():
        layer.W_V[0, 0, 0] = 8.0
        layer.W_O[0, 0, 0] = 1.0
    says = (
        "Only head 0 carries something. At position 1 its products are 0 and 2 ln 3; divided by sqrt(d_head) = 2, "
        "0 and ln 3; the weights 1/4 and 3/4 of 0 and 8 give 6."
    )
    x = torch.tensor([[[0.0, 0.0], [1.0, 0.0]]])
    agree(layer(x), torch.tensor([[[0.0, 0.0], [6.0, 0.0]]]), says)


def test_the_mask_outweighs_any_score(attention):
    layer = made(attention, 1, 1, 1, W_Q=-3.0, W_K=1.0, W_V=1.0, W_O=1.0)
    says = "Position 0 may see itself only, and gets 10 although that score is -300 and the hidden one is 60: hide with -inf."
    agree(layer(column(10.0, -2.0)), column(10.0, 10.0), says)


def test_the_query_bias_is_added(attention):
    layer = made(attention, 1, 1, 1, b_Q=LN3, b_K=2.0, W_K=1.0, W_V=8.0, W_O=1.0)
    says = (
        "Every query is b_Q = ln 3, and the keys at position 1 are b_K = 2 and 3. The scores 2 ln 3 and 3 ln 3 make the "
        "weights 1/4 and 3/4; the values are 0 and 8."
    )
    agree(layer(column(0.0, 1.0)), column(0.0, 6.0), says)


def test_the_value_bias_is_added(attention):
    layer = made(attention, 1, 1, 1, b_V=5.0, W_O=2.0)
    says = "Every value is b_V = 5 here; the weights of a query sum to 1, so 5 arrives everywhere, and W_O doubles it."
    agree(layer(column(1.0, 3.0, 8.0)), column(10.0, 10.0, 10.0), says)


def test_the_heads_are_added_up(attention):
    layer = made(attention, 1, 3, 1, W_V=torch.tensor([1.0, 2.0, 3.0]).reshape(3, 1, 1), W_O=10.0)
    says = "With one position, the heads carry 1, 2 and 3, and W_O makes 10, 20, 30 of it: their sum is 60."
    agree(layer(column(1.0)), column(60.0), says)


def test_the_output_bias_is_added_once(attention):
    layer = made(attention, 1, 3, 1, b_O=7.0)
    says = "All else is 0, so b_O = 7 comes out, at every position, once and not once for each of the 3 heads."
    agree(layer(column(1.0, 2.0)), column(7.0, 7.0), says)


def test_each_head_writes_with_its_own_rows(attention):
    values, rows = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, 10.0], [100.0, 1000.0]])
    layer = made(attention, 1, 2, 2, W_V=values[:, None, :], W_O=rows[:, :, None])
    says = "The heads carry (1, 2) and (3, 4); each entry meets the same entry of W_O: 1 + 2 * 10 + 3 * 100 + 4 * 1000."
    agree(layer(column(1.0)), column(4321.0), says)


def test_several_heads_texts_and_positions_together(attention):
    made_up = torch.Generator().manual_seed(0)
    x = torch.randn(2, 4, 5, generator=made_up)
    layer = attention(5, 3, 2)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=made_up))
    says = "2 texts, 4 positions, 3 heads, random weights: each head has its own pattern in each text; nothing mixes on the way."
    agree(layer(x), slowly(layer, x), says)


def slowly(layer, x):
    """Attention as a specification: one text, one head and one query at a time."""
    result = torch.zeros_like(x)
    for text in range(x.shape[0]):
        for query in range(x.shape[1]):
            result[text, query] += layer.b_O.detach()
            for head in range(layer.W_Q.shape[0]):
                q = x[text, query] @ layer.W_Q[head].detach() + layer.b_Q[head].detach()
                seen = x[text, : query + 1]
                k = seen @ layer.W_K[head].detach() + layer.b_K[head].detach()
                v = seen @ layer.W_V[head].detach() + layer.b_V[head].detach()
                share = [math.exp(float(q @ key) / math.sqrt(len(q))) for key in k]
                z = sum(s / sum(share) * value for s, value in zip(share, v, strict=True))
                result[text, query] += z @ layer.W_O[head].detach()
    return result


LATER = "later = torch.ones_like(scores, dtype=torch.bool).triu(diagonal=1)"
SCALE = "scores / math.sqrt(q.shape[-1])"
PATTERN = "pattern = scores.masked_fill(later, -torch.inf).softmax(dim=-1)"
QK = "scores = einops.einsum(q, k, "
WRITE = "return einops.einsum(z, self.W_O, "
MUTANTS = [
    Mutant(
        "what each head writes is kept apart, and not added up",
        '"batch pos head d_head, head d_head d_model -> batch pos d_model"',
        '"batch pos head d_head, head d_head d_model -> batch pos head d_model"',
        check="test_gives_one_vector_a_position",
    ),
    Mutant(
        "the future is not hidden (`masked_fill` makes a copy: is it used?)",
        "scores.masked_fill(later, -torch.inf)",
        "scores",
        check="test_equal_scores_give_the_average_of_the_past",
    ),
    Mutant(
        "the mask comes after the softmax, so that the weights no longer sum to 1",
        PATTERN,
        "pattern = scores.softmax(dim=-1).masked_fill(later, 0.0)",
        check="test_equal_scores_give_the_average_of_the_past",
    ),
    Mutant(
        "the softmax runs over the queries and not over the keys",
        "softmax(dim=-1)",
        "softmax(dim=-2)",
        check="test_equal_scores_give_the_average_of_the_past",
    ),
    Mutant(
        "the past is hidden, and not the future",
        ".triu(diagonal=1)",
        ".tril(diagonal=-1)",
        check="test_equal_scores_give_the_average_of_the_past",
    ),
    Mutant(
        "the next position can still be seen",
        "diagonal=1",
        "diagonal=2",
        check="test_equal_scores_give_the_average_of_the_past",
    ),
    Mutant(
        "a position may not see itself, and the first one sees nothing at all",
        ".triu(diagonal=1)",
        ".triu()",
        check="test_equal_scores_give_the_average_of_the_past",
    ),
    Mutant(
        "x is added to the result, which is the block's work",
        '-> batch pos d_model") + self.b_O',
        '-> batch pos d_model") + self.b_O + x',
        check="test_equal_scores_give_the_average_of_the_past",
    ),
    Mutant(
        "the keys are carried, and not the values",
        "z = einops.einsum(pattern, v, ",
        "z = einops.einsum(pattern, k, ",
        check="test_equal_scores_give_the_average_of_the_past",
    ),
    Mutant(
        "the pattern's queries and keys are swapped when the values are moved",
        '"batch head query key, batch key head d_head -> batch query head d_head"',
        '"batch head key query, batch key head d_head -> batch query head d_head"',
        check="test_equal_scores_give_the_average_of_the_past",
    ),
    Mutant(
        "there is no softmax, and hidden scores are 0",
        PATTERN,
        "pattern = scores.masked_fill(later, 0.0)",
        check="test_equal_scores_give_the_average_of_the_past",
    ),
    Mutant(
        "queries and keys have changed roles",
        QK,
        "scores = einops.einsum(k, q, ",
        check="test_queries_look_for_keys",
    ),
    Mutant(
        "the queries are read with W_K, too",
        "q = einops.einsum(x, self.W_Q, read)",
        "q = einops.einsum(x, self.W_K, read)",
        check="test_queries_look_for_keys",
    ),
    Mutant(
        "the queries are read with W_V",
        "q = einops.einsum(x, self.W_Q, read)",
        "q = einops.einsum(x, self.W_V, read)",
        check="test_queries_look_for_keys",
    ),
    Mutant(
        "the keys are read with W_Q, too",
        "k = einops.einsum(x, self.W_K, read)",
        "k = einops.einsum(x, self.W_Q, read)",
        check="test_queries_look_for_keys",
    ),
    Mutant(
        "the keys are read with W_V",
        "k = einops.einsum(x, self.W_K, read)",
        "k = einops.einsum(x, self.W_V, read)",
        check="test_equal_scores_give_the_average_of_the_past",
    ),
    Mutant(
        "the values are read with W_Q or W_K, which are 0 here, and not with W_V",
        "v = einops.einsum(x, self.W_V, read)",
        "v = einops.einsum(x, self.W_K, read)",
        check="test_equal_scores_give_the_average_of_the_past",
    ),
    Mutant(
        "b_K is added to the values, and not b_V",
        " + self.b_V",
        " + self.b_K",
        check="test_equal_scores_give_the_average_of_the_past",
    ),
    Mutant(
        "b_Q is added to the values, and not b_V",
        " + self.b_V",
        " + self.b_Q",
        check="test_equal_scores_give_the_average_of_the_past",
    ),
    Mutant(
        "hidden scores are set to 0, and e to the power 0 is still 1",
        "-torch.inf",
        "0.0",
        check="test_equal_scores_give_the_average_of_the_past",
    ),
    Mutant("there is no softmax", ".softmax(dim=-1)", "", check="test_equal_scores_give_the_average_of_the_past"),
    Mutant(
        "e to the power of the scores is taken without dividing by the sum, as the softmax does",
        ".softmax(dim=-1)",
        ".exp()",
        check="test_equal_scores_give_the_average_of_the_past",
    ),
    Mutant(
        "only the key with the highest score is looked at",
        "z = einops.einsum(pattern, v, ",
        "z = einops.einsum(nn.functional.one_hot(pattern.argmax(-1), x.shape[1]).float(), v, ",
        check="test_equal_scores_give_the_average_of_the_past",
    ),
    Mutant(
        "the scores are divided by the root of d_model and not of d_head",
        SCALE,
        "scores / math.sqrt(x.shape[-1])",
        check="test_queries_look_for_keys",
    ),
    Mutant(
        "the softmax is taken twice, before the mask and after it",
        PATTERN,
        "pattern = scores.softmax(dim=-1).masked_fill(later, -torch.inf).softmax(dim=-1)",
        check="test_queries_look_for_keys",
    ),
    Mutant(
        "the scores are not divided by the root of d_head",
        SCALE,
        "scores",
        check="test_scores_are_divided_by_the_root_of_d_head",
    ),
    Mutant(
        "the scores are divided by d_head and not by its root",
        SCALE,
        "scores / q.shape[-1]",
        check="test_scores_are_divided_by_the_root_of_d_head",
    ),
    Mutant(
        "the scores are divided by the root of the number of heads",
        SCALE,
        "scores / math.sqrt(q.shape[2])",
        check="test_scores_are_divided_by_the_root_of_d_head",
    ),
    Mutant(
        "the scores are divided by the root of the number of positions",
        SCALE,
        "scores / math.sqrt(q.shape[1])",
        check="test_queries_look_for_keys",
    ),
    Mutant(
        "hidden scores are set to -100, and a score can be smaller than that",
        "-torch.inf",
        "-100.0",
        check="test_the_mask_outweighs_any_score",
    ),
    Mutant("b_Q is left out", " + self.b_Q", "", check="test_the_query_bias_is_added"),
    Mutant(
        "b_K is added to the queries, and not b_Q",
        " + self.b_Q",
        " + self.b_K",
        check="test_the_query_bias_is_added",
    ),
    Mutant("b_V is left out", " + self.b_V", "", check="test_the_value_bias_is_added"),
    Mutant(
        "the heads are averaged, and not added up",
        '-> batch pos d_model") + self.b_O',
        '-> batch pos d_model") / len(self.W_O) + self.b_O',
        check="test_scores_are_divided_by_the_root_of_d_head",
    ),
    Mutant(
        "only the first head writes",
        WRITE,
        "return einops.einsum(z[:, :, :1], self.W_O[:1], ",
        check="test_the_heads_are_added_up",
    ),
    Mutant(
        "b_O is left out",
        " + self.b_O",
        "",
        check="test_the_output_bias_is_added_once",
    ),
    Mutant(
        "b_O is added once a head",
        "+ self.b_O",
        "+ self.b_O * len(self.W_O)",
        check="test_the_output_bias_is_added_once",
    ),
    Mutant(
        "the heads are laid side by side in one order and read in another",
        WRITE,
        "z = z.transpose(2, 3).reshape(z.shape)\n        " + WRITE,
        check="test_each_head_writes_with_its_own_rows",
    ),
    Mutant(
        "all heads use the pattern of head 0",
        "z = einops.einsum(pattern, v, ",
        "z = einops.einsum(pattern[:, :1].expand_as(pattern), v, ",
        check="test_several_heads_texts_and_positions_together",
    ),
    Mutant(
        "all texts use the pattern of the first",
        "z = einops.einsum(pattern, v, ",
        "z = einops.einsum(pattern[:1].expand_as(pattern), v, ",
        check="test_several_heads_texts_and_positions_together",
    ),
    Mutant(
        "reshape is used to swap the axes head and position, which mixes them",
        WRITE,
        "z = z.transpose(1, 2).reshape(z.shape)\n        " + WRITE,
        check="test_scores_are_divided_by_the_root_of_d_head",
    ),
]

FORWARD = """class Attention(nn.Module):
    def __init__(self, d_model, n_heads, d_head):
        super().__init__()
        self.W_Q = nn.Parameter(0.02 * torch.randn(n_heads, d_model, d_head))
        self.W_K = nn.Parameter(0.02 * torch.randn(n_heads, d_model, d_head))
        self.W_V = nn.Parameter(0.02 * torch.randn(n_heads, d_model, d_head))
        self.W_O = nn.Parameter(0.02 * torch.randn(n_heads, d_head, d_model))
        self.b_Q = nn.Parameter(torch.zeros(n_heads, d_head))
        self.b_K = nn.Parameter(torch.zeros(n_heads, d_head))
        self.b_V = nn.Parameter(torch.zeros(n_heads, d_head))
        self.b_O = nn.Parameter(torch.zeros(d_model))

    def forward(self, x):
"""
ACCEPTED = [
    Accepted("b_K adds the same number to all scores of a query, which softmax can't see", " + self.b_K", ""),
    Accepted("a large negative number", "-torch.inf", "-1e9"),
    Accepted("torch.where", "scores.masked_fill(later, -torch.inf)", "torch.where(later, -torch.inf, scores)"),
    Accepted.whole(
        "queries, keys and values in one product",
        FORWARD
        + """        weights, biases = torch.stack([self.W_Q, self.W_K, self.W_V]), torch.stack([self.b_Q, self.b_K, self.b_V])
        q, k, v = torch.einsum("bpm,thmd->tbhpd", x, weights) + biases[:, None, :, None]
        scores = q @ k.mT / q.shape[-1] ** 0.5
        later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
        z = scores.masked_fill(later, -torch.inf).softmax(-1) @ v
        return torch.einsum("bhpd,hdm->bpm", z, self.W_O) + self.b_O
""",
    ),
    Accepted.whole(
        "one head after the other",
        FORWARD
        + """        result = self.b_O.expand_as(x)
        mask = torch.full((x.shape[1], x.shape[1]), -torch.inf).triu(1)
        for head in range(len(self.W_Q)):
            q, k = x @ self.W_Q[head] + self.b_Q[head], x @ self.W_K[head] + self.b_K[head]
            pattern = (q @ k.mT / math.sqrt(q.shape[-1]) + mask).softmax(-1)
            result = result + pattern @ (x @ self.W_V[head] + self.b_V[head]) @ self.W_O[head]
        return result
""",
    ),
    Accepted.whole(
        "torch's fused attention, heads side by side and one big output matrix",
        FORWARD
        + """        q, k, v = (
            torch.einsum("bpm,hmd->bhpd", x, W) + b[:, None]
            for W, b in [(self.W_Q, self.b_Q), (self.W_K, self.b_K), (self.W_V, self.b_V)]
        )
        z = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return z.transpose(1, 2).flatten(2) @ self.W_O.flatten(0, 1) + self.b_O
""",
    ),
]
