"""Checks for TransformerBlock, coarse to fine. The parts do arithmetic, so every wiring gives a number of its own."""

import torch
from torch import nn

from course_utils.grading import Accepted, Mutant, agree


class Part(nn.Module):
    def __init__(self, does):
        super().__init__()
        self.does = does

    def forward(self, x):
        return self.does(x)


def run(transformer_block, x, ln1, attn, ln2, mlp):
    return transformer_block(Part(ln1), Part(attn), Part(ln2), Part(mlp))(torch.tensor(x))


def norm(x):
    return 10 * x + 1


def test_nothing_in_the_stream_is_lost(transformer_block):
    got = run(transformer_block, [[[3.0]]], lambda x: x, lambda x: 10 * x, lambda x: x, lambda x: 100 * x)
    says = (
        "The LayerNorms pass on what they read here. attn: x → 10x adds 30 to the stream 3, which makes 33; "
        "mlp: x → 100x adds 3300 to that: 3 + 30 + 3300 = 3333."
    )
    agree(got, torch.tensor([[[3333.0]]]), says)


def test_attention_reads_through_ln1_and_adds(transformer_block):
    got = run(transformer_block, [[[3.0]]], ln1=norm, attn=lambda x: 2 * x, ln2=lambda x: -x, mlp=lambda x: 0 * x)
    says = (
        "The MLP is silent here (always 0), so only the first half shows. ln1: x → 10x + 1 makes 31 of the stream 3, "
        "attn: x → 2x makes 62 of that, and added to the stream that is 65. (ln2: x → -x)"
    )
    agree(got, torch.tensor([[[65.0]]]), says)


def test_the_mlp_reads_through_ln2_and_adds(transformer_block):
    got = run(transformer_block, [[[3.0]]], ln1=lambda x: -x, attn=lambda x: 0 * x, ln2=norm, mlp=lambda x: 2 * x)
    says = (
        "Attention is silent here (always 0), so only the second half shows. ln2: x → 10x + 1 makes 31 of the stream 3, "
        "mlp: x → 2x makes 62 of that, and added to the stream that is 65. (ln1: x → -x)"
    )
    agree(got, torch.tensor([[[65.0]]]), says)


def test_the_mlp_sees_what_attention_wrote(transformer_block):
    got = run(transformer_block, [[[1.0]]], lambda x: 10 * x, lambda x: x + 1, lambda x: 2 * x, lambda x: -x)
    says = (
        "ln1: x → 10x and attn: x → x + 1 write 11, so the stream is 12. That, and not the old 1, is what ln2: x → 2x "
        "and mlp: x → -x read: they write -24, which leaves -12."
    )
    agree(got, torch.tensor([[[-12.0]]]), says)


def test_every_number_of_the_stream_goes_through(transformer_block):
    x = [[[1.0, 2.0], [0.0, -1.0], [3.0, 5.0]], [[4.0, 0.0], [7.0, -2.0], [6.0, 8.0]]]
    got = run(transformer_block, x, lambda x: 2 * x, lambda x: x + 1, lambda x: x, lambda x: x)
    says = (
        "ln1: x → 2x, attn: x → x + 1; ln2 and mlp pass on what they read. So each x becomes 2 (x + 2x + 1) = 6x + 2."
    )
    agree(got, 6 * torch.tensor(x) + 2, says)


def test_it_holds_for_numbers_drawn_at_random(transformer_block):
    def line(slope, height):
        return lambda x: slope * x + height

    ln1, attn, ln2, mlp = (line(*numbers) for numbers in torch.randn(4, 2).tolist())
    x = torch.randn(2, 3, 4)
    middle = [value + attn(ln1(value)) for value in x.flatten().tolist()]
    expected = torch.tensor([value + mlp(ln2(value)) for value in middle]).reshape(2, 3, 4)
    says = "Each part is x → a·x + b here, with random a and b: every number of a random stream worked out by itself."
    agree(run(transformer_block, x.tolist(), ln1, attn, ln2, mlp), expected, says)


