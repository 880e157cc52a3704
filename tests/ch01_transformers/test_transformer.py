"""Checks for Transformer, coarse to fine. The parts do arithmetic, so every assembly gives a number of its own."""

import torch
from torch import nn

from course_utils.grading import Accepted, Mutant, agree, require


class Part(nn.Module):
    """Does one thing to its input, and has one weight, which it doesn't use."""

    def __init__(self, does):
        super().__init__()
        self.does = does
        self.w = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return self.does(x)


def ten_times(tokens):
    return 10.0 * tokens[..., None]


def nothing(tokens):
    return torch.zeros(*tokens.shape, 1)


def same(x):
    return x


def run(transformer, tokens, embed=ten_times, pos_embed=nothing, blocks=(), ln_final=same, unembed=same):
    model = transformer(Part(embed), Part(pos_embed), [Part(block) for block in blocks], Part(ln_final), Part(unembed))
    return model(torch.tensor(tokens))


def test_without_blocks_the_embedding_goes_straight_to_the_end(transformer):
    got = run(transformer, [[4]], ln_final=lambda x: x - 2, unembed=lambda x: torch.cat([3 * x, x, -x], dim=-1))
    says = (
        "There are no blocks and no positions here. embed: t → 10t makes 40 of token 4, ln_final: x → x - 2 makes 38, "
        "and unembed: x → (3x, x, -x) gives the logits (114, 38, -38)."
    )
    agree(got, torch.tensor([[[114.0, 38.0, -38.0]]]), says)


def test_the_position_embedding_is_added(transformer):
    positions = lambda tokens: torch.arange(1.0, 1 + tokens.shape[1])[None, :, None].expand(*tokens.shape, 1)  # noqa: E731
    says = "embed: t → 10t gives 40, 0 and 40; pos_embed gives 1, 2 and 3 for the three positions; the stream is their sum."
    agree(run(transformer, [[4, 0, 4]], pos_embed=positions), torch.tensor([[[41.0], [2.0], [43.0]]]), says)


def test_the_result_of_a_block_is_the_new_stream(transformer):
    says = "embed gives 40. The one block, x → x + 1, returns the whole stream, its own share included: 41."
    agree(run(transformer, [[4]], blocks=[lambda x: x + 1]), torch.tensor([[[41.0]]]), says)


def test_all_blocks_work_in_order(transformer):
    blocks = [lambda x: x + 1, lambda x: 2 * x, lambda x: x + 5]
    says = "embed gives 40; the blocks x → x + 1, x → 2x, x → x + 5 make 41, 82 and 87 of it, in this order."
    agree(run(transformer, [[4]], blocks=blocks), torch.tensor([[[87.0]]]), says)


def test_the_final_layer_norm_comes_once_after_all_blocks(transformer):
    blocks = [lambda x: x + 1, lambda x: 2 * x]
    says = "embed gives 40, the blocks x → x + 1 and x → 2x make 82, and then, once, ln_final: x → 100x makes 8200."
    agree(run(transformer, [[4]], blocks=blocks, ln_final=lambda x: 100 * x), torch.tensor([[[8200.0]]]), says)


def test_every_text_and_position_gets_its_row(transformer):
    tokens = [[1, 2, 3], [5, 0, 5]]
    got = run(transformer, tokens, blocks=[lambda x: x + 1], unembed=lambda x: torch.cat([x, -x], dim=-1))
    rows = [[[10.0 * t + 1, -10.0 * t - 1] for t in text] for text in tokens]
    says = "embed: t → 10t, one block: x → x + 1, unembed: x → (x, -x): each token t becomes (10t + 1, -10t - 1)."
    agree(got, torch.tensor(rows), says)


def test_pytorch_finds_every_weight_under_its_name(transformer):
    model = transformer(Part(same), Part(same), [Part(same), Part(same)], Part(same), Part(same))
    got = [name for name, _ in model.named_parameters()]
    names = ["embed.w", "pos_embed.w", "blocks.0.w", "blocks.1.w", "ln_final.w", "unembed.w"]
    says = (
        "Each of the six parts here has one weight `w`, and these are the names under which an optimizer and a checkpoint "
        "must find them. Modules in a plain list are not found: nn.ModuleList is for them."
    )
    require(sorted(got) == sorted(names), says, expected=sorted(names), got=sorted(got))


def test_it_holds_for_numbers_drawn_at_random(transformer):
    def line(slope, height):
        return lambda x: slope * x + height

    rows, places, tokens = torch.randn(6), torch.randn(3), torch.randint(6, (2, 3)).tolist()
    first, second, last, left, right = (line(*numbers) for numbers in torch.randn(5, 2).tolist())
    parts = {
        "embed": lambda tokens: rows[tokens][..., None],
        "pos_embed": lambda tokens: places[:, None].expand(*tokens.shape, 1),
        "blocks": [first, second],
        "ln_final": last,
        "unembed": lambda x: torch.cat([left(x), right(x)], dim=-1),
    }
    ends = [[last(second(first(float(rows[text[i]] + places[i])))) for i in range(3)] for text in tokens]
    expected = torch.tensor([[[left(end), right(end)] for end in text] for text in ends])
    says = "Random embeddings of tokens and positions, and parts that are x → a·x + b with random a and b."
    agree(run(transformer, tokens, **parts), expected, says)


