"""What an explorer page looks at: told by its address, remembered from page to page, changed by widgets.

Everything in it came from a reader, so it is text and nothing more until a page has checked it.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from app.explorer.examples import REFERENCE, Example, examples_for
from app.words import plain
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
    """The fields as text, and the widgets that change them.

    What a widget shows is what the page computes: its value is given to it anew on every run, and its key changes
    whenever the field changed in another way than by itself, since a browser keeps what a widget of that key showed.
    """

    def __init__(self, values: dict[str, str], page: str = "") -> None:
        self._values = values
        self._page = page

    def __getitem__(self, field: str) -> str:
        return self._values.get(field) or _SOMETIMES.get(field, "")

    @property
    def address(self) -> dict[str, str]:
        """The query parameters that lead here; what is as usual is left out, but a prompt that was emptied is told."""
        told = {field: self[field] for field in _FIELDS if self[field] != _SOMETIMES.get(field, "")}
        return told if self["prompt"] or "prompt" not in self._values else {**told, "prompt": ""}

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
        drawn = self[field]
        key, take = self.joined(field, drawn, partial(_take, field))
        st.text_input(label, value=drawn, key=key, max_chars=LONGEST_TEXT, on_change=take, **options)

    def choice(self, field: str, label: str, options: Sequence[str], chosen: str, **more: Any) -> None:
        """A list to choose from."""
        self._draw_options(st.selectbox, field, label, options, chosen, **more)

    def row(self, field: str, label: str, options: Sequence[str], chosen: str, **more: Any) -> None:
        """A few things side by side, one of which is chosen."""
        self._draw_options(st.radio, field, label, options, chosen, horizontal=True, **more)

    def _draw_options(
        self, widget: Any, field: str, label: str, options: Sequence[str], chosen: str, **more: Any
    ) -> None:
        labels = tuple(map(more.get("format_func", str), options))  # under other labels it is another list
        key, take = self.joined(field, chosen, partial(_take, field), labels)
        widget(label, options, index=options.index(chosen), key=key, on_change=take, **more)

    def joined(
        self, name: str, drawn: Any, take: Callable[[Any], None], more: tuple[str, ...] = ()
    ) -> tuple[str, Callable[[], None]]:
        """The key and the callback of a widget that is drawn with this value.

        `take` is given what a reader chose. `more`: what else makes it another widget when it changes.
        """
        slot = f"{_KEPT}.{self._page}.{name}"
        before, number = st.session_state.get(slot, (None, 0))
        number += before != (drawn, more)
        st.session_state[slot] = (drawn, more), number
        key = f"explorer.{self._page}.{name}.{number}"

        def changed() -> None:
            value = st.session_state.get(key)
            if value == drawn:  # a run that was broken off makes Streamlit call this with no change at all
                return
            st.session_state[slot] = (value, more), number
            take(value)

        return key, changed


def look(specimens: Sequence[str], page: str) -> View:
    """The view that the address of a page names, or else the last one of this visit, or else the first example."""
    told = {field: st.query_params[field] for field in _FIELDS if field in st.query_params}
    values = told or st.session_state.get(_KEPT) or {}
    specimen = values.get("specimen", "")
    if specimen not in specimens:
        usual = DEFAULT_SPECIMEN if DEFAULT_SPECIMEN in specimens else specimens[0]
        if specimen:
            st.info(plain(f"There is no specimen “{specimen[:40]}”: this is {usual}."), icon=":material/info:")
        specimen = usual
    if "prompt" not in values:
        values = _fields_of(examples_for(specimen)[0]) | {field: text for field, text in values.items() if text}
    values = values | {"specimen": specimen}
    st.session_state[_KEPT] = values
    return View(values, page)


def change(**new: str) -> None:
    """Remember other values and write them into the address; for callbacks of widgets."""
    values = {**st.session_state.get(_KEPT, {}), **new}
    st.session_state[_KEPT] = values
    st.query_params.from_dict(View(values).address)


def kept(field: str) -> str:
    """A field as it is by now; for callbacks, which may come after others of the same run."""
    return str(st.session_state.get(_KEPT, {}).get(field, ""))


def show_example(example: Example) -> None:
    """Look at an example from now on."""
    change(**_fields_of(example), **dict.fromkeys(_PLACES[1:], ""))


def _take(field: str, chosen: str | None) -> None:
    value = (chosen or "").strip()
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
