"""Loads a shipped specimen as a hooked model."""


from course_utils.catalog import CourseError
from course_utils.model import HookedTransformer
from course_utils.model.weights import load_model
from course_utils.specimens.files import folder_of, steps_of


def load(name: str, *, step: int | None = None, raw: bool = False) -> HookedTransformer:
    """See `course_utils.load_specimen`. Every call gives a model of its own, so that edits to one stay with it."""
    folder = folder_of(name)
    weights = None
    if step is not None:
        if step not in steps_of(name):
            known = ", ".join(map(str, steps_of(name))) or "none"
            raise CourseError(f"{name} ships no checkpoint of step {step}: there is {known}.")
        weights = folder / "checkpoints" / f"step-{step}.safetensors"
    model = load_model(folder, raw=raw, weights=weights)
    return model.requires_grad_(False)