STREAM = "x = self.embed(tokens) + self.pos_embed(tokens)"
LOOP = "            x = block(x)\n"
END = "return self.unembed(self.ln_final(x))"
MUTANTS = [
    Mutant(
        "the final LayerNorm is left out",
        END,
        "return self.unembed(x)",
        check="test_without_blocks_the_embedding_goes_straight_to_the_end",
    ),
    Mutant(
        "the unembedding is left out",
        END,
        "return self.ln_final(x)",
        check="test_without_blocks_the_embedding_goes_straight_to_the_end",
    ),
    Mutant(
        "the final LayerNorm comes after the unembedding",
        END,
        "return self.ln_final(self.unembed(x))",
        check="test_without_blocks_the_embedding_goes_straight_to_the_end",
    ),
    Mutant(
        "the logits went through a softmax",
        END,
        "return self.unembed(self.ln_final(x)).softmax(dim=-1)",
        check="test_without_blocks_the_embedding_goes_straight_to_the_end",
    ),
    Mutant(
        "only the logits of the last position are returned",
        END,
        "return self.unembed(self.ln_final(x))[:, -1]",
        check="test_without_blocks_the_embedding_goes_straight_to_the_end",
    ),
    Mutant(
        "the position embedding is left out",
        STREAM,
        "x = self.embed(tokens)",
        check="test_the_position_embedding_is_added",
    ),
    Mutant(
        "the position embedding is given the stream and not the tokens",
        STREAM,
        "x = self.embed(tokens)\n        x = x + self.pos_embed(x)",
        check="test_without_blocks_the_embedding_goes_straight_to_the_end",
    ),
    Mutant(
        "token and position embedding are multiplied",
        STREAM,
        "x = self.embed(tokens) * self.pos_embed(tokens)",
        check="test_without_blocks_the_embedding_goes_straight_to_the_end",
    ),
    Mutant(
        "every position gets the embedding of position 0",
        STREAM,
        "x = self.embed(tokens) + self.pos_embed(tokens)[:, :1]",
        check="test_the_position_embedding_is_added",
    ),
    Mutant(
        "the stream is added once more around each block, which has already added to it",
        LOOP,
        "            x = x + block(x)\n",
        check="test_the_result_of_a_block_is_the_new_stream",
    ),
    Mutant(
        "a block's result is thrown away",
        LOOP,
        "            block(x)\n",
        check="test_the_result_of_a_block_is_the_new_stream",
    ),
    Mutant(
        "the blocks run in reverse order",
        "for block in self.blocks:",
        "for block in reversed(self.blocks):",
        check="test_all_blocks_work_in_order",
    ),
    Mutant(
        "only the first block runs",
        "for block in self.blocks:",
        "for block in self.blocks[:1]:",
        check="test_all_blocks_work_in_order",
    ),
    Mutant(
        "every block reads the embedding, and the last one wins",
        STREAM + "\n        for block in self.blocks:\n" + LOOP,
        "x = start = self.embed(tokens) + self.pos_embed(tokens)\n"
        "        for block in self.blocks:\n"
        "            x = block(start)\n",
        check="test_all_blocks_work_in_order",
    ),
    Mutant(
        "the final LayerNorm comes before the blocks",
        STREAM + "\n        for block in self.blocks:\n" + LOOP + "        " + END,
        "x = self.ln_final(self.embed(tokens) + self.pos_embed(tokens))\n"
        "        for block in self.blocks:\n" + LOOP + "        return self.unembed(x)",
        check="test_the_final_layer_norm_comes_once_after_all_blocks",
    ),
    Mutant(
        "the final LayerNorm comes after every block",
        LOOP,
        "            x = self.ln_final(block(x))\n",
        check="test_the_final_layer_norm_comes_once_after_all_blocks",
    ),
    Mutant(
        "every text of the batch gets the logits of the first",
        STREAM,
        "x = (self.embed(tokens) + self.pos_embed(tokens))[:1].expand(len(tokens), -1, -1)",
        check="test_every_text_and_position_gets_its_row",
    ),
    Mutant(
        "the blocks are kept in a plain Python list, where PyTorch doesn't look",
        "nn.ModuleList(blocks)",
        "list(blocks)",
        check="test_pytorch_finds_every_weight_under_its_name",
    ),
    Mutant(
        "the blocks are kept under another name",
        "self.blocks = nn.ModuleList(blocks)",
        "self.layers = nn.ModuleList(blocks)\n        self.blocks = list(blocks)",
        check="test_pytorch_finds_every_weight_under_its_name",
    ),
]

ACCEPTED = [
    Accepted("nn.Sequential, which names its modules the same way", "nn.ModuleList(blocks)", "nn.Sequential(*blocks)"),
    Accepted("the blocks counted by number", "for block in self.blocks:\n" + LOOP,
             "for i in range(len(self.blocks)):\n            x = self.blocks[i](x)\n"),
]  # fmt: skip