FIRST = "x = x + self.attn(self.ln1(x))"
SECOND = "return x + self.mlp(self.ln2(x))"
MUTANTS = [
    Mutant(
        "attention's output replaces the stream",
        FIRST,
        "x = self.attn(self.ln1(x))",
        check="test_nothing_in_the_stream_is_lost",
    ),
    Mutant(
        "attention reads the stream without ln1",
        FIRST,
        "x = x + self.attn(x)",
        check="test_attention_reads_through_ln1_and_adds",
    ),
    Mutant(
        "ln1 stands after attention, on the branch",
        FIRST,
        "x = x + self.ln1(self.attn(x))",
        check="test_attention_reads_through_ln1_and_adds",
    ),
    Mutant(
        "the sum is normalised (post-norm, as in the first transformer)",
        "x = x + self.attn(self.ln1(x))\n        return x + self.mlp(self.ln2(x))",
        "x = self.ln1(x + self.attn(x))\n        return self.ln2(x + self.mlp(x))",
        check="test_attention_reads_through_ln1_and_adds",
    ),
    Mutant(
        "the normalised stream takes the place of the stream itself",
        FIRST,
        "x = self.ln1(x)\n        x = x + self.attn(x)",
        check="test_attention_reads_through_ln1_and_adds",
    ),
    Mutant(
        "the MLP's output replaces the stream",
        SECOND,
        "return self.mlp(self.ln2(x))",
        check="test_nothing_in_the_stream_is_lost",
    ),
    Mutant(
        "nothing is added: each half's output replaces the stream",
        FIRST + "\n        " + SECOND,
        "return self.mlp(self.ln2(self.attn(self.ln1(x))))",
        check="test_nothing_in_the_stream_is_lost",
    ),
    Mutant(
        "attention is missing, or what it returns is thrown away",
        FIRST,
        "self.attn(self.ln1(x))",
        check="test_nothing_in_the_stream_is_lost",
    ),
    Mutant(
        "the MLP is missing, or what it returns is thrown away",
        SECOND,
        "return x",
        check="test_nothing_in_the_stream_is_lost",
    ),
    Mutant(
        "the MLP reads the stream without ln2",
        SECOND,
        "return x + self.mlp(x)",
        check="test_the_mlp_reads_through_ln2_and_adds",
    ),
    Mutant(
        "ln2 stands after the MLP, on the branch",
        SECOND,
        "return x + self.ln2(self.mlp(x))",
        check="test_the_mlp_reads_through_ln2_and_adds",
    ),
    Mutant(
        "the stream itself goes through ln2, before the MLP or after it, and not only the branch",
        SECOND,
        "x = self.ln2(x)\n        return x + self.mlp(x)",
        check="test_attention_reads_through_ln1_and_adds",
    ),
    Mutant(
        "attention and MLP work side by side on the old stream",
        "x = x + self.attn(self.ln1(x))\n        return x + self.mlp(self.ln2(x))",
        "return x + self.attn(self.ln1(x)) + self.mlp(self.ln2(x))",
        check="test_nothing_in_the_stream_is_lost",
    ),
    Mutant(
        "the MLP's output is added to the stream from before attention",
        "x = x + self.attn(self.ln1(x))\n        return x + self.mlp(self.ln2(x))",
        "mid = x + self.attn(self.ln1(x))\n        return x + self.mlp(self.ln2(mid))",
        check="test_nothing_in_the_stream_is_lost",
    ),
    Mutant(
        "the MLP comes first",
        "x = x + self.attn(self.ln1(x))\n        return x + self.mlp(self.ln2(x))",
        "x = x + self.mlp(self.ln2(x))\n        return x + self.attn(self.ln1(x))",
        check="test_the_mlp_sees_what_attention_wrote",
    ),
    Mutant(
        "ln1 is used for both halves",
        "self.mlp(self.ln2(x))",
        "self.mlp(self.ln1(x))",
        check="test_the_mlp_reads_through_ln2_and_adds",
    ),
    Mutant(
        "the two LayerNorms are swapped",
        "x = x + self.attn(self.ln1(x))\n        return x + self.mlp(self.ln2(x))",
        "x = x + self.attn(self.ln2(x))\n        return x + self.mlp(self.ln1(x))",
        check="test_attention_reads_through_ln1_and_adds",
    ),
    Mutant(
        "the second half reads through both LayerNorms",
        "self.mlp(self.ln2(x))",
        "self.mlp(self.ln2(self.ln1(x)))",
        check="test_the_mlp_reads_through_ln2_and_adds",
    ),
    Mutant(
        "only the last position is worked on",
        SECOND,
        "return torch.cat([x[:, :-1], x[:, -1:] + self.mlp(self.ln2(x[:, -1:]))], dim=1)",
        check="test_every_number_of_the_stream_goes_through",
    ),
]

ACCEPTED = [
    Accepted(
        "names for the two streams",
        "x = x + self.attn(self.ln1(x))\n        return x + self.mlp(self.ln2(x))",
        "mid = x + self.attn(self.ln1(x))\n        return mid + self.mlp(self.ln2(mid))",
    ),
    Accepted(
        "a copy that is added to in place",
        FIRST,
        "x = x.clone()\n        x += self.attn(self.ln1(x))",
    ),
]
