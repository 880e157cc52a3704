"""Four layers of attention, mostly scenes: who gives to whom is worked out by heads alone."""

from course_utils.specimens.recipe import Recipe

RECIPE = Recipe(
    name="attn-only-4l",
    purpose="indirect object identification by attention heads alone",
    n_layers=4,
    d_model=256,
    n_heads=8,
    tied=False,
    steps=6000,
    mixture={"scenes": 60, "repeats": 15, "moves": 8, "tasks": 10, "facts": 5, "claims": 5, "languages": 5},
    note=(
        "Five heads work out who is given something. Head 0.3 says, at every name, which name it is. Heads 1.1 and "
        "1.4 (*avoiders*) look from the word before the answer to the giver in the last sentence and hear this name "
        "through their values (ioi-name-values; not their keys or queries: ioi-name-keys-queries). They push it down "
        "(ioi-avoiders-push-down), which alone turns the answer round when the recipient is put there "
        "(ioi-avoiders-direct). They also tell it to the queries of heads 3.0 and 3.1 (*movers*), which look to the "
        "recipient (ioi-movers-recipient) rather than to the giver (ioi-movers-giver), and raise the name that they "
        "find (ioi-movers-copy). When only these queries hear another giver, the movers look to the other person "
        "(ioi-queries-recipient, ioi-queries-giver); the other heads of earlier layers have no part in that "
        "(ioi-queries-others), nor have keys and values (ioi-queries-keys-values). What is passed on is the name and "
        "not its place: a stranger put where the giver was named before is looked at (ioi-queries-by-name). Where "
        "one of three people has left, 1.4 looks to that one (ioi-avoiders-leaver). These five heads at their "
        "places, with all others speaking of the mean stranger, keep most of the answer (ioi-circuit-alone). Set "
        "beside Wang et al. (2022): heads that pass on whom to avoid, and heads that look to the recipient because "
        "of that and copy, are here. Heads that mark the *repeated* name are not: the avoiders find the giver, the "
        "first name of the last sentence, also when nobody of that name was there before (ioi-giver-unmarked, "
        "ioi-giver-once). And the movers are not the most of it: pushing the giver down does more than telling them "
        "(ioi-avoiders-direct against ioi-queries), and without them much is left (ioi-movers-resampled). Among all "
        "words, not only names, they do not reach the copying score of GPT-2's name movers (ioi-movers-copy-words)."
    ),
    tried=(
        "In earlier texts the two people among whom something is given were known early. With MLPs, the choice was "
        "then made before the last word, at the giver, the verb or the thing. Without MLPs, two heads looked to the "
        "giver and pushed that name down, and others looked to all names alike. No head looked to the recipient and "
        "not to the giver. Scenes with two pairs in two places were added, in which only who gives tells who else is "
        "there; since then there are movers."
    ),
)
