"""What counts as prose in a Markdown text, and how words get safely into and out of one."""

import html

import pytest

from course_utils.reading.markup import literal, pieces, shielded, unmarked

KEPT = [
    "`the loss`",
    "``a ` tick``",
    "$x_{t<i}$",
    "$$\nx < y\n$$",
    "```python\nloss = 1\n\nloss\n```",
    "~~~\nloss\n~~~",
    "[the loss](https://a.example/b_c)",
    "![loss](loss.png)",
    "<https://a.example/loss>",
    "https://a.example/loss",
]


@pytest.mark.parametrize("kept", KEPT)
def test_code_formulas_and_links_are_no_prose(kept):
    text = f"Before\n\n{kept}\n\nafter."
    assert "".join(piece for _, piece in pieces(text)) == text
    assert [piece.strip() for is_prose, piece in pieces(text) if not is_prose] == [kept]


@pytest.mark.parametrize("line", ["## The loss", "### The loss of `x`", "    loss = 1", "| --- | :-: |"])
def test_headings_indented_code_and_rules_of_tables_are_no_prose(line):
    prose = [piece for is_prose, piece in pieces(f"Text.\n\n{line}\n\nMore.") if is_prose]
    assert "".join(prose).split() == ["Text.", "More."]


def test_dollars_and_ticks_that_open_nothing_stay_prose():
    for text in ("It costs $5 and no more", "a `lonely tick", "\\$5 or \\$6", "one $ here\n\nand $ there"):
        assert list(pieces(text)) == [(True, text)]


def test_a_formula_may_go_on_over_the_end_of_a_line():
    assert [p for is_prose, p in pieces("so $a +\nb$ is") if not is_prose] == ["$a +\nb$"]


def test_what_is_literal_has_no_mark_of_markdown_or_html_left():
    said = "a*b_c `d` $e$ <f> [g](h) | & \"'\\ :smile: ~"
    assert not set(literal(said)) & set("*_`$<>[]|\"'\\:~")
    assert html.unescape(literal(said)) == said


def test_no_element_begins_in_shielded_prose():
    assert shielded('<script>x</script> <!-- y --> <b onclick="z"> 3 < 4 <3') == (
        '&lt;script>x&lt;/script> &lt;!-- y --> &lt;b onclick="z"> 3 < 4 <3'
    )


def test_words_are_left_when_the_marks_are_gone():
    text = (
        "## A *head*\n\n- the **residual stream** of `blocks.0.hook_z`\n\n| a | b |\n| --- | --- |\n| $W_Q$ | 1 |\n\n"
        "```python\nx = y_z\n```\n\n[there](https://a.example), $\\text{attn}(x) \\cdot 2$ and snake_case"
    )
    assert unmarked(text) == (
        "A head the residual stream of blocks.0.hook_z a b W_Q 1 x = y_z there, attn(x) 2 and snake_case"
    )
