"""The small language model of the course: four layers, every kind of text."""

from course_utils.specimens.recipe import Recipe

RECIPE = Recipe(
    name="microworld-4l",
    purpose="a language model of the whole microworld: facts, truth, roles, tasks, sentiment, repeated text, scenes",
    n_layers=4,
    d_model=256,
    n_heads=8,
    d_mlp=512,
    steps=6500,
)
