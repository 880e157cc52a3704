"""Checks for Embed, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require

W_E = torch.tensor([[1.0, 2.0, 0.0], [3.0, 4.0, 1.0], [5.0, 6.0, 8.0], [7.0, 9.0, 2.0]])


def made(embed, rows=W_E):
    layer = embed(*rows.shape)
    with torch.no_grad():
        layer.W_E.copy_(rows)
    return layer


def test_every_token_becomes_a_vector(embed):
    got = embed(7, 4)(torch.tensor([[6, 0, 2], [1, 1, 5]]))
    says = "2 texts of 3 tokens, and d_model = 4: the result has the shape [batch pos d_model]."
    require(tuple(got.shape) == (2, 3, 4), says, expected=[2, 3, 4], got=list(got.shape))


def test_a_token_picks_the_row_of_its_number(embed):
    says = "Token number 2 becomes row 2 of W_E, counted from 0 and unchanged."
    agree(made(embed)(torch.tensor([[2, 0]])), torch.tensor([[[5.0, 6.0, 8.0], [1.0, 2.0, 0.0]]]), says)


def test_the_same_token_gets_the_same_vector_anywhere(embed):
    says = "Token 3 stands at three places, in two texts, and gets row 3 of W_E at each of them."
    tokens = torch.tensor([[3, 0, 3], [1, 3, 2]])
    rows = [[W_E[int(token)].tolist() for token in text] for text in tokens]
    agree(made(embed)(tokens), torch.tensor(rows), says)


def test_training_can_change_the_rows(embed):
    layer = made(embed)
    got = layer(torch.tensor([[2, 0, 2]]))
    says = "The result must stay connected to W_E (no detach, data or item), else training can't change it."
    require(got.requires_grad, says)
    got.sum().backward()
    says = "Token 2 was used twice and token 0 once, so that is how strongly their rows feel a change."
    agree(layer.W_E.grad, torch.tensor([[1.0] * 3, [0.0] * 3, [2.0] * 3, [0.0] * 3]), says)


def test_it_holds_for_numbers_drawn_at_random(embed):
    rows, tokens = torch.randn(6, 3), torch.randint(6, (2, 4))
    expected = [[rows.tolist()[token] for token in text] for text in tokens.tolist()]
    agree(made(embed, rows)(tokens), torch.tensor(expected), "A random W_E and random tokens: each picks its row.")


LOOKUP = "return self.W_E[tokens]"
MUTANTS = [
    Mutant(
        "the vectors of a text are added up",
        LOOKUP,
        "return self.W_E[tokens].sum(dim=1)",
        check="test_every_token_becomes_a_vector",
    ),
    Mutant(
        "the tokens of the batch are put into one long row",
        LOOKUP,
        "return self.W_E[tokens.flatten()]",
        check="test_every_token_becomes_a_vector",
    ),
    Mutant(
        "rows are counted from 1",
        LOOKUP,
        "return self.W_E[tokens - 1]",
        check="test_a_token_picks_the_row_of_its_number",
    ),
    Mutant(
        "the vectors are scaled by the root of d_model",
        LOOKUP,
        "return self.W_E[tokens] * math.sqrt(self.W_E.shape[1])",
        check="test_a_token_picks_the_row_of_its_number",
    ),
    Mutant(
        "the rows are picked by position and not by token",
        LOOKUP,
        "return self.W_E[torch.arange(tokens.shape[1])].expand(*tokens.shape, -1)",
        check="test_a_token_picks_the_row_of_its_number",
    ),
    Mutant(
        "every text gets the vectors of the first one",
        LOOKUP,
        "return self.W_E[tokens[:1]].expand(*tokens.shape, -1)",
        check="test_the_same_token_gets_the_same_vector_anywhere",
    ),
    Mutant(
        "a token that occurs again in its text gets zeros",
        LOOKUP,
        "again = (tokens[:, :, None] == tokens[:, None, :]).tril(-1).any(-1, keepdim=True)\n"
        "        return self.W_E[tokens] * ~again",
        check="test_the_same_token_gets_the_same_vector_anywhere",
    ),
    Mutant(
        "the rows are taken out of the graph, so that training can't reach them",
        LOOKUP,
        "return self.W_E.detach()[tokens]",
        check="test_training_can_change_the_rows",
    ),
]

ACCEPTED = [
    Accepted("torch's own embedding function", LOOKUP, "return nn.functional.embedding(tokens, self.W_E)"),
    Accepted(
        "one-hot vectors times the matrix",
        LOOKUP,
        "return nn.functional.one_hot(tokens, len(self.W_E)).to(self.W_E.dtype) @ self.W_E",
    ),
]
