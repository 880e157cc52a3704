"""What waits for a guess on a chapter's page, and on which specimens a result rests."""

import json

import pytest

from course_utils.authoring.cells import Cell
from course_utils.authoring.writers import new_id
from course_utils.reading.blocks import Code, Prose
from course_utils.reading.provenance import Provenance
from course_utils.reading.sections import cut

MORE = """
# %% [markdown]
# ## Guesses
#
# **Predict before you run:** what comes?

# %%
print("one")

# %% [markdown]
# It was one, as you
# see.
#
# It will not stay so. **Predict before
# you run:** and now?

# %%
print("two")

# %% [markdown]
# It was two.
#
# ## All
#
# Free to read.

# %%
print("three")

# %% [markdown]
# Three it is.
"""


@pytest.fixture
def sections(tiny):
    chapter = tiny.chapters[0]
    chapter.solution.write_text(chapter.solution.read_text() + MORE)
    ids: set[str] = set()
    printed = {new_id(Cell("code", f'print("{word}")'), ids): word for word in ("one", "two", "three")}
    (chapter.figures / "printed.json").write_text(json.dumps(printed))
    return {section.slug: section for section in cut(chapter)}


def test_what_tells_of_a_result_waits_with_it(sections):
    question, one, again, two = sections["guesses"].blocks
    assert isinstance(question, Prose) and question.text.endswith("what comes?")
    assert isinstance(one, Code) and one.folded and one.reveals == "It was one, as you\nsee."
    assert isinstance(again, Prose) and again.text.startswith("It will not stay so.")
    assert isinstance(two, Code) and two.reveals == "It was two."
    assert "It was two." in list(sections["guesses"].texts)


def test_what_was_not_asked_for_is_told_at_once(sections):
    assert sections["all"[:3] + "-2"].title == "All"  # `?section=all` is the whole chapter
    _, three, told = sections["all-2"].blocks
    assert isinstance(three, Code) and not three.reveals and isinstance(told, Prose)


def test_a_name_made_from_a_specimen_carries_it_on():
    seen = Provenance()
    assert seen.of("x = 1") == ()
    assert seen.of('model = load_specimen("attn-only-2l")') == ("attn-only-2l",)
    assert seen.of("print(x)") == ()
    assert seen.of("logits = model(x)\nprint(logits)") == ("attn-only-2l",)
    assert seen.of("table = {}\ntable[0] = logits") == ("attn-only-2l",)
    assert seen.of("show(table)") == ("attn-only-2l",)


def test_a_function_that_reads_a_model_carries_it_and_its_definition_shows_nothing():
    seen = Provenance()
    seen.of('m = load_specimen("a")\nn = load_specimen("b", raw=True)')
    assert seen.of("def f(x):\n    return n(x)") == ()
    assert seen.of("print(f(1))") == ("b",)
    assert seen.of("%timeit f(1)") == ()
