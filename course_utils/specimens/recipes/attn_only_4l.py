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
)
