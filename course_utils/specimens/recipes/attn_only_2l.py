"""Two layers of attention and nothing else: the smallest model in which heads can compose."""

from course_utils.specimens.recipe import Recipe

RECIPE = Recipe(
    name="attn-only-2l",
    purpose="induction by K-composition; QK and OV circuits read from weights; a phase change seen in checkpoints",
    n_layers=2,
    d_model=192,
    n_heads=6,
    tied=False,
    steps=3000,
    warm_up=100,
    learning_rate=2e-3,
    snapshots=tuple(range(100, 2000, 100)),
    ships=(100, 500, 900, 1000, 1100, 1300),  # before, while and after induction appears
    mixture={
        "repeats": 30,
        "scenes": 10,
        "languages": 10,
        "facts": 10,
        "moves": 5,
        "code": 5,
        "letters": 5,
        "tasks": 10,
    },
    note=(
        "Head 0.0 looks one word back (previous-token, previous-from-weights) and says which word it saw. Heads 1.0, "
        "1.2 and 1.4 are induction heads: their keys hear it (induction-keys; not their values or queries: "
        "induction-values, induction-queries), so that they look to the word behind the same word. This "
        "K-composition stands out of the weights: no other pair of heads has as much (k-composition-others), and "
        "queries fit what head 0.0 says of the same word (match-from-weights). What they find they copy "
        "(copy-from-weights). All this appears within a few hundred steps (phase-change, phase-change-fall): compare "
        "the checkpoints of steps 900 and 1,100. Tokens that never stood in repeated text, and texts twice as long "
        "as those in training, it repeats less well (induction-any-token, induction-longer)."
    ),
)
