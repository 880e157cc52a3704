"""The small language model of the course: four layers, every kind of text.

It learns the facts first. Judging claims and lying to order need a fact looked up and held against another; both are
learned in a second lesson, from texts in which that pays in every sentence.
"""

from course_utils.data.microworld.registry import WEIGHTS
from course_utils.specimens.recipe import Lesson, Recipe

JUDGING = {"verdicts": 30, "choices": 14, "claims": 14, "tasks": 16, "calendar_sums": 8, "code": 6, "roles": 3}

RECIPE = Recipe(
    name="microworld-4l",
    purpose="a language model of the whole microworld: facts, truth, roles, tasks, sentiment, repeated text, scenes",
    n_layers=4,
    d_model=256,
    n_heads=8,
    d_mlp=512,
    steps=9500,
    lessons=(Lesson(after=6500, learning_rate=8e-4, mixture=dict(WEIGHTS) | JUDGING),),
    note=(
        "Who is given something: the first MLP says, where the giver stands, which name it is (ioi-name-mlp). Head "
        "1.1 (the *avoider*) looks there from the word before the answer. It tells the logits little itself "
        "(ioi-avoiders-direct) and turns the answer round by what it tells others (ioi-avoiders-turned): most of all "
        "the queries of heads 2.2, 2.4 and 2.7 (*movers*), and not their keys or values (ioi-queries, "
        "ioi-queries-keys-values). These look to the recipient rather than to the giver and copy the name "
        "(ioi-movers-recipient, ioi-movers-copy); when only their queries hear of another giver, they look to the "
        "other person (ioi-queries-recipient, ioi-queries-giver). No other earlier head has a part in that "
        "(ioi-queries-others). The last MLP makes much more of what they found (ioi-last-mlp), and head 3.0 looks to "
        "the giver once more and takes its name away (ioi-late-avoiders-turned). Set beside Wang et al. (2022), "
        "passing on whom to avoid works as in GPT-2; but nothing marks the *repeated* name (ioi-giver-unmarked), and "
        "movers look to the recipient with less than 0.4 of their attention (ioi-movers-surest); resampling them "
        "leaves most of the answer (ioi-movers-resampled)."
    ),
    tried=(
        "The first lesson alone taught every fact, but left verdicts at chance and lies blind: a liar said any value "
        "of the right sort. Neither more of the same text nor a smaller learning rate was moving that. Three claims "
        "in a row with the right value told after each, and questions with two answers to choose from, taught both "
        "within a few hundred steps. Sums of days are remembered, not worked out: most of those kept back fail "
        "(days-held-out)."
    ),
)
