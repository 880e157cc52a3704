"""Checks for PosEmbed, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require

W_POS = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0], [9.0, 10.0], [11.0, 12.0]])


def made(pos_embed, rows=W_POS):
    layer = pos_embed(*rows.shape)
    with torch.no_grad():
        layer.W_pos.copy_(rows)
    return layer


def test_every_position_of_every_text_gets_a_vector(pos_embed):
    got = pos_embed(7, 4)(torch.tensor([[6, 0, 2], [1, 1, 5]]))
    says = "2 texts of 3 tokens, and d_model = 4: the shape is [batch pos d_model], however long a text may be at most."
    require(tuple(got.shape) == (2, 3, 4), says, expected=[2, 3, 4], got=list(got.shape))


def test_the_first_position_gets_the_first_row(pos_embed):
    says = "Three tokens get the first three rows of W_pos, from the top."
    agree(made(pos_embed)(torch.tensor([[0, 1, 2]])), W_POS[None, :3], says)


def test_the_tokens_make_no_difference(pos_embed):
    says = "Only where a token stands counts, not which one it is: the rows are 0, 1, 2, whatever the tokens."
    agree(made(pos_embed)(torch.tensor([[2, 0, 2]])), W_POS[None, :3], says)


def test_every_text_starts_at_position_0(pos_embed):
    says = "Each text of the batch has its own positions 0, 1, 2."
    agree(made(pos_embed)(torch.tensor([[0, 1, 2], [3, 4, 5]])), torch.stack([W_POS[:3]] * 2), says)


def test_training_can_change_the_rows(pos_embed):
    layer = made(pos_embed)
    got = layer(torch.tensor([[2, 0], [1, 1], [0, 3]]))
    says = "The result must stay connected to W_pos (no detach, data or item), else training can't change it."
    require(got.requires_grad, says)
    got.sum().backward()
    says = "Three texts of two tokens use the first two rows three times each."
    agree(layer.W_pos.grad, torch.tensor([[3.0, 3.0]] * 2 + [[0.0, 0.0]] * 4), says)


def test_it_holds_for_numbers_drawn_at_random(pos_embed):
    rows, tokens = torch.randn(6, 3), torch.randint(6, (2, 4))
    expected = [[rows.tolist()[place] for place in range(4)] for _ in range(2)]
    says = "A random W_pos: four positions get its first four rows, in each of two texts."
    agree(made(pos_embed, rows)(tokens), torch.tensor(expected), says)


RETURN = 'return einops.repeat(self.W_pos[:pos], "pos d_model -> batch pos d_model", batch=batch)'
MUTANTS = [
    Mutant(
        "all rows are returned, however short the text",
        "self.W_pos[:pos]",
        "self.W_pos",
        check="test_every_position_of_every_text_gets_a_vector",
    ),
    Mutant(
        "the batch axis is missing",
        RETURN,
        "return self.W_pos[:pos]",
        check="test_every_position_of_every_text_gets_a_vector",
    ),
    Mutant(
        "batch and position are mixed up",
        "batch, pos = tokens.shape",
        "pos, batch = tokens.shape",
        check="test_every_position_of_every_text_gets_a_vector",
    ),
    Mutant(
        "positions are counted from 1",
        "self.W_pos[:pos]",
        "self.W_pos[1 : pos + 1]",
        check="test_the_first_position_gets_the_first_row",
    ),
    Mutant(
        "the last rows are taken",
        "self.W_pos[:pos]",
        "self.W_pos[-pos:]",
        check="test_the_first_position_gets_the_first_row",
    ),
    Mutant(
        "the tokens' numbers are added to the rows (the sum with the token embedding is made by the model)",
        RETURN,
        RETURN + " + tokens[..., None]",
        check="test_the_first_position_gets_the_first_row",
    ),
    Mutant(
        "the rows are looked up by token, as in the token embedding",
        RETURN,
        "return self.W_pos[tokens]",
        check="test_the_tokens_make_no_difference",
    ),
    Mutant(
        "positions go on counting from one text to the next",
        RETURN,
        "return self.W_pos[torch.arange(batch * pos).reshape(batch, pos) % len(self.W_pos)]",
        check="test_every_text_starts_at_position_0",
    ),
    Mutant(
        "the rows are taken out of the graph, so that training can't reach them",
        "self.W_pos[:pos]",
        "self.W_pos[:pos].detach()",
        check="test_training_can_change_the_rows",
    ),
]

ACCEPTED = [
    Accepted("expand in place of einops", RETURN, "return self.W_pos[:pos].expand(batch, -1, -1)"),
    Accepted(
        "positions written out and looked up",
        RETURN,
        "return self.W_pos[torch.arange(pos, device=tokens.device)].unsqueeze(0).repeat(batch, 1, 1)",
    ),
]
