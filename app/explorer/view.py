"""What an explorer page looks at: told by its address, remembered from page to page, changed by widgets.

Everything in it came from a reader, so it is text and nothing more until a page has checked it.
"""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app.explorer.examples import REFERENCE, Example, examples_for
from course_utils.explore.prompt import LONGEST_TEXT
from course_utils.specimens import files

DEFAULT_SPECIMEN = "attn-only-2l"
_ALWAYS = ("specimen", "prompt", "other", "answer", "rival")
_SOMETIMES = {
    "step": "",
    "position": "",
    "layer": "",
    "head": "",
    "off": "",
    "fill": "zero",
    "reference": REFERENCE,
    "map": "",
}
_FIELDS = (*_ALWAYS, *_SOMETIMES)
_PLACES = ("step", "position", "layer", "head", "off")  # mean something for one specimen, or one prompt, only
_KEPT = "explorer.view"


class View:
    """The fields as text, and the widgets that change them."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    def __getitem__(self, field: str) -> str:
        return self._values.get(field) or _SOMETIMES.get(field, "")

    @property
    def address(self) -> dict[str, str]:
        """The query parameters that lead here; what is as usual is left out."""
        return {field: self[field] for field in _FIELDS if self[field] != _SOMETIMES.get(field, "")}

    @property
    def model(self) -> tuple[str, int | None]:
        """The specimen, and the step of its training, None for the end; a step that it doesn't ship is the end."""
        steps = [str(step) for step in files.steps_of(self["specimen"])]
        return self["specimen"], int(self["step"]) if self["step"] in steps else None

    def number(self, field: str, count: int, usual: int = 0) -> int:
        """A field as a whole number from 0 to `count - 1`; `usual` for anything else."""
        text = self[field]
        return int(text) if text.isdecimal() and len(text) < 4 and int(text) < count else usual

    def text(self, field: str, label: str, **options: Any) -> None:
        """A line to type in."""
        st.text_input(label, key=self._key(field), max_chars=LONGEST_TEXT, on_change=_take, args=(field,), **options)

    def choice(self, field: str, label: str, options: Sequence[Any], chosen: Any, **more: Any) -> None:
        """A list to choose from."""
        self._set(field, chosen)
        st.selectbox(label, options, key=_key(field), on_change=_take, args=(field,), **more)

    def row(self, field: str, label: str, options: Sequence[Any], chosen: Any, **more: Any) -> None:
        """A few things side by side, one of which is chosen."""
        self._set(field, chosen)
        st.radio(label, options, key=_key(field), horizontal=True, on_change=_take, args=(field,), **more)

    def _key(self, field: str) -> str:
        self._set(field, self[field])
        return _key(field)

    def _set(self, field: str, value: Any) -> None:
        if st.session_state.get(_key(field)) != value:  # setting it again would undo what is being typed
            st.session_state[_key(field)] = value


def look(specimens: Sequence[str]) -> View:
    """The view that the address names, or else the last one of this visit, or else the first example."""
    told = {field: st.query_params[field] for field in _FIELDS if field in st.query_params}
    values = told or st.session_state.get(_KEPT) or {}
    specimen = values.get("specimen", "")
    if specimen not in specimens:
        specimen = DEFAULT_SPECIMEN if DEFAULT_SPECIMEN in specimens else specimens[0]
    if not values.get("prompt"):
        values = _fields_of(examples_for(specimen)[0]) | {field: text for field, text in values.items() if text}
    values = values | {"specimen": specimen}
    st.session_state[_KEPT] = values
    return View(values)


def change(**new: str) -> None:
    """Remember other values and write them into the address; for callbacks of widgets."""
    values = {**st.session_state.get(_KEPT, {}), **new}
    st.session_state[_KEPT] = values
    st.query_params.from_dict(View(values).address)


def show_example(example: Example) -> None:
    """Look at an example from now on."""
    change(**_fields_of(example), **dict.fromkeys(_PLACES[1:], ""))


def _take(field: str) -> None:
    value = str(st.session_state.get(_key(field)) or "").strip()
    if field == "specimen":
        _take_specimen(value)
    elif field == "prompt":
        change(prompt=value, position="")
    else:
        change(**{field: value})


def _take_specimen(specimen: str) -> None:
    """Another specimen; an example of the old one that the new one has not makes room for one that it has."""
    values = st.session_state.get(_KEPT, {})
    theirs = [example.prompt for example in examples_for(values.get("specimen", ""))]
    ours = examples_for(specimen)
    stale = values.get("prompt") in theirs and values.get("prompt") not in [example.prompt for example in ours]
    change(specimen=specimen, **dict.fromkeys(_PLACES, ""), **(_fields_of(ours[0]) if stale else {}))


def _fields_of(example: Example) -> dict[str, str]:
    return {field: getattr(example, field) for field in ("prompt", "other", "answer", "rival")}


def _key(field: str) -> str:
    return f"explorer.{field}"
