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
)
